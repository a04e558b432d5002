"""What calls in a traced graph do besides computing a result: writing, drawing random numbers, showing memory."""

from __future__ import annotations

import operator as python
from typing import Any

import torch.fx as fx
from torch.fx.node import map_arg

__all__ = ["draws", "escapes", "is_call", "is_pure", "is_view", "name_of", "root", "shows", "writes", "written"]

_VIEWS = frozenset(
    "view unflatten squeeze unsqueeze t mT transpose permute movedim swapaxes detach expand expand_as broadcast_to "
    "narrow select slice unbind chunk split tensor_split view_as diagonal as_strided".split()
)
# Views of some arguments, copies of others.
_PERHAPS = frozenset("reshape flatten contiguous reshape_as to type_as float double unfold real dropout".split())
_SWITCHES = frozenset(("_set_grad_enabled",))


def name_of(node: fx.Node) -> str:
    """The name of the method or function that a node calls."""
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")


def is_call(node: fx.Node, *names: str) -> bool:
    """Whether a node calls a function or method of torch of one of these names."""
    return node.op in ("call_function", "call_method") and name_of(node) in names


def writes(node: fx.Node) -> bool:
    """Whether a call writes into one of its arguments, or switches a mode: it must stay, where it is."""
    name = name_of(node)
    in_place = name.endswith("_") and not name.endswith("__")
    return in_place or name in _SWITCHES or name in ("__setitem__", "setitem") or node.kwargs.get("out") is not None


def written(node: fx.Node) -> list[fx.Node]:
    """The tensors, or lists of some, that a call writes into."""
    found: list[fx.Node] = []
    if writes(node):
        map_arg((node.args[:1], node.kwargs.get("out")), found.append)
    return found


def draws(node: fx.Node) -> bool:
    """Whether a call takes numbers from a random generator."""
    return any(used.op == "placeholder" and used.target == "_rng" for used in node.all_input_nodes)


def is_pure(node: fx.Node) -> bool:
    """Whether a node may be left out where nobody needs its result."""
    return node.op in ("get_attr", "call_function", "call_method") and not writes(node) and not draws(node)


def is_view(node: fx.Node) -> bool:
    """Whether the result may share memory with an argument."""
    return shows(node) or node.target is python.getitem or is_call(node, *_PERHAPS)


def escapes(node: fx.Node) -> bool:
    """Whether the graph returns a node, or a view of it: outputs have memory of their own."""
    return any(user.op == "output" or (is_view(user) and escapes(user)) for user in node.users)


def root(node: fx.Node) -> fx.Node:
    """What has the memory that a node may show."""
    while is_view(node) and node.all_input_nodes:
        node = node.all_input_nodes[0]
    return node


def shows(node: fx.Node) -> bool:
    """Whether the result shares memory with an argument, whatever that is."""
    if node.target is python.getitem:
        return _is_basic(node.args[1])
    return node.target is getattr or is_call(node, *_VIEWS)


def _is_basic(key: Any) -> bool:
    """Whether indexing with a key gives a view: with tensors, lists and masks it copies."""
    if isinstance(key, tuple):
        return all(map(_is_basic, key))
    return key is None or key is ... or isinstance(key, slice) or type(key) is int
