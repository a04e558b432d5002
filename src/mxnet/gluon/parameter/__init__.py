"""Parameters of networks, and dictionaries of them."""

from __future__ import annotations

from ...base import MXNetError
from ...context import Context, cpu
from ...ndarray import NDArray
from ...symbol import Symbol
from .dictionary import ParameterDict
from .load import ParameterMismatch
from .parameter import Constant, DeferredInitializationError, Parameter

__all__ = [
    "Constant",
    "Context",
    "DeferredInitializationError",
    "MXNetError",
    "Parameter",
    "ParameterDict",
    "ParameterMismatch",
    "cpu",
    "tensor_types",
]

tensor_types = (Symbol, NDArray)

for _class in (Constant, DeferredInitializationError, Parameter, ParameterDict, ParameterMismatch):
    _class.__module__ = __name__  # in messages and pickles: where MXNet has them
