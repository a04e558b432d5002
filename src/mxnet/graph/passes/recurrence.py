"""LSTM cells that were unrolled become one call of torch's LSTM.

A cell that runs step by step is fifteen small calls a step, and as many on the way back. Steps that follow each other
with the same weights are what torch's kernel computes at once (Hochreiter and Schmidhuber, 1997): ``i, f, g, o`` are
the parts of ``W x + b + R h + c``, ``cell' = sigmoid(f) cell + sigmoid(i) tanh(g)``, ``h' = sigmoid(o) tanh(cell')``.

On a GPU the steps stay: cuDNN wants the weights in one piece, and has no gradients of second order.
"""

from __future__ import annotations

import operator as python
from math import prod
from typing import Any, NamedTuple

import torch
import torch.fx as fx

from ..trace import Info
from .effects import is_call, root, written

__all__ = ["fuse_recurrence"]


class _Step(NamedTuple):
    """What a step takes and gives, and the calls that compute it, in order of dependence."""

    x: fx.Node
    h: fx.Node
    cell: fx.Node
    weights: tuple[fx.Node, ...]  # W, R, b, c
    new_h: fx.Node
    new_cell: fx.Node
    keep: fx.Node  # sigmoid(f) * cell
    squash: fx.Node  # tanh(cell')
    calls: tuple[fx.Node, ...]


def fuse_recurrence(graph: fx.Graph) -> None:
    while _fuse_one(graph):
        pass


def _fuse_one(graph: fx.Graph) -> bool:
    """Fuse the first steps that can be; whether there were any."""
    steps = {step.new_h: step for step in map(_step, graph.nodes) if step is not None}
    if len(steps) < 2:
        return False
    touched = {root(target) for node in graph.nodes for target in written(node)}
    order = {node: i for i, node in enumerate(graph.nodes)}
    for run in _runs(steps):
        inputs = _whole([step.x for step in run])
        taken = [run[0].h, run[0].cell, *run[0].weights, *inputs]
        own = {call for step in run for call in step.calls}
        outside = [order[user] for step in run for user in (*step.new_h.users, *step.new_cell.users) if user not in own]
        in_time = max(order[node] for node in taken) < min(outside, default=0)
        if len(run) > 1 and in_time and not touched & {root(node) for node in (*taken, *own)}:
            _fuse(graph, run, inputs, min(outside))
            return True
    return False


def _step(node: fx.Node) -> _Step | None:
    """The step that a call of ``chunk`` divides the gates of."""
    if not is_call(node, "chunk") or node.args[1:] != (4, 1) or len(node.users) != 4:
        return None
    gates: Any = node.args[0]
    if not is_call(gates, "add") or len(gates.users) != 1 or len(gates.args) != 2 or gates.kwargs:
        return None
    if gates.meta["info"].device.type != "cpu":
        return None
    products = gates.args
    if not all(_is_product(product) for product in products):
        return None
    parts = {item.args[1]: item for item in node.users if item.target is python.getitem}
    if sorted(parts) != [0, 1, 2, 3]:  # type: ignore[type-var]
        return None
    active: list[Any] = [_only(parts[i], "tanh" if i == 2 else "sigmoid") for i in range(4)]
    factors: list[Any] = [each and _only(each, "mul") for each in active]
    if None in factors:
        return None
    write, keep, write_too, new_h = factors
    new_cell = _only(write, "add")
    if write is not write_too or new_cell is None or set(new_cell.args) != {write, keep}:
        return None
    squash, cell = _other(new_h, active[3]), _other(keep, active[1])
    if not is_call(squash, "tanh") or squash.args[0] is not new_cell or len(squash.users) != 1 or len(keep.users) != 1:
        return None
    if not (_same_shape(*products) and _same_shape(cell, new_cell)):  # torch's kernel does not broadcast
        return None
    (x, w, b), (h, r, c) = (product.args for product in products)
    calls = (*products, gates, node, *parts.values(), *active, write, keep, new_cell, squash, new_h)
    return _Step(x, h, cell, (w, r, b, c), new_h, new_cell, keep, squash, calls)  # type: ignore[arg-type]


