"""Cells that MXNet calls experimental."""

from __future__ import annotations

from . import conv_rnn_cell, rnn_cell
from .conv_rnn_cell import *  # noqa: F403
from .conv_rnn_cell import __all__ as _convolutional
from .rnn_cell import *  # noqa: F403
from .rnn_cell import __all__ as _others

__all__ = ["conv_rnn_cell", "rnn_cell"]
__all__ += [*_convolutional, *_others]
