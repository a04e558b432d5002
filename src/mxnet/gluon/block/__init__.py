"""Blocks: the parts that networks are made of."""

from __future__ import annotations

from ..parameter import DeferredInitializationError
from ..utils import HookHandle
from .base import Block
from .graphs import ShapeInferenceError
from .hybrid import HybridBlock
from .symbol_block import SymbolBlock

__all__ = ["Block", "DeferredInitializationError", "HookHandle", "HybridBlock", "ShapeInferenceError", "SymbolBlock"]

for _class in (Block, HybridBlock, ShapeInferenceError, SymbolBlock):
    _class.__module__ = __name__  # in messages and pickles: where MXNet has them
