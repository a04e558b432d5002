"""Dtypes of a graph, from those of some variables and from the signatures of its operators (``ops/signatures.py``).

What is known spreads in both directions, to users and to inputs, until nothing new is found. No value and no shape is
needed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from .. import dtypes
from ..base import MXNetError
from ..dtypes import DType
from ..ops.custom import is_blamed
from .bodies import variables
from .node import Entry, Node, topological

__all__ = ["declared", "infer_types"]

Types = list[DType | None]


def infer_types(heads: Iterable[Entry], given: Mapping[str, DType]) -> dict[Node, Types]:
    """Dtypes of all nodes' outputs, from those of some variables; None where nothing tells.

    Raises MXNetError, naming the node, where dtypes contradict each other.
    """
    inference = _Inference(topological(heads))
    for node in inference.nodes:
        if node.op is None:
            inference.found[node][0] = given.get(node.name) or declared(node)
    inference.run()
    return inference.found


def declared(variable: Node) -> DType | None:
    """The dtype that a variable was made with. Raises MXNetError where its attribute says nothing sensible."""
    text = variable.extra.get("__dtype__", "-1")
    try:
        code = int(text)
        return dtypes.by_code[code] if code != -1 else None
    except (KeyError, ValueError):
        raise MXNetError(
            f"variable {variable.name!r}: __dtype__ must be the number of a dtype, not {text!r:.100}"
        ) from None


class _Inference:
    """What is known of one graph."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.found: dict[Node, Types] = {n: [None] * (n.op.num_outputs(n.values) if n.op else 1) for n in nodes}
        self.users: dict[Node, list[Node]] = {n: [] for n in nodes}
        for node in nodes:
            for entry in node.inputs:
                self.users[entry.node].append(node)

    def run(self) -> None:
        operators = [n for n in self.nodes if n.op is not None]
        self.spread(operators)
        for node in operators:
            if None in self.found[node] or any(self.found[e.node][e.index] is None for e in node.inputs):
                self.spread([node], final=True)

    def spread(self, start: Iterable[Node], final: bool = False) -> None:
        """Ask these nodes, and whoever is next to something that became known. Every output becomes known once."""
        queue = deque(start)
        waiting = set(queue)
        while queue:
            node = queue.popleft()
            waiting.discard(node)
            inputs = [self.found[e.node][e.index] for e in node.inputs]
            before = [*inputs, *self.found[node]]
            inputs, outputs = self.ask(node, inputs, self.found[node], final)
            final = False
            places = [*node.inputs, *(Entry(node, i) for i in range(len(outputs)))]
            for place, old, new in zip(places, before, [*inputs, *outputs], strict=True):
                if old is None and new is not None:
                    self.found[place.node][place.index] = new
                    for other in (place.node, *self.users[place.node]):
                        if other.op is not None and other is not node and other not in waiting:
                            waiting.add(other)
                            queue.append(other)

    def ask(self, node: Node, inputs: Types, outputs: Types, final: bool) -> tuple[Types, Types]:
        """What a node says of its inputs and outputs."""
        op = node.op
        assert op is not None
        try:
            if node.bodies:
                return _through_bodies(node, inputs, outputs)
            return op.types(inputs, outputs, node.values, final)
        except (MXNetError, ValueError) as error:
            if is_blamed(error):
                raise
            raise MXNetError(f"Error in operator {node.name}: Type inconsistent, {op.name}: {error}") from None


def _through_bodies(node: Node, inputs: Types, outputs: Types) -> tuple[Types, Types]:
    """What the bodies of a control-flow node say; all have the same outputs, but for the condition of a loop."""
    inputs, outputs = list(inputs), list(outputs)
    for heads, sources in zip(node.bodies, node.wiring.sources, strict=True):
        inner = _Inference(topological(heads))
        fed = list(zip(variables(heads), sources, strict=True))
        for variable, i in fed:
            inner.found[variable][0] = inputs[i] or declared(variable)
        if len(heads) == len(outputs):
            for head, dtype in zip(heads, outputs, strict=True):
                inner.found[head.node][head.index] = inner.found[head.node][head.index] or dtype
        inner.run()
        for variable, i in fed:
            inputs[i] = inputs[i] or inner.found[variable][0]
        if len(heads) == len(outputs):
            outputs = [known or inner.found[head.node][head.index] for known, head in zip(outputs, heads, strict=True)]
    return inputs, outputs
