"""Parameters: the arrays that a network learns, with a copy on each context that it runs on.

A Parameter knows its name, shape, dtype and initializer before it has values. Where parts of the shape are unknown (0
or -1), its initialization waits until the first forward pass has told them.
"""

from __future__ import annotations

import inspect
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import autograd, context, dtypes, initializer, ndarray, symbol
from ..._state import changes, state, untraced
from ...base import MXNetError
from ...context import Context
from ...ndarray import NDArray, gradient

if TYPE_CHECKING:
    from ...symbol import Symbol
    from ..block import Block
    from ..trainer import Trainer

__all__ = ["Constant", "DeferredInitializationError", "Parameter", "context_list"]

_REQUESTS = ("write", "add", "null")
_STORAGE = ("default", "row_sparse", "csr")


class DeferredInitializationError(MXNetError):
    """The parameter is initialized, but its shape, and so its values, come with the first forward pass."""


class Parameter:
    """An array of a network's, on one or several contexts, with its gradient.

    Parameters
    ----------
    name : str
        Name in files, messages and graphs, unique in a network.
    grad_req : str
        What ``backward`` does to the gradient: 'write', 'add' or 'null' (no gradient).
    shape : int or tuple of int, optional
        0 or -1 stands for a size that is not known yet.
    dtype : str or numpy dtype
        Of the values and of the gradient.
    lr_mult, wd_mult : float
        Factors on the Trainer's learning rate and weight decay.
    init : Initializer or str, optional
        The parameter's own initializer; without one, that of ``initialize()``.
    allow_deferred_init : bool
        Whether ``initialize()`` may wait for the shape.
    differentiable : bool
        False for statistics and constants: ``grad_req`` stays 'null'.
    stype, grad_stype : str
        Storage of values and gradient. 'row_sparse' values live in the Trainer's kvstore; ``row_sparse_data`` fetches
        those rows that a step needs.
    """

    def __init__(
        self,
        name: str,
        grad_req: str = "write",
        shape: int | Sequence[int] | None = None,
        dtype: Any = np.float32,
        lr_mult: float = 1.0,
        wd_mult: float = 1.0,
        init: initializer.Initializer | str | None = None,
        allow_deferred_init: bool = False,
        differentiable: bool = True,
        stype: str = "default",
        grad_stype: str = "default",
    ) -> None:
        for what, value in (("stype", stype), ("grad_stype", grad_stype)):
            if value not in _STORAGE:
                raise AssertionError(
                    f"{what} for Parameter '{name}' must be one of 'default', 'row_sparse', or 'csr', but got '{value}'"
                )
        self.name = name
        self.lr_mult, self.wd_mult, self.init = lr_mult, wd_mult, init
        self._shape: Any = (shape,) if isinstance(shape, (int, np.integer)) else None if shape is None else tuple(shape)
        self._dtype = dtype
        self._stype, self._grad_stype = stype, grad_stype
        self._allow_deferred_init, self._differentiable = allow_deferred_init, differentiable
        # `_home` and `_array` are the first entry of `_data` again: a block finds its parameters by one `is`.
        self._data: dict[Context, NDArray] | None = None
        self._home: Context | None = None
        self._array: NDArray | None = None
        # (init, contexts, default_init, values or None) while they wait for the shape.
        self._deferred_init: tuple = ()
        self._var: Symbol | None = None
        self._owner: weakref.ref[Block] | None = None  # the first block that has it as an attribute, for messages
        self._trainer: Callable[[], Trainer | None] = _nobody
        self._grad_req = "null"
        self.grad_req = grad_req

    def __repr__(self) -> str:
        return f"{type(self).__name__} {self.name} (shape={self.shape}, dtype={self.dtype})"

    def __getstate__(self) -> dict[str, Any]:
        values = None if self._data is None else self._reduce()
        contexts = [] if self._data is None else list(self._data)
        state = {**self.__dict__, "_owner": None, "_var": None, "_data": None, "_home": None, "_array": None}
        del state["_trainer"]
        return {**state, "values": values, "contexts": contexts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        values, contexts = state.pop("values"), state.pop("contexts")
        self.__dict__.update(state)
        self._trainer = _nobody
        if values is not None:
            self._place(values, context_list(contexts))

    # What it is

    @property
    def grad_req(self) -> str:
        """'write', 'add' or 'null'. Changing it starts over with a gradient of zeros, or none."""
        return self._grad_req

    @grad_req.setter
    def grad_req(self, request: str) -> None:
        if request not in _REQUESTS:
            raise AssertionError(f"grad_req must be one of 'write', 'add', or 'null', but got '{request}'")
        if not self._differentiable:
            request = "null"
        if request == self._grad_req:
            return
        self._grad_req = request
        for array in (self._data or {}).values():
            if request == "null":
                gradient.drop(array)
            else:
                array.attach_grad(request, self._grad_stype)

    @property
    def dtype(self) -> Any:
        """The dtype as it was given; ``data().dtype`` is NumPy's. Assigning it casts."""
        return self._dtype

    @dtype.setter
    def dtype(self, dtype: Any) -> None:
        self.cast(dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, None when not even its length is known; sizes that are 0 or -1 are not known yet, and can be
        assigned. AssertionError when known ones change.
        """
        return self._shape

    @shape.setter
    def shape(self, shape: Sequence[int]) -> None:
        shape = tuple(shape)
        old = self._shape
        if old is not None and (
            len(old) != len(shape) or any(o not in (0, -1, n) for o, n in zip(old, shape, strict=True))
        ):
            raise AssertionError(
                f"Parameter '{self.name}': Expected shape {shape} is incompatible with given shape {old}. Sizes that "
                "are known cannot change."
            )
        if shape != old:
            self._shape, self._var = shape, None

    def _shape_is_known(self) -> bool:
        return bool(self._shape) and all(size > 0 for size in self._shape)

    # Values

    def initialize(
        self,
        init: initializer.Initializer | str | None = None,
        ctx: Context | Sequence[Context] | None = None,
        default_init: initializer.Initializer | str = initializer.Uniform(),  # noqa: B008 - never changed
        force_reinit: bool = False,
    ) -> None:
        """Give the parameter values and a gradient of zeros on the context(s); the same values on all.

        init comes before the parameter's own initializer, that before ``default_init``. A parameter that has values
        keeps them, with a UserWarning, unless ``force_reinit``. ctx: the current context when not given.
        Raises ValueError when the shape is unknown and may not stay so, and for csr storage.
        """
        if self._data is not None and not force_reinit:
            warnings.warn(
                f"Parameter '{self.name}' is already initialized, ignoring. Set force_reinit=True to re-initialize.",
                stacklevel=2,
            )
            return
        if self._stype == "csr":
            raise ValueError(f"Parameter '{self.name}': csr values cannot be initialized. Use stype='row_sparse'.")
        default_init = initializer.create(default_init)
        init = (default_init if self.init is None else self.init) if init is None else init
        initializer.create(init)  # refuses what is none, before anything changes
        deferred = (init, context_list(ctx), default_init, None)
        if not self._shape_is_known() and not self._allow_deferred_init:
            raise ValueError(
                f"Cannot initialize Parameter '{self.name}' because it has invalid shape: {self._shape}. Give every "
                "size, or allow_deferred_init=True."
            )
        before, self._deferred_init = self._deferred_init, deferred
        if not self._shape_is_known():
            self._data = self._home = self._array = None
            return
        try:
            self._finish_deferred_init()
        except BaseException:
            self._deferred_init = before
            raise

    def _finish_deferred_init(self) -> None:
        """Make the values, if ``initialize`` was called and the shape is there now."""
        if not self._deferred_init:
            return
        init, contexts, default_init, data = self._deferred_init
        if not self._shape_is_known():
            raise AssertionError(
                f"Cannot initialize Parameter '{self.name}' because it has invalid shape: {self._shape}. "
                "Please specify in_units, in_channels, etc for `Block`s."
            )
        with untraced(), autograd.pause():
            if data is None:
                data = ndarray.zeros(self._shape, dtype=self._dtype, ctx=context.cpu())
                default_init(initializer.InitDesc(self.name, {"__init__": init}), data)
            self._place(data, contexts)
        self._deferred_init = ()

    def _waiting(self) -> tuple | None:
        """What it takes to wait again, while the shape is not known; None otherwise."""
        return (self._shape, self._deferred_init) if self._deferred_init else None

    def _wait_again(self, state: tuple | None) -> None:
        if state is not None:
            self._shape, self._deferred_init = state
            self._data = self._home = self._array = self._var = None

    def _place(self, data: NDArray, contexts: Sequence[Context]) -> None:
        """Take these values, copied to the contexts."""
        if data.stype != self._stype:
            data = data.tostype(self._stype)
        arrays = {ctx: data.copyto(ctx) for ctx in contexts}
        if self._grad_req != "null":
            for array in arrays.values():
                array.attach_grad(self._grad_req, self._grad_stype)
        self._data = arrays
        self._home, self._array = next(iter(arrays.items())) if self._stype == "default" else (None, None)
        changes.count += 1
        self._tell_trainer()

    def data(self, ctx: Context | None = None) -> NDArray:
        """The values on a context: the only one there is, or the current one when not given.

        Raises DeferredInitializationError before the shape is known, RuntimeError before ``initialize``, for other
        contexts, and for row-sparse values.
        """
        self._need_storage("default", f"a copy of Parameter '{self.name}' on ctx {ctx} via data()", "row_sparse_data()")
        array = self._find(ctx)
        if state.tracing is not None and state.tracing.of_arrays:
            return state.tracing.parameter(self, array, self.var()._heads[0].node)
        return array

    def _find(self, ctx: Context | None) -> NDArray:
        arrays = self._arrays()
        if ctx is None:
            if len(arrays) == 1:
                return next(iter(arrays.values()))
            ctx = context.current_context()
        array = arrays.get(ctx)
        if array is None and ctx.device_type in ("cpu_pinned", "cpu_shared"):  # CPU memory, too
            array = arrays.get(context.cpu(ctx.device_id))
        if array is None:
            raise RuntimeError(
                f"Parameter '{self.name}' was not initialized on context {ctx}. It was only initialized on "
                f"{list(arrays)}. Move the input there, or call reset_ctx({ctx})."
            )
        return array

    def list_data(self) -> list[NDArray]:
        """The values on every context. Raises as ``data`` does."""
        what = f"copies of Parameter '{self.name}' on all contexts via list_data()"
        self._need_storage("default", what, "row_sparse_data()")
        return list(self._arrays().values())

    def grad(self, ctx: Context | None = None) -> NDArray:
        """The gradient on a context. Raises as ``data`` does, and RuntimeError when grad_req is 'null'."""
        return self._gradient(self._find(ctx))

    def list_grad(self) -> list[NDArray]:
        """The gradients on every context. Raises as ``grad`` does."""
        return [self._gradient(array) for array in self._arrays().values()]

    def list_ctx(self) -> list[Context]:
        """The contexts that it is, or will be, on. RuntimeError before ``initialize``."""
        if self._data is not None:
            return list(self._data)
        if self._deferred_init:
            return list(self._deferred_init[1])
        raise RuntimeError(f"Parameter '{self.name}' has not been initialized")

    def set_data(self, data: Any) -> None:
        """Take the values of an array of the same shape, converted to this dtype, on every context."""
        if not isinstance(data, NDArray):
            data = ndarray.array(data, dtype=getattr(data, "dtype", None))
        self.shape = data.shape
        if self._data is not None:
            for array in self._data.values():
                array[:] = data
            self._tell_trainer()
        elif self._deferred_init:
            self._deferred_init = (*self._deferred_init[:3], data.astype(self._dtype))
        else:
            raise AssertionError(f"Parameter '{self.name}' has not been initialized. Call initialize() first.")

    def zero_grad(self) -> None:
        """Set the gradients to zero on every context."""
        for array in (self._data or {}).values():
            if array.grad is not None:
                array.grad[:] = 0

    def reset_ctx(self, ctx: Context | Sequence[Context]) -> None:
        """Move the values to other context(s). ValueError before ``initialize``."""
        contexts = context_list(ctx)
        if self._data is not None:
            with autograd.pause():
                self._place(self._reduce(), contexts)
        elif self._deferred_init:
            init, _, default_init, data = self._deferred_init
            self._deferred_init = (init, contexts, default_init, data)
        else:
            raise ValueError(f"Cannot reset context for Parameter '{self.name}' because it has not been initialized.")

    def cast(self, dtype: Any) -> None:
        """Convert values and gradient to another dtype."""
        name = dtypes.resolve(dtype).name  # refuses what is none, before anything changes
        self._dtype, self._var = dtype, None
        if self._data is None:
            if self._deferred_init and self._deferred_init[3] is not None:
                self._deferred_init = (*self._deferred_init[:3], self._deferred_init[3].astype(name))
            return
        with autograd.pause():
            if self._stype != "default":
                self._place(self._reduce().astype(name), list(self._data))
                return
            old = self._data
            self._place(next(iter(old.values())).astype(name), list(old))
            for ctx, array in self._data.items():
                array[:] = old[ctx].astype(name)
                before = old[ctx].grad
                if before is not None and array.grad is not None:
                    before.astype(name).copyto(array.grad)

    def var(self) -> Symbol:
        """The variable that stands for this parameter in graphs."""
        if self._var is None:
            self._var = symbol.var(
                self.name,
                shape=self._shape,
                dtype=self._dtype,
                lr_mult=self.lr_mult,
                wd_mult=self.wd_mult,
                init=self.init,
                stype=self._stype,
            )
        return self._var

    def row_sparse_data(self, row_id: NDArray) -> NDArray:
        """The rows of these numbers, as a row-sparse array on the context of ``row_id``: the same array in every call.

        row_id: an array of row numbers, in any order and repeated at will. Raises RuntimeError for dense values, and
        while no Trainer, in whose kvstore the values are, was made.
        """
        self._need_storage("row_sparse", f"a copy of Parameter {self.name} via row_sparse_data()", "data()")
        trainer = self._need_trainer()
        array = self._find(row_id.ctx)
        trainer._row_sparse_pull(self, array, row_id)
        return array

    def list_row_sparse_data(self, row_id: NDArray) -> list[NDArray]:
        """As ``row_sparse_data``, on every context."""
        what = f"copies of Parameter '{self.name}' on all contexts via list_row_sparse_data()"
        self._need_storage("row_sparse", what, "data()")
        trainer = self._need_trainer()
        arrays = list(self._arrays().values())
        trainer._row_sparse_pull(self, arrays, row_id)
        return arrays

    # Behind the scenes

    def _belongs_to(self, block: Block) -> None:
        """Remember the first block that has this parameter as an attribute."""
        if self._owner is None:
            self._owner = weakref.ref(block)

    def _need_storage(self, stype: str, what: str, instead: str) -> None:
        if self._stype != stype:
            raise RuntimeError(
                f"Cannot return {what} because its storage type is {self._stype}. Please use {instead} instead."
            )

    def _need_trainer(self) -> Trainer:
        trainer = self._trainer()
        if trainer is None:
            raise RuntimeError(
                f"Cannot get row_sparse data for Parameter '{self.name}' when no Trainer is created with it."
            )
        return trainer

    def _set_trainer(self, trainer: Trainer) -> None:
        """Remember the last Trainer. Row-sparse values live in its store, so they can have one only: RuntimeError."""
        if self._stype == "default":
            self._trainer = weakref.ref(trainer)
            return
        if self._trainer() not in (None, trainer):
            raise RuntimeError(
                f"Failed to set the trainer for Parameter '{self.name}' because it was already set. More than one "
                "trainers for a row_sparse Parameter is not supported."
            )
        self._trainer = lambda: trainer

    def _tell_trainer(self) -> None:
        trainer = self._trainer()
        if trainer is not None:
            trainer._parameter_changed(self)

    def _arrays(self) -> dict[Context, NDArray]:
        """The values by context, or the error that says why there are none."""
        if self._data is not None:
            return self._data
        block = self._owner() if self._owner else None
        text = "" if block is None else f" of {block!r}" if "\n" not in repr(block) else f" of block '{block.name}'"
        if not self._deferred_init:
            raise RuntimeError(
                f"Parameter '{self.name}'{text} has not been initialized. Call initialize() on the network, and create "
                "the Trainer with Block.collect_params() instead of Block.params: the latter does not include the "
                "Parameters of nested child Blocks."
            )
        names = inspect.signature(type(block)).parameters if block else ()
        hint = next(
            (f"give {n}=... to {type(block).__name__}" for n in names if n.startswith("in_")), "give the whole shape"
        )
        raise DeferredInitializationError(
            f"Parameter '{self.name}'{text} has not been initialized yet, it has no values: its shape {self._shape} "
            f"had to wait for the first forward pass. Pass a batch through the network first, or {hint}."
        )

    def _gradient(self, array: NDArray) -> NDArray:
        if array.grad is None:
            raise RuntimeError(f"Cannot get gradient array for Parameter '{self.name}' because grad_req='null'")
        return array.grad

    def _reduce(self) -> NDArray:
        """The values as one array on the CPU: the mean over the contexts, which agree unless somebody changed one."""
        if self._stype != "default":
            return self._all_rows()
        arrays = [array.copyto(context.cpu()) for array in self.list_data()]
        return arrays[0] if len(arrays) == 1 else ndarray.add_n(*arrays) / len(arrays)

    def _all_rows(self) -> NDArray:
        trainer = self._trainer()
        if trainer is None:
            return next(iter(self._arrays().values())).copyto(context.cpu())
        whole = ndarray.zeros(self._shape, dtype=self._dtype, ctx=context.cpu(), stype=self._stype)
        trainer._row_sparse_pull(self, whole, None, full_idx=True)
        return whole


def _nobody() -> None:
    """The Trainer of a parameter without one."""


class Constant(Parameter):
    """A parameter that is not trained: ``value``, an array or nested list, whatever the initializer; no gradient."""

    def __init__(self, name: str, value: Any) -> None:
        if not isinstance(value, NDArray):
            value = ndarray.array(value)
        self.value = value
        super().__init__(
            name, grad_req="null", shape=value.shape, dtype=value.dtype, init=_Values(value), differentiable=False
        )

    @property
    def grad_req(self) -> str:
        """'null'. Other requests are ignored with a UserWarning."""
        return "null"

    @grad_req.setter
    def grad_req(self, request: str) -> None:
        if request != "null":
            warnings.warn(
                f'Constant parameter "{self.name}" does not support grad_req other than "null", and new value '
                f'"{request}" is ignored.',
                stacklevel=2,
            )


class _Values(initializer.Initializer):
    """Fills a Constant."""

    def __init__(self, value: NDArray) -> None:
        super().__init__(value=value)

    def dumps(self) -> str:
        return initializer.Constant(self._kwargs["value"].asnumpy().tolist()).dumps()

    def _init_weight(self, name: str, arr: NDArray) -> None:
        arr[:] = self._kwargs["value"]


def context_list(ctx: Context | Sequence[Context] | None) -> list[Context]:
    """Canonical contexts, each once; the current one for None."""
    given: Any = ctx if isinstance(ctx, (list, tuple)) else [ctx]
    return list(dict.fromkeys(context.resolve(c) for c in given)) or [context.current_context()]
