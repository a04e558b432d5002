"""Functions of ``mx.nd`` that take arrays or numbers, and small helpers made of operators."""

from __future__ import annotations

import operator as python
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..base import integer_types, numeric_types
from ..ops import shapes
from ..ops.registry import describe_tensor
from .creation import array
from .face import face
from .ndarray import NDArray

__all__ = [
    "add", "concatenate", "divide", "equal", "greater", "greater_equal", "histogram", "lesser", "lesser_equal",
    "logical_and", "logical_or", "logical_xor", "maximum", "minimum", "modulo", "moveaxis", "multiply", "not_equal",
    "onehot_encode", "power", "split_v2", "subtract", "true_divide",
]  # fmt: skip


def _binary(name: str, array_op: str, scalar_op: str, mirrored_op: str, numbers: Callable, doc: str) -> Callable:
    """A function of two arguments, each an array or a number."""

    def function(lhs: Any, rhs: Any) -> Any:
        if isinstance(lhs, NDArray):
            if isinstance(rhs, NDArray):
                return face(array_op)(lhs, rhs)
            if isinstance(rhs, numeric_types):
                return face(scalar_op)(lhs, float(rhs))
        elif isinstance(lhs, numeric_types):
            if isinstance(rhs, NDArray):
                return face(mirrored_op)(rhs, float(lhs))
            if isinstance(rhs, numeric_types):
                return numbers(lhs, rhs)
        raise TypeError(f"{name}: type {type(lhs)} with type {type(rhs)} not supported; give NDArrays or numbers")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{doc} of two arrays (shapes broadcast), an array and a number, or two numbers."
    return function


def _truth(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], int]:
    return lambda a, b: 1 if test(a, b) else 0


# fmt: off
add = _binary("add", "broadcast_add", "_plus_scalar", "_plus_scalar", python.add, "Sum")
subtract = _binary("subtract", "broadcast_sub", "_minus_scalar", "_rminus_scalar", python.sub, "Difference")
multiply = _binary("multiply", "broadcast_mul", "_mul_scalar", "_mul_scalar", python.mul, "Product")
divide = _binary("divide", "broadcast_div", "_div_scalar", "_rdiv_scalar", python.truediv, "Quotient")
true_divide = _binary("true_divide", "broadcast_div", "_div_scalar", "_rdiv_scalar", python.truediv, "Quotient")
modulo = _binary("modulo", "broadcast_mod", "_mod_scalar", "_rmod_scalar", python.mod, "Remainder")
_power = _binary("power", "broadcast_power", "_power_scalar", "_rpower_scalar", pow, "Power")
maximum = _binary("maximum", "broadcast_maximum", "_maximum_scalar", "_maximum_scalar", max, "Maximum")
minimum = _binary("minimum", "broadcast_minimum", "_minimum_scalar", "_minimum_scalar", min, "Minimum")
equal = _binary("equal", "broadcast_equal", "_equal_scalar", "_equal_scalar", _truth(python.eq), "Equality (1 or 0)")
not_equal = _binary("not_equal", "broadcast_not_equal", "_not_equal_scalar", "_not_equal_scalar", _truth(python.ne),
                    "Inequality (1 or 0)")
greater = _binary("greater", "broadcast_greater", "_greater_scalar", "_lesser_scalar", _truth(python.gt),
                  "Comparison lhs > rhs (1 or 0)")
greater_equal = _binary("greater_equal", "broadcast_greater_equal", "_greater_equal_scalar", "_lesser_equal_scalar",
                        _truth(python.ge), "Comparison lhs >= rhs (1 or 0)")
lesser = _binary("lesser", "broadcast_lesser", "_lesser_scalar", "_greater_scalar", _truth(python.lt),
                 "Comparison lhs < rhs (1 or 0)")
lesser_equal = _binary("lesser_equal", "broadcast_lesser_equal", "_lesser_equal_scalar", "_greater_equal_scalar",
                       _truth(python.le), "Comparison lhs <= rhs (1 or 0)")
logical_and = _binary("logical_and", "broadcast_logical_and", "_logical_and_scalar", "_logical_and_scalar",
                      _truth(lambda a, b: a and b), "Logical and (1 or 0)")
logical_or = _binary("logical_or", "broadcast_logical_or", "_logical_or_scalar", "_logical_or_scalar",
                     _truth(lambda a, b: a or b), "Logical or (1 or 0)")
logical_xor = _binary("logical_xor", "broadcast_logical_xor", "_logical_xor_scalar", "_logical_xor_scalar",
                      _truth(lambda a, b: bool(a) != bool(b)), "Logical exclusive or (1 or 0)")
