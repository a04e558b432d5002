"""The graph face of operators: ``mx.sym.<name>`` appends a node instead of computing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from .. import attribute
from .. import name as names
from .._state import state
from ..base import _Null
from ..graph.node import Entry, Node, hidden
from ..graph.upgrade import initial
from ..ops import faces, precision, registry
from ..ops.namespace import home
from ..ops.registry import Operator, OperatorError
from .symbol import Symbol, check_attributes

__all__ = ["compose", "face"]


@cache
def face(name: str) -> Callable:
    """The function ``mx.sym.<name>`` for the operator of that name or alias."""
    op = registry.get(name)
    pieces = faces.parts(op, optional_inputs=True, defaults=False)
    composed = f"compose(OP, {name!r}, {pieces.inputs}, {pieces.given}, name, attr)"
    parameters = [*pieces.parameters, "name=None", "attr=None", "out=None", "**kwargs"]
    scope = pieces.scope | {"OP": op, "check_out": _check_out, "compose": compose, "cast": _cast}

    def make(policy: precision.Policy | None) -> Any:
        casts = policy is not None and (policy.kind(op) is not None or precision.makes_gradient(op))
        body = ["if out is not None: check_out()", f"return cast({composed})" if casts else f"return {composed}"]
        return faces.define(op, name, "mxnet.symbol", parameters, body, scope)

    return precision.adopt(make)


def _check_out() -> None:
    """``out`` means nothing to a symbol; in a block that is being recorded it was meant to."""
    if state.tracing is not None:
        raise state.tracing.refuse("out=")


def compose(
    op: Operator,
    alias: str,
    inputs: Sequence[Any],
    given: dict[str, Any],
    name: str | None = None,
    attr: dict[str, str] | None = None,
) -> Symbol:
    """Apply an operator to symbols.

    Inputs that are not given become variables named after the node (``fc1_weight``). Raises AssertionError for an input
    that is no Symbol, MXNetError for illegal attributes and for inputs that the operator does not have.
    """
    for i, symbol in enumerate(inputs):
        if symbol is not None and not isinstance(symbol, Symbol):
            what = op.inputs[i] if op.inputs else f"{op.variadic}[{i}]"
            raise AssertionError(f"{op.name}: argument {what} must be Symbol instances, but got {symbol!r}")
    if name is not None and not isinstance(name, str):
        raise TypeError(f"{op.name}: name must be a string, but is {name!r}")
    name = names.current_manager().get(name, home(alias)[1].lower())
    users = {k: given.pop(k) for k in list(given) if _is_users(op, k)}
    extra = {k: str(v) for k, v in {**attribute.current_scope().get(attr), **users}.items()}
    check_attributes(extra)
    many = bool(op.variadic)
    named = {k: given.pop(k) for k in list(given) if isinstance(given[k], Symbol)} if many else {}
    text = {k: op.text(v) for k, v in given.items() if v is not _Null}
    if many and not op.by_name:
        text, needed = _counted(op, text, max(len(inputs), len(named)))
        node = Node(op, name, text, (), extra)
    else:
        node = Node(op, name, text, (), extra)
        needed = node.input_names()
    found = _by_name(op, needed, inputs, named) if many else dict(zip(op.inputs, inputs, strict=True))
    unused = [n for n, symbol in found.items() if symbol is not None and n not in needed]
    if unused:
        raise OperatorError(op.name, f"input {unused[0]!r} is not used with these attributes: {text}")
    for wanted in needed:
        symbol = found.get(wanted)
        if symbol is None:
            node.inputs.append(_variable(op, name, wanted, text, extra))
        else:
            node.inputs.append(_only_output(op, wanted, symbol))
    return Symbol([Entry(node, i) for i in range(node.num_outputs)])


def _is_users(op: Operator, key: str) -> bool:
    """Whether a keyword is an attribute of the user's, not of the operator."""
    return (key.startswith("__") and key.endswith("__")) or (hidden(key) != key and not op.accepts(key))


def _counted(op: Operator, text: dict[str, str], given: int) -> tuple[dict[str, str], tuple[str, ...]]:
    """The attributes of an operator of many inputs, their number among them, and the names of its inputs."""
    if op.count in op.attributes:
        text = {op.count: str(given), **text}
    values = op.complete(op.parse(text))
    count = values.get(op.count, given)
    if count < 1:
        raise OperatorError(op.name, "at least one input is needed")
    needed = [n for n, wanted in op.needs.items() if wanted(**values)]
    return text, (str(op.variadic), *needed) if needed else tuple(f"arg{i}" for i in range(count))


def _variable(op: Operator, name: str, wanted: str, text: dict[str, str], extra: dict[str, str]) -> Entry:
    """The variable for an input that was not given; it carries the operator's attributes, unless it is a state."""
    start = initial(op, wanted)
    extra = {**extra, "__init__": start} if start else extra
    return Entry(Node(None, f"{name}_{wanted}", {} if wanted in op.aux_names() else text, extra=extra))


def _by_name(
    op: Operator, names: Sequence[str], inputs: Sequence[Symbol], named: dict[str, Symbol]
) -> dict[str, Symbol | None]:
    """Inputs by name, of an operator whose attributes tell the names."""
    if inputs and named:
        raise TypeError(f"{op.name}: inputs must be given either by position or by name, not both")
    if len(inputs) > len(names):
        raise OperatorError(op.name, f"there are {len(names)} inputs {tuple(names)}, but {len(inputs)} were given")
    unknown = [n for n in named if n not in names]
    if unknown:
        raise OperatorError(op.name, f"there is no input {unknown[0]!r}; the inputs are {tuple(names)}")
    return {**named, **dict(zip(names, inputs, strict=False))}


def _only_output(op: Operator, name: str, symbol: Symbol) -> Entry:
    if len(symbol) != 1:
        raise OperatorError(
            op.name, f"input {name!r} must have one output, but {symbol!r} has {len(symbol)}: choose one by its index"
        )
    return symbol._heads[0]


def _cast(symbol: Symbol) -> Symbol:
    """A node just composed, its inputs converted as the policy of mixed precision says."""
    node, policy = symbol._heads[0].node, precision.policy
    assert node.op is not None
    assert policy is not None
    if precision.makes_gradient(node.op):
        logging.warning(f"{node.op.name} does not support dynamic loss scaling in symbolic and hybridized execution.")
    dtype = policy.dtype(node.op, node.values)
    if dtype is None or not node.inputs:
        return symbol
    names, concerned = node.input_names(), precision.casts_inputs(node.op, policy.kind(node.op))
    inputs = [Symbol([entry]) for entry in node.inputs]
    if dtype == "widest":
        node.inputs = [head._heads[0] for head in face("amp_multicast")(*inputs, num_outputs=len(inputs))]
        return symbol
    for i, name in enumerate(names):
        if node.op.variadic or name in concerned:
            node.inputs[i] = face("amp_cast")(inputs[i], dtype=dtype)._heads[0]
    return symbol
