"""New arrays: from values, from shapes, from other libraries' memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .. import context as contexts
from .. import dtypes
from ..base import _Null
from ..context import Context
from .face import face
from .ndarray import NDArray, array_from_tensor, wrap

__all__ = [
    "arange",
    "array",
    "empty",
    "eye",
    "from_dlpack",
    "from_numpy",
    "full",
    "linspace",
    "ones",
    "to_dlpack_for_read",
    "to_dlpack_for_write",
    "zeros",
]

_default = np.float32


def array(source_array: Any, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """An array with a copy of these values.

    source_array: NDArray, NumPy array, nested lists of numbers, or a number. dtype: float32 by default, except that
    NDArrays keep theirs. Raises TypeError for what is not like an array.
    """
    ctx = contexts.resolve(ctx)
    if isinstance(source_array, NDArray):
        dtype = source_array.dtype if dtype is None else dtype
        return wrap(source_array._data.to(ctx.torch_device, dtypes.resolve(dtype).torch, copy=True), ctx)
    if isinstance(source_array, torch.Tensor):
        source_array = source_array.detach().cpu().numpy()
    target = dtypes.resolve(_default if dtype is None else dtype)
    values = source_array
    if not isinstance(values, np.ndarray):
        try:
            values = np.array(values, dtype=None if target.name == "bfloat16" else target.numpy)
        except (TypeError, ValueError):
            raise TypeError(f"source_array must be array like object, but got {source_array!r:.80}") from None
    if values.dtype.kind not in "biuf":
        raise TypeError(f"source_array must hold numbers, but has dtype {values.dtype}.")
    if target.name != "bfloat16":
        values = values.astype(target.numpy)  # always copies
    tensor = torch.from_numpy(np.ascontiguousarray(values).reshape(values.shape))
    return wrap(tensor.to(ctx.torch_device, target.torch), ctx)


def empty(shape: int | Sequence[int], ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """An array whose values are whatever was in memory."""
    ctx = contexts.resolve(ctx)
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return wrap(torch.empty(shape, dtype=dtypes.resolve(dtype).torch, device=ctx.torch_device), ctx)


def zeros(shape: int | Sequence[int], ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """An array of zeros; float32 by default."""
    return _create("_zeros", ctx, kwargs, shape=shape, dtype=_default if dtype is None else dtype)


def ones(shape: int | Sequence[int], ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """An array of ones; float32 by default."""
    return _create("_ones", ctx, kwargs, shape=shape, dtype=_default if dtype is None else dtype)


def full(
    shape: int | Sequence[int],
    val: float,
    ctx: Context | None = None,
    dtype: Any = _default,
    out: NDArray | None = None,
) -> NDArray:
    """An array filled with one value; float32 by default."""
    target = empty(shape, ctx, dtype) if out is None else out
    target[:] = val
    return target


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool | None = None,
    ctx: Context | None = None,
    dtype: Any = _default,
) -> NDArray:
    """Numbers from ``start`` up to but without ``stop`` (from 0 to ``start`` when alone), each ``repeat`` times."""
    if stop is None:
        start, stop = 0, start
    return _create("_arange", ctx, {}, start=start, stop=stop, step=step, repeat=repeat, dtype=dtype)


def linspace(
    start: float,
    stop: float,
    num: int,
    endpoint: bool = True,
    ctx: Context | None = None,
    dtype: Any = _default,
) -> NDArray:
    """``num`` evenly spaced numbers from ``start`` to ``stop``."""
    return _create("_linspace", ctx, {}, start=start, stop=stop, num=num, endpoint=endpoint, dtype=dtype)


def eye(N: int, M: int = 0, k: int = 0, ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """A matrix (N, M), square for M = 0, with ones on the k-th diagonal and zeros elsewhere."""
    return _create("_eye", ctx, kwargs, N=N, M=M, k=k, dtype=_default if dtype is None else dtype)


def from_numpy(ndarray: np.ndarray, zero_copy: bool = True, array_cls: type = NDArray) -> NDArray:
    """An array with a NumPy array's values, and its memory unless ``zero_copy`` is false.

    Raises ValueError when memory shall be shared but is not C-contiguous. The NumPy array becomes read-only, as in MXNet.
    """
    if not zero_copy:
        return array(ndarray, dtype=ndarray.dtype)
    if not ndarray.flags["C_CONTIGUOUS"]:
        raise ValueError("Only c-contiguous arrays are supported for zero-copy")
    shared = array_from_tensor(torch.from_numpy(ndarray))
    ndarray.flags["WRITEABLE"] = False
    return shared


def from_dlpack(dlpack: Any) -> NDArray:
    """An array that shares memory with a DLPack capsule, or with any object that has ``__dlpack__``."""
    return array_from_tensor(torch.from_dlpack(dlpack))


def to_dlpack_for_read(data: NDArray) -> Any:
    return data.to_dlpack_for_read()


def to_dlpack_for_write(data: NDArray) -> Any:
    return data.to_dlpack_for_write()


def _create(name: str, ctx: Context | None, kwargs: dict[str, Any], **attributes: Any) -> NDArray:
    kwargs = {k: v for k, v in kwargs.items() if v is not _Null}
    return face(name)(ctx=str(contexts.resolve(ctx)), **attributes, **kwargs)
