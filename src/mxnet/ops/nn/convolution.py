"""Convolution over signals, images and volumes, its transpose, and the columns that it multiplies."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import torch
import torch.nn.functional as F

from ..attributes import Shape
from ..checks import need_bias, need_float, need_shape
from ..registry import operator
from .windows import CHANNELS_LAST, need_rank, need_room, need_sizes, need_window

__all__: list[str] = []

_CONVOLUTIONS = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}
_TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


# ---- Convolution -----------------------------------------------------------------------------------------------------


@operator("Convolution", needs={"bias": lambda no_bias, **_: not no_bias}, precision="low")
def convolution(
    data: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    num_filter: int,
    num_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    cudnn_tune: Literal[None, "fastest", "limited_workspace", "off"] = None,
    cudnn_off: bool = False,
    layout: Literal[None, "NCDHW", "NCHW", "NCW", "NDHWC", "NHWC"] = None,
) -> torch.Tensor:
    """Convolution (cross-correlation) over one, two or three dimensions, as many as ``kernel`` has.

    data: (N, C, *space) · weight: (num_filter, C / num_group, *kernel) · bias: (num_filter,) · returns (N,
    num_filter, *out) with ``out = (space + 2 * pad - dilate * (kernel - 1) - 1) // stride + 1``. Where ``layout`` has
    the channels last, they come last in data, weight and result. ``workspace``, ``cudnn_tune`` and ``cudnn_off`` are
    accepted for MXNet's sake.
    """
    last = layout in CHANNELS_LAST
    if last:
        data, weight = data.movedim(-1, 1), weight.movedim(-1, 1)
    convolve, shape = _plan(data.shape, kernel, stride, dilate, pad, num_filter, num_group, layout)
    if weight.shape != shape or not data.is_floating_point() or (bias is None) is not no_bias:
        need_float(data)
        need_bias(bias, no_bias)
        need_shape("weight", weight, shape)
    try:
        out = convolve(data, weight, bias, stride or 1, pad or 0, dilate or 1, num_group)
    except RuntimeError:
        if bias is not None:
            need_shape("bias", bias, (num_filter,))
        raise
    return out.movedim(1, -1).contiguous() if last else out


@lru_cache(maxsize=1024)
def _plan(
    data: tuple, kernel: tuple, stride: tuple, dilate: tuple, pad: tuple, num_filter: int, num_group: int, layout: Any
) -> tuple[Callable[..., torch.Tensor], tuple]:
    """torch's function for data of that shape, channels first, and the shape of the weight.

    Raises ValueError for attributes that do not go together: torch would repeat a single number for all dimensions.
    """
    need_sizes(len(data), kernel, layout, stride=stride, dilate=dilate, pad=pad)
    if num_group < 1 or data[1] % num_group or num_filter % num_group:
        raise ValueError(f"num_group={num_group} must divide {data[1]} channels and num_filter={num_filter}")
    need_room(data[2:], kernel, dilate, pad)
    return _CONVOLUTIONS[len(kernel)], (num_filter, data[1] // num_group, *kernel)


@operator("Convolution_v1", needs={"bias": lambda no_bias, **_: not no_bias}, precision="float32")
def convolution_v1(
    data: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    num_filter: int,
    num_group: int = 1,
    workspace: int = 1024,
    no_bias: bool = False,
    cudnn_tune: Literal[None, "fastest", "limited_workspace", "off"] = None,
    cudnn_off: bool = False,
    layout: Literal[None, "NCDHW", "NCHW", "NDHWC", "NHWC"] = None,
) -> torch.Tensor:
    """MXNet's old Convolution: two or three dimensions, channels first."""
    if len(kernel) == 1 or layout in CHANNELS_LAST:
        raise ValueError("only two or three dimensions with channels first are supported; use Convolution")
    return convolution.fn(
        data, weight, bias, kernel=kernel, stride=stride, dilate=dilate, pad=pad, num_filter=num_filter,
        num_group=num_group, no_bias=no_bias, layout=layout,
    )  # fmt: skip


