"""Sparse storage: how CSR matrices and row-sparse arrays are held, converted, and told to operators.

A ``csr`` array is a torch tensor of the layout sparse_csr. A ``row_sparse`` array, of which only some rows (slices
along the first axis) are stored, is a coalesced sparse_coo tensor with one sparse axis. ``compute`` runs an operator on
tensors of any storage: by the operator's own rule where it has one (``Operator.sparse``, see ``rules.py``), else on
dense copies. Conversions take part in torch's autograd, so gradients flow through both ways.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from ..index import embedding
from ..registry import Operator, operator

__all__ = [
    "STYPES",
    "Stype",
    "cast",
    "compute",
    "csr",
    "dense",
    "from_parts",
    "general",
    "parts",
    "row_numbers",
    "row_sparse",
    "stype",
    "zeros",
]

Stype = Literal["csr", "default", "row_sparse"]
STYPES = ("default", "csr", "row_sparse")

_STYPES: dict[torch.layout, Stype] = {
    torch.strided: "default",
    torch.sparse_csr: "csr",
    torch.sparse_coo: "row_sparse",
}


def stype(tensor: Tensor) -> Stype:
    """MXNet's name of a tensor's storage."""
    return _STYPES[tensor.layout]


# ---- making and taking apart -----------------------------------------------------------------------------------------


def csr(values: Tensor, indptr: Tensor, indices: Tensor, shape: Sequence[int]) -> Tensor:
    """A CSR matrix. values, indices: (nnz,) · indptr: (rows + 1,), int64. Nothing is checked."""
    _expect_beta_warning()
    return torch.sparse_csr_tensor(indptr, indices, values, tuple(shape), check_invariants=False)


def row_sparse(values: Tensor, indices: Tensor, shape: Sequence[int]) -> Tensor:
    """A row-sparse array. values: (nnr, *shape[1:]) · indices: (nnr,), int64, increasing. Nothing is checked."""
    return torch.sparse_coo_tensor(
        indices.unsqueeze(0), values, tuple(shape), is_coalesced=True, check_invariants=False
    )


def _expect_beta_warning() -> None:
    """Torch says once in a process that CSR is in beta state: not to our users."""
    global _warned
    if not _warned:
        _warned = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = torch.zeros(1, dtype=torch.int64)
            torch.sparse_csr_tensor(torch.zeros(2, dtype=torch.int64), one[:0], one[:0], (1, 1), check_invariants=False)


_warned = False


def zeros(stype: str, shape: Sequence[int], dtype: torch.dtype, device: torch.device | None = None) -> Tensor:
    """Zeros in any storage. Raises ValueError for another word, and for a csr that is no matrix."""
    if stype not in STYPES:
        raise ValueError(f"unknown storage type {stype!r}: expected one of {', '.join(STYPES)}")
    if stype == "default":
        return torch.zeros(tuple(shape), dtype=dtype, device=device)
    none = torch.zeros(0, dtype=torch.int64, device=device)
    if stype == "row_sparse":
        return row_sparse(torch.zeros((0, *shape[1:]), dtype=dtype, device=device), none, shape)
    _need_matrix(shape)
    return csr(none.to(dtype), torch.zeros(shape[0] + 1, dtype=torch.int64, device=device), none, shape)


def parts(tensor: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The stored values, and the index arrays: (indices,) of row-sparse, (indptr, indices) of csr."""
    tensor = tensor.detach()
    if tensor.layout is torch.sparse_csr:
        return tensor.values(), (tensor.crow_indices(), tensor.col_indices())
    tensor = tensor.coalesce()
    return tensor.values(), (tensor.indices()[0],)


