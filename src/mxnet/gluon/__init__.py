"""Gluon: networks as Python objects, made of blocks, trained with autograd."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from . import data, loss, nn, rnn, utils
from .block import Block, HybridBlock, SymbolBlock
from .parameter import Constant, DeferredInitializationError, Parameter, ParameterDict, tensor_types
from .trainer import Trainer

__all__ = [
    "Block",
    "Constant",
    "DeferredInitializationError",
    "HybridBlock",
    "Parameter",
    "ParameterDict",
    "SymbolBlock",
    "Trainer",
    "contrib",
    "data",
    "loss",
    "nn",
    "rnn",
    "tensor_types",
    "utils",
]

if TYPE_CHECKING:
    from . import contrib
else:

    def __getattr__(name: str) -> ModuleType:
        if name == "contrib":  # which few programs ask for
            return importlib.import_module(".contrib", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