def _is_product(node: Any) -> bool:
    """Whether a node is ``linear`` of a matrix, with a bias, for the gates alone."""
    is_linear = is_call(node, "linear") and len(node.args) == 3 and len(node.users) == 1
    return is_linear and None not in node.args and len(node.args[0].meta["info"].shape) == 2


def _same_shape(one: fx.Node, other: fx.Node) -> bool:
    return one.meta["info"].shape == other.meta["info"].shape


def _only(node: fx.Node, name: str) -> fx.Node | None:
    """The only user of a node, if it is a call of that name with nodes alone."""
    if len(node.users) != 1:
        return None
    user = next(iter(node.users))
    fits = is_call(user, name) and not user.kwargs and all(isinstance(argument, fx.Node) for argument in user.args)
    return user if fits else None


def _other(node: fx.Node, known: fx.Node) -> fx.Node:
    """The factor beside the one that is known."""
    one, other = node.args
    return other if one is known else one  # type: ignore[return-value]


def _runs(steps: dict[fx.Node, _Step]) -> list[list[_Step]]:
    """Steps that follow each other, where nobody else looks at the cells between."""
    after: dict[fx.Node, _Step] = {}
    for step in steps.values():
        before = steps.get(step.h)
        if before is None or before.new_cell is not step.cell or before.weights != step.weights:
            continue
        if set(step.cell.users) == {step.keep, before.squash}:
            after[step.h] = step
    followers = {step.new_h for step in after.values()}
    found = []
    for step in steps.values():
        if step.new_h not in followers:
            run = [step]
            while run[-1].new_h in after:
                run.append(after[run[-1].new_h])
            found.append(run)
    return found


def _fuse(graph: fx.Graph, run: list[_Step], inputs: list[fx.Node], place: int) -> None:
    w, r, b, c = run[0].weights
    recorded = any(step.new_h.meta["info"].requires_grad for step in run)
    with graph.inserting_before(list(graph.nodes)[place]):
        if len(inputs) > 1:
            inputs = [graph.call_function(torch.stack, (inputs, 0))]
        states = [graph.call_method("unsqueeze", (state, 0)) for state in (run[0].h, run[0].cell)]
        arguments = (inputs[0], states, [w, r, b, c], True, 1, 0.0, recorded, False, False)
        lstm = graph.call_function(torch.lstm, arguments)
        output = graph.call_function(python.getitem, (lstm, 0))
        outputs = graph.call_function(torch.unbind, (output, 0))
        new = [graph.call_function(python.getitem, (outputs, t)) for t in range(len(run))]
        cell = graph.call_method("squeeze", (graph.call_function(python.getitem, (lstm, 2)), 0))
    for whole, part in ((inputs[0], run[0].x), (output, run[0].new_h)):
        whole.meta["info"] = _of_steps(part.meta["info"], len(run))
    for step, part in zip(run, new, strict=True):
        part.meta = dict(step.new_h.meta)
        step.new_h.replace_all_uses_with(part)
    cell.meta = dict(run[-1].new_cell.meta)
    own = {call for step in run for call in step.calls}
    run[-1].new_cell.replace_all_uses_with(cell, delete_user_cb=lambda user: user not in own)
    for call in sorted(own, reverse=True):
        graph.erase_node(call)


def _of_steps(info: Info, steps: int) -> Info:
    """What is known of the array of all steps, from one of its parts."""
    return info._replace(shape=(steps, *info.shape), stride=(prod(info.shape), *info.stride))


def _whole(inputs: list[fx.Node]) -> list[fx.Node]:
    """The array (T, N, C) whose parts these are, in order; or the inputs as they are."""
    parts: Any = inputs[0].args[0] if inputs[0].args else None
    if isinstance(parts, fx.Node) and is_call(parts, "unbind") and parts.args[1:] in ((), (0,)) and not parts.kwargs:
        source: Any = parts.args[0]
        if [node.args for node in inputs] == [(parts, t) for t in range(source.meta["info"].shape[0])]:
            return [source]
    return inputs
