"""Multi-head attention (Vaswani et al., 2017) on projections that lie interleaved in one array, head by head.

Along the last axis of an array come, for each head, its query, key and value of D elements each (or its key and value).
Scores and attention have the heads of an example one after the other: (N * heads, Tq, Tk).
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..checks import need_shape
from ..registry import operator

__all__: list[str] = []


def _heads(name: str, array: Tensor, heads: int, kinds: int) -> tuple[Tensor, ...]:
    """The arrays (N * heads, T, D), as views, that lie interleaved in (T, N, heads * kinds * D)."""
    if array.dim() != 3 or heads < 1 or array.shape[2] % (heads * kinds):
        raise ValueError(
            f"{name} must be (T, N, {heads} * {kinds} * D) with heads={heads}, but has shape {tuple(array.shape)}"
        )
    steps, batch, width = array.shape
    parts = array.view(steps, batch * heads, kinds, width // (heads * kinds)).unbind(2)
    return tuple(part.transpose(0, 1) for part in parts)


def _scores(queries: Tensor, keys: Tensor) -> Tensor:
    """``queries @ keys.T / sqrt(D)`` of every head."""
    shape = (queries.shape[0], queries.shape[1], keys.shape[1])
    scale = queries.shape[2] ** -0.5
    return torch.baddbmm(queries.new_empty(()).expand(shape), queries, keys.transpose(1, 2), beta=0, alpha=scale)


def _weighted(attention: Tensor, values: Tensor, batch: int) -> Tensor:
    """``attention @ values`` of every head, the heads of an example side by side: (Tq, N, heads * D)."""
    return torch.bmm(attention, values).transpose(0, 1).reshape(attention.shape[1], batch, -1)


@operator("_contrib_interleaved_matmul_selfatt_qk", precision="widest")
def selfatt_qk(queries_keys_values: Tensor, *, heads: int) -> Tensor:
    """Scores of self-attention, ``query @ key.T / sqrt(D)``.

    queries_keys_values: (T, N, heads * 3 * D) · returns (N * heads, T, T).
    """
    queries, keys, _ = _heads("queries_keys_values", queries_keys_values, heads, 3)
    return _scores(queries, keys)


@operator("_contrib_interleaved_matmul_selfatt_valatt", precision="widest")
def selfatt_valatt(queries_keys_values: Tensor, attention: Tensor, *, heads: int) -> Tensor:
    """Values of self-attention, weighted: ``attention @ value``.

    queries_keys_values: (T, N, heads * 3 * D) · attention: (N * heads, T, T) · returns (T, N, heads * D).
    """
    values = _heads("queries_keys_values", queries_keys_values, heads, 3)[2]
    need_shape("attention", attention, (values.shape[0], values.shape[1], values.shape[1]))
    return _weighted(attention, values, queries_keys_values.shape[1])


@operator("_contrib_interleaved_matmul_encdec_qk", precision="widest")
def encdec_qk(queries: Tensor, keys_values: Tensor, *, heads: int) -> Tensor:
    """Scores of a decoder's attention to an encoder, ``query @ key.T / sqrt(D)``.

    queries: (Tq, N, heads * D) · keys_values: (Tk, N, heads * 2 * D) · returns (N * heads, Tq, Tk).
    """
    (query,) = _heads("queries", queries, heads, 1)
    need_shape("keys_values", keys_values, (keys_values.shape[0], queries.shape[1], 2 * queries.shape[2]))
    return _scores(query, _heads("keys_values", keys_values, heads, 2)[0])


@operator("_contrib_interleaved_matmul_encdec_valatt", precision="widest")
def encdec_valatt(keys_values: Tensor, attention: Tensor, *, heads: int) -> Tensor:
    """Values of a decoder's attention to an encoder, weighted: ``attention @ value``.

    keys_values: (Tk, N, heads * 2 * D) · attention: (N * heads, Tq, Tk) · returns (Tq, N, heads * D).
    """
    values = _heads("keys_values", keys_values, heads, 2)[1]
    if attention.dim() != 3 or (attention.shape[0], attention.shape[2]) != values.shape[:2]:
        batch, steps = values.shape[:2]
        raise ValueError(f"attention must have shape ({batch}, Tq, {steps}), but has {tuple(attention.shape)}")
    return _weighted(attention, values, keys_values.shape[1])


@operator("_contrib_div_sqrt_dim")
def div_sqrt_dim(data: Tensor) -> Tensor:
    """``data`` divided by the square root of the size of its last axis, cut to a whole number for integers."""
    root = data.shape[-1] ** 0.5
    if data.is_floating_point():
        return data / root
    return torch.div(data, int(root), rounding_mode="trunc")
