"""Images of another size: UpSampling, BilinearResize2D and Crop."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F

from ..attributes import Shape
from ..checks import need_float, need_shape
from ..registry import operator

__all__: list[str] = []


def _need_image(data: torch.Tensor, name: str = "data") -> None:
    if data.dim() != 4:
        raise ValueError(f"{name} must be (N, C, H, W), but has shape {tuple(data.shape)}")


# ---- UpSampling ------------------------------------------------------------------------------------------------------


@operator("UpSampling", needs={"weight": lambda sample_type, **_: sample_type == "bilinear"})
def upsampling(
    *data: torch.Tensor,
    scale: int,
    num_filter: int = 0,
    sample_type: Literal["bilinear", "nearest"],
    multi_input_mode: Literal["concat", "sum"] = "concat",
    num_args: int = 1,
    workspace: int = 512,
) -> torch.Tensor:
    """Images ``scale`` times as large.

    nearest: every pixel is repeated. Of several images (N, C, H, W) the first one is ``scale`` times as large
    afterwards, and the others are made as large as that one; then their channels are put together, or added with
    ``multi_input_mode="sum"``.

    bilinear: data (N, C, H, W) and weight (C, 1, k, k) with ``k = 2 * scale - scale % 2``; a transposed convolution of
    each of the ``num_filter=C`` channels for itself. The interpolation is bilinear if the weight is, as
    ``init.Bilinear`` makes it. ``workspace`` is accepted for MXNet's sake.
    """
    if scale < 1:
        raise ValueError(f"scale must be at least 1, but is {scale}")
    if not data:
        raise ValueError("at least one image is needed")
    for i, image in enumerate(data):
        need_float(image)
        _need_image(image, f"data[{i}]")
    if sample_type == "bilinear":
        return _transposed(data, scale, num_filter)
    n, _, height, width = data[0].shape
    height, width = height * scale, width * scale
    images = []
    for i, image in enumerate(data):
        factor = height // image.size(2) if image.size(2) else 0
        if image.size(0) != n or factor * image.size(2) != height or factor * image.size(3) != width:
            raise ValueError(
                f"data[{i}] of shape {tuple(image.shape)} cannot be enlarged to ({n}, ?, {height}, {width})"
            )
        images.append(image if factor == 1 else F.interpolate(image, (height, width), mode="nearest-exact"))
    if multi_input_mode == "concat":
        return torch.cat(images, 1)
    if len({image.size(1) for image in images}) > 1:
        raise ValueError("all images must have the same number of channels to be added")
    return torch.stack(images).sum(0)


def _transposed(data: tuple[torch.Tensor, ...], scale: int, num_filter: int) -> torch.Tensor:
    if len(data) != 2:
        raise ValueError(f"sample_type 'bilinear' needs two inputs, data and weight, but got {len(data)}")
    image, weight = data
    channels = image.size(1)
    if num_filter != channels:
        raise ValueError(f"num_filter must be the number of channels, {channels}, but is {num_filter}")
    need_shape("weight", weight, _kernel(channels, scale))
    return F.conv_transpose2d(image, weight, None, scale, scale // 2, 0, channels)


def _kernel(channels: int, scale: int) -> tuple[int, int, int, int]:
    size = 2 * scale - scale % 2
    return channels, 1, size, size


@upsampling.infers
def _(data: tuple, *, scale: int, sample_type: str, **_: Any) -> dict[str, tuple]:
    return {"arg1": _kernel(data[1], scale)} if sample_type == "bilinear" else {}


# ---- BilinearResize2D ------------------------------------------------------------------------------------------------


@operator("_contrib_BilinearResize2D", needs={"like": lambda mode, **_: mode == "like"}, mixed=True)
def bilinear_resize_2d(
    data: torch.Tensor,
    like: torch.Tensor | None = None,
    *,
    height: int = 1,
    width: int = 1,
    scale_height: float | None = None,
    scale_width: float | None = None,
    mode: Literal["like", "odd_scale", "size", "to_even_down", "to_even_up", "to_odd_down", "to_odd_up"] = "size",
    align_corners: bool = True,
) -> torch.Tensor:
    """An image of another size, interpolated bilinearly.

    data: (N, C, H, W) · like: (..., h, w), given with the mode "like" · returns (N, C, h, w).

    The new size is, by ``mode``, for each of the two dimensions: size: ``size * scale``, rounded down, or ``height``
    and ``width`` without scales · odd_scale: ``size * scale`` for an even size, ``(size - 1) * scale + 1`` for an odd
    one · to_even_down, to_even_up, to_odd_down, to_odd_up: the next even or odd number in that direction · like: that
    of ``like``.

    ``align_corners``: the centres of the corner pixels stay where they are; otherwise their outer corners do.
    """
    need_float(data)
    _need_image(data)
    if (like is None) is (mode == "like"):
        raise ValueError("mode 'like' needs the input like" if like is None else f"like is not used in mode {mode!r}")
    if like is not None:
        if like.dim() < 4:
            raise ValueError(f"like must be (N, C, H, W), but has shape {tuple(like.shape)}")
        size = tuple(like.shape[2:4])
    elif mode == "size" and scale_height is None and scale_width is None:
        size = height, width
    elif mode in ("size", "odd_scale") and (scale_height is None or scale_width is None):
        raise ValueError(f"mode {mode!r} needs both scale_height and scale_width")
    else:
        scales = scale_height, scale_width
        size = tuple(_SIZES[mode](old, scale) for old, scale in zip(data.shape[2:], scales, strict=True))
    if min(size) < 1:
        raise ValueError(f"the result would have the size {size}")
    if not align_corners:  # where one pixel is left, MXNet takes the first one, not that in the middle
        for axis in (2, 3):
            data = data.narrow(axis, 0, 1) if size[axis - 2] == 1 else data
    return F.interpolate(data, size, mode="bilinear", align_corners=align_corners)


def _scaled(size: int, scale: float) -> int:
    """In float32, as MXNet multiplies."""
    return int(np.float32(size) * np.float32(scale))


_SIZES: dict[str, Any] = {
    "size": _scaled,
    "odd_scale": lambda size, scale: _scaled(size - size % 2, scale) + size % 2,
    "to_even_down": lambda size, _: size - size % 2,
    "to_even_up": lambda size, _: size + size % 2,
    "to_odd_down": lambda size, _: size - 1 + size % 2,
    "to_odd_up": lambda size, _: size + 1 - size % 2,
}


# ---- Crop ------------------------------------------------------------------------------------------------------------


@operator("Crop", types="T=float32* -> T", returns_view=True)
def crop(
    *data: torch.Tensor,
    num_args: int = 1,
    offset: Shape = (0, 0),
    h_w: Shape = (0, 0),
    center_crop: bool = False,
) -> torch.Tensor:
    """A window of an image (N, C, H, W).

    Its size is ``h_w``, or that of the second input (N, C, h, w), if one is given. It begins at ``offset``, or lies in
    the middle with ``center_crop``.
    """
    if len(data) not in (1, 2):
        raise ValueError(f"one or two inputs are needed, but got {len(data)}")
    for image in data:
        _need_image(image)
    image = data[0]
    space = tuple(image.shape[2:])
    size = tuple(data[1].shape[2:]) if len(data) == 2 else h_w
    if len(size) != 2 or not all(1 <= (s or 0) <= limit for s, limit in zip(size, space, strict=True)):
        raise ValueError(f"h_w must be two sizes between 1 and {space}, but is {size}")
    start = tuple((whole - part) // 2 for whole, part in zip(space, size, strict=True)) if center_crop else offset
    if len(start) != 2 or not all((b or 0) >= 0 for b in start):
        raise ValueError(f"offset must be two numbers of at least 0, but is {start}")
    (top, left), (height, width) = start, size
    if top + height > space[0] or left + width > space[1]:
        raise ValueError(f"offset {start} and size {size} reach beyond the image of size {space}")
    return image.narrow(2, top, height).narrow(3, left, width)
