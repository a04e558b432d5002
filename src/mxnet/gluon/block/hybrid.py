"""HybridBlock: a block whose computation can also be described as a graph."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ... import ndarray, symbol
from ..._state import state, untraced
from ...base import MXNetError
from ...context import Context
from ...graph.backends import choose
from ...ndarray import NDArray
from ...ops.registry import OperatorError
from ...symbol import Symbol
from ..parameter import DeferredInitializationError, Parameter, ParameterDict
from ..utils import HookHandle
from .base import Block
from .graphs import Graphs, ShapeInferenceError, finish, set_shapes
from .nested import ARRAY, changing, flatten, items
from .recording import Recording, compose

__all__ = ["HybridBlock"]


class HybridBlock(Block):
    """A block that computes with arrays or describes its graph with symbols.

    Subclasses define ``hybrid_forward(self, F, x, *args, **params)``, with the block's parameters as keywords by
    attribute name; or override ``forward(self, x, *args)``, like a Block. After ``hybridize()``, the first call records
    the graph; from then on the graph runs, without the Python of the block and its children.
    """

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix, params)
        self._active = False
        self._backend = choose(None)

    _latest: Recording | None = None  # what the last call replayed, if it took and gave nothing but arrays
    _recorded: Graphs | None = None
    _op_hook: tuple[Callable, bool] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        latest = self._latest
        if latest is not None and not kwargs:
            outputs = latest.cached.fast(args)
            if outputs is not None:
                return outputs[0] if latest.form is ARRAY else latest.regroup(outputs)
        return super().__call__(*args, **kwargs)

    def _compute(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        tracing = state.tracing
        if tracing is not None:
            tracing.blocks.append(self)
            result = self.forward(*args, **kwargs)
            tracing.blocks.pop()  # on an error it stays: the innermost block is to blame
            return result
        if not self._active:
            return self.forward(*args, **kwargs)
        arrays: list[NDArray] = []
        form = flatten((args, kwargs), lambda item: isinstance(item, NDArray), arrays)
        if not arrays:  # symbols, or a mistake
            return self.forward(*args, **kwargs)
        for value in changing(form):
            raise ValueError(
                "When hybridized, the inputs of a HybridBlock must be NDArrays, None, numbers or text, or nested lists "
                f"of them, but {self._name} got {value!r:.80} of type {type(value)}"
            )
        if self._recorded is None:
            self.__dict__["_recorded"] = Graphs(self)
        assert self._recorded is not None
        return self._recorded.call(form, arrays)

    def _forget(self) -> None:
        """Drop what was recorded."""
        for name in ("_recorded", "_latest"):
            self.__dict__.pop(name, None)
        self._changed()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_recorded", "_latest")}

    def register_child(self, block: Block, name: str | None = None) -> None:
        """Add a child. ValueError unless it is a HybridBlock."""
        _check_child(block)
        super().register_child(block, name)

    def register_forward_pre_hook(self, hook: Callable[[Block, tuple], Any]) -> HookHandle:
        """Call ``hook(block, inputs)`` before every forward of this block, unless it is a part of a graph."""
        self.__dict__.pop("_latest", None)
        return super().register_forward_pre_hook(hook)

    def register_forward_hook(self, hook: Callable[[Block, tuple, Any], Any]) -> HookHandle:
        """Call ``hook(block, inputs, outputs)`` after every forward of this block, unless it is a part of a graph."""
        self.__dict__.pop("_latest", None)
        return super().register_forward_hook(hook)

    def hybridize(
        self,
        active: bool = True,
        backend: str | None = None,
        clear: bool = True,
        static_alloc: bool = False,
        static_shape: bool = False,
        inline_limit: int = 2,
        forward_bulk_size: int | None = None,
        backward_bulk_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Run as a graph: the next call records it. ``active=False``: compute imperatively again.

        backend: how graphs run; see ``graph/backends``. static_alloc, static_shape: on a GPU, both together make a
        CUDA graph of each kind of call; on a CPU they change nothing. The other flags are accepted for MXNet's sake.
        Raises ValueError when a child is no HybridBlock, MXNetError for an unknown backend.
        """
        for child in self._children.values():
            _check_child(child)
        self._backend = choose(backend, static_alloc and static_shape)
        self._active = active
        self._forget()
        if self._forward_hooks or self._forward_pre_hooks:
            warnings.warn(
                f'"{self}" is being hybridized while still having forward hook/pre-hook. If "{self}" is a child of '
                "HybridBlock, the hooks will not take effect.",
                stacklevel=2,
            )
        super().hybridize(
            active,
            backend=backend,
            clear=clear,
            static_alloc=static_alloc,
            static_shape=static_shape,
            inline_limit=inline_limit,
            forward_bulk_size=forward_bulk_size,
            backward_bulk_size=backward_bulk_size,
            **kwargs,
        )

    def cast(self, dtype: Any) -> None:
        super().cast(dtype)
        self._forget()

    def forward(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute ``hybrid_forward`` on arrays, on the context of the first one, or compose its symbol.

        Raises ValueError when there is neither array nor symbol among the inputs.
        """
        if x.__class__ is NDArray and state.tracing is None:
            ctx = x._ctx
        else:
            first = next((item for item in items((x, args, kwargs)) if isinstance(item, (NDArray, Symbol))), None)
            if isinstance(first, Symbol):
                with self.name_scope():
                    variables = {name: p.var() for name, p in self._reg_params.items()}
                    return self.hybrid_forward(symbol, x, *args, **kwargs, **variables)
            if first is None:
                raise ValueError(
                    f"In HybridBlock, there must be one NDArray or one Symbol in the input. {self._name} received "
                    f"{x!r} of type {type(x).__name__}. Please check the type of the args."
                )
            ctx = first._ctx
            if state.tracing is not None:
                return self._traced_forward(ctx, x, *args, **kwargs)
        if not self._reg_params:
            return self.hybrid_forward(ndarray, x, *args, **kwargs)
        try:
            params = {name: p._array if p._home is ctx else p.data(ctx) for name, p in self._reg_params.items()}
        except DeferredInitializationError:
            return self._first_forward(ctx, x, *args, **kwargs)
        return self.hybrid_forward(ndarray, x, *args, **kwargs, **params)

    forward.takes_symbols = True  # type: ignore[attr-defined]

    def _traced_forward(self, ctx: Context, *args: Any, **kwargs: Any) -> Any:
        """``hybrid_forward`` on arrays that are being recorded."""
        with self.name_scope():
            try:
                params = {name: p.data(ctx) for name, p in self._reg_params.items()}
            except DeferredInitializationError:
                return self._first_forward(ctx, *args, **kwargs)
            return self.hybrid_forward(ndarray, *args, **kwargs, **params)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """What the block computes, in terms of ``F``, the module mx.nd or mx.sym; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} must define hybrid_forward(self, F, x, *args, **params).")

    def _first_forward(self, ctx: Context, *args: Any, **kwargs: Any) -> Any:
        """Initialize the parameters that waited for these inputs' shapes, and compute; on failure they wait again."""
        before = [(p, p._waiting()) for p in self.collect_params().values()]
        try:
            self.infer_shape(*args, **kwargs)
            for own in (*self._reg_params.values(), *self._params.values()):
                finish(self._name, own)
            params = {name: p.data(ctx) for name, p in self._reg_params.items()}
            return self.hybrid_forward(ndarray, *args, **kwargs, **params)
        except BaseException as error:
            for parameter, waiting in before:
                parameter._wait_again(waiting)
            if isinstance(error, OperatorError):
                raise ShapeInferenceError.of(self._name, items((args, kwargs)), error) from None
            raise

    # The graph

    def _variables(self, count: int) -> list[Symbol]:
        """What stands for the arrays of a call in the graph."""
        return [symbol.var(name) for name in (["data"] if count == 1 else [f"data{i}" for i in range(count)])]

    def _latest_graph(self, what: str) -> Recording:
        """What the last call recorded or ran. RuntimeError without one."""
        recording = None if self._recorded is None or not self._active else self._recorded.last
        if recording is None:
            raise RuntimeError(
                "Please first call block.hybridize() and then run forward with this block at least once before calling "
                f"{what}."
            )
        return recording

    def export(self, path: str, epoch: int = 0, remove_amp_cast: bool = True) -> None:
        """Write the graph of the last call to ``path-symbol.json`` and the parameters to ``path-0000.params``, with the
        epoch's number: files for ``SymbolBlock.imports``, ``mx.model.load_checkpoint`` and MXNet itself.

        Raises RuntimeError before a call as a graph.
        """
        recording = self._latest_graph("export")
        file = "%s-%04d.params" % (path, epoch)  # noqa: UP031 - TypeError for an epoch that is no number, as in MXNet
        states = set(recording.graph.list_auxiliary_states())
        owners = {node: owner for owner, node in recording.parameters}
        used = set(map(id, owners.values()))
        for parameter in self.collect_params().values():
            if id(parameter) not in used:
                warnings.warn(f'Parameter "{parameter.name}" is not found in the graph.', stacklevel=2)
        found = {}
        for node in filter(owners.__contains__, recording.graph._nodes()):
            owner, kind = owners[node], "aux:" if node.name in states else "arg:"
            found[kind + node.name] = owner._reduce() if isinstance(owner, Parameter) else owner
        recording.graph.save(f"{path}-symbol.json", remove_amp_cast=remove_amp_cast)
        ndarray.save(file, found)

    def generated_code(self) -> str:
        """The Python code that the graph of the last call became, for each kind of call: shapes, training or
        prediction, recorded or not.

        Raises RuntimeError before a call as a graph.
        """
        return "\n\n".join(self._latest_graph("generated_code").cached.sources)

    def optimize_for(self, x: Any, *args: Any, backend: str | None = None, clear: bool = False, **kwargs: Any) -> None:
        """Hybridize for a backend and record the graph for these inputs, with no results.

        Takes hybridize's flags. Raises ValueError without a backend, MXNetError for an unknown one.
        """
        if not backend:
            raise ValueError('Must specify "backend" to optimize_for')
        self.hybridize(True, backend=backend, clear=clear, **kwargs)
        self(x, *args)

    def register_op_hook(self, callback: Callable[[str, str, NDArray], Any], monitor_all: bool = False) -> None:
        """Call ``callback(name, operator, array)`` with every output of every operator when this block runs as a graph,
        with ``monitor_all`` also with every input. Then the graph runs operator by operator, which takes longer.
        """
        self._op_hook = (callback, monitor_all)
        super().register_op_hook(callback, monitor_all)

    def infer_type(self, *args: Any) -> None:
        """Set the dtypes of the tree's parameters from those of the inputs, by composing the graph once."""
        arrays: list[NDArray] = []
        form = flatten((args, {}), lambda item: isinstance(item, NDArray), arrays)
        with untraced():
            recording = compose(self, form, arrays)
        given = {node.name: array.dtype for node, array in zip(recording.inputs, arrays, strict=True)}
        names = [*recording.graph.list_arguments(), *recording.graph.list_auxiliary_states()]
        arguments, _, states = recording.graph.infer_type_partial(**given)
        types = dict(zip(names, [*arguments, *states], strict=True))
        for owner, node in recording.parameters:
            dtype = types[node.name]
            if isinstance(owner, Parameter) and dtype is not None:
                owner.cast(dtype)

    def infer_shape(self, *args: Any, **kwargs: Any) -> None:
        """Set the unknown parameter shapes of the tree from inputs, by composing the graph once and asking the
        operators.

        Raises ShapeInferenceError, an MXNetError and a ValueError, when the operators refuse or do not know.
        """
        arrays: list[NDArray] = []
        form = flatten((args, kwargs), lambda item: isinstance(item, NDArray), arrays)
        with untraced():
            try:
                recording = compose(self, form, arrays)
            except MXNetError as error:
                raise ShapeInferenceError.of(self._name, arrays, error) from None
            set_shapes(self._name, recording, arrays)


def _check_child(block: Any) -> None:
    if not isinstance(block, HybridBlock):
        raise ValueError(
            f"Children of HybridBlock must also be HybridBlock, but {block!r} has type {type(block)}. "
            "If you are using Sequential, please try HybridSequential instead."
        )
