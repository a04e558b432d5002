"""Blocks: the parts that networks are made of."""

from __future__ import annotations

from ..parameter import DeferredInitializationError
from ..utils import HookHandle
from .base import Block
from .hybrid import HybridBlock, ShapeInferenceError

__all__ = ["Block", "DeferredInitializationError", "HookHandle", "HybridBlock", "ShapeInferenceError"]

for _class in (Block, HybridBlock, ShapeInferenceError):
    _class.__module__ = __name__  # in messages and pickles: where MXNet has them
