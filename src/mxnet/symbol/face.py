"""The graph face of operators: ``mx.sym.<name>`` appends a node instead of computing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from .. import attribute
from .. import name as names
from ..base import _Null
from ..graph.node import Entry, Node
from ..ops import attributes, faces, registry
from ..ops.registry import Operator, OperatorError
from .symbol import Symbol

__all__ = ["compose", "face"]

# How the statistics of a BatchNorm start, where a graph makes their variables.
_INITIAL = {"moving_mean": '["zero", {}]', "moving_var": '["one", {}]'}


@cache
def face(name: str) -> Callable:
    """The function ``mx.sym.<name>`` for the operator of that name or alias."""
    op = registry.get(name)
    pieces = faces.parts(op, optional_inputs=True, defaults=False)
    body = [f"return compose(OP, {name!r}, {pieces.inputs}, {pieces.given}, name, attr)"]
    parameters = [*pieces.parameters, "name=None", "attr=None", "out=None", "**kwargs"]
    scope = pieces.scope | {"OP": op, "compose": compose}
    return faces.define(op, name, "mxnet.symbol.op", parameters, body, scope)


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
    that is no Symbol, MXNetError for illegal attributes.
    """
    for i, symbol in enumerate(inputs):
        if symbol is not None and not isinstance(symbol, Symbol):
            what = op.inputs[i] if op.inputs else f"{op.variadic}[{i}]"
            raise AssertionError(f"{op.name}: argument {what} must be Symbol instances, but got {symbol!r}")
    name = names.current_manager().get(name, alias.lower())
    extra = attribute.current_scope().get(attr)
    extra.update({k: str(given.pop(k)) for k in list(given) if k.startswith("__") and k.endswith("__")})
    text = {k: attributes.format_value(v) for k, v in given.items() if v is not _Null}
    if op.variadic:
        entries = [_only_output(op, f"{op.variadic}[{i}]", symbol) for i, symbol in enumerate(inputs)]
        if op.count in op.attributes:
            text = {op.count: str(len(entries)), **text}
        op.parse(text)
        return _outputs(Node(op, name, text, entries, extra))
    values = op.parse(text)
    needed = op.input_names(values)
    given_inputs = dict(zip(op.inputs, inputs, strict=True))
    unused = [n for n, symbol in given_inputs.items() if symbol is not None and n not in needed]
    if unused:
        raise OperatorError(op.name, f"input {unused[0]!r} is not used with these attributes: {text}")
    entries = []
    for wanted in needed:
        symbol = given_inputs[wanted]
        if symbol is None:
            starts = {"__init__": _INITIAL[wanted]} if wanted in _INITIAL else {}
            entries.append(
                Entry(Node(None, f"{name}_{wanted}", text if wanted not in op.aux else {}, extra=extra | starts))
            )
        else:
            entries.append(_only_output(op, wanted, symbol))
    return _outputs(Node(op, name, text, entries, extra))


def _only_output(op: Operator, name: str, symbol: Symbol) -> Entry:
    if len(symbol) != 1:
        raise OperatorError(
            op.name, f"input {name!r} must have one output, but {symbol!r} has {len(symbol)}: choose one by its index"
        )
    return symbol._heads[0]


def _outputs(node: Node) -> Symbol:
    return Symbol([Entry(node, i) for i in range(node.num_outputs)])
