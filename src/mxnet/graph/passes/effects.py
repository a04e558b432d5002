"""What calls in a traced graph do besides computing a result: writing, drawing random numbers, showing memory."""

from __future__ import annotations

import operator as python

import torch.fx as fx

__all__ = ["draws", "is_call", "is_pure", "is_view", "name_of", "writes"]

_VIEWS = frozenset(
    "view reshape flatten unflatten squeeze unsqueeze t mT transpose permute movedim swapaxes detach expand expand_as "
    "broadcast_to narrow select slice unbind chunk split tensor_split contiguous view_as reshape_as diagonal "
    "as_strided to type_as float double unfold real".split()
)
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
    written = name.endswith("_") and not name.endswith("__")
    return written or name in _SWITCHES or name in ("__setitem__", "setitem") or node.kwargs.get("out") is not None


def draws(node: fx.Node) -> bool:
    """Whether a call takes numbers from a random generator."""
    return any(used.op == "placeholder" and used.target == "_rng" for used in node.all_input_nodes)


def is_pure(node: fx.Node) -> bool:
    """Whether a node may be left out where nobody needs its result."""
    return node.op in ("get_attr", "call_function", "call_method") and not writes(node) and not draws(node)


def is_view(node: fx.Node) -> bool:
    """Whether the result may share memory with an argument."""
    if node.target is python.getitem or node.target is getattr:
        return True
    return node.op in ("call_function", "call_method") and name_of(node) in _VIEWS
