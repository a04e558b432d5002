"""Draws from distributions, as ``mx.nd.random`` and ``mx.sym.random`` offer them: written once, for both faces.

Parameters are numbers, or arrays (symbols) of one shape; then there are ``shape`` draws for each element, along new
axes at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...base import _Null, numeric_types
from ...context import Context

__all__ = ["Distributions"]

Shape = int | Sequence[int]
Parameter = Any  # a number, an NDArray or a Symbol


class Distributions:
    """The functions of a ``random`` module.

    Parameters
    ----------
    face : callable
        From an operator's name to its face.
    array : type
        What that face computes with.
    """

    def __init__(self, face: Callable[[str], Callable], array: type) -> None:
        self._face, self._array = face, array
        self.uniform_like = face("_random_uniform_like")
        self.normal_like = face("_random_normal_like")
        self.gamma_like = face("_random_gamma_like")
        self.exponential_like = face("_random_exponential_like")
        self.poisson_like = face("_random_poisson_like")
        self.negative_binomial_like = face("_random_negative_binomial_like")
        self.generalized_negative_binomial_like = face("_random_generalized_negative_binomial_like")

    def _draw(
        self,
        name: str,
        parameters: dict[str, Any],
        inputs: Sequence[str],
        shape: Any,
        dtype: Any,
        ctx: Context | None,
        out: Any,
        kwargs: dict[str, Any],
    ) -> Any:
        """Call ``_sample_<name>`` for parameters that are arrays, ``_random_<name>`` for numbers.

        ``inputs``: what the arrays are called there.
        """
        kinds = {self._array if isinstance(p, self._array) else type(p) for p in parameters.values()}
        if self._array in kinds:
            if len(kinds) > 1:
                raise AssertionError(
                    f"{name}: distribution parameters must all have the same type, but got "
                    + " and ".join(f"{n} {type(p).__name__}" for n, p in parameters.items())
                )
            arrays = dict(zip(inputs, parameters.values(), strict=True))
            return self._face(f"_sample_{name}")(**arrays, shape=shape, dtype=dtype, out=out, **kwargs)
        for parameter, value in parameters.items():
            if not isinstance(value, numeric_types):
                raise ValueError(
                    f"{name}: distribution parameters must be either {self._array.__name__} or numbers, "
                    f"but {parameter} is {value!r}."
                )
        return self._fill(name, parameters, shape, dtype, ctx, out, kwargs)

    def _fill(
        self,
        name: str,
        parameters: dict[str, Any],
        shape: Any,
        dtype: Any,
        ctx: Context | None,
        out: Any,
        kwargs: dict[str, Any],
    ) -> Any:
        """Call ``_random_<name>``."""
        where = _Null if ctx is None else str(ctx)
        return self._face(f"_random_{name}")(**parameters, shape=shape, dtype=dtype, ctx=where, out=out, **kwargs)

    def uniform(
        self,
        low: Parameter = 0,
        high: Parameter = 1,
        shape: Shape = _Null,
        dtype: Any = _Null,
        ctx: Context | None = None,
        out: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Draws from the uniform distribution on [low, high).

        low, high: numbers, or arrays of one shape; then ``shape`` draws for each element, along new axes at the end.
        dtype: float32 by default. Raises MXNetError for low > high.
        """
        return self._draw("uniform", {"low": low, "high": high}, ("low", "high"), shape, dtype, ctx, out, kwargs)

    def normal(
        self,
        loc: Parameter = 0,
        scale: Parameter = 1,
        shape: Shape = _Null,
        dtype: Any = _Null,
        ctx: Context | None = None,
        out: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Draws from the normal distribution with mean ``loc`` and standard deviation ``scale`` > 0.

        Both are numbers or arrays, as in ``uniform``.
        """
        return self._draw("normal", {"loc": loc, "scale": scale}, ("mu", "sigma"), shape, dtype, ctx, out, kwargs)

    def randn(self, *shape: int, **kwargs: Any) -> Any:
        """Draws from a normal distribution, in this shape. Keywords: loc=0, scale=1, dtype, ctx, out."""
        loc, scale = kwargs.pop("loc", 0), kwargs.pop("scale", 1)
        return self.normal(
            loc, scale, shape, kwargs.pop("dtype", _Null), kwargs.pop("ctx", None), kwargs.pop("out", None), **kwargs
        )

    def exponential(
        self,
        scale: Parameter = 1,
        shape: Shape = _Null,
        dtype: Any = _Null,
        ctx: Context | None = None,
        out: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Draws from the exponential distribution with mean ``scale`` > 0, a number or an array, as in ``uniform``."""
        try:
            rate = 1.0 / scale
        except TypeError:
            raise TypeError(f"exponential: scale must be a number or an array, but is {scale!r}.") from None
        return self._draw("exponential", {"lam": rate}, ("lam",), shape, dtype, ctx, out, kwargs)

    def gamma(
        self,
        alpha: Parameter = 1,
        beta: Parameter = 1,
        shape: Shape = _Null,
        dtype: Any = _Null,
        ctx: Context | None = None,
        out: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Draws from the gamma distribution with shape ``alpha`` and scale ``beta``, both > 0.

        Both are numbers or arrays, as in ``uniform``.
        """
        return self._draw("gamma", {"alpha": alpha, "beta": beta}, ("alpha", "beta"), shape, dtype, ctx, out, kwargs)

    def poisson(
        self,
        lam: Parameter = 1,
        shape: Shape = _Null,
        dtype: Any = _Null,
        ctx: Context | None = None,
        out: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Draws from the Poisson distribution with rate ``lam`` >= 0, a number or an array, as in ``uniform``."""
        return self._draw("poisson", {"lam": lam}, ("lam",), shape, dtype, ctx, out, kwargs)

    def negative_binomial(
        self,
        k: Parameter = 1,
        p: Parameter = 1,
        shape: Shape = _Null,
        dtype: Any = _Null,
        ctx: Context | None = None,
        out: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Draws of the number of failures before ``k`` successes of probability ``p``.

        Both are numbers or arrays, as in ``uniform``.
        """
        return self._draw("negative_binomial", {"k": k, "p": p}, ("k", "p"), shape, dtype, ctx, out, kwargs)

    def generalized_negative_binomial(
        self,
        mu: Parameter = 1,
        alpha: Parameter = 1,
        shape: Shape = _Null,
        dtype: Any = _Null,
        ctx: Context | None = None,
        out: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Draws from the negative binomial distribution with mean ``mu`` and variance ``mu + alpha * mu**2``.

        Both are numbers or arrays, as in ``uniform``.
        """
        parameters = {"mu": mu, "alpha": alpha}
        return self._draw("generalized_negative_binomial", parameters, ("mu", "alpha"), shape, dtype, ctx, out, kwargs)

    def randint(
        self,
        low: int,
        high: int,
        shape: Shape = _Null,
        dtype: Any = _Null,
        ctx: Context | None = None,
        out: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Integers from ``low`` up to but without ``high``; dtype: int32 (the default) or int64."""
        if isinstance(low, self._array) or isinstance(high, self._array):
            raise TypeError(f"randint: low and high must be numbers, but are {low!r} and {high!r}.")
        return self._draw("randint", {"low": low, "high": high}, (), shape, dtype, ctx, out, kwargs)

    def multinomial(
        self,
        data: Any,
        shape: Shape = _Null,
        get_prob: bool = False,
        out: Any = None,
        dtype: Any = "int32",
        **kwargs: Any,
    ) -> Any:
        """Indices drawn with the probabilities in the last axis of ``data``; with ``get_prob`` also their logarithms.

        data: (..., K) · returns (..., *shape). The logarithms carry a gradient to data, which is what policy gradients
        need.
        """
        return self._face("_sample_multinomial")(data, shape=shape, get_prob=get_prob, dtype=dtype, out=out, **kwargs)

    def shuffle(self, data: Any, **kwargs: Any) -> Any:
        """A copy of ``data`` with its rows, along the first axis, in random order."""
        return self._face("_shuffle")(data, **kwargs)
