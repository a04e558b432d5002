"""What operators do with sparse arrays instead of making them dense: the rules that give MXNet's storage types.

A rule gets the operator's inputs, sparse or not, and its attributes; it returns a result, or NotImplemented where dense
copies serve as well (``storage.compute`` makes them). Whatever has no rule here takes dense copies and gives a dense
result. Under ``autograd.record`` most rules compute on dense copies, too, and convert the result: gradients are then
torch's, and the storage is still MXNet's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from .. import arithmetic, contrib, elementwise, index, internal, matrix, optimizer, registry, shape  # noqa: F401
from ..attributes import Shape
from .storage import cast, csr, dense, parts, row_numbers, row_sparse, stype, zeros

__all__ = ["any_sparse", "rows_only"]

Function = Callable[..., Any]


def _rule(*names: str) -> Callable[[Function], Function]:
    """Decorator: a function from an operator's own to its rule makes the rules of these operators."""

    def attach(make: Function) -> Function:
        for name in names:
            op = registry.get(name)
            op.sparse = make(op.fn)
        return make

    return attach


def _with_values(like: Tensor, values: Tensor) -> Tensor:
    """A sparse tensor that stores other values in the same places."""
    _, where = parts(like)
    if like.layout is torch.sparse_csr:
        return csr(values, *where, like.shape)
    return row_sparse(values, *where, like.shape)


def _recorded(fn: Function, kind: Any, *tensors: Tensor, **attributes: Any) -> Tensor:
    return cast(fn(*map(dense, tensors), **attributes), kind)


# ---- element by element ----------------------------------------------------------------------------------------------


@_rule(
    *"abs arcsin arcsinh arctan arctanh cbrt ceil degrees expm1 fix floor log1p make_loss negative radians relu rint "
    "round sign sin sinh sqrt square BlockGrad tan tanh trunc _copy _contrib_round_ste _contrib_sign_ste".split()
)
def _keep_zeros(fn: Function) -> Function:
    """Functions that are 0 at 0 work on the stored values alone."""

    def rule(data: Tensor, **attributes: Any) -> Tensor:
        if data.requires_grad:
            return _recorded(fn, stype(data), data, **attributes)
        values = parts(data)[0]
        result = fn(values, **attributes)
        return _with_values(data, result.clone() if result.data_ptr() == values.data_ptr() else result)

    return rule


@_rule(
    *"_plus_scalar _minus_scalar _mul_scalar _div_scalar _greater_scalar _greater_equal_scalar _lesser_scalar "
    "_lesser_equal_scalar _equal_scalar _not_equal_scalar clip".split()
)
def _keep_zeros_at_times(fn: Function) -> Function:
    """As above, where the attributes make it 0 at 0."""
    on_values = _keep_zeros(fn)

    def rule(data: Tensor, **attributes: Any) -> Any:
        if fn(torch.zeros(1, dtype=data.dtype), **attributes).item() != 0:
            return NotImplemented
        return on_values(data, **attributes)

    return rule


@_rule("_scatter_plus_scalar", "_scatter_minus_scalar")
def _values_only(fn: Function) -> Function:
    return lambda data, **attributes: _with_values(data, fn(parts(data)[0], **attributes))


@_rule("_identity_with_attr_like_rhs")
def _same(fn: Function) -> Function:
    return lambda lhs, rhs: lhs.clone()


@_rule("zeros_like")
def _zeros_like(fn: Function) -> Function:
    return lambda data: zeros(stype(data), data.shape, data.dtype, data.device)


@_rule("elemwise_add", "elemwise_sub", "_maximum", "_minimum", "_hypot", "_grad_add")
def _pairwise(fn: Function) -> Function:
    """Two arrays of one sparse storage: on all places where either has a value. These functions are 0 at (0, 0)."""

    def rule(lhs: Tensor, rhs: Tensor) -> Any:
        if lhs.layout is not rhs.layout or lhs.shape != rhs.shape:
            return NotImplemented
        if lhs.requires_grad or rhs.requires_grad:
            return _recorded(fn, stype(lhs), lhs, rhs)
        return _aligned(fn, lhs, rhs)

    return rule


def _aligned(fn: Function, lhs: Tensor, rhs: Tensor) -> Tensor:
    """``fn`` of the values of two sparse tensors, on the union of their places."""
    keys = [_places(t) for t in (lhs, rhs)]
    union = torch.unique(torch.cat(keys))
    spread = []
    for tensor, places in zip((lhs, rhs), keys, strict=True):
        values = parts(tensor)[0]
        spread.append(values.new_zeros((len(union), *values.shape[1:])))
        spread[-1][torch.searchsorted(union, places)] = values
    return _at(union, fn(*spread), lhs)


