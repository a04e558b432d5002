"""Layers."""

from __future__ import annotations

from ..block import Block, HybridBlock
from .activations import *  # noqa: F403
from .activations import __all__ as _activations
from .basic_layers import *  # noqa: F403
from .basic_layers import __all__ as _basic
from .conv_layers import *  # noqa: F403
from .conv_layers import __all__ as _conv
from .norm_layers import *  # noqa: F403
from .norm_layers import __all__ as _norm

__all__ = ["Block", "HybridBlock"]
__all__ += [*_activations, *_basic, *_conv, *_norm]
