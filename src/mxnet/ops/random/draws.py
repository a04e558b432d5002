"""Random numbers. Every draw comes from the generator that the caller supplies, never from torch's global one.

Seven distributions make three operators each: ``_random_<name>`` draws with numbers as parameters,
``_random_<name>_like`` does so in the shape of an array, ``_sample_<name>`` draws ``shape`` times for every element
of arrays of parameters.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from ...dtypes import by_name
from ..attributes import Dtype, Shape
from ..checks import need_float, need_shape
from ..create import legal
from ..registry import operator

__all__: list[str] = []


# ---- draws -----------------------------------------------------------------------------------------------------------


class _Draw(NamedTuple):
    """What a sampler needs besides the parameters, which are numbers, or tensors that broadcast to ``shape``."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device
    rng: torch.Generator | None

    def uniform(self, low: Any, high: Any) -> torch.Tensor:
        if isinstance(low, torch.Tensor):
            return self._standard(torch.rand).mul_(high - low).add_(low)
        if low == 0 and high == 1:
            return self._standard(torch.rand)
        return self._empty().uniform_(low, high, generator=self.rng)

    def normal(self, loc: Any, scale: Any) -> torch.Tensor:
        if isinstance(loc, torch.Tensor):
            return self._standard(torch.randn).mul_(scale).add_(loc)
        if loc == 0 and scale == 1:
            return self._standard(torch.randn)
        return self._empty().normal_(loc, scale, generator=self.rng)

    def exponential(self, lam: Any) -> torch.Tensor:
        return self._empty().exponential_(generator=self.rng).div_(lam)

    def gamma(self, alpha: Any, beta: Any) -> torch.Tensor:
        return (_standard_gamma(self._spread(alpha), self.rng) * beta).to(dtype=self.dtype)

    def poisson(self, lam: Any) -> torch.Tensor:
        return torch.poisson(self._spread(lam), generator=self.rng).to(dtype=self.dtype)

    def negative_binomial(self, k: Any, p: Any) -> torch.Tensor:
        """A Poisson distribution whose rate has the gamma distribution."""
        p = self._spread(p)
        return self.poisson(_standard_gamma(self._spread(k), self.rng) * ((1 - p) / p))

    def generalized_negative_binomial(self, mu: Any, alpha: Any) -> torch.Tensor:
        mu, alpha = self._spread(mu), self._spread(alpha)
        rate = _standard_gamma(1 / alpha, self.rng) * (mu * alpha)
        return self.poisson(torch.where(alpha > 0, rate, mu))

    def _empty(self) -> torch.Tensor:
        return torch.empty(self.shape, dtype=self.dtype, device=self.device)

    def _standard(self, make: Callable[..., torch.Tensor]) -> torch.Tensor:
        """By torch.rand or torch.randn, which need one kernel."""
        return make(self.shape, dtype=self.dtype, device=self.device, generator=self.rng)

    def _spread(self, parameter: Any) -> torch.Tensor:
        """The parameter in every place, in a type that is exact enough to compute with."""
        dtype = torch.float64 if self.dtype is torch.float64 else torch.float32
        return torch.as_tensor(parameter, dtype=dtype, device=self.device).expand(self.shape)


def _standard_gamma(alpha: torch.Tensor, rng: torch.Generator | None) -> torch.Tensor:
    """Draws from the gamma distribution with shape ``alpha`` and scale 1 (Marsaglia and Tsang, 2000).

    Rejection, which accepts at least 95 of 100. nan where alpha is negative or infinite.
    """
    result = torch.full(alpha.shape, torch.nan, dtype=alpha.dtype, device=alpha.device).masked_fill_(alpha == 0, 0)
    if alpha.is_meta:
        return result
    flat, legal_alpha = result.view(-1), alpha.reshape(-1)
    places = ((legal_alpha > 0) & legal_alpha.isfinite()).nonzero().squeeze(1)
    like = {"dtype": alpha.dtype, "device": alpha.device, "generator": rng}
    while places.numel():
        shape = legal_alpha[places]
        d = torch.where(shape < 1, shape + 1, shape) - 1 / 3
        x = torch.randn(places.shape, **like)
        v = (1 + x * (9 * d).rsqrt()).pow(3)
        accepted = torch.rand(places.shape, **like).log() < x.square() / 2 + d * (
            1 - v + v.log()
        )  # v <= 0: nan, refused
        # Below 1 the method fails; there, a draw for shape + 1 times U ** (1 / shape) has the right distribution.
        boost = torch.where(shape < 1, torch.rand(places.shape, **like).pow(1 / shape), 1.0)
        flat[places[accepted]] = (d * v * boost)[accepted]
        places = places[~accepted]
    return result


