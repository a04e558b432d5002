"""Arithmetic, comparison and logic of two arrays, or of an array and a number: four operators from each row of a table.

For ``add`` those are ``broadcast_add`` (shapes broadcast), ``elemwise_add`` (shapes must be equal), ``_plus_scalar``
and, where the order matters, ``_rminus_scalar`` and its like. Integer arrays stay what they are, as in MXNet: ``/``
truncates, a scalar is converted to the array's dtype, results wrap; but with ``is_int=False`` an integer array is
converted to float64 first. Comparisons and logic answer 0 or 1 in the dtype of their inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from .. import dtypes
from .checks import need_numbers
from .registry import operator

__all__ = ["BINARY", "array_and_number", "divide", "number", "same_shape", "two_arrays", "with_number"]


class Binary(NamedTuple):
    """One function of two arrays, and the names of the operators made of it."""

    name: str  # broadcast_<name>
    same_shape: str  # the operator that does not broadcast
    same_shape_aliases: tuple[str, ...]
    scalar: str  # the part between "_" and "_scalar"
    reflected: bool  # whether _r<scalar>_scalar exists: number on the left
    fn: Callable[[Tensor, Tensor], Tensor]
    doc: str
    differentiable: bool = True


def divide(lhs: Tensor, rhs: Tensor | float) -> Tensor:
    if lhs.is_floating_point():
        return torch.div(lhs, rhs)
    if not lhs.dtype.is_signed:
        return _truncated(lhs, rhs)
    # The smallest integer over -1 would end the process: -1 is left to negation, which wraps.
    if not isinstance(rhs, Tensor):
        return torch.neg(lhs) if rhs == -1 else _truncated(lhs, rhs)
    negated = rhs == -1
    return torch.where(negated, torch.neg(lhs), _truncated(lhs, rhs.masked_fill(negated, 1)))


def _truncated(lhs: Tensor, rhs: Tensor | float) -> Tensor:
    try:
        return torch.div(lhs, rhs, rounding_mode="trunc")
    except RuntimeError as error:
        if "ZeroDivision" in str(error):
            raise ValueError("an integer cannot be divided by 0; convert the arrays with .astype('float32')") from None
        raise


def modulo(lhs: Tensor, rhs: Tensor) -> Tensor:
    need_numbers(lhs)
    divisor_is_zero = rhs == 0
    return torch.remainder(lhs, rhs + divisor_is_zero).masked_fill(divisor_is_zero, 0)


def power(lhs: Tensor, rhs: Tensor) -> Tensor:
    if lhs.is_floating_point():
        return torch.pow(lhs, rhs)
    return torch.pow(lhs.double(), rhs).trunc().to(dtype=lhs.dtype)  # negative exponents are legal in MXNet


def maximum(lhs: Tensor, rhs: Tensor) -> Tensor:
    if lhs.requires_grad or rhs.requires_grad:  # the left one gets the gradient of a tie; torch would halve it
        return torch.where((lhs >= rhs) | (lhs != lhs), lhs, rhs)
    return torch.maximum(lhs, rhs)


def minimum(lhs: Tensor, rhs: Tensor) -> Tensor:
    if lhs.requires_grad or rhs.requires_grad:
        return torch.where((lhs <= rhs) | (lhs != lhs), lhs, rhs)
    return torch.minimum(lhs, rhs)


def hypot(lhs: Tensor, rhs: Tensor) -> Tensor:
    if lhs.is_floating_point():
        return torch.hypot(lhs, rhs)
    return torch.hypot(lhs.double(), rhs.double()).to(dtype=lhs.dtype)


def _in_dtype(test: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    def compare(lhs: Tensor, rhs: Tensor) -> Tensor:
        return test(lhs, rhs).to(dtype=lhs.dtype)

    return compare


# fmt: off
BINARY = (
    Binary("add", "elemwise_add", ("_Plus", "_add", "_plus"), "plus", False, torch.add, "Sum"),
    Binary("sub", "elemwise_sub", ("_Minus", "_minus", "_sub"), "minus", True, torch.sub, "Difference"),
    Binary("mul", "elemwise_mul", ("_Mul", "_mul"), "mul", False, torch.mul, "Product"),
    Binary("div", "elemwise_div", ("_Div", "_div"), "div", True, divide, "Quotient; truncated for integers"),
    Binary("mod", "_mod", ("_Mod",), "mod", True, modulo, "Remainder with the divisor's sign, 0 for the divisor 0"),
    Binary("power", "_power", ("_Power",), "power", True, power, "``lhs`` raised to the power ``rhs``"),
    Binary("maximum", "_maximum", ("_Maximum",), "maximum", False, maximum, "The larger one"),
    Binary("minimum", "_minimum", ("_Minimum",), "minimum", False, minimum, "The smaller one"),
    Binary("hypot", "_hypot", ("_Hypot",), "hypot", False, hypot, "``sqrt(lhs**2 + rhs**2)``"),
    Binary("equal", "_equal", ("_Equal",), "equal", False, _in_dtype(torch.eq), "1 where equal, else 0", False),
    Binary("not_equal", "_not_equal", ("_Not_Equal",), "not_equal", False, _in_dtype(torch.ne),
           "1 where different, else 0", False),
    Binary("greater", "_greater", ("_Greater",), "greater", False, _in_dtype(torch.gt),
           "1 where ``lhs`` is greater, else 0", False),
    Binary("greater_equal", "_greater_equal", ("_Greater_Equal",), "greater_equal", False, _in_dtype(torch.ge),
           "1 where ``lhs`` is greater or equal, else 0", False),
    Binary("lesser", "_lesser", ("_Lesser",), "lesser", False, _in_dtype(torch.lt),
           "1 where ``lhs`` is smaller, else 0", False),
    Binary("lesser_equal", "_lesser_equal", ("_Lesser_Equal",), "lesser_equal", False, _in_dtype(torch.le),
           "1 where ``lhs`` is smaller or equal, else 0", False),
    Binary("logical_and", "_logical_and", ("_Logical_And",), "logical_and", False, _in_dtype(torch.logical_and),
           "1 where both are nonzero, else 0", False),
    Binary("logical_or", "_logical_or", ("_Logical_Or",), "logical_or", False, _in_dtype(torch.logical_or),
           "1 where one is nonzero, else 0", False),
    Binary("logical_xor", "_logical_xor", ("_Logical_Xor",), "logical_xor", False, _in_dtype(torch.logical_xor),
           "1 where exactly one is nonzero, else 0", False),
)
# fmt: on

# torch takes a Python number on the right as it is.
_NATIVE_SCALARS = {torch.add, torch.sub, torch.mul, divide}
_NATIVE_SCALARS |= {row.fn for row in BINARY if not row.differentiable and not row.name.startswith("logical")}
_CAMEL = {"div": "RDiv", "minus": "RMinus", "mod": "RMod", "power": "RPower"}


def number(data: Tensor, scalar: float) -> float | int:
    """The scalar in the array's dtype: infinite beyond its range, cut and wrapped for integers.

    Raises ValueError for integers and a scalar that is NaN, infinite, or too large for any of them.
    """
    if data.is_floating_point():
        if -65504 <= scalar <= 65504 or abs(scalar) <= torch.finfo(data.dtype).max or scalar != scalar:
            return scalar
        return math.copysign(math.inf, scalar)
    if not abs(scalar) <= 2**63:
        name = dtypes.by_torch[data.dtype].name
        raise ValueError(f"the number {scalar} does not exist in {name}; convert the array with .astype('float32')")
    span = torch.iinfo(data.dtype)
    return (int(scalar) - span.min) % (span.max - span.min + 1) + span.min


def two_arrays(lhs, rhs): ...


def array_and_number(data, *, scalar: float = 1.0, is_int: bool = True): ...


def same_shape(fn: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    def compute(lhs: Tensor, rhs: Tensor) -> Tensor:
        if lhs.shape != rhs.shape:
            raise ValueError(
                f"shapes must be equal, but are {tuple(lhs.shape)} and {tuple(rhs.shape)}. "
                "The broadcast_ operators broadcast."
            )
        return fn(lhs, rhs)

    return compute


def with_number(row: Binary, reflected: bool = False) -> Callable[..., Tensor]:
    fn, native = row.fn, row.fn in _NATIVE_SCALARS

    def compute(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
        if not data.is_floating_point():
            if not is_int:
                data = data.double()
            elif data.dtype is torch.bool:
                data = data.long()
        value = number(data, scalar)
        if native and not reflected:
            return fn(data, value)
        if fn is power and data.is_floating_point():
            return torch.pow(value, data) if reflected else torch.pow(data, value)
        other = torch.full((), value, dtype=data.dtype, device=data.device)
        return fn(other, data) if reflected else fn(data, other)

    return compute


_OVERFLOWS = ("power", "hypot")  # soon, in float16


for _row in BINARY:
    _aliases = {"add": ["broadcast_plus"], "sub": ["broadcast_minus"]}.get(_row.name, [])
    _own = "float32" if _row.name in _OVERFLOWS else None
    _kinds = dict(signature=two_arrays, differentiable=_row.differentiable, precision=_own or "widest")
    operator(f"broadcast_{_row.name}", aliases=_aliases, doc=f"{_row.doc}; shapes broadcast.", **_kinds)(_row.fn)
    operator(_row.same_shape, aliases=_row.same_shape_aliases, doc=f"{_row.doc}; shapes must be equal.", **_kinds)(
        same_shape(_row.fn)
    )
    _kinds |= dict(signature=array_and_number, precision=_own)
    _camel = "".join(part.capitalize() for part in _row.scalar.split("_"))
    operator(f"_{_row.scalar}_scalar", aliases=[f"_{_camel}Scalar"], doc=f"{_row.doc}, with a number.", **_kinds)(
        with_number(_row)
    )
    if _row.reflected:
        operator(
            f"_r{_row.scalar}_scalar", aliases=[f"_{_CAMEL[_row.scalar]}Scalar"],
            doc=f"{_row.doc}, with a number on the left.",
            **_kinds | ({"precision": "float32"} if _row.name == "div" else {}),
        )(with_number(_row, reflected=True))  # fmt: skip
