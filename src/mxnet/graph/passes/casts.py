"""Casts are done once: mixed precision converts a weight or an activation wherever an operator wants it.

The same tensor converted twice to one dtype is converted once; one that has the dtype already is taken as it is, also
after a detour through a wider dtype, which loses nothing. A detour through a narrower one is the computation itself.

Gradients of the users of a shared cast are added in the low precision, as torch's autocast does.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.fx as fx

from .effects import escapes, root, writes, written

__all__ = ["share_casts"]

_WIDER = {torch.float16: (torch.float32, torch.float64), torch.bfloat16: (torch.float32, torch.float64)}


def share_casts(graph: fx.Graph) -> None:
    touched = {root(target) for node in graph.nodes for target in written(node)}
    known: dict[tuple[fx.Node, torch.dtype], fx.Node] = {}
    for node in list(graph.nodes):
        if writes(node) and not written(node):  # gradients are recorded from here on, or no more
            known.clear()
        dtype = _target(node)
        if dtype is None:
            continue
        source: Any = node.args[0]
        if source.meta["info"].dtype is dtype:
            found = source
        elif root(source) in touched:
            continue
        else:
            found = _before_detour(source, dtype, known) or known.setdefault((source, dtype), node)
            if found is node or escapes(node):
                continue
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