# ---- the operators of a distribution ---------------------------------------------------------------------------------


def _define(
    name: str,
    doc: str,
    parameters: dict[str, Any],
    check: Callable[..., str | None],
    aliases: tuple[str, ...] = (),
    inputs: tuple[str, ...] = (),
) -> None:
    """Define the three operators of one distribution.

    parameters: names and default values · check: from the numbers, what is wrong with them · inputs: names of the
    arrays in ``_sample_<name>`` where they differ from those of the parameters.
    """
    sampler = getattr(_Draw, name)
    order = tuple(parameters)

    def numbers(values: dict[str, Any]) -> list:
        chosen = [values.get(p, default) for p, default in parameters.items()]
        if wrong := check(*chosen):
            raise ValueError(f"{wrong}, but got {', '.join(f'{p}={v}' for p, v in zip(order, chosen, strict=True))}")
        return chosen

    def random(
        *, shape: Any = None, ctx: str = "", dtype: str | None = None, _rng: Any, _device: Any, **values: Any
    ) -> Any:
        return sampler(_Draw(legal(shape), _float_type(dtype), _device, _rng), *numbers(values))

    def random_like(data: torch.Tensor, *, _rng: Any, **values: Any) -> torch.Tensor:
        need_float(data)
        return sampler(_Draw(tuple(data.shape), data.dtype, data.device, _rng), *numbers(values))

    def sample(*arrays: torch.Tensor, shape: Any = (), dtype: str | None = None, _rng: Any) -> torch.Tensor:
        first = arrays[0]
        if shape:
            legal(shape)
        for array in arrays[1:]:
            need_shape("each array of parameters", array, first.shape)
        draw = _Draw((*first.shape, *shape), _float_type(dtype), first.device, _rng)
        return sampler(draw, *(a.detach().view(*a.shape, *(1,) * len(shape)) for a in arrays))

    numeric = [_keyword(p, type(default), default) for p, default in parameters.items()]
    kind, rng = _keyword("dtype", Dtype | None, None), _keyword("_rng", torch.Generator | None)
    placed = [
        _keyword("shape", Shape | None, None),
        _keyword("ctx", str, ""),
        kind,
        rng,
        _keyword("_device", torch.device),
    ]
    like = [_input("data"), *numeric, rng]
    sampled = [*map(_input, inputs or order), _keyword("shape", Shape, ()), kind, rng]
    text = f"Draws from {doc}"
    _register(
        f"_random_{name}", random, [*numeric, *placed], f"{text}, float32 by default.", (f"random_{name}", *aliases)
    )
    _register(f"_random_{name}_like", random_like, like, f"{text}, in the shape and type of ``data``.")
    each = f"{text}, with arrays of parameters: ``shape`` draws for each element, along new axes at the end."
    _register(f"_sample_{name}", sample, sampled, each, (f"sample_{name}",), _sampled_types)


def _sampled_types(dtype: str | None, **_: Any) -> str:
    return f"T* -> {dtype or 'float32'}"


def _keyword(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _input(name: str) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=torch.Tensor)


def _register(
    name: str,
    fn: Callable,
    parameters: list[inspect.Parameter],
    doc: str,
    aliases: tuple[str, ...] = (),
    types: Callable[..., str] | None = None,
) -> None:
    """Give a function its true signature and make it an operator."""
    fn.__name__ = fn.__qualname__ = name
    fn.__doc__ = doc
    fn.__signature__ = inspect.Signature(parameters, return_annotation=torch.Tensor)  # type: ignore[attr-defined]
    fn.__annotations__ = {p.name: p.annotation for p in parameters}
    operator(name, aliases=aliases, differentiable=False, types=types)(fn)


def _float_type(dtype: str | None) -> torch.dtype:
    result = by_name[dtype or "float32"].torch
    if not result.is_floating_point:
        raise ValueError(f"dtype must be a floating-point type, but is {dtype}")
    return result


