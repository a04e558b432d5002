"""Recurrent networks: layers that run a whole sequence in one kernel, and cells that make one step."""

from __future__ import annotations

from . import rnn_cell, rnn_layer
from .rnn_cell import *  # noqa: F403
from .rnn_cell import __all__ as _cells
from .rnn_layer import *  # noqa: F403
from .rnn_layer import __all__ as _layers

__all__ = ["rnn_cell", "rnn_layer"]
__all__ += [*_cells, *_layers]
