"""Chains of small dense layers in prediction: the bias becomes a column of the weight.

With a column of ones beside the input, ``x W + b`` is one product: ``[x 1] [[W 0] [b 1]] = [x W + b, 1]``, and relu
leaves the ones as they are. For small layers a product alone takes two thirds of the time of a product and a sum. The
joined weights depend on parameters alone, so ``fold`` makes them once.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.fx as fx
import torch.nn.functional as F

from .effects import is_call

__all__ = ["join_biases"]

_LAYERS = 4  # in a chain, from which on the column of ones pays
_WIDTH = 64  # of layers, up to which a column more costs nothing
_ROWS = 32
_DTYPES = (torch.float32, torch.float64)


def join_biases(graph: fx.Graph) -> None:
    taken: set[fx.Node] = set()
    for node in list(graph.nodes):
        if node not in taken and _is_layer(node):
            chain = _chain(node)
            taken.update(chain)
            if sum(map(_is_layer, chain)) >= _LAYERS:
                _join(graph, chain)


def joined(weight: torch.Tensor, bias: torch.Tensor | None, ones: bool) -> torch.Tensor:
    """The weight with the bias below it; ``ones``: and the column that keeps the ones."""
    inputs, outputs = weight.shape
    result = weight.new_zeros((inputs + 1, outputs + ones))
    result[:inputs, :outputs] = weight
    if bias is not None:
        result[inputs, :outputs] = bias
    if ones:
        result[inputs, outputs] = 1
    return result


def _is_layer(node: fx.Node) -> bool:
    """Whether a node is a small product with constants."""
    if not is_call(node, "addmm", "mm") or node.kwargs:
        return False
    arguments: Any = node.args
    *bias, x, weight = arguments
    constants = [*bias, weight.args[0] if is_call(weight, "t") else weight]
    if any(constant.op != "placeholder" for constant in constants) or x.op == "get_attr":
        return False
    info, before = node.meta["info"], x.meta["info"]
    return (
        info.dtype in _DTYPES
        and info.device.type == "cpu"
        and info.shape[0] <= _ROWS
        and max(info.shape[1], before.shape[1]) <= _WIDTH
        and all(len(b.meta["info"].shape) == 1 for b in bias)
    )


def _chain(node: fx.Node) -> list[fx.Node]:
    """Layers and activations, each the only user of the one before."""
    chain = [node]
    while len(node.users) == 1:
        user = next(iter(node.users))
        follows = _is_layer(user) and user.args[-2] is node
        if not follows and not (is_call(user, "relu", "relu_") and len(user.args) == 1):
            break
        chain.append(user)
        node = user
    return chain


def _join(graph: fx.Graph, chain: list[fx.Node]) -> None:
    layers = [node for node in chain if _is_layer(node)]
    arguments: Any = layers[0].args
    with graph.inserting_before(layers[0]):
        x = graph.call_function(F.pad, (arguments[-2], (0, 1)), {"value": 1.0})
    for layer in layers:
        arguments = layer.args
        bias = arguments[0] if len(arguments) == 3 else None
        with graph.inserting_before(layer):
            weight = graph.call_function(joined, (arguments[-1], bias, layer is not layers[-1]))
        layer.target = torch.mm
        layer.args = (x if layer is layers[0] else arguments[-2], weight)
