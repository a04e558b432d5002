"""Reading and writing parts of arrays: ``x[key]`` and ``x[key] = value``.

Basic keys (numbers, slices, None, Ellipsis) that select one contiguous piece of memory give a view; other basic keys
and all advanced ones (lists, NumPy arrays, NDArrays of numbers) give a copy. A single element has shape (1,), as in
MXNet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .. import dtypes
from .._state import state
from ..base import MXNetError, integer_types
from ..ops.shapes import forward_slice
from . import convert

if TYPE_CHECKING:
    from .ndarray import NDArray

__all__ = ["copy_tensor", "read", "write"]

_WHOLE = slice(None)
_WIDE = (torch.float32, torch.float64)


def read(array: NDArray, key: Any) -> NDArray:
    """``array[key]``.

    Raises IndexError (out of range, too many indices), ValueError (no kind of key) or TypeError (1.5 in a slice).
    """
    from .ndarray import wrap

    tensor = array._compact()
    result, flips, arrays = _select(array, tensor, key)
    if flips:
        result = result.flip(flips)
    if arrays:
        result = result[arrays]
    elif not result.is_contiguous():
        result = result.clone(memory_format=torch.contiguous_format)
    if result.dim() == 0 and tensor.dim():
        result = result.reshape(1)
    return wrap(result, array._ctx)


def write(array: NDArray, key: Any, value: Any) -> None:
    """``array[key] = value``, with broadcasting and conversion of the value's dtype.

    Raises IndexError, ValueError or TypeError as ``read`` does, ValueError when the value does not fit, TypeError when
    it holds no numbers, MXNetError when the array or the value is being recorded in a way that a partial write would
    break. An error leaves the array as it was.
    """
    from .ndarray import NDArray, copy_into

    data = array._data
    if state.recording and (array._graph is not None or (isinstance(value, NDArray) and value._graph is not None)):
        whole = key is Ellipsis or (isinstance(key, slice) and key == _WHOLE)
        if not whole or array._graph is not None:
            raise MXNetError(
                "Inplace operations (+=, -=, x[:]=, etc) are not supported when recording with autograd: "
                f"an array of shape {array.shape} that takes part in the graph. Compute a new array instead."
            )
        copy_into(array, _fit(value._source(), data.shape))
        return
    region, flips, arrays = _select(array, data, key)
    if not flips and not arrays and data.dtype in _WIDE and isinstance(value, (int, float)) and abs(value) < 1e18:
        region.fill_(value)  # the short way for the ordinary case
        return
    source = _value(array, value)
    target = region.flip(flips) if flips else region
    if not arrays:
        copy_tensor(target, _fit(source, target.shape))
    elif source.dim():
        target[arrays] = _fit(source, target[arrays].shape).to(data)
    else:
        target[arrays] = source.to(data)
    if flips:
        region.copy_(target.flip(flips))


def copy_tensor(target: torch.Tensor, source: torch.Tensor) -> None:
    """Copy values; also between overlapping pieces of one memory, where torch's ``copy_`` refuses or errs."""
    if source.untyped_storage().data_ptr() == target.untyped_storage().data_ptr():
        source = source.clone()
    target.copy_(source)


def _select(array: NDArray, tensor: torch.Tensor, key: Any) -> tuple[torch.Tensor, tuple[int, ...], tuple | None]:
    """A key in steps that torch can take, which has no negative steps and its own idea of where index arrays go.

    Returns the view of ``tensor`` by the key's numbers, slices and Nones; the axes of it to reverse; and the index
    arrays to select with after that, if there are any.
    """
    if all(map(_is_plain, key)) if key.__class__ is tuple else _is_plain(key):
        try:
            return tensor[key], (), None
        except IndexError:
            pass  # said better below
    shape = array.shape
    if not shape and isinstance(key, slice) and key == _WHOLE:
        return tensor, (), None  # x[:] is all of an array of shape (), too
    parts = _expand(key, len(shape))
    flips, axis, place = [], 0, 0  # axis: of the array; place: of the result of the basic step, if numbers keep theirs
    for i, part in enumerate(parts):
        if part is None:
            place += 1
            continue
        if isinstance(part, slice):
            parts[i], reverse = forward_slice(part, shape[axis])
            if reverse and parts[i].stop - parts[i].start > 1:
                flips.append(place)
        else:
            parts[i] = _number_or_array(array, part, axis)
        axis += 1
        place += 1
    if not any(isinstance(part, torch.Tensor) for part in parts):
        numbers = [i for i, part in enumerate(parts) if isinstance(part, int)]
        return tensor[tuple(parts)], tuple(f - sum(n < f for n in numbers) for f in flips), None
    # Beside arrays, a number counts as an array of one element, as in NumPy: that decides where the arrays' axes go.
    parts = [torch.tensor([part], device=tensor.device) if isinstance(part, int) else part for part in parts]
    basic = tuple(_WHOLE if isinstance(part, torch.Tensor) else part for part in parts)
    arrays = tuple(part if isinstance(part, torch.Tensor) else _WHOLE for part in parts)
    _check_shapes([part for part in arrays if isinstance(part, torch.Tensor)])
    return tensor[basic], tuple(flips), arrays


