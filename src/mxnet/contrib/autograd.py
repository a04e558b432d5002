"""``mx.contrib.autograd``: the oldest interface of autograd, in which recording and training are one switch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from .. import autograd
from ..ndarray import NDArray, zeros_like

__all__ = [
    "TrainingStateScope",
    "backward",
    "compute_gradient",
    "grad",
    "grad_and_loss",
    "mark_variables",
    "set_is_training",
    "test_section",
    "train_section",
]


def set_is_training(is_train: bool) -> bool:
    """Switch recording and training mode on or off; returns whether training mode was on."""
    autograd.set_recording(is_train)
    return autograd.set_training(is_train)


class TrainingStateScope:
    """Inside ``with``, recording and training mode are on or off."""

    def __init__(self, enter_state: bool) -> None:
        self._enter_state = enter_state
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((autograd.is_recording(), autograd.is_training()))
        set_is_training(self._enter_state)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        recording, training = self._before.pop()
        autograd.set_recording(recording)
        autograd.set_training(training)


def train_section() -> TrainingStateScope:
    """``with train_section():`` records, in training mode."""
    return TrainingStateScope(True)


def test_section() -> TrainingStateScope:
    """``with test_section():`` does not record, and is in prediction mode."""
    return TrainingStateScope(False)


test_section.__test__ = False  # type: ignore[attr-defined]  # it is none of pytest's


def mark_variables(variables: Any, gradients: Any, grad_reqs: Any = "write") -> None:
    """As ``mx.autograd.mark_variables``."""
    autograd.mark_variables(variables, gradients, grad_reqs)


def backward(outputs: Any, out_grads: Any = None, retain_graph: bool = False) -> None:
    """Gradients of the outputs into the variables that were marked."""
    autograd.backward(outputs, out_grads, retain_graph)


def compute_gradient(outputs: Any) -> None:
    """As ``backward``, from ones."""
    backward(outputs)


def grad_and_loss(
    func: Callable[..., Any], argnum: int | Sequence[int] | None = None
) -> Callable[..., tuple[list[NDArray], Any]]:
    """A function that returns the gradients of ``func`` in its arguments, or in those of the numbers ``argnum``, and
    what it returned. It raises AssertionError for arguments that are no arrays.
    """

    def wrapped(*args: NDArray) -> tuple[list[NDArray], Any]:
        numbers = range(len(args)) if argnum is None else [argnum] if isinstance(argnum, int) else argnum
        variables = [args[number] for number in numbers]
        for variable in variables:
            if not isinstance(variable, NDArray):
                raise AssertionError(f"type of autograd input should NDArray, but got {type(variable)}.")
        gradients = [zeros_like(variable) for variable in variables]
        mark_variables(variables, gradients)
        with train_section():
            outputs = func(*args)
        compute_gradient([outputs] if isinstance(outputs, NDArray) else outputs)
        return gradients, outputs

    return wrapped


def grad(func: Callable[..., Any], argnum: int | Sequence[int] | None = None) -> Callable[..., list[NDArray]]:
    """A function that returns the gradients of ``func``: see ``grad_and_loss``."""
    wrapped = grad_and_loss(func, argnum)
    return lambda *args: wrapped(*args)[0]
