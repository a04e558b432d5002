"""Executor: a graph bound to arrays, which runs forward and backward on them.

Made by ``Symbol.bind`` and ``Symbol.simple_bind``. The arrays are the caller's: what is written into ``arg_dict`` is
what the next ``forward`` sees, and ``backward`` writes into the arrays of ``grad_dict``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .base import MXNetError
from .context import Context
from .graph.lower import Lowered
from .graph.node import Entry, Node, topological
from .graph.trace import in_own_memory
from .ndarray import NDArray, creation, gradient
from .ndarray.face import surroundings
from .ndarray.mode import mode
from .ndarray.ndarray import wrap

if TYPE_CHECKING:
    from .symbol import Symbol
    from .symbol.running import Bound

__all__ = ["Executor", "run"]


def run(lowered: Lowered, tensors: Sequence[Any], ctx: Context) -> tuple[list[Any], list[Any]]:
    """The outputs of a graph, and new values for ``lowered.updates``, None where unchanged.

    No output shares memory with an input or another output, as may be inside: of a copy in the graph, or of an output
    that is asked for twice.
    """
    results = lowered.run(*tensors, *surroundings(ctx))
    count = len(results) - len(lowered.updates)
    return in_own_memory(results[:count], tensors), results[count:]


class Executor:
    """A symbol with arrays for its arguments, their gradients, and its auxiliary states.

    Attributes
    ----------
    arg_arrays, aux_arrays : list of NDArray
        In the order of ``list_arguments()`` and ``list_auxiliary_states()``.
    grad_arrays : list of NDArray or None
        One for each argument, None where no gradient is wanted.
    outputs : list of NDArray
        The outputs of the last ``forward``. They are the same arrays after every ``forward``, with new values.
    """

    def __init__(
        self,
        symbol: Symbol,
        bound: Bound,
        ctx: Context,
        args: Sequence[NDArray],
        args_grad: Sequence[NDArray | None] | None,
        requests: Sequence[str],
        aux_states: Sequence[NDArray],
        grad_req: Any,
    ) -> None:
        self.arg_arrays, self.aux_arrays, self.outputs = list(args), list(aux_states), list(bound.outputs)
        self.grad_arrays = None if args_grad is None else list(args_grad)
        self._symbol, self._graph, self._ctx = symbol, bound.graph, ctx
        self._grad_req, self._requests = grad_req, list(requests)
        # (number of the argument, request, where its gradient goes)
        self._wanted = [
            (i, request, grad)
            for i, (request, grad) in enumerate(zip(requests, args_grad or (), strict=args_grad is not None))
            if grad is not None and request != "null"
        ]
        self._recorded: list[NDArray] | None = None  # outputs of the last pass, with torch's graph behind them
        self._leaves: list[gradient.Leaf] = []  # where the gradients of that pass arrive
        self._seen: list[tuple[int, int]] = []  # versions of the arrays at that time
        self._training = False
        self._monitor: _Monitor | None = None

    # The arrays by name

    @property
    def arg_dict(self) -> dict[str, NDArray]:
        """Arguments by name. Raises ValueError, as the others do, when names are not unique."""
        return _by_name(self._symbol.list_arguments(), self.arg_arrays)

    @property
    def grad_dict(self) -> dict[str, NDArray | None]:
        """Gradients by the argument's name; None where none is wanted."""
        names = self._symbol.list_arguments()
        return _by_name(names, self.grad_arrays or [None] * len(names))

    @property
    def aux_dict(self) -> dict[str, NDArray]:
        """Auxiliary states by name."""
        return _by_name(self._symbol.list_auxiliary_states(), self.aux_arrays)

    @property
    def output_dict(self) -> dict[str, NDArray]:
        """Outputs by name."""
        return _by_name(self._symbol.list_outputs(), self.outputs)

    # Running

    def forward(self, is_train: bool = False, **kwargs: NDArray | np.ndarray) -> list[NDArray]:
        """Compute the outputs; ``is_train``: as in training, and so that ``backward`` can follow.

        kwargs: new values for arguments, by name, copied into their arrays. Raises TypeError for a name that is no
        argument, ValueError for what is no array or has another shape.
        """
        arguments = self.arg_dict if kwargs else {}
        for name, value in kwargs.items():
            if not isinstance(value, (NDArray, np.ndarray)):
                raise ValueError(f"only accept keyword argument of NDArrays and numpy.ndarray, but {name} is {value!r}")
            if name not in arguments:
                raise TypeError(f"Unknown argument {name}; the arguments are {list(arguments)}")
            if arguments[name].shape != value.shape:
                raise ValueError(
                    f"Shape not match! Argument {name}, need: {arguments[name].shape}, received: {value.shape}"
                )
        for name, value in kwargs.items():
            arguments[name][:] = value
        self._training = bool(is_train)
        lowered, results, news = self._compute(recording=self._training and bool(self._wanted))
        arrays = dict(zip(lowered.inputs, (*self.arg_arrays, *self.aux_arrays), strict=True))
        for node, new in zip(lowered.updates, news, strict=True):
            if new is not None:
                arrays[node]._data.copy_(new.detach())
        self._seen = self._versions() if self._recorded else []
        for i, result in enumerate(results[: len(self.outputs)]):
            if type(self.outputs[i]) is type(result):
                self.outputs[i]._data = result._data  # whoever holds the array sees the new values
            else:
                self.outputs[i] = wrap(result._data, self._ctx)
        if self._monitor is not None:
            self._monitor.tell(results[len(self.outputs) :])
        return self.outputs

    def backward(
        self,
        out_grads: NDArray | Sequence[NDArray] | Mapping[str, NDArray] | None = None,
        is_train: bool = True,
    ) -> None:
        """Write the gradients of the arguments, as ``grad_req`` says: 'write' or 'add'.

        out_grads: gradients of the final objective with respect to the outputs: one array, a list, or by the names of
        the outputs. A loss (``SoftmaxOutput``, ``make_loss`` ...) needs none; others raise MXNetError without. is_train
        is accepted for MXNet's sake: the mode is that of the last ``forward``.

        The pass is computed again, unless it draws random numbers, where arrays have changed since ``forward``: labels
        may be written when the outputs are known. So it is after a ``forward`` that was not for training.
        """
        given = self._head_gradients(out_grads)
        if not self._wanted:
            return
        if self._recorded is None or (self._seen != self._versions() and not self._draws()):
            self._compute(recording=True)
            self._seen = self._versions()
        assert self._recorded is not None
        heads, grads = [], []
        for head, entry, grad in zip(self._recorded, self._symbol._heads, given, strict=True):
            if head._graph is None:  # nothing that is wanted influences it
                continue
            if grad is None and not _is_loss(entry.node):
                raise MXNetError(
                    f"backward: output {entry.node.output_names()[entry.index]!r} is no loss, so its gradient must be "
                    "given in out_grads. To minimize the output itself, pass it through make_loss."
                )
            heads.append(head)
            grads.append(grad)
        if heads:
            gradient.backward(heads, grads, retain_graph=True)
        for leaf in self._leaves:
            if not leaf.fresh and leaf.request == "write":  # no output depends on it
                leaf.grad[:] = 0
            leaf.fresh = False

    def _head_gradients(self, out_grads: Any) -> list[NDArray | None]:
        names = self._symbol.list_outputs()
        if out_grads is None:
            out_grads = []
        elif isinstance(out_grads, NDArray):
            out_grads = [out_grads]
        elif isinstance(out_grads, Mapping):
            out_grads = [out_grads[name] for name in names]
        given = list(out_grads)
        for value in given:
            if not isinstance(value, NDArray):
                raise TypeError(f"inputs must be NDArray, but out_grads holds {value!r}")
        if len(given) > len(names):
            raise MXNetError(f"backward: {len(given)} gradients were given for the {len(names)} outputs {names}")
        return given + [None] * (len(names) - len(given))

    def _compute(self, recording: bool) -> tuple[Lowered, list[NDArray], list[Any]]:
        """One pass: the outputs, with those that the monitor wants, and new values of states; nothing is written."""
        self._recorded, self._leaves = None, []  # frees what the last pass kept
        arrays = [*self.arg_arrays, *self.aux_arrays]
        tensors = [array._data for array in arrays]
        for i, request, grad in self._wanted if recording else ():
            leaf = gradient.Leaf(grad, request, owned=False)
            self._leaves.append(leaf)
            if tensors[i].is_floating_point():
                tensors[i] = tensors[i].detach().requires_grad_()
                tensors[i].register_post_accumulate_grad_hook(leaf.receive)
        symbol = self._graph if self._monitor is None else self._monitor.symbol
        lowered = symbol._lower(sparse=any(array.stype != "default" for array in arrays))
        with mode(recording, self._training):
            try:
                outputs, news = run(lowered, tensors, self._ctx)
            except Exception as error:
                raise self._graph._diagnose(error, tensors) from None
        results = [wrap(output, self._ctx) for output in outputs]
        if recording:
            self._recorded = results[: len(self.outputs)]
        return lowered, results, news

    def _versions(self) -> list[tuple[int, int]]:
        """What tells whether arrays have been written to."""
        return [(id(a._data), a._data._version) for a in (*self.arg_arrays, *self.aux_arrays)]

    def _draws(self) -> bool:
        return any(node.op is not None and node.op.random for node in topological(self._graph._heads))

    # Parameters, shapes

    def copy_params_from(
        self,
        arg_params: Mapping[str, NDArray],
        aux_params: Mapping[str, NDArray] | None = None,
        allow_extra_params: bool = False,
    ) -> None:
        """Copy values into arguments and auxiliary states, by name, converting their dtype.

        Raises ValueError for a name that is not there, unless ``allow_extra_params``, MXNetError for another shape.
        """
        for given, known, what in (
            (arg_params, self.arg_dict, "arguments"),
            (aux_params or {}, self.aux_dict, "auxiliary states"),
        ):
            for name, value in given.items():
                if name in known:
                    if known[name].shape != value.shape:
                        raise MXNetError(f"{name!r} has shape {known[name].shape}, but the new values {value.shape}")
                    known[name][:] = value
                elif not allow_extra_params:
                    raise ValueError(f'Find name "{name}" that is not in the {what}: {list(known)}')

    def reshape(self, partial_shaping: bool = False, allow_up_sizing: bool = False, **kwargs: Any) -> Executor:
        """A new executor for other shapes of the arguments in ``kwargs``, which shares memory with this one.

        partial_shaping: shapes of arguments that are not in ``kwargs`` may change, too. allow_up_sizing: arrays may
        become larger; those get memory of their own. Raises MXNetError where that would be needed and was not allowed.
        """
        symbol = self._symbol
        names, states = symbol.list_arguments(), symbol.list_auxiliary_states()
        for name in kwargs:
            if name not in names:
                raise MXNetError(f"reshape: there is no argument {name!r}; the arguments are {names}")
        known = dict(zip((*names, *states), (*self.arg_arrays, *self.aux_arrays), strict=True))
        bound = symbol._bind(kwargs, {name: array.dtype for name, array in known.items()}, self._ctx)
        args: list[NDArray] = []
        grads: list[NDArray | None] = []
        for name, shape, array, grad in zip(
            names, bound.shapes, self.arg_arrays, self.grad_arrays or [None] * len(names), strict=True
        ):
            if shape != array.shape and name not in kwargs and not partial_shaping:
                raise MXNetError(
                    f"reshape: the shape of {name!r}, which was not given, changes from {array.shape} to {shape}, so "
                    "the new executor cannot share it. If that is meant, set partial_shaping=True."
                )
            args.append(_resized(array, shape, name, allow_up_sizing))
            grads.append(None if grad is None else _resized(grad, shape, name, allow_up_sizing))
        aux_states = [
            _resized(array, shape, name, True)
            for name, shape, array in zip(states, bound.aux_shapes, self.aux_arrays, strict=True)
        ]
        all_grads = None if self.grad_arrays is None else grads
        return Executor(symbol, bound, self._ctx, args, all_grads, self._requests, aux_states, self._grad_req)

    # Looking inside

    def set_monitor_callback(self, callback: Callable[[str, NDArray], Any] | None, monitor_all: bool = False) -> None:
        """Call ``callback(name, array)`` for every output inside the graph, in the order of computation, after each
        ``forward``; ``monitor_all``: also for what goes into each operator. None ends that.
        """
        if callback is not None and not callable(callback):
            raise TypeError(f"the callback must be a function of (name, array), but is {callback!r}")
        self._monitor = None if callback is None else _Monitor(self._graph, callback, monitor_all)

    def get_optimized_symbol(self) -> Symbol:
        """The graph that runs."""
        return self._graph.__copy__()

    def debug_str(self) -> str:
        """The graph as text, and how much memory the arrays take."""
        arrays = [*self.arg_arrays, *(self.grad_arrays or ()), *self.aux_arrays, *self.outputs]
        total = sum(a.size * np.dtype(a.dtype).itemsize for a in arrays if a is not None) // 2**20
        return f"{self._symbol.debug_str()}Total {total} MB allocated\nTotal 0 TempSpace resource requested\n"


