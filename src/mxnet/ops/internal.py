"""Operators that MXNet's own Python code and passes call: copies, writes into ``out``, sums of gradients.

Users meet them in ``symbol.json`` files and as ``nd._internal``. Those whose names begin with ``_scatter_`` keep sparse
arrays sparse in MXNet; on dense ones they are the plain operators.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .. import dtypes
from .arithmetic import BINARY, array_and_number, divide, same_shape, two_arrays, with_number
from .attributes import Shape
from .checks import need_count
from .reduce import total
from .registry import operator

__all__: list[str] = []

_ROWS = {row.name: row for row in BINARY}

operator("_grad_add", signature=two_arrays, doc="Sum of two gradients; shapes must be equal.")(same_shape(torch.add))
operator("_scatter_elemwise_div", signature=two_arrays, doc="Quotient; shapes must be equal.", precision="widest")(
    same_shape(divide)
)
operator("_scatter_plus_scalar", signature=array_and_number, doc="Sum, with a number.")(with_number(_ROWS["add"]))
operator("_scatter_minus_scalar", signature=array_and_number, doc="Difference, with a number.")(
    with_number(_ROWS["sub"])
)


@operator("_copyto", may_return_input=True)
def copyto(data: Tensor) -> Tensor:
    """A copy of ``data``, meant for ``out``."""
    return data


@operator("_identity_with_attr_like_rhs", may_return_input=True)
def identity_with_attr_like_rhs(lhs: Tensor, rhs: Tensor) -> Tensor:
    """A copy of ``lhs``; ``rhs``, whose values are not used, has its shape and dtype, for graphs to infer."""
    if lhs.shape != rhs.shape:
        raise ValueError(f"lhs and rhs must have the same shape, but have {tuple(lhs.shape)} and {tuple(rhs.shape)}")
    return lhs


@identity_with_attr_like_rhs.infers
def _(lhs: tuple) -> dict[str, tuple]:
    return {"rhs": lhs}


@operator("_set_value", differentiable=False)
def set_value(*, src: float, _device: torch.device) -> Tensor:
    """A number, which fills ``out``."""
    return torch.tensor(src, dtype=torch.float64, device=_device)


@operator("_zeros_without_dtype", differentiable=False)
def zeros_without_dtype(*, shape: Shape | None = None, ctx: str = "", dtype: int = -1, _device: torch.device) -> Tensor:
    """Zeros. ``dtype`` is MXNet's number of a type; -1 leaves it to ``out``, else means float32."""
    if shape is None or min(shape, default=0) < 0:
        raise ValueError(f"shape must be given, without negative sizes, but got {shape}")
    if dtype != -1 and dtype not in dtypes.by_code:
        raise ValueError(f"dtype must be -1 or one of {', '.join(map(str, dtypes.by_code))}, but got {dtype}")
    return torch.zeros(shape, dtype=dtypes.by_code[max(dtype, 0)].torch, device=_device)


@operator("reset_arrays", types="[T]* ->", outputs=0, aux=range, mixed=True, differentiable=False)
def reset_arrays(*data: Tensor, num_arrays: int) -> tuple[Tensor, ...]:
    """Fill all arrays with zeros, in place. There is no result."""
    need_count("num_arrays", num_arrays, data)
    return tuple(torch.zeros_like(array) for array in data)


@operator("_onehot_encode", types="I, T -> T", mixed=True, differentiable=False)
def onehot_encode(lhs: Tensor, rhs: Tensor) -> Tensor:
    """One-hot rows for the indices ``lhs``, (N,), in the shape and dtype of ``rhs``, (N, K).

    An index out of range gives zeros.
    """
    if lhs.dim() != 1 or rhs.dim() != 2 or lhs.shape != rhs.shape[:1]:
        raise ValueError("lhs must be a vector of indices, and rhs a matrix with a row for each of them")
    return (lhs.long().unsqueeze(1) == torch.arange(rhs.shape[1], device=lhs.device)).to(dtype=rhs.dtype)


@operator("fill_element_0index", types="T, S, I -> T", mixed=True, differentiable=False)
def fill_element_0index(lhs: Tensor, mhs: Tensor, rhs: Tensor) -> Tensor:
    """A copy of ``lhs``, (N, K), with ``result[i, rhs[i]] = mhs[i]``. mhs, rhs: (N,)."""
    if lhs.dim() != 2 or not mhs.shape == rhs.shape == lhs.shape[:1]:
        raise ValueError("lhs must be a matrix, mhs and rhs vectors with one element for each of its rows")
    place = rhs.long().unsqueeze(1)
    if not place.is_meta and bool(((place < 0) | (place >= lhs.shape[1])).any()):
        raise ValueError(f"an index in rhs is out of range: they must lie in 0 ... {lhs.shape[1] - 1}")
    return lhs.scatter(1, place, mhs.to(dtype=lhs.dtype).unsqueeze(1))


@operator("_scatter_set_nd", types="T, S, I -> T", mixed=True, differentiable=False)
def scatter_set_nd(lhs: Tensor, rhs: Tensor, indices: Tensor, *, shape: Shape) -> Tensor:
    """``lhs`` with ``result[indices[0], indices[1], ...] = rhs``; ``shape`` is that of ``lhs``.

    MXNet's indexing writes so, with ``out=lhs``.
    """
    if lhs.shape != shape:
        raise ValueError(f"shape must be that of lhs, {tuple(lhs.shape)}, but is {shape}")
    if indices.dim() < 2 or indices.shape[0] > lhs.dim():
        raise ValueError(f"indices must have at least 2 axes, and at most {lhs.dim()} numbers along the first of them")
    return lhs.index_put(indices.long().unbind(0), rhs.to(dtype=lhs.dtype))


@operator("_square_sum", precision="float32")
def square_sum(data: Tensor, *, axis: Shape | None = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
    """Sum of squares over axes, as ``sum`` takes them."""
    return total.fn(data.square(), axis=axis, keepdims=keepdims, exclude=exclude)
