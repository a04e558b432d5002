"""The loss of a classifier: ``-log_softmax(x)[label]`` becomes torch's fused ``nll_loss(log_softmax(x), label)``.

What Gluon's SoftmaxCrossEntropyLoss composes takes the label's element of each row by ``gather`` and negates it: four
small calls forward and as many backward, which for a small classifier is more than its arithmetic.
"""

from __future__ import annotations

from typing import Any

import torch.fx as fx
from torch.nn.functional import nll_loss

from .effects import is_call

__all__ = ["fuse_cross_entropy"]

_NO_LABEL = -(2**62)  # nll_loss ignores one label; here none is special


def fuse_cross_entropy(graph: fx.Graph) -> None:
    for gather in list(graph.nodes):
        if not is_call(gather, "gather") or len(gather.args) != 3 or gather.args[1] != 1:
            continue
        scores, _, places = gather.args
        chain = _followed(gather, ("squeeze", 1), ("mul", -1.0))
        labels = _labels(places)
        if chain is None or labels is None or not is_call(scores, "log_softmax"):  # type: ignore[arg-type]
            continue
        if len(scores.meta["info"].shape) != 2 or scores.args[1] not in (1, -1):  # type: ignore[union-attr]
            continue
        last = chain[-1]
        with graph.inserting_before(last):
            indices = graph.call_method("long", (labels,))
            new = graph.call_function(nll_loss, (scores, indices), {"ignore_index": _NO_LABEL, "reduction": "none"})
        new.meta = dict(last.meta)
        last.replace_all_uses_with(new)
        for old in reversed([*([places] if len(places.users) == 1 else []), gather, *chain]):  # type: ignore[union-attr]
            graph.erase_node(old)  # type: ignore[arg-type]


def _followed(node: fx.Node, *calls: tuple[str, Any]) -> list[fx.Node] | None:
    """The nodes that alone use ``node``, one after the other, if they are these calls with these second arguments."""
    found = []
    for name, argument in calls:
        user = next(iter(node.users))
        if len(node.users) != 1 or not is_call(user, name) or user.args[1:] != (argument,) or user.kwargs:
            return None
        found.append(user)
        node = user
    return found


def _labels(places: Any) -> fx.Node | None:
    """The vector of labels behind ``labels.unsqueeze(1).long()``."""
    if not is_call(places, "long") or not is_call(places.args[0], "unsqueeze"):
        return None
    labels, axis = places.args[0].args
    return labels if axis in (1, -1) and len(labels.meta["info"].shape) == 1 else None
