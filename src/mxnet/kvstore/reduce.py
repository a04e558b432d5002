"""Sums and copies of many arrays over contexts, in few calls.

Contexts of one torch device (cpu(0) and cpu(1), say) share memory, so nothing is copied to add up what is there; from
other devices values are copied first.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..ndarray import NDArray
from ..ndarray.gradient import refill
from ..ops.sparse import storage

__all__ = ["copy_dense", "copy_out", "sum_in_place", "summed"]


def summed(values: Sequence[Sequence[NDArray]]) -> list[Tensor]:
    """The sum of the arrays of each key, as a tensor of its own, where the key's first array is."""
    columns = _columns(values)
    if columns is None:
        return [_sum(each) for each in values]
    if len(columns) == 1:
        return [tensor.clone() for tensor in columns[0]]
    total = list(torch._foreach_add(columns[0], columns[1]))
    for column in columns[2:]:
        torch._foreach_add_(total, column)
    return total


def sum_in_place(values: Sequence[Sequence[NDArray]]) -> None:
    """Write the sum of the arrays of each key into all of them."""
    columns = _columns(values)
    if columns is None:
        copy_out([_sum(each) for each in values], values)
    elif len(columns) > 1:
        first = columns[0]
        for column in columns[1:]:
            torch._foreach_add_(first, column)
        copy_dense(first, [each[1:] for each in values])


def copy_out(sources: Sequence[Tensor], targets: Sequence[Sequence[NDArray]]) -> None:
    """Copy the tensor of each key into all of the key's arrays, whatever their dtypes, devices and storages."""
    dense: list[tuple[Tensor, list[NDArray]]] = []
    for source, arrays in zip(sources, targets, strict=True):
        for array in arrays:
            target = array._data
            if target.layout is torch.strided:
                dense.append((storage.dense(source), [array]))
            else:
                kept = storage.cast(source, storage.stype(target))
                refill(array, kept.to(target.device, target.dtype, copy=True))
    copy_dense([source for source, _ in dense], [arrays for _, arrays in dense])


def copy_dense(sources: Sequence[Tensor], targets: Sequence[Sequence[NDArray]]) -> None:
    """``copy_out`` where everything is dense."""
    to = [array._data for arrays in targets for array in arrays]
    if to:
        torch._foreach_copy_(to, [s for s, arrays in zip(sources, targets, strict=True) for _ in arrays])


def _columns(values: Sequence[Sequence[NDArray]]) -> list[list[Tensor]] | None:
    """The tensors by context, each where the key's first one is; None where arrays are sparse or keys differ in their
    number of arrays.
    """
    counts = set(map(len, values))
    if len(counts) != 1:
        return None
    columns = [[each[i]._data for each in values] for i in range(counts.pop())]
    if {tensor.layout for column in columns for tensor in column} != {torch.strided}:
        return None
    if len({tensor.device for column in columns for tensor in column}) > 1:
        first = columns[0]
        columns[1:] = [[t.to(f.device) for t, f in zip(c, first, strict=True)] for c in columns[1:]]
    return columns


def _sum(arrays: Sequence[NDArray]) -> Tensor:
    """The sum of a key's arrays of any storage: sparse if all are, as they are."""
    total = arrays[0]._data
    if len(arrays) == 1:
        return total.clone()
    sparse = all(array._data.layout is total.layout for array in arrays)
    total = total if sparse else storage.dense(total)
    for array in arrays[1:]:
        total = total + (array._data if sparse else storage.dense(array._data)).to(total.device)
    return total.coalesce() if total.layout is torch.sparse_coo else total
