"""What older versions of MXNet wrote into their files, brought to the form of today while a graph is read.

A file tells the version that wrote it, 10901 for 1.9.1; files of 0.8 and before tell none. As MXNet 1.9.1 reads them:

| written before | what such files have |
| --- | --- |
| 1.9.1 | ``lr_mult`` for ``__lr_mult__``, and ``weight_lr_mult`` at an operator for ``__lr_mult__`` of that input |
| 0.9.5 | ``axis="-1"`` of argmax and argmin for "all axes" |
| 0.9.4 | no ``__init__`` at the variables that need one of their own |
| 0.9.0 | no auxiliary states among the inputs |

Operators that end in ``_v1`` are operators as others, and stay what they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..base import MXNetError
from ..ops.registry import Operator
from .node import _HIDDEN, Entry, Node, hidden

__all__ = ["CURRENT", "initial", "operation", "variable"]

CURRENT = 10901  # the version whose format is written here

# How variables start that belong to an operator's input, by input, or by operator and input.
_INITIAL = {
    "moving_mean": '["zero", {}]',
    "moving_var": '["one", {}]',
    "moving_avg": '["zero", {}]',
    "UpSampling.weight": '["bilinear", {}]',
    "LeakyReLU.gamma": '["Constant", {"value": 0.25}]',
}


def initial(op: Operator, name: str) -> str | None:
    """The initializer, as files hold it, of the variable that an operator makes for its input of that name."""
    return _INITIAL.get(name) or _INITIAL.get(f"{op.name}.{name}")


def variable(name: str, attrs: Mapping[str, str], version: int) -> Node:
    """A variable with the attributes that a file of that version gives it."""
    users = {k for k in attrs if _is_users(k) or (version < CURRENT and k in _HIDDEN)}
    return Node(None, name, {k: v for k, v in attrs.items() if k not in users}, (), _chosen(attrs, users))


def operation(
    op: Operator,
    name: str,
    attrs: Mapping[str, str],
    inputs: list[Entry],
    bodies: Sequence[Sequence[Entry]],
    version: int,
) -> Node:
    """The node of an operator, likewise. ``attrs`` are the operator's and the user's in one.

    Raises MXNetError for attributes of an input that is no variable.
    """
    users: set[str] = set()
    of_inputs: dict[str, str] = {}  # "weight_lr_mult": "lr_mult"
    for key in attrs:
        if op.accepts(key):
            continue
        plain = next((h for h in _HIDDEN if key.endswith(h)), "") if version < CURRENT else ""
        if _is_users(key) or key == plain or not op.attributes:  # one without attributes reads none, and takes any
            users.add(key)
        elif plain and key.endswith(f"_{plain}"):
            of_inputs[key] = plain
    own = {k: v for k, v in attrs.items() if k not in users and k not in of_inputs}
    if version < 905 and op.name in ("argmax", "argmin") and own.get("axis") == "-1":
        del own["axis"]
    node = Node(op, name, own, inputs, _chosen(attrs, users), bodies)
    if version < 904:
        _complete(node, version)
    for key, plain in of_inputs.items():
        wanted = key[: -len(plain) - 1]
        named = dict(zip(node.input_names(), node.inputs, strict=False))
        if wanted not in named or named[wanted].node.op is not None:
            raise MXNetError(
                f"attribute {key!r} is for a variable {wanted!r}, which {op.name} has not among its inputs"
            )
        named[wanted].node.extra[hidden(plain)] = attrs[key]
    return node


def _is_users(key: str) -> bool:
    return key.startswith("__") and key.endswith("__")


def _chosen(attrs: Mapping[str, str], keys: set[str]) -> dict[str, str]:
    """Some attributes, sorted: of ``__lr_mult__`` and ``lr_mult`` the last one holds, as in MXNet."""
    return {k: attrs[k] for k in sorted(keys)}


def _complete(node: Node, version: int) -> None:
    """Add the inputs and initializers that old files leave to the operator."""
    op = node.op
    assert op is not None
    names = ("", *op.needs) if op.variadic and op.needs else node.input_names()
    if version < 900 and (op.by_name or not op.variadic):
        for wanted in names[len(node.inputs) :]:
            node.inputs.append(Entry(Node(None, f"{node.name}_{wanted}", node.attrs, extra=node.extra)))
    for wanted, entry in zip(names, node.inputs, strict=False):
        start = initial(op, wanted)
        if entry.node.op is None and start:
            entry.node.extra.setdefault("__init__", start)
