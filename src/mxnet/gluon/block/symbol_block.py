"""SymbolBlock: a block made from a graph, composed by hand or read from a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ... import dtypes, symbol
from ..._state import state, untraced
from ...graph.node import Entry, Node
from ...ndarray import NDArray
from ...symbol import Symbol
from ..parameter import ParameterDict
from .hybrid import HybridBlock
from .nested import flatten, items, rebuild
from .recording import Recording, compose

__all__ = ["SymbolBlock"]


class SymbolBlock(HybridBlock):
    """A graph as a block; its variables that are no inputs are the parameters. It always runs as a graph.

    Parameters
    ----------
    outputs : Symbol or nested list of Symbol
        What it computes.
    inputs : Symbol or list of Symbol
        Variables of the graph, in the order of the arguments of a call.
    params : ParameterDict, optional
        Parameters to share, by the names of variables.

    Raises AssertionError for inputs that are no variables.
    """

    def __init__(
        self,
        outputs: Symbol | Sequence[Any],
        inputs: Symbol | Sequence[Any],
        params: ParameterDict | None = None,
    ) -> None:
        super().__init__(prefix=None, params=None)
        self._prefix, self._params = "", ParameterDict("", params)
        self._active = True
        for entry in items(inputs):
            if len(entry.get_internals()) != 1 or entry._heads[0].node.op is not None:
                raise AssertionError(f"Input symbols must be variable, but {entry} is an output of operators")
        heads: list[Symbol] = []
        if isinstance(outputs, (list, tuple)) and len(outputs) == 1:
            outputs = outputs[0]
        if isinstance(outputs, Symbol) and len(outputs) > 1:
            outputs = list(outputs)
        self._form = flatten(outputs, lambda item: isinstance(item, Symbol), heads)
        self._graph = symbol.Group(heads)
        self._inputs = [entry.name for entry in items(inputs)]
        states = set(self._graph.list_auxiliary_states())
        variables = [node for node in self._graph._nodes() if node.op is None and node.name not in self._inputs]
        for node in sorted(variables, key=lambda node: node.name in states):
            self._params.get(
                node.name,
                allow_deferred_init=True,
                grad_req="null" if node.name in states else "write",
                init=node.extra.get("__init__"),
            )
        shared = len(os.path.commonprefix(list(self._params)))  # noqa: RUF071 - letter by letter, as in MXNet's files
        self._reg_params = {name[shared:]: parameter for name, parameter in self._params.items()}

    @staticmethod
    def imports(
        symbol_file: str,
        input_names: str | Sequence[str],
        param_file: str | None = None,
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
    ) -> SymbolBlock:
        """A block from the files that ``HybridBlock.export`` wrote, here or in MXNet.

        input_names: the variables that are inputs. Without ``param_file``, the parameters wait for ``initialize()``.
        Raises MXNetError for a file that is no graph, and what ``ParameterDict.load`` raises.
        """
        names = [input_names] if isinstance(input_names, str) else input_names
        block = SymbolBlock(symbol.load(symbol_file), [symbol.var(name) for name in names])
        if param_file is not None:
            block.collect_params().load(
                param_file, ctx, allow_missing, ignore_extra, cast_dtype=True, dtype_source="saved"
            )
        return block

    def __repr__(self) -> str:
        return f"{type(self).__name__}(\n{self._graph} : {len(self._inputs)} -> {len(self._graph)}\n)"

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """As HybridBlock's; a graph stays one with ``active=False``."""
        super().hybridize(active, **kwargs)
        self._active = True

    def cast(self, dtype: Any) -> None:
        """Convert the parameters; float16 leaves those of batch normalizations float32, as in their layers."""
        kept: set[str] = set()
        if dtypes.resolve(dtype).name == "float16":
            nodes = [node for node in self._graph._nodes() if "moving_var" in node.state_names()]
            kept.update(entry.node.name for node in nodes for entry in node.inputs[1:])
        for name, parameter in self._params.items():
            parameter.cast("float32" if name in kept else dtype)
        self._forget()

    def _variables(self, count: int) -> list[Symbol]:
        own = {node.name: node for node in self._graph._nodes() if node.op is None}
        if count != len(self._inputs):
            return super()._variables(count)
        return [Symbol([Entry(own[name])]) if name in own else symbol.var(name) for name in self._inputs]

    def _latest_graph(self, what: str) -> Recording:
        if what != "export" or (self._recorded is not None and self._recorded.last is not None):
            return super()._latest_graph(what)
        inputs: list[Any] = []  # it has a graph without having been called
        form = flatten((tuple(self._variables(len(self._inputs))), {}), lambda item: isinstance(item, Symbol), inputs)
        return compose(self, form, inputs)

    def reset_ctx(self, ctx: Any) -> None:
        """Move the parameters to other context(s)."""
        self.collect_params().reset_ctx(ctx)

    def forward(self, x: Any, *args: Any) -> Any:
        """Compose the graph with symbols, or compute it with arrays. ValueError for another number of inputs."""
        given = list(items((x, args)))
        if len(given) != len(self._inputs):
            raise ValueError(f"{self.name} needs the inputs {self._inputs}, but was called with {len(given)}.")
        if isinstance(given[0], Symbol):
            names = self._graph.list_inputs()
            composed = self._graph(**{n: x for n, x in zip(self._inputs, given, strict=True) if n in names})
            return rebuild(self._form, iter(composed))
        if state.tracing is None:
            return self._compute((x, *args), {})
        return rebuild(self._form, iter(self._traced(given)))

    forward.takes_symbols = True  # type: ignore[attr-defined]

    def _traced(self, given: Sequence[NDArray]) -> list[NDArray]:
        """The outputs for arrays that are being recorded: the graph becomes a part of theirs."""
        recorder = state.tracing
        entries = dict(zip(self._inputs, map(recorder.entry, given), strict=True))
        for name, parameter in self._params.items():
            entries[name] = recorder.entry(parameter.data(given[0].ctx))
        copies: dict[Node, Node] = {}

        def moved(entry: Entry) -> Entry:
            return entries[entry.node.name] if entry.node.op is None else Entry(copies[entry.node], entry.index)

        for node in self._graph._nodes():
            if node.op is not None:
                copies[node] = node.copy(moved(entry) for entry in node.inputs)
        with untraced():
            arrays = list(items(self._compute(tuple(map(recorder.value, given)), {})))
        return [recorder.stand_in(a, moved(e)) for a, e in zip(arrays, self._graph._heads, strict=True)]

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("A SymbolBlock computes its graph; it has no hybrid_forward.")
