"""Activations in place: ``relu(y)`` becomes ``relu_(y)`` where nobody else sees the memory of ``y``.

That saves an allocation and a pass through memory. While gradients are recorded, it is right only where the gradient of
what made ``y`` does not look at ``y``.
"""

from __future__ import annotations

import operator as python

import torch
import torch.fx as fx

from .effects import is_call, is_view

__all__ = ["activate_in_place"]

_IN_PLACE = {"relu": torch.relu_, "sigmoid": torch.sigmoid_, "tanh": torch.tanh_}
# Their results are new memory, and their gradients need the inputs only.
_PRODUCERS = ("conv1d", "conv2d", "conv3d", "linear", "addmm", "mm", "batch_norm", "native_batch_norm", "add", "sub",
              "max_pool2d")  # fmt: skip


def activate_in_place(graph: fx.Graph) -> None:
    for node in list(graph.nodes):
        function = _IN_PLACE.get(getattr(node.target, "__name__", "")) if is_call(node, *_IN_PLACE) else None
        if function is None or len(node.args) != 1 or node.kwargs:
            continue
        source = node.args[0]
        if len(source.users) == 1 and _is_fresh(source) and source.meta["info"].dtype.is_floating_point:
            node.target = function
            node.op = "call_function"


def _is_fresh(node: fx.Node) -> bool:
    """Whether a node is new memory that no other node shows."""
    if node.target is python.getitem:
        return node.args[1:] == (0,) and is_call(node.all_input_nodes[0], "native_batch_norm")
    return is_call(node, *_PRODUCERS) and not is_view(node)
