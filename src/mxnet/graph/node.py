"""The one graph type: a node is a variable or an operator applied to outputs of other nodes."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count
from typing import Any, NamedTuple

from ..ops.control import Wiring
from ..ops.registry import Operator

__all__ = ["Entry", "Node", "as_written", "auxiliary_states", "hidden", "inputs_of", "shown", "topological"]


_numbers = count()


class Node:
    """A variable (``op`` is None) or an operator applied to inputs.

    Parameters
    ----------
    op : Operator or None
    name : str
    attrs : dict of str
        The operator's attributes as text, only those that were given; for a variable that an operator made for itself,
        a copy of the operator's, as MXNet's files have it.
    inputs : list of Entry
    extra : dict of str
        Attributes of the user's and of parameters: ``__shape__``, ``__lr_mult__`` ...
    bodies : list of lists of Entry
        The graphs that a control-flow operator runs (see ``bodies.py``).
    """

    __slots__ = ("__dict__", "attrs", "bodies", "extra", "inputs", "name", "number", "op")

    def __init__(
        self,
        op: Operator | None,
        name: str,
        attrs: Mapping[str, str] = {},
        inputs: Iterable[Entry] = (),
        extra: Mapping[str, str] = {},
        bodies: Iterable[Sequence[Entry]] = (),
    ) -> None:
        self.op, self.name, self.number = op, name, next(_numbers)
        self.attrs, self.inputs = dict(attrs), list(inputs)
        self.extra = {hidden(key): value for key, value in extra.items()}
        self.bodies = tuple(tuple(heads) for heads in bodies)

    def copy(self, inputs: Iterable[Entry]) -> Node:
        """The same node on other inputs."""
        node = Node(self.op, self.name, self.attrs, inputs, self.extra, self.bodies)
        node.number = self.number
        return node

    @cached_property
    def values(self) -> dict[str, Any]:
        """The attributes' values, given ones only."""
        return {} if self.op is None else self.op.parse(self.attrs)

    @cached_property
    def wiring(self) -> Wiring:
        """What feeds the bodies. Raises ValueError for attributes that contradict each other."""
        assert self.op is not None
        assert self.op.wiring is not None
        return self.op.wiring(**self.op.complete(self.values))

    @property
    def num_outputs(self) -> int:
        """Number of outputs that users see."""
        return 1 if self.op is None else self.op.num_visible(self.values)

    def input_names(self) -> tuple[str, ...]:
        return () if self.op is None else self.op.input_names(self.values, len(self.inputs))

    def state_names(self) -> tuple[str, ...]:
        """Names of the inputs that are auxiliary states."""
        return () if self.op is None else self.op.state_names(self.values, len(self.inputs))

    def output_names(self) -> list[str]:
        """A variable's output is called like itself, an operator's ``name_output`` or ``name_output0``,
        ``name_output1`` ...
        """
        if self.op is None:
            return [self.name]
        count, suffixes = self.op.num_outputs(self.values), self.op.suffixes(self.values)
        if count > 1 and len(suffixes) < count:
            suffixes = tuple(f"{suffixes[0]}{i}" for i in range(count))
        return [f"{self.name}_{suffix}" for suffix in suffixes[:count]]

    def __repr__(self) -> str:
        return f"<{'variable' if self.op is None else self.op.name} {self.name}>"


_HIDDEN = frozenset(("ctx_group", "force_mirroring", "lr_mult", "mirror_stage", "wd_mult"))


def hidden(key: str) -> str:
    """The name under which an attribute is kept: MXNet writes some of them with underscores."""
    return f"__{key}__" if key in _HIDDEN else key


def shown(extra: Mapping[str, str]) -> dict[str, str]:
    """Attributes as users see them: those with underscores are there under their plain names, too."""
    return {**extra, **{name: extra[f"__{name}__"] for name in _HIDDEN if f"__{name}__" in extra}}


class Entry(NamedTuple):
    """One output of a node."""

    node: Node
    index: int = 0


def topological(heads: Iterable[Entry]) -> list[Node]:
    """All nodes below ``heads``, inputs before users, in the order in which MXNet lists them. No recursion: graphs are
    deep.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    for head in heads:
        stack: list[tuple[Node, Iterator[Entry]]] = []
        if head.node not in seen:
            seen.add(head.node)
            stack.append((head.node, iter(head.node.inputs)))
        while stack:
            node, rest = stack[-1]
            entry = next(rest, None)
            if entry is None:
                order.append(node)
                stack.pop()
            elif entry.node not in seen:
                seen.add(entry.node)
                stack.append((entry.node, iter(entry.node.inputs)))
    return order


def as_written(nodes: Sequence[Node]) -> list[Node]:
    """All nodes of a graph, inputs before users, and else in the order in which they were made: that of the user's
    code, on which random numbers and states depend.
    """
    users: dict[Node, list[Node]] = {node: [] for node in nodes}
    waiting = {node: len({entry.node for entry in node.inputs}) for node in nodes}
    for node in nodes:
        for used in {entry.node for entry in node.inputs}:
            users[used].append(node)
    ready = [(node.number, place) for place, node in enumerate(nodes) if not waiting[node]]
    places = {node: place for place, node in enumerate(nodes)}
    heapq.heapify(ready)
    order: list[Node] = []
    while ready:
        node = nodes[heapq.heappop(ready)[1]]
        order.append(node)
        for user in users[node]:
            waiting[user] -= 1
            if not waiting[user]:
                heapq.heappush(ready, (user.number, places[user]))
    return order


def auxiliary_states(nodes: Iterable[Node]) -> set[Node]:
    """The variables that operators update: BatchNorm's running statistics."""
    return {
        entry.node
        for node in nodes
        if (states := node.state_names())
        for name, entry in zip(node.input_names(), node.inputs, strict=True)
        if name in states and entry.node.op is None
    }


def inputs_of(nodes: Iterable[Node]) -> tuple[list[Node], list[Node]]:
    """The variables of a graph: (arguments, auxiliary states)."""
    nodes = list(nodes)
    aux = auxiliary_states(nodes)
    variables = [n for n in nodes if n.op is None]
    return [n for n in variables if n not in aux], [n for n in variables if n in aux]
