"""Operators by their precision, all names of each: taken from the registry (``Operator.precision``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ....ops import precision, registry
from ....ops.namespace import home
from ....ops.registry import Operator

__all__ = ["symbol_bf16", "symbol_fp16"]


def _names(test: Callable[[Operator], bool]) -> list[str]:
    return [name for op in registry.operators() if test(op) for name in (op.name, *op.aliases)]


def of(kind: str | None) -> list[str]:
    """Names of the operators of one precision: "low", "float32", "widest", None for those that cast nothing."""
    return _names(lambda op: op.precision == kind)


def conditional() -> list[tuple[str, str, list[str]]]:
    """Operators that want float32 for some values of an attribute: (operator, attribute, values)."""
    return [
        (op.name, attribute, list(values))
        for op in registry.operators()
        if isinstance(op.precision, Mapping)
        for attribute, values in op.precision.items()
    ]


def losses() -> list[str]:
    """Outputs that make their own gradient, in which the scale of the loss has to be a factor."""
    return [op.name for op in registry.operators() if precision.makes_gradient(op)]


def keep_float32_inputs() -> dict[str, list[str]]:
    """Operators that take data in any precision beside parameters and states in float32: their inputs, data as ""."""
    return {
        home(op.name)[1]: ["", *op.inputs[1:]]
        for op in registry.operators()
        if op.precision is None and op.aux == ("moving_mean", "moving_var")
    }


from . import symbol_bf16, symbol_fp16  # noqa: E402 - they are made of the functions above
