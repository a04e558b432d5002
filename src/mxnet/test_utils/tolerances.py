"""How far results may be from each other: relative and absolute tolerances by dtype.

Two numbers agree when ``|a - b| <= atol + rtol * |b|``. Where no tolerance is given, the less precise of the two
dtypes decides.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..context import compute_capability
from ..dtypes import bfloat16
from ..ndarray import NDArray

__all__ = [
    "default_atols",
    "default_numeric_eps",
    "default_rtols",
    "effective_dtype",
    "get_atol",
    "get_etol",
    "get_rtol",
    "get_tolerance",
    "get_tols",
]

Tolerance = float | Mapping[np.dtype, float] | None

_EXACT = dict.fromkeys(map(np.dtype, ("bool", "int8", "uint8", "int32", "uint32", "int64", "uint64")), 0)
_FLOATS = tuple(map(np.dtype, ("float16", "float32", "float64")))
_FLOAT64 = _FLOATS[-1]


def default_rtols() -> dict[np.dtype, float]:
    """Relative tolerances; 0 for integers."""
    return dict(zip(_FLOATS, (1e-2, 1e-4, 1e-5), strict=True)) | _EXACT


def default_atols() -> dict[np.dtype, float]:
    """Absolute tolerances; 0 for integers."""
    return dict(zip(_FLOATS, (1e-1, 1e-3, 1e-20), strict=True)) | _EXACT


def default_numeric_eps() -> dict[np.dtype, float]:
    """Steps of finite differences: powers of two, so that adding one loses as little as possible."""
    return dict(zip(_FLOATS, (2.0**-6, 2.0**-9, 2.0**-14), strict=True))


def get_rtol(rtol: Any = None, dtype: Any = _FLOAT64) -> Any:
    """``rtol``, or the default of a dtype where it is None. KeyError for a dtype without one."""
    return default_rtols()[np.dtype(dtype)] if rtol is None else rtol


def get_atol(atol: Any = None, dtype: Any = _FLOAT64) -> Any:
    """``atol``, or the default of a dtype where it is None. KeyError for a dtype without one."""
    return default_atols()[np.dtype(dtype)] if atol is None else atol


def get_etol(etol: float | None = None) -> float:
    """The fraction of elements that may differ: ``etol``, or 0."""
    return 0 if etol is None else etol


def effective_dtype(dat: Any) -> np.dtype:
    """The dtype whose precision an array really has.

    bfloat16 counts as float16, and so does float32 on a GPU with TF32 (compute capability 8.0 and later), whose
    convolutions round their inputs to 10 bits; ``NVIDIA_TF32_OVERRIDE=0`` switches that off, there and here.
    """
    dtype = np.dtype(dat.dtype)
    if dtype == bfloat16:
        return np.dtype("float16")
    if dtype == np.float32 and isinstance(dat, NDArray) and dat.ctx.device_type == "gpu":
        rounds = os.environ.get("NVIDIA_TF32_OVERRIDE") != "0" and compute_capability(dat.ctx) >= 80
        return np.dtype("float16") if rounds else dtype
    return dtype


def get_tolerance(dat: Any, tol: Tolerance, default_tol: Mapping[np.dtype, float]) -> float:
    """A tolerance for an array: ``tol`` if it is a number, what it says of the array's dtype if it is a dictionary,
    else the default. KeyError for a dtype without one.
    """
    if tol is not None and not isinstance(tol, Mapping):
        return tol
    dtype = effective_dtype(dat)
    for table in (tol or {}, default_tol):
        if dtype in table:
            return table[dtype]
    raise KeyError(f"{dtype} has no default tolerance: give rtol and atol")


def get_tols(x: Any, y: Any, rtol: Tolerance, atol: Tolerance) -> tuple[float, float]:
    """(rtol, atol) for comparing two arrays or numbers: the larger of what each asks for."""
    x, y = (each if hasattr(each, "dtype") else np.asarray(each) for each in (x, y))
    rtols, atols = default_rtols(), default_atols()
    return (
        max(get_tolerance(x, rtol, rtols), get_tolerance(y, rtol, rtols)),
        max(get_tolerance(x, atol, atols), get_tolerance(y, atol, atols)),
    )
