"""Automatic differentiation: record what operators do, then walk back.

::

    x.attach_grad()
    with autograd.record():
        y = (x * x).sum()
    y.backward()            # x.grad is 2 * x

All of this is per thread. Outside of ``record()`` nothing is tracked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ._state import state
from .base import MXNetError
from .ndarray import NDArray, gradient
from .ndarray.ndarray import wrap

__all__ = [
    "Function", "backward", "grad", "is_recording", "is_training", "mark_variables", "pause", "predict_mode", "record",
    "set_recording", "set_training", "train_mode",
]  # fmt: skip


def is_recording() -> bool:
    """Whether operators are being recorded in this thread."""
    if state.tracing is not None:
        state.tracing.reads_mode = True
    return state.recording


def is_training() -> bool:
    """Whether layers such as Dropout behave as in training in this thread."""
    if state.tracing is not None:
        state.tracing.reads_mode = True
    return state.training


def set_recording(is_recording: bool) -> bool:
    """Switch recording; returns what it was. Prefer ``with record():``."""
    before = state.recording
    if before != bool(is_recording):
        _check_not_in_graph()
        state.recording = bool(is_recording)
        # Recorded operators need torch's graph, whatever the user set.
        if state.recording:
            state.torch_grad_mode = torch.is_grad_enabled()
            if not state.torch_grad_mode:
                torch.set_grad_enabled(True)
        elif not state.torch_grad_mode:
            torch.set_grad_enabled(False)
    return before


def set_training(train_mode: bool) -> bool:
    """Switch training mode; returns what it was. Prefer ``with train_mode():``."""
    before = state.training
    if before != bool(train_mode):
        _check_not_in_graph()
        state.training = bool(train_mode)
    return before


def _check_not_in_graph() -> None:
    """Raise RecordingError in a block that is being recorded: its graph runs in the mode of each call."""
    if state.tracing is not None:
        raise state.tracing.refuse(
            "another mode of autograd", "stop gradients with F.BlockGrad, or switch modes outside of the block"
        )


class _Scope:
    """A ``with`` block that sets recording and training mode (None: leaves it) and restores both."""

    __slots__ = ("_before", "_recording", "_training")

    def __init__(self, recording: bool | None, training: bool | None) -> None:
        self._recording, self._training = recording, training
        self._before: list[tuple[bool, bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((state.recording, state.training, state.torch_grad_mode))
        if self._recording is not None:
            set_recording(self._recording)
        if self._training is not None:
            set_training(self._training)

    def __exit__(self, *exc_info: object) -> None:
        recording, state.training, torch_grad_mode = self._before.pop()
        set_recording(recording)
        state.torch_grad_mode = torch_grad_mode  # the user's, also where torch's engine runs this with grad mode off


def record(train_mode: bool = True) -> _Scope:
    """Record operators for ``backward``; ``train_mode``: layers behave as in training."""
    return _Scope(True, train_mode)


def pause(train_mode: bool = False) -> _Scope:
    """Stop recording for a while, inside ``record()``."""
    return _Scope(False, train_mode)


def train_mode() -> _Scope:
    """Layers behave as in training; recording stays as it is."""
    return _Scope(None, True)


def predict_mode() -> _Scope:
    """Layers behave as in prediction; recording stays as it is."""
    return _Scope(None, False)


def mark_variables(
    variables: NDArray | Sequence[NDArray],
    gradients: NDArray | Sequence[NDArray],
    grad_reqs: str | Sequence[str] = "write",
) -> None:
    """Make arrays leaves with gradient buffers of the caller's; ``attach_grad`` for many, with given memory."""
    variables, gradients = _list(variables), _list(gradients)
    requests = [grad_reqs] * len(variables) if isinstance(grad_reqs, (str, int)) else list(grad_reqs)
    if not len(variables) == len(gradients) == len(requests):
        raise ValueError(
            f"mark_variables: {len(variables)} variables, {len(gradients)} gradients and {len(requests)} requests; "
            "their numbers must be equal."
        )
    for variable, buffer, request in zip(variables, gradients, requests, strict=True):
        if buffer.shape != variable.shape:
            raise MXNetError(
                f"mark_variables: gradient of shape {buffer.shape} for a variable of shape {variable.shape}."
            )
        gradient.attach(variable, request, buffer, owned=False)


