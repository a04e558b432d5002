"""Operators that pick elements by index or by rank: take, pick, gather, one-hot, embedding, sorting.

Indices may be of any dtype, floats too: they are cut to whole numbers. For an index out of range, mode "clip" takes the
nearest legal one, "wrap" counts on from the other end, "raise" is an error.
"""

from __future__ import annotations

from collections.abc import Callable
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
    if mode == "raise" and not indices.is_meta and bool(((indices < 0) | (indices >= size)).any()):
        raise ValueError(f"an index is out of range: they must lie in 0 ... {size - 1}")
    indices = indices.long()
    return torch.remainder(indices, size) if mode == "wrap" else torch.clamp(indices, 0, size - 1)


def fetch(function: Callable[..., Tensor], source: Tensor, axis: int, indices: Tensor, size: int, mode: str) -> Tensor:
    """``function(source, axis, indices)``, the indices made legal first.

    On a CPU torch refuses an illegal index by itself: when all are legal, which is the ordinary case, nothing needs to
    be made.
    """
    if mode != "raise" and indices.is_cpu and not torch.compiler.is_compiling():
        try:
            return function(source, axis, indices.long())
        except (IndexError, RuntimeError):
            pass
    return function(source, axis, legal_indices(indices, size, mode))


@operator("take", types="T, I -> T", mixed=True)
def take(a: Tensor, indices: Tensor, *, axis: int = 0, mode: Literal["raise", "wrap", "clip"] = "clip") -> Tensor:
    """Slices of ``a`` along ``axis``, one for each index; the axes of ``indices`` stand in place of that axis."""
    if indices.dim() == 1:
        return fetch(torch.index_select, a, axis, indices, a.size(axis), mode)
    axis = normalize_axis(axis, a.dim())
    result = fetch(torch.index_select, a, axis, indices.reshape(-1), a.size(axis), mode)
    return result.reshape(a.shape[:axis] + indices.shape + a.shape[axis + 1 :])


@operator("pick", types="T, I -> T", aliases=["choose_element_0index"], mixed=True)
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
    given = list(index.shape)
    if given == shape and ndim > 1:
        index = index.unsqueeze(axis)
    elif len(given) != ndim or given.pop(axis) != 1 or given != shape:
        dropped, kept = tuple(shape or [1]), (*shape[:axis], 1, *shape[axis:])
        raise ValueError(f"index must have shape {dropped} or {kept}")
    result = fetch(torch.gather, data, axis, index, size, mode)
    return result if keepdims or ndim == 1 else result.squeeze(axis)


@operator("batch_take", types="T, I=int32 -> T", mixed=True)
def batch_take(a: Tensor, indices: Tensor) -> Tensor:
    """``a[i, indices[i]]`` for each row i of ``a``, (N, K), in the shape of ``indices``, which are N numbers.

    Indices out of range are clipped. ``pick`` does more.
    """
    if a.dim() != 2 or indices.numel() != a.shape[0]:
        raise ValueError("a must be a matrix, and indices have one number for each of its rows")
    if indices.dtype is not torch.int32 and not indices.is_meta:  # shapes are inferred before dtypes are known
        raise ValueError("indices must be int32; pick takes any dtype")
    return fetch(torch.gather, a, 1, indices.reshape(-1, 1), a.size(1), "clip").reshape(indices.shape)


@operator("gather_nd", types="T, I -> T", mixed=True)
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


@operator("scatter_nd", types="T, I -> T", mixed=True)
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


@operator("Embedding", types=lambda dtype, **_: f"I, T={dtype} -> T", mixed=True)
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
    With ``sparse_grad`` the gradient of a weight is row-sparse.
    """
    if weight.shape != (input_dim, output_dim):
        raise ValueError(f"weight must have shape {(input_dim, output_dim)}")
    sparse = sparse_grad and weight.is_leaf and weight.requires_grad  # other nodes of torch's graph want it dense

    def rows(weight: Tensor, axis: int, indices: Tensor) -> Tensor:
        return F.embedding(indices, weight, sparse=sparse)

    return fetch(rows, weight, 0, data, input_dim, "clip")


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


@operator("argsort", differentiable=False, precision="float32")
def argsort(data: Tensor, *, axis: int | None = -1, is_ascend: bool = True, dtype: Dtype = "float32") -> Tensor:
    """The indices that would sort ``data`` along ``axis``, or the flat array; equal values stay in order."""
    return ranked(data, axis, is_ascend)[1].to(dtype=dtypes.by_name[dtype].torch)


def _leading(data: Tensor, axis: int, k: int, ascending: bool, any_order: bool) -> tuple[Tensor, Tensor]:
    """The first ``k`` values in order, and their places; with ``any_order`` equal ones may come in any.

    Selecting is much quicker than sorting, but leaves open which of equal values it takes. On a CPU it is tried first.
    """
    size = data.shape[axis]
    if any_order:
        return torch.topk(data, k, axis, largest=not ascending)
    if k < size and data.device.type == "cpu":
        values, indices = torch.topk(data, k + 1, axis, largest=not ascending)
        before, after = values.narrow(axis, 0, k), values.narrow(axis, 1, k)
        if (before < after if ascending else before > after).all():
            return before.contiguous(), indices.narrow(axis, 0, k).contiguous()
    values, indices, _ = ranked(data, axis, ascending)
    return values.narrow(axis, 0, k).contiguous(), indices.narrow(axis, 0, k).contiguous()


@operator(
    "topk",
    types=lambda ret_typ, dtype, **_: "T -> " + {"both": f"T, {dtype}", "indices": dtype}.get(ret_typ, "T"),
    outputs=lambda ret_typ, **_: 2 if ret_typ == "both" else 1,
    precision="float32",
)
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
    whole, along = (data.reshape(-1), 0) if axis is None else (data, normalize_axis(axis, data.dim()))
    size = whole.shape[along]
    if k > size:
        raise ValueError(f"k must be at most {size}, the number of values, but got {k}")
    values, indices = _leading(whole, along, k if k > 0 else size, is_ascend, ret_typ == "value")
    if ret_typ == "mask":
        flat = data.new_zeros(data.numel() if axis is None else data.shape)
        return flat.scatter(along, indices, 1).reshape(data.shape)
    if ret_typ == "value":
        return values
    indices = indices.to(dtype=dtypes.by_name[dtype].torch)
    return (values, indices) if ret_typ == "both" else indices
