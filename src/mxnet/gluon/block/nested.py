"""Nested lists of arrays: what a block takes and returns, taken apart and put together again."""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np

from ...context import Context

__all__ = ["changing", "flatten", "items", "rebuild"]

ARRAY = "array"  # the form of an array


def items(value: Any) -> Iterator[Any]:
    """The items of nested lists, tuples and dicts."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from items(item)
    else:
        yield value


def flatten(value: Any, is_array: Callable[[Any], bool], found: list[Any]) -> Hashable:
    """Append the arrays in nested lists, tuples and dicts to ``found``; returns the form: what else there is.

    Equal forms mean equal structure and equal constants. What may change is the same only as itself: see ``changing``.
    """
    if is_array(value):
        found.append(value)
        return ARRAY
    if isinstance(value, dict):
        return (type(value), tuple(value), tuple(flatten(item, is_array, found) for item in value.values()))
    if isinstance(value, (list, tuple)):
        return (type(value), len(value), tuple(flatten(item, is_array, found) for item in value))
    return _Constant(value)


def rebuild(form: Any, arrays: Iterator[Any]) -> Any:
    """The nested lists of a form, with other arrays in the arrays' places."""
    if form is ARRAY:
        return next(arrays)
    if isinstance(form, _Constant):
        return form.value
    kind, keys, forms = form
    inside = [rebuild(item, arrays) for item in forms]
    if issubclass(kind, dict):
        return kind(zip(keys, inside, strict=True))
    return kind(*inside) if hasattr(kind, "_fields") else kind(inside)


def changing(form: Any) -> Iterator[Any]:
    """The objects in a form, beside arrays, whose meaning may change while they stay the same."""
    if isinstance(form, _Constant):
        if not isinstance(form.value, _FIXED) and not callable(form.value):
            yield form.value
    elif form is not ARRAY:
        for item in form[2]:
            yield from changing(item)


class _Constant:
    """Something that is no array: a number, None, an object."""

    __slots__ = ("_key", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        if isinstance(value, (float, complex, np.generic)):
            value = repr(value)  # tells 0.0 from -0.0
        self._key = type(self.value), value if isinstance(value, _FIXED) else id(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Constant) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


_FIXED = (int, float, complex, str, bytes, type(None), type(...), np.generic, np.dtype, type, Context, enum.Enum)