@convolution_v1.infers
@convolution.infers
def _(data: tuple, *, kernel: tuple, num_filter: int, num_group: int, layout: str | None, **_: Any) -> dict[str, tuple]:
    need_rank(len(data), kernel)
    if layout in CHANNELS_LAST:
        weight = (num_filter, *kernel, data[-1] // num_group)
    else:
        weight = (num_filter, data[1] // num_group, *kernel)
    return {"weight": weight, "bias": (num_filter,)}


# ---- Deconvolution ---------------------------------------------------------------------------------------------------


@operator("Deconvolution", needs={"bias": lambda no_bias, **_: not no_bias}, precision="low")
def deconvolution(
    data: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    adj: Shape = (),
    target_shape: Shape = (),
    num_filter: int,
    num_group: int = 1,
    workspace: int = 512,
    no_bias: bool = True,
    cudnn_tune: Literal[None, "fastest", "limited_workspace", "off"] = None,
    cudnn_off: bool = False,
    layout: Literal[None, "NCDHW", "NCHW", "NCW", "NDHWC", "NHWC"] = None,
) -> torch.Tensor:
    """The transpose of Convolution: what its gradient does to data. One, two or three dimensions, as ``kernel`` has.

    data: (N, C, *space) · weight: (C, num_filter / num_group, *kernel) · bias: (num_filter,) · returns (N,
    num_filter, *out) with ``out = (space - 1) * stride - 2 * pad + dilate * (kernel - 1) + 1 + adj``. ``adj`` <
    ``stride`` adds to the end, where no window may reach. ``target_shape`` is ``out`` itself: ``pad`` and ``adj``
    follow from it. Where ``layout`` has the channels last, they come last in data, weight and result. ``workspace``,
    ``cudnn_tune`` and ``cudnn_off`` are accepted for MXNet's sake.
    """
    if layout in CHANNELS_LAST:
        data, weight = data.movedim(-1, 1), weight.movedim(-1, 1)
    n = len(kernel)
    if (
        n not in _TRANSPOSED
        or not (layout is None or len(layout) == n + 2)
        or not data.dim() - 2 == n == (len(stride) or n) == (len(dilate) or n) == (len(pad) or n) == (len(adj) or n)
        or (bias is None) is not no_bias
        or num_group < 1
        or num_filter % num_group
        or weight.shape != (data.size(1), num_filter // num_group, *kernel)
        or not data.is_floating_point()
    ):
        need_window(data, kernel, layout, stride=stride, dilate=dilate, pad=pad, adj=adj)
        need_bias(bias, no_bias)
        if num_group < 1 or data.size(1) % num_group or num_filter % num_group:
            raise ValueError(f"num_group={num_group} must divide {data.size(1)} channels and num_filter={num_filter}")
        need_shape("weight", weight, (data.size(1), num_filter // num_group, *kernel))
    stride = stride or (1,) * n
    if any(target_shape):
        pad, adj = _from_target(data.shape[2:], kernel, stride, dilate or (1,) * n, target_shape)
    if adj and not all(0 <= a < s for a, s in zip(adj, stride, strict=True)):
        raise ValueError(f"adj {adj} must be smaller than stride {stride}")
    try:
        out = _TRANSPOSED[n](data, weight, bias, stride, pad or 0, adj or 0, num_group, dilate or 1)
    except RuntimeError:
        if bias is not None:
            need_shape("bias", bias, (num_filter,))
        if pad and not any(target_shape):
            whole = _whole(data.shape[2:], kernel, stride, dilate or (1,) * n)
            if any(w - 2 * p + a < 1 for w, p, a in zip(whole, pad, adj or (0,) * n, strict=True)):
                raise ValueError(f"pad {pad} leaves nothing of a result of {tuple(whole)}") from None
        raise
    return out.movedim(1, -1).contiguous() if layout in CHANNELS_LAST else out


def _whole(space: tuple, kernel: tuple, stride: tuple, dilate: tuple) -> list[int]:
    """The space of the result without padding and adjustment."""
    return [(size - 1) * s + (k - 1) * d + 1 for size, k, s, d in zip(space, kernel, stride, dilate, strict=True)]


def _from_target(space: tuple, kernel: tuple, stride: tuple, dilate: tuple, target: tuple) -> tuple[tuple, tuple]:
    """The padding and the adjustment that lead to the target shape."""
    whole = _whole(space, kernel, stride, dilate)
    if len(target) != len(kernel) or not all(0 < t <= w for t, w in zip(target, whole, strict=True)):
        raise ValueError(f"target_shape must have {len(kernel)} sizes between 1 and {tuple(whole)}, but is {target}")
    excess = [w - t for w, t in zip(whole, target, strict=True)]
    return tuple((e + 1) // 2 for e in excess), tuple(e % 2 for e in excess)


@deconvolution.infers
def _(data: tuple, *, kernel: tuple, num_filter: int, num_group: int, layout: str | None, **_: Any) -> dict[str, tuple]:
    need_rank(len(data), kernel)
    if layout in CHANNELS_LAST:
        weight = (data[-1], *kernel, num_filter // num_group)
    else:
        weight = (data[1], num_filter // num_group, *kernel)
    return {"weight": weight, "bias": (num_filter,)}


# ---- columns ---------------------------------------------------------------------------------------------------------


def _need_plane(kernel: tuple) -> None:
    if len(kernel) != 2:
        raise ValueError(f"only two dimensions are supported, but kernel is {kernel}")


@operator("im2col")
def im2col(
    data: torch.Tensor, *, kernel: Shape, stride: Shape = (), dilate: Shape = (), pad: Shape = ()
) -> torch.Tensor:
    """The windows of a convolution, a column each: multiplied with the weight's rows they are the convolution.

    data: (N, C, H, W) · returns (N, C * prod(kernel), windows).
    """
    _need_plane(kernel)
    need_window(data, kernel, None, stride=stride, dilate=dilate, pad=pad)
    need_room(data.shape[2:], kernel, dilate, pad)
    return F.unfold(data, kernel, dilate or 1, pad or 0, stride or 1)


@operator("col2im")
def col2im(
    data: torch.Tensor,
    *,
    output_size: Shape,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
) -> torch.Tensor:
    """The transpose of im2col: columns are added into the places of the image that they were taken from.

    data: (N, C * prod(kernel), windows) · returns (N, C, *output_size).
    """
    _need_plane(kernel)
    if data.dim() != 3:
        raise ValueError(f"data must be (N, C * prod(kernel), windows), but has shape {tuple(data.shape)}")
    need_window(data.unsqueeze(1), kernel, None, stride=stride, dilate=dilate, pad=pad)
    if len(output_size) != 2:
        raise ValueError(f"output_size must have 2 sizes, like kernel {kernel}, but is {output_size}")
    need_room(output_size, kernel, dilate, pad)
    return F.fold(data, output_size, kernel, dilate or 1, pad or 0, stride or 1)
