"""Pooling: one number for each window over signals, images and volumes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, reduce
from math import prod
from typing import Any, Literal

import torch
import torch.nn.functional as F

from ..attributes import Shape
from ..checks import need_float
from ..registry import operator
from .windows import CHANNELS_LAST, edges, need_layout, need_room, need_window

__all__: list[str] = []


def _avg_pool3d(data: torch.Tensor, *how: Any) -> torch.Tensor:
    if data.is_cpu and data.dtype.itemsize == 2:  # torch has no kernel for half precision there
        return F.avg_pool3d(data.float(), *how).to(dtype=data.dtype)
    return F.avg_pool3d(data, *how)


_MAX = {2: torch.max_pool2d, 3: torch.max_pool3d}
_AVERAGE = {2: F.avg_pool2d, 3: _avg_pool3d}
_SMALL = 10_000  # elements that torch's kernels look at while another one is launched
_FULL = (torch.float32, torch.float64)


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
    usual = not global_pool and _usual(data.dim(), kernel, pool_type, pooling_convention, stride, pad, layout)
    if usual and data.is_floating_point():
        if data.numel() > _SMALL and _pays(data, kernel, stride, pad):
            return _by_axis(data, kernel, stride or (1,) * len(kernel), pool_type)
        try:
            if pool_type == "max":
                return usual(data, kernel, stride or 1, pad or 0)
            divisor = 1 if pool_type == "sum" else None
            return usual(data, kernel, stride or 1, pad or 0, False, count_include_pad is not False, divisor)
        except RuntimeError:
            _need_fit(data, kernel, layout, stride, pad)  # and then below, by other means
    last = layout in CHANNELS_LAST
    if last:
        data = data.movedim(-1, 1)
    if pool_type == "lp" and p_value not in (1, 2, 3):
        raise ValueError(f"pool_type 'lp' needs p_value=1, 2 or 3, but it is {p_value}")
    if global_pool:
        out = _pool_all(data, pool_type, layout, p_value)
    else:
        if pooling_convention == "same":
            need_window(data, kernel, layout, stride=stride)
        else:
            _need_fit(data, kernel, layout, stride, pad)
        out = _pool(data, kernel, pool_type, pooling_convention, stride, pad, p_value, count_include_pad is not False)
    return out.movedim(1, -1).contiguous() if last else out


def _pays(data: torch.Tensor, kernel: tuple, stride: tuple, pad: tuple) -> bool:
    """Whether ``_by_axis`` can do it, and sooner: it needs a pass for each size in the kernel, and no gradient, which
    it would send to all of equal values.
    """
    recorded = data.requires_grad and torch.is_grad_enabled()
    if recorded or any(pad) or not data.is_cpu or data.dtype not in _FULL:
        return False
    if not all(size >= k > 0 for size, k in zip(data.shape[2:], kernel, strict=True)):
        return False
    return data.numel() * prod(kernel) / prod(stride) > _SMALL * sum(kernel)


def _by_axis(data: torch.Tensor, kernel: tuple, stride: tuple, pool_type: str) -> torch.Tensor:
    """Pooling without padding, one axis after the other.

    On a CPU torch's own kernels take the windows one by one: on (61, 16, 32, 32) this is 18 times as fast as its 2 x 2
    maximum, and 4 times as its average.
    """
    combine = torch.maximum if pool_type == "max" else torch.add
    for axis, (k, step) in enumerate(zip(kernel, stride, strict=True), start=2):
        last = (data.shape[axis] - k) // step * step
        shifted = [data[(slice(None),) * axis + (slice(i, i + last + 1, step),)] for i in range(k)]
        data = reduce(combine, shifted)
    return data / prod(kernel) if pool_type == "avg" else data.contiguous()


@lru_cache(maxsize=1024)
def _usual(
    ndim: int, kernel: tuple, pool_type: str, convention: str, stride: tuple, pad: tuple, layout: str | None
) -> Callable[..., torch.Tensor] | None:
    """torch's function for a call that it can do, and whose sizes it checks itself; None for any other."""
    n = len(kernel)
    if (
        n not in _MAX
        or layout is not None
        or convention != "valid"
        or pool_type == "lp"
        or not ndim - 2 == n == (len(stride) or n) == (len(pad) or n)
        or any(2 * p > k for p, k in zip(pad, kernel, strict=False))
    ):
        return None
    return (_MAX if pool_type == "max" else _AVERAGE)[n]


