"""Random shapes, dense arrays and matrices with known properties, from NumPy's global generator; loops over arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ndarray as nd
from ..ndarray import NDArray
from .process import default_dtype

__all__ = [
    "assign_each",
    "assign_each2",
    "collapse_sum_like",
    "create_2d_tensor",
    "create_vector",
    "get_identity_mat",
    "get_identity_mat_batch",
    "new_matrix_with_real_eigvals_2d",
    "new_matrix_with_real_eigvals_nd",
    "new_orthonormal_matrix_2d",
    "new_sym_matrix_with_real_eigvals_2d",
    "new_sym_matrix_with_real_eigvals_nd",
    "np_reduce",
    "rand_coord_2d",
    "rand_shape_2d",
    "rand_shape_3d",
    "rand_shape_nd",
    "random_arrays",
    "random_sample",
    "random_uniform_arrays",
]

# Shapes and samples


def rand_shape_nd(num_dim: int, dim: int = 10, allow_zero_size: bool = False) -> tuple[int, ...]:
    """A shape of ``num_dim`` sizes from 1, or 0 with ``allow_zero_size``, to ``dim``."""
    return _sizes((dim,) * num_dim, allow_zero_size)


def rand_shape_2d(dim0: int = 10, dim1: int = 10, allow_zero_size: bool = False) -> tuple[int, int]:
    """A shape of sizes from 1, or 0 with ``allow_zero_size``, to the given ones."""
    return _sizes((dim0, dim1), allow_zero_size)


def rand_shape_3d(
    dim0: int = 10, dim1: int = 10, dim2: int = 10, allow_zero_size: bool = False
) -> tuple[int, int, int]:
    """A shape of sizes from 1, or 0 with ``allow_zero_size``, to the given ones."""
    return _sizes((dim0, dim1, dim2), allow_zero_size)


def _sizes(most: Sequence[int], allow_zero_size: bool) -> tuple[Any, ...]:
    return tuple(int(np.random.randint(0 if allow_zero_size else 1, size + 1)) for size in most)


def rand_coord_2d(x_low: int, x_high: int, y_low: int, y_high: int) -> tuple[int, int]:
    """A point of ``x_low <= x < x_high`` and ``y_low <= y < y_high``. ValueError where there is none."""
    return int(np.random.randint(x_low, x_high)), int(np.random.randint(y_low, y_high))


def random_sample(population: Sequence[Any], k: int) -> list[Any]:
    """``k`` different elements, in random order. AssertionError where there are not so many."""
    if not 0 <= k <= len(population):
        raise AssertionError(f"cannot take {k} of {len(population)} elements")
    shuffled = list(population)
    np.random.shuffle(shuffled)
    return shuffled[:k]


# Arrays


def random_arrays(*shapes: tuple[int, ...]) -> Any:
    """Arrays of standard normal float32 numbers, as NumPy's: a list, or the one array for one shape."""
    arrays = [np.array(np.random.normal(size=tuple(_checked(shape))), default_dtype()) for shape in shapes]
    return arrays[0] if len(arrays) == 1 else arrays


def _checked(shape: Any) -> Sequence[int]:
    if not isinstance(shape, Sequence):
        raise TypeError(f"a shape is a tuple, got {shape!r}")
    return shape


def random_uniform_arrays(*shapes: Any, **kwargs: Any) -> list[np.ndarray]:
    """A list of NumPy arrays, uniform on ``low`` (0) to ``high`` (1), of a ``dtype`` (float32)."""
    low, high = kwargs.pop("low", 0.0), kwargs.pop("high", 1.0)
    dtype = kwargs.pop("dtype", default_dtype())
    if kwargs:
        raise TypeError(f"Got unexpected argument/s : {list(kwargs)}")
    return [np.array(np.random.uniform(low, high, size=shape), dtype) for shape in shapes]


def create_vector(size: int, dtype: Any = np.int64) -> NDArray:
    """[0, 1, ..., size - 1]."""
    return nd.arange(0, size, dtype=dtype)


def create_2d_tensor(rows: int, columns: int, dtype: Any = np.int64) -> NDArray:
    """Of shape (rows, columns), every element the number of its row."""
    return nd.arange(0, rows, dtype=dtype).reshape((rows, 1)).broadcast_to((rows, columns))


# Matrices, float64


def get_identity_mat(size: int) -> NDArray:
    """The identity of shape (size, size), float32."""
    return nd.array(np.eye(size))


def get_identity_mat_batch(size: int) -> NDArray:
    """Two of it: shape (2, size, size)."""
    return nd.array(np.stack([np.eye(size)] * 2))


