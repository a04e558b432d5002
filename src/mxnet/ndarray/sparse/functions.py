"""Making sparse arrays, and arithmetic that keeps them sparse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import context, dtypes
from ...base import numeric_types
from ...context import Context
from ...ops.sparse import storage
from .. import creation
from ..convert import to_tensor
from ..face import face
from ..ndarray import NDArray, wrap
from .arrays import BaseSparseNDArray, CSRNDArray, RowSparseNDArray

__all__ = [
    "add",
    "array",
    "csr_matrix",
    "divide",
    "empty",
    "multiply",
    "row_sparse_array",
    "subtract",
    "zeros",
]


def zeros(stype: str, shape: int | Sequence[int], ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> Any:
    """Zeros in a storage type: 'default', 'csr' or 'row_sparse'. Raises ValueError for another one."""
    return creation.zeros(shape, ctx, dtype, stype, **kwargs)


def empty(stype: str, shape: int | Sequence[int], ctx: Context | None = None, dtype: Any = None) -> Any:
    """As ``zeros``: an array that stores nothing has nothing undefined in it."""
    return zeros(stype, shape, ctx, dtype)


def csr_matrix(arg1: Any, shape: Sequence[int] | None = None, ctx: Context | None = None, dtype: Any = None) -> Any:
    """A CSRNDArray.

    arg1: a matrix (nested lists, NumPy, an NDArray, a CSRNDArray, SciPy's csr_matrix) · a shape (M, N), for one that
    stores nothing · ``(data, indices, indptr)`` · ``(data, (row, col))``. shape follows from the indices when it is not
    given. dtype: that of arrays, float32 for lists. Raises ValueError when the parts do not go together.
    """
    where = context.resolve(ctx)
    if isinstance(arg1, tuple):
        if len(arg1) == 2 and all(isinstance(size, (int, np.integer)) for size in arg1):
            if shape is not None and tuple(shape) != arg1:
                raise ValueError(f"Shape mismatch detected. {arg1} v.s. {tuple(shape)}")
            return zeros("csr", arg1, ctx, dtype)
        if len(arg1) == 2:
            data, (row, col) = arg1
            rows, columns = _indices(row), _indices(col)
            sizes = _shape(shape, lambda: (_bound(rows), _bound(columns)))
            return _from_coordinates(data, rows, columns, sizes, where, dtype)
        if len(arg1) == 3 and not any(isinstance(part, (int, np.integer)) for part in arg1):
            data, columns, indptr = arg1[0], _indices(arg1[1]), _indices(arg1[2])
            sizes = _shape(shape, lambda: (len(indptr) - 1, _bound(columns)))
            return _make("csr", data, (indptr, columns), sizes, where, dtype)
        raise ValueError(
            f"Unexpected length of input tuple: {len(arg1)}; expected (M, N), (data, (row, col)) or (data, indices, "
            "indptr)"
        )
    return _from_array(arg1, "csr", CSRNDArray, shape, where, dtype)


def row_sparse_array(
    arg1: Any, shape: Sequence[int] | None = None, ctx: Context | None = None, dtype: Any = None
) -> Any:
    """A RowSparseNDArray.

    arg1: an array (nested lists, NumPy, an NDArray, a RowSparseNDArray) · a shape, for one that stores nothing ·
    ``(data, indices)``: rows and their numbers. shape: with the highest row number as the last when it is not given.
    dtype: that of arrays, float32 for lists. Raises ValueError when the parts do not go together.
    """
    where = context.resolve(ctx)
    if isinstance(arg1, tuple):
        if all(isinstance(size, (int, np.integer)) for size in arg1):
            if len(arg1) < 2:
                raise ValueError(f"Unexpected length of input tuple: {len(arg1)}")
            if shape is not None and tuple(shape) != arg1:
                raise ValueError(f"Shape mismatch detected. {arg1} v.s. {tuple(shape)}")
            return zeros("row_sparse", arg1, ctx, dtype)
        if len(arg1) != 2:
            raise ValueError(f"Unexpected length of input tuple: {len(arg1)}; expected (data, indices), or a shape")
        data, rows = arg1[0], _indices(arg1[1])
        sizes = _shape(shape, lambda: (_bound(rows), *np.shape(_numpy(data))[1:]))
        return _make("row_sparse", data, (rows,), sizes, where, dtype)
    return _from_array(arg1, "row_sparse", RowSparseNDArray, shape, where, dtype)


def array(source_array: Any, ctx: Context | None = None, dtype: Any = None) -> Any:
    """A copy of a sparse array: a CSRNDArray, a RowSparseNDArray, or SciPy's csr_matrix.

    Raises AssertionError for a dense NDArray (``tostype`` converts it), ValueError for anything else.
    """
    if isinstance(source_array, BaseSparseNDArray):
        copy = source_array.astype(dtype or source_array.dtype)
        return copy if ctx is None else copy.as_in_context(ctx)
    if isinstance(source_array, NDArray):
        raise AssertionError("Please use `tostype` to create RowSparseNDArray or CSRNDArray from an NDArray")
    if hasattr(source_array, "tocsr"):
        return csr_matrix(source_array, ctx=ctx, dtype=dtype)
    if isinstance(source_array, np.ndarray):
        raise ValueError(f"Please use mx.nd.array to create an NDArray from {type(source_array)}")
    raise ValueError(f"Unexpected source_array type: {type(source_array)}")


def _from_array(
    source: Any, stype: str, kind: type[BaseSparseNDArray], shape: Any, where: Context, dtype: Any
) -> NDArray:
    """The sparse array of all elements of something that is no tuple."""
    if isinstance(source, BaseSparseNDArray) and not isinstance(source, kind):
        raise ValueError(f"Unexpected input type: {type(source).__name__}; go through .tostype('default')")
    if stype == "csr" and hasattr(source, "tocsr"):  # SciPy's
        matrix = source.tocsr()
        found = _make("csr", matrix.data, (matrix.indptr, matrix.indices), matrix.shape, where, dtype)
    elif isinstance(source, NDArray):
        converted = source if isinstance(source, kind) else source.tostype(stype)
        found = array(converted, where, dtype)
    else:
        row = dtypes.resolve(dtype if dtype is not None else getattr(source, "dtype", None))
        found = wrap(to_tensor(source, row).to(where.torch_device), where).tostype(stype)
    if shape is not None and tuple(shape) != found.shape:
        raise ValueError(f"Shape mismatch detected. {found.shape} v.s. {tuple(shape)}")
    return found


def _from_coordinates(data: Any, rows: Any, columns: Any, shape: tuple, where: Context, dtype: Any) -> NDArray:
    """A csr of values at (row, column); those of one place are added up, as SciPy does it."""
    values = _numpy(data)
    if not rows.shape == columns.shape == values.shape:
        raise ValueError(
            f"data, row and col must have one length, but have {values.shape}, {rows.shape} and {columns.shape}"
        )
    if rows.size and not (rows.min() >= 0 and rows.max() < shape[0]):
        raise ValueError(f"row must lie in 0 to {shape[0] - 1}, but goes from {rows.min()} to {rows.max()}")
    order = np.argsort(rows, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    return _make("csr", values[order], (indptr, columns[order]), shape, where, dtype or _given_dtype(data))


def _make(stype: Any, data: Any, indices: Sequence[Any], shape: Sequence[int], where: Context, dtype: Any) -> NDArray:
    """A sparse array of parts, on a context."""
    row = dtypes.resolve(dtype if dtype is not None else _given_dtype(data))
    device = where.torch_device
    values = to_tensor(_numpy(data), row).to(device)
    index_row = dtypes.by_name["int64"]
    numbers = [to_tensor(part, index_row).to(device) for part in indices]
    return wrap(storage.from_parts(stype, values, numbers, tuple(shape)), where)


def _given_dtype(data: Any) -> Any:
    """The dtype of an array; that of lists is float32."""
    return getattr(data, "dtype", None)


def _numpy(data: Any) -> np.ndarray:
    return data.asnumpy() if isinstance(data, NDArray) else np.asarray(data)


def _indices(values: Any) -> np.ndarray:
    return _numpy(values).astype("int64")


def _bound(indices: np.ndarray) -> int:
    """The size of an axis that has these indices."""
    return int(indices.max()) + 1 if indices.size else 0


def _shape(given: Sequence[int] | None, infer: Any) -> tuple[int, ...]:
    return tuple(infer() if given is None else given)


# ---- arithmetic ------------------------------------------------------------------------------------------------------


def add(lhs: Any, rhs: Any) -> Any:
    """lhs + rhs, of arrays or numbers; two arrays of one shape and storage keep it, otherwise the sum is dense."""
    return _arithmetic(lhs, rhs, "elemwise_add", "broadcast_add", "_plus_scalar", "_plus_scalar")


def subtract(lhs: Any, rhs: Any) -> Any:
    """lhs - rhs, of arrays or numbers; two arrays of one shape and storage keep it."""
    return _arithmetic(lhs, rhs, "elemwise_sub", "broadcast_sub", "_minus_scalar", "_rminus_scalar")


def multiply(lhs: Any, rhs: Any) -> Any:
    """lhs * rhs, of arrays or numbers; a sparse array times a number, or a dense array of its shape, stays sparse."""
    return _arithmetic(lhs, rhs, "elemwise_mul", "broadcast_mul", "_mul_scalar", "_mul_scalar")


def divide(lhs: Any, rhs: Any) -> Any:
    """lhs / rhs, of arrays or numbers; a sparse array divided by a number stays sparse."""
    return _arithmetic(lhs, rhs, "elemwise_div", "broadcast_div", "_div_scalar", "_rdiv_scalar")


_PLAIN = {"elemwise_add": "add", "elemwise_sub": "subtract", "elemwise_mul": "multiply", "elemwise_div": "divide"}


def _arithmetic(lhs: Any, rhs: Any, same: str, broadcast: str, right: str, left: str) -> Any:
    numbers = isinstance(lhs, numeric_types), isinstance(rhs, numeric_types)
    if all(numbers):
        return getattr(np, _PLAIN[same])(lhs, rhs).item()
    if numbers[1]:
        return face(right)(lhs, scalar=float(rhs))
    if numbers[0]:
        return face(left)(rhs, scalar=float(lhs))
    if isinstance(lhs, NDArray) and isinstance(rhs, NDArray):
        return face(same if lhs.shape == rhs.shape else broadcast)(lhs, rhs)
    raise TypeError(f"types {type(lhs)} and {type(rhs)} not supported; expected arrays and numbers")
