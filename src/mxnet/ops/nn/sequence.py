"""Batches of sequences of several lengths: masks, last steps, reversal, and the CTC loss.

Sequences lie in data (T, N, ...), or (N, T, ...) with ``axis=1``; ``sequence_length``, (N,), counts the steps of each.
Lengths and labels may be of any dtype, floats too: they are cut to whole numbers.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..arithmetic import number
from ..checks import need_float, need_shape
from ..registry import operator

__all__: list[str] = []

_LENGTHS = {"sequence_length": lambda use_sequence_length, **_: use_sequence_length}


def _need_sequences(data: Tensor, lengths: Tensor | None, use_lengths: bool, axis: int, axes: tuple = (0, 1)) -> None:
    """Raise ValueError unless the inputs are as described above."""
    if data.dim() < 2 or axis not in axes:
        raise ValueError(f"data must have at least 2 axes, and axis be {' or '.join(map(str, axes))}")
    if use_lengths is (lengths is None):
        raise ValueError("sequence_length must be given with use_sequence_length=True, and only then")
    if lengths is not None:
        need_shape("sequence_length", lengths, (data.shape[1 - axis],))


def _whole(lengths: Tensor, low: int, high: int, name: str = "sequence_length") -> Tensor:
    """Lengths as int64 numbers. Raises ValueError unless all lie in low ... high."""
    lengths = lengths.detach().long()
    if not lengths.is_meta and bool(((lengths < low) | (lengths > high)).any()):
        raise ValueError(f"{name} must lie in {low} ... {high}, but is {lengths.tolist()}")
    return lengths


def _spread(numbers: Tensor, data: Tensor) -> Tensor:
    """Numbers (T, N) with trailing axes of size 1, as many as data has dimensions."""
    return numbers.view(*numbers.shape, *(1,) * (data.dim() - 2))


@operator("SequenceMask", types="T, L=T -> T", mixed=True, may_return_input=True, needs=_LENGTHS)
def sequence_mask(
    data: Tensor,
    sequence_length: Tensor | None = None,
    *,
    use_sequence_length: bool = False,
    value: float = 0.0,
    axis: int = 0,
) -> Tensor:
    """``data`` with ``value`` in place of everything after the end of each sequence.

    data: (T, N, ...), or (N, T, ...) with ``axis=1`` · sequence_length: (N,), with ``use_sequence_length`` · returns
    data's shape.
    """
    _need_sequences(data, sequence_length, use_sequence_length, axis)
    if sequence_length is None:
        return data
    steps = torch.arange(data.shape[axis], device=data.device)
    lengths = sequence_length.long()
    beyond = steps >= lengths.unsqueeze(1) if axis else steps.unsqueeze(1) >= lengths
    return data.masked_fill(_spread(beyond, data), number(data, value))


@operator("SequenceLast", types="T, L=T -> T", mixed=True, needs=_LENGTHS)
def sequence_last(
    data: Tensor, sequence_length: Tensor | None = None, *, use_sequence_length: bool = False, axis: int = 0
) -> Tensor:
    """The last step of each sequence.

    data: (T, N, ...), or (N, T, ...) with ``axis=1`` · sequence_length: (N,), 1 to T, with ``use_sequence_length`` ·
    returns (N, ...).
    """
    _need_sequences(data, sequence_length, use_sequence_length, axis)
    if sequence_length is None:
        return data.select(axis, -1).clone(memory_format=torch.contiguous_format)
    last = _whole(sequence_length, 1, data.shape[axis]) - 1
    rows = torch.arange(len(last), device=data.device)
    return data[rows, last] if axis else data[last, rows]


@operator("SequenceReverse", types="T, L=T -> T", mixed=True, needs=_LENGTHS)
def sequence_reverse(
    data: Tensor, sequence_length: Tensor | None = None, *, use_sequence_length: bool = False, axis: int = 0
) -> Tensor:
    """Each sequence from its last step to its first; what follows after its end stays.

    data: (T, N, ...) · sequence_length: (N,), 0 to T, with ``use_sequence_length`` · axis: 0 · returns data's shape.
    """
    _need_sequences(data, sequence_length, use_sequence_length, axis, axes=(0,))
    if sequence_length is None:
        return data.flip(0)
    lengths = _whole(sequence_length, 0, len(data))
    steps = torch.arange(len(data), device=data.device).unsqueeze(1)
    source = torch.where(steps < lengths, lengths - 1 - steps, steps)
    return torch.gather(data, 0, _spread(source, data).expand_as(data))


# ---- CTC -------------------------------------------------------------------------------------------------------------


@operator(
    "CTCLoss",
    types="T, L, M, N -> T",
    aliases=["ctc_loss", "_contrib_CTCLoss", "_contrib_ctc_loss"],
    output_names=("output0",),
    mixed=True,
    needs={
        "data_lengths": lambda use_data_lengths, **_: use_data_lengths,
        "label_lengths": lambda use_label_lengths, **_: use_label_lengths,
    },
    precision="float32",
)
def ctc_loss(
    data: Tensor,
    label: Tensor,
    data_lengths: Tensor | None = None,
    label_lengths: Tensor | None = None,
    *,
    use_data_lengths: bool = False,
    use_label_lengths: bool = False,
    blank_label: Literal["first", "last"] = "first",
) -> Tensor:
    """Connectionist temporal classification (Graves et al., 2006): -log P(label | softmax(data)) of each sequence.

    data: (T, N, K), before softmax · label: (N, L), L <= T · data_lengths, label_lengths: (N,) · returns (N,).

    The blank is the "first" class, 0, or the "last", K - 1. Without ``label_lengths`` a label ends at its first
    padding, which is 0 where the blank comes first, and -1 where it comes last. A label for which the data are too
    short has the loss 0 and no gradient.
    """
    if use_label_lengths and not use_data_lengths and label_lengths is None:
        data_lengths, label_lengths = None, data_lengths  # MXNet counts only the inputs that are used
    need_float(data)
    if data.dim() != 3 or label.dim() != 2:
        raise ValueError(
            f"data must be (T, N, K) and label (N, L), but have shapes {tuple(data.shape)} and {tuple(label.shape)}"
        )
    steps, batch, classes = data.shape
    longest = label.shape[1]
    if label.shape[0] != batch or longest > steps:
        raise ValueError(f"label must be ({batch}, L) with L at most {steps}, but has shape {tuple(label.shape)}")
    for name, lengths, used in (
        ("data_lengths", data_lengths, use_data_lengths),
        ("label_lengths", label_lengths, use_label_lengths),
    ):
        if used is (lengths is None):
            raise ValueError(f"{name} must be given with use_{name}=True, and only then")
        if lengths is not None:
            need_shape(name, lengths, (batch,))
    if data.is_meta:
        return data.new_empty(batch)

    label = label.detach().long()
    first = blank_label == "first"
    places = torch.arange(longest, device=label.device)
    if label_lengths is None:
        padding = label == (0 if first else -1)
        label_lengths = torch.where(padding, places, longest).amin(1) if longest else label.new_zeros(batch)
    else:
        label_lengths = _whole(label_lengths, 0, longest, "label_lengths")
    if data_lengths is None:
        data_lengths = torch.full((batch,), steps, device=label.device)
    else:
        data_lengths = _whole(data_lengths, 0, steps, "data_lengths")
    inside = places < label_lengths.unsqueeze(1)
    low, high = (1, classes - 1) if first else (0, classes - 2)
    if bool((((label < low) | (label > high)) & inside).any()):
        raise ValueError(f"labels must lie in {low} ... {high}, up to their ends, and the blank is none")
    label = torch.where(inside, label, 0)
    exact = data.float() if data.dtype.itemsize < 4 else data
    losses = F.ctc_loss(
        torch.log_softmax(exact, 2),
        label,
        data_lengths,
        label_lengths,
        blank=0 if first else classes - 1,
        reduction="none",
        zero_infinity=True,
    )
    return losses.to(dtype=data.dtype)
