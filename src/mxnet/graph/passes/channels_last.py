"""Channels-last storage while training: oneDNN's convolutions and torch's pooling prefer it on a CPU.

Only the order of elements in memory changes, shapes stay (N, C, H, W), so nobody sees it: what enters a convolution is
converted, and torch's functions hand the order on. Where a weight is larger than the images, as at the end of a ResNet,
the ordinary order is quicker again: the weight would have to be converted, too.
"""

from __future__ import annotations

from math import prod
from typing import Any

import torch
import torch.fx as fx

from .effects import is_call

__all__ = ["channels_last", "contiguous_outputs", "image_convolutions", "is_image_convolution", "work"]

_WORTH = 1 << 20  # multiplications below which conversions and packing take longer than they save
_DTYPES = (torch.float32, torch.bfloat16)
# Calls that write their results in the order of their first input.
_HAND_ON = frozenset(
    "conv2d batch_norm native_batch_norm max_pool2d avg_pool2d relu relu_ sigmoid sigmoid_ tanh tanh_ add add_ mul "
    "mul_ sub dropout leaky_relu elu gelu getitem".split()
)


def channels_last(graph: fx.Graph) -> None:
    convolutions = image_convolutions(graph, _DTYPES)
    last: set[fx.Node] = set()
    for node in list(graph.nodes):
        if node in convolutions:
            source, weight, *_ = node.args
            wanted = prod(source.meta["info"].shape) >= prod(weight.meta["info"].shape)
            if wanted is not (source in last):
                source = _convert(graph, node, source, wanted)
            if wanted:
                last.update((source, node))
        elif is_call(node, *_HAND_ON) and any(source in last for source in node.all_input_nodes):
            last.add(node)
    if last:
        contiguous_outputs(graph)


def image_convolutions(graph: fx.Graph, dtypes: tuple[torch.dtype, ...]) -> list[fx.Node]:
    """The convolutions of images on a CPU, in one of these dtypes; none where they are too little work."""
    found = [node for node in graph.nodes if is_image_convolution(node, dtypes)]
    return found if sum(map(work, found)) >= _WORTH else []


def is_image_convolution(node: fx.Node, dtypes: tuple[torch.dtype, ...]) -> bool:
    if not is_call(node, "conv2d") or node.kwargs or len(node.args) != 7:
        return False
    info = node.meta["info"]
    return info.dtype in dtypes and info.device.type == "cpu" and len(info.shape) == 4


def work(convolution: fx.Node) -> int:
    """Number of multiplications."""
    weight: Any = convolution.args[1]
    return prod(convolution.meta["info"].shape) * prod(weight.meta["info"].shape[1:])


def contiguous_outputs(graph: fx.Graph) -> None:
    """What leaves a graph in which images have their channels last lies in ordinary order."""
    for node in graph.nodes:
        if node.op == "call_method" and node.target == "view":
            node.target = "reshape"
    output = next(iter(reversed(graph.nodes)))
    heads = []
    with graph.inserting_before(output):
        for head in output.args[0]:
            if not (is_call(head, "clone") and head.kwargs.get("memory_format") is torch.contiguous_format):
                ordered = graph.call_method("contiguous", (head,))
                ordered.meta = dict(head.meta)
                head = ordered
            heads.append(head)
    output.args = (tuple(heads),)


def _convert(graph: fx.Graph, node: fx.Node, source: fx.Node, last: bool) -> fx.Node:
    """Give a convolution its input in another order."""
    with graph.inserting_before(node):
        if last and source.meta["info"].shape[1] == 1:  # one channel is in any order; a copy can tell which is meant
            converted = graph.call_method("clone", (source,), {"memory_format": torch.channels_last})
        elif last:
            converted = graph.call_method("contiguous", (source,), {"memory_format": torch.channels_last})
        else:
            converted = graph.call_method("contiguous", (source,))
    converted.meta = dict(source.meta)
    node.args = (converted, *node.args[1:])
    return converted
