"""Control flow on arrays: ``contrib.foreach``, ``contrib.while_loop``, ``contrib.cond``: Python's own, step by step.

What users pass and get back may be nested lists; ``flatten`` and ``regroup`` take them apart and put them together
again, for arrays here and for symbols in ``symbol/control.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .._state import state
from ..base import MXNetError
from .face import face
from .ndarray import NDArray, wrap

__all__ = ["cond", "flatten", "foreach", "iterations", "regroup", "while_loop"]

Nested = Any  # an array, or a list or tuple of Nested


def flatten(nested: Nested, what: str, kind: type = NDArray) -> tuple[list[Any], Any]:
    """The arrays in a nested list, and its format: 0 for one array, a list of formats for a list.

    Raises AssertionError for anything but arrays (of class ``kind``) and lists of them.
    """
    if isinstance(nested, kind):
        return [nested], 0
    if not isinstance(nested, (list, tuple)):
        raise AssertionError(
            f"{what} must be (nested) list of {kind.__name__}, but got {nested!s:.100} of type {type(nested)}"
        )
    flat, formats = [], []
    for item in nested:
        arrays, form = flatten(item, what, kind)
        flat += arrays
        formats.append(form)
    return flat, formats


def regroup(flat: Sequence[Any], form: Any) -> Nested:
    """The nested list of that format."""
    rest = iter(flat)

    def take(form: Any) -> Any:
        return next(rest) if form == 0 else [take(f) for f in form]

    return take(form)


def iterations(max_iterations: Any) -> int:
    """``max_iterations`` as a number. Raises ValueError where it is none."""
    if max_iterations is None:
        raise ValueError("max_iterations should be specified")
    try:
        return int(max_iterations)
    except (ValueError, TypeError):
        raise ValueError(f"Cannot convert max_iteration to python int: {max_iterations!r}") from None


def foreach(body: Callable, data: Nested, init_states: Nested) -> tuple[Nested, Nested]:
    """Run ``outputs, states = body(slice, states)`` for each slice of ``data`` along axis 0.

    data, init_states: arrays or nested lists of arrays; the arrays of ``data`` have one length along axis 0. Returns
    the outputs of all steps stacked along a new axis 0, in the form in which ``body`` returns them, and its last
    states. Raises AssertionError for what is no array, IndexError for arrays that are too short, MXNetError for outputs
    whose shapes differ between steps.
    """
    arrays, form = flatten(data, "foreach input")
    flatten(init_states, "foreach states")
    if not arrays or not arrays[0].ndim:
        raise IndexError("foreach needs data with an axis 0 to loop over")
    slices = [_slices(array) for array in arrays]
    steps, outputs_form, states = [], None, init_states
    for i in range(len(slices[0])):
        if any(i >= len(pieces) for pieces in slices):
            raise IndexError(
                f"foreach: the data must have one length along axis 0, but has shapes {[a.shape for a in arrays]}"
            )
        outputs, states = body(regroup([pieces[i] for pieces in slices], form), states)
        flatten(states, "foreach states")
        flat, outputs_form = flatten(outputs, "foreach output")
        if steps and len(flat) != len(steps[0]):
            raise IndexError(f"foreach: the body returned {len(steps[0])} outputs at first, now {len(flat)}")
        steps.append(flat)
    if not steps:
        raise MXNetError("foreach needs at least one step: the data has length 0 along axis 0.")
    return regroup([face("stack")(*column, axis=0) for column in zip(*steps, strict=True)], outputs_form), states


def _slices(array: NDArray) -> Sequence[NDArray]:
    if state.tracing is None:
        return [wrap(piece, array._ctx) for piece in array._source().unbind(0)]
    pieces = face("SliceChannel")(array, num_outputs=len(array), axis=0, squeeze_axis=True)
    return pieces if len(array) > 1 else [pieces]


def while_loop(
    cond: Callable, func: Callable, loop_vars: Nested, max_iterations: int | None = None
) -> tuple[Nested, Nested]:
    """Run ``outputs, loop_vars = func(*loop_vars)`` while ``cond(*loop_vars)``, at most ``max_iterations`` times.

    Returns the outputs of all steps stacked along a new axis 0 of length ``max_iterations``, with zeros after the last
    step (an empty list where no step was made), and the last loop variables. Raises ValueError without
    ``max_iterations``, without loop variables, and when their number changes.
    """
    limit = iterations(max_iterations)
    single = isinstance(loop_vars, NDArray)
    variables = [loop_vars] if single else list(loop_vars)
    if not variables:
        raise ValueError("loop_vars should contain at least one element")
    steps, form = [], []
    while len(steps) < limit and _truth(cond(*variables)):
        outputs, news = func(*variables)
        news = list(news) if isinstance(news, (list, tuple)) else [news]
        if len(news) != len(variables):
            raise ValueError(
                f"The length of loop_vars should be consistent during the loop: {len(variables)} became {len(news)}"
            )
        flat, form = flatten([] if outputs is None else outputs, "while output")
        if steps and len(flat) != len(steps[0]):
            raise ValueError(
                f"Number of elements in step_output should be the same in each step: {len(steps[0])} became {len(flat)}"
            )
        steps.append(flat)
        variables = news
    stacked = [_padded(face("stack")(*column, axis=0), limit) for column in zip(*steps, strict=True)]
    return regroup(stacked, form), variables[0] if single else variables


def cond(pred: Any, then_func: Callable[[], Nested], else_func: Callable[[], Nested]) -> Nested:
    """``then_func()`` where ``pred``, an array of one element or a number, is true, else ``else_func()``."""
    return then_func() if _truth(pred) else else_func()


def _truth(condition: Any) -> bool:
    """Raises ValueError for an array of several elements, MXNetError for an empty one."""
    if not isinstance(condition, NDArray):
        return bool(condition)
    if condition.size == 0:
        raise MXNetError("the condition is an empty array; expected one element")
    return bool(condition.asscalar())


def _padded(stacked: NDArray, length: int) -> NDArray:
    """With zeros at the end of axis 0, up to that length."""
    tensor = stacked._source()
    missing = length - tensor.shape[0]
    if not missing:
        return stacked
    return wrap(torch.cat([tensor, tensor.new_zeros((missing, *tensor.shape[1:]))]), stacked._ctx)