class _Monitor:
    """Tells a callback what is inside a graph."""

    def __init__(self, symbol: Symbol, callback: Callable[[str, NDArray], Any], inputs: bool) -> None:
        internals = symbol.get_internals()._heads
        self.callback, self.inputs = callback, inputs
        self.symbol = type(symbol)([*symbol._heads, *internals])
        self.entries = internals

    def tell(self, arrays: Sequence[NDArray]) -> None:
        """Call it with the values of all internals."""
        values: dict[Entry, NDArray] = dict(zip(self.entries, arrays, strict=True))
        for entry in self.entries:
            node = entry.node
            if node.op is None:
                continue
            if self.inputs and entry.index == 0:
                for name, source in zip(node.input_names(), node.inputs, strict=True):
                    if source.node.op is None:
                        self.callback(source.node.name, values[source])
                    if source in values:  # users see no hidden outputs
                        self.callback(f"{node.name}_{name}", values[source])
            self.callback(node.output_names()[entry.index], values[entry])


def _is_loss(node: Node) -> bool:
    """Whether the gradient of its output plays no role."""
    if node.op is None or node.op.loss:
        return node.op is not None
    kind = node.values.get("_held")  # of the user's operators
    return not getattr(getattr(kind, "prop", None), "need_top_grad_", True)


def _by_name(names: Sequence[str], arrays: Sequence[Any]) -> dict[str, Any]:
    if len(set(names)) != len(names):
        raise ValueError(f"Duplicate names detected, {names}")
    return dict(zip(names, arrays, strict=True))


def _resized(array: NDArray, shape: tuple[int, ...], name: str, allow_up_sizing: bool) -> NDArray:
    """An array of another shape, in the memory of ``array`` where that is large enough."""
    if shape == array.shape:
        return array
    size = math.prod(shape)
    if size > array.size and not allow_up_sizing:
        raise MXNetError(
            f"reshape: the new shape {shape} of {name!r} is larger than {array.shape}. Make a large executor first and "
            "reshape it to smaller shapes, or set allow_up_sizing=True."
        )
    if size > array.size or array.stype != "default":
        return creation.zeros(shape, array.context, array.dtype, stype=array.stype)
    return array.reshape(-1)[:size].reshape(shape)
