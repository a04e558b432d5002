"""``print_summary``: the layers of a symbol as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..graph.node import Entry, Node
from ..symbol import Symbol
from .shapes import known_shapes, without_batch

__all__ = ["print_summary"]

_TITLES = ("Layer (type)", "Output Shape", "Param #", "Previous Layer")
_LEARNED = frozenset(("weight", "bias", "gamma", "beta", "parameters"))  # inputs of operators that a network learns


def print_summary(
    symbol: Symbol,
    shape: Mapping[str, tuple[int, ...]] | None = None,
    line_length: int = 120,
    positions: Sequence[float] = (0.44, 0.64, 0.74, 1.0),
) -> None:
    """Print a table: each operator, the shape of its output without the batch's axis, how many numbers it learns, and
    the operators that its inputs come from.

    Parameters
    ----------
    symbol : Symbol
    shape : dict, optional
        Shapes of the inputs by name. Without it only such parameters are counted as attributes tell the size of.
    line_length : int
        Width of the table.
    positions : list of float
        Where columns end: shares of the width, or numbers of characters.

    Raises TypeError for what is no Symbol, ValueError where the shapes given do not tell all others.
    """
    if not isinstance(symbol, Symbol):
        raise TypeError(f"symbol must be Symbol, but is {symbol!r}")
    shapes = None if shape is None else known_shapes(symbol, shape)
    ends = [int(line_length * p) for p in positions] if positions[-1] <= 1 else [int(p) for p in positions]
    nodes = symbol._nodes()
    rows = [node for i, node in enumerate(nodes) if node.op is not None or i == 0]  # of the variables only the first
    lines = ["_" * line_length, _row(_TITLES, ends), "=" * line_length]
    counted: set[Node] = set()
    total = 0
    for node in rows:
        learned = _learned(node) - counted
        counted |= learned
        if shapes is None:
            number = sum(_told(node, name) for name in node.input_names())
        else:
            number = sum(math.prod(shapes[Entry(variable)]) for variable in learned)
        total += number
        before = [e.node.name for e in node.inputs if e.node.op is not None or e.node is nodes[0]]
        output = _shown(node, shapes or {})
        kind = "null" if node.op is None else node.op.name
        lines.append(_row((f"{node.name}({kind})", output, number, *before[:1]), ends))
        lines += [_row(("", "", "", name), ends) for name in before[1:]]
        lines.append(("=" if node is rows[-1] else "_") * line_length)
    lines += [f"Total params: {total}", "_" * line_length]
    print("\n".join(lines))  # noqa: T201 - what it is for


def _learned(node: Node) -> set[Node]:
    """The variables that hold parameters of a node."""
    named = zip(node.input_names(), node.inputs, strict=True)
    return {entry.node for name, entry in named if entry.node.op is None and name in _LEARNED}


def _told(node: Node, name: str) -> int:
    """How many numbers a parameter has, where the attributes of its node tell that without any shape."""
    assert node.op is not None
    values = node.op.complete(node.values)
    match node.op.name, name:
        case "Convolution", "bias":
            return values["num_filter"]
        case "FullyConnected", "bias":
            return values["num_hidden"]
        case "Embedding", "weight":
            return values["input_dim"] * values["output_dim"]
    return 0


def _shown(node: Node, shapes: Mapping[Entry, tuple[int, ...]]) -> str:
    """The shape of the output: of the only one, or of that which is called so."""
    name = node.name if node.op is None else f"{node.name}_output"
    names = node.output_names()
    return without_batch(shapes.get(Entry(node, names.index(name)))) if name in names else ""


def _row(fields: Sequence[Any], ends: Sequence[int]) -> str:
    line = ""
    for field, end in zip(fields, ends, strict=False):
        line = f"{line}{field}"[:end].ljust(end)
    return line.ljust(ends[-1])
