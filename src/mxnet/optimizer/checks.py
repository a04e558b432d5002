"""Checks of what optimizers are given: settings when one is made, arrays before an update."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from ..base import MXNetError, numeric_types

__all__ = ["check_arrays", "check_numbers", "columns", "describe"]


def check_numbers(optimizer: Any, **settings: Any) -> None:
    """Raise MXNetError for a setting that is neither a number nor None."""
    for name, value in settings.items():
        if value is not None and not isinstance(value, numeric_types):
            raise MXNetError(f"{type(optimizer).__name__}: {name} must be a number, but got {value!r}.")


def check_arrays(
    optimizer: Any, indices: Sequence[Any], weights: Sequence[Any], grads: Sequence[Any], states: Sequence[Any]
) -> None:
    """Raise AssertionError for what is no list of arrays, one for each index, and MXNetError unless gradients, and
    states if the optimizer's are such, have the shapes of their weights: fused kernels read as far as the weight goes.
    """
    name = type(optimizer).__name__
    counts = [len(one) for one in (indices, weights, grads, states)]
    if len(set(counts)) > 1:
        raise AssertionError(
            f"{name}: every index needs a weight, a gradient and a state, but got {counts[0]} indices, {counts[1]} "
            f"weights, {counts[2]} gradients and {counts[3]} states."
        )
    parts = [grads, *(columns(states) if optimizer._states_fit else ())]
    try:
        shapes = [array._data.shape for array in weights]
        fit = all([array._data.shape for array in part] == shapes for part in parts if part is not None)
    except AttributeError:
        raise AssertionError(
            f"{name}: weights, gradients and what create_state returned must be NDArrays. Received: {weights!r:.80}, "
            f"{grads!r:.80}, {states!r:.80}."
        ) from None
    if not fit:
        rows = zip(indices, weights, grads, states, strict=True)
        found = [f"weight {i} {w.shape}, gradient {g.shape}, state {_shapes(s)}" for i, w, g, s in rows]
        raise MXNetError(f"{name}: gradients and states must have their weight's shape. Received: {'; '.join(found)}.")


def columns(states: Sequence[Any]) -> list[Sequence[Any] | None]:
    """States of several weights, by part: None where none of the weights has it."""
    if any(isinstance(state, (tuple, list)) for state in states):
        parts = [list(part) for part in zip(*states, strict=True)]
    else:
        parts = [list(states)]
    return [None if part[0] is None else part for part in parts]


def describe(optimizer: Any) -> str:
    """The class and its settings, as they were given to the constructor."""
    names = dict.fromkeys([*inspect.signature(type(optimizer)).parameters, "rescale_grad"])
    settings = {name: getattr(optimizer, name) for name in names if hasattr(optimizer, name)}
    return f"{type(optimizer).__name__}({', '.join(f'{name}={value!r:.40}' for name, value in settings.items())})"


def _shapes(state: Any) -> Any:
    return tuple(map(_shapes, state)) if isinstance(state, (tuple, list)) else getattr(state, "shape", state)
