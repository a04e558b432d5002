"""Random sparse arrays, from NumPy's global generator: of uniform density, or with rows of growing length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .. import ndarray as nd
from ..context import Context
from ..ndarray import NDArray
from .dense import assign_each, random_arrays
from .process import default_dtype

__all__ = [
    "create_sparse_array",
    "create_sparse_array_zd",
    "rand_ndarray",
    "rand_sparse_ndarray",
    "shuffle_csr_column_indices",
]


def rand_ndarray(
    shape: Sequence[int],
    stype: str = "default",
    density: float | None = None,
    dtype: Any = None,
    modifier_func: Callable[[Any], Any] | None = None,
    shuffle_csr_indices: bool = False,
    distribution: str | None = None,
    ctx: Context | None = None,
) -> Any:
    """A random array of a storage type: standard normal numbers in a dense one, and see ``rand_sparse_ndarray``."""
    if stype == "default":
        return nd.array(random_arrays(tuple(shape)), ctx=ctx, dtype=dtype)
    return rand_sparse_ndarray(
        shape,
        stype,
        density=density,
        dtype=dtype,
        modifier_func=modifier_func,
        shuffle_csr_indices=shuffle_csr_indices,
        distribution=distribution,
        ctx=ctx,
    )[0]


def rand_sparse_ndarray(
    shape: Sequence[int],
    stype: str,
    density: float | None = None,
    dtype: Any = None,
    distribution: str | None = None,
    data_init: float | None = None,
    rsp_indices: Any = None,
    modifier_func: Callable[[Any], Any] | None = None,
    shuffle_csr_indices: bool = False,
    ctx: Context | None = None,
) -> tuple[Any, tuple]:
    """A random sparse array, and its parts.

    row_sparse: the rows ``rsp_indices``, or each one with probability ``density``, of numbers uniform on 0 to 1 or
    equal to ``data_init``, after ``modifier_func``. The parts are (data, indices).
    csr: a fraction ``density`` of the elements. ``distribution`` 'uniform': anywhere, with numbers as above, where
    ``shuffle_csr_indices`` puts the columns of each row into random order; 'powerlaw': rows with 2, 4, 8 ... numbers
    in 1 to 3, as long as the density lasts. The parts are (indptr, indices, data).

    density: random when it is not given. Raises AssertionError for other storage types, distributions and ranks,
    ValueError for a density that cannot be.
    """
    density = float(np.random.rand()) if density is None else density
    dtype = default_dtype() if dtype is None else dtype
    distribution = distribution or "uniform"
    if stype == "row_sparse":
        if distribution != "uniform":
            raise AssertionError(f"Distribution {distribution} not supported for row_sparse")
        data, indices = _rows(shape, density, np.dtype(dtype), data_init, rsp_indices, modifier_func)
        last = {int(row): at for at, row in enumerate(indices)}  # of a row that is given twice, the last one counts
        stored = (data[list(last.values())], np.array(list(last), "int64"))
        made = nd.sparse.row_sparse_array(stored, shape=tuple(shape), ctx=ctx, dtype=dtype)
        return made, (data, indices)
    if stype != "csr":
        raise AssertionError(f"unknown storage type: {stype!r}")
    if len(shape) != 2:
        raise AssertionError(f"a csr array has two axes, got shape {tuple(shape)}")
    if not 0 <= density <= 1:
        raise ValueError(f"density has to be between 0 and 1, got {density}")
    if distribution == "uniform":
        parts = _uniform(shape[0], shape[1], density, np.dtype(dtype))
        if data_init is not None:
            parts[0].fill(data_init)
        if shuffle_csr_indices:
            _shuffle(*parts[1:])
    elif distribution == "powerlaw":
        parts = _powerlaw(shape[0], shape[1], density)
    else:
        raise AssertionError(f"Distribution not supported: {distribution}")
    made = nd.sparse.csr_matrix(parts, shape=tuple(shape), ctx=ctx, dtype=dtype)
    return made, (made.indptr, made.indices, made.data)


def _rows(
    shape: Sequence[int], density: float, dtype: np.dtype, data_init: float | None, given: Any, modifier: Any
) -> tuple[np.ndarray, np.ndarray]:
    """The stored rows of a row-sparse array, and their numbers."""
    if given is None:
        indices = np.flatnonzero(np.random.rand(shape[0]) < density)
    else:
        indices = np.asarray(given, "int64")
        if len(indices) > shape[0]:
            raise AssertionError(f"{len(indices)} rows of an array that has {shape[0]}")
        if indices.size and not 0 <= indices.min() <= indices.max() < shape[0]:
            raise ValueError(f"rsp_indices must lie in 0 to {shape[0] - 1}, got {indices.tolist()}")
    data = np.random.rand(len(indices), *shape[1:]).astype(dtype)
    if data_init is not None:
        data.fill(data_init)
    return (data if modifier is None or not data.size else assign_each(data, modifier)), indices


def _uniform(rows: int, columns: int, density: float, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(data, indices, indptr) of a matrix with a fraction of its elements, the same as from scipy.sparse.rand."""
    count = round(density * rows * columns)
    places = np.random.permutation(rows * columns)[:count]
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        data = np.random.randint(limits.min, limits.max, size=count, dtype=dtype)
    else:
        data = np.random.uniform(size=count).astype(dtype)
    column, row = np.divmod(places, max(rows, 1))
    order = np.lexsort((column, row))
    return data[order], column[order], np.searchsorted(row[order], np.arange(rows + 1))


