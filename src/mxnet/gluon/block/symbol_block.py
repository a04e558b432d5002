"""SymbolBlock: a block made from a graph, composed by hand or read from a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ... import dtypes, symbol
from ..._state import state, untraced
from ...base import MXNetError
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

    Raises AssertionError for inputs that are no variables, ValueError for what is no Symbol.
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
        for entry in (*items(inputs), *items(outputs)):
            if not isinstance(entry, Symbol):
                raise ValueError(f"SymbolBlock is made of Symbols, but got {entry!r:.80} of type {type(entry)}")
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
                differentiable=node.name not in states,
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

    def _compute(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        self._check(args)
        return super()._compute(args, kwargs)

    def _check(self, args: tuple) -> None:
        """Raise AssertionError for a first input of another kind, ValueError for another number of inputs or another
        kind of one of them, MXNetError for symbols beside arrays.
        """
        given = list(items(args))
        kind = Symbol if given and isinstance(given[0], Symbol) else NDArray
        wrong = [item for item in given if not isinstance(item, kind)]
        if wrong and wrong[0] is given[0]:
            raise AssertionError(
                f"{self.name} requires the first input to be a Symbol or an NDArray, but got {wrong[0]!r:.80}"
            )
        if wrong or len(given) != len(self._inputs):
            shown = ", ".join(type(item).__name__ for item in given)
            mixed = any(isinstance(item, Symbol) for item in wrong)
            raise (MXNetError if mixed else ValueError)(
                f"{self.name} needs the inputs {self._inputs}, all {kind.__name__}s, but was called with ({shown})."
            )

    def forward(self, x: Any, *args: Any) -> Any:
        """Compose the graph with symbols, or compute it with arrays. Raises as ``_check`` says."""
        self._check((x, *args))
        given = list(items((x, args)))
        if isinstance(given[0], Symbol):
            own = {node.name: Entry(node) for node in self._graph._nodes() if node.op is None}
            heads = self._copy(own | {n: self._head(n, s) for n, s in zip(self._inputs, given, strict=True)})
            return rebuild(self._form, iter([Symbol([head]) for head in heads]))
        if state.tracing is None:
            return self._compute((x, *args), {})
        return rebuild(self._form, iter(self._traced(given)))

    forward.takes_symbols = True  # type: ignore[attr-defined]

    def _traced(self, given: Sequence[NDArray]) -> list[NDArray]:
        """The outputs for arrays that are being recorded: the graph becomes a part of theirs."""
        recorder = state.tracing
        with untraced():
            arrays = list(items(self._compute(tuple(map(recorder.value, given)), {})))
        entries = dict(zip(self._inputs, map(recorder.entry, given), strict=True))
        for name, parameter in self._params.items():
            entries[name] = recorder.entry(parameter.data(given[0].ctx))
        return [recorder.stand_in(a, head) for a, head in zip(arrays, self._copy(entries), strict=True)]

    def _head(self, name: str, given: Symbol) -> Entry:
        if len(given) != 1:
            raise MXNetError(f"{self.name}: input {name!r} must have one output, but {given!r} has {len(given)}.")
        return given._heads[0]

    def _copy(self, variables: dict[str, Entry]) -> list[Entry]:
        """The outputs of the graph, its operators copied, on other variables; all uses share those of parameters."""
        copies: dict[Node, Node] = {}

        def moved(entry: Entry) -> Entry:
            return variables[entry.node.name] if entry.node.op is None else Entry(copies[entry.node], entry.index)

        for node in self._graph._nodes():
            if node.op is not None:
                copies[node] = node.copy(moved(entry) for entry in node.inputs)
        return [moved(entry) for entry in self._graph._heads]

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("A SymbolBlock computes its graph; it has no hybrid_forward.")
