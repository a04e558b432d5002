"""``mx.nd.random``: draws from distributions, whose parameters are numbers or arrays."""

from __future__ import annotations

from typing import Any

from .. import context
from ..base import _Null
from ..ops.distributions import Distributions
from .face import face
from .ndarray import NDArray

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


class _Eager(Distributions):
    """Without ``shape``, ``dtype`` and ``ctx`` those of ``out`` hold, if it is there."""

    def _fill(self, name: str, parameters: Any, shape: Any, dtype: Any, ctx: Any, out: Any, kwargs: Any) -> NDArray:
        if out is not None:
            shape = out.shape if shape is _Null else shape
            dtype = out.dtype if dtype is _Null else dtype
            ctx = out.ctx if ctx is None else ctx
        shape = 1 if shape is _Null else shape
        return super()._fill(name, parameters, shape, dtype, context.resolve(ctx), out, kwargs)


_draws = _Eager(face, NDArray)
exponential = _draws.exponential
exponential_like = _draws.exponential_like
gamma = _draws.gamma
gamma_like = _draws.gamma_like
generalized_negative_binomial = _draws.generalized_negative_binomial
generalized_negative_binomial_like = _draws.generalized_negative_binomial_like
multinomial = _draws.multinomial
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
