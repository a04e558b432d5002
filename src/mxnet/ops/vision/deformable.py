"""Deformable convolution: each element of the kernel looks where an input says.

Version 1: Dai et al., 2017, "Deformable Convolutional Networks"; version 2: Zhu et al., 2019, "Deformable ConvNets v2".
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ..attributes import Shape
from ..checks import need_bias, need_shape
from ..nn.windows import need_room, need_window
from ..registry import operator
from .boxes import accurate
from .sampling import pair, table, taps, weighted_rows

__all__: list[str] = []


def _check(
    data: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    kernel: tuple,
    stride: tuple,
    dilate: tuple,
    pad: tuple,
    num_filter: int,
    num_group: int,
    num_deformable_group: int,
    no_bias: bool,
    layout: str | None,
) -> tuple[int, int]:
    """The height and width of the result. Raises ValueError where something does not fit."""
    if len(kernel) != 2:
        raise ValueError(f"kernel must have two sizes, (height, width), but is {kernel}")
    need_window(data, kernel, layout, stride=stride, dilate=dilate, pad=pad)
    need_room(data.shape[2:], kernel, dilate, pad)
    need_bias(bias, no_bias)
    channels = data.size(1)
    if num_group < 1 or channels % num_group or num_filter % num_group:
        raise ValueError(f"num_group={num_group} must divide {channels} channels and num_filter={num_filter}")
    if num_deformable_group < 1 or channels % num_deformable_group:
        raise ValueError(f"num_deformable_group={num_deformable_group} must divide {channels} channels")
    need_shape("weight", weight, (num_filter, channels // num_group, *kernel))
    if bias is not None:
        need_shape("bias", bias, (num_filter,))
    height, width = (
        (size + 2 * around - step * (k - 1) - 1) // move + 1
        for size, k, move, step, around in zip(
            data.shape[2:], kernel, stride or (1, 1), dilate or (1, 1), pad or (0, 0), strict=True
        )
    )
    return height, width


def _convolve(
    data: Tensor,
    offset: Tensor,
    mask: Tensor | None,
    weight: Tensor,
    bias: Tensor | None,
    out: tuple[int, int],
    stride: tuple,
    dilate: tuple,
    pad: tuple,
    groups: int,
    sets: int,
) -> Tensor:
    """Both versions; in the first, without a mask, what is beyond the border repeats it for less than an element."""
    batch, channels, height, width = data.shape
    filters, _, *kernel = weight.shape
    offset = accurate(offset).reshape(batch, sets, *kernel, 2, *out)
    axes, inside = [], torch.ones((), dtype=torch.bool, device=data.device)
    for axis, size in ((0, height), (1, width)):
        at = torch.arange(kernel[axis], device=data.device) * (dilate[axis] if dilate else 1)
        to = torch.arange(out[axis], device=data.device) * (stride[axis] if stride else 1) - (pad[axis] if pad else 0)
        at, to = (at[:, None, None, None], to[:, None]) if axis == 0 else (at[:, None, None], to)
        position = offset[..., axis, :, :] + (at + to)  # (N, sets, *kernel, *out)
        inside = inside & ((position >= 0) if mask is None else (position > -1)) & (position < size)
        axes.append(taps(position, size, pad=mask is not None))
    place, share = pair(*axes, width)
    share = torch.where(inside[..., None], share, 0)
    if mask is not None:
        share = share * accurate(mask).reshape(batch, sets, *kernel, *out, 1)
    which = torch.arange(batch * sets, device=data.device).view(batch, sets, 1, 1, 1, 1, 1)
    rows = table(accurate(data), channels // sets, outer=sets)
    columns = weighted_rows(rows, place + which * (height * width), share)  # (N, sets, *kernel, *out, C / sets)
    columns = columns.movedim(-1, 2).reshape(batch, groups, -1, out[0] * out[1])
    result = torch.matmul(accurate(weight).reshape(groups, filters // groups, -1), columns)
    result = result.reshape(batch, filters, *out).to(dtype=data.dtype)
    return result if bias is None else result + bias[:, None, None]


@operator("_contrib_DeformableConvolution", needs={"bias": lambda no_bias, **_: not no_bias}, precision="float32")
def deformable_convolution(
    data: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    num_filter: int,
    num_group: int = 1,
    num_deformable_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    layout: Literal[None, "NCDHW", "NCHW", "NCW"] = None,
) -> Tensor:
    """Convolution whose kernel's elements move by ``offset``; between elements data is interpolated.

    data: (N, C, H, W) · offset: (N, D * kh * kw * 2, *out), for each of D = ``num_deformable_group`` sets of channels
    and each element of the kernel, by how much it moves down and to the right · weight: (num_filter, C / num_group,
    kh, kw) · bias: (num_filter,) · returns (N, num_filter, *out) with ``out`` as in Convolution. What is outside the
    map counts as 0, but up to one element beyond its right and lower border as that border. ``workspace`` is accepted
    for MXNet's sake.
    """
    out = _check(
        data, weight, bias, kernel, stride, dilate, pad, num_filter, num_group, num_deformable_group, no_bias, layout
    )
    need_shape("offset", offset, (len(data), num_deformable_group * kernel[0] * kernel[1] * 2, *out))
    return _convolve(data, offset, None, weight, bias, out, stride, dilate, pad, num_group, num_deformable_group)


@operator(
    "_contrib_ModulatedDeformableConvolution", needs={"bias": lambda no_bias, **_: not no_bias}, precision="float32"
)
def modulated_deformable_convolution(
    data: Tensor,
    offset: Tensor,
    mask: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    num_filter: int,
    num_group: int = 1,
    num_deformable_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    im2col_step: int = 64,
    layout: Literal[None, "NCDHW", "NCHW", "NCW"] = None,
) -> Tensor:
    """Deformable convolution, version 2: ``mask`` weighs each element of the kernel at each place.

    mask: (N, D * kh * kw, *out); the other inputs and the result as in DeformableConvolution. What is outside the map
    counts as 0, and interpolation at the border goes towards that. ``workspace`` and ``im2col_step`` are accepted for
    MXNet's sake.
    """
    out = _check(
        data, weight, bias, kernel, stride, dilate, pad, num_filter, num_group, num_deformable_group, no_bias, layout
    )
    elements = num_deformable_group * kernel[0] * kernel[1]
    need_shape("offset", offset, (len(data), elements * 2, *out))
    need_shape("mask", mask, (len(data), elements, *out))
    return _convolve(data, offset, mask, weight, bias, out, stride, dilate, pad, num_group, num_deformable_group)


@deformable_convolution.infers
@modulated_deformable_convolution.infers
def _(data: tuple, *, kernel: tuple, num_filter: int, num_group: int, **_: Any) -> dict[str, tuple]:
    return {"weight": (num_filter, data[1] // num_group, *kernel), "bias": (num_filter,)}
