"""Tracing: what an operator's function asks of torch for inputs of one shape and dtype.

An operator's function looks at its inputs, checks them, chooses between kernels, and calls torch. For the next call
with inputs of the same shapes, dtypes and devices, only the calls of torch matter. ``trace`` runs a lowered graph once
on real tensors and writes those calls down: a ``torch.fx`` graph of torch's own functions, without any of the checks.

It stays right because it is careful: an operator that looks at *values* (``bool(x.any())``, ``x.tolist()``), that makes
shapes from them, or that runs graphs or code of the user's is not taken apart; its function is one call in the trace.
"""

from __future__ import annotations

import operator as python
import weakref
from collections.abc import Callable, Sequence
from types import GetSetDescriptorType, MethodDescriptorType, WrapperDescriptorType
from typing import Any, NamedTuple

import torch
import torch.fx as fx
from torch.fx.node import base_types, map_aggregate, map_arg
from torch.overrides import TorchFunctionMode

from ..ops.registry import SURROUNDINGS
from .lower import Lowered
from .node import Node

__all__ = ["Info", "OperatorFailure", "Trace", "in_own_memory", "interpret", "trace"]


class Info(NamedTuple):
    """What a trace knows of a tensor: ``node.meta["info"]``."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device
    stride: tuple[int, ...]
    requires_grad: bool


class Trace(NamedTuple):
    """The calls of torch, and what they gave.

    The graph's placeholders are the tensors, and ``_rng`` where random numbers are drawn; it returns the outputs, each
    in memory of its own, and writes new values into the auxiliary states.
    """

    graph: fx.Graph
    held: dict[str, Any]
    outputs: list[torch.Tensor]
    draws: bool


class OperatorFailure(Exception):
    """An operator, ``node`` of the graph, refused its inputs."""

    def __init__(self, node: Node, tensors: Sequence[Any]) -> None:
        super().__init__(node.name)
        self.node, self.tensors = node, tensors


def trace(lowered: Lowered, tensors: Sequence[torch.Tensor], surroundings: Sequence[Any]) -> Trace:
    """Run a lowered graph on tensors and write down its calls of torch.

    surroundings: in the order of ``SURROUNDINGS``. Raises OperatorFailure, from what the operator raised.
    """
    graph = fx.Graph()
    listener = _Listener(graph)
    places = [graph.placeholder(node.target) for node in lowered.placeholders]
    tensors = _told_apart(tensors)
    for tensor, place in zip(tensors, places, strict=True):
        listener.name(tensor, place)
    rng = graph.placeholder("_rng")
    listener.name(dict(zip(SURROUNDINGS, surroundings, strict=True))["_rng"], rng)
    outputs, updates = interpret(lowered, tensors, surroundings, listener.call)
    for i, new in updates:
        place, tensor = places[i], tensors[i]
        if tensor.requires_grad:
            place, tensor = graph.call_method("detach", (place,)), tensor.detach()
        value = listener.place(new)
        if new.requires_grad:  # the state is not to enter torch's graph
            value, new = graph.call_method("detach", (value,)), new.detach()
        graph.call_method("copy_", (place, value))
        tensor.copy_(new)
    heads = [listener.place(output) for output in outputs]
    owned = in_own_memory(outputs, tensors)
    for i, output in enumerate(outputs):
        if owned[i] is not output:
            heads[i] = graph.call_method("clone", (heads[i],), {"memory_format": torch.contiguous_format})
    graph.output(tuple(heads))
    draws = bool(rng.users)
    if not draws:
        graph.erase_node(rng)
    return Trace(graph, listener.held, owned, draws)


def _told_apart(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """The tensors, each another object: one that is given twice is a case of two that may differ in the next call."""
    return [t.view_as(t) if any(t is other for other in tensors[:i]) else t for i, t in enumerate(tensors)]


def interpret(
    lowered: Lowered,
    tensors: Sequence[torch.Tensor],
    surroundings: Sequence[Any],
    call: Callable[[fx.Node, tuple, dict[str, Any]], Any],
) -> tuple[list[torch.Tensor], list[tuple[int, torch.Tensor]]]:
    """Run a lowered graph operator by operator, each by ``call(node, args, kwargs)``.

    Returns the outputs, and (number of an input, new value) for auxiliary states. Raises OperatorFailure.
    """
    values: dict[fx.Node, Any] = {}
    feed = iter([*tensors, *surroundings])
    results: Sequence[Any] = ()
    waiting = {node: len(node.users) for node in lowered.run.graph.nodes}
    changed = lowered.changed
    for node in lowered.run.graph.nodes:
        if node.op == "placeholder":
            values[node] = next(feed)
        elif node.op == "get_attr":
            values[node] = getattr(lowered.run, node.target)
        elif node.op == "output":
            results = map_arg(node.args[0], values.__getitem__)
        elif node.target is python.getitem:
            values[node] = values[node.args[0]][node.args[1]]
        else:
            args, kwargs = map_arg((node.args, node.kwargs), values.__getitem__)
            described = node.meta["node"]
            try:
                if not described.op.mixed:
                    described.op.check_dtypes(args)
                values[node] = call(node, args, kwargs)
            except Exception as error:
                raise OperatorFailure(described, args) from error
        if node in changed and values[node] is not None:  # who reads the state from here on gets the new one
            values[changed[node]] = values[node]
        for used in node.all_input_nodes:  # let go of what nobody needs any more
            waiting[used] -= 1
            if not waiting[used]:
                del values[used]
    count = len(results) - len(lowered.updates)
    numbers = {state: i for i, state in enumerate(lowered.inputs)}
    updates = [(numbers[s], new) for s, new in zip(lowered.updates, results[count:], strict=True) if new is not None]
    return list(results[:count]), updates


def in_own_memory(outputs: Sequence[torch.Tensor], inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """The outputs; those that show the memory of an input or of an output before them, and those that do not lie in
    order, are copied.
    """
    taken = {_memory(tensor) for tensor in inputs} - {None}
    owned = []
    for output in outputs:
        memory = _memory(output)
        if memory in taken or (output.layout is torch.strided and not output.is_contiguous()):
            dense = output.layout is torch.strided
            output = output.clone(memory_format=torch.contiguous_format) if dense else output.clone()
            memory = _memory(output)
        if memory is not None:
            taken.add(memory)
        owned.append(output)
    return owned


def _memory(tensor: torch.Tensor) -> tuple[str, int] | None:
    """What tensors that show the same memory have in common; None for one without any."""
    if tensor.layout is not torch.strided:
        return "object", id(tensor)
    address = tensor.untyped_storage().data_ptr()
    return ("address", address) if address else None


# Questions about tensors that their shapes, dtypes and devices answer.
_ABOUT = frozenset(
    "size dim ndimension numel nelement stride is_contiguous is_floating_point is_complex element_size storage_offset "
    "__len__ get_device is_signed result_type is_same_size can_cast promote_types".split()
)
_GETTERS = frozenset(
    "shape dtype device ndim is_meta requires_grad layout is_cpu is_cuda is_sparse is_sparse_csr is_leaf itemsize "
    "nbytes is_mps".split()
)
# Shapes of their results depend on values.
_OF_VALUES = frozenset("nonzero unique unique_consecutive masked_select argwhere bincount repeat_interleave".split())
_MASKS = (torch.bool, torch.uint8)
# Methods that Python wraps; the functions are quicker.
_DIRECT = {"pow": torch.pow, "__rsub__": torch.rsub}
_LITERALS = (*base_types, type(None), type(...))


class _Listener(TorchFunctionMode):
    """Writes down every call of torch while it is on."""

    def __init__(self, graph: fx.Graph) -> None:
        super().__init__()
        self.graph = graph
        self.held: dict[str, Any] = {}  # what calls refer to that is neither a tensor of the graph nor a literal
        self.blind = False  # something was asked that a trace cannot show
        self._nodes: dict[int, tuple[Any, fx.Node]] = {}
        self._before: list[tuple[int, Any]] = []  # what `_nodes` said before this call of an operator

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "__get__":
            return self._get(func, args)
        result = func(*args, **kwargs)
        if self.blind or (name in _ABOUT and not _has_tensors(result)):
            return result
        if name in _OF_VALUES or (name == "__getitem__" and _picks_by_mask(args[1])):
            self.blind = True
        elif _has_tensors(result) or result is None:  # None: a write into a tensor, a switch of the grad mode
            target, kind = _target(func, name, args)
            self.note(result, kind, target, args, kwargs)
        else:
            self.blind = True
        return result

    def call(self, node: fx.Node, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Run an operator; what it asked of torch is in the graph then, or the operator as one call."""
        function: Any = node.target
        opaque = bool(node.meta["node"].bodies) or "_held" in kwargs
        mark = len(self.graph.nodes), len(self.held)
        self.blind = opaque
        self._before.clear()
        if opaque:
            result = function(*args, **kwargs)
        else:
            with self:
                result = function(*args, **kwargs)
        if self.blind:
            self._forget(*mark)
            self.note(result, "call_function", node.target, args, kwargs)
        return result

    def _get(self, func: Any, args: tuple) -> Any:
        attribute = func.__self__
        name = attribute.__name__ if isinstance(attribute, GetSetDescriptorType) else attribute.fget.__name__
        result = func(*args)
        if name in _GETTERS or self.blind:
            return result
        if isinstance(result, torch.Tensor):
            self.note(result, "call_function", getattr, (args[0], name), {})
        else:
            self.blind = True
        return result

    def note(self, result: Any, kind: str, target: Any, args: Any, kwargs: dict[str, Any]) -> None:
        """A node for a call that gave ``result``."""
        places = map_aggregate(args, self.place), map_aggregate(kwargs, self.place)
        node = self.graph.create_node(kind, target, tuple(places[0]), dict(places[1]))
        self.name(result, node)

    def name(self, result: Any, node: fx.Node) -> None:
        """From now on ``node`` stands for the tensors in a result, or for a generator."""
        if isinstance(result, torch.Tensor):
            self._enter(result, weakref.ref(result), node)
            node.meta["info"] = Info(
                tuple(result.shape),
                result.dtype,
                result.device,
                result.stride() if result.layout is torch.strided else (),
                result.requires_grad,
            )
        elif isinstance(result, (tuple, list)):
            for i, item in enumerate(result):
                if isinstance(item, (torch.Tensor, tuple, list)):
                    self.name(item, self.graph.call_function(python.getitem, (node, i)))
        elif isinstance(result, torch.Generator):
            self._enter(result, lambda: result, node)

    def _enter(self, value: Any, reference: Any, node: fx.Node) -> None:
        self._before.append((id(value), self._nodes.get(id(value))))
        self._nodes[id(value)] = (reference, node)

    def _forget(self, nodes: int, held: int) -> None:
        """Strike out what was written beyond these numbers, in this call of an operator."""
        for node in list(reversed(self.graph.nodes))[: len(self.graph.nodes) - nodes]:
            self.graph.erase_node(node)
        for key in list(self.held)[held:]:
            del self.held[key]
        for key, before in reversed(self._before):
            if before is None:
                self._nodes.pop(key, None)
            else:
                self._nodes[key] = before

    def place(self, value: Any) -> Any:
        """How a value is written in the graph."""
        found = self._nodes.get(id(value))
        if found is not None and found[0]() is value:
            return found[1]
        literal = isinstance(value, _LITERALS) and not isinstance(value, torch.Tensor)
        return value if literal else self.hold(value)

    def hold(self, value: Any) -> fx.Node:
        """A node for an object that calls refer to: a constant tensor, a function."""
        name = f"held{len(self.held)}"
        self.held[name] = value
        node = self.graph.get_attr(name)
        if isinstance(value, torch.Tensor):
            self.name(value, node)
        return node


def _target(func: Any, name: str, args: tuple) -> tuple[Any, str]:
    """The callee and the kind of its node: methods of tensors are called as methods, which is short to read."""
    if (
        isinstance(func, (MethodDescriptorType, WrapperDescriptorType))
        and args
        and isinstance(args[0], torch.Tensor)
        and not name.startswith("__")
    ):
        return name, "call_method"
    if name == "__getitem__":
        return python.getitem, "call_function"
    return _DIRECT.get(name, func), "call_function"


def _has_tensors(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_has_tensors, value))
    return isinstance(value, torch.Tensor)


def _picks_by_mask(key: Any) -> bool:
    keys = key if isinstance(key, tuple) else (key,)
    return any(isinstance(k, torch.Tensor) and k.dtype in _MASKS for k in keys)
