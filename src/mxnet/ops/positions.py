"""Positions of elements: as values (index_array, arange_like), and of the rows that are chosen or replaced."""

from __future__ import annotations

import torch
from torch import Tensor

from .arithmetic import number
from .attributes import Shape
from .registry import operator
from .shapes import normalize_axis

__all__: list[str] = []


@operator("_contrib_arange_like", differentiable=False)
def arange_like(
    data: Tensor, *, start: float = 0.0, step: float = 1.0, repeat: int = 1, ctx: str = "", axis: int | None = None
) -> Tensor:
    """``start``, ``start + step``, ..., in the dtype of ``data``: as many as data has elements, or along ``axis``.

    Each number comes ``repeat`` times; the count stays. Returns data's shape, or (size of the axis,). ``ctx`` is
    accepted for MXNet's sake.
    """
    if repeat < 1:
        raise ValueError(f"repeat must be at least 1, but is {repeat}")
    shape = data.shape if axis is None else data.shape[normalize_axis(axis, data.dim()) :][:1]
    places = torch.arange(shape.numel(), device=data.device)
    if repeat > 1:
        places = torch.div(places, repeat, rounding_mode="floor")
    if data.is_floating_point():
        wide = data.dtype if data.dtype.itemsize >= 4 else torch.float32  # else too narrow to count in
        numbers = (places.to(wide) * step + start).to(dtype=data.dtype)
    else:
        numbers = (places * number(places, step) + number(places, start)).to(dtype=data.dtype)
    return numbers.view(shape)


@operator("_contrib_index_array", types="T -> int64", differentiable=False)
def index_array(data: Tensor, *, axes: Shape | None = None) -> Tensor:
    """For each element of ``data`` its indices, int64, on a new last axis: along all axes, or along ``axes``."""
    chosen = range(data.dim()) if axes is None else [normalize_axis(axis, data.dim()) for axis in axes]
    if not chosen:
        return torch.empty((*data.shape, 0), dtype=torch.int64, device=data.device)
    grids = torch.meshgrid(*(torch.arange(size, device=data.device) for size in data.shape), indexing="ij")
    return torch.stack([grids[axis] for axis in chosen], -1)


@operator("_contrib_index_copy", types="T, I, T -> T", mixed=True)
def index_copy(old_tensor: Tensor, index_vector: Tensor, new_tensor: Tensor) -> Tensor:
    """``old_tensor`` with the rows of ``new_tensor`` in place of those at ``index_vector``.

    old_tensor: (M, ...) · index_vector: (N,), of any dtype · new_tensor: (N, ...) · returns (M, ...). Of several rows
    for one place the last one stays.
    """
    if index_vector.dim() != 1 or new_tensor.shape != index_vector.shape + old_tensor.shape[1:]:
        raise ValueError(
            "index_vector must have one axis, and new_tensor for each index a row like those of old_tensor"
        )
    if new_tensor.dtype is not old_tensor.dtype:
        raise ValueError("old_tensor and new_tensor must have the same dtype")
    index = index_vector.long()
    if not index.is_meta and bool(((index < 0) | (index >= len(old_tensor))).any()):
        raise IndexError(f"an index is out of range: they must lie in 0 ... {len(old_tensor) - 1}")
    return torch.index_copy(old_tensor, 0, index, new_tensor)


@operator("_contrib_boolean_mask", types="T, I -> T", mixed=True, dynamic=True)
def boolean_mask(data: Tensor, index: Tensor, *, axis: int = 0) -> Tensor | None:
    """The rows of ``data`` where ``index`` is not 0.

    data: (N, ...) · index: (N,), of any dtype · axis: 0 · returns (number of rows chosen, ...). Before there are values
    nobody knows that number, so in a graph this shape stays unknown.
    """
    if axis != 0:
        raise ValueError(f"axis must be 0, but is {axis}")
    if index.dim() != 1 or index.shape != data.shape[:1]:
        raise ValueError(f"index must have shape {tuple(data.shape[:1])}, one number for each row of data")
    if data.is_meta:
        return None
    return data[index.bool()]
