"""Sampling images at places that a network computes (Jaderberg et al., 2015: Spatial Transformer Networks), and
comparing images at displaced places (Dosovitskiy et al., 2015: FlowNet).

Coordinates run from -1 to 1, from the centre of the first pixel to that of the last one; x comes before y.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F

from ..attributes import Shape
from ..checks import need_float, need_shape
from ..registry import operator

__all__: list[str] = []


# ---- GridGenerator, BilinearSampler, SpatialTransformer --------------------------------------------------------------


@operator("GridGenerator")
def grid_generator(
    data: torch.Tensor, *, transform_type: Literal["affine", "warp"], target_shape: Shape = (0, 0)
) -> torch.Tensor:
    """The places at which BilinearSampler reads.

    affine: data (N, 6), the rows of a 2 x 3 matrix that maps (x, y, 1) of the result to places of the source; returns
    (N, 2, *target_shape). warp: data (N, 2, H, W), displacements in pixels; returns its shape.
    """
    need_float(data)
    return _affine_grid(data, "data", target_shape) if transform_type == "affine" else _warp_grid(data)


def _affine_grid(matrix: torch.Tensor, name: str, target_shape: tuple) -> torch.Tensor:
    if matrix.dim() != 2 or matrix.size(1) != 6:
        raise ValueError(
            f"{name} must be (N, 6), the elements of an affine matrix, but has shape {tuple(matrix.shape)}"
        )
    if len(target_shape) != 2 or min(target_shape) < 1:
        raise ValueError(f"target_shape must be (height, width), but is {target_shape}")
    n = matrix.size(0)
    grid = torch.affine_grid_generator(matrix.view(n, 2, 3), [n, 1, *target_shape], True)
    return grid.permute(0, 3, 1, 2).contiguous()


def _warp_grid(flow: torch.Tensor) -> torch.Tensor:
    if flow.dim() != 4 or flow.size(1) != 2:
        raise ValueError(f"data must be (N, 2, H, W), displacements, but has shape {tuple(flow.shape)}")
    height, width = flow.shape[2:]
    like = {"dtype": flow.dtype, "device": flow.device}
    y, x = torch.meshgrid(torch.arange(height, **like), torch.arange(width, **like), indexing="ij")
    steps = torch.tensor([max(width - 1, 1), max(height - 1, 1)], **like).view(2, 1, 1)
    return (flow + torch.stack((x, y))) * (2 / steps) - 1


@operator("BilinearSampler")
def bilinear_sampler(data: torch.Tensor, grid: torch.Tensor, *, cudnn_off: bool | None = None) -> torch.Tensor:
    """The image read at the places of ``grid``, interpolated bilinearly between pixels; 0 outside.

    data: (N, C, H, W) · grid: (N, 2, h, w), x and y · returns (N, C, h, w). ``cudnn_off`` is accepted for MXNet's
    sake.
    """
    need_float(data)
    if data.dim() != 4:
        raise ValueError(f"data must be (N, C, H, W), but has shape {tuple(data.shape)}")
    if grid.dim() != 4 or grid.size(0) != data.size(0) or grid.size(1) != 2:
        raise ValueError(f"grid must have shape ({data.size(0)}, 2, h, w), but has {tuple(grid.shape)}")
    return F.grid_sample(data, grid.permute(0, 2, 3, 1), align_corners=True)


@operator("SpatialTransformer")
def spatial_transformer(
    data: torch.Tensor,
    loc: torch.Tensor,
    *,
    target_shape: Shape = (0, 0),
    transform_type: Literal["affine"],
    sampler_type: Literal["bilinear"],
    cudnn_off: bool | None = None,
) -> torch.Tensor:
    """The image seen through an affine map: BilinearSampler at the places of GridGenerator.

    data: (N, C, H, W) · loc: (N, 6), see GridGenerator · returns (N, C, *target_shape). ``cudnn_off`` is accepted for
    MXNet's sake.
    """
    return bilinear_sampler.fn(data, _affine_grid(loc, "loc", target_shape))


# ---- Correlation -----------------------------------------------------------------------------------------------------


@operator("Correlation", precision="widest")
def correlation(
    data1: torch.Tensor,
    data2: torch.Tensor,
    *,
    kernel_size: int = 1,
    max_displacement: int = 1,
    stride1: int = 1,
    stride2: int = 1,
    pad_size: int = 0,
    is_multiply: bool = True,
) -> torch.Tensor:
    """How alike the patches of two images are, for each place of the first one and each displacement in the second.

    data1, data2: (N, C, H, W), padded with ``pad_size`` zeros on every side · returns (N, D * D, h, w): for the
    displacements by multiples of ``stride2`` up to ``max_displacement``, down and to the right, and at every
    ``stride1``-th place, the mean over the channels and a patch of ``kernel_size`` by ``kernel_size`` of the products,
    or of the absolute differences without ``is_multiply``.
    """
    need_float(data1)
    need_shape("data2", data2, data1.shape)
    if data1.dim() != 4:
        raise ValueError(f"data1 must be (N, C, H, W), but has shape {tuple(data1.shape)}")
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be an odd number, but is {kernel_size}")
    if min(stride1, stride2) < 1 or min(max_displacement, pad_size) < 0:
        raise ValueError("stride1 and stride2 must be at least 1, max_displacement and pad_size at least 0")
    border = max_displacement + kernel_size // 2
    # Places of the first image, and pixels that their patches cover.
    places = [-(-(size + 2 * pad_size - 2 * border) // stride1) for size in data1.shape[2:]]
    if min(places) < 1:
        raise ValueError(f"the image {tuple(data1.shape[2:])} has no room for max_displacement and kernel_size")
    height, width = ((n - 1) * stride1 + kernel_size for n in places)
    first, second = (F.pad(data, [pad_size] * 4) for data in (data1, data2))
    reach = max_displacement // stride2 * stride2
    first = first[:, :, max_displacement:, max_displacement:][:, :, :height, :width].unsqueeze(2)
    start, rows = max_displacement - reach, []
    for down in range(start, start + 2 * reach + 1, stride2):  # a row of displacements at a time
        shifted = second[:, :, down : down + height, start : start + 2 * reach + width]
        shifted = shifted.unfold(3, width, stride2).movedim(3, 2)
        rows.append((first * shifted if is_multiply else (first - shifted).abs()).mean(1))
    found = torch.cat(rows, 1)
    return found if kernel_size == stride1 == 1 else F.avg_pool2d(found, kernel_size, stride1)
