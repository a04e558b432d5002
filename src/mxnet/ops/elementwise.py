"""Operators of one array, element by element: mathematics, rounding, casting, selection, gradient stops.

Most are one torch function, and stand in two tables. Integer arrays stay integer, as in MXNet: ``exp`` of int32 values
is cut to int32. Arrays of bool have no mathematics; they can be cast, copied and selected.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import dtypes
from .arithmetic import number
from .attributes import Dtype
from .checks import need_float, need_numbers
from .own_gradient import OwnGradient
from .registry import operator

__all__: list[str] = []

Function = Callable[[Tensor], Tensor]


def in_dtype(function: Function) -> Function:
    """``function``, answering in the dtype of its input where torch answers integers with floats.

    Those are computed in float64, so that what is cut to an integer is the right one.
    """

    def apply(data: Tensor) -> Tensor:
        return function(data) if data.is_floating_point() else like_input(function(data.double()), data)

    return apply


def not_bool(function: Function) -> Function:
    """``function``, refusing bool: where torch does not, or says it otherwise for each."""

    def apply(data: Tensor) -> Tensor:
        need_numbers(data)
        return function(data)

    return apply


def like_input(result: Tensor, data: Tensor) -> Tensor:
    """A result in the dtype of the array that it was computed from: floats are cut to integers."""
    need_numbers(data)
    return result.to(dtype=data.dtype)


def round_half_away(data: Tensor) -> Tensor:
    if data.is_floating_point():  # the largest number below a half: a half itself would carry 0.49999997 to 1
        data = torch.add(data, torch.sign(data), alpha=0.5 - torch.finfo(data.dtype).eps / 4)
    return torch.trunc(data)


def round_half_down(data: Tensor) -> Tensor:
    below, above = torch.floor(data), torch.ceil(data)
    return torch.where(data - below <= above - data, below, above)


class WithDerivative(OwnGradient):
    """``function(data)`` where torch has no such function; its derivative is ``derivative(data, result)``."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, function: Function, derivative: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        result = function(data)
        ctx.save_for_backward(data, result)
        ctx.derivative = derivative
        return result

    @staticmethod
    def backward(ctx: Any, *heads: Tensor) -> tuple[Tensor, None, None]:
        return heads[0] * ctx.derivative(*ctx.saved_tensors), None, None


def _cbrt(data: Tensor) -> Tensor:
    wide = data.double()
    root = torch.copysign(wide.abs().pow(1 / 3), wide)
    square = root * root
    refined = root - (square * root - wide) / (3 * square)  # Newton's step: 64 has the root 4, not 3.9999999999999996
    return torch.where(torch.isfinite(refined), refined, root).to(dtype=data.dtype)


def _gamma(data: Tensor) -> Tensor:
    wide = data.double()
    below = torch.floor(wide)
    size = torch.exp(torch.lgamma(wide))
    size = torch.where((wide == below) & (size < 2**52), size.round(), size)  # factorials are whole
    size = size.masked_fill((wide < 0) & (below == wide), math.nan)
    negative = torch.where(wide == 0, torch.signbit(wide), (wide < 0) & (below % 2 != 0))
    return torch.where(negative, -size, size).to(dtype=data.dtype)


def cbrt(data: Tensor) -> Tensor:
    return WithDerivative.apply(data, _cbrt, lambda data, result: 1 / (3 * result * result))


def rcbrt(data: Tensor) -> Tensor:
    return torch.reciprocal(cbrt(data))


def gamma(data: Tensor) -> Tensor:
    return WithDerivative.apply(data, _gamma, lambda data, result: result * torch.digamma(data))


