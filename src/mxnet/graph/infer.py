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
    heads: Iterable[Entry], shapes: Mapping[str, _Shape], types: Mapping[str, torch.dtype] | None = None
) -> tuple[dict[Node, _Shape], dict[Node, list[torch.Tensor]]]:
    """Infer forward from what is known.

    shapes, types: by name of variable; a 0 in a shape means "unknown", as in MXNet. Returns the shapes of the variables
    that are known in the end, and the outputs of every node that could be computed, as meta tensors. Raises MXNetError,
    naming the node, where the operator refuses its inputs.
    """
    types = types or {}
    known: dict[Node, _Shape] = {}
    results: dict[Node, list[torch.Tensor]] = {}
    for node in topological(heads):
        if node.op is None:
            shape = _declared(node, shapes)
            if shape is not None:
                _settle(node, shape, known, results, types)
            continue
        inputs = [_tensor(entry, results) for entry in node.inputs]
        values = node.op.complete(node.values)
        if node.op.infer is not None and inputs and inputs[0] is not None:
            _complete(node, values, inputs[0], known, results, types)
            inputs = [_tensor(entry, results) for entry in node.inputs]
        if any(tensor is None for tensor in inputs):
            continue
        try:
            results[node] = run_meta(node.op, node.input_names(), inputs, node.values)
        except MXNetError as error:
            raise MXNetError(f"Error in operator {node.name}: {error}") from None
    return known, results


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
    values: Mapping[str, Any],
    first: torch.Tensor,
    known: dict[Node, _Shape],
    results: dict[Node, list[torch.Tensor]],
    types: Mapping[str, torch.dtype],
) -> None:
    """Shapes of parameters that follow from the first input."""
    op = node.op
    assert op is not None
    assert op.infer is not None
    inferred = op.infer(tuple(first.shape), **values)
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
