"""Convolutions in prediction: packed weights, channels-last storage, and activation and sum in the same kernel.

``relu(conv(x))`` and ``relu(y + conv(x))`` are one call of oneDNN each; weights are put into its own order once, and
what flows between convolutions has the channels last, which nobody sees: shapes stay (N, C, H, W).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.fx as fx

from ...ops import onednn
from .channels_last import contiguous_outputs, image_convolutions
from .effects import is_call, is_view, name_of, written

__all__ = ["fuse_convolutions"]

_ACTIVATIONS = {name + end: name for name in ("relu", "sigmoid", "tanh") for end in ("", "_")}
# Calls whose results are new memory.
_FRESH = ("conv2d", "convolution", "convolution_add_", "batch_norm", "add", "max_pool2d", "avg_pool2d", "relu", "relu_")


def fuse_convolutions(graph: fx.Graph, inputs: int) -> None:
    """For graphs whose parameters, the placeholders after the ``inputs``, are constant. A weight that is an input would
    have to be packed in every call.
    """
    given = graph.find_nodes(op="placeholder")[:inputs]
    convolutions = [node for node in image_convolutions(graph, (torch.float32,)) if node.args[1] not in given]
    if convolutions and onednn.available():
        for node in convolutions:
            _fuse(graph, node)
        contiguous_outputs(graph)


def _fuse(graph: fx.Graph, node: fx.Node) -> None:
    arguments: Any = node.args
    x, weight, bias, *window, groups = arguments
    stride, padding, dilation = map(_pair, window)
    chain, then, other = [node], "none", None
    user = _only_user(node)
    if user is not None and is_call(user, "add", "add_") and len(user.args) == 2 and not user.kwargs:
        summand = user.args[0] if user.args[1] is node else user.args[1]
        if _is_given_up(summand, user, node) and not _inputs_change(node, user):
            other = summand
            chain.append(user)
            user = _only_user(user)
    if user is not None and is_call(user, *(_ACTIVATIONS if other is None else ("relu", "relu_"))):
        then = _ACTIVATIONS[name_of(user)]
        chain.append(user)
    with graph.inserting_before(node if other is None else chain[1]):
        shape = x.meta["info"].shape
        packed = graph.call_function(onednn.pack, (weight, padding, stride, dilation, groups, shape))
        how = (packed, bias, padding, stride, dilation, groups)
        if other is None:
            new = graph.call_function(onednn.convolution, (x, *how, then))
        else:
            new = graph.call_function(onednn.convolution_add_, (other, x, *how, None if then == "none" else then))
    new.meta = dict(node.meta)
    chain[-1].replace_all_uses_with(new)
    for old in reversed(chain):
        graph.erase_node(old)


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def _only_user(node: fx.Node) -> fx.Node | None:
    users = list(node.users)
    return users[0] if len(users) == 1 and users[0].op != "output" else None


def _is_given_up(node: Any, user: fx.Node, convolution: fx.Node) -> bool:
    """Whether a summand is fresh memory like the convolution's result, and ``user`` the last to look at it. What the
    convolution reads while it writes is not.
    """
    if not isinstance(node, fx.Node) or not is_call(node, *_FRESH):
        return False
    if node is convolution or node in convolution.all_input_nodes:
        return False
    if node.meta["info"][:2] != convolution.meta["info"][:2]:
        return False
    later = user.next
    while later.op != "root":
        if later in node.users:
            return False
        later = later.next
    return not any(is_view(other) for other in node.users)


def _inputs_change(node: fx.Node, user: fx.Node) -> bool:
    """Whether something writes into what a node reads before ``user``, so that it cannot run as late as that."""
    later = node.next
    while later is not user:
        if any(target in node.all_input_nodes for target in written(later)):
            return True
        later = later.next
    return False
