"""HybridBlock: a block whose computation can also be described as a graph."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ... import ndarray, symbol
from ...base import MXNetError
from ...context import Context
from ...ndarray import NDArray
from ...ops.registry import OperatorError
from ...symbol import Symbol
from ..parameter import DeferredInitializationError, ParameterDict
from .base import Block, flattened, hooks

__all__ = ["HybridBlock", "ShapeInferenceError"]


class ShapeInferenceError(MXNetError, ValueError):
    """The first input does not tell the shapes of a block's parameters, or contradicts them."""


class HybridBlock(Block):
    """A block that computes with arrays or describes its graph with symbols.

    Subclasses define ``hybrid_forward(self, F, x, *args, **params)``, with the block's parameters as keywords by
    attribute name; or override ``forward(self, x, *args)``, like a Block.
    """

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix, params)
        self._active = False
        self._flags: dict[str, Any] = {}

    def register_child(self, block: Block, name: str | None = None) -> None:
        """Add a child. ValueError unless it is a HybridBlock."""
        _check_child(block)
        super().register_child(block, name)

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
        """Ask for the block to run as a graph. In this version it keeps running imperatively, with the same results.

        Raises ValueError when a child is no HybridBlock.
        """
        for child in self._children.values():
            _check_child(child)
        flags = dict(static_alloc=static_alloc, static_shape=static_shape, inline_limit=inline_limit)
        self._active, self._flags = active, flags
        super().hybridize(
            active,
            backend=backend,
            clear=clear,
            forward_bulk_size=forward_bulk_size,
            backward_bulk_size=backward_bulk_size,
            **flags,
            **kwargs,
        )

    def forward(self, x: Any, *args: Any) -> Any:
        """Compute ``hybrid_forward`` on arrays, on the context of the first one, or compose its symbol.

        Raises ValueError when there is neither array nor symbol among the inputs.
        """
        if x.__class__ is not NDArray:
            first = next((item for item in flattened((x, args)) if isinstance(item, (NDArray, Symbol))), None)
            if isinstance(first, Symbol):
                with self.name_scope():
                    variables = {name: p.var() for name, p in self._reg_params.items()}
                    return self.hybrid_forward(symbol, x, *args, **variables)
            if first is None:
                raise ValueError(
                    f"In HybridBlock, there must be one NDArray or one Symbol in the input. {self._name} received "
                    f"{x!r} of type {type(x).__name__}. Please check the type of the args."
                )
            ctx = first._ctx
        else:
            ctx = x._ctx
        if not self._reg_params:
            return self.hybrid_forward(ndarray, x, *args)
        try:
            params = {name: p._array if p._home is ctx else p.data(ctx) for name, p in self._reg_params.items()}
        except DeferredInitializationError:
            return self._first_forward(ctx, x, *args)
        return self.hybrid_forward(ndarray, x, *args, **params)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """What the block computes, in terms of ``F``, the module mx.nd or mx.sym; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} must define hybrid_forward(self, F, x, *args, **params).")

    def _first_forward(self, ctx: Context, *inputs: Any) -> Any:
        """Initialize the parameters that waited for these inputs' shapes, and compute; on failure they wait again."""
        before = [(p, p._waiting()) for p in self.collect_params().values()]
        try:
            self.infer_shape(*inputs)
            for own in (*self._reg_params.values(), *self._params.values()):
                if own._deferred_init and not own._shape_is_known():
                    raise ShapeInferenceError(
                        f"Deferred initialization of {self._name} failed: the inputs do not tell the shape of "
                        f"Parameter '{own.name}', which is {own.shape}. Every size must be positive."
                    )
                own._finish_deferred_init()
            params = {name: p.data(ctx) for name, p in self._reg_params.items()}
            return self.hybrid_forward(ndarray, *inputs, **params)
        except BaseException as error:
            for parameter, state in before:
                parameter._wait_again(state)
            if isinstance(error, OperatorError):
                raise self._cannot_infer(inputs, error) from None
            raise

    def _cannot_infer(self, inputs: Sequence[Any], error: Exception) -> ShapeInferenceError:
        shown = ", ".join(str(x.shape) if isinstance(x, NDArray) else repr(x) for x in flattened(inputs))
        return ShapeInferenceError(
            f"Deferred initialization of {self._name} failed because shapes cannot be inferred from inputs "
            f"{shown}: {error}"
        )

    def infer_shape(self, *args: Any) -> None:
        """Set the unknown parameter shapes of the tree from inputs, by composing the graph once and asking the
        operators.

        Raises ShapeInferenceError, an MXNetError and a ValueError, when the operators refuse or do not know.
        """
        parameters = {p.name: p for p in self.collect_params().values()}
        numbers = itertools.count()

        def stand_in(value: Any) -> Any:
            if isinstance(value, NDArray):
                return symbol.var(f"{self._prefix}data{next(numbers)}", shape=value.shape, dtype=value.dtype)
            return type(value)(map(stand_in, value)) if type(value) in (list, tuple) else value

        hooks.silent = True
        try:
            outputs = self.forward(*map(stand_in, args))
            graph = symbol.Group([item for item in flattened(outputs) if isinstance(item, Symbol)])
            shapes = graph._infer_variables()
        except Exception as error:
            raise self._cannot_infer(args, error) from (None if isinstance(error, MXNetError) else error)
        finally:
            hooks.silent = False
        for name, shape in shapes.items():
            if name in parameters:
                parameters[name].shape = shape


def _check_child(block: Any) -> None:
    if not isinstance(block, HybridBlock):
        raise ValueError(
            f"Children of HybridBlock must also be HybridBlock, but {block!r} has type {type(block)}. "
            "If you are using Sequential, please try HybridSequential instead."
        )
