"""``mx.nd.random``: draws from distributions, whose parameters are numbers or arrays."""

from __future__ import annotations

from typing import Any

from .. import context, dtypes
from .._state import state
from ..base import MXNetError, _Null
from ..ops import registry
from ..ops.random.distributions import Distributions
from ..ops.random.generators import generator
from .creation import is_plain
from .face import face
from .ndarray import NDArray, wrap

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


# Distribution -> its operator, and the classes of numbers that it takes without parsing.
_PLAIN: dict[str, tuple[registry.Operator, tuple[type, ...]]] = {
    name: (registry.get(f"_random_{name}"), (int, float))
    for name in ("exponential", "gamma", "generalized_negative_binomial", "normal", "poisson", "uniform")
}
_PLAIN["randint"] = registry.get("_random_randint"), (int,)


class _Eager(Distributions):
    """Without ``shape``, ``dtype`` and ``ctx`` those of ``out`` hold, if it is there."""

    def _draw(
        self, name: str, parameters: Any, inputs: Any, shape: Any, dtype: Any, ctx: Any, out: Any, kwargs: Any
    ) -> NDArray:
        """The short way of ordinary calls: numbers as parameters, at most a shape, the name of a dtype, and ctx."""
        op, classes = _PLAIN.get(name, (None, ()))
        size = (1,) if shape is _Null else (shape,) if shape.__class__ is int else shape
        named = dtype.__class__ is str and dtype in dtypes.by_name
        if (
            op is None
            or out is not None
            or kwargs
            or state.tracing is not None
            or not (named or dtype is _Null)
            or not is_plain(size)
        ):
            return super()._draw(name, parameters, inputs, shape, dtype, ctx, out, kwargs)
        for value in parameters.values():
            if value.__class__ not in classes:
                return super()._draw(name, parameters, inputs, shape, dtype, ctx, out, kwargs)
        ctx = context.current_context() if ctx is None else context.resolve(ctx)
        values = {**parameters, "shape": size, "dtype": dtype if named else None}
        try:
            return wrap(op.function(**values, _rng=generator(ctx), _device=ctx.torch_device), ctx)
        except Exception as error:
            raise op.failure(error, (), values) from None

    def _fill(self, name: str, parameters: Any, shape: Any, dtype: Any, ctx: Any, out: Any, kwargs: Any) -> NDArray:
        if out is not None:
            shape = out.shape if shape is _Null else shape
            if dtype is _Null:
                dtype = out.dtype
            elif dtype is not None and dtypes.resolve(dtype).torch is not out._data.dtype:
                raise MXNetError(f"{name}: dtype={dtype!r} asked for, but out is {dtypes.resolve(out.dtype).name}.")
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
