"""Sequences for ``unroll``: an array that holds all steps (merged), or a list of arrays, one for each step.

A layout names the axes of the merged form: ``'NTC'`` has the batch first, ``'TNC'`` time.
"""

from __future__ import annotations

from typing import Any

from ... import dtypes, ndarray, symbol
from ...ndarray import NDArray
from ...symbol import Symbol

__all__ = [
    "Sequence",
    "begin_states",
    "format_sequence",
    "is_merged",
    "listed",
    "mask_sequence",
    "merges",
    "reverse_sequence",
]

Sequence = Any  # an array or symbol, or a list of these


def is_merged(sequence: Sequence) -> bool:
    """Whether a sequence is one array, not a list of steps."""
    return isinstance(sequence, (NDArray, Symbol))


def merges(outputs: Sequence, merge_outputs: bool | None) -> bool:
    """Whether outputs are to be merged; by default they stay what they are."""
    return is_merged(outputs) if merge_outputs is None else merge_outputs


def listed(pieces: Any) -> list[Any]:
    """What an operator of one or several outputs gave, as a list."""
    return [pieces] if isinstance(pieces, NDArray) else list(pieces)


def format_sequence(
    length: int | None, inputs: Sequence, layout: str, merge: bool | None
) -> tuple[Sequence, int, Any, int]:
    """A sequence merged (``merge=True``), as a list (False) or as it is (None); with the axis of time in the layout,
    the face that computes with it, mx.nd or mx.sym, and the size of the batch, 0 for symbols.

    Raises AssertionError for a layout without T or N, for what is no sequence, and where it has not ``length`` steps.
    """
    axis, batch_axis = layout.find("T"), layout.find("N")
    if axis < 0 or batch_axis < 0:
        raise AssertionError(f"layout must name a time axis T and a batch axis N, as 'NTC' does, but is {layout!r}.")
    if not is_merged(inputs):
        if not isinstance(inputs, (list, tuple)):
            raise AssertionError(f"unroll needs an array, a symbol or a list of these, but got {type(inputs)}.")
        inputs = list(inputs)
        if length is not None and len(inputs) != length:
            raise AssertionError(
                f"unroll needs as many inputs as steps, but got {len(inputs)} inputs, length={length}."
            )
        if not inputs:
            raise IndexError("unroll needs at least one step, but got an empty list of inputs.")
        F = symbol if isinstance(inputs[0], Symbol) else ndarray
        batch = 0 if F is symbol else inputs[0].shape[batch_axis - (batch_axis > axis)]
        return F.stack(*inputs, axis=axis) if merge is True else inputs, axis, F, batch
    if isinstance(inputs, Symbol):
        if merge is False:
            if len(inputs) != 1:
                raise AssertionError(
                    f"unroll takes a symbol of one output, but {inputs!r} has {len(inputs)}. Pass list(symbol), or one "
                    "symbol of all steps."
                )
            F: Any = symbol
            inputs = list(F.split(inputs, axis=axis, num_outputs=length, squeeze_axis=1))
        return inputs, axis, symbol, 0
    if inputs.ndim <= max(axis, batch_axis):
        raise AssertionError(f"inputs must have the axes of layout {layout!r}, but have shape {inputs.shape}.")
    steps = inputs.shape[axis]
    if length is not None and steps != length:
        raise AssertionError(
            f"unroll needs as many steps in the inputs as length={length}, but inputs {inputs.shape} of layout "
            f"{layout!r} have {steps}."
        )
    batch = inputs.shape[batch_axis]
    if merge is False:
        inputs = listed(ndarray.split(inputs, axis=axis, num_outputs=steps, squeeze_axis=True))
    return inputs, axis, ndarray, batch


def begin_states(cell: Any, F: Any, begin_state: list[Any] | None, inputs: Sequence, batch_size: int) -> list[Any]:
    """The given states, or the cell's first ones, for these inputs; zeros in the dtype of the cell's parameters."""
    if begin_state is not None:
        return begin_state
    kwargs: dict[str, Any] = {}
    found = {dtypes.resolve(p.dtype).name for p in cell.collect_params().values()}
    if len(found) == 1 and found != {"float32"}:
        kwargs["dtype"] = found.pop()
    if F is ndarray:
        kwargs["ctx"] = (inputs if is_merged(inputs) else inputs[0]).context
    return cell.begin_state(func=F.zeros, batch_size=batch_size, **kwargs)


def mask_sequence(F: Any, data: Sequence, length: int, valid_length: Any, time_axis: int, merge: bool) -> Sequence:
    """A sequence with zeros after the first ``valid_length`` (N,) steps of each of the batch."""
    if not is_merged(data):
        data = F.stack(*data, axis=time_axis)
    data = F.SequenceMask(data, sequence_length=valid_length, use_sequence_length=True, axis=time_axis)
    return data if merge else listed(F.split(data, num_outputs=length, axis=time_axis, squeeze_axis=True))


def reverse_sequence(F: Any, steps: list[Any], valid_length: Any = None) -> list[Any]:
    """A list of steps backwards; with ``valid_length``, so that of each of the batch come first."""
    if valid_length is None:
        return steps[::-1]
    merged = F.SequenceReverse(F.stack(*steps, axis=0), sequence_length=valid_length, use_sequence_length=True)
    return listed(F.split(merged, axis=0, num_outputs=len(steps), squeeze_axis=True))
