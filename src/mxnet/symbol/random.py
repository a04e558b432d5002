"""``mx.sym.random``: draws from distributions in a graph; fresh ones each time it runs."""

from __future__ import annotations

from functools import partial

from ..ops.distributions import Distributions
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
multinomial = partial(_draws.multinomial, get_prob=True)  # MXNet's default differs from that of mx.nd
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
