"""Operators that reduce axes: sums, products, extrema, norms, the positions of extrema; and running sums.

``axis`` is an axis, a tuple of axes, or None or () for all of them; ``exclude`` reduces every axis but those. An array
reduced over all its axes has shape (1,), or one axis of size 1 for each with ``keepdims``. The dtype stays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import torch
from torch import Tensor

from .. import dtypes
from .attributes import Axes
from .checks import need_numbers
from .own_gradient import OwnGradient
from .registry import Operator, operator
from .shapes import normalize_axes, normalize_axis

__all__: list[str] = []

Reduction = Callable[[Tensor, Axes, bool], Tensor]


def reduction(name: str, *aliases: str, precision: str | None = None) -> Callable[[Reduction], Operator]:
    """Decorator: the operator ``name`` from a function of the array, its axes (None for all of them) and keepdims."""

    def define(reduce: Reduction) -> Operator:
        def apply(data: Tensor, *, axis: Axes = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
            if axis is None or axis == ():
                if keepdims or data.dim() == 1:  # a vector keeps its axis either way
                    return reduce(data, None, True)
                return reduce(data, None, False)[None]
            if exclude:
                axis = _other_axes(axis, data.dim())
                if not axis:
                    return data
            result = reduce(data, axis, keepdims or data.dim() == 1)
            return result if result.dim() else result[None]

        return operator(name, aliases=aliases, may_return_input=True, precision=precision, doc=reduce.__doc__)(apply)

    return define


@lru_cache
def _other_axes(axis: int | tuple[int, ...], ndim: int) -> tuple[int, ...]:
    named = normalize_axes(axis, ndim)
    return tuple(a for a in range(ndim) if a not in named)


@reduction("sum", "sum_axis", precision="float32")
def total(data: Tensor, axis: Axes, keepdims: bool) -> Tensor:
    """Sum over axes. Integers wrap."""
    if axis is None and not keepdims and data.is_floating_point():
        return torch.sum(data)  # the quickest of its signatures
    return torch.sum(data, axis, keepdims, dtype=data.dtype)


@reduction("mean", precision="float32")
def mean(data: Tensor, axis: Axes, keepdims: bool) -> Tensor:
    """Arithmetic mean over axes. Integers: the sum, which wraps, divided by the count and cut to a whole number."""
    if data.is_floating_point():
        if isinstance(axis, tuple) and not keepdims and all(data.size(a) == 1 for a in axis):
            return data.squeeze(axis).clone()  # losses end so; cheaper than a reduction, also backwards
        return torch.mean(data, axis, keepdims)
    need_numbers(data)
    result = torch.sum(data, axis, keepdims, dtype=data.dtype)
    return torch.div(result, data.numel() // result.numel(), rounding_mode="trunc")


def product(data: Tensor, axis: Axes, keepdims: bool) -> Tensor:
    """Product over axes. Integers wrap."""
    if axis is None and not keepdims:
        return torch.prod(data, dtype=data.dtype)
    axes = range(data.dim()) if axis is None else normalize_axes(axis, data.dim())
    for a in sorted(axes, reverse=True):  # torch takes one axis at a time
        data = torch.prod(data, a, keepdims, dtype=data.dtype)
    return data


reduction("prod", precision="float32")(product)


@reduction("nansum", precision="float32")
def nansum(data: Tensor, axis: Axes, keepdims: bool) -> Tensor:
    """Sum over axes; NaN counts as 0. Integers wrap."""
    return torch.nansum(data, axis, keepdims, dtype=data.dtype)


@reduction("nanprod", precision="float32")
def nanprod(data: Tensor, axis: Axes, keepdims: bool) -> Tensor:
    """Product over axes; NaN counts as 1. Integers wrap."""
    return product(data.masked_fill(torch.isnan(data), 1), axis, keepdims)


class Extremum(OwnGradient):
    """amax or amin; each of several equal extrema gets the whole gradient, as in MXNet (torch would share it out)."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, function: Callable, axis: Axes, keepdims: bool) -> Tensor:
        axis = tuple(range(data.dim())) if axis is None else axis
        result = function(data, axis, True)
        ctx.save_for_backward(data, result)
        return result if keepdims else result.squeeze(axis)

    @staticmethod
    def backward(ctx: Any, *heads: Tensor) -> tuple[Tensor, None, None, None]:
        data, result = ctx.saved_tensors
        return heads[0].reshape(result.shape) * (data == result), None, None, None


