"""Plan: how a recorded graph runs for one kind of call.

A kind of call is what its trace depends on: shapes, dtypes and devices of the inputs and parameters, whether gradients
are recorded and where they start, training or prediction. A plan begins with a trace, which already gave the first
call's results; from the second call on it is flat Python code that the passes have prepared.

In prediction, what depends on parameters alone is computed once and kept. Parameters may change at any time, so every
call compares the version counters of those that were folded in; while they keep changing, they are not folded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch.fx as fx

from . import passes
from .backends import Backend
from .trace import Trace

__all__ = ["Plan", "Ready"]

_PATIENCE = 2  # calls with unchanged parameters before their values are folded in; doubled whenever they change
_LONGEST = 64


class Ready(NamedTuple):
    """``code(*inputs, *bound)``, and the random generator where the plan draws, returns the outputs; right as long as
    the parameters of ``guards`` have these versions.
    """

    code: Callable[..., Any]
    bound: Sequence[torch.Tensor]
    guards: list[tuple[torch.Tensor, int]] | None
    parameters: Sequence[torch.Tensor]
    final: bool  # there is nothing better to come

    def holds(self, parameters: Sequence[torch.Tensor]) -> bool:
        """Whether it is made of these parameters, and their values are the same."""
        same = all(one is other for one, other in zip(parameters, self.parameters, strict=True))
        return same and (self.guards is None or all(t._version == version for t, version in self.guards))


class _Form(NamedTuple):
    """One way to run: ``before`` makes of the parameters what ``code`` takes after the inputs; ``sources`` are the
    numbers of the parameters of which it copies values.
    """

    before: Callable[..., Sequence[torch.Tensor]] | None
    code: Callable[..., Any]
    sources: Sequence[int]


class Plan:
    """See above. ``draws``: the code wants the random generator as its last argument."""

    __slots__ = ("_backend", "_calls", "_folded", "_graph", "_held", "_inputs", "_patience", "_plain", "_recording",
                 "_seen", "draws", "failures", "ready")  # fmt: skip

    def __init__(self, trace: Trace, inputs: int, recording: bool, backend: Backend) -> None:
        self._graph, self._held, self.draws = trace.graph, trace.held, trace.draws
        self._inputs, self._recording, self._backend = inputs, recording, backend
        self._plain: _Form | None = None  # until it is compiled
        self._folded: _Form | None = None
        self._patience, self._calls = _PATIENCE, 0
        self._seen: list[int] = []
        self.ready: Ready | None = None
        self.failures = 0  # calls that the code could not compute

    def settle(self, parameters: Sequence[torch.Tensor]) -> Ready:
        """The code for the next call, with these parameters."""
        ready = self.ready
        if ready is not None and ready.final and ready.holds(parameters):
            return ready
        plain = self._compiled()
        if self._folded is not None:
            versions = [t._version for t in parameters]
            if ready is not None and ready.guards:
                self._patience = min(2 * self._patience, _LONGEST)
            self._calls = self._calls + 1 if versions == self._seen else 1
            self._seen = versions
        if self._folded is not None and self._calls > self._patience:
            ready = _bind(self._folded, parameters, final=True)
        elif ready is None or not ready.holds(parameters):
            ready = _bind(plain, parameters, final=self._folded is None)
        self.ready = ready
        return ready

    @property
    def source(self) -> str:
        """The Python code that runs, or will."""
        code: Any = self._compiled().code if self.ready is None else self.ready.code
        return getattr(code, "__self__", code).code.strip()

    def _compiled(self) -> _Form:
        if self._plain is None:
            graph = self._graph
            if self._recording:
                passes.for_training(graph)
                self._plain = _Form(None, self._code(graph), ())
            else:
                whole = passes.for_constants(_copy(graph), self._inputs)
                views = passes.for_prediction(graph, self._inputs)
                self._plain = _Form(self._module(views.before).forward, self._code(views.main), ())
                if whole.sources:
                    before, code = self._module(whole.before).forward, self._code(whole.main)
                    self._folded = _Form(before, code, whole.sources)
        return self._plain

    def _code(self, graph: fx.Graph) -> Callable[..., Any]:
        return self._backend(self._module(graph), self._inputs)

    def _module(self, graph: fx.Graph) -> fx.GraphModule:
        held = {str(node.target): self._held[str(node.target)] for node in graph.nodes if node.op == "get_attr"}
        return fx.GraphModule(held, graph)


def _bind(form: _Form, parameters: Sequence[torch.Tensor], final: bool) -> Ready:
    guards = [(parameters[i], parameters[i]._version) for i in form.sources]
    if form.before is None:
        return Ready(form.code, tuple(parameters), None, parameters, final)
    with torch.no_grad():
        bound = form.before(*parameters)
    return Ready(form.code, bound, guards or None, parameters, final)


def _copy(graph: fx.Graph) -> fx.Graph:
    copy = fx.Graph()
    copy.output(copy.graph_copy(graph, {}))
    return copy