def _places(tensor: Tensor) -> Tensor:
    """A number for each stored value: the row of row-sparse, the flat position of csr; increasing."""
    where = parts(tensor)[1]
    return where[0] if len(where) == 1 else row_numbers(tensor) * tensor.shape[1] + where[1]


def _at(places: Tensor, values: Tensor, like: Tensor) -> Tensor:
    """A sparse tensor with the storage and shape of ``like`` from values and the numbers of their places."""
    if like.layout is torch.sparse_coo:
        return row_sparse(values, places, like.shape)
    width = max(like.shape[1], 1)
    counts = torch.bincount(places // width, minlength=like.shape[0])
    return csr(values, torch.cat([counts.new_zeros(1), counts.cumsum(0)]), places % width, like.shape)


def _with_dense(either_side: bool) -> Callable[[Function], Function]:
    def make(fn: Function) -> Function:
        """A sparse array with a dense one: on the stored values."""
        before = _pairwise(fn) if either_side else None

        def rule(lhs: Tensor, rhs: Tensor) -> Any:
            if lhs.layout is rhs.layout or torch.strided not in (lhs.layout, rhs.layout):
                return before(lhs, rhs) if before else NotImplemented
            first = lhs.layout is not torch.strided
            sparse, other = (lhs, rhs) if first else (rhs, lhs)
            if not (first or either_side) or (not either_side and sparse.layout is not torch.sparse_csr):
                return NotImplemented
            if lhs.requires_grad or rhs.requires_grad:
                return _recorded(fn, stype(sparse), lhs, rhs)
            if other.shape != sparse.shape:
                if either_side:
                    return NotImplemented  # the function itself says that shapes must be equal
                other = other.expand(sparse.shape)
            values, where = parts(sparse)
            picked = other[where[0]] if len(where) == 1 else other[row_numbers(sparse), where[1]]
            return _with_values(sparse, fn(values, picked) if first else fn(picked, values))

        return rule

    return make


_rule("elemwise_mul")(_with_dense(either_side=True))
_rule("broadcast_mul", "broadcast_div")(_with_dense(either_side=False))


@_rule("_scatter_elemwise_div")
def _scatter_divide(fn: Function) -> Function:
    def rule(lhs: Tensor, rhs: Tensor) -> Any:
        if lhs.layout is not torch.sparse_coo or lhs.requires_grad or rhs.requires_grad:
            return NotImplemented
        values, (rows,) = parts(lhs)
        return row_sparse(fn(values, dense(rhs)[rows]), rows, lhs.shape)

    return rule


@_rule("add_n")
def _add_n(fn: Function) -> Function:
    def rule(*args: Tensor, **attributes: Any) -> Any:
        if any(t.layout is not torch.sparse_coo or t.requires_grad or t.shape != args[0].shape for t in args):
            return NotImplemented
        return reduce(lambda a, b: _aligned(torch.add, a, b), args)

    return rule


@_rule("_square_sum")
def _square_sum(fn: Function) -> Function:
    def rule(data: Tensor, *, axis: Any = None, keepdims: bool = False, **attributes: Any) -> Any:
        if data.layout is not torch.sparse_coo or data.requires_grad or not keepdims or axis not in (1, (1,)):
            return NotImplemented
        values, (rows,) = parts(data)
        return row_sparse(values.square().sum(1, keepdim=True), rows, (data.shape[0], 1))

    return rule


# ---- parts of matrices -----------------------------------------------------------------------------------------------


@_rule("slice")
def _slice(fn: Function) -> Function:
    """A block of a csr matrix is one."""

    def rule(data: Tensor, *, begin: Shape, end: Shape, step: Shape = ()) -> Any:
        if data.layout is not torch.sparse_csr or any(s not in (None, 1) for s in step) or len(begin) != len(end):
            return NotImplemented
        if data.requires_grad:
            return _recorded(fn, "csr", data, begin=begin, end=end, step=step)
        cuts = [slice(*cut).indices(size)[:2] for *cut, size in zip(begin, end, data.shape, strict=False)]
        (top, bottom), (left, right) = (*cuts, (0, data.shape[1]))[:2]
        if len(begin) > 2 or top >= bottom or left >= right:
            return NotImplemented
        values, (indptr, columns) = parts(data)
        indptr = indptr[top : bottom + 1]
        inside = slice(int(indptr[0]), int(indptr[-1]))
        block = csr(values[inside], indptr - indptr[0], columns[inside], (bottom - top, data.shape[1]))
        if right - left == data.shape[1]:
            return block
        columns = block.col_indices()
        kept = (columns >= left) & (columns < right)
        counts = torch.bincount(row_numbers(block)[kept], minlength=bottom - top)
        indptr = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        return csr(block.values()[kept], indptr, columns[kept] - left, (bottom - top, right - left))

    return rule


@_rule("Concat")
def _concat(fn: Function) -> Function:
    """csr matrices on top of each other are one."""

    def rule(*data: Tensor, dim: int = 1, **attributes: Any) -> Any:
        matrices = all(t.layout is torch.sparse_csr and not t.requires_grad for t in data)
        if not matrices or dim not in (0, -2) or len({t.shape[1] for t in data}) > 1:
            return NotImplemented
        pieces = [parts(t) for t in data]
        counts = torch.cat([indptr.diff() for _, (indptr, _) in pieces])
        indptr = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        values, columns = torch.cat([p[0] for p in pieces]), torch.cat([p[1][1] for p in pieces])
        return csr(values, indptr, columns, (len(counts), data[0].shape[1]))

    return rule


@_rule("take")
def _take(fn: Function) -> Function:
    """Rows of a csr matrix are one."""

    def rule(a: Tensor, indices: Tensor, *, axis: int = 0, mode: str = "clip") -> Any:
        if a.layout is not torch.sparse_csr or axis not in (0, -2) or indices.dim() != 1 or a.requires_grad:
            return NotImplemented
        if mode == "raise":  # MXNet's result is dense
            return NotImplemented
        values, (indptr, columns) = parts(a)
        rows = fn(torch.arange(a.shape[0], device=a.device), dense(indices), axis=0, mode=mode)
        counts = indptr.diff()[rows]
        ends = counts.cumsum(0)
        within = torch.arange(int(counts.sum()), device=a.device) - (ends - counts).repeat_interleave(counts)
        places = indptr[rows].repeat_interleave(counts) + within
        return csr(values[places], torch.cat([counts.new_zeros(1), ends]), columns[places], (len(rows), a.shape[1]))

    return rule


# ---- products --------------------------------------------------------------------------------------------------------


@_rule("dot")
def _dot(fn: Function) -> Function:
    """csr times dense is dense; transposed csr times dense is row-sparse; dense times csr is csr."""

    def rule(
        lhs: Tensor, rhs: Tensor, *, transpose_a: bool = False, transpose_b: bool = False, forward_stype: Any = None
    ) -> Tensor:
        kinds = stype(lhs), stype(rhs)
        wanted = forward_stype
        if wanted is None:
            by_rows = transpose_a and not transpose_b and kinds[0] == "csr" and kinds[1] != "csr"
            wanted = "row_sparse" if by_rows else "default"
            if kinds == ("default", "csr") and not transpose_a:
                wanted = "csr"
        if kinds[0] == "csr" and kinds[1] != "csr" and rhs.dim() == 2 and lhs.is_floating_point():
            if lhs.requires_grad:
                result = fn(dense(lhs), dense(rhs), transpose_a=transpose_a, transpose_b=transpose_b)
            else:
                other = dense(rhs).t() if transpose_b else dense(rhs)
                _need_product(lhs, other, transpose_a)
                by_rows = transpose_a and wanted == "row_sparse" and not other.requires_grad
                result = (
                    _transposed_product(lhs, other)
                    if by_rows
                    else _Product.apply(lhs, other, transpose_a, rhs.is_leaf and rhs.requires_grad)
                )
        else:
            result = fn(dense(lhs), dense(rhs), transpose_a=transpose_a, transpose_b=transpose_b)
        return cast(result, wanted)

    return rule


def _need_product(lhs: Tensor, rhs: Tensor, transpose: bool) -> None:
    axis = 0 if transpose else 1
    if lhs.shape[axis] != rhs.shape[0]:
        raise ValueError(f"axis {axis} of lhs has {lhs.shape[axis]} elements, rhs {rhs.shape[0]}; they must agree")


class _Product(torch.autograd.Function):
    """A constant csr matrix, or its transpose, times a dense one.

    The gradient of a leaf is row-sparse: of the rows that the matrix has columns for.
    """

    @staticmethod
    def forward(ctx: Any, csr: Tensor, other: Tensor, transpose: bool, to_leaf: bool) -> Tensor:
        ctx.csr, ctx.transpose, ctx.to_leaf = csr, transpose, to_leaf
        return dense(_transposed_product(csr, other)) if transpose else _product(csr, other)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor, None, None]:  # type: ignore[override]
        grad = dense(grad)
        if ctx.transpose:
            return None, _Product.apply(ctx.csr, grad, False, False), None, None  # type: ignore[return-value]
        if ctx.to_leaf and not grad.requires_grad:
            return None, _transposed_product(ctx.csr, grad), None, None
        return None, _Product.apply(ctx.csr, grad, True, False), None, None  # type: ignore[return-value]


