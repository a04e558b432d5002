"""Operator attributes: what an annotation such as ``kernel: Shape = ()`` accepts, and how values are read from strings.

MXNet passes every attribute as text (``symbol.json`` holds ``"(3, 3)"``, ``"True"``, ``"None"``), so every type here
can be parsed from text and printed back. The annotations that operators may use are the keys of ``parser()``.
"""

from __future__ import annotations

import ast
import types
import typing
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args, get_origin

import numpy as np

from .. import dtypes
from ..base import _Null

__all__ = ["Attribute", "Axes", "Dtype", "Floats", "Shape", "describe", "format_value", "parser"]

Shape = tuple[int | None, ...]  # None inside: "from the start" or "to the end" in slices
Axes = int | tuple[int, ...] | None
Floats = tuple[float, ...]
Dtype = typing.NewType("Dtype", str)

Parser = Callable[[Any], Any]


class Attribute(NamedTuple):
    """One attribute of an operator; ``parse`` turns what a user or a file gives into its value (or ValueError)."""

    name: str
    annotation: Any
    default: Any
    parse: Parser

    @property
    def required(self) -> bool:
        return self.default is _Null


def _literal(value: Any) -> Any:
    """The Python value behind MXNet's text, so that "(3, 3)", "3" and "None" mean what they say."""
    if isinstance(value, str):
        text = value.strip()
        try:
            return ast.literal_eval(text.replace("L", "") if text.rstrip(")]").endswith("L") else text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return value
    return value


def parse_int(value: Any) -> int:
    value = _literal(value)
    if isinstance(value, (int, np.integer)) or (isinstance(value, (float, np.floating)) and float(value).is_integer()):
        return int(value)
    raise ValueError("an integer")


def parse_float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError("a number") from None


_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def parse_bool(value: Any) -> bool:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    text = str(value).strip().lower()
    if text in _TRUTH:
        return _TRUTH[text]
    raise ValueError("True or False")


def parse_str(value: Any) -> str:
    return str(value)


def parse_dtype(value: Any) -> str:
    """The name of a dtype; operators compute with names, which print and compare plainly."""
    try:
        return dtypes.resolve(_literal(value) if isinstance(value, str) and value == "None" else value).name
    except TypeError as error:
        raise ValueError(f"a dtype ({error})") from None


def parse_shape(value: Any) -> tuple:
    if value.__class__ is tuple and all(v.__class__ is int for v in value):
        return value
    value = _literal(value)
    if isinstance(value, (int, np.integer)):
        return (int(value),)
    if isinstance(value, (tuple, list, np.ndarray)):
        return tuple(None if v is None else parse_int(v) for v in value)
    raise ValueError("a shape, that is a tuple of integers")


def parse_axes(value: Any) -> int | tuple | None:
    value = _literal(value)
    if value is None:
        return None
    return parse_int(value) if isinstance(value, (int, np.integer)) else parse_shape(value)


def parse_floats(value: Any) -> tuple[float, ...]:
    value = _literal(value)
    if isinstance(value, (tuple, list, np.ndarray)):
        return tuple(parse_float(v) for v in value)
    return (parse_float(value),)


def _parse_choice(choices: tuple) -> Parser:
    def parse(value: Any) -> Any:
        if value is None or isinstance(value, (str, int)):  # an array would compare its elements
            value = value if value in choices else _literal(value)
            if value in choices:
                return value
        raise ValueError("one of " + ", ".join(map(repr, choices)))

    return parse


def _optional(inner: Parser) -> Parser:
    def parse(value: Any) -> Any:
        return None if value is None or (isinstance(value, str) and value.strip() in ("None", "")) else inner(value)

    return parse


_PARSERS: dict[Any, Parser] = {
    int: parse_int,
    float: parse_float,
    bool: parse_bool,
    str: parse_str,
    Dtype: parse_dtype,
    Shape: parse_shape,
    Axes: parse_axes,
    Floats: parse_floats,
}


def parser(annotation: Any) -> Parser:
    """The function that reads a value of this annotated type."""
    if annotation in _PARSERS:
        return _PARSERS[annotation]
    if get_origin(annotation) is Literal:
        return _parse_choice(get_args(annotation))
    if get_origin(annotation) in (typing.Union, types.UnionType):
        inner = [a for a in get_args(annotation) if a is not type(None)]
        if len(inner) == 1:
            return _optional(parser(inner[0]))
        if None in get_args(annotation) or type(None) in get_args(annotation):
            return _optional(parser(typing.Union[tuple(inner)]))  # noqa: UP007 - built from a tuple
    raise TypeError(f"operators cannot have an attribute of type {annotation!r}")


def exact(annotation: Any) -> str | None:
    """A Python expression over ``{v}`` that is true for values that need no parsing; None where all are parsed.

    Faces put it into their fast path.
    """
    if annotation is float:
        return "({v}.__class__ is float or {v}.__class__ is int)"
    if annotation is int or annotation is bool:
        return f"{{v}}.__class__ is {annotation.__name__}"
    if annotation is str:
        return "{v}.__class__ is str"
    if annotation is Dtype:
        return f"({{v}}.__class__ is str and {{v}} in {tuple(dtypes.by_name)!r})"
    if annotation == Shape:
        return "{v}.__class__ is tuple"
    if annotation == Axes:
        return "({v} is None or {v}.__class__ is int or {v}.__class__ is tuple)"
    if get_origin(annotation) is Literal:
        choices = tuple(c for c in get_args(annotation) if isinstance(c, str))
        test = f"({{v}}.__class__ is str and {{v}} in {choices!r})"
        return f"({{v}} is None or {test})" if None in get_args(annotation) else test
    if get_origin(annotation) in (typing.Union, types.UnionType):
        inner = [a for a in get_args(annotation) if a is not type(None)]
        test = exact(inner[0]) if len(inner) == 1 else None
        return f"({{v}} is None or {test})" if test else None
    return None


def format_value(value: Any) -> str:
    """The text that MXNet's files hold for an attribute value."""
    if isinstance(value, type) and issubclass(value, np.generic):
        return np.dtype(value).name
    if isinstance(value, np.dtype):
        return dtypes.resolve(value).name
    return str(tuple(value)) if isinstance(value, list) else str(value)


def describe(annotation: Any) -> str:
    """An attribute's type, for documentation."""
    if annotation is Dtype:
        return "dtype"
    names = {Shape: "shape", Axes: "int, shape or None", Floats: "tuple of float"}
    if annotation in names:
        return names[annotation]
    if get_origin(annotation) is Literal:
        return " or ".join(map(repr, get_args(annotation)))
    return getattr(annotation, "__name__", None) or str(annotation).replace("typing.", "")