def extremum(function: Callable, whole: Callable, data: Tensor, axis: Axes, keepdims: bool) -> Tensor:
    """``whole`` is the quicker function for all axes at once."""
    if data.requires_grad:
        return Extremum.apply(data, function, axis, keepdims)
    if axis is None:
        return function(data, (), True) if keepdims else whole(data)
    return function(data, axis, keepdims)


@reduction("max", "max_axis")
def maximum(data: Tensor, axis: Axes, keepdims: bool) -> Tensor:
    """Largest value over axes. The gradient goes to every element that is as large."""
    return extremum(torch.amax, torch.max, data, axis, keepdims)


@reduction("min", "min_axis")
def minimum(data: Tensor, axis: Axes, keepdims: bool) -> Tensor:
    """Smallest value over axes. The gradient goes to every element that is as small."""
    return extremum(torch.amin, torch.min, data, axis, keepdims)


@operator("norm", types=lambda out_dtype, **_: f"T -> {out_dtype or 'T'}", precision="float32")
def norm(
    data: Tensor,
    *,
    ord: int = 2,
    axis: Axes = None,
    out_dtype: Literal["float16", "float32", "float64", "int32", "int64", "int8"] | None = None,
    keepdims: bool = False,
) -> Tensor:
    """Norm over axes: the sum of absolute values (``ord=1``) or the square root of the sum of squares (``ord=2``)."""
    if ord not in (1, 2):
        raise ValueError(f"ord must be 1 or 2, but got {ord}")
    x = data if data.is_floating_point() else data.double()
    if out_dtype == "float64":
        x = x.double()
    result = torch.linalg.vector_norm(x, ord, None if axis == () else axis, keepdims)
    if x is not data or out_dtype:
        result = result.to(dtypes.by_name[out_dtype].torch if out_dtype else data.dtype)
    return result if result.dim() else result.reshape(1)


@operator("_np_cumsum", aliases=["cumsum"])
def cumsum(
    a: Tensor,
    *,
    axis: int | None = None,
    dtype: Literal["float16", "float32", "float64", "int32", "int64", "int8"] | None = None,
) -> Tensor:
    """Sums of the elements up to each one along ``axis``, or of the flat array: (N,).

    Computed in ``dtype``, by default that of ``a``, but int64 for bool. Integers wrap.
    """
    kind = dtypes.by_name[dtype].torch if dtype else torch.int64 if a.dtype is torch.bool else a.dtype
    if axis is None:
        return torch.cumsum(a.flatten(), 0, dtype=kind)
    return torch.cumsum(a, normalize_axis(axis, a.dim()), dtype=kind)


def position(name: str, function: Callable, which: str) -> None:
    def apply(data: Tensor, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
        result = function(data, axis, keepdims).to(dtype=data.dtype)
        return result if result.dim() else result.reshape(1)

    doc = f"Index of the {which} value along ``axis`` or of the flat array, the first of equals; in the input's dtype."
    operator(name, differentiable=False, doc=doc)(apply)


position("argmax", torch.argmax, "largest")
position("argmin", torch.argmin, "smallest")


@operator("argmax_channel", differentiable=False)
def argmax_channel(data: Tensor) -> Tensor:
    """``argmax`` along axis 1."""
    need_numbers(data)
    return torch.argmax(data, 1).to(dtype=data.dtype)
