"""Symbols without inputs: constants and ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .face import face
from .symbol import Symbol

__all__ = ["arange", "eye", "full", "linspace", "ones", "zeros"]

_default = np.float32


def zeros(shape: int | Sequence[int], dtype: Any = None, **kwargs: Any) -> Symbol:
    """An array of zeros; float32 by default."""
    return face("_zeros")(shape=shape, dtype=dtype or _default, **kwargs)


def ones(shape: int | Sequence[int], dtype: Any = None, **kwargs: Any) -> Symbol:
    """An array of ones; float32 by default."""
    return face("_ones")(shape=shape, dtype=dtype or _default, **kwargs)


def full(shape: int | Sequence[int], val: float, dtype: Any = None, **kwargs: Any) -> Symbol:
    """An array filled with one value; float32 by default."""
    return face("_full")(shape=shape, dtype=dtype or _default, value=float(val), **kwargs)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    name: str | None = None,
    dtype: Any = None,
) -> Symbol:
    """Numbers from ``start`` up to but without ``stop`` (from 0 to ``start`` when alone), each ``repeat`` times."""
    if stop is None:
        start, stop = 0, start
    return face("_arange")(
        start=start, stop=stop, step=step, repeat=repeat, infer_range=infer_range, name=name, dtype=dtype or _default
    )


def linspace(
    start: float, stop: float, num: int, endpoint: bool = True, name: str | None = None, dtype: Any = None
) -> Symbol:
    """``num`` evenly spaced numbers from ``start`` to ``stop``."""
    return face("_linspace")(start=start, stop=stop, num=num, endpoint=endpoint, name=name, dtype=dtype or _default)


def eye(N: int, M: int = 0, k: int = 0, dtype: Any = None, **kwargs: Any) -> Symbol:
    """A matrix (N, M), square for M = 0, with ones on the k-th diagonal and zeros elsewhere."""
    return face("_eye")(N=N, M=M, k=k, dtype=dtype or _default, **kwargs)
