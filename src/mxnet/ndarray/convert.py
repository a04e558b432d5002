"""From whatever users give as values (numbers, nested lists, NumPy arrays, tensors) to torch tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..dtypes import DType, by_name

__all__ = ["to_tensor"]

_FAMILIAR = {np.dtype(row.numpy) for row in by_name.values() if row.torch is not torch.bfloat16}


def to_tensor(values: Any, dtype: DType, copy: bool = True) -> torch.Tensor:
    """The values as a tensor of this dtype; with ``copy=False`` it may share their memory.

    Converts as NumPy does: fractions are cut and integers wrap where the dtype asks for it, None is NaN.
    Raises TypeError for what holds no numbers, and for complex ones.
    """
    if isinstance(values, torch.Tensor):
        return values.detach().to(dtype.torch, copy=copy, memory_format=torch.contiguous_format)
    try:
        array = np.asarray(values)
        if array.dtype not in _FAMILIAR:
            array = _familiar(array, dtype)
    except (TypeError, ValueError):
        raise TypeError(f"expected numbers (an array, nested lists of equal lengths), but got {values!r:.80}") from None
    if not (array.flags.c_contiguous and array.flags.writeable):
        array = array.copy()
    return torch.from_numpy(array).to(dtype.torch, copy=copy)


def _familiar(array: np.ndarray, dtype: DType) -> np.ndarray:
    """NumPy's conversion of what torch cannot take: other byte orders, long doubles, texts, objects such as None."""
    if array.dtype.kind == "c":
        raise TypeError
    with np.errstate(all="ignore"):
        return array.astype(np.float32 if dtype.torch is torch.bfloat16 else dtype.numpy)
