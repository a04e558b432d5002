"""New arrays: from values, from shapes, from other libraries' memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from .. import context as contexts
from .. import dtypes
from ..base import MXNetError
from ..context import Context
from ..ops import registry
from ..ops.sparse import storage
from . import convert
from .face import face
from .ndarray import NDArray, wrap

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
        if source_array.stype != "default":
            return source_array.astype(dtype).as_in_context(ctx)
        source_array = source_array._data
    if hasattr(source_array, "tocsr"):  # SciPy's
        from .sparse import csr_matrix

        return csr_matrix(source_array, ctx=ctx, dtype=dtype)
    tensor = convert.to_tensor(source_array, dtypes.resolve(_default if dtype is None else dtype))
    return wrap(tensor.to(ctx.torch_device), ctx)


def empty(
    shape: int | Sequence[int], ctx: Context | None = None, dtype: Any = None, stype: str | None = None
) -> NDArray:
    """An array whose values are whatever was in memory; sparse ones store nothing."""
    if stype not in (None, "default"):
        return _sparse_zeros(stype, shape, ctx, dtype)
    ctx = contexts.resolve(ctx)
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return wrap(torch.empty(shape, dtype=dtypes.resolve(dtype).torch, device=ctx.torch_device), ctx)


def zeros(
    shape: int | Sequence[int],
    ctx: Context | None = None,
    dtype: Any = None,
    stype: str | None = None,
    **kwargs: Any,
) -> NDArray:
    """An array of zeros; float32 by default. stype: 'default', or one of the sparse storages, 'csr' and 'row_sparse'.

    Raises ValueError for another stype.
    """
    if stype is None and not kwargs and is_plain(shape):
        return _filled(_makers["_zeros"], (shape,), ctx, dtype)
    if stype not in (None, "default"):
        return _sparse_zeros(stype, shape, ctx, dtype)
    return _create("_zeros", ctx, kwargs, shape=shape, dtype=_default if dtype is None else dtype)


def ones(shape: int | Sequence[int], ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """An array of ones; float32 by default."""
    if not kwargs and is_plain(shape):
        return _filled(_makers["_ones"], (shape,), ctx, dtype)
    return _create("_ones", ctx, kwargs, shape=shape, dtype=_default if dtype is None else dtype)


def full(
    shape: int | Sequence[int],
    val: float,
    ctx: Context | None = None,
    dtype: Any = _default,
    out: NDArray | None = None,
) -> NDArray:
    """An array filled with one value; float32 by default."""
    if out is None and is_plain(shape) and _fits(val, dtype):
        return _filled(_makers["_full"], (shape, val), ctx, dtype)
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
    dtype = np.float64 if dtype is None else dtype  # so says NumPy, and so does MXNet
    if repeat == 1 and not infer_range and start.__class__ is stop.__class__ is int and step == 1 and start < stop:
        return _filled(_makers["_arange"], (start, stop), ctx, dtype)
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
    dtype = np.float64 if dtype is None else dtype
    return _create("_linspace", ctx, {}, start=start, stop=stop, num=num, endpoint=endpoint, dtype=dtype)


def eye(N: int, M: int = 0, k: int = 0, ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """A matrix (N, M), square for M = 0, with ones on the k-th diagonal and zeros elsewhere."""
    return _create("_eye", ctx, kwargs, N=N, M=M, k=k, dtype=_default if dtype is None else dtype)


def from_numpy(ndarray: np.ndarray, zero_copy: bool = True, array_cls: type = NDArray) -> NDArray:
    """An array with a NumPy array's values, and its memory unless ``zero_copy`` is false.

    The NumPy array becomes read-only, as in MXNet. Raises ValueError for a dtype that NDArrays lack, and for memory to
    be shared that is not C-contiguous.
    """
    if not zero_copy:
        return array(ndarray, dtype=ndarray.dtype)
    if not ndarray.flags["C_CONTIGUOUS"]:
        raise ValueError("Only c-contiguous arrays are supported for zero-copy; give zero_copy=False.")
    if ndarray.dtype.name not in dtypes.by_name or not ndarray.dtype.isnative:
        raise ValueError(f"{ndarray.dtype} is not supported. Use one of {', '.join(dtypes.by_name)}.")
    with warnings.catch_warnings():  # torch warns of read-only memory, which a second call for the same array finds
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        shared = wrap(torch.from_numpy(ndarray), contexts.cpu())
    ndarray.flags["WRITEABLE"] = False
    return shared if array_cls is NDArray else array_cls(shared)


def from_dlpack(dlpack: Any) -> NDArray:
    """An array that shares memory with a DLPack capsule, or with any object that has ``__dlpack__``.

    Raises AssertionError for what is neither, or a capsule that was used before, and MXNetError for a tensor whose
    dtype NDArrays lack or whose elements do not lie one after the other.
    """
    try:
        tensor = torch.from_dlpack(dlpack)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise AssertionError(f"from_dlpack wants an unused DLPack capsule, but got {dlpack!r:.80}: {error}") from None
    if tensor.dtype not in dtypes.by_torch:
        raise MXNetError(f"from_dlpack: {tensor.dtype} is not supported. Use one of {', '.join(dtypes.by_name)}.")
    if not tensor.is_contiguous():
        raise MXNetError(f"from_dlpack: strides {tensor.stride()} leave gaps. Make a contiguous copy first.")
    return NDArray(tensor)


def to_dlpack_for_read(data: NDArray) -> Any:
    return data.to_dlpack_for_read()


def to_dlpack_for_write(data: NDArray) -> Any:
    return data.to_dlpack_for_write()


# What ordinary calls run: torch's functions, in place of those of operators.
_makers: dict[str, Callable[..., torch.Tensor]] = {}
for _name, _make in {"_zeros": torch.zeros, "_ones": torch.ones, "_full": torch.full, "_arange": torch.arange}.items():
    registry.get(_name).bind(partial(_makers.__setitem__, _name), _make)


def _create(name: str, ctx: Context | None, kwargs: dict[str, Any], **attributes: Any) -> NDArray:
    ctx = contexts.resolve(ctx)
    if kwargs:  # out=..., or an argument that is none
        return face(name)(ctx=str(ctx), **attributes, **kwargs)
    op = registry.get(name)
    values = op.parse(attributes)
    try:
        return wrap(op.function(**values, _device=ctx.torch_device), ctx)
    except Exception as error:
        raise op.failure(error, (), values) from None


def is_plain(shape: Any) -> bool:
    """Whether a shape is a tuple of positive ints: what the operators' definitions need not look at."""
    if shape.__class__ is not tuple or not shape:
        return False
    for size in shape:  # noqa: SIM110 - all() takes three times as long
        if size.__class__ is not int or size < 1:
            return False
    return True


