"""Calls whose results nobody needs are left out: statistics that are not asked for, items of results."""

from __future__ import annotations

import torch.fx as fx

from .effects import is_pure

__all__ = ["remove_dead_code"]


def remove_dead_code(graph: fx.Graph) -> None:
    for node in reversed(graph.nodes):
        if not node.users and is_pure(node):
            graph.erase_node(node)
