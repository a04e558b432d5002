"""Python's operators on symbols, and the functions of ``mx.sym`` that take symbols or numbers.

Between two symbols they do not broadcast: shapes must be equal, as in MXNet's graphs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..base import NotImplementedForSymbol, integer_types, numeric_types
from ..ops import shapes
from .face import face
from .symbol import Symbol

__all__ = ["histogram", "hypot", "install", "maximum", "minimum", "pow", "power", "split_v2"]


def _binary(array_op: str, scalar_op: str) -> Callable[[Symbol, Any], Symbol]:
    def method(self: Symbol, other: Any) -> Symbol:
        if isinstance(other, Symbol):
            return face(array_op)(self, other)
        if isinstance(other, numeric_types):
            return face(scalar_op)(self, scalar=other)
        raise TypeError(f"type {type(other)} not supported")

    return method


def _in_place(name: str, sign: str) -> Callable[[Symbol, Any], Symbol]:
    """Python's ``+=`` and its like, which arrays have: a symbol is never changed."""

    def method(self: Symbol, other: Any) -> Symbol:
        raise NotImplementedForSymbol(name, sign)

    return method


def _function(name: str, array_op: str, scalar_op: str, mirrored_op: str) -> Callable[[Any, Any], Any]:
    def function(left: Any, right: Any) -> Any:
        if isinstance(left, Symbol):
            return _binary(array_op, scalar_op)(left, right)
        if isinstance(right, Symbol) and isinstance(left, numeric_types):
            return face(mirrored_op)(right, scalar=left)
        raise TypeError(
            f"{name}: types ({type(left)}, {type(right)}) not supported; give symbols or a symbol and a number"
        )

    function.__name__ = function.__qualname__ = name
    return function


maximum = _function("maximum", "_Maximum", "_MaximumScalar", "_MaximumScalar")
minimum = _function("minimum", "_Minimum", "_MinimumScalar", "_MinimumScalar")
hypot = _function("hypot", "_Hypot", "_HypotScalar", "_HypotScalar")
power = pow = _function("power", "_Power", "_PowerScalar", "_RPowerScalar")


def split_v2(
    ary: Symbol, indices_or_sections: int | tuple[int, ...], axis: int = 0, squeeze_axis: bool = False
) -> Symbol:
    """Split into equal sections (an int) or before the given positions (a tuple) of an axis."""
    return face("_split_v2")(ary, axis=axis, squeeze_axis=squeeze_axis, **shapes.split_points(indices_or_sections))


def histogram(a: Symbol, bins: int | Symbol = 10, range: tuple[float, float] | None = None, **kwargs: Any) -> Symbol:
    """Counts of the values in each bin, and the bins' edges. ``bins``: their edges, or their number and ``range``."""
    if isinstance(bins, Symbol):
        return face("_histogram")(a, bins, **kwargs)
    if not isinstance(bins, integer_types):
        raise ValueError(f"bins argument should be either an integer or a Symbol, but is {bins!r}")
    if range is None:
        raise ValueError("null range is not supported in symbol mode: give range=(low, high)")
    return face("_histogram")(a, bin_cnt=bins, range=range, **kwargs)


def install() -> None:
    """Put the methods on Symbol."""
    Symbol.split_v2 = split_v2  # type: ignore[assignment]
    for name, array_op, scalar_op, mirrored in (
        ("add", "_Plus", "_PlusScalar", "_PlusScalar"),
        ("sub", "_Minus", "_MinusScalar", "_RMinusScalar"),
        ("mul", "_Mul", "_MulScalar", "_MulScalar"),
        ("truediv", "_Div", "_DivScalar", "_RDivScalar"),
        ("div", "_Div", "_DivScalar", "_RDivScalar"),  # Python 2's, which MXNet still has
        ("mod", "_Mod", "_ModScalar", "_RModScalar"),
        ("pow", "_Power", "_PowerScalar", "_rpower_scalar"),
    ):
        setattr(Symbol, f"__{name}__", _binary(array_op, scalar_op))
        setattr(Symbol, f"__r{name}__", _binary(array_op, mirrored))
    for name, sign in (("add", "+="), ("sub", "-="), ("mul", "*="), ("truediv", "/="), ("div", "/=")):
        setattr(Symbol, f"__i{name}__", _in_place(f"__i{name}__", sign))
    for name, word in (
        ("eq", "equal"), ("ne", "not_equal"), ("gt", "greater"), ("ge", "greater_equal"), ("lt", "lesser"),
        ("le", "lesser_equal"),
    ):  # fmt: skip
        setattr(Symbol, f"__{name}__", _binary(f"_{word}", f"_{word}_scalar"))
    Symbol.__neg__ = lambda self: face("_MulScalar")(self, scalar=-1.0)  # type: ignore[attr-defined]
    Symbol.__abs__ = lambda self: face("abs")(self)  # type: ignore[attr-defined]