def new_orthonormal_matrix_2d(n: int) -> np.ndarray:
    """A random Q of shape (n, n) with Q Qᵀ = I: that of the QR decomposition of a normal matrix."""
    return np.linalg.qr(np.random.normal(size=(n, n)))[0]


def new_matrix_with_real_eigvals_2d(n: int) -> np.ndarray:
    """V D V⁻¹ of shape (n, n): D diagonal, uniform on -10 to 10; V an orthonormal times a unit triangular matrix of
    small elements, so that the eigenvectors are well apart.
    """
    values = np.diag(np.random.uniform(-10, 10, size=n))
    vectors = new_orthonormal_matrix_2d(n) @ (np.eye(n) + np.tril(np.random.uniform(-1, 1, (n, n)), -1) / max(n, 1))
    return vectors @ values @ np.linalg.inv(vectors)


def new_sym_matrix_with_real_eigvals_2d(n: int) -> np.ndarray:
    """Q D Qᵀ of shape (n, n), symmetric: Q orthonormal, D diagonal and uniform on -10 to 10."""
    q = new_orthonormal_matrix_2d(n)
    product = q @ np.diag(np.random.uniform(-10, 10, size=n)) @ q.T
    return (product + product.T) / 2


def new_matrix_with_real_eigvals_nd(shape: Sequence[int]) -> np.ndarray:
    """Of shape (..., n, n), every matrix as of ``new_matrix_with_real_eigvals_2d``."""
    return _batch(new_matrix_with_real_eigvals_2d, shape)


def new_sym_matrix_with_real_eigvals_nd(shape: Sequence[int]) -> np.ndarray:
    """Of shape (..., n, n), every matrix as of ``new_sym_matrix_with_real_eigvals_2d``."""
    return _batch(new_sym_matrix_with_real_eigvals_2d, shape)


def _batch(make: Callable[[int], np.ndarray], shape: Sequence[int]) -> np.ndarray:
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ValueError(f"square matrices have a shape (..., n, n), got {tuple(shape)}")
    return np.array([make(shape[-1]) for _ in range(int(np.prod(shape[:-2])))]).reshape(shape)


# Loops over arrays


def assign_each(the_input: Any, function: Callable[[Any], Any] | None) -> np.ndarray:
    """A float64 array of ``function`` of every element; a copy of the input without a function."""
    array = np.asarray(the_input)
    return np.array(array) if function is None else np.vectorize(function, otypes=[np.float64])(array)


def assign_each2(input1: Any, input2: Any, function: Callable[[Any, Any], Any] | None) -> np.ndarray:
    """A float64 array of ``function`` of every pair of elements; a copy of the first input without a function.

    AssertionError for shapes that differ.
    """
    one, other = np.asarray(input1), np.asarray(input2)
    if one.shape != other.shape:
        raise AssertionError(f"the shapes differ: {one.shape} and {other.shape}")
    return np.array(one) if function is None else np.vectorize(function, otypes=[np.float64])(one, other)


def np_reduce(dat: np.ndarray, axis: Any, keepdims: bool, numpy_reduce_func: Callable[..., Any]) -> Any:
    """``numpy_reduce_func(dat, axis=i)`` along each axis, one after the other: a number, several, or None for all."""
    count = np.ndim(dat)
    axes = range(count) if axis is None else [axis] if isinstance(axis, (int, np.integer)) else axis
    axes = {i + count if i < 0 else i for i in axes}
    for i in sorted(axes, reverse=True):
        dat = numpy_reduce_func(dat, axis=i)
        if keepdims:
            dat = np.expand_dims(dat, i)
    return dat


def collapse_sum_like(a: Any, shape: Sequence[int]) -> Any:
    """The sum of an array over the axes along which ``shape`` broadcasts to the array's: gradients of broadcasting.

    AssertionError where it does not broadcast. A shape with a 0 gives zeros.
    """
    extra = len(a.shape) - len(shape)
    if 0 in shape:
        return np.zeros(shape, a.dtype)
    if extra < 0 or any(size not in (1, full) for size, full in zip(shape, a.shape[max(extra, 0) :], strict=False)):
        raise AssertionError(f"an array of shape {a.shape} is no broadcast one of shape {tuple(shape)}")
    summed = [i for i, full in enumerate(a.shape) if i < extra or shape[i - extra] != full]
    total = a.sum(axis=tuple(summed)) if summed else a
    return total.reshape(tuple(shape)) if shape else total
