"""All cells under the path that MXNet has them at; they live in the modules beside this one."""

from __future__ import annotations

from .cells import GRUCell, LSTMCell, RNNCell
from .modifiers import DropoutCell, ModifierCell, ResidualCell, ZoneoutCell
from .recurrent import HybridRecurrentCell, RecurrentCell
from .sequences import begin_states as _get_begin_state  # noqa: F401 - packages on top of Gluon import these three
from .sequences import format_sequence as _format_sequence  # noqa: F401
from .sequences import mask_sequence as _mask_sequence_variable_length  # noqa: F401
from .stacks import BidirectionalCell, HybridSequentialRNNCell, SequentialRNNCell

__all__ = [
    "BidirectionalCell",
    "DropoutCell",
    "GRUCell",
    "HybridRecurrentCell",
    "HybridSequentialRNNCell",
    "LSTMCell",
    "ModifierCell",
    "RNNCell",
    "RecurrentCell",
    "ResidualCell",
    "SequentialRNNCell",
    "ZoneoutCell",
]
