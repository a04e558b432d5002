"""CachedGraph: a recorded computation, called with arrays.

The first call with arrays of new shapes traces the graph (``graph/trace.py``) and so computes its results; later ones
run straight-line code (``graph/plan.py``). ``fast`` is the way for those: it compares what a plan depends on, and
calls. Whatever is unusual goes to ``run``.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from .._state import changes, state
from ..context import Context
from ..graph.backends import Backend
from ..graph.lower import Lowered, lower
from ..graph.node import Entry, Node, topological
from ..graph.partial import infer_partial, is_open, settled
from ..graph.plan import Plan
from ..graph.trace import OperatorFailure, in_own_memory, interpret, trace
from ..ops import registry
from ..ops.custom import is_blamed
from ..ops.random import generators
from ..ops.registry import OperatorError
from .face import context_of, surroundings
from .ndarray import NDArray, wrap

__all__ = ["CachedGraph"]

_new = NDArray.__new__
_generator = generators.generator
_MOST = 256  # kinds of calls that one graph keeps plans for
_PATIENCE = 3  # failures of prepared code before somebody is told
_Hook = Callable[[str, str, NDArray], Any]


class _Last(NamedTuple):
    """The plan of the last call in one mode, and the inputs that it is for."""

    kinds: list[tuple[torch.Size, torch.dtype, bool]]
    ctx: Context
    code: Callable[..., Any]
    bound: Sequence[torch.Tensor]
    guards: list[tuple[torch.Tensor, int]] | None
    draws: bool


class CachedGraph:
    """Runs the graph below ``heads``.

    Parameters
    ----------
    heads : list of Entry
        The outputs.
    inputs, parameters : list of Node
        Its variables: those that a call gives values to, and the others.
    arrays : callable
        From a context to the arrays of the parameters there.
    backend : callable
        How the code of plans runs (``graph/backends``).
    guards : list of (tensor, version)
        ``fast`` gives nothing when one of the tensors has another version.
    """

    def __init__(
        self,
        heads: Sequence[Entry],
        inputs: Sequence[Node],
        parameters: Sequence[Node],
        arrays: Callable[[Context], Sequence[NDArray]],
        backend: Backend,
        guards: Sequence[tuple[torch.Tensor, int]] = (),
    ) -> None:
        self._heads, self._count, self._variables, self._arrays = heads, len(inputs), [*inputs, *parameters], arrays
        self._backend, self._guards = backend, guards
        self._lowered: dict[tuple, Lowered] = {}  # by whether some arrays are sparse, and by who watches
        nodes = topological(heads)
        self._dynamic = any(node.op is not None and node.op.dynamic for node in nodes)
        self._open = any(map(is_open, nodes))  # some shape follows from those of a call
        self._plans: dict[tuple, Plan] = {}
        self._last: list[_Last | None] = [None] * 4  # by mode
        self._stamp = -1  # the count of changes that `_last` has seen
        self._lock = threading.RLock()
        self.hook: tuple[_Hook, bool] | None = None  # called with every output of every operator, or input, too

    def fast(self, arrays: Sequence[Any]) -> list[NDArray] | None:
        """The outputs for arrays like those of the last call in this mode; None where that takes more than a look."""
        recording = state.recording
        last = self._last[state.training + 2 * recording]
        if last is None or changes.count != self._stamp or len(arrays) != self._count or state.tracing is not None:
            return None
        kinds, ctx, code, bound, guards, draws = last
        if len(kinds) == 1:  # most networks take one array: nothing to gather
            array = arrays[0]
            if array.__class__ is not NDArray or array._ctx is not ctx:
                return None
            tensor = array._data if not recording or array._graph is None else array._graph
            shape, dtype, grad = kinds[0]
            if tensor.dtype is not dtype or tensor.shape != shape or not tensor.is_contiguous():
                return None
            if recording and tensor.requires_grad is not grad:
                return None
            inputs = (tensor, *bound)
        else:
            tensors = []
            for array, (shape, dtype, grad) in zip(arrays, kinds):  # noqa: B905 - the same length; strict costs time
                if array.__class__ is not NDArray or array._ctx is not ctx:
                    return None
                tensor = array._data if not recording or array._graph is None else array._graph
                if tensor.dtype is not dtype or tensor.shape != shape or not tensor.is_contiguous():
                    return None
                if recording and tensor.requires_grad is not grad:
                    return None
                tensors.append(tensor)
            inputs = (*tensors, *bound)
        if guards is not None:
            for parameter, version in guards:
                if parameter._version != version:
                    return None
        try:
            results = code(*inputs, _generator(ctx)) if draws else code(*inputs)
        except Exception:  # `run` knows what to do
            return None
        outputs = []
        for result in results:
            array = _new(NDArray)
            array._ctx = ctx
            if recording and result.requires_grad:
                array._graph = result
            else:
                array._graph = None
                array._data = result
            outputs.append(array)
        return outputs

    def run(self, arrays: Sequence[NDArray], seen: int) -> list[NDArray]:
        """The outputs, in every case. ``seen``: the count of changes that the caller has looked at.

        Raises what an operator raises.
        """
        ctx = context_of("the hybridized block", arrays)
        parameters = self._arrays(ctx)
        tensors = [array._source() for array in (*arrays, *parameters)]
        sparse = any(tensor.layout is not torch.strided for tensor in tensors)
        if sparse or self._dynamic or self.hook is not None or registry.watchers():
            return self._interpret(tensors, ctx, sparse)
        in_place = all(tensor.is_contiguous() for tensor in tensors[self._count :])
        tensors = [tensor if tensor.is_contiguous() else tensor.contiguous() for tensor in tensors]
        kinds = [(tensor.shape, tensor.dtype, tensor.requires_grad) for tensor in tensors]
        mode = state.training + 2 * state.recording
        key = (mode, ctx, *kinds)
        with self._lock:
            if self._stamp != seen:
                self._last = [None] * 4
                self._stamp = seen
            plan = self._plans.get(key)
            if plan is None:
                outputs = self._trace(key, tensors, ctx)
                return [wrap(output, ctx) for output in outputs]
            ready = plan.settle(tensors[self._count :])
            if ready.final and in_place:  # not for copies of parameters, which nobody would write to
                guards = [*(ready.guards or ()), *self._guards] or None
                self._last[mode] = _Last(kinds[: self._count], ctx, ready.code, ready.bound, guards, plan.draws)
        inputs = (*tensors[: self._count], *ready.bound, *([_generator(ctx)] if plan.draws else ()))
        try:
            return [wrap(output, ctx) for output in ready.code(*inputs)]
        except Exception as error:
            # Values that torch refuses. The operator has another way for them (indices that are out of range), or knows
            # what is wrong.
            outputs = self._interpret(tensors, ctx, sparse=False)
            plan.failures += 1
            if plan.failures == _PATIENCE:
                warnings.warn(
                    f"The code of a hybridized block has failed {_PATIENCE} times, and its operators run one by one "
                    f"instead, which is slow. The reason: {error!r:.200}",
                    stacklevel=5,
                )
            return outputs

    def _trace(self, key: tuple, tensors: list[torch.Tensor], ctx: Context) -> list[torch.Tensor]:
        """The first call of its kind."""
        try:
            traced = trace(self._lower(False, tensors), tensors, surroundings(ctx))
        except OperatorFailure as failure:
            raise _refusal(failure) from None
        if any(output.layout is not torch.strided for output in traced.outputs):
            self._dynamic = True  # made sparse by an operator: `fast` knows dense arrays only
        if len(self._plans) >= _MOST:
            del self._plans[next(iter(self._plans))]
        self._plans[key] = Plan(traced, self._count, state.recording, self._backend)
        return traced.outputs

    def _interpret(self, tensors: list[torch.Tensor], ctx: Context, sparse: bool) -> list[NDArray]:
        """Operator by operator: what has sparse arrays or shapes that depend on values, and what is watched."""

        def call(node: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
            result = node.target(*args, **kwargs)
            if self.hook is not None:
                self._watch(node.meta["node"], args, result, ctx)
            return result

        try:
            outputs, updates = interpret(self._lower(sparse, tensors), tensors, surroundings(ctx), call)
        except OperatorFailure as failure:
            raise _refusal(failure) from None
        for i, new in updates:
            tensors[i].detach().copy_(new.detach())
        return [wrap(output, ctx) for output in in_own_memory(outputs, tensors)]

    def _watch(self, node: Node, args: tuple, result: Any, ctx: Context) -> None:
        assert self.hook is not None
        assert node.op is not None
        callback, inputs_too = self.hook
        if inputs_too:
            for name, tensor in zip(node.input_names(), args, strict=False):
                if isinstance(tensor, torch.Tensor):
                    callback(f"{node.name}_{name}", node.op.name, wrap(tensor.detach(), ctx))
        results = result if isinstance(result, (tuple, list)) else [result]
        for name, tensor in zip(node.output_names()[: node.num_outputs], results, strict=False):
            callback(name, node.op.name, wrap(tensor.detach(), ctx))

    def _lower(self, sparse: bool, tensors: Sequence[torch.Tensor]) -> Lowered:
        if self._open:
            shapes = {node: tuple(tensor.shape) for node, tensor in zip(self._variables, tensors, strict=True)}
            return lower(settled(self._heads, infer_partial(self._heads, shapes)), self._variables, sparse)
        key = (sparse, registry.watchers())
        with self._lock:
            lowered = self._lowered.get(key)
            if lowered is None:
                lowered = self._lowered[key] = lower(self._heads, self._variables, sparse)
        return lowered

    @property
    def sources(self) -> list[str]:
        """The generated code of every plan."""
        return [plan.source for plan in self._plans.values()]


def _refusal(failure: OperatorFailure) -> Exception:
    """The error that a user sees: what the operator says, and in which node."""
    error, node = failure.__cause__, failure.node
    assert error is not None
    assert node.op is not None
    if is_blamed(error):
        return error  # type: ignore[return-value]
    found = node.op.failure(error, failure.tensors, node.values)
    if isinstance(found, OperatorError) and found.block is None:
        found.block = node.name
    return found
