"""Error classes, the "not given" marker and the value types that every other module shares."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["MXNetError", "NotImplementedForSymbol", "NotSupportedForSparseNDArray"]


class MXNetError(RuntimeError):
    """What MXNet's engine raises: wrong shapes, dtypes, contexts, files, graphs."""


class NotImplementedForSymbol(MXNetError):
    """An NDArray function that has no meaning on a symbol, which holds no values."""

    def __init__(self, function: object, alias: str | None = None, *args: object) -> None:
        name = getattr(function, "__name__", function)
        hint = f" (operator {alias})" if alias else ""
        super().__init__(f"Function {name}{hint} is not implemented for Symbol and only available in NDArray.")


class NotSupportedForSparseNDArray(MXNetError):
    """A dense-only function called on a sparse array."""

    def __init__(self, function: object, alias: str | None = None, *args: object) -> None:
        name = getattr(function, "__name__", function)
        hint = f" (operator {alias})" if alias else ""
        super().__init__(f"Function {name}{hint} is not supported for SparseNDArray and only available in NDArray.")


class _NullType:
    """The marker for "argument not given", where None is a value of its own."""

    def __repr__(self) -> str:
        return "_Null"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "_Null"


_Null: Any = _NullType()

numeric_types = (float, int, np.generic)
integer_types = (int, np.integer)
string_types = (str,)