# fmt: off
# Functions that keep integer dtypes by themselves.
_KEEP = (
    ("abs", not_bool(torch.abs), "Absolute value"),
    ("sign", not_bool(torch.sign), "-1, 0 or 1"),
    ("ceil", not_bool(torch.ceil), "Smallest whole number that is not below"),
    ("floor", not_bool(torch.floor), "Largest whole number that is not above"),
    ("trunc", not_bool(torch.trunc), "Whole number next towards zero"),
    ("fix", not_bool(torch.trunc), "Whole number next towards zero"),
    ("round", not_bool(round_half_away), "Nearest whole number, halves away from zero"),
    ("rint", not_bool(round_half_down), "Nearest whole number, halves to the lower one"),
    ("square", not_bool(torch.square), "``x**2``"),
    ("relu", not_bool(torch.relu), "``max(x, 0)``"),
    ("negative", not_bool(torch.neg), "``-x``"),
)
# Functions that torch answers in floating point.
_FLOAT = (
    ("sqrt", torch.sqrt, "Square root"),
    ("rsqrt", torch.rsqrt, "``1 / sqrt(x)``"),
    ("cbrt", cbrt, "Cube root"),
    ("rcbrt", rcbrt, "``1 / cbrt(x)``"),
    ("exp", torch.exp, "``e**x``"),
    ("expm1", torch.expm1, "``exp(x) - 1``, accurate near 0"),
    ("log", torch.log, "Natural logarithm"),
    ("log10", torch.log10, "Logarithm to base 10"),
    ("log2", torch.log2, "Logarithm to base 2"),
    ("log1p", torch.log1p, "``log(1 + x)``, accurate near 0"),
    ("sin", torch.sin, "Sine"),
    ("cos", torch.cos, "Cosine"),
    ("tan", torch.tan, "Tangent"),
    ("arcsin", torch.asin, "Inverse sine, in [-pi/2, pi/2]"),
    ("arccos", torch.acos, "Inverse cosine, in [0, pi]"),
    ("arctan", torch.atan, "Inverse tangent, in [-pi/2, pi/2]"),
    ("sinh", torch.sinh, "Hyperbolic sine"),
    ("cosh", torch.cosh, "Hyperbolic cosine"),
    ("tanh", torch.tanh, "Hyperbolic tangent"),
    ("arcsinh", torch.asinh, "Inverse hyperbolic sine"),
    ("arccosh", torch.acosh, "Inverse hyperbolic cosine"),
    ("arctanh", torch.atanh, "Inverse hyperbolic tangent"),
    ("degrees", torch.rad2deg, "Radians to degrees"),
    ("radians", torch.deg2rad, "Degrees to radians"),
    ("sigmoid", torch.sigmoid, "``1 / (1 + exp(-x))``"),
    ("softsign", F.softsign, "``x / (1 + abs(x))``"),
    ("reciprocal", torch.reciprocal, "``1 / x``"),
    ("erf", torch.erf, "Gauss error function"),
    ("erfinv", torch.erfinv, "Inverse of the Gauss error function"),
    ("gamma", gamma, "Gamma function"),
    ("gammaln", torch.lgamma, "Logarithm of the absolute value of the gamma function"),
)
# fmt: on


def _one_array(data): ...


# Large or inaccurate results in float16.
_NEED_FLOAT32 = frozenset(
    "square rsqrt rcbrt exp expm1 log log10 log2 log1p tan arcsin arccos sinh cosh arctanh reciprocal erfinv gamma "
    "gammaln".split()
)


def _define(name: str, function: Function, doc: str) -> None:
    precision = "float32" if name in _NEED_FLOAT32 else None
    operator(name, signature=_one_array, doc=f"{doc}, element by element.", precision=precision)(function)


for _name, _function, _doc in _KEEP:
    _define(_name, _function, _doc)
for _name, _function, _doc in _FLOAT:
    _define(_name, in_dtype(_function), _doc)


@operator("logical_not", differentiable=False)
def logical_not(data: Tensor) -> Tensor:
    """1 where ``data`` is 0, else 0, in the dtype of ``data``."""
    return like_input(torch.logical_not(data), data)


