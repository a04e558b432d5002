"""Windows over images, signals and volumes: Convolution and Pooling in one, two and three dimensions."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F

from .attributes import Shape
from .checks import need_bias, need_float, need_shape
from .registry import operator

__all__: list[str] = []

_CONVOLUTIONS = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}
_MAX = {2: torch.max_pool2d, 3: torch.max_pool3d}
_AVERAGE = {2: F.avg_pool2d, 3: F.avg_pool3d}
_CHANNELS_LAST = ("NWC", "NHWC", "NDHWC")


def _need_window(data: torch.Tensor, kernel: tuple, layout: str | None, **windows: tuple) -> None:
    """Raise ValueError unless data, layout and the window's attributes agree on the number of dimensions."""
    need_float(data)
    n = len(kernel)
    if not 1 <= n <= 3 or min(kernel) < 1:
        raise ValueError(f"kernel must have 1 to 3 sizes of at least 1, but is {kernel}")
    _need_rank(data.dim(), kernel)
    if layout is not None and len(layout) != n + 2:
        raise ValueError(f"layout {layout!r} does not fit kernel {kernel}")
    for name, value in windows.items():
        if len(value) not in (0, n):
            raise ValueError(f"{name} must have {n} sizes, like kernel {kernel}, but is {value}")


def _need_rank(ndim: int, kernel: tuple) -> None:
    """Raise ValueError unless data of that many dimensions has as many of space as the kernel."""
    if ndim != len(kernel) + 2:
        raise ValueError(
            f"kernel {kernel} wants data of {len(kernel) + 2} dimensions (batch, channels, space), but it has {ndim}"
        )


# ---- Convolution -----------------------------------------------------------------------------------------------------


