"""What is joined only to be taken apart again is left as it was: ``cat((w.reshape(-1), b)).split_with_sizes(...)``.

So a recurrent layer of Gluon passes its weights to RNN: as one vector, whose parts torch's kernels get. Without the
vector, neither the weights nor their gradients are copied in each step. A cast of the vector is done to its parts.

On a GPU the vector stays: cuDNN wants the weights one after the other, and would make one for itself.
"""

from __future__ import annotations

import operator as python
from typing import Any

import torch.fx as fx

from .effects import is_call, is_view, root, writes, written

__all__ = ["separate"]


def separate(graph: fx.Graph) -> None:
    touched = {root(target) for node in graph.nodes for target in written(node)}
    for split in list(graph.nodes):
        if not is_call(split, "split_with_sizes") or len(split.args) != 2 or split.kwargs:
            continue
        whole, sizes = split.args
        cast = whole if is_call(whole, "to") and len(whole.args) == 1 and set(whole.kwargs) == {"dtype"} else None
        parts = _parts(whole if cast is None else cast.args[0], sizes, touched)
        if parts is None or any(user.target is not python.getitem or _shared(user) for user in split.users):
            continue
        for piece in list(split.users):
            _replace(graph, piece, parts[piece.args[1]], cast)  # type: ignore[index]
        graph.erase_node(split)


def _parts(joined: Any, sizes: Any, touched: set[fx.Node]) -> list[fx.Node] | None:
    """The vectors that were joined on the CPU, if they have these sizes and nobody writes into them or into the whole,
    at any time.
    """
    if not is_call(joined, "cat") or joined.args[1:] not in ((), (0,)) or joined.kwargs:
        return None
    parts = joined.args[0]
    infos = [part.meta["info"] for part in parts]
    if [info.shape for info in infos] != [(size,) for size in sizes] or infos[0].device.type != "cpu":
        return None
    return None if touched & {joined, *map(root, parts)} else list(parts)


def _source(part: fx.Node) -> fx.Node:
    """What a vector is another shape of."""
    while is_call(part, "reshape", "view"):
        part = part.args[0]  # type: ignore[assignment]
    return part


def _replace(graph: fx.Graph, piece: fx.Node, part: fx.Node, cast: fx.Node | None) -> None:
    """Put ``part``, or for views of its old shape what it was made of, in the place of a piece."""
    source = _source(part)
    info = source.meta["info"]
    vector = source if len(info.shape) == 1 else part
    if cast is not None:
        with graph.inserting_before(piece):
            source = graph.call_method("to", (source,), dict(cast.kwargs))
            source.meta["info"] = info._replace(dtype=cast.meta["info"].dtype)
            vector = source if len(info.shape) == 1 else graph.call_method("reshape", (source, (-1,)))
        vector.meta["info"] = source.meta["info"] if vector is source else piece.meta["info"]
    for user in list(piece.users):
        if is_call(user, "view") and user.args[1:] == (info.shape,):
            user.replace_all_uses_with(source)
            graph.erase_node(user)
    piece.replace_all_uses_with(vector)
    graph.erase_node(piece)
    if vector is not part and vector is not source and not vector.users:
        graph.erase_node(vector)


def _shared(node: fx.Node) -> bool:
    """Whether memory of its own matters: somebody writes into it, or it is an output."""
    return any(user.op == "output" or writes(user) or (is_view(user) and _shared(user)) for user in node.users)
