"""The classes of sparse arrays: CSRNDArray for matrices, RowSparseNDArray for arrays of which few rows are not zero.

Their ``_data`` is a sparse torch tensor (see ``mxnet.ops.sparse.storage``). Operators that know the storage keep it;
the others compute with a dense copy and return a dense array.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np
import torch

from ... import context as contexts
from ... import dtypes
from ...base import MXNetError, NotSupportedForSparseNDArray, numeric_types
from ...context import Context
from ...ops.sparse import storage
from .. import binary
from ..convert import to_tensor
from ..gradient import refill
from ..ndarray import CLASSES, NDArray, copy_into, wrap

__all__ = ["BaseSparseNDArray", "CSRNDArray", "RowSparseNDArray"]


def _by_shape(same: str, broadcast: str, scalar: str) -> Any:
    """The method for an operator of Python's: between arrays of one shape it keeps sparse storage."""

    def method(self: NDArray, other: Any) -> NDArray:
        if isinstance(other, NDArray):
            return self._face(same if other.shape == self.shape else broadcast)(self, other)
        if isinstance(other, numeric_types):
            return self._face(scalar)(self, scalar=float(other))
        raise TypeError(f"type {type(other)} not supported")

    return method


def _in_place(method: Callable[[NDArray, Any], NDArray]) -> Any:
    """The method for ``self <operator>= other``: a dense result becomes sparse again."""

    def update(self: NDArray, other: Any) -> NDArray:
        result = method(self, other)._source()
        if result.requires_grad:
            raise MXNetError("in-place operations (+=, -=, x[:]=) are not supported when recording with autograd")
        return copy_into(self, result)

    return update


class BaseSparseNDArray(NDArray):
    """What CSRNDArray and RowSparseNDArray have in common."""

    __slots__ = ()
    __module__ = "mxnet.ndarray.sparse"

    _stype: storage.Stype

    @property
    def stype(self) -> str:
        return self._stype

    @property
    def size(self) -> NoReturn:
        raise NotImplementedError(f"{type(self).__name__} has no size: use .shape, or .data.size for what is stored.")

    @property
    def handle(self) -> ctypes.c_void_p:
        """The address of the first stored value."""
        return ctypes.c_void_p(storage.parts(self._data)[0].data_ptr())

    def __repr__(self) -> str:
        return f"\n<{type(self).__name__} {'x'.join(map(str, self.shape))} @{self._ctx}>"

    __str__ = __repr__

    def __bool__(self) -> bool:
        raise ValueError("The truth value of an NDArray with multiple elements is ambiguous.")

    __nonzero__ = __bool__

    def _only_element(self, target: str) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} does not convert to {target}.")

    __add__ = _by_shape("elemwise_add", "broadcast_add", "_plus_scalar")
    __sub__ = _by_shape("elemwise_sub", "broadcast_sub", "_minus_scalar")
    __mul__ = _by_shape("elemwise_mul", "broadcast_mul", "_mul_scalar")
    __truediv__ = _by_shape("elemwise_div", "broadcast_div", "_div_scalar")
    __div__ = __truediv__
    __iadd__, __isub__ = _in_place(__add__), _in_place(__sub__)
    __imul__, __itruediv__ = _in_place(__mul__), _in_place(__truediv__)
    __idiv__ = __itruediv__

    # The parts

    @property
    def data(self) -> NDArray:
        """A copy of the stored values."""
        return wrap(storage.parts(self._data)[0].clone(), self._ctx)

    def _index(self, i: int) -> NDArray:
        return wrap(storage.parts(self._data)[1][i].clone(), self._ctx)

    def check_format(self, full_check: bool = True) -> None:
        """Return when the index arrays are legal. They always are: arrays are checked when they are made."""

    # Copies and conversions

    def asnumpy(self) -> np.ndarray:
        """All elements, as a dense array of NumPy's."""
        return self.tostype("default").asnumpy()

    def asscalar(self) -> NoReturn:
        raise NotImplementedError(f"asscalar is not defined for {type(self).__name__}; use .asnumpy().")

    def astype(self, dtype: Any, copy: bool = True) -> NDArray:
        """The same storage with values of another dtype; the array itself if ``copy`` is false and the dtype is it."""
        target = dtypes.resolve(dtype).torch
        if not copy and target is self._data.dtype:
            return self
        values, where = storage.parts(self._data)
        return wrap(storage.from_parts(self._stype, values.to(target, copy=True), where, self.shape), self._ctx)

    def tostype(self, stype: str) -> NDArray:
        """A copy in another storage type: 'default' (dense) or its own. ValueError for the other sparse one."""
        if stype in storage.STYPES and stype not in ("default", self._stype):
            raise ValueError(f"cast_storage from {self._stype} to {stype} is not supported; go through 'default'")
        return self._face("cast_storage")(self, stype=stype)

    def copyto(self, other: NDArray | Context) -> NDArray:
        """Copy into another array, sparse or dense, or into a new one on another context; returns that array."""
        if isinstance(other, (Context, NDArray)):
            return super().copyto(other)
        raise TypeError(f"copyto does not support type {type(other)}")

    def broadcast_to(self, shape: Sequence[int]) -> NDArray:
        return self.tostype("default").broadcast_to(shape)

    def reshape(self, *shape: Any, **kwargs: Any) -> NoReturn:
        raise NotSupportedForSparseNDArray(self.reshape, None, *shape)

    def __getstate__(self) -> dict[str, bytearray]:
        return {"handle": binary.pack(to_record(self))}

    def __setstate__(self, state: dict[str, bytearray]) -> None:
        array = from_record(binary.unpack(state["handle"], "a pickled NDArray"), "a pickled NDArray")
        if type(array) is not type(self):
            raise MXNetError(f"Cannot load a pickled {type(self).__name__}: it holds storage {array.stype!r}.")
        self._graph, self._ctx, self._data = None, array._ctx, array._data