@operator("Convolution", needs={"bias": lambda no_bias, **_: not no_bias})
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
    if layout in _CHANNELS_LAST:
        data, weight = data.movedim(-1, 1), weight.movedim(-1, 1)
    n = len(kernel)
    # torch checks most of this itself, but repeats a single number for all dimensions, and computes with integers.
    if (
        n not in _CONVOLUTIONS
        or not (layout is None or len(layout) == n + 2)
        or not data.dim() - 2 == n == (len(stride) or n) == (len(dilate) or n) == (len(pad) or n)
        or (bias is None) is not no_bias
        or num_group < 1
        or weight.shape != (num_filter, data.size(1) // num_group, *kernel)
        or not data.is_floating_point()
    ):
        _need_window(data, kernel, layout, stride=stride, dilate=dilate, pad=pad)
        need_bias(bias, no_bias)
        if num_group < 1 or data.size(1) % num_group or num_filter % num_group:
            raise ValueError(f"num_group={num_group} must divide {data.size(1)} channels and num_filter={num_filter}")
        need_shape("weight", weight, (num_filter, data.size(1) // num_group, *kernel))
    out = _CONVOLUTIONS[n](data, weight, bias, stride or 1, pad or 0, dilate or 1, num_group)
    return out.movedim(1, -1).contiguous() if layout in _CHANNELS_LAST else out


@convolution.infers
def _(data: tuple, *, kernel: tuple, num_filter: int, num_group: int, layout: str | None, **_: Any) -> dict[str, tuple]:
    _need_rank(len(data), kernel)
    if layout in _CHANNELS_LAST:
        weight = (num_filter, *kernel, data[-1] // num_group)
    else:
        weight = (num_filter, data[1] // num_group, *kernel)
    return {"weight": weight, "bias": (num_filter,)}


# ---- Pooling ---------------------------------------------------------------------------------------------------------


@operator("Pooling")
def pooling(
    data: torch.Tensor,
    *,
    kernel: Shape = (),
    pool_type: Literal["avg", "lp", "max", "sum"] = "max",
    global_pool: bool = False,
    cudnn_off: bool = False,
    pooling_convention: Literal["full", "same", "valid"] = "valid",
    stride: Shape = (),
    pad: Shape = (),
    p_value: int | None = None,
    count_include_pad: bool | None = None,
    layout: Literal[None, "NCDHW", "NCHW", "NCW", "NDHWC", "NHWC", "NWC"] = None,
) -> torch.Tensor:
    """Maximum, average, sum or ``p_value``-norm of the elements in a window that slides over one to three dimensions.

    data: (N, C, *space) · returns (N, C, *out), or (N, C, 1, ...) with ``global_pool``, where the window is the whole
    space. ``pooling_convention``: windows that the padded space has no room for are left out ("valid"), or are cut
    off at its end ("full"); "same" pads as needed for ``out = ceil(space / stride)``. ``count_include_pad``: averages
    divide by the size of the window, padding included (the default), or by the number of elements in it. The norms (p
    = 1, 2, 3) do not take absolute values. ``cudnn_off`` is accepted for MXNet's sake.
    """
    last = layout in _CHANNELS_LAST
    if last:
        data = data.movedim(-1, 1)
    if pool_type == "lp" and p_value not in (1, 2, 3):
        raise ValueError(f"pool_type 'lp' needs p_value=1, 2 or 3, but it is {p_value}")
    if global_pool:
        out = _pool_all(data, pool_type, p_value)
    else:
        _need_window(data, kernel, layout, stride=stride, pad=pad)
        out = _pool(data, kernel, pool_type, pooling_convention, stride, pad, p_value, count_include_pad is not False)
    return out.movedim(1, -1).contiguous() if last else out


def _pool_all(data: torch.Tensor, pool_type: str, p: int | None) -> torch.Tensor:
    """One number per channel."""
    need_float(data)
    if not 3 <= data.dim() <= 5:
        raise ValueError(
            f"data must have 1 to 3 dimensions of space after batch and channels, but has shape {tuple(data.shape)}"
        )
    if pool_type in ("avg", "sum"):
        reduce = torch.mean if pool_type == "avg" else torch.sum
        return reduce(data, tuple(range(2, data.dim())), keepdim=True)
    return _pool(data, tuple(data.shape[2:]), pool_type, "valid", (), (), p, True)


def _pool(
    data: torch.Tensor,
    kernel: tuple,
    pool_type: str,
    convention: str,
    stride: tuple,
    pad: tuple,
    p: int | None,
    include_pad: bool,
) -> torch.Tensor:
    n = len(kernel)
    stride, pad = stride or (1,) * n, pad or (0,) * n
    if n == 1:  # a row of an image: one set of kernels for all
        row = _pool(data.unsqueeze(2), (1, *kernel), pool_type, convention, (1, *stride), (0, *pad), p, include_pad)
        return row.squeeze(2)
    direct = convention != "same"  # whether torch's kernels take this window
    for size, k, step, around in zip(data.shape[2:], kernel, stride, pad, strict=True):
        room = size + 2 * around - k
        if room < 0 and convention != "same":
            raise ValueError(f"kernel {kernel} exceeds the space {tuple(data.shape[2:])} with its padding {pad}")
        if around >= k and pool_type in ("max", "avg"):
            raise ValueError(f"pad {pad} must be smaller than kernel {kernel}")
        # They want no more than half a window of padding, and leave out windows that begin behind the space.
        if 2 * around > k or (convention == "full" and -(-room // step) * step >= size + around):
            direct = False
    if pool_type == "lp":
        return _root(_pool(data.pow(p), kernel, "sum", convention, stride, pad, None, True), p)
    if not direct:
        return _pool_padded(data, kernel, pool_type, convention, stride, pad, include_pad)
    full = convention == "full"
    if pool_type == "max":
        return _MAX[n](data, kernel, stride, pad, 1, full)
    return _AVERAGE[n](data, kernel, stride, pad, full, include_pad, 1 if pool_type == "sum" else None)


def _root(powers: torch.Tensor, p: int | None) -> torch.Tensor:
    if p == 1:
        return powers
    zero = powers == 0
    powers = powers.masked_fill(zero, 1)  # whose gradient is finite
    roots = powers.sqrt() if p == 2 else powers.sign() * powers.abs().pow(1 / 3)
    return roots.masked_fill(zero, 0)


def _pool_padded(
    data: torch.Tensor, kernel: tuple, pool_type: str, convention: str, stride: tuple, pad: tuple, include_pad: bool
) -> torch.Tensor:
    """Pooling of data that is padded first, for the windows that torch's kernels refuse."""
    # Padding at the start; at the end, as far as it counts for averages; and further, for windows that are cut off.
    before, inside, behind = [], [], []
    for size, k, step, around in zip(data.shape[2:], kernel, stride, pad, strict=True):
        if convention == "same":
            around = max((-(-size // step) - 1) * step + k - size, 0)
            before.append(around // 2)
            inside.append(around - around // 2)
            behind.append(0)
        else:
            room = size + 2 * around - k
            windows = -(-room // step) if convention == "full" else room // step
            before.append(around)
            inside.append(around)
            behind.append(max(windows * step - room, 0))
    n = len(kernel)
    if pool_type == "max":
        edges = _edges(before, [i + b for i, b in zip(inside, behind, strict=True)])
        return _MAX[n](F.pad(data, edges, value=torch.finfo(data.dtype).min), kernel, stride)
    counted = F.pad(data, _edges(before, inside))
    edges = _edges([0] * n, behind)
    sums = _AVERAGE[n](F.pad(counted, edges), kernel, stride, divisor_override=1)
    if pool_type == "sum":
        return sums
    ones = torch.ones_like(counted if include_pad else data, requires_grad=False)[:1, :1]
    ones = ones if include_pad else F.pad(ones, _edges(before, inside))
    return sums / _AVERAGE[n](F.pad(ones, edges), kernel, stride, divisor_override=1).clamp(min=1)


def _edges(before: list[int], behind: list[int]) -> list[int]:
    """Padding in the order of F.pad: last axis first."""
    return [width for pair in zip(reversed(before), reversed(behind), strict=True) for width in pair]
