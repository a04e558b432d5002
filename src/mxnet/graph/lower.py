"""Lowering: from a graph to one flat callable, straight-line Python that ``torch.fx`` generates."""

from __future__ import annotations

import operator as python
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..ops.registry import SURROUNDINGS
from .node import Entry, Node, inputs_of, topological

__all__ = ["Lowered", "lower"]


class Lowered(NamedTuple):
    """A callable ``run(*arguments, *aux_states, *surroundings)`` and what it expects and returns.

    It returns the outputs, then a value for each entry of ``updates``: new values of auxiliary states, None where
    unchanged.
    """

    run: Any  # torch.fx.GraphModule; its ``code`` is the generated Python
    arguments: list[Node]
    aux_states: list[Node]
    updates: list[Node]


def lower(heads: Sequence[Entry]) -> Lowered:
    """Lower the graph below ``heads``."""
    import torch.fx as fx  # takes a while to import, and only graphs need it

    nodes = topological(heads)
    arguments, aux_states = inputs_of(nodes)
    graph = fx.Graph()
    values: dict[Node, list[Any]] = {}
    for node in [*arguments, *aux_states]:
        values[node] = [graph.placeholder(_identifier(node.name))]
    surroundings = {name: graph.placeholder(name) for name in SURROUNDINGS}
    updates: list[tuple[Node, Any]] = []
    for node in nodes:
        op = node.op
        if op is None:
            continue
        inputs = [values[entry.node][entry.index] for entry in node.inputs]
        if not op.variadic:
            named = dict(zip(node.input_names(), inputs, strict=True))
            inputs = [named.get(name) for name in op.inputs]
            while inputs and inputs[-1] is None:
                inputs.pop()
        keywords = {**node.values, **{name: surroundings[name] for name in op.implicit}}
        call = graph.call_function(op.fn, tuple(inputs), keywords)
        count = op.num_outputs(node.values)
        if count == 1 and not op.aux:
            values[node] = [call]
            continue
        values[node] = [graph.call_function(python.getitem, (call, i)) for i in range(count)]
        for i, name in enumerate(op.aux):
            state = node.inputs[node.input_names().index(name)].node
            updates.append((state, graph.call_function(python.getitem, (call, count + i))))
    outputs = [values[entry.node][entry.index] for entry in heads]
    graph.output(tuple(outputs + [value for _, value in updates]))
    graph.lint()
    return Lowered(fx.GraphModule({}, graph), arguments, aux_states, [state for state, _ in updates])


def _identifier(name: str) -> str:
    """A Python name for a variable; fx makes it unique."""
    text = "".join(c if c.isalnum() else "_" for c in name)
    return text if text[:1].isalpha() else f"v_{text}"
