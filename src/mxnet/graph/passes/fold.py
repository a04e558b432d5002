"""What depends on parameters alone is computed once, not in every call: transposed weights, folded statistics.

``fold`` splits a graph in two: one part computes values from parameters, the other takes them in the parameters' place.
Views show the memory of their parameter, so they are never out of date; other values are, as soon as a parameter
changes: whoever runs the second part has to compare the version counters of the ``sources``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch.fx as fx

from .effects import draws, is_view, shows, writes, written

__all__ = ["Folded", "fold"]


class Folded(NamedTuple):
    """Two graphs: ``before`` takes the parameters and returns what ``main`` takes after its inputs.

    sources: numbers of the parameters of which ``before`` copies values, rather than showing them.
    """

    before: fx.Graph
    main: fx.Graph
    sources: list[int]


def fold(graph: fx.Graph, inputs: int, only_views: bool) -> Folded:
    """Split a graph whose first ``inputs`` placeholders are no parameters. ``only_views``: leave what must be guarded
    in the main part.
    """
    placeholders = [n for n in graph.nodes if n.op == "placeholder" and n.target != "_rng"]
    parameters = placeholders[inputs:]
    changed = _changed(graph)
    leaving = _leaving(graph)  # every call's caller gets memory of its own
    constant = {p for p in parameters if p not in changed}
    shown: dict[fx.Node, set[fx.Node]] = {p: {p} for p in constant}  # of which parameters a view shows the memory
    for node in graph.nodes:
        if node.op not in ("call_function", "call_method") or writes(node) or draws(node):
            continue
        if node in changed or node in leaving:
            continue
        needed = [n for n in node.all_input_nodes if n.op != "get_attr"]
        if needed and all(n in constant for n in needed) and (shows(node) or not only_views):
            constant.add(node)
            shown[node] = set().union(*(shown[n] for n in needed)) if shows(node) else set()
    before, main = fx.Graph(), fx.Graph()
    return _split(graph, before, main, placeholders, inputs, constant, shown)


def _split(
    graph: fx.Graph,
    before: fx.Graph,
    main: fx.Graph,
    placeholders: list[fx.Node],
    inputs: int,
    constant: set[fx.Node],
    shown: dict[fx.Node, set[fx.Node]],
) -> Folded:
    early: dict[fx.Node, fx.Node] = {}
    late: dict[fx.Node, fx.Node] = {}
    parameters = placeholders[inputs:]
    for node in parameters:
        early[node] = before.placeholder(str(node.target))
    for node in graph.nodes:
        if node in constant and node not in early:
            for held in node.all_input_nodes:
                if held.op == "get_attr" and held not in early:
                    early[held] = before.node_copy(held)
            early[node] = before.node_copy(node, early.__getitem__)
    wanted = [
        node for node in graph.nodes
        if (node in constant or node in parameters) and any(user not in constant for user in node.users)
    ]  # fmt: skip
    for node in placeholders[:inputs]:
        late[node] = main.node_copy(node)
    for node in wanted:
        late[node] = main.placeholder(node.name)
        late[node].meta = dict(node.meta)
    for node in graph.nodes:
        if node not in late and node not in constant and node not in parameters:
            late[node] = main.node_copy(node, late.__getitem__)
    before.output(tuple(early[node] for node in wanted))
    copied = set().union(*(_parameters_of(node) for node in wanted if not shown.get(node, {node})), set())
    return Folded(before, main, [i for i, p in enumerate(parameters) if p in copied])


def _parameters_of(node: fx.Node) -> set[fx.Node]:
    """The placeholders that a value is made of."""
    found: set[fx.Node] = set()
    waiting, seen = [node], set()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.op == "placeholder":
            found.add(node)
        waiting += node.all_input_nodes
    return found


def _changed(graph: fx.Graph) -> set[fx.Node]:
    """Nodes whose memory is written to, by themselves or through views."""
    return _behind(target for node in graph.nodes for target in written(node))


def _leaving(graph: fx.Graph) -> set[fx.Node]:
    """Nodes whose memory outputs show."""
    return _behind(node for output in graph.find_nodes(op="output") for node in output.all_input_nodes)


def _behind(nodes: Iterable[fx.Node]) -> set[fx.Node]:
    """These, and all nodes whose memory they may show."""
    found: set[fx.Node] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            if is_view(node):
                waiting += node.all_input_nodes
    return found
