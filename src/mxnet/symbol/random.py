"""``mx.sym.random``: draws from distributions in a graph; fresh ones each time it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..base import _Null
from ..ops.random.distributions import Distributions
from .face import face
from .symbol import Symbol

__all__ = [
    "exponential",
    "exponential_like",
    "gamma",
    "gamma_like",
    "generalized_negative_binomial",
    "generalized_negative_binomial_like",
    "multinomial",
    "negative_binomial",
    "negative_binomial_like",
    "normal",
    "normal_like",
    "poisson",
    "poisson_like",
    "randint",
    "randn",
    "shuffle",
    "uniform",
    "uniform_like",
]

_draws = Distributions(face, Symbol)
exponential = _draws.exponential
exponential_like = _draws.exponential_like
gamma = _draws.gamma
gamma_like = _draws.gamma_like
generalized_negative_binomial = _draws.generalized_negative_binomial
generalized_negative_binomial_like = _draws.generalized_negative_binomial_like
negative_binomial = _draws.negative_binomial
negative_binomial_like = _draws.negative_binomial_like
normal = _draws.normal
normal_like = _draws.normal_like
poisson = _draws.poisson
poisson_like = _draws.poisson_like
randint = _draws.randint
randn = _draws.randn
shuffle = _draws.shuffle
uniform = _draws.uniform
uniform_like = _draws.uniform_like


def multinomial(
    data: Symbol, shape: int | Sequence[int] = _Null, get_prob: bool = True, dtype: Any = "int32", **kwargs: Any
) -> Symbol:
    """Indices drawn with the probabilities in the last axis of ``data``, as ``mx.nd.random.multinomial`` draws them.

    Here the logarithms of their probabilities come with them by default.
    """
    return _draws.multinomial(data, shape, get_prob, None, dtype, **kwargs)
