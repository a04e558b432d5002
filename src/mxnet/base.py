"""Error classes, the "not given" marker and the value types that every other module shares."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["MXNetError", "NotImplementedForSymbol", "NotSupportedForSparseNDArray", "register_error"]

error_types: dict[str, Any] = {}  # classes of errors by name


def register_error(func_name: Any = None, cls: Any = None) -> Any:
    """Make a class of errors known by a name, in ``error_types``.

    A decorator: ``@register_error``, under the name of the class, or ``@register_error("Name")``; or a call with both.
    """
    if callable(func_name):
        func_name, cls = getattr(func_name, "__name__", str(func_name)), func_name

    def register(cls: Callable) -> Callable:
        error_types[func_name] = cls
        return cls

    return register if cls is None else register(cls)


class MXNetError(RuntimeError):
    """What MXNet's engine raises: wrong shapes, dtypes, contexts, files, graphs."""


@register_error
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


def data_dir_default() -> str:
    """Where downloads go, unless MXNET_HOME says otherwise: the folder .mxnet of the user, MXNet of %APPDATA%."""
    if os.name == "nt":
        return os.path.join(os.environ.get("APPDATA", os.path.expanduser("~")), "mxnet")
    return os.path.join(os.path.expanduser("~"), ".mxnet")


def data_dir() -> str:
    """The folder for downloads: MXNET_HOME, or ``data_dir_default()``."""
    return os.getenv("MXNET_HOME", data_dir_default())


numeric_types = (float, int, np.generic)
integer_types = (int, np.integer)
string_types = (str,)
