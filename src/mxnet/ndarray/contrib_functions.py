"""What ``mx.nd.contrib`` offers beside operators: control flow, Zipfian draws, tests for NaN and infinity,
AdamW and LAMB.
"""

from __future__ import annotations

from typing import Any

from .. import context
from ..ops.optimizer.wrappers import Updates
from ..ops.random import zipfian
from .control import cond, foreach, while_loop
from .creation import full
from .face import face
from .ndarray import NDArray

__all__ = [
    "adamw_update",
    "cond",
    "foreach",
    "isfinite",
    "isinf",
    "isnan",
    "mp_adamw_update",
    "multi_adamw_update",
    "multi_lamb_update",
    "multi_mp_adamw_update",
    "multi_mp_lamb_update",
    "rand_zipfian",
    "while_loop",
]


def rand_zipfian(
    true_classes: NDArray, num_sampled: int, range_max: int, ctx: context.Context | None = None
) -> tuple[NDArray, NDArray, NDArray]:
    """Classes drawn from the log-uniform distribution over 0 ... ``range_max`` - 1, with replacement.

    Returns the ``num_sampled`` classes, int64, and how often each of the ``true_classes`` and of the sampled ones is
    expected among them, float64. Class k has the probability ``log((k + 2) / (k + 1)) / log(range_max + 1)``.
    """
    ctx = context.resolve(ctx)
    return zipfian.rand_zipfian(face, true_classes.as_in_context(ctx), num_sampled, range_max, ctx=str(ctx))


def isnan(data: NDArray) -> NDArray:
    """1 where ``data`` is not a number, else 0, in its dtype."""
    return data != data


def isfinite(data: NDArray) -> NDArray:
    """1 where ``data`` is neither infinite nor NaN, else 0, in its dtype."""
    return (data - data) == 0


def isinf(data: NDArray) -> NDArray:
    """1 where ``data`` is infinite, of either sign, else 0, in its dtype."""
    return (data == data) - isfinite(data)


def _scale(value: Any, weight: NDArray) -> NDArray:
    return (value if isinstance(value, NDArray) else full((1,), value)).as_in_context(weight.ctx)


_updates = Updates(face, _scale)
adamw_update = _updates.adamw_update
mp_adamw_update = _updates.mp_adamw_update
multi_adamw_update = _updates.multi_adamw_update
multi_mp_adamw_update = _updates.multi_mp_adamw_update
multi_lamb_update = _updates.multi_lamb_update
multi_mp_lamb_update = _updates.multi_mp_lamb_update
