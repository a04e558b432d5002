"""Lowering: from a graph to one flat callable, straight-line Python that ``torch.fx`` generates."""

from __future__ import annotations

import operator as python
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..ops.control import changed
from ..ops.registry import SURROUNDINGS
from ..ops.sparse import storage
from .bodies import variables
from .node import Entry, Node, as_written, inputs_of, topological

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

    @property
    def inputs(self) -> list[Node]:
        """The variables in the order in which ``run`` takes them."""
        return [*self.arguments, *self.aux_states]

    @property
    def changed(self) -> dict[Any, Any]:
        """The fx nodes of new values of states, each with the placeholder of its state."""
        news = next(n for n in self.run.graph.nodes if n.op == "output").args[0][-len(self.updates) or None :]
        places = dict(zip(self.inputs, self.placeholders, strict=True))
        return dict(zip(news, map(places.__getitem__, self.updates), strict=True)) if self.updates else {}

    @property
    def placeholders(self) -> list[Any]:
        """The fx nodes of the variables."""
        return [n for n in self.run.graph.nodes if n.op == "placeholder"][: len(self.inputs)]


def lower(heads: Sequence[Entry], inputs: Sequence[Node] | None = None, sparse: bool = False) -> Lowered:
    """Lower the graph below ``heads``.

    inputs: its variables in another order than arguments, states. sparse: arguments may be sparse; where an operator
    of the graph makes something sparse, the others expect it anyway.
    """
    import torch.fx as fx  # takes a while to import, and only graphs need it

    nodes = topological(heads)
    if sum(node.op is not None and bool(node.op.random or node.op.aux or node.bodies) for node in nodes) > 1:
        nodes = as_written(nodes)
    arguments, aux_states = inputs_of(nodes) if inputs is None else (list(inputs), [])
    graph = fx.Graph()
    values: dict[Node, list[Any]] = {}
    for node in [*arguments, *aux_states]:
        place = graph.placeholder(_identifier(node.name))
        place.target = place.name  # of two variables with one name, or one like a word of Python, fx renames only this
        values[node] = [place]
    surroundings = {name: graph.placeholder(name) for name in SURROUNDINGS}
    sparse = sparse or any(_makes_sparse(node) for node in nodes)
    updates: list[tuple[Node, Any]] = []
    held: dict[str, Any] = {}  # what nodes hold for their operators: attributes of the module, by name

    def attribute(node: Node, value: Any) -> fx.Node:
        name = f"{_identifier(node.name)}_held{len(held)}"
        held[name] = value
        return graph.get_attr(name)

    for node in nodes:
        op = node.op
        if op is None:
            continue
        tensors = [values[entry.node][entry.index] for entry in node.inputs]
        if not op.variadic:
            named = dict(zip(node.input_names(), tensors, strict=True))
            tensors = [named.get(name) for name in op.inputs]
            while tensors and tensors[-1] is None:
                tensors.pop()
        keywords = {**node.values, **{name: surroundings[name] for name in op.implicit}}
        states = _updated(node)
        if node.bodies:
            bodies = [_lower_body(heads, sparse) for heads in node.bodies]
            keywords["_held"] = tuple((attribute(node, run), places) for run, places in bodies)
            states = [node.inputs[i] for i in changed(node.wiring, tuple(bodies))]
        elif "_held" in keywords:
            keywords["_held"] = attribute(node, keywords["_held"])
        call = graph.call_function(storage.general(op) if sparse else op.function, tuple(tensors), keywords)
        call.meta["node"] = node
        count = op.num_outputs(node.values)
        if count == 1 and not states:
            values[node] = [call]
            continue
        values[node] = [graph.call_function(python.getitem, (call, i)) for i in range(count)]
        for i, entry in enumerate(states):
            if entry.node.op is None:
                updates.append((entry.node, graph.call_function(python.getitem, (call, count + i))))
    outputs = [values[entry.node][entry.index] for entry in heads]
    graph.output(tuple(outputs + [value for _, value in updates]))
    graph.lint()
    return Lowered(fx.GraphModule(held, graph), arguments, aux_states, [state for state, _ in updates])


def _updated(node: Node) -> list[Entry]:
    """The inputs of which an operator returns new values after its outputs."""
    assert node.op is not None
    names = node.op.aux_names(len(node.inputs))
    return [node.inputs[node.input_names().index(name)] for name in names]


def _makes_sparse(node: Node) -> bool:
    """Whether the result of an operator may be sparse for dense inputs."""
    attribute = None if node.op is None else node.op.storage
    return attribute == "" or (attribute is not None and node.values.get(attribute) is not None)


def _lower_body(heads: Sequence[Entry], sparse: bool) -> tuple[Any, tuple[int, ...]]:
    """The function of a body, and which of its inputs it returns new values of."""
    inputs = variables(heads)
    lowered = lower(heads, inputs, sparse)
    return lowered.run, tuple(inputs.index(state) for state in lowered.updates)


def _identifier(name: str) -> str:
    """A Python name for a variable; fx makes it unique."""
    text = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
    return text if text[:1].isalpha() and text != "self" else f"v_{text}"
