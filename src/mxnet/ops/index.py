"""Operators that pick elements by index or by rank: take, pick, gather, one-hot, embedding, sorting, sequence masks.

Indices may be of any dtype, floats too: they are cut to whole numbers. For an index out of range, mode "clip" takes the
nearest legal one, "wrap" counts on from the other end, "raise" is an error.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import dtypes
from .attributes import Dtype, Shape
from .registry import operator
from .shapes import normalize_axis

__all__: list[str] = []


def legal_indices(indices: Tensor, size: int, mode: str) -> Tensor:
    """Indices as int64 numbers in [0, size)."""
    indices = indices.long()
    if mode == "wrap":
        return torch.remainder(indices, size)
    if mode == "raise" and not indices.is_meta and bool(((indices < 0) | (indices >= size)).any()):
        raise ValueError(f"an index is out of range: they must lie in 0 ... {size - 1}")
    return torch.clamp(indices, 0, size - 1)


@operator("take", mixed=True)
def take(a: Tensor, indices: Tensor, *, axis: int = 0, mode: Literal["raise", "wrap", "clip"] = "clip") -> Tensor:
    """Slices of ``a`` along ``axis``, one for each index; the axes of ``indices`` stand in place of that axis."""
    axis = normalize_axis(axis, a.dim())
    indices = legal_indices(indices, a.shape[axis], mode)
    if indices.dim() == 1:
        return torch.index_select(a, axis, indices)
    result = torch.index_select(a, axis, indices.reshape(-1))
    return result.reshape(a.shape[:axis] + indices.shape + a.shape[axis + 1 :])


@operator("pick", aliases=["choose_element_0index"], mixed=True)
def pick(
    data: Tensor,
    index: Tensor,
    *,
    axis: int | None = -1,
    keepdims: bool = False,
    mode: Literal["clip", "wrap"] = "clip",
) -> Tensor:
    """One element of each row of ``data`` along ``axis``: that at ``index``.

    index: the shape of data without ``axis``, or with size 1 there · returns the shape of data without ``axis``, or
    with size 1 there if ``keepdims``.
    """
    if axis is None:
        raise ValueError("axis must be given")
    ndim = data.dim()
    axis = normalize_axis(axis, ndim)
    shape = list(data.shape)
    size = shape.pop(axis)
    index = legal_indices(index, size, mode)
    given = list(index.shape)
    if given == shape and ndim > 1:
        index = index.unsqueeze(axis)
    elif len(given) != ndim or given.pop(axis) != 1 or given != shape:
        dropped, kept = tuple(shape or [1]), (*shape[:axis], 1, *shape[axis:])
        raise ValueError(f"index must have shape {dropped} or {kept}")
    result = torch.gather(data, axis, index)
    return result if keepdims or ndim == 1 else result.squeeze(axis)


@operator("batch_take", mixed=True)
def batch_take(a: Tensor, indices: Tensor) -> Tensor:
    """``a[i, indices[i]]`` for each row i of ``a``, (N, K); indices out of range are clipped. ``pick`` does more."""
    if a.dim() != 2 or indices.shape != a.shape[:1]:
        raise ValueError("a must be a matrix, and indices have one number for each of its rows")
    if indices.dtype is not torch.int32 and not indices.is_meta:  # shapes are inferred before dtypes are known
        raise ValueError("indices must be int32; pick takes any dtype")
    return torch.gather(a, 1, legal_indices(indices, a.shape[1], "clip").unsqueeze(1)).squeeze(1)


@operator("gather_nd", mixed=True)
def gather_nd(data: Tensor, indices: Tensor) -> Tensor:
    """``data[indices[0], indices[1], ...]``.

    data: (D0, D1, ...) · indices: (M, ...), M numbers for the first M axes · returns (..., DM, ...).
    Negative indices count from the end; one out of range is an IndexError.
    """
    _require_coordinates(indices, data.dim())
    return data[indices.long().unbind(0)]


def _require_coordinates(indices: Tensor, ndim: int) -> None:
    if indices.dim() < 2 or indices.shape[0] > ndim:
        raise ValueError(f"indices must have at least 2 axes, and at most {ndim} numbers along the first of them")


@operator("scatter_nd", mixed=True)
def scatter_nd(data: Tensor, indices: Tensor, *, shape: Shape) -> Tensor:
    """Zeros of ``shape`` with ``result[indices[0], indices[1], ...] = data``: the reverse of ``gather_nd``.

    Where several values fall on one place, one of them stays.
    """
    _require_coordinates(indices, len(shape))
    expected = indices.shape[1:] + torch.Size(shape[indices.shape[0] :])
    if data.shape != expected:
        raise ValueError(f"data must have shape {tuple(expected)}, which follows from indices and shape={shape}")
    return data.new_zeros(shape).index_put(indices.long().unbind(0), data)


@operator("one_hot", differentiable=False)
def one_hot(
    indices: Tensor, *, depth: int, on_value: float = 1.0, off_value: float = 0.0, dtype: Dtype = "float32"
) -> Tensor:
    """For each index a vector of ``depth`` values, on a new last axis: ``on_value`` at its place, else ``off_value``.

    An index out of range gives a vector of ``off_value`` alone.
    """
    if depth < 0:
        raise ValueError(f"depth must not be negative, but got {depth}")
    kind, device = dtypes.by_name[dtype].torch, indices.device
    hot = indices.long().unsqueeze(-1) == torch.arange(depth, device=device)
    if on_value == 1 and off_value == 0:
        return hot.to(kind)
    on, off = (torch.tensor(v, device=device).to(kind) for v in (on_value, off_value))
    return torch.where(hot, on, off)


@operator("Embedding", mixed=True)
def embedding(
    data: Tensor,
    weight: Tensor,
    *,
    input_dim: int,
    output_dim: int,
    dtype: Dtype = "float32",
    sparse_grad: bool = False,
) -> Tensor:
    """Rows of ``weight``, one for each number in ``data``; numbers out of range are clipped.

    data: (...) · weight: (input_dim, output_dim) · returns (..., output_dim). The result has the dtype of ``weight``.
    """
    if weight.shape != (input_dim, output_dim):
        raise ValueError(f"weight must have shape {(input_dim, output_dim)}")
    return F.embedding(torch.clamp(data.long(), 0, input_dim - 1), weight)


@embedding.infers
def _(data: tuple, *, input_dim: int, output_dim: int, **_: Any) -> dict[str, tuple]:
    return {"weight": (input_dim, output_dim)}


# ---- order -----------------------------------------------------------------------------------------------------------


def ranked(data: Tensor, axis: int | None, ascending: bool) -> tuple[Tensor, Tensor, int]:
    """The sorted values, their places and the axis; equal values stay in order. Axis None is the flat array."""
    if axis is None:
        data, axis = data.reshape(-1), 0
    axis = normalize_axis(axis, data.dim())
    values, indices = torch.sort(data, dim=axis, descending=not ascending, stable=True)
    return values, indices, axis


@operator("sort")
def sort(data: Tensor, *, axis: int | None = -1, is_ascend: bool = True) -> Tensor:
    """The values in order along ``axis``, or of the flat array."""
    return ranked(data, axis, is_ascend)[0]


@operator("argsort", differentiable=False)
def argsort(data: Tensor, *, axis: int | None = -1, is_ascend: bool = True, dtype: Dtype = "float32") -> Tensor:
    """The indices that would sort ``data`` along ``axis``, or the flat array; equal values stay in order."""
    return ranked(data, axis, is_ascend)[1].to(dtypes.by_name[dtype].torch)


@operator("topk", outputs=lambda ret_typ, **_: 2 if ret_typ == "both" else 1)
def topk(
    data: Tensor,
    *,
    axis: int | None = -1,
    k: int = 1,
    ret_typ: Literal["value", "indices", "mask", "both"] = "indices",
    is_ascend: bool = False,
    dtype: Dtype = "float32",
) -> Tensor | tuple[Tensor, Tensor]:
    """The ``k`` largest values along ``axis`` (or of the flat array) in order; the smallest with ``is_ascend``.

    Returns their indices, in ``dtype``; or the values; or both, values first; or a mask like ``data``.
    ``k`` below 1 means all of them. Of equal values the first comes first.
    """
    values, indices, along = ranked(data, axis, is_ascend)
    size = values.shape[along]
    if k > size:
        raise ValueError(f"k must be at most {size}, the number of values, but got {k}")
    if 0 < k < size:
        values, indices = (torch.narrow(t, along, 0, k).contiguous() for t in (values, indices))
    if ret_typ == "mask":
        flat = data.new_zeros(data.numel() if axis is None else data.shape)
        return flat.scatter(along, indices, 1).reshape(data.shape)
    if ret_typ == "value":
        return values
    indices = indices.to(dtypes.by_name[dtype].torch)
    return (values, indices) if ret_typ == "both" else indices


# ---- sequences -------------------------------------------------------------------------------------------------------


@operator(
    "SequenceMask",
    mixed=True,
    may_return_input=True,
    needs={"sequence_length": lambda use_sequence_length, **_: use_sequence_length},
)
def sequence_mask(
    data: Tensor,
    sequence_length: Tensor | None = None,
    *,
    use_sequence_length: bool = False,
    value: float = 0.0,
    axis: int = 0,
) -> Tensor:
    """``data`` with ``value`` in place of everything after the end of each sequence.

    data: (T, N, ...), or (N, T, ...) with ``axis=1`` · sequence_length: (N,), with ``use_sequence_length``.
    """
    if axis not in (0, 1) or data.dim() < 2:
        raise ValueError("data must have at least 2 axes, and axis be 0 or 1")
    if use_sequence_length is (sequence_length is None):
        raise ValueError("sequence_length must be given with use_sequence_length=True, and only then")
    if sequence_length is None:
        return data
    steps, batch = data.shape[axis], data.shape[1 - axis]
    if sequence_length.shape != (batch,):
        raise ValueError(f"sequence_length must have shape {(batch,)}, one number for each sequence")
    places = torch.arange(steps, device=data.device)
    beyond = (
        places.unsqueeze(1) >= sequence_length.long() if axis == 0 else places >= sequence_length.long().unsqueeze(1)
    )
    return data.masked_fill(beyond.reshape(beyond.shape + (1,) * (data.dim() - 2)), value)
