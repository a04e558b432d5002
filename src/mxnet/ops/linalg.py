"""Linear algebra on the last two axes: products, triangles, factorizations, determinants (``mx.nd.linalg``).

Every array but a vector is a batch of matrices, (..., M, N); batch axes do not broadcast. Only float32 and float64, as
in LAPACK. "Lower" functions read the lower triangle alone, whatever the other half holds. The gradient of a symmetric
matrix is symmetric, that of a triangular one triangular.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from .own_gradient import OwnGradient
from .registry import operator

__all__: list[str] = []


# ---- checks ----------------------------------------------------------------------------------------------------------


def _need_lapack(data: Tensor) -> None:
    if data.dtype not in (torch.float32, torch.float64):
        raise ValueError("linear algebra needs float32 or float64; convert with .astype('float32')")


def _need_matrices(*matrices: Tensor) -> None:
    """Raise ValueError unless all are batches of matrices of as many axes."""
    _need_lapack(matrices[0])
    if any(m.dim() < 2 or m.dim() != matrices[0].dim() for m in matrices):
        shapes = ", ".join(str(tuple(m.shape)) for m in matrices)
        raise ValueError(f"expected matrices (..., M, N) with equally many axes, but got {shapes}")


def _need_square(matrix: Tensor) -> None:
    _need_matrices(matrix)
    if matrix.shape[-1] != matrix.shape[-2]:
        raise ValueError(f"expected square matrices (..., N, N), but got {tuple(matrix.shape)}")


def _scalars(values: Tensor) -> Tensor:
    """One number for each matrix; MXNet gives a single one an axis."""
    return values if values.dim() else values.reshape(1)


# ---- products --------------------------------------------------------------------------------------------------------


def _rows_second_to_last(axis: int, *matrices: Tensor) -> list[Tensor]:
    """The matrices with their axis of rows, which is ``axis``, moved to its usual place."""
    ndim = matrices[0].dim()
    if not -ndim <= axis < ndim or axis in (-1, ndim - 1):
        raise ValueError(f"axis {axis} must be that of the rows: any of the {ndim} axes but the last")
    return list(matrices) if axis in (-2, ndim - 2) else [m.movedim(axis, -2) for m in matrices]


def _factors(a: Tensor, b: Tensor, transpose_a: bool, transpose_b: bool) -> tuple[Tensor, Tensor]:
    """Both factors, transposed as asked. Raises ValueError when they do not fit."""
    a, b = a.mT if transpose_a else a, b.mT if transpose_b else b
    if a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
        raise ValueError(
            f"cannot multiply (after transposing) {tuple(a.shape)} by {tuple(b.shape)}: columns of the first must be "
            "as many as rows of the second, and the batch axes equal"
        )
    return a, b


@operator("_linalg_gemm", aliases=["linalg_gemm"], precision="float32")
def gemm(
    A: Tensor,
    B: Tensor,
    C: Tensor,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    beta: float = 1.0,
    axis: int = -2,
) -> Tensor:
    """``alpha * op(A) @ op(B) + beta * C``, where ``op`` transposes or not.

    A: (..., M, K) or transposed · B: (..., K, N) or transposed · C: (..., M, N) · returns (..., M, N). ``axis`` is the
    axis of the rows, for all of them; the columns stand on the last one.
    """
    _need_matrices(A, B, C)
    A, B, C = _rows_second_to_last(axis, A, B, C)
    A, B = _factors(A, B, transpose_a, transpose_b)
    shape = (*A.shape[:-1], B.shape[-1])
    if C.shape != shape:
        raise ValueError(f"C must have the shape of the product, {tuple(shape)}, but has {tuple(C.shape)}")
    batch = math.prod(shape[:-2])
    A, B, C = (m.reshape(batch, *m.shape[-2:]) for m in (A, B, C))
    result = torch.baddbmm(C, A, B, alpha=alpha, beta=beta).reshape(shape)
    return result if axis == -2 else result.movedim(-2, axis).contiguous()


@operator("_linalg_gemm2", aliases=["linalg_gemm2"], precision="float32")
def gemm2(
    A: Tensor, B: Tensor, *, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0, axis: int = -2
) -> Tensor:
    """``alpha * op(A) @ op(B)``; shapes and ``axis`` as in ``linalg_gemm``."""
    _need_matrices(A, B)
    A, B = _rows_second_to_last(axis, A, B)
    result = _scaled(torch.matmul(*_factors(A, B, transpose_a, transpose_b)), alpha)
    return result if axis == -2 else result.movedim(-2, axis).contiguous()


def _scaled(data: Tensor, alpha: float) -> Tensor:
    return data if alpha == 1 else data * alpha


@operator("_linalg_syrk", aliases=["linalg_syrk"], precision="float32")
def syrk(A: Tensor, *, transpose: bool = False, alpha: float = 1.0) -> Tensor:
    """``alpha * A @ A.T``, or ``alpha * A.T @ A`` with ``transpose``. A: (..., M, N)."""
    _need_matrices(A)
    return _scaled(torch.matmul(A.mT, A) if transpose else torch.matmul(A, A.mT), alpha)


def _triangle(matrix: Tensor, lower: bool) -> Tensor:
    return matrix.tril() if lower else matrix.triu()


@operator("_linalg_trmm", aliases=["linalg_trmm"], precision="float32")
def trmm(
    A: Tensor, B: Tensor, *, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0
) -> Tensor:
    """``alpha * op(A) @ B`` with triangular A, or ``alpha * B @ op(A)`` with ``rightside``.

    A: (..., N, N), of which the ``lower`` or the upper triangle counts; ``transpose`` is applied after that.
    """
    _need_matrices(A, B)
    _need_square(A)
    triangle = _triangle(A, lower)
    left, right = (B, triangle) if rightside else (triangle, B)
    left, right = _factors(left, right, transpose and not rightside, transpose and rightside)
    return _scaled(torch.matmul(left, right), alpha)


@operator("_linalg_trsm", aliases=["linalg_trsm"], precision="float32")
def trsm(
    A: Tensor, B: Tensor, *, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0
) -> Tensor:
    """X with ``op(A) @ X = alpha * B`` and triangular A, or ``X @ op(A) = alpha * B`` with ``rightside``.

    A as in ``linalg_trmm``. A zero on its diagonal gives infinite or NaN values.
    """
    _need_matrices(A, B)
    _need_square(A)
    if A.shape[:-2] != B.shape[:-2] or A.shape[-1] != B.shape[-1 if rightside else -2]:
        raise ValueError(f"A of shape {tuple(A.shape)} does not fit B of shape {tuple(B.shape)}, rightside={rightside}")
    A = A.mT if transpose else A
    return torch.linalg.solve_triangular(A, _scaled(B, alpha), upper=lower == transpose, left=not rightside)


@operator("khatri_rao", may_return_input=True, precision="float32")
def khatri_rao(*args: Tensor, num_args: int = 1) -> Tensor:
    """Kronecker products of corresponding columns: (M1, K), (M2, K), ... give (M1 * M2 * ..., K)."""
    if not args:
        raise ValueError("at least one matrix must be given")
    if any(m.dim() != 2 or m.shape[-1] != args[0].shape[-1] for m in args):
        shapes = ", ".join(str(tuple(m.shape)) for m in args)
        raise ValueError(f"expected matrices with equally many columns, but got {shapes}")
    return reduce(lambda a, b: (a.unsqueeze(1) * b).flatten(0, 1), args)


# ---- diagonals and triangles -----------------------------------------------------------------------------------------


@operator("_linalg_sumlogdiag", aliases=["linalg_sumlogdiag"], precision="float32")
def sumlogdiag(A: Tensor) -> Tensor:
    """Sum of the logarithms of the diagonal: (..., N, N) gives (...), a single matrix (1,)."""
    _need_square(A)
    return _scalars(A.diagonal(dim1=-2, dim2=-1).log().sum(-1))


def _need_diagonal(matrix: Tensor, offset: int) -> None:
    _need_square(matrix)
    size = matrix.shape[-1]
    if abs(offset) >= size:
        raise ValueError(f"offset {offset} is outside of matrices of size {size}")


@operator("_linalg_extractdiag", aliases=["linalg_extractdiag"], returns_view=True, precision="float32")
def extractdiag(A: Tensor, *, offset: int = 0) -> Tensor:
    """The diagonal ``offset`` places above the main one (below for negative): (..., N, N) gives (..., N - |offset|)."""
    _need_diagonal(A, offset)
    return A.diagonal(offset, -2, -1)


@operator("_linalg_makediag", aliases=["linalg_makediag"], precision="float32")
def makediag(A: Tensor, *, offset: int = 0) -> Tensor:
    """Matrices with ``A`` on a diagonal, zeros elsewhere: the reverse of ``linalg_extractdiag``."""
    _need_lapack(A)
    return torch.diag_embed(A, offset)


def _triangle_positions(size: int, offset: int, lower: bool, device: torch.device) -> Tensor:
    """Where the elements of a triangle lie in a flat matrix: row after row, of the transposed one for the upper."""
    lower = offset < 0 if offset else lower
    rows, columns = torch.tril_indices(size, size, -abs(offset), device=device)
    return rows * size + columns if lower else columns * size + rows


@operator("_linalg_extracttrian", aliases=["linalg_extracttrian"], precision="float32")
def extracttrian(A: Tensor, *, offset: int = 0, lower: bool = True) -> Tensor:
    """A triangle as a vector: (..., N, N) gives (..., n * (n + 1) / 2), where n = N - |offset|.

    A positive offset takes the upper triangle from that diagonal on, a negative one the lower; for 0, ``lower`` says
    which. The lower one is read row by row, the upper one column by column.
    """
    _need_diagonal(A, offset)
    return A.flatten(-2).index_select(-1, _triangle_positions(A.shape[-1], offset, lower, A.device))


@operator("_linalg_maketrian", aliases=["linalg_maketrian"], precision="float32")
def maketrian(A: Tensor, *, offset: int = 0, lower: bool = True) -> Tensor:
    """Triangular matrices from vectors: the reverse of ``linalg_extracttrian``."""
    _need_lapack(A)
    count = A.shape[-1]
    side = (math.isqrt(8 * count + 1) - 1) // 2
    if side * (side + 1) // 2 != count:
        raise ValueError(f"the last axis must have n * (n + 1) / 2 elements (1, 3, 6, 10, ...), but has {count}")
    size = side + abs(offset)
    positions = _triangle_positions(size, offset, lower, A.device)
    flat = A.new_zeros(*A.shape[:-1], size * size).index_copy(-1, positions, A)
    return flat.unflatten(-1, (size, size))


# ---- factorizations --------------------------------------------------------------------------------------------------


@operator("_linalg_potrf", aliases=["linalg_potrf"], precision="float32")
def potrf(A: Tensor) -> Tensor:
    """Cholesky factor of symmetric positive-definite matrices: lower triangular L with ``A = L @ L.T``."""
    _need_square(A)
    return torch.linalg.cholesky(A)


@operator("_linalg_potri", aliases=["linalg_potri"], precision="float32")
def potri(A: Tensor) -> Tensor:
    """``inverse(A @ A.T)`` for lower triangular A, such as a factor by ``linalg_potrf``."""
    _need_square(A)
    return torch.cholesky_inverse(A.tril())


@operator(
    "_linalg_gelqf", aliases=["linalg_gelqf"], outputs=2, output_names=("output0", "output1"), precision="float32"
)
def gelqf(A: Tensor) -> tuple[Tensor, Tensor]:
    """Q with orthonormal rows and lower triangular L with ``A = L @ Q``.

    A: (..., M, N) with M <= N · Q: (..., M, N) · L: (..., M, M), whose diagonal may be negative.
    """
    _need_matrices(A)
    if A.shape[-2] > A.shape[-1]:
        raise ValueError(f"expected matrices with no more rows than columns, but got {tuple(A.shape)}")
    q, r = torch.linalg.qr(A.mT)
    return q.mT.contiguous(), r.mT.contiguous()


class Eigen(OwnGradient):
    """Eigenvectors, as rows, and eigenvalues, ascending. The gradient is symmetric, and takes the part of a pair of
    equal eigenvalues to be 0: that of a function that does not depend on the choice of their vectors."""

    @staticmethod
    def forward(ctx: Any, A: Tensor) -> tuple[Tensor, Tensor]:
        values, columns = torch.linalg.eigh(A)
        rows = columns.mT
        largest = rows.gather(-1, rows.abs().argmax(-1, keepdim=True))
        rows = torch.where(largest < 0, -rows, rows)
        ctx.save_for_backward(rows, values)
        return rows, values

    @staticmethod
    def backward(ctx: Any, *heads: Tensor) -> Tensor:
        rows, values = ctx.saved_tensors
        gaps = values.unsqueeze(-2) - values.unsqueeze(-1)
        rotation = torch.matmul(rows, heads[0].mT) / gaps.masked_fill(gaps == 0, math.inf)
        inner = (rotation + rotation.mT) / 2 + torch.diag_embed(heads[1])
        return rows.mT @ inner @ rows


@operator("_linalg_syevd", outputs=2, output_names=("output0", "output1"), precision="float32")
def syevd(A: Tensor) -> tuple[Tensor, Tensor]:
    """U and l with ``A = U.T @ diag(l) @ U`` for symmetric A: eigenvectors, as rows of U, and eigenvalues, ascending.

    A: (..., N, N) · U: (..., N, N), the largest element of each row positive · l: (..., N).
    """
    _need_square(A)
    return Eigen.apply(A)


# ---- determinants and inverse ----------------------------------------------------------------------------------------


@operator("_linalg_inverse", aliases=["linalg_inverse"], precision="float32")
def inverse(A: Tensor) -> Tensor:
    """Inverse matrices. A singular one is an error."""
    _need_square(A)
    return torch.linalg.inv(A)


@operator("_linalg_det", aliases=["linalg_det"], precision="float32")
def det(A: Tensor) -> Tensor:
    """Determinants: (..., N, N) gives (...), a single matrix (1,). The gradient of a singular matrix is 0."""
    _need_square(A)
    return _scalars(torch.linalg.det(A))


class SignedLogDeterminant(OwnGradient):
    """Sign and log(abs(det)); the gradient of a singular matrix is 0, that of the sign too."""

    @staticmethod
    def forward(ctx: Any, A: Tensor) -> tuple[Tensor, Tensor]:
        sign, logarithm = torch.linalg.slogdet(A)
        ctx.save_for_backward(A, sign)
        return sign, logarithm

    @staticmethod
    def backward(ctx: Any, *heads: Tensor) -> Tensor:
        A, sign = ctx.saved_tensors
        singular = (sign == 0)[..., None, None]
        regular = torch.where(singular, torch.eye(A.shape[-1], dtype=A.dtype, device=A.device), A)
        return (heads[1][..., None, None] * torch.linalg.inv(regular).mT).masked_fill(singular, 0)


@operator(
    "_linalg_slogdet", aliases=["linalg_slogdet"], outputs=2, output_names=("output0", "output1"), precision="float32"
)
def slogdet(A: Tensor) -> tuple[Tensor, Tensor]:
    """Sign (-1, 0, 1) and logarithm of the absolute value of the determinant; (1,) each for a single matrix.

    A singular matrix has the sign 0, the logarithm -inf, and the gradient 0.
    """
    _need_square(A)
    sign, logarithm = SignedLogDeterminant.apply(A)
    return _scalars(sign), _scalars(logarithm)
