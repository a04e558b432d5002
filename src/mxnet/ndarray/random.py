"""``mx.nd.random``: draws from distributions, whose parameters are numbers or arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import context
from ..base import _Null, numeric_types
from ..context import Context
from .face import face
from .ndarray import NDArray

__all__ = [
    "exponential", "exponential_like", "gamma", "gamma_like", "generalized_negative_binomial",
    "generalized_negative_binomial_like", "multinomial", "negative_binomial", "negative_binomial_like", "normal",
    "normal_like", "poisson", "poisson_like", "randint", "randn", "shuffle", "uniform", "uniform_like",
]  # fmt: skip

Shape = int | Sequence[int]
Parameter = float | NDArray


def _draw(
    name: str,
    parameters: dict[str, Any],
    inputs: Sequence[str],
    shape: Any,
    dtype: Any,
    ctx: Any,
    out: Any,
    kwargs: dict,
) -> Any:
    """Call ``_sample_<name>`` for parameters that are arrays, ``_random_<name>`` for numbers.

    ``inputs``: what the arrays are called there.
    """
    kinds = {NDArray if isinstance(p, NDArray) else type(p) for p in parameters.values()}
    if NDArray in kinds:
        if len(kinds) > 1:
            raise AssertionError(
                f"{name}: distribution parameters must all have the same type, but got "
                + " and ".join(f"{n} {type(p).__name__}" for n, p in parameters.items())
            )
        arrays = dict(zip(inputs, parameters.values(), strict=True))
        return face(f"_sample_{name}")(**arrays, shape=shape, dtype=dtype, out=out, **kwargs)
    for parameter, value in parameters.items():
        if not isinstance(value, numeric_types):
            raise ValueError(
                f"{name}: distribution parameters must be either NDArray or numbers, but {parameter} is {value!r}."
            )
    return _fill(name, parameters, shape, dtype, ctx, out, kwargs)


def _fill(
    name: str, parameters: dict[str, Any], shape: Any, dtype: Any, ctx: Context | None, out: Any, kwargs: dict[str, Any]
) -> NDArray:
    """Call ``_random_<name>``. Without ``shape``, ``dtype`` and ``ctx`` those of ``out`` hold, if it is there."""
    if out is not None:
        shape = out.shape if shape is _Null else shape
        dtype = out.dtype if dtype is _Null else dtype
        ctx = out.ctx if ctx is None else ctx
    shape = 1 if shape is _Null else shape
    where = str(context.resolve(ctx))
    return face(f"_random_{name}")(**parameters, shape=shape, dtype=dtype, ctx=where, out=out, **kwargs)


def uniform(
    low: Parameter = 0,
    high: Parameter = 1,
    shape: Shape = _Null,
    dtype: Any = _Null,
    ctx: Context | None = None,
    out: NDArray | None = None,
    **kwargs: Any,
) -> NDArray:
    """Draws from the uniform distribution on [low, high).

    low, high: numbers, or arrays of one shape; then ``shape`` draws for each element, along new axes at the end. dtype:
    float32 by default. Raises MXNetError for low > high.
    """
    return _draw("uniform", {"low": low, "high": high}, ("low", "high"), shape, dtype, ctx, out, kwargs)


def normal(
    loc: Parameter = 0,
    scale: Parameter = 1,
    shape: Shape = _Null,
    dtype: Any = _Null,
    ctx: Context | None = None,
    out: NDArray | None = None,
    **kwargs: Any,
) -> NDArray:
    """Draws from the normal distribution with mean ``loc`` and standard deviation ``scale`` > 0.

    Both are numbers or arrays, as in ``uniform``.
    """
    return _draw("normal", {"loc": loc, "scale": scale}, ("mu", "sigma"), shape, dtype, ctx, out, kwargs)


def randn(*shape: int, **kwargs: Any) -> NDArray:
    """Draws from a normal distribution, in this shape. Keywords: loc=0, scale=1, dtype, ctx, out."""
    loc, scale = kwargs.pop("loc", 0), kwargs.pop("scale", 1)
    return normal(
        loc, scale, shape, kwargs.pop("dtype", _Null), kwargs.pop("ctx", None), kwargs.pop("out", None), **kwargs
    )


def exponential(
    scale: Parameter = 1,
    shape: Shape = _Null,
    dtype: Any = _Null,
    ctx: Context | None = None,
    out: NDArray | None = None,
    **kwargs: Any,
) -> NDArray:
    """Draws from the exponential distribution with mean ``scale`` > 0, a number or an array, as in ``uniform``."""
    if not isinstance(scale, (NDArray, *numeric_types)):
        raise TypeError(f"exponential: scale must be a number or an NDArray, but is {scale!r}.")
    return _draw("exponential", {"lam": 1.0 / scale}, ("lam",), shape, dtype, ctx, out, kwargs)


def gamma(
    alpha: Parameter = 1,
    beta: Parameter = 1,
    shape: Shape = _Null,
    dtype: Any = _Null,
    ctx: Context | None = None,
    out: NDArray | None = None,
    **kwargs: Any,
) -> NDArray:
    """Draws from the gamma distribution with shape ``alpha`` and scale ``beta``, both > 0.

    Both are numbers or arrays, as in ``uniform``.
    """
    return _draw("gamma", {"alpha": alpha, "beta": beta}, ("alpha", "beta"), shape, dtype, ctx, out, kwargs)


def poisson(
    lam: Parameter = 1,
    shape: Shape = _Null,
    dtype: Any = _Null,
    ctx: Context | None = None,
    out: NDArray | None = None,
    **kwargs: Any,
) -> NDArray:
    """Draws from the Poisson distribution with rate ``lam`` >= 0, a number or an array, as in ``uniform``."""
    return _draw("poisson", {"lam": lam}, ("lam",), shape, dtype, ctx, out, kwargs)


def negative_binomial(
    k: Parameter = 1,
    p: Parameter = 1,
    shape: Shape = _Null,
    dtype: Any = _Null,
    ctx: Context | None = None,
    out: NDArray | None = None,
    **kwargs: Any,
) -> NDArray:
    """Draws of the number of failures before ``k`` successes of probability ``p``.

    Both are numbers or arrays, as in ``uniform``.
    """
    return _draw("negative_binomial", {"k": k, "p": p}, ("k", "p"), shape, dtype, ctx, out, kwargs)


def generalized_negative_binomial(
    mu: Parameter = 1,
    alpha: Parameter = 1,
    shape: Shape = _Null,
    dtype: Any = _Null,
    ctx: Context | None = None,
    out: NDArray | None = None,
    **kwargs: Any,
) -> NDArray:
    """Draws from the negative binomial distribution with mean ``mu`` and variance ``mu + alpha * mu**2``.

    Both are numbers or arrays, as in ``uniform``.
    """
    parameters = {"mu": mu, "alpha": alpha}
    return _draw("generalized_negative_binomial", parameters, ("mu", "alpha"), shape, dtype, ctx, out, kwargs)


def randint(
    low: int,
    high: int,
    shape: Shape = _Null,
    dtype: Any = _Null,
    ctx: Context | None = None,
    out: NDArray | None = None,
    **kwargs: Any,
) -> NDArray:
    """Integers from ``low`` up to but without ``high``; dtype: int32 (the default) or int64."""
    return _fill("randint", {"low": low, "high": high}, shape, dtype, ctx, out, kwargs)


def multinomial(
    data: NDArray,
    shape: Shape = _Null,
    get_prob: bool = False,
    out: NDArray | None = None,
    dtype: Any = "int32",
    **kwargs: Any,
) -> NDArray | list[NDArray]:
    """Indices drawn with the probabilities in the last axis of ``data``; with ``get_prob`` also their logarithms.

    data: (..., K) · returns (..., *shape). The logarithms carry a gradient to data, which is what policy gradients
    need.
    """
    return face("_sample_multinomial")(data, shape=shape, get_prob=get_prob, dtype=dtype, out=out, **kwargs)


def shuffle(data: NDArray, **kwargs: Any) -> NDArray:
    """A copy of ``data`` with its rows, along the first axis, in random order."""
    return face("_shuffle")(data, **kwargs)


uniform_like = face("_random_uniform_like")
normal_like = face("_random_normal_like")
gamma_like = face("_random_gamma_like")
exponential_like = face("_random_exponential_like")
poisson_like = face("_random_poisson_like")
negative_binomial_like = face("_random_negative_binomial_like")
generalized_negative_binomial_like = face("_random_generalized_negative_binomial_like")
