"""Reading and writing parts of arrays: ``x[key]`` and ``x[key] = value``.

Basic keys (numbers, slices, None, Ellipsis) that select one contiguous piece of memory give a view; other basic keys and all
advanced ones (lists, NumPy arrays, NDArrays of numbers) give a copy. A result never has shape (): it has shape (1,), as in MXNet.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .._state import state
from ..base import MXNetError, numeric_types

if TYPE_CHECKING:
    from .ndarray import NDArray

__all__ = ["read", "write"]

_WHOLE = slice(None)


def read(array: NDArray, key: Any) -> NDArray:
    """``array[key]``. Raises IndexError (out of range, too many indices) or ValueError (no kind of key)."""
    from .ndarray import wrap

    tensor = array._source()
    if key.__class__ is int:  # the loop over a batch, the row of a matrix
        size = tensor.shape[0] if tensor.dim() else 0
        if not -size <= key < size:
            raise IndexError(f"index {key} is out of bounds for axis 0 with size {size}")
        result = tensor[key]
    else:
        key, flips, advanced = _normalize(array, key)
        try:
            result = tensor[key]
        except (IndexError, RuntimeError) as error:
            raise IndexError(_plain(error, array)) from None
        if flips:
            result = result.flip(flips)
        elif not advanced and not result.is_contiguous():
            result = result.clone(memory_format=torch.contiguous_format)
    if result.dim() == 0 and tensor.dim():
        result = result.reshape(1)
    return wrap(result, array._ctx)


def write(array: NDArray, key: Any, value: Any) -> None:
    """``array[key] = value``, with broadcasting and conversion of the value's dtype.

    Raises IndexError or ValueError as ``read`` does, ValueError when the value does not fit, TypeError when it is no number or array,
    MXNetError when the array or the value is being recorded in a way that a partial write would break.
    """
    from .ndarray import NDArray, copy_into

    data = array._data
    whole = (isinstance(key, slice) and key == _WHOLE) or key is Ellipsis
    if state.recording and (array._graph is not None or (isinstance(value, NDArray) and value._graph is not None)):
        if not whole or array._graph is not None:
            raise MXNetError(
                "Inplace operations (+=, -=, x[:]=, etc) are not supported when recording with autograd: "
                f"writing into an array of shape {array.shape} that takes part in the graph. Compute a new array instead."
            )
        copy_into(array, _fit(value._source(), data.shape))
        return
    source = _value(array, value)
    if whole:
        data.copy_(source if source.dim() == 0 else _fit(source, data.shape))
        return
    key, flips, advanced = _normalize(array, key)
    try:
        if advanced:
            data[key] = _fit(source, data[key].shape).to(data.dtype)
            return
        region = data[key]
    except (IndexError, RuntimeError) as error:
        raise IndexError(_plain(error, array)) from None
    source = source if source.dim() == 0 else _fit(source, region.shape)
    region.copy_(source.flip(flips) if flips and source.dim() else source)


def _normalize(array: NDArray, key: Any) -> tuple[tuple, list[int], bool]:
    """The key as torch takes it; the axes of the result to reverse (torch has no negative steps); whether it is advanced."""
    from .ndarray import NDArray

    if isinstance(key, (list, np.ndarray, NDArray)) or not isinstance(key, tuple):
        key = (key,)
    consumed = sum(1 for k in key if k is not None and k is not Ellipsis)
    ndim = array.ndim
    if consumed > ndim:
        raise IndexError(f"too many indices ({consumed}) for array with {ndim} dimensions")
    result: list[Any] = []
    flips: list[int] = []
    axis, out_axis, advanced = 0, 0, False
    for part in key:
        if part is None:
            out_axis += 1
        elif part is Ellipsis:
            axis += ndim - consumed
            out_axis += ndim - consumed
        elif isinstance(part, slice):
            part, flip = _slice(part, array.shape[axis])
            if flip:
                flips.append(out_axis)
            axis += 1
            out_axis += 1
        elif isinstance(part, (int, np.integer)):
            size = array.shape[axis]
            if not -size <= part < size:
                raise IndexError(f"index {part} is out of bounds for axis {axis} with size {size}")
            part = int(part)
            axis += 1
        else:
            part = _indices(array, part, array.shape[axis], axis)
            advanced = True
            axis += 1
        result.append(part)
    if advanced and flips:
        raise IndexError("slices with a negative step cannot be combined with index arrays; reverse in a second step.")
    return tuple(result), flips, advanced


def _slice(part: slice, size: int) -> tuple[slice, bool]:
    """A slice with a positive step that selects the same elements, and whether their order must be reversed."""
    try:
        start, stop, step = part.indices(size)
    except TypeError:
        raise ValueError(f"NDArray does not support slicing with key {part}: its parts must be integers.") from None
    if step > 0:
        return slice(start, max(start, stop), step), False
    count = max(0, math.ceil((stop - start) / step))
    if count == 0:
        return slice(0, 0, 1), False
    last = start + (count - 1) * step
    return slice(last, start + 1, -step), True


def _indices(array: NDArray, part: Any, size: int, axis: int) -> torch.Tensor:
    """An index array as integers on the array's device. Raises IndexError for one out of range."""
    from .ndarray import NDArray

    if isinstance(part, NDArray):
        values = part._data
        if values.dtype is torch.bool:
            raise ValueError(
                "Cannot perform boolean indexing in legacy mode. Use mx.nd.contrib.boolean_mask, or NumPy arrays."
            )
    elif isinstance(part, (list, tuple, np.ndarray)):
        # Like MXNet, indices may be floats that hold whole numbers, and truth values count as 0 and 1.
        values = torch.from_numpy(np.asarray(part).astype(np.int64))
    else:
        raise ValueError(f"NDArray does not support slicing with key {part} of type {type(part)}.")
    values = values.to(array._data.device, torch.int64)
    if values.numel():
        low, high = int(values.min()), int(values.max())
        if low < -size or high >= size:
            wrong = low if low < -size else high
            raise IndexError(f"index {wrong} is out of bounds for axis {axis} with size {size}")
    return values


def _value(array: NDArray, value: Any) -> torch.Tensor:
    """What is written, as a tensor."""
    from .ndarray import NDArray

    data = array._data
    if isinstance(value, NDArray):
        return value._data.to(data.device)
    if isinstance(value, (bool, *numeric_types)):
        return torch.as_tensor(value.item() if isinstance(value, np.generic) else value)
    if isinstance(value, (list, tuple, np.ndarray)):
        try:
            return torch.from_numpy(np.array(value)).to(data.device)
        except (ValueError, TypeError):
            pass
    raise TypeError(
        f"{type(array).__name__} does not support assignment with non-array-like object {value!r} of type {type(value)}"
    )


def _fit(source: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """Broadcast a value to the shape of what it is written to; extra leading dimensions of size 1 are dropped."""
    given = source.shape
    while source.dim() > len(shape) and source.shape[0] == 1:
        source = source[0]
    try:
        return source.expand(shape)
    except RuntimeError:
        raise ValueError(
            "operands could not be broadcast together with remapped shapes[original->remapped]: "
            f"{tuple(given)} and requested shape {tuple(shape)}"
        ) from None


def _plain(error: Exception, array: NDArray) -> str:
    return f"{str(error).splitlines()[0]} (array of shape {array.shape})"