def _expand(key: Any, ndim: int) -> list:
    """The parts of a key, with the ellipsis written out."""
    parts = list(key) if isinstance(key, tuple) else [key]
    dots = [i for i, part in enumerate(parts) if part is Ellipsis]
    if len(dots) > 1:
        raise IndexError("a key can have one ellipsis (...) only")
    consumed = len(parts) - len(dots) - sum(part is None for part in parts)
    if consumed > ndim:
        raise IndexError(f"too many indices ({consumed}) for array with {ndim} dimensions")
    for i in dots:
        parts[i : i + 1] = [_WHOLE] * (ndim - consumed)
    return parts


def _is_plain(part: Any) -> bool:
    return part.__class__ is int or part is None or (part.__class__ is slice and part.step is None)


def _number_or_array(array: NDArray, part: Any, axis: int) -> int | torch.Tensor:
    """An index in range as an int, or several as a tensor of integers on the array's device."""
    from .ndarray import NDArray

    size = array.shape[axis]
    if isinstance(part, integer_types):
        low = high = part = int(part)
    else:
        if isinstance(part, NDArray):
            part = part._data
            if part.dtype is torch.bool:
                raise ValueError(
                    "NDArray does not support an array of bools as index. Use mx.nd.contrib.boolean_mask(data, index)."
                )
        elif not isinstance(part, (Sequence, np.ndarray)) or isinstance(part, (str, bytes)):
            raise ValueError(f"NDArray does not support slicing with key {part} of type {type(part)}.")
        # As in MXNet, floats are cut to whole numbers, and truth values outside of NDArrays count as 0 and 1.
        part = convert.to_tensor(part, dtypes.by_name["int64"], copy=False).to(array._data.device)
        if part.dim() == 0:
            low = high = part = int(part)
        elif part.numel():
            low, high = (int(bound) for bound in torch.aminmax(part))
        else:
            return part
    if low < -size or high >= size:
        raise IndexError(f"index {low if low < -size else high} is out of bounds for axis {axis} with size {size}")
    return part


def _check_shapes(arrays: Sequence[torch.Tensor]) -> None:
    try:
        torch.broadcast_shapes(*(a.shape for a in arrays))
    except RuntimeError:
        shapes = ", ".join(str(tuple(a.shape)) for a in arrays)
        raise ValueError(f"index arrays could not be broadcast together: their shapes are {shapes}") from None


def _value(array: NDArray, value: Any) -> torch.Tensor:
    """What is written, as a tensor on the array's device."""
    from .ndarray import NDArray

    data = array._data
    if isinstance(value, NDArray):
        return value._data.to(data.device)
    try:
        return convert.to_tensor(value, dtypes.by_torch[data.dtype], copy=False)
    except TypeError:
        raise TypeError(
            f"{type(array)} does not support assignment with non-array-like object {value!r:.80} of type {type(value)}"
        ) from None


def _fit(source: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """Broadcast a value to the shape of what it is written to; extra leading dimensions of size 1 are dropped."""
    given = source.shape
    if given == shape:
        return source
    while source.dim() > max(len(shape), 1) and source.shape[0] == 1:
        source = source[0]
    if source.dim() == 1 and source.numel() == 1:
        source = source[0]
    try:
        return source.expand(shape)
    except RuntimeError:
        raise ValueError(
            "operands could not be broadcast together with remapped shapes[original->remapped]: "
            f"{tuple(given)} and requested shape {tuple(shape)}"
        ) from None
