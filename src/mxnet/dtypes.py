"""Data types: MXNet's names and file codes, NumPy's types and torch's dtypes, in one table."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

__all__ = ["DType", "by_code", "by_name", "by_torch", "resolve"]


class DType(NamedTuple):
    """One element type under its four names."""

    name: str
    code: int  # in .params files and in MXNet's C API
    torch: torch.dtype
    numpy: Any  # what NDArray.dtype returns: a NumPy scalar type, or NumPy's stand-in for bfloat16

    @property
    def itemsize(self) -> int:
        return self.torch.itemsize


# MXNet's own stand-in: NumPy knows no bfloat16.
bfloat16 = np.dtype([("bfloat16", np.uint16)])

TABLE = (
    DType("float32", 0, torch.float32, np.float32),
    DType("float64", 1, torch.float64, np.float64),
    DType("float16", 2, torch.float16, np.float16),
    DType("uint8", 3, torch.uint8, np.uint8),
    DType("int32", 4, torch.int32, np.int32),
    DType("int8", 5, torch.int8, np.int8),
    DType("int64", 6, torch.int64, np.int64),
    DType("bool", 7, torch.bool, np.bool_),
    DType("bfloat16", 12, torch.bfloat16, bfloat16),
)
by_code = {d.code: d for d in TABLE}
by_name = {d.name: d for d in TABLE}
by_torch = {d.torch: d for d in TABLE}

# Whatever resolve() was asked before; keeps the per-call cost at one dictionary lookup.
_resolved: dict[Any, DType] = {None: by_name["float32"]}
_resolved.update({d.torch: d for d in TABLE})
_resolved.update({d.name: d for d in TABLE})


def resolve(dtype: Any) -> DType:
    """The table's row for whatever users write as a dtype: a name, a NumPy type or dtype, a torch dtype, None
    (float32).

    Raises TypeError, naming the types that exist, for anything else.
    """
    try:
        return _resolved[dtype]
    except (KeyError, TypeError):
        pass
    try:
        name = "bfloat16" if dtype == bfloat16 else np.dtype(dtype).name
        row = by_name[name]
    except (KeyError, SyntaxError, TypeError, ValueError):  # NumPy parses text
        raise TypeError(f"data type {dtype!r} is not supported. Use one of {', '.join(by_name)}.") from None
    try:
        _resolved[dtype] = row
    except TypeError:  # unhashable spelling, such as a list describing a NumPy dtype
        pass
    return row