def from_parts(stype: str, values: Tensor, indices: Sequence[Tensor], shape: Sequence[int]) -> Tensor:
    """A sparse tensor of parts that may be wrong: sorted, duplicates added up.

    Raises ValueError when index arrays and shape do not go together.
    """
    if math.prod(shape) >= 2**63:
        raise ValueError(f"an array of shape {tuple(shape)} has more elements than can be counted")
    where = [index.to(dtype=torch.int64) for index in indices]
    if stype == "row_sparse":
        (rows,) = where
        if not shape or rows.dim() != 1 or tuple(values.shape) != (len(rows), *shape[1:]):
            raise ValueError(
                f"row_sparse data of shape {tuple(values.shape)} with indices of shape {tuple(rows.shape)} cannot make "
                f"shape {tuple(shape)}"
            )
        _need_range("indices", rows, shape[0])
        if not _increasing(rows):
            rows, places = torch.unique(rows, return_inverse=True)
            values = values.new_zeros((len(rows), *shape[1:])).index_add_(0, places, values)
        return row_sparse(values, rows, shape)
    indptr, columns = where
    _need_matrix(shape)
    if values.dim() != 1 or columns.shape != values.shape or indptr.shape != (shape[0] + 1,):
        raise ValueError(
            f"csr of shape {tuple(shape)} needs indptr of shape ({shape[0] + 1},) and data and indices of one length, "
            f"but indptr has {tuple(indptr.shape)}, data {tuple(values.shape)}, indices {tuple(columns.shape)}"
        )
    counts = indptr.diff()
    if int(indptr[0]) or int(indptr[-1]) != len(columns) or bool((counts < 0).any()):
        raise ValueError(f"indptr must rise from 0 to the number of values, {len(columns)}")
    _need_range("indices", columns, shape[1])
    keys = torch.arange(shape[0], device=indptr.device).repeat_interleave(counts) * shape[1] + columns
    if not _increasing(keys):
        keys, places = torch.unique(keys, return_inverse=True)
        values = values.new_zeros(len(keys)).index_add_(0, places, values)
        counts = torch.bincount(keys // max(shape[1], 1), minlength=shape[0])
        indptr, columns = torch.cat([counts.new_zeros(1), counts.cumsum(0)]), keys % shape[1]
    return csr(values, indptr, columns, shape)


def _increasing(numbers: Tensor) -> bool:
    return bool((numbers[1:] > numbers[:-1]).all())


def _need_range(name: str, numbers: Tensor, size: int) -> None:
    if numbers.numel() and not 0 <= int(numbers.min()) <= int(numbers.max()) < size:
        raise ValueError(
            f"{name} must lie in 0 to {size - 1}, but go from {int(numbers.min())} to {int(numbers.max())}"
        )


def _need_matrix(shape: Sequence[int]) -> None:
    if len(shape) != 2:
        raise ValueError(f"csr storage is for matrices: two axes, but the shape is {tuple(shape)}")


def row_numbers(matrix: Tensor) -> Tensor:
    """The row of each stored value of a csr."""
    counts = matrix.crow_indices().diff()
    return torch.arange(len(counts), device=counts.device).repeat_interleave(counts)


# ---- conversion ------------------------------------------------------------------------------------------------------


def dense(tensor: Tensor) -> Tensor:
    """The tensor with every element stored; itself when it is that already."""
    return tensor if tensor.layout is torch.strided else cast(tensor, "default")


def cast(tensor: Tensor, stype: str) -> Tensor:
    """The tensor in another storage; itself when it is in that already. Zeros are not stored, except in dense ones."""
    if _STYPES[tensor.layout] == stype:
        return tensor
    return _Cast.apply(tensor, stype) if tensor.requires_grad else _convert(tensor, stype)  # type: ignore[return-value]


class _Cast(torch.autograd.Function):
    """Conversion whose gradient arrives in the storage of the input: torch accepts no other."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, stype: str) -> Tensor:
        ctx.stype = _STYPES[tensor.layout]
        return _convert(tensor, stype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return cast(grad, ctx.stype), None


def _convert(tensor: Tensor, stype: str) -> Tensor:
    tensor = tensor.to_dense() if tensor.layout is not torch.strided else tensor
    if stype == "default":
        return tensor
    if stype == "csr":
        _need_matrix(tensor.shape)
        rows, columns = tensor.nonzero(as_tuple=True)
        counts = torch.bincount(rows, minlength=tensor.shape[0])
        indptr = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        return csr(tensor[rows, columns], indptr, columns, tensor.shape)
    if not tensor.dim():
        raise ValueError("row_sparse storage needs at least one axis")
    rows = (tensor != 0).flatten(1).any(1).nonzero()[:, 0] if tensor.dim() > 1 else tensor.nonzero()[:, 0]
    return row_sparse(tensor[rows], rows, tensor.shape)


def compute(op: Operator, tensors: Sequence[Tensor | None], keywords: dict[str, Any]) -> Any:
    """The operator's function on tensors of any storage."""
    return op.watched(_compute)(op, tensors, keywords)


def _compute(op: Operator, tensors: Sequence[Tensor | None], keywords: dict[str, Any]) -> Any:
    sparse = op.storage is not None or any(t is not None and t.layout is not torch.strided for t in tensors)
    if op.sparse is not None and sparse:
        result = op.sparse(*tensors, **keywords)
        if result is not NotImplemented:
            return result
    return op.fn(*(None if t is None else dense(t) for t in tensors), **keywords)


def general(op: Operator) -> Callable[..., Any]:
    """``compute`` as a function of its own, for graphs."""

    def apply(*tensors: Tensor | None, **keywords: Any) -> Any:
        return compute(op, tensors, keywords)

    apply.__name__ = apply.__qualname__ = op.name
    return apply


# ---- operators on storage --------------------------------------------------------------------------------------------


@operator("cast_storage", storage="")
def cast_storage(data: Tensor, *, stype: Stype) -> Tensor:
    """The same values in another storage: 'default' (dense), 'csr' (matrices) or 'row_sparse'.

    data: (...) · returns (...). From csr to row_sparse or back there is no way but through 'default'.
    """
    now = _STYPES[data.layout]
    if "default" not in (now, stype) and now != stype:
        raise ValueError(f"cast_storage from {now} to {stype} is not supported; go through 'default'")
    if data.is_meta:
        return torch.empty_like(data)
    return data.clone() if now == stype else cast(data, stype)


@operator("_sparse_retain", types="T, I -> T", mixed=True, storage="")
def retain(data: Tensor, indices: Tensor) -> Tensor:
    """The rows of a row-sparse array whose numbers are in ``indices``; the others become zeros.

    data: (N, ...), row_sparse · indices: (K,) · returns (N, ...), row_sparse.
    """
    if data.is_meta:
        return torch.empty_like(data)
    if data.layout is not torch.sparse_coo:
        raise ValueError(f"data must be row_sparse, but its storage is {stype(data)}; convert it with .tostype(...)")
    wanted = torch.unique(dense(indices).to(dtype=torch.int64))
    _need_range("indices", wanted, data.shape[0])
    return _Retain.apply(data, wanted)  # type: ignore[return-value]


class _Retain(torch.autograd.Function):
    """Rows of a row-sparse tensor; the gradient has the same rows."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, wanted: Tensor) -> Tensor:
        ctx.wanted = wanted
        values, (rows,) = parts(data)
        kept = values.new_zeros((len(wanted), *data.shape[1:]))
        places = torch.searchsorted(wanted, rows)
        found = torch.isin(rows, wanted)
        kept[places[found]] = values[found]
        return row_sparse(kept, wanted, data.shape)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return _Retain.apply(cast(grad, "row_sparse"), ctx.wanted), None  # type: ignore[return-value]


@operator("_contrib_getnnz", differentiable=False, storage="")
def getnnz(data: Tensor, *, axis: int | None = None) -> Tensor:
    """The number of stored values of a csr matrix, explicit zeros included: of all, or of each row.

    data: (N, M), csr · returns (1,), or (N,) for ``axis=1``; int64.
    """
    if axis not in (None, 1):
        raise ValueError(f"axis must be None or 1, but is {axis}")
    if data.is_meta:
        return torch.empty((1 if axis is None else data.shape[0],), dtype=torch.int64, device="meta")
    if data.layout is not torch.sparse_csr:
        raise ValueError(f"data must be csr, but its storage is {stype(data)}; convert it with .tostype('csr')")
    counts = data.crow_indices().diff()
    return counts.sum().reshape(1) if axis is None else counts


@operator("_contrib_SparseEmbedding", types=lambda dtype, **_: f"I, T={dtype} -> T", mixed=True)
def sparse_embedding(
    data: Tensor, weight: Tensor, *, input_dim: int, output_dim: int, dtype: str = "float32", sparse_grad: bool = False
) -> Tensor:
    """``Embedding`` whose weight has a row-sparse gradient, whatever ``sparse_grad`` says.

    data: (...) · weight: (input_dim, output_dim) · returns (..., output_dim).
    """
    return embedding.fn(data, weight, input_dim=input_dim, output_dim=output_dim, sparse_grad=True)


sparse_embedding.infers(lambda data, *, input_dim, output_dim, **_: {"weight": (input_dim, output_dim)})

for _op in (cast_storage, retain, getnnz):
    _op.sparse = _op.fn