def _product(lhs: Tensor, rhs: Tensor) -> Tensor:
    """csr @ dense, by torch's sparse kernel where the dtype has one."""
    if lhs.dtype in (torch.float32, torch.float64):
        return torch.mm(lhs, rhs)
    return torch.mm(lhs.to_dense(), rhs)


def _transposed_product(lhs: Tensor, rhs: Tensor) -> Tensor:
    """csr.T @ dense, row-sparse: the rows that the matrix has columns for."""
    values, (_, columns) = parts(lhs)
    rows, places = torch.unique(columns, return_inverse=True)
    terms = values.unsqueeze(1) * rhs.index_select(0, row_numbers(lhs))
    result = terms.new_zeros((len(rows), rhs.shape[1])).index_add_(0, places, terms)
    return row_sparse(result, rows, (lhs.shape[1], rhs.shape[1]))


# ---- optimizers ------------------------------------------------------------------------------------------------------


@_rule(
    "sgd_update",
    "sgd_mom_update",
    "adam_update",
    "ftrl_update",
    "_sparse_adagrad_update",
    "_contrib_group_adagrad_update",
)
def _lazily(fn: Function) -> Function:
    """A row-sparse gradient changes its rows of the weight and of the states alone."""

    def rule(weight: Tensor, grad: Tensor, *states: Tensor, lazy_update: bool = True, **attributes: Any) -> Any:
        if grad.layout is not torch.sparse_coo or not lazy_update:
            return NotImplemented
        values, (rows,) = parts(grad)
        arrays = [dense(t) for t in (weight, *states)]
        results = fn(arrays[0][rows], values, *(t[rows] for t in arrays[1:]), **attributes)
        results = results if isinstance(results, tuple) else (results,)
        kinds = [stype(t) for t in (weight, *states)]
        whole = [
            cast(old.index_copy(0, rows, new), kind) for old, new, kind in zip(arrays, results, kinds, strict=True)
        ]
        return tuple(whole) if len(whole) > 1 else whole[0]

    return rule


