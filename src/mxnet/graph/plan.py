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


class Plan:
    """See above. ``draws``: the code wants the random generator as its last argument."""

    __slots__ = ("_backend", "_calls", "_folded", "_held", "_inputs", "_patience", "_plain", "_recording", "_seen",
                 "draws", "ready")  # fmt: skip

    def __init__(self, trace: Trace, inputs: int, recording: bool, backend: Backend) -> None:
        self._backend = backend
        self.draws, self._inputs, self._held, self._recording = trace.draws, inputs, trace.held, recording
        self._plain: Any = trace.graph  # a graph at first; (before, code) once it is compiled
        self._folded: Any = None
        self._patience, self._calls = _PATIENCE, 0
        self._seen: list[int] = []
        self.ready: Ready | None = None

    def settle(self, parameters: Sequence[torch.Tensor]) -> Ready:
        """The code for the next call, with these parameters."""
        ready = self.ready
        if ready is not None and ready.final and ready.holds(parameters):
            return ready
        if isinstance(self._plain, fx.Graph):
            self._compile()
        if self._folded is not None:
            versions = [t._version for t in parameters]
            if ready is not None and ready.guards:
                self._patience = min(2 * self._patience, _LONGEST)
            self._calls = self._calls + 1 if versions == self._seen else 1
            self._seen = versions
        if self._folded is not None and self._calls > self._patience:
            self.ready = self._use(*self._folded, parameters, True)
        elif ready is None or not ready.holds(parameters):
            self.ready = self._use(*self._plain, (), parameters, self._folded is None)
        assert self.ready is not None
        return self.ready

    @property
    def source(self) -> str:
        """The Python code that runs, or will."""
        if isinstance(self._plain, fx.Graph):
            self._compile()
        ready = self.ready
        code = self._plain[1] if ready is None else ready.code
        return getattr(code, "__self__", code).code.strip()

    def _compile(self) -> None:
        graph = self._plain
        if self._recording:
            passes.for_training(graph)
            self._plain = (None, self._code(graph))
            return
        whole = passes.for_constants(_copy(graph), self._inputs)
        views = passes.for_prediction(graph, self._inputs)
        self._plain = (self._flat(views.before), self._code(views.main))
        if whole.sources:
            self._folded = (self._flat(whole.before), self._code(whole.main), whole.sources)

    def _code(self, graph: fx.Graph) -> Callable[..., Any]:
        return self._backend(self._module(graph), self._inputs)

    def _flat(self, graph: fx.Graph) -> Callable[..., Any]:
        return self._module(graph).forward

    def _module(self, graph: fx.Graph) -> fx.GraphModule:
        held = {node.target: self._held[node.target] for node in graph.nodes if node.op == "get_attr"}
        return fx.GraphModule(held, graph)

    def _use(
        self, before: Any, code: Any, sources: Sequence[int], parameters: Sequence[torch.Tensor], final: bool
    ) -> Ready:
        guards = [(parameters[i], parameters[i]._version) for i in sources]
        if before is None:
            return Ready(code, tuple(parameters), None, parameters, final)
        with torch.no_grad():
            bound = before(*parameters)
        return Ready(code, bound, guards or None, parameters, final)


def _copy(graph: fx.Graph) -> fx.Graph:
    copy = fx.Graph()
    copy.output(copy.graph_copy(graph, {}))
    return copy