@operator("hard_sigmoid")
def hard_sigmoid(data: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    """``alpha * data + beta``, cut to [0, 1]. Only for floating-point arrays."""
    need_float(data)
    return F.hardtanh(data * alpha + beta, 0.0, 1.0)


@operator("clip")
def clip(data: Tensor, *, a_min: float, a_max: float) -> Tensor:
    """``data`` with every value below ``a_min`` or above ``a_max`` replaced by that bound.

    Integer arrays cut the bounds to whole numbers. A bound must not be NaN.
    """
    if a_min != a_min or a_max != a_max:
        raise ValueError(f"the bounds must be numbers, but are a_min={a_min} and a_max={a_max}")
    if data.is_floating_point():
        return torch.clamp(data, number(data, a_min), number(data, a_max))
    need_numbers(data)
    span = torch.iinfo(data.dtype)
    return torch.clamp(data, *(int(min(max(bound, span.min), span.max)) for bound in (a_min, a_max)))


@operator("smooth_l1", precision="float32")
def smooth_l1(data: Tensor, *, scalar: float = 1.0) -> Tensor:
    """``(scalar * x)**2 / 2`` where ``abs(x) < 1 / scalar**2``, else ``abs(x) - 0.5 / scalar**2``."""
    if not math.isfinite(scalar):
        raise ValueError(f"scalar must be a finite number, but is {scalar}")
    x = data if data.is_floating_point() else data.double()
    square = scalar * scalar
    result = F.smooth_l1_loss(x, torch.zeros_like(x), reduction="none", beta=1 / square if square else math.inf)
    return result if x is data else like_input(result, data)


@operator("Cast", aliases=["cast"], may_return_input=True)
def cast(data: Tensor, *, dtype: Dtype) -> Tensor:
    """``data`` converted to ``dtype``: floats are cut to integers, integers wrap, anything but 0 is True."""
    return data.to(dtype=dtypes.by_name[dtype].torch)


@operator("amp_cast", types=lambda dtype, **_: f"T -> {dtype}(T)", may_return_input=True)
def amp_cast(data: Tensor, *, dtype: Dtype) -> Tensor:
    """``cast`` of float32, float16 and bfloat16 arrays; others pass as they are. For mixed precision."""
    return data.to(dtype=dtypes.by_name[dtype].torch) if data.is_floating_point() and data.dtype.itemsize < 8 else data


@operator("_copy", aliases=["identity"], may_return_input=True)
def identity(data: Tensor) -> Tensor:
    """A copy of ``data``."""
    return data


class FixedGradient(OwnGradient):
    """A copy of ``data``; the gradient is ``gradient``, a number as a tensor, whatever comes from above."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, gradient: Tensor) -> Tensor:
        ctx.save_for_backward(gradient)
        return data.clone()

    @staticmethod
    def backward(ctx: Any, *heads: Tensor) -> tuple[Tensor, None]:
        return ctx.saved_tensors[0].expand_as(heads[0]), None


def fixed_gradient(data: Tensor, value: float) -> Tensor:
    return FixedGradient.apply(data, torch.full((), value, dtype=data.dtype, device=data.device))


@operator("BlockGrad", aliases=["stop_gradient"], may_return_input=True, loss=True)
def stop_gradient(data: Tensor) -> Tensor:
    """A copy of ``data`` whose gradient is 0: what lies below receives zeros, not nothing."""
    return fixed_gradient(data, 0) if data.requires_grad else data


@operator("make_loss", output_names=("loss",), loss=True, precision="float32")
def make_loss(data: Tensor) -> Tensor:
    """A copy of ``data`` that is a loss: its gradient is 1 everywhere, whatever becomes of the copy."""
    return fixed_gradient(data, 1)


@operator("MakeLoss", loss=True, precision="float32")
def make_scaled_loss(
    data: Tensor,
    *,
    grad_scale: float = 1.0,
    valid_thresh: float = 0.0,
    normalization: Literal["null", "batch", "valid"] = "null",
) -> Tensor:
    """A copy of ``data`` that is a loss: its gradient is ``grad_scale`` everywhere, whatever becomes of the copy.

    ``normalization="batch"`` divides the gradient by the number of rows, along all axes but the last one, ``"valid"``
    by the number of values greater than ``valid_thresh`` (at least 1).
    """
    need_float(data)
    gradient = torch.full((), grad_scale, dtype=data.dtype, device=data.device)
    if normalization == "batch":
        gradient = gradient / data.shape[:-1].numel()
    elif normalization == "valid":
        gradient = gradient / (data.detach() > valid_thresh).sum().clamp(min=1)
    return FixedGradient.apply(data, gradient)


@operator("where", types="C, T, T -> T", mixed=True, precision="widest")
def where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """``x`` where ``condition`` is not 0, else ``y``.

    condition: the shape of x, or (N,) to choose whole rows · x, y: (N, ...) of one shape and dtype.
    """
    if x.shape != y.shape or x.dtype is not y.dtype:
        raise ValueError("x and y must have the same shape and dtype")
    if condition.shape != x.shape:
        if condition.shape != x.shape[:1]:
            raise ValueError("condition must have the shape of x and y, or one value for each of their rows")
        condition = condition.reshape(-1, *(1,) * (x.dim() - 1))
    return torch.where(condition.bool(), x, y)


@operator("add_n", aliases=["ElementWiseSum"], may_return_input=True, precision="widest")
def add_n(*args: Tensor, num_args: int = 1) -> Tensor:
    """Sum of one or more arrays of the same shape."""
    if not args:
        raise ValueError("at least one array must be given")
    total = args[0]
    for array in args[1:]:
        if array.shape != total.shape:
            raise ValueError("all arrays must have the same shape")
        total = torch.add(total, array)
    return total


@operator("zeros_like")
def zeros_like(data: Tensor) -> Tensor:
    """Zeros in the shape and dtype of ``data``, whose gradient is 0."""
    return torch.fill(data, 0)


@operator("ones_like")
def ones_like(data: Tensor) -> Tensor:
    """Ones in the shape and dtype of ``data``, whose gradient is 0."""
    return torch.fill(data, 1)


@operator("shape_array", types="T -> int64", differentiable=False)
def shape_array(data: Tensor) -> Tensor:
    """The shape of ``data``, as an int64 array."""
    return torch.tensor(data.shape, dtype=torch.int64, device=data.device)


@operator("size_array", types="T -> int64", differentiable=False)
def size_array(data: Tensor) -> Tensor:
    """The number of elements of ``data``, as an int64 array of shape (1,)."""
    return torch.tensor([data.numel()], dtype=torch.int64, device=data.device)