def _fits(value: Any, dtype: Any) -> bool:
    """Whether a number means the same in this dtype, whichever it is, so that nothing needs to be cut or wrapped."""
    if value.__class__ is int:
        return 0 <= value <= 127
    return value.__class__ is float and -65504 <= value <= 65504 and dtypes.resolve(dtype).torch.is_floating_point


def _filled(make: Callable[..., torch.Tensor], arguments: tuple, ctx: Context | None, dtype: Any) -> NDArray:
    """A new array by one of torch's functions: the short way of the ordinary call."""
    ctx = contexts.current_context() if ctx is None else contexts.resolve(ctx)
    try:
        return wrap(make(*arguments, dtype=dtypes.resolve(dtype).torch, device=ctx.torch_device), ctx)
    except RuntimeError as error:  # no memory for it
        raise MXNetError(f"cannot make an array, {make.__name__}{arguments}: {error}") from None


def _sparse_zeros(stype: str, shape: int | Sequence[int], ctx: Context | None, dtype: Any) -> NDArray:
    ctx = contexts.resolve(ctx)
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    row = dtypes.resolve(_default if dtype is None else dtype)
    if stype == "csr" and len(sizes) != 2:
        raise MXNetError(f"csr storage is for matrices: two axes, but the shape is {sizes}")
    try:
        return wrap(storage.zeros(stype, sizes, row.torch, ctx.torch_device), ctx)
    except RuntimeError as error:  # no memory for it
        raise MXNetError(f"cannot make a {stype} array of shape {sizes}: {error}") from None