_define(
    "uniform", "the uniform distribution on [low, high)", {"low": 0.0, "high": 1.0},
    lambda low, high: None if low <= high else "low must not exceed high",
    aliases=("uniform",),
)  # fmt: skip
_define(
    "normal", "the normal distribution with mean ``loc`` and standard deviation ``scale``", {"loc": 0.0, "scale": 1.0},
    lambda loc, scale: None if scale > 0 else "scale must be positive",
    aliases=("normal",), inputs=("mu", "sigma"),
)  # fmt: skip
_define(
    "gamma", "the gamma distribution with shape ``alpha`` and scale ``beta``", {"alpha": 1.0, "beta": 1.0},
    lambda alpha, beta: None if alpha > 0 and beta > 0 else "alpha and beta must be positive",
)  # fmt: skip
_define(
    "exponential", "the exponential distribution with rate ``lam``", {"lam": 1.0},
    lambda lam: None if lam > 0 else "lam must be positive",
)  # fmt: skip
_define(
    "poisson", "the Poisson distribution with rate ``lam``", {"lam": 1.0},
    lambda lam: None if lam >= 0 else "lam must not be negative",
)  # fmt: skip
_define(
    "negative_binomial", "the distribution of failures before ``k`` successes of probability ``p``", {"k": 1, "p": 1.0},
    lambda k, p: None if k >= 0 and 0 < p <= 1 else "k must not be negative, p must be a probability above 0",
)  # fmt: skip
_define(
    "generalized_negative_binomial",
    "the negative binomial distribution with mean ``mu`` and variance ``mu + alpha * mu**2``",
    {"mu": 1.0, "alpha": 1.0},
    lambda mu, alpha: None if mu >= 0 and alpha >= 0 else "mu and alpha must not be negative",
)  # fmt: skip


# ---- integers, indices, order ----------------------------------------------------------------------------------------


@operator(
    "_random_randint",
    types=lambda dtype, **_: f"-> {dtype or 'int32'}",
    aliases=["random_randint"],
    differentiable=False,
)
def randint(
    *,
    low: int,
    high: int,
    shape: Shape | None = None,
    ctx: str = "",
    dtype: Dtype | None = None,
    _rng: torch.Generator | None,
    _device: torch.device,
) -> torch.Tensor:
    """Integers from ``low`` up to but without ``high``, all equally likely; int32 by default, else int64."""
    if low >= high:
        raise ValueError(f"low must be less than high, but got low={low}, high={high}")
    if dtype not in (None, "int32", "int64"):
        raise ValueError(f"dtype must be int32 or int64, but is {dtype}")
    return torch.randint(low, high, legal(shape), generator=_rng, dtype=by_name[dtype or "int32"].torch, device=_device)


_INDEX_TYPES = ("float16", "float32", "float64", "int32", "uint8")


@operator(
    "_sample_multinomial",
    types=lambda dtype, get_prob, **_: f"T -> {dtype}" + ", T" * get_prob,
    aliases=["sample_multinomial"],
    outputs=lambda get_prob, **_: 2 if get_prob else 1,
    output_names=("output0", "output1"),
)
def sample_multinomial(
    data: torch.Tensor,
    *,
    shape: Shape = (),
    get_prob: bool = False,
    dtype: Dtype = "int32",
    _rng: torch.Generator | None,
) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
    """Indices drawn with the probabilities ``data``; with ``get_prob`` also the logarithms of their probabilities.

    data: (..., K), not negative, rows need not sum to 1 · returns (..., *shape), and (1,) where that is empty. The log
    probabilities carry a gradient to ``data``.
    """
    need_float(data)
    if dtype not in _INDEX_TYPES:
        raise ValueError(f"dtype must be one of {', '.join(_INDEX_TYPES)}, but is {dtype}")
    if min(shape, default=0) < 0:
        raise ValueError(f"shape must have no negative sizes, but is {shape}")
    batch, result = data.shape[:-1], (*data.shape[:-1], *shape) or (1,)
    rows = data.detach().reshape(-1, data.size(-1))
    rows = rows.float() if rows.dtype.itemsize == 2 else rows
    count = math.prod(shape)
    indices = torch.multinomial(rows, count or 1, replacement=True, generator=_rng)[:, :count]
    drawn = indices.view(result).to(by_name[dtype].torch)
    if not get_prob:
        return drawn
    return drawn, data.gather(-1, indices.view(*batch, count)).log().view(result)


@operator("_shuffle", aliases=["shuffle"])
def shuffle(data: torch.Tensor, *, _rng: torch.Generator | None) -> torch.Tensor:
    """The rows of ``data``, along its first axis, in random order."""
    order = torch.randperm(data.size(0), generator=_rng, device=data.device)
    return data.index_select(0, order)
