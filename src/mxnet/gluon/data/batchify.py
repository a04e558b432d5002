"""From samples to a batch: the functions that stack them, and the short way for datasets that are arrays already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import ndarray as nd
from ...context import Context, cpu, current_context
from ...dtypes import resolve
from ...ndarray import NDArray
from .dataset import ArrayDataset

__all__ = ["default_batchify_fn", "default_mp_batchify_fn", "fetch"]


def default_batchify_fn(data: Sequence[Any]) -> Any:
    """Stack samples along a new first axis.

    NDArrays keep their context and dtype. Numbers, NumPy arrays and lists become one NDArray on the current context, of
    the dtype that NumPy finds for them: Python ints give int64, floats float64. Samples that are tuples are stacked
    part by part, into a list.

    Raises MXNetError (NDArrays), ValueError (anything else) for samples of different shapes, ValueError for tuples of
    different lengths, TypeError for samples that are not numeric.
    """
    return _stack(data, None)


def default_mp_batchify_fn(data: Sequence[Any]) -> Any:
    """Stack samples as ``default_batchify_fn`` does, on ``cpu(0)`` whatever their context is: workers use this."""
    return _stack(data, cpu())


def fetch(dataset: Any, batchify_fn: Callable[[list[Any]], Any], indices: Sequence[Any]) -> Any:
    """One batch: ``batchify_fn([dataset[i] for i in indices])``.

    An ArrayDataset that is stacked by default is indexed with all indices at once instead, array by array, which gives
    the same batch in a fraction of the time.
    """
    by_default = batchify_fn is default_batchify_fn or batchify_fn is default_mp_batchify_fn
    if not by_default or type(dataset) is not ArrayDataset:
        return batchify_fn([dataset[i] for i in indices])
    ctx = cpu() if batchify_fn is default_mp_batchify_fn else None
    rows = _rows(indices, len(dataset))
    if rows is None:
        return _stack([dataset[i] for i in indices], ctx)  # which raises the error that fits, if any
    parts = [_gather(array, rows, indices, ctx) for array in dataset._data]
    return parts[0] if len(parts) == 1 else parts


def _rows(indices: Sequence[Any], length: int) -> np.ndarray | None:
    """The indices as an array, if they are legal ones, as they nearly always are."""
    try:
        rows = np.asarray(indices)
    except ValueError:
        return None
    if rows.ndim != 1 or not rows.size or rows.dtype.kind not in "iu" or rows.min() < -length or rows.max() >= length:
        return None
    return rows


def _gather(array: Any, rows: np.ndarray, indices: Sequence[Any], ctx: Context | None) -> Any:
    """``_stack([array[i] for i in indices], ctx)``, with ``rows`` being the indices as an array."""
    if type(array) is NDArray:
        index = nd.array(rows, ctx=array.context, dtype="int64")
        return _move(nd.take(array, index, mode="wrap"), ctx)  # "wrap": negative ones count from the end
    if type(array) in (np.ndarray, np.memmap) and array.dtype.kind in "biuf":
        return _wrap(array[rows], ctx)
    return _stack([array[i] for i in indices], ctx)


def _stack(data: Sequence[Any], ctx: Context | None) -> Any:
    first = data[0]
    if isinstance(first, NDArray):
        return _move(nd.stack(*data), ctx)
    if isinstance(first, tuple):
        lengths = {len(sample) for sample in data}
        if len(lengths) > 1:
            raise ValueError(f"samples of one batch must be tuples of one length, but got lengths {sorted(lengths)}")
        return [_stack(part, ctx) for part in zip(*data, strict=True)]
    try:
        stacked = np.array(data)
    except ValueError:  # from NumPy: "inhomogeneous shape"
        shapes = sorted(set(map(_shape, data)))
        raise ValueError(
            f"samples of one batch must have one shape to be stacked, but got {' and '.join(shapes)}. "
            "Bring them to one shape in a transform, or pad them in a batchify_fn."
        ) from None
    return _wrap(stacked, ctx)


def _shape(sample: Any) -> str:
    """The shape of a sample, in words."""
    try:
        return str(np.shape(sample))
    except ValueError:  # rows of several lengths
        return f"({len(sample)}, ?)"


def _move(array: NDArray, ctx: Context | None) -> NDArray:
    return array if ctx is None else array.as_in_context(ctx)


def _wrap(array: np.ndarray, ctx: Context | None) -> NDArray:
    """An NDArray of memory that nobody else holds."""
    try:
        resolve(array.dtype)
    except TypeError:
        raise TypeError(
            f"samples of dtype {array.dtype} cannot become an NDArray. "
            "Convert them to numbers in a transform, or collect them in a batchify_fn."
        ) from None
    native = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    return nd.from_numpy(native).as_in_context(ctx or current_context())
