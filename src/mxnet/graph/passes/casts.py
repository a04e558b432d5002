"""Casts are done once: mixed precision converts a weight or an activation wherever an operator wants it.

The same tensor converted twice to one dtype is converted once; one that has the dtype already is taken as it is, also
after a detour through a wider dtype, which loses nothing. A detour through a narrower one is the computation itself.

Gradients of the users of a shared cast are added in the low precision, as torch's autocast does.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.fx as fx

from .effects import is_view, writes, written

__all__ = ["share_casts"]

_WIDER = {torch.float16: (torch.float32, torch.float64), torch.bfloat16: (torch.float32, torch.float64)}


def share_casts(graph: fx.Graph) -> None:
    known: dict[tuple[fx.Node, torch.dtype], fx.Node] = {}  # casts whose source nobody has written to since
    for node in list(graph.nodes):
        if writes(node):
            changed = {_memory(target) for target in written(node)}
            for key, cast in list(known.items()):
                if not changed or {_memory(key[0]), _memory(cast)} & changed:
                    del known[key]
        dtype = _target(node)
        if dtype is None:
            continue
        source: Any = node.args[0]
        found = source if source.meta["info"].dtype is dtype else _before_detour(source, dtype, known)
        found = known.get((source, dtype)) if found is None else found
        if found is None:
            known[source, dtype] = node
        else:
            node.replace_all_uses_with(found)
            graph.erase_node(node)


def _target(node: fx.Node) -> torch.dtype | None:
    """The dtype of a cast ``x.to(dtype=...)``; None for other calls."""
    if node.op != "call_method" or node.target != "to" or set(node.kwargs) != {"dtype"} or len(node.args) != 1:
        return None
    source, dtype = node.args[0], node.kwargs["dtype"]
    known = isinstance(source, fx.Node) and "info" in source.meta
    return dtype if known and isinstance(dtype, torch.dtype) else None


def _before_detour(source: fx.Node, dtype: torch.dtype, known: dict) -> fx.Node | None:
    """What ``source`` was converted from, if that had this dtype and ``source`` has a wider one."""
    wide = _target(source)
    start: Any = source.args[0] if wide in _WIDER.get(dtype, ()) else None
    if start is None or start.meta["info"].dtype is not dtype or known.get((start, wide)) is not source:
        return None
    return start


def _memory(node: fx.Node) -> fx.Node:
    """The node in whose memory a result may lie."""
    while is_view(node) and _target(node) is None and node.args and isinstance(node.args[0], fx.Node):
        node = node.args[0]
    return node
