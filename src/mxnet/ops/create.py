"""Operators that create arrays from nothing. ``ctx`` says where; the caller turns it into ``_device``."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .. import dtypes
from .arithmetic import number
from .attributes import Dtype, Shape
from .registry import operator

__all__: list[str] = []


def legal(shape: Shape | None) -> Shape:
    """The shape. Raises ValueError for one that MXNet, outside of NumPy semantics, takes for not known yet."""
    if not shape or min(shape) < 1:
        raise ValueError(f"shape must have at least one axis, and sizes of at least 1, but got {shape}")
    return shape


@operator("_zeros", differentiable=False)
def zeros(*, shape: Shape = (), ctx: str = "", dtype: Dtype = "float32", _device: torch.device) -> Tensor:
    """Zeros."""
    return torch.zeros(legal(shape), dtype=dtypes.by_name[dtype].torch, device=_device)


@operator("_ones", differentiable=False)
def ones(*, shape: Shape = (), ctx: str = "", dtype: Dtype = "float32", _device: torch.device) -> Tensor:
    """Ones."""
    return torch.ones(legal(shape), dtype=dtypes.by_name[dtype].torch, device=_device)


@operator("_full", differentiable=False)
def full(
    *, shape: Shape | None = None, ctx: str = "", dtype: Dtype = "float32", value: float, _device: torch.device
) -> Tensor:
    """An array filled with ``value``, which is cut and wrapped for integers."""
    result = torch.empty(legal(shape), dtype=dtypes.by_name[dtype].torch, device=_device)
    return result.fill_(value if dtype == "bool" else number(result, value))


@operator("_arange", differentiable=False)
def arange(
    *,
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    ctx: str = "",
    dtype: Dtype = "float32",
    _device: torch.device,
) -> Tensor:
    """``start``, ``start + step``, ... up to but without ``stop``, each of them ``repeat`` times in a row.

    Without ``stop``, the numbers from 0 to ``start``. For integer dtypes, start and step are cut to whole numbers.
    """
    if infer_range:
        raise ValueError("infer_range=True has no meaning here: the length of the result must follow from stop")
    if stop is None:
        start, stop = 0.0, start
    count = math.ceil((stop - start) / step) if step else 0
    if count < 1 or repeat < 1:
        raise ValueError(
            f"no numbers lie from {start} to {stop} in steps of {step}, or repeat={repeat} is not positive"
        )
    kind = dtypes.by_name[dtype].torch
    if not kind.is_floating_point:
        start, step = int(start), int(step)
    wide = torch.float32 if kind in (torch.float16, torch.bfloat16) else kind  # too narrow to count in
    result = torch.arange(count, dtype=wide, device=_device)
    if step != 1:
        result = result.mul_(step)
    if start:
        result = result.add_(start)
    result = result.to(kind)
    return result if repeat == 1 else torch.repeat_interleave(result, repeat)


@operator("_linspace", differentiable=False)
def linspace(
    *,
    start: float,
    stop: float,
    num: int,
    endpoint: bool = True,
    ctx: str = "",
    dtype: Dtype = "float32",
    _device: torch.device,
) -> Tensor:
    """``num`` numbers at equal distances from ``start`` to ``stop``, which is the last of them if ``endpoint``."""
    if num < 0:
        raise ValueError(f"num must not be negative, but got {num}")
    step = (stop - start) / max(num - endpoint, 1)
    return (torch.arange(num, dtype=torch.float64, device=_device) * step + start).to(dtype=dtypes.by_name[dtype].torch)


@operator("_eye", differentiable=False)
def eye(*, N: int, M: int = 0, k: int = 0, ctx: str = "", dtype: Dtype = "float32", _device: torch.device) -> Tensor:
    """A matrix (N, M), or (N, N) without ``M``: ones on the ``k``-th diagonal, zeros elsewhere."""
    if N < 0:
        raise ValueError(f"N must not be negative, but got {N}")
    result = torch.zeros(N, M if M > 0 else N, dtype=dtypes.by_name[dtype].torch, device=_device)
    result.diagonal(k).fill_(1)
    return result