# fmt: on


def power(base: Any, exp: Any) -> Any:
    """``base`` to the power of ``exp``: of two arrays (shapes broadcast), an array and a number, or two numbers."""
    return _power(base, exp)


def moveaxis(tensor: NDArray, source: int | Sequence[int], destination: int | Sequence[int]) -> NDArray:
    """Move axes to new places; the others keep their order. Raises ValueError for axes that are not there."""
    ndim = tensor.ndim
    sources = _axes(source, ndim, "source")
    destinations = _axes(destination, ndim, "destination")
    if not len(set(sources)) == len(sources) == len(destinations) == len(set(destinations)):
        raise ValueError(f"moveaxis: source {source} and destination {destination} must be equally many different axes")
    order = [n for n in range(ndim) if n not in sources]
    for place, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(place, axis)
    return face("transpose")(tensor, axes=tuple(order))


def _axes(axes: int | Sequence[int], ndim: int, what: str) -> list[int]:
    axes = [axes] if isinstance(axes, int) else list(axes)
    if any(not -ndim <= a < ndim for a in axes):
        raise ValueError(f"moveaxis: {what} {axes} is out of range for {ndim} dimensions")
    return [a % ndim for a in axes]


def concatenate(arrays: Sequence[NDArray], axis: int = 0, always_copy: bool = True) -> NDArray:
    """Arrays of equal shape, but for ``axis``, one after the other along it.

    Raises AssertionError for what is no list of arrays, or arrays that do not fit, IndexError for an axis that is not
    there.
    """
    if not isinstance(arrays, (list, tuple)) or not arrays or not all(isinstance(a, NDArray) for a in arrays):
        raise AssertionError(f"concatenate: expected a list of NDArrays, but got {arrays!r:.80}")
    first = arrays[0]
    if len(arrays) == 1 and not always_copy:
        return first
    if not -first.ndim <= axis < first.ndim:
        raise IndexError(f"concatenate: axis {axis} is out of range for {first.ndim} dimensions")
    for i, other in enumerate(arrays):
        shape = list(other.shape)
        if len(shape) == first.ndim:
            shape[axis] = first.shape[axis]
        if tuple(shape) != first.shape or other.dtype != first.dtype:
            raise AssertionError(
                f"concatenate: arrays[{i}] must have the dtype of arrays[0] and, but for axis {axis}, its shape: "
                f"expected {describe_tensor(first._data)}, but got {describe_tensor(other._data)}"
            )
    return face("concat")(*arrays, dim=axis)


def split_v2(
    ary: NDArray, indices_or_sections: int | tuple[int, ...], axis: int = 0, squeeze_axis: bool = False
) -> list[NDArray] | NDArray:
    """Split an array into equal sections (an int) or before the given positions (a tuple) of an axis."""
    points = shapes.split_points(indices_or_sections)
    if isinstance(indices_or_sections, int) and ary.shape[axis] % indices_or_sections:
        raise ValueError(
            f"array split does not result in an equal division: {ary.shape[axis]} into {indices_or_sections}"
        )
    return face("_split_v2")(ary, axis=axis, squeeze_axis=squeeze_axis, **points)


def histogram(
    a: NDArray, bins: int | NDArray = 10, range: tuple[float, float] | None = None
) -> list[NDArray] | tuple[NDArray, NDArray]:
    """Counts of the values in each bin, and the bins' edges: int64, and the dtype of ``a``.

    bins: their number, which needs ``range``, or their edges. Without either NumPy chooses the range, with a warning,
    and both results are float32. Raises ValueError for other kinds of bins, MXNetError for edges or a range that make
    no bins.
    """
    if not isinstance(a, NDArray):
        raise AssertionError(f"histogram: a must be an NDArray, but got {a!r:.80}")
    if isinstance(bins, NDArray):
        return face("_histogram")(a, bins)
    if not isinstance(bins, integer_types):
        raise ValueError(f"bins argument should be either an integer or an NDArray, but is {bins!r:.80}")
    if range is not None:
        return face("_histogram")(a, bin_cnt=bins, range=range)
    warnings.warn("range is not specified, using numpy's result to ensure consistency with numpy", stacklevel=2)
    counts, edges = np.histogram(a.asnumpy(), bins=int(bins))
    return array(counts, ctx=a.ctx), array(edges, ctx=a.ctx)


def onehot_encode(indices: NDArray, out: NDArray) -> NDArray:
    """One-hot rows for ``indices`` (N,), written into ``out`` (N, K). MXNet's old name; ``one_hot`` is the new one."""
    return face("_onehot_encode")(indices, out, out=out)
