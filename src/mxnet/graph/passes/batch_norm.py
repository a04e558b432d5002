"""BatchNorm in prediction is an affine map of each channel: it is folded into the layer before it.

With ``s = gamma / sqrt(var + eps)``: ``s * (w x + b - mean) + beta = (s w) x + (s (b - mean) + beta)``. The new weight
and bias depend on parameters alone, so ``fold`` computes them once.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.fx as fx

from .effects import is_call

__all__ = ["fold_batch_norms"]

_LAYERS = ("conv1d", "conv2d", "conv3d", "linear")


def fold_batch_norms(graph: fx.Graph) -> None:
    for node in list(graph.nodes):
        if is_call(node, "batch_norm") and node.args[5] is False:
            layer = node.args[0]
            if is_call(layer, *_LAYERS) and len(layer.users) == 1 and layer.args[1].op == "placeholder":
                _fold(graph, layer, node)


def _fold(graph: fx.Graph, layer: fx.Node, norm: fx.Node) -> None:
    _, gamma, beta, mean, var, _, _, eps, *_ = norm.args
    arguments: Any = layer.args
    x, weight, bias, *others = arguments
    dims = len(weight.meta["info"].shape)

    def call(function: Any, *args: Any) -> fx.Node:
        return graph.call_function(function, args)

    with graph.inserting_before(layer):
        scale = call(torch.rsqrt, call(torch.add, var, eps))
        if gamma is not None:
            scale = call(torch.mul, scale, gamma)
        weight = call(torch.mul, weight, graph.call_method("reshape", (scale, (-1, *(1,) * (dims - 1)))))
        shift = call(torch.neg, mean) if bias is None else call(torch.sub, bias, mean)
        shift = call(torch.mul, shift, scale)
        if beta is not None:
            shift = call(torch.add, shift, beta)
    layer.args = (x, weight, shift, *others)
    for new in (weight, shift):
        new.meta["info"] = layer.meta["info"]
    norm.replace_all_uses_with(layer)
    graph.erase_node(norm)