class CSRNDArray(BaseSparseNDArray):
    """A matrix in compressed sparse row format: ``data`` and column ``indices``, row after row, cut at ``indptr``.

    Row i holds ``data[indptr[i]:indptr[i + 1]]`` in the columns ``indices[indptr[i]:indptr[i + 1]]``. Made by
    ``mx.nd.sparse.csr_matrix`` or ``tostype('csr')``.
    """

    __slots__ = ()
    __module__ = "mxnet.ndarray.sparse"
    _stype = "csr"

    @property
    def indptr(self) -> NDArray:
        """(rows + 1,), int64: where each row begins in ``data``."""
        return self._index(0)

    @property
    def indices(self) -> NDArray:
        """(nnz,), int64: the columns of the stored values."""
        return self._index(1)

    def __getitem__(self, key: Any) -> NDArray:
        """A row, or rows next to each other, as a CSRNDArray."""
        if isinstance(key, (int, np.integer)):
            if not -self.shape[0] <= key < self.shape[0]:
                raise IndexError(f"row {key} is out of range for a matrix of {self.shape[0]} rows")
            begin = int(key) % self.shape[0]
            return self._face("slice")(self, begin=(begin,), end=(begin + 1,))
        if isinstance(key, slice):
            if key.step not in (None, 1):
                raise ValueError("CSRNDArray only supports continuous slicing on axis 0")
            if key == slice(None):
                return self
            begin, end, _ = key.indices(self.shape[0])
            if begin >= end:
                empty = (0, self.shape[1])
                return wrap(storage.zeros("csr", empty, self._data.dtype, self._data.device), self._ctx)
            return self._face("slice")(self, begin=(begin,), end=(end,))
        _refuse(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        """``x[:] = value``, where value is an array, sparse or dense, or one of NumPy's."""
        if not isinstance(key, slice):
            raise Exception("CSRNDArray only supports [:] for assignment")  # MXNet's class
        if key != slice(None):
            raise ValueError("Assignment with slice for CSRNDArray is not implemented: only [:] is")
        if isinstance(value, numeric_types):
            raise ValueError("Assigning numeric types to CSRNDArray is not implemented: give an array of its shape.")
        _assign(self, value)

    def asscipy(self) -> Any:
        """A copy as ``scipy.sparse.csr_matrix``. Raises ImportError where SciPy is not installed."""
        values, (indptr, indices) = storage.parts(self._data.cpu())
        return scipy_sparse().csr_matrix((values.numpy(), indices.numpy(), indptr.numpy()), shape=self.shape)


class RowSparseNDArray(BaseSparseNDArray):
    """An array of which only some rows (slices along the first axis) are stored: ``data[i]`` is row ``indices[i]``.

    The gradients of embeddings are such arrays. Made by ``mx.nd.sparse.row_sparse_array`` or
    ``tostype('row_sparse')``.
    """

    __slots__ = ()
    __module__ = "mxnet.ndarray.sparse"
    _stype = "row_sparse"

    @property
    def indices(self) -> NDArray:
        """(rows stored,), int64, increasing."""
        return self._index(0)

    def retain(self, indices: NDArray) -> NDArray:
        """The rows of these numbers; the others become zeros."""
        return self._face("_sparse_retain")(self, indices)

    def __getitem__(self, key: Any) -> NDArray:
        """``x[:]`` only, which is x itself."""
        if isinstance(key, (int, np.integer)):
            raise Exception("__getitem__ with int key is not implemented for RowSparseNDArray; use retain(...)")
        if isinstance(key, slice):
            if key != slice(None):
                raise Exception("RowSparseNDArray only supports [:] for __getitem__; use retain(...)")
            return self
        _refuse(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        """``x[:] = value``, where value is a number, an array, sparse or dense, or one of NumPy's."""
        if key != slice(None):
            raise TypeError("RowSparseNDArray only supports [:] for assignment")
        if isinstance(value, numeric_types):
            full = torch.full(self.shape, float(value), dtype=self._data.dtype, device=self._data.device)
            rows = torch.arange(self.shape[0], device=full.device) if value else torch.arange(0, device=full.device)
            refill(self, storage.row_sparse(full[: len(rows)], rows, self.shape))
            return
        _assign(self, value)


CLASSES[torch.sparse_csr] = CSRNDArray
CLASSES[torch.sparse_coo] = RowSparseNDArray


def _refuse(key: Any) -> NoReturn:
    what = "Multi-dimension indexing is not supported" if isinstance(key, tuple) else f"Undefined behaviour for {key}"
    raise ValueError(f"{what} for sparse arrays; use .tostype('default') first")


def _assign(target: BaseSparseNDArray, value: Any) -> None:
    if isinstance(value, NDArray):
        if value.shape != target.shape:
            raise ValueError(f"cannot assign an array of shape {value.shape} to one of shape {target.shape}")
        if value is not target:
            copy_into(target, value._data)
        return
    if not isinstance(value, (np.ndarray, np.generic, list, tuple)):
        raise TypeError(f"type {type(value)} not supported")
    _assign(target, wrap(to_tensor(value, dtypes.by_torch[target._data.dtype]), target._ctx))


def scipy_sparse() -> Any:
    """SciPy's sparse module, or ImportError."""
    try:
        import scipy.sparse
    except ImportError:
        raise ImportError("scipy could not be imported. Please make sure that the scipy is installed.") from None
    return scipy.sparse


# ---- files -----------------------------------------------------------------------------------------------------------


def to_record(array: NDArray) -> binary.Record:
    """What files hold of an array, sparse or dense."""
    where = (array._ctx.device_typeid, array._ctx.device_id)
    if not isinstance(array, BaseSparseNDArray):
        return binary.Record(array._data, where)
    values, indices = storage.parts(array._data)
    return binary.Record(values, where, array._stype, array.shape, indices)


def from_record(record: binary.Record, source: str) -> NDArray:
    """The array of a record. Raises MXNetError, naming the ``source``, for index arrays that fit nothing."""
    ctx = contexts.restored(*record.context)
    if record.storage == "default":
        return wrap(record.values.to(ctx.torch_device), ctx)
    shape: Sequence[int] = record.shape or ()
    try:
        tensor = storage.from_parts(record.storage, record.values, record.indices, shape)
    except (ValueError, RuntimeError) as error:
        raise MXNetError(f"Cannot load {source}: its {record.storage} storage is damaged: {error}.") from None
    return wrap(tensor.to(ctx.torch_device), ctx)