def _powerlaw(rows: int, columns: int, density: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(data, indices, indptr): one element in every row, then up to 2 in the first, 4 in the second, and so on."""
    total = int(rows * columns * density)
    if rows * columns * density < 2 * rows:
        raise ValueError(
            f"not supported for this density: {density} for this shape {(rows, columns)} Please keep : "
            "num_rows * num_cols * density >= 2 * num_rows"
        )
    counts = np.ones(rows, "int64")
    for row in range(rows):
        counts[row] += min(2 ** min(row + 1, 40), columns) - 1
        if counts.sum() >= total:
            counts[row] -= counts.sum() - total
            break
    if counts.sum() < total:
        raise ValueError(f"not supported for this density: {density} for this shape ({rows},{columns})")
    first, others = np.random.uniform(0.001, 2, rows) + 1, np.random.uniform(0.001, 2, total - rows) + 1
    indptr = np.concatenate([[0], np.cumsum(counts)])
    columns_of = np.arange(total) - np.repeat(indptr[:-1], counts)
    data = np.empty(total)
    data[columns_of == 0], data[columns_of > 0] = first, others
    return data, columns_of, indptr


def shuffle_csr_column_indices(csr: Any) -> None:
    """Put the column indices of each row of a SciPy csr matrix into random order, in place; the data stay.

    TypeError for an array of ours, whose parts are copies.
    """
    if isinstance(csr, NDArray):
        raise TypeError(f"expected a csr_matrix of SciPy, whose indices can be written, got {type(csr).__name__}")
    _shuffle(csr.indices, csr.indptr)


def _shuffle(indices: np.ndarray, indptr: np.ndarray) -> None:
    for begin, end in pairwise(indptr):
        np.random.shuffle(indices[begin:end])


def create_sparse_array(
    shape: Sequence[int],
    stype: str,
    data_init: float | None = None,
    rsp_indices: Any = None,
    dtype: Any = None,
    modifier_func: Callable[[Any], Any] | None = None,
    density: float = 0.5,
    shuffle_csr_indices: bool = False,
) -> Any:
    """The array of ``rand_sparse_ndarray``, by default half full."""
    if stype not in ("row_sparse", "csr"):
        raise AssertionError(f"Unknown storage type: {stype}")
    if stype == "csr":
        rsp_indices = None
    elif rsp_indices is not None:
        rsp_indices = np.sort(np.asarray(rsp_indices, "int64"))
    return rand_sparse_ndarray(
        shape,
        stype,
        density=density,
        dtype=dtype,
        data_init=data_init,
        rsp_indices=rsp_indices,
        modifier_func=modifier_func,
        shuffle_csr_indices=shuffle_csr_indices,
    )[0]


def create_sparse_array_zd(
    shape: Sequence[int],
    stype: str,
    density: float,
    data_init: float | None = None,
    rsp_indices: Any = None,
    dtype: Any = None,
    modifier_func: Callable[[Any], Any] | None = None,
    shuffle_csr_indices: bool = False,
) -> Any:
    """``create_sparse_array``, where a row-sparse array has the rows ``rsp_indices`` and no others: by default none."""
    return create_sparse_array(
        shape,
        stype,
        data_init=data_init,
        rsp_indices=rsp_indices,
        dtype=dtype,
        modifier_func=modifier_func,
        density=0.0 if stype == "row_sparse" else density,
        shuffle_csr_indices=shuffle_csr_indices,
    )
