"""What mixed precision needs: whether gradients are finite, and one dtype for several arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ...dtypes import DType
from ..checks import need_count, need_float
from ..registry import operator

__all__: list[str] = []


def _onto(old: Tensor, finite: Tensor, *, init_output: bool, **_: Any) -> Tensor:
    """Without ``init_output``, a 0 that is there already stays: several calls answer one question."""
    return finite if init_output else old * finite


def _finite(*arrays: Tensor) -> Tensor:
    """1 or 0 as a float32 array (1,). The extremes of an array tell it: they are nan where any element is."""
    extremes = [value.isfinite() for a in arrays if a.numel() for value in torch.aminmax(a)]
    if not extremes:
        return arrays[0].new_ones(1, dtype=torch.float32)
    return torch.stack(extremes).all().float().reshape(1)


@operator("all_finite", types="T -> float32", accumulate=_onto, differentiable=False)
def all_finite(data: Tensor, *, init_output: bool = True) -> Tensor:
    """1 if all elements are finite, else 0, as a float32 array (1,).

    Without ``init_output``, the result is multiplied by what ``out`` holds.
    """
    need_float(data)
    return _finite(data)


@operator("multi_all_finite", types="[T]* -> float32", accumulate=_onto, mixed=True, differentiable=False)
def multi_all_finite(*data: Tensor, num_arrays: int = 1, init_output: bool = True) -> Tensor:
    """1 if all elements of ``num_arrays`` arrays are finite, else 0, as ``all_finite`` says for one array."""
    need_count("num_arrays", num_arrays, data)
    for array in data:
        need_float(array)
    return _finite(*data)


def _multicast(*, cast_narrow: bool, _inputs: Sequence[DType | None], **_: Any) -> str:
    """The signature, which needs to know all inputs."""
    if None in _inputs:
        return "[T]* -> [S]*"
    floats = [d.name for d in _inputs if d and d.name in ("float16", "bfloat16", "float32")]
    if len(set(floats)) < 2:
        return "[T]* -> [T]*"
    target = next(name for name in floats if name != "float32") if cast_narrow else "float32"
    return f"[T]* -> [{target}(T)]*"


@operator(
    "amp_multicast", types=_multicast, outputs=lambda num_outputs, **_: num_outputs, mixed=True, may_return_input=True
)
def amp_multicast(*data: Tensor, num_outputs: int, cast_narrow: bool = False) -> Tensor | tuple[Tensor, ...]:
    """Arrays of float32, float16 and bfloat16 in one dtype: float32 where they differ, the half one if ``cast_narrow``.

    Arrays of other dtypes pass as they are.
    """
    need_count("num_outputs", num_outputs, data)
    floats = [a.dtype for a in data if a.is_floating_point() and a.dtype.itemsize < 8]
    if len(set(floats)) < 2:
        return data if num_outputs > 1 else data[0]
    target = next(d for d in floats if d.itemsize == 2) if cast_narrow else torch.float32
    return tuple(a.to(target) if a.is_floating_point() and a.dtype.itemsize < 8 else a for a in data)