@_rule("Embedding", "_contrib_SparseEmbedding")
def _embedding(fn: Function) -> Function:
    """A row-sparse weight stays one, and so does its gradient; rows that are not stored are zeros."""

    def rule(data: Tensor, weight: Tensor, *, input_dim: int, output_dim: int, **attributes: Any) -> Any:
        if weight.layout is not torch.sparse_coo or weight.shape != (input_dim, output_dim):
            return NotImplemented
        return _Rows.apply(weight, index.legal_indices(dense(data), input_dim, "clip"))

    return rule


class _Rows(torch.autograd.Function):
    """Rows of a row-sparse tensor by their numbers, as a dense one."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, wanted: Tensor) -> Tensor:
        ctx.wanted, ctx.shape = wanted, data.shape
        values, (rows,) = parts(data)
        if not len(rows):
            return values.new_zeros((*wanted.shape, *data.shape[1:]))
        places = torch.searchsorted(rows, wanted).clamp_(max=len(rows) - 1)
        found = rows[places] == wanted
        return values[places] if bool(found.all()) else values[places] * found.unsqueeze(-1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        rows, places = torch.unique(ctx.wanted, return_inverse=True)
        values = grad.new_zeros((len(rows), *ctx.shape[1:]))
        values.index_add_(0, places.flatten(), grad.reshape(-1, *ctx.shape[1:]))
        return row_sparse(values, rows, ctx.shape), None


def any_sparse(tensors: Sequence[Tensor]) -> bool:
    return any(tensor.layout is not torch.strided for tensor in tensors)


@contextmanager
def rows_only(
    lazy: bool, weights: Sequence[Tensor], grads: Sequence[Tensor], *states: Sequence[Tensor]
) -> Iterator[list[list[Tensor]]]:
    """For updates in place: lists in which a weight with a row-sparse gradient is replaced by the rows that it changes.

    Inside the ``with``, these lists are updated in place; afterwards the rows are written back. With ``lazy`` false,
    sparse gradients become dense, and every row is updated. Yields [weights, grads, *states].
    """
    lists = [list(weights), list(grads), *map(list, states)]
    changed: list[tuple[Tensor, Tensor, Tensor]] = []
    for i, grad in enumerate(grads):
        if grad.layout is torch.strided:
            continue
        if not lazy or grad.layout is not torch.sparse_coo:
            lists[1][i] = dense(grad)
            continue
        lists[1][i], (rows,) = parts(grad)
        for one in (lists[0], *lists[2:]):
            whole, one[i] = one[i], one[i][rows]
            changed.append((whole, rows, one[i]))
    yield lists
    for whole, rows, part in changed:
        whole.index_copy_(0, rows, part)
