"""Mixed precision for a graph that is there already: casts are put in, or left out.

Faces cast while a graph is composed (``ops/precision.py``); ``reduce`` does so afterwards, knowing which dtype arrives,
so that it casts only where that is another one, and once for all users.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from .. import dtypes
from ..ops import registry
from ..ops.precision import FLOATS, Policy, casts_inputs
from .node import Entry, Node, topological
from .types import infer_types

__all__ = ["declare", "reduce", "without_casts"]

_FLOAT32 = dtypes.by_name["float32"]


def reduce(
    heads: Sequence[Entry], policy: Policy, excluded: Collection[str] = (), parameters: Collection[str] = ()
) -> list[Entry]:
    """The graph with casts; its outputs are float32.

    excluded: names of nodes that compute in float32. parameters: variables that need no cast to the low precision,
    since they will be given in it.
    """
    reduction = _Reduction(policy, parameters)
    for node in topological(heads):
        reduction.add(node, node.name in excluded or bool(node.bodies))
    return [reduction.cast(reduction.moved[head.node, head.index], "float32") for head in heads]


def declare(heads: Sequence[Entry], data: Collection[str]) -> None:
    """Note in all variables but ``data``, which are float32, the dtype that the graph expects of them."""
    variables = [node for node in topological(heads) if node.op is None and node.name not in data]
    for node in variables:
        if node.extra.get("__dtype__") == str(_FLOAT32.code):  # as it was; not what it must be
            del node.extra["__dtype__"]
    found = infer_types(heads, dict.fromkeys(data, _FLOAT32))
    for node in variables:
        node.extra["__dtype__"] = str((found[node][0] or _FLOAT32).code)


class _Reduction:
    """A graph in the making."""

    def __init__(self, policy: Policy, parameters: Collection[str]) -> None:
        self.policy, self.parameters = policy, parameters
        self.moved: dict[tuple[Node, int], Entry] = {}  # outputs of the old graph, in the new one
        self.dtypes: dict[Entry, str] = {}  # of outputs, where known
        self.casts: dict[tuple[Entry, str], Entry] = {}

    def add(self, node: Node, excluded: bool) -> None:
        """Copy a node, with casts before it."""
        inputs = [self.moved[e.node, e.index] for e in node.inputs]
        new = node.copy(inputs)
        count = 1 if node.op is None else node.op.num_outputs(node.values)
        self.moved.update({(node, i): Entry(new, i) for i in range(count)})
        if node.op is None:
            return
        dtype = "float32" if excluded else self.policy.dtype(node.op, node.values)
        if dtype == "widest":
            new.inputs = self.widened(inputs)
        elif dtype is not None:
            kind = None if excluded else self.policy.kind(node.op)
            # Variables are float32, most likely; and where they are not, that is the user's will.
            trusted = dtype == "float32" and not isinstance(kind, Mapping)
            names, concerned = node.input_names(), casts_inputs(node.op, "low" if dtype != "float32" else kind)
            for i, entry in enumerate(inputs):
                if (node.op.variadic or names[i] in concerned) and not (trusted and entry.node.op is None):
                    new.inputs[i] = self.cast(entry, dtype)
        self.note(new, None if dtype == "widest" else dtype)

    def note(self, node: Node, dtype: str | None) -> None:
        """What is known of a node's outputs: from the dtype that its inputs were brought to, or from the first's."""
        assert node.op is not None
        if node.bodies or not node.inputs:
            return
        first = dtype or self.dtypes.get(node.inputs[0])
        if first is None:
            return
        count = node.op.num_outputs(node.values)
        known = [dtypes.by_name[first], *[None] * (len(node.inputs) - 1)]
        for i, found in enumerate(node.op.types(known, [None] * count, node.values)[1]):
            if found is not None and found.name in FLOATS:
                self.dtypes[Entry(node, i)] = found.name

    def cast(self, entry: Entry, dtype: str) -> Entry:
        """An output in a dtype: itself, where it is that already."""
        if self.dtypes.get(entry) == dtype or (dtype != "float32" and entry.node.name in self.parameters):
            return entry
        if (entry, dtype) not in self.casts:
            name = f"{entry.node.output_names()[entry.index]}_amp_cast_{dtype}"
            node = Node(registry.get("amp_cast"), name, {"dtype": dtype}, [entry])
            self.casts[entry, dtype] = Entry(node)
            self.dtypes[Entry(node)] = dtype
        return self.casts[entry, dtype]

    def widened(self, inputs: list[Entry]) -> list[Entry]:
        """Outputs in the widest of their dtypes; an operator finds it, where one of them is unknown."""
        found = [self.dtypes.get(entry) for entry in inputs]
        if None not in found:
            return inputs if len(set(found)) < 2 else [self.cast(entry, "float32") for entry in inputs]
        first = inputs[0]
        name = f"{first.node.output_names()[first.index]}_amp_multicast"
        node = Node(registry.get("amp_multicast"), name, {"num_outputs": str(len(inputs))}, inputs)
        return [Entry(node, i) for i in range(len(inputs))]


_CASTS = ("amp_cast", "amp_multicast")


def without_casts(heads: Sequence[Entry]) -> list[Entry]:
    """The graph without mixed precision's casts, but for those that are outputs of it; on the same variables."""
    nodes = topological(heads)
    if not any(node.op is not None and (node.op.name in _CASTS or node.bodies) for node in nodes):
        return list(heads)
    copies: dict[Node, Node] = {}

    def moved(entry: Entry) -> Entry:
        while entry.node.op is not None and entry.node.op.name in _CASTS:
            entry = entry.node.inputs[entry.index]
        return Entry(copies[entry.node], entry.index)

    for node in nodes:
        copies[node] = node.copy(moved(entry) for entry in node.inputs) if node.op is not None else node
        if node.bodies:
            copies[node].bodies = tuple(tuple(without_casts(body)) for body in node.bodies)
    return [Entry(copies[head.node], head.index) for head in heads]
