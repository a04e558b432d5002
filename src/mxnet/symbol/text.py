"""A graph as text for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..graph.node import Entry, Node, topological

__all__ = ["describe"]


def describe(heads: Sequence[Entry]) -> str:
    """The nodes of a graph in the order of computation, as ``debug_str`` shows them.

    A variable has a version: how many operators have changed it so far.
    """
    if len(heads) == 1 and heads[0].node.op is None:
        return f"Variable:{heads[0].node.name}\n"
    lines = ["Symbol Outputs:", *(f"\toutput[{i}]={e.node.name}({e.index})" for i, e in enumerate(heads))]
    versions: Counter[Node] = Counter()
    for node in topological(heads):
        if node.op is None:
            lines.append(f"Variable:{node.name}")
            continue
        lines += ["-" * 20, f"Op:{node.op.name}, Name={node.name}", "Inputs:"]
        states = node.state_names()
        for i, (name, entry) in enumerate(zip(node.input_names(), node.inputs, strict=True)):
            if name in states:
                versions[entry.node] += 1
            version = f" version={versions[entry.node]}" if entry.node.op is None else ""
            lines.append(f"\targ[{i}]={entry.node.name}({entry.index}){version}")
        attributes = {**node.attrs, **node.extra}
        if attributes:
            lines += ["Attrs:", *(f"\t{key}={value}" for key, value in sorted(attributes.items()))]
    return "\n".join(lines) + "\n"
