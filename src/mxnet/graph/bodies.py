"""Graphs inside of nodes: the bodies of ``_foreach``, ``_while_loop`` and ``_cond``.

A body is a list of heads, as a graph is. Its inputs are its variables in the order of its nodes; the node's attributes
say which of the node's inputs feeds each of them (``ops/control.py``).
"""

from __future__ import annotations

from collections.abc import Iterable

from ..base import MXNetError
from .node import Entry, Node, topological

__all__ = ["check", "variables"]


def variables(heads: Iterable[Entry]) -> list[Node]:
    """The inputs of a body, auxiliary states among them."""
    return [node for node in topological(heads) if node.op is None]


def check(node: Node) -> None:
    """Raise MXNetError unless the bodies of a node fit its attributes and its inputs."""
    op = node.op
    assert op is not None
    if len(node.bodies) != len(op.bodies):
        raise MXNetError(f"{op.name} needs the subgraphs {op.bodies}, but has {len(node.bodies)}")
    if not op.bodies:
        return
    count = len(node.inputs) + len(node.bodies)
    if node.values[op.count] != count:
        raise MXNetError(
            f"{op.name}: {op.count} must be {count}, its inputs and subgraphs, not {node.values[op.count]}"
        )
    try:
        wiring = node.wiring
    except ValueError as error:
        raise MXNetError(f"{op.name}: {error}") from None
    for name, heads, sources, outputs in zip(op.bodies, node.bodies, wiring.sources, wiring.outputs, strict=True):
        inputs = [v.name for v in variables(heads)]
        if len(inputs) != len(sources):
            raise MXNetError(
                f"{op.name}: subgraph {name!r} has the inputs {inputs}, the attributes feed {len(sources)}"
            )
        if any(not 0 <= i < len(node.inputs) for i in sources):
            raise MXNetError(
                f"{op.name}: subgraph {name!r} is fed from {sources}, but there are {len(node.inputs)} inputs"
            )
        if len(heads) != outputs:
            raise MXNetError(f"{op.name}: subgraph {name!r} must have {outputs} outputs, but has {len(heads)}")
    unused = set(range(len(node.inputs))).difference(*wiring.sources)
    if unused:
        raise MXNetError(f"{op.name}: inputs {sorted(unused)} feed no subgraph")
