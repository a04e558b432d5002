"""Shapes of everything inside a graph, as the pictures of it need them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..graph.node import Entry
from ..symbol import Symbol

__all__ = ["known_shapes", "without_batch"]

Shape = tuple[int, ...]


def known_shapes(symbol: Symbol, given: Mapping[str, Shape]) -> dict[Entry, Shape]:
    """The shape of every output of every node, from those of some variables.

    Raises ValueError where they do not tell all shapes, TypeError where they are no mapping, MXNetError where operators
    refuse them.
    """
    internals = symbol.get_internals()
    if not isinstance(given, Mapping):
        raise TypeError(f"shape must be a dict of shapes by the names of variables, but is {given!r}")
    _, shapes, _ = internals.infer_shape(**given)
    if shapes is None:
        raise ValueError("Input shape is incomplete")
    return dict(zip(internals._heads, map(tuple, shapes), strict=True))


def without_batch(shape: Any) -> str:
    """'20x24x24' for (64, 20, 24, 24); nothing where the shape is not known."""
    return "x".join(str(size) for size in (shape or ())[1:])
