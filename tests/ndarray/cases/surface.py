"""What NDArray and the functions beside it are called and take, in MXNet or in Regluon."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

# Names that mx.nd has for its own use.
INTERNAL = {
    "check_boolean_array_dimension", "get_indexing_dispatch_code", "get_oshape_of_gather_nd_op", "imdecode",
    "indexing_key_expand_implicit_axes",
}  # fmt: skip


def parameters(function: Any) -> list[list]:
    """Names and defaults of a function's parameters, without ``self`` and the catch-alls."""
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name != "self" and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            default = [] if parameter.default is parameter.empty else [parameter.default]
            found.append([name, *map(_plain, default)])
    return found


def _plain(default: Any) -> Any:
    """A default as JSON."""
    if isinstance(default, type):
        return np.dtype(default).name if issubclass(default, np.generic) else default.__name__
    return default if default is None or isinstance(default, (bool, int, float, str)) else repr(default)


def surface(mx: Any) -> dict[str, dict]:
    """Methods, properties and special methods of NDArray, and the functions beside it, each with its parameters."""
    members = {n: m for n, m in vars(mx.nd.NDArray).items() if not n.startswith("_") or n.endswith("__")}
    functions = {n: f for n, f in vars(mx.nd.ndarray).items() if inspect.isfunction(f) and not n.startswith("_")}
    own = [n for n, f in functions.items() if f.__module__ == "mxnet.ndarray.ndarray" and n not in INTERNAL]
    return {
        "methods": {n: parameters(m) for n, m in members.items() if inspect.isfunction(m) and not n.startswith("__")},
        "properties": {n: [] for n, m in members.items() if isinstance(m, property)},
        "special": {n: [] for n, m in members.items() if inspect.isfunction(m) and n.startswith("__")},
        "functions": {n: parameters(getattr(mx.nd, n)) for n in own},
    }
