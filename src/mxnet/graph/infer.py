"""Shapes and dtypes of a graph: every operator runs once on torch's ``meta`` device, which computes shapes and no
values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from .. import dtypes
from ..base import MXNetError
from ..ops.registry import Operator
from .node import Entry, Node, topological

__all__ = ["infer"]

_META = torch.device("meta")
_Shape = tuple[int, ...]


def infer(
    heads: Iterable[Entry],
    shapes: Mapping[str, _Shape],
    types: Mapping[str, torch.dtype] | None = None,
    outputs: bool = True,
) -> tuple[dict[Node, _Shape], dict[Node, list[torch.Tensor]]]:
    """Infer forward from what is known.

    shapes, types: by name of variable; a 0 in a shape means "unknown", as in MXNet. outputs: run every operator;
    without it, run only those whose outputs tell the shape of a variable (torch's meta device takes a second to load).
    Returns the shapes of the variables that are known in the end, and the outputs of the nodes that ran, as meta
    tensors. Raises MXNetError, naming the node, where an operator refuses its inputs.
    """
    types = types or {}
    known: dict[Node, _Shape] = {}
    results: dict[Node, list[torch.Tensor]] = {}
    waiting: list[Node] = []  # operators that have not run, inputs before users
    for node in topological(heads):
        if node.op is None:
            shape = _declared(node, shapes)
            if shape is not None:
                _settle(node, shape, known, results, types)
            continue
        if node.op.infer is not None and any(e.node.op is None and e.node not in results for e in node.inputs[1:]):
            if node.inputs[0].node.op is not None:
                _run(waiting, results)
            first = _tensor(node.inputs[0], results)
            if first is not None:
                _complete(node, first, known, results, types)
        waiting.append(node)
    if outputs:
        _run(waiting, results)
    return known, results


def _run(waiting: list[Node], results: dict[Node, list[torch.Tensor]]) -> None:
    """Run the operators that wait and whose inputs are known."""
    for node in waiting:
        inputs = [_tensor(entry, results) for entry in node.inputs]
        if node.op is None or any(tensor is None for tensor in inputs):
            continue
        try:
            results[node] = run_meta(node.op, node.input_names(), inputs, node.values)
        except MXNetError as error:
            raise MXNetError(f"Error in operator {node.name}: {error}") from None
    waiting.clear()


def run_meta(op: Operator, names: Iterable[str], inputs: list[Any], values: Mapping[str, Any]) -> list[torch.Tensor]:
    """The outputs of one operator on meta tensors."""
    arguments = dict(zip(names, inputs, strict=True)) if not op.variadic else {}
    surroundings = {"_train": False, "_recording": False, "_rng": None, "_device": _META}
    keywords = {**values, **{n: surroundings[n] for n in op.implicit}}
    try:
        with torch.no_grad():
            if op.variadic:
                result = op.fn(*inputs, **keywords)
            else:
                result = op.fn(*(arguments.get(n) for n in op.inputs), **keywords)
    except Exception as error:
        raise op.failure(error, inputs, values) from None
    return list(result[: op.num_outputs(values)] if isinstance(result, (tuple, list)) else [result])


def _declared(node: Node, shapes: Mapping[str, _Shape]) -> _Shape | None:
    """The shape of a variable: given by the caller, or declared when it was made."""
    shape = shapes.get(node.name)
    if shape is None and "__shape__" in node.extra:
        text = node.extra["__shape__"].strip("()[] ")
        shape = tuple(int(part) for part in text.split(",") if part.strip())
    return None if shape is None else tuple(shape)


def _complete(
    node: Node,
    first: torch.Tensor,
    known: dict[Node, _Shape],
    results: dict[Node, list[torch.Tensor]],
    types: Mapping[str, torch.dtype],
) -> None:
    """Shapes of parameters that follow from the first input."""
    op = node.op
    assert op is not None
    assert op.infer is not None
    try:
        inferred = op.infer(tuple(first.shape), **op.complete(node.values))
    except (ValueError, IndexError) as error:
        raise MXNetError(f"Error in operator {node.name}: {op.failure(error, [first], node.values)}") from None
    for name, entry in zip(node.input_names(), node.inputs, strict=True):
        if entry.node.op is not None or inferred.get(name) is None or entry.node in results:
            continue  # where a shape is known already, the operator says whether it fits: some accept several
        shape = tuple(inferred[name])
        given = known.get(entry.node)
        if given is not None and not _agrees(given, shape):
            raise MXNetError(
                f"Error in operator {node.name}: Shape inconsistent, Provided = {list(given)}, inferred shape={shape} "
                f"for {entry.node.name!r}"
            )
        _settle(entry.node, shape, known, results, types, like=first.dtype)


def _settle(
    node: Node,
    shape: _Shape,
    known: dict[Node, _Shape],
    results: dict[Node, list[torch.Tensor]],
    types: Mapping[str, torch.dtype],
    like: torch.dtype = torch.float32,
) -> None:
    known[node] = shape
    if all(size > 0 for size in shape):
        dtype = types.get(node.name)
        if dtype is None and "__dtype__" in node.extra:
            dtype = dtypes.by_code[int(node.extra["__dtype__"])].torch
        results[node] = [torch.empty(shape, dtype=dtype or like, device=_META)]


def _agrees(given: _Shape, inferred: _Shape) -> bool:
    return len(given) == len(inferred) and all(g in (0, -1, i) for g, i in zip(given, inferred, strict=True))


def _tensor(entry: Entry, results: Mapping[Node, list[torch.Tensor]]) -> torch.Tensor | None:
    outputs = results.get(entry.node)
    return None if outputs is None else outputs[entry.index]