@operator("Pooling_v1")
def pooling_v1(
    data: torch.Tensor,
    *,
    kernel: Shape = (),
    pool_type: Literal["avg", "max", "sum"] = "max",
    global_pool: bool = False,
    pooling_convention: Literal["full", "valid"] = "valid",
    stride: Shape = (),
    pad: Shape = (),
) -> torch.Tensor:
    """MXNet's old Pooling, for images and volumes, channels first: padding is zeros, which also take part in maxima.

    Averages always divide by the size of the window, also where it is cut off.
    """
    if data.dim() < 4:
        raise ValueError(f"data must be an image or a volume, channels first, but has shape {tuple(data.shape)}")
    if global_pool:
        return _pool_all(data, pool_type, None)
    _need_fit(data, kernel, None, stride, pad)
    if pad:
        data = F.pad(data, edges(pad, pad))
    kind = "max" if pool_type == "max" else "sum"
    out = _pool(data, kernel, kind, pooling_convention, stride, (), None, True)
    return out / prod(kernel) if pool_type == "avg" else out


@operator("_contrib_AdaptiveAvgPooling2D")
def adaptive_avg_pooling_2d(data: torch.Tensor, *, output_size: Shape = ()) -> torch.Tensor:
    """Averages over windows that divide the image as evenly as their number allows; neighbours may overlap by one.

    data: (N, C, H, W) · output_size: () for one window, n for n by n, or (h, w) · returns (N, C, h, w).
    """
    need_float(data)
    if data.dim() != 4:
        raise ValueError(f"data must be (N, C, H, W), but has shape {tuple(data.shape)}")
    if len(output_size) > 2 or min(output_size, default=1) < 1:
        raise ValueError(f"output_size must be one or two sizes of at least 1, but is {output_size}")
    return F.adaptive_avg_pool2d(data, output_size * 2 if len(output_size) == 1 else output_size or 1)


def _need_fit(data: torch.Tensor, kernel: tuple, layout: str | None, stride: tuple, pad: tuple) -> None:
    """Raise ValueError unless the windows' attributes fit one another and data, which has its channels first."""
    need_window(data, kernel, layout, stride=stride, pad=pad)
    need_room(data.shape[2:], kernel, (), pad)


def _pool_all(data: torch.Tensor, pool_type: str, layout: str | None, p: int | None = None) -> torch.Tensor:
    """One number per channel."""
    need_float(data)
    need_layout(data.dim(), layout)
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
    if pool_type in ("max", "avg") and any(around >= k for around, k in zip(pad, kernel, strict=True)):
        raise ValueError(f"pad {pad} must be smaller than kernel {kernel}")
    if n == 1:  # a row of an image: one set of kernels for all
        row = _pool(data.unsqueeze(2), (1, *kernel), pool_type, convention, (1, *stride), (0, *pad), p, include_pad)
        return row.squeeze(2)
    direct = convention != "same"  # whether torch's kernels take this window
    for size, k, step, around in zip(data.shape[2:], kernel, stride, pad, strict=True):
        room = size + 2 * around - k
        # They want no more than half a window of padding, in three dimensions a window that fits without it, and leave
        # out windows that begin behind the space.
        if (
            2 * around > k
            or (n == 3 and size < k)
            or (convention == "full" and -(-room // step) * step >= size + around)
        ):
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
        around = edges(before, [i + b for i, b in zip(inside, behind, strict=True)])
        return _MAX[n](F.pad(data, around, value=torch.finfo(data.dtype).min), kernel, stride)
    counted = F.pad(data, edges(before, inside))
    further = edges([0] * n, behind)
    sums = _AVERAGE[n](F.pad(counted, further), kernel, stride, 0, False, True, 1)
    if pool_type == "sum":
        return sums
    ones = torch.ones_like(counted if include_pad else data, requires_grad=False)[:1, :1]
    ones = ones if include_pad else F.pad(ones, edges(before, inside))
    return sums / _AVERAGE[n](F.pad(ones, further), kernel, stride, 0, False, True, 1).clamp(min=1)