def backward(
    heads: NDArray | Sequence[NDArray],
    head_grads: NDArray | Sequence[NDArray | None] | None = None,
    retain_graph: bool = False,
    train_mode: bool = True,
) -> None:
    """Gradients of ``heads`` with respect to every array with ``attach_grad`` below them, into the ``grad`` buffers.

    head_grads: gradients of the final objective with respect to the heads; None stands for ones. retain_graph: keep the
    graph for another backward. train_mode is accepted for MXNet's sake: the recorded operators know their mode.
    Raises MXNetError when a head was not recorded, or its graph was used up by an earlier backward.
    """
    heads = _list(heads)
    gradient.backward(heads, _list(head_grads) if head_grads is not None else [None] * len(heads), retain_graph)


def grad(
    heads: NDArray | Sequence[NDArray],
    variables: NDArray | Sequence[NDArray],
    head_grads: NDArray | Sequence[NDArray | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    train_mode: bool = True,
) -> NDArray | list[NDArray]:
    """Gradients of ``heads`` with respect to ``variables``, as new arrays; the ``grad`` buffers stay as they are.

    create_graph: record the computation of the gradients too, for gradients of gradients (call it inside ``record()``).
    Returns one array for one variable, else a list. Raises MXNetError when a variable is not reached from the heads.
    """
    heads, many = _list(heads), isinstance(variables, (list, tuple))
    if many and not variables:
        raise AssertionError("variables cannot be an empty list.")
    given = _list(head_grads) if head_grads is not None else [None] * len(heads)
    retain = create_graph if retain_graph is None else retain_graph
    results = gradient.grad(heads, _list(variables), given, retain, create_graph)
    arrays = [wrap(r if create_graph else r.detach(), v.ctx) for r, v in zip(results, _list(variables), strict=True)]
    return arrays if many else arrays[0]


def get_symbol(x: NDArray) -> Any:
    """MXNet turned a recorded computation into a Symbol here. Torch's graph holds no operators of ours: hybridize
    instead.
    """
    raise MXNetError(
        "autograd.get_symbol is not available: call hybridize() on a block, or compose the graph with mx.sym."
    )


class Function:
    """A computation with a gradient of one's own.

    Subclass it with ``forward(self, *inputs)`` and ``backward(self, *output_grads)``, both on NDArrays, and call an
    instance. ``self.save_for_backward(...)`` keeps arrays for ``backward``, which finds them in ``self.saved_tensors``.
    """

    def __init__(self) -> None:
        self._used = False
        self._saved: tuple[NDArray, ...] = ()

    def save_for_backward(self, *args: NDArray) -> None:
        self._saved = args

    @property
    def saved_tensors(self) -> tuple[NDArray, ...]:
        return self._saved

    def __call__(self, *inputs: NDArray) -> NDArray | list[NDArray] | tuple[NDArray, ...]:
        if self._used:
            raise AssertionError("Each Function instance can only be called once. Please create another instance.")
        self._used = True
        recording = state.recording
        with pause(train_mode=state.training):
            outputs = self.forward(*inputs)
        if not recording:
            return outputs
        listed = [outputs] if isinstance(outputs, NDArray) else list(outputs)
        tensors = _Bridge.apply(self, listed, *(x._source() for x in inputs))
        arrays = [wrap(t, o.ctx) for t, o in zip(tensors, listed, strict=True)]
        return arrays[0] if isinstance(outputs, NDArray) else type(outputs)(arrays)

    def forward(self, *inputs: NDArray) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, *inputs)")

    def backward(self, *output_grads: NDArray) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define backward(self, *output_grads)")


class _Bridge(torch.autograd.Function):
    """torch's node for a Function: its outputs are computed already, its backward asks the user's."""

    @staticmethod
    def forward(
        ctx: Any, function: Function, outputs: list[NDArray], *inputs: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        ctx.function, ctx.contexts = function, [o.ctx for o in outputs]
        ctx.shapes = [tuple(x.shape) for x in inputs]
        return tuple(o._data.clone() if any(o._data is x for x in inputs) else o._data for o in outputs)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple:
        arrays = [wrap(g.detach().contiguous(), c) for g, c in zip(grads, ctx.contexts, strict=True)]
        with pause(train_mode=False):
            results = _list(ctx.function.backward(*arrays))
        name = type(ctx.function).__name__
        if len(results) != len(ctx.shapes):
            raise MXNetError(
                f"{name}.backward must return {len(ctx.shapes)} gradients, one an input, but gave {len(results)}."
            )
        for i, (result, shape) in enumerate(zip(results, ctx.shapes, strict=True)):
            if result is not None and result.shape != shape:
                raise MXNetError(f"{name}.backward: gradient {i} must have shape {shape}, but has {result.shape}.")
        return (None, None, *(None if r is None else r._data for r in results))


def _list(arrays: Any) -> list:
    return list(arrays) if isinstance(arrays, (list, tuple)) else [arrays]
