"""Shapes of a graph of which little is known: sizes that are not known yet, and inputs that follow from outputs.

Where all shapes follow from those of the inputs, ``infer`` finds them. This finds the rest, as MXNet's inference does:
a 0 stands for a size that is not known, and what is learned about one tensor goes forward and backward through the
operators, until nothing new is learned. It is used only where something is missing.

Most operators need no rule of their own for that: they run on meta tensors twice, with two different numbers in place
of the unknown ones; sizes that differ then depend on them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch

from ..base import MXNetError
from ..ops.registry import Operator
from .infer import run_meta
from .node import Entry, Node, topological

__all__ = ["infer_partial", "is_open", "settled"]

_Shape = tuple[int, ...]
_META = torch.device("meta")
_TRIALS = (5040, 10080)  # in place of an unknown size: large, and divisible by what networks divide by

# Operators whose inputs and outputs all have one shape, by family and by name.
_ALIKE_FAMILIES = frozenset({"arithmetic", "elementwise"})
_ALIKE = frozenset(
    "Activation SoftmaxActivation log_softmax softmin reverse _copyto _shuffle _contrib_div_sqrt_dim "
    "_contrib_gradientmultiplier _contrib_quadratic _contrib_round_ste _contrib_sign_ste "
    "_identity_with_attr_like_rhs amp_cast".split()
)
_EACH = "amp_multicast"  # each output has the shape of the input of its number
_JOINING = frozenset({"Concat", "_rnn_param_concat"})
_NOT_ALIKE = frozenset({"shape_array", "size_array", "where"})


def infer_partial(heads: Iterable[Entry], known: Mapping[Node, _Shape]) -> dict[Node, list[_Shape | None]]:
    """The shapes of all nodes' outputs, with 0 for an unknown size; None where not even the number of axes is known.

    known: what ``infer`` found about the variables. Raises MXNetError, naming the node, for contradictions.
    """
    found = _Partial(topological(heads), known)
    found.settle()
    return found.shapes


def settled(heads: Sequence[Entry], shapes: Mapping[Node, Sequence[_Shape | None]]) -> list[Entry]:
    """The graph with its open shapes filled in: ``zeros(shape=(0, 3))`` has the size that its users need."""
    copies: dict[Node, Node] = {}
    for node in topological(heads):
        shape = shapes[node][0]
        inputs = [Entry(copies[e.node], e.index) for e in node.inputs]
        if is_open(node) and shape is not None and all(shape):
            copies[node] = Node(node.op, node.name, {**node.attrs, "shape": str(shape)}, inputs, node.extra)
        elif any(copy is not e.node for (copy, _), e in zip(inputs, node.inputs, strict=True)):
            copies[node] = node.copy(inputs)
        else:
            copies[node] = node
    return [Entry(copies[e.node], e.index) for e in heads]


def is_open(node: Node) -> bool:
    """Whether a node makes something of a shape that is not known yet."""
    shape = None if node.op is None or node.inputs else node.values.get("shape")
    return isinstance(shape, tuple) and 0 in shape


class _Partial:
    def __init__(self, nodes: Sequence[Node], known: Mapping[Node, _Shape]) -> None:
        self.nodes = nodes
        self.shapes: dict[Node, list[_Shape | None]] = {}
        self.changed = False
        for node in nodes:
            if node.op is None:
                shape = known.get(node) or None
                self.shapes[node] = [None if shape is None else tuple(max(size, 0) for size in shape)]
            else:
                self.shapes[node] = [None] * node.op.num_outputs(node.values)

    def settle(self) -> None:
        for _ in range(len(self.nodes) + 1):  # each round learns something, or is the last
            self.changed = False
            for node in self.nodes:
                self.forward(node)
            for node in reversed(self.nodes):
                self.backward(node)
            if not self.changed:
                return

    def shape(self, entry: Entry) -> _Shape | None:
        return self.shapes[entry.node][entry.index]

    def learn(self, node: Node, entry: Entry, shape: Sequence[int] | None) -> None:
        """Add what ``node`` tells about one tensor."""
        if shape is None:
            return
        before = self.shape(entry)
        after = tuple(shape)
        if before is not None:
            if len(before) != len(after) or any(a and b and a != b for a, b in zip(before, after, strict=True)):
                raise MXNetError(
                    f"Error in operator {node.name}: Shape inconsistent, Provided = {list(before)}, inferred "
                    f"shape={after} for {entry.node.output_names()[0]!r}; 0 stands for a size that is not known"
                )
            after = tuple(a or b for a, b in zip(after, before, strict=True))
        if after != before:
            self.shapes[entry.node][entry.index] = after
            self.changed = True

    def forward(self, node: Node) -> None:
        op = node.op
        if op is None or node.bodies:
            return
        if is_open(node):
            self.learn(node, Entry(node), node.values["shape"])
            return
        inputs = [self.shape(entry) for entry in node.inputs]
        if op.deduces and not all(s is not None and all(s) for s in inputs):
            guesses = [op.deduce([_filled(s, size) for s in inputs], node.values) for size in _TRIALS]
            for name, entry in zip(node.input_names(), node.inputs, strict=True):
                if entry.node.op is None or not all(self.shape(entry) or (0,)):
                    self.learn(node, entry, _common([guess.get(name) for guess in guesses]))
            inputs = [self.shape(entry) for entry in node.inputs]
        if _is_alike(op):
            for shape in inputs:
                self.learn(node, Entry(node), shape)
            return
        if op.name == _EACH:
            for i, shape in enumerate(inputs):
                self.learn(node, Entry(node, i), shape)
            return
        if op.name in _JOINING:
            for shape in inputs:
                if shape:
                    axis = op.complete(node.values)["dim"] % len(shape)
                    self.learn(node, Entry(node), (*shape[:axis], 0, *shape[axis + 1 :]))
        if all(shape is not None for shape in inputs) and not all(s and all(s) for s in self.shapes[node]):
            for i, shape in enumerate(self.tried(node, inputs)):
                self.learn(node, Entry(node, i), shape)

    def tried(self, node: Node, inputs: Sequence[_Shape | None]) -> list[_Shape | None]:
        """The outputs' shapes, from two runs with different sizes in place of those that are not known."""
        op = node.op
        assert op is not None
        trials = []
        for size in _TRIALS:
            tensors = [torch.empty(_filled(shape, size) or (), device=_META) for shape in inputs]
            try:
                results: list[Any] = run_meta(op, node.input_names(), tensors, node.values)
            except (MXNetError, RuntimeError):
                return []  # sizes that do not fit: the operator will tell when they are known
            trials.append([None if result is None else tuple(result.shape) for result in results])
        return [_common(pair) for pair in zip(*trials, strict=True)]

    def backward(self, node: Node) -> None:
        op = node.op
        if op is not None and op.name == _EACH:
            for entry, shape in zip(node.inputs, self.shapes[node], strict=True):
                self.learn(node, entry, shape)
            return
        output = None if op is None or node.bodies else self.shapes[node][0]
        if op is None or output is None:
            return
        if _is_alike(op):
            for entry in node.inputs:
                self.learn(node, entry, output)
        elif op.name == "FullyConnected":
            data = self.shape(node.inputs[0])
            if data is not None:
                kept = 1 if op.complete(node.values)["flatten"] else len(data) - 1
                self.learn(node, node.inputs[0], (*output[:kept], *data[kept:]))
        elif op.name == "Convolution":
            data = self.shape(node.inputs[0])
            if data is not None:
                self.learn(node, node.inputs[0], (output[0], *data[1:]))
        elif op.name == "Reshape":
            data = self.shape(node.inputs[0])
            if data is not None and data.count(0) == 1 and all(output):
                size, rest = divmod(math.prod(output), math.prod(filter(None, data)))
                self.learn(node, node.inputs[0], None if rest else [known or size for known in data])
        elif op.name in _JOINING:
            self.split(node, op.complete(node.values)["dim"] % len(output), output)

    def split(self, node: Node, axis: int, output: _Shape) -> None:
        """Inputs that are joined along an axis share all other sizes, and the last unknown one is what is left. Of a
        recurrent network's parameters several may be unknown, the weights of its input, which are of one size.
        """
        sizes = [
            s[axis] if (s := self.shape(entry)) is not None and len(s) == len(output) else 0 for entry in node.inputs
        ]
        left, unknown = output[axis] - sum(sizes), sizes.count(0)
        assert node.op is not None
        if output[axis] and unknown and left > 0 and (unknown == 1 or node.op.name == "_rnn_param_concat"):
            sizes = [size or left // unknown for size in sizes]
        for entry, size in zip(node.inputs, sizes, strict=True):
            self.learn(node, entry, (*output[:axis], size, *output[axis + 1 :]))


def _is_alike(op: Operator) -> bool:
    if op.name in _ALIKE:
        return True
    return op.family in _ALIKE_FAMILIES and not op.name.startswith("broadcast_") and op.name not in _NOT_ALIKE


def _filled(shape: _Shape | None, size: int) -> _Shape | None:
    return None if shape is None else tuple(s or size for s in shape)


def _common(shapes: Sequence[Sequence[int] | None]) -> _Shape | None:
    """Where two shapes agree; 0 where they do not, None where they have not even as many axes."""
    one, other = shapes
    if one is None or other is None or len(one) != len(other):
        return None
    return tuple(a if a == b else 0 for a, b in zip(one, other, strict=True))
