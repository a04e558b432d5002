"""What ``mx.sym.contrib`` offers beside operators: control flow, Zipfian draws, AdamW."""

from __future__ import annotations

from typing import Any

from ..ops.optimizer.wrappers import Updates
from ..ops.random import zipfian
from .control import cond, foreach, while_loop
from .creation import full
from .face import face
from .symbol import Symbol

__all__ = [
    "adamw_update",
    "cond",
    "foreach",
    "mp_adamw_update",
    "rand_zipfian",
    "while_loop",
]


def rand_zipfian(true_classes: Symbol, num_sampled: int, range_max: int) -> tuple[Symbol, Symbol, Symbol]:
    """Classes drawn from the log-uniform distribution over 0 ... ``range_max`` - 1, with replacement.

    Returns the ``num_sampled`` classes, int64, and how often each of the ``true_classes`` and of the sampled ones is
    expected among them, float64. Class k has the probability ``log((k + 2) / (k + 1)) / log(range_max + 1)``.
    """
    return zipfian.rand_zipfian(face, true_classes, num_sampled, range_max)


def _scale(value: Any, weight: Symbol) -> Symbol:
    return value if isinstance(value, Symbol) else full((1,), value)


_updates = Updates(face, _scale)
adamw_update = _updates.adamw_update
mp_adamw_update = _updates.mp_adamw_update
