"""Matrix products."""

from __future__ import annotations

from typing import Literal

import torch

from .checks import need_float
from .registry import operator

__all__: list[str] = []

Storage = Literal[None, "csr", "default", "row_sparse"]


@operator("dot", storage="forward_stype", precision="widest")
def dot(
    lhs: torch.Tensor,
    rhs: torch.Tensor,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    forward_stype: Storage = None,
) -> torch.Tensor:
    """Product over the last axis of ``lhs`` and the first axis of ``rhs``.

    lhs: (..., K) · rhs: (K, ...) · returns (..., ...); two vectors give (1,). Transposed, ``lhs`` is (K, ...)
    and ``rhs`` (..., K). ``forward_stype`` is the storage of the result; without it, that of csr products follows from
    the inputs (see ``sparse/rules.py``).
    """
    need_float(lhs)
    if lhs.dim() == 2 and rhs.dim() == 2:
        try:
            return torch.mm(lhs.mT if transpose_a else lhs, rhs.mT if transpose_b else rhs)
        except RuntimeError:
            pass  # told below
    if lhs.dim() == 1 and rhs.dim() == 1 and (transpose_a or transpose_b):
        raise ValueError("vectors cannot be transposed; leave out transpose_a and transpose_b")
    a, b = 0 if transpose_a else lhs.dim() - 1, rhs.dim() - 1 if transpose_b else 0
    if lhs.shape[a] != rhs.shape[b]:
        raise ValueError(
            f"axis {a} of lhs has {lhs.shape[a]} elements, axis {b} of rhs {rhs.shape[b]}; they must agree"
        )
    product = torch.tensordot(lhs, rhs, ([a], [b]))
    return product if product.dim() else product.reshape(1)


@operator("batch_dot", precision="widest")
def batch_dot(
    lhs: torch.Tensor,
    rhs: torch.Tensor,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    forward_stype: Storage = None,
) -> torch.Tensor:
    """Matrix product for every element of a batch.

    lhs: (..., M, K) · rhs: (..., K, N) · returns (..., M, N). Batch axes do not broadcast. Transposed, ``lhs``
    is (..., K, M) and ``rhs`` (..., N, K).
    """
    need_float(lhs)
    if lhs.dim() < 3 or lhs.dim() != rhs.dim():
        raise ValueError("lhs and rhs must have the same number of axes, at least 3")
    left = lhs.mT if transpose_a else lhs
    right = rhs.mT if transpose_b else rhs
    if left.dim() == 3:
        try:
            return torch.bmm(left, right)
        except RuntimeError:
            pass  # told below
    if lhs.shape[:-2] != rhs.shape[:-2]:
        raise ValueError(f"lhs has batch axes {tuple(lhs.shape[:-2])}, rhs {tuple(rhs.shape[:-2])}; they must be equal")
    if left.shape[-1] != right.shape[-2]:
        raise ValueError(f"the matrices of lhs have {left.shape[-1]} columns, those of rhs {right.shape[-2]} rows")
    return torch.matmul(left, right)
