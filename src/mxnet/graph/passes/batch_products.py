"""Products of the parts of an array with one weight become one product: ``linear(x[t], w, b)`` for all t is
``linear(x, w, b)[t]``.

A recurrent cell that is unrolled multiplies each step's input with the same weight. At once that is one large product
instead of many small ones, which are slower, and its gradient is one as well.
"""

from __future__ import annotations

import operator as python

import torch
import torch.fx as fx
from torch.nn.functional import linear

from ...ops import onednn
from .effects import escapes, is_call, root, written

__all__ = ["batch_products"]


def batch_products(graph: fx.Graph) -> None:
    touched = {root(target) for node in graph.nodes for target in written(node)}
    for parts in list(graph.nodes):
        if not is_call(parts, "unbind") or parts.kwargs:
            continue
        groups: dict[tuple, dict[int, fx.Node]] = {}
        for item in parts.users:
            for user in item.users if item.target is python.getitem else ():
                if is_call(user, "linear") and user.args[0] is item and not user.kwargs:
                    groups.setdefault(user.args[1:], {})[item.args[1]] = user  # type: ignore[index]
        x, axis = parts.args[0], parts.args[1] if len(parts.args) > 1 else 0
        shape = x.meta["info"].shape  # type: ignore[union-attr]
        if len(shape) < 3 or axis % len(shape) == len(shape) - 1:  # type: ignore[operator]
            continue
        for operands, products in groups.items():
            used = [node for node in (x, *operands, *products.values()) if isinstance(node, fx.Node)]
            if len(products) != shape[axis] or any(map(escapes, products.values())):  # type: ignore[index]
                continue
            if not touched & set(map(root, used)):
                _batch(graph, x, axis, operands, products)  # type: ignore[arg-type]


def _batch(graph: fx.Graph, x: fx.Node, axis: int, operands: tuple, products: dict[int, fx.Node]) -> None:
    first = next(node for node in graph.nodes if node in products.values())
    weight = operands[0]
    function = onednn.linear if onednn.multiplies(x.meta["info"], weight.meta["info"]) else linear
    info = x.meta["info"]
    with graph.inserting_before(first):
        whole = graph.call_function(function, (x, *operands))
        whole.meta["info"] = info._replace(shape=(*info.shape[:-1], weight.meta["info"].shape[0]), stride=())
        parts = graph.call_function(torch.unbind, (whole, axis))
        for i, product in products.items():
            new = graph.call_function(python.getitem, (parts, i))
            new.meta = dict(product.meta)
            product.replace_all_uses_with(new)
    for product in products.values():
        graph.erase_node(product)
