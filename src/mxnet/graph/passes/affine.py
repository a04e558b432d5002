"""Dense layers in prediction: ``linear(x, w, b)`` on matrices becomes ``addmm(b, x, w.t())``.

torch's ``linear`` transposes the weight in every call; here the transposed view depends on the weight alone, so it is
made once.
"""

from __future__ import annotations

import torch
import torch.fx as fx

from ...ops import onednn
from .effects import is_call

__all__ = ["transpose_once"]


def transpose_once(graph: fx.Graph) -> None:
    for node in list(graph.nodes):
        if not is_call(node, "linear") or len(node.args) != 3 or node.target is onednn.linear:
            continue
        x, weight, bias = node.args
        if len(x.meta["info"].shape) != 2 or weight.op != "placeholder":
            continue
        with graph.inserting_before(node):
            transposed = graph.call_method("t", (weight,))
            function, args = (torch.mm, (x, transposed)) if bias is None else (torch.addmm, (bias, x, transposed))
            new = graph.call_function(function, args)
        new.meta = dict(node.meta)
        node.replace_all_uses_with(new)
        graph.erase_node(node)
