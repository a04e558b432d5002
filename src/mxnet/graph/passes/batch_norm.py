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
        if (
            is_call(node, "batch_norm") and len(node.args) == 9 and node.args[5] is False
        ):  # as torch.batch_norm has them
            layer = node.args[0]
            if is_call(layer, *_LAYERS) and len(layer.users) == 1 and _is_foldable(layer, node):
                _fold(graph, layer, node)


def _is_foldable(layer: Any, norm: Any) -> bool:
    """Whether all is made of parameters of one dtype, and the norm is over the layer's outputs."""
    if layer.kwargs or len(layer.args) < 3:
        return False
    if is_call(layer, "linear") and len(layer.meta["info"].shape) != 2:  # in (N, T, C) the norm is over T
        return False
    tensors = [tensor for tensor in (*layer.args[1:3], *norm.args[1:5]) if tensor is not None]
    return all(tensor.op == "placeholder" for tensor in tensors) and len({t.meta["info"].dtype for t in tensors}) == 1


def _fold(graph: fx.Graph, layer: fx.Node, norm: fx.Node) -> None:
    statistics: Any = norm.args
    arguments: Any = layer.args
    _, gamma, beta, mean, var, _, _, eps, *_ = statistics
    x, weight, bias, *others = arguments
    shape = (-1, *(1,) * (len(weight.meta["info"].shape) - 1))

    def call(function: Any, *args: Any) -> fx.Node:
        return graph.call_function(function, args)

    with graph.inserting_before(layer):
        scale = call(torch.rsqrt, call(torch.add, var, eps))
        if gamma is not None:
            scale = call(torch.mul, scale, gamma)
        scaled = call(torch.mul, weight, graph.call_method("reshape", (scale, shape)))
        shift = call(torch.neg, mean) if bias is None else call(torch.sub, bias, mean)
        shift = call(torch.mul, shift, scale)
        if beta is not None:
            shift = call(torch.add, shift, beta)
    layer.args = (x, scaled, shift, *others)
    scaled.meta = dict(weight.meta)
    shift.meta = dict(mean.meta)
    norm.replace_all_uses_with(layer)
    graph.erase_node(norm)
