"""Shapes and dtypes of a graph: every operator runs once on torch's ``meta`` device, which computes shapes and no
values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch

from ..base import MXNetError
from ..ops.custom import is_blamed
from ..ops.registry import Operator
from .bodies import variables
from .node import Entry, Node, topological
from .types import declared, infer_types

__all__ = ["infer", "infer_types"]

_META = torch.device("meta")
_Shape = tuple[int, ...]


def infer(
    heads: Iterable[Entry],
    shapes: Mapping[str, _Shape],
    types: Mapping[str, torch.dtype] | None = None,
    outputs: bool = True,
) -> tuple[dict[Node, _Shape], dict[Node, list[torch.Tensor | None]]]:
    """Infer forward from what is known.

    shapes, types: by name of variable; a 0 in a shape means "unknown", as in MXNet. outputs: run every operator;
    without it, run only those whose outputs tell the shape of a variable (torch's meta device takes a second to load).
    Returns the shapes of the variables that are known in the end, and the outputs of the nodes that ran, as meta
    tensors; None for an output whose shape depends on values. Raises MXNetError, naming the node, where an operator
    refuses its inputs.
    """
    inference = _Inference(shapes, types or {})
    inference.walk(heads, outputs)
    return inference.known, inference.results


class _Inference:
    """What is known about one graph: shapes of variables, outputs of nodes."""

    def __init__(self, shapes: Mapping[str, _Shape], types: Mapping[str, torch.dtype]) -> None:
        self.shapes, self.types = shapes, types
        self.known: dict[Node, _Shape] = {}
        self.results: dict[Node, list[torch.Tensor | None]] = {}
        self.answers: dict[tuple, list[torch.Tensor | None]] = {}  # of operators on inputs of certain shapes and dtypes
        self.waiting: list[Node] = []  # operators that have not run, inputs before users

    def walk(self, heads: Iterable[Entry], outputs: bool) -> None:
        for node in topological(heads):
            if node.op is None:
                shape = self.declared(node)
                if shape is not None and node not in self.results:
                    self.settle(node, shape)
                continue
            if node.bodies:
                if any(self.missing(entry) for entry in node.inputs):
                    self.enter(node)
            elif node.op.deduces and any(self.missing(entry) for entry in node.inputs[1:]):
                self.complete(node)
            self.waiting.append(node)
        if outputs:
            self.run()

    def run(self) -> None:
        """Run the operators that wait and whose inputs are known. A graph repeats itself, so does an answer."""
        for node in self.waiting:
            inputs = [self.tensor(entry) for entry in node.inputs]
            if node.op is None or any(tensor is None for tensor in inputs):
                continue
            key = (node.op, *node.attrs.items(), *((t.shape, t.dtype) for t in inputs if t is not None))
            if key in self.answers:
                self.results[node] = self.answers[key]
                continue
            values = node.values
            if node.bodies:
                values = {**values, "_held": tuple((_runner(heads), ()) for heads in node.bodies)}
            try:
                self.results[node] = run_meta(node.op, node.input_names(), inputs, values)
                if not node.bodies and "_held" not in values:
                    self.answers[key] = self.results[node]
            except _UnknownShape:
                self.results[node] = [None] * node.op.num_outputs(node.values)
            except MXNetError as error:
                if is_blamed(error):
                    raise
                raise MXNetError(f"Error in operator {node.name}: {error}") from None
        self.waiting.clear()

    def declared(self, node: Node) -> _Shape | None:
        """The shape of a variable: given by the caller, or declared when it was made."""
        shape = self.shapes.get(node.name)
        if shape is None and "__shape__" in node.extra:
            text = node.extra["__shape__"].strip("()[] ")
            shape = tuple(int(part) for part in text.split(",") if part.strip())
        return None if shape is None else tuple(shape)

    def complete(self, node: Node) -> None:
        """Shapes of parameters that follow from the other inputs, mostly from the first."""
        op = node.op
        assert op is not None
        if any(entry.node.op is not None for entry in (node.inputs[:1] if op.infer else node.inputs)):
            self.run()
        tensors = [self.tensor(entry) for entry in node.inputs]
        shapes = [None if t is None else tuple(t.shape) for t in tensors]
        try:
            inferred = op.deduce(shapes, node.values)
        except (ValueError, IndexError) as error:
            if is_blamed(error):
                raise
            failure = op.failure(error, tensors, node.values)
            raise MXNetError(f"Error in operator {node.name}: {failure}") from None
        like = next((t.dtype for t in tensors if t is not None), torch.float32)
        for name, entry in zip(node.input_names(), node.inputs, strict=True):
            if entry.node.op is not None or inferred.get(name) is None or entry.node in self.results:
                continue  # where a shape is known already, the operator says whether it fits: some accept several
            self.learn(node, entry.node, tuple(inferred[name]), like)

    def enter(self, node: Node) -> None:
        """Shapes of parameters that follow inside the bodies of a node."""
        self.run()
        for heads, sources in zip(node.bodies, node.wiring.sources, strict=True):
            inner = _Inference({}, {})
            fed = list(zip(variables(heads), sources, strict=True))
            for variable, i in fed:
                tensor = self.tensor(node.inputs[i])
                if tensor is not None and i in node.wiring.sliced:
                    tensor = tensor.new_empty(tensor.shape[1:])
                if tensor is not None:
                    inner.results[variable] = [tensor]
            try:
                inner.walk(heads, outputs=False)
            except MXNetError as error:
                raise MXNetError(f"Error in operator {node.name}: {error}") from None
            for variable, i in fed:
                outer, found = node.inputs[i].node, inner.results.get(variable)
                if outer.op is None and outer not in self.results and found and i not in node.wiring.sliced:
                    tensor = found[0]
                    assert tensor is not None
                    self.learn(node, outer, tuple(tensor.shape), tensor.dtype)

    def learn(self, node: Node, variable: Node, shape: _Shape, like: torch.dtype) -> None:
        """Note the shape that a node wants of a variable."""
        given = self.known.get(variable)
        if given is not None and not _agrees(given, shape):
            raise MXNetError(
                f"Error in operator {node.name}: Shape inconsistent, Provided = {list(given)}, inferred shape={shape} "
                f"for {variable.name!r}"
            )
        self.settle(variable, shape, like)

    def settle(self, node: Node, shape: _Shape, like: torch.dtype = torch.float32) -> None:
        self.known[node] = shape
        if all(size > 0 for size in shape):
            dtype = self.types.get(node.name)
            if dtype is None and (known := declared(node)) is not None:
                dtype = known.torch
            self.results[node] = [torch.empty(shape, dtype=dtype or like, device=_META)]

    def missing(self, entry: Entry) -> bool:
        """Whether that is a variable whose shape is not known."""
        return entry.node.op is None and entry.node not in self.results

    def tensor(self, entry: Entry) -> torch.Tensor | None:
        outputs = self.results.get(entry.node)
        return None if outputs is None else outputs[entry.index]


def run_meta(
    op: Operator, names: Iterable[str], inputs: Sequence[Any], values: Mapping[str, Any]
) -> list[torch.Tensor | None]:
    """The outputs of one operator on meta tensors."""
    arguments = dict(zip(names, inputs, strict=True)) if not op.variadic else {}
    surroundings = {"_train": False, "_recording": False, "_rng": None, "_device": _META, "_ctx": None}
    keywords = {**values, **{n: surroundings[n] for n in op.implicit}}
    try:
        with torch.no_grad():
            if op.variadic:
                result = op.fn(*inputs, **keywords)
            else:
                result = op.fn(*(arguments.get(n) for n in op.inputs), **keywords)
    except _UnknownShape:
        raise
    except Exception as error:
        raise op.failure(error, inputs, values) from None
    return list(result[: op.num_outputs(values)] if isinstance(result, (tuple, list)) else [result])


def _runner(heads: Sequence[Entry]) -> Callable[..., list[torch.Tensor]]:
    """A body as a function of meta tensors."""
    inputs = variables(heads)

    def run(*arguments: Any) -> list[Any]:
        inference = _Inference({}, {})
        inference.results = {node: [tensor] for node, tensor in zip(inputs, arguments, strict=False)}
        inference.walk(heads, outputs=True)
        outputs = [inference.tensor(head) for head in heads]
        if any(output is None for output in outputs):
            raise _UnknownShape
        return outputs

    return run


class _UnknownShape(Exception):
    """A body whose outputs have shapes that depend on values."""


def _agrees(given: _Shape, inferred: _Shape) -> bool:
    return len(given) == len(inferred) and all(g in (0, -1, i) for g, i in zip(given, inferred, strict=True))
