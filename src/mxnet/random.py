"""``mx.random``: seeds, and the functions of ``mx.nd.random``."""

from __future__ import annotations

from . import context
from .base import integer_types
from .context import Context
from .ndarray.random import (
    exponential,
    gamma,
    generalized_negative_binomial,
    multinomial,
    negative_binomial,
    normal,
    poisson,
    randint,
    randn,
    shuffle,
    uniform,
)
from .ops.random import generators

__all__ = [
    "exponential", "gamma", "generalized_negative_binomial", "multinomial", "negative_binomial", "normal", "poisson",
    "randint", "randn", "seed", "shuffle", "uniform",
]  # fmt: skip


def seed(seed_state: int, ctx: Context | str = "all") -> None:
    """Restart the random numbers, so that they repeat.

    seed_state: any integer. ctx: the context whose numbers restart; by default all of them do, each with a stream of
    its own. The same seed given to single contexts gives them the same stream. Raises ValueError for a seed that is no
    integer.
    """
    if not isinstance(seed_state, integer_types):
        raise ValueError(f"seed_state must be int, but got {seed_state!r}.")
    generators.seed(int(seed_state), None if ctx == "all" else context.resolve(ctx))
