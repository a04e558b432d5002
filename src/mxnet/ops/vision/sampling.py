"""Sums of weighted elements of feature maps: what region pooling and deformable convolution are made of.

A map becomes a table with a row of channels for each place; an output is a weighted sum of some of its rows, computed
by torch's fused ``embedding_bag`` without an intermediate array of the rows.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["pair", "table", "taps", "weighted_rows"]


def table(data: Tensor, features: int, groups: int = 1, outer: int = 1) -> Tensor:
    """(N, outer * features * groups, H, W) as rows of ``features`` numbers, for (image, outer, group, y, x) each."""
    batch, _, height, width = data.shape
    split = data.reshape(batch, outer, features, groups, height, width)
    return split.permute(0, 1, 3, 4, 5, 2).reshape(-1, features)


def taps(position: Tensor, size: int, pad: bool = False) -> tuple[Tensor, Tensor]:
    """Linear interpolation along an axis of that size: two indices and two weights for each position, (..., 2).

    Beyond the ends the last element goes on; with ``pad`` there are zeros. Indices are legal whatever the position,
    NaN included; its weights mean nothing then.
    """
    if not pad:
        position = position.clamp(0, size - 1)
    below = position.detach().floor()
    part = position - below
    index = below.clamp(-1, size).long().clamp(-1, size)[..., None] + torch.arange(2, device=position.device)
    weight = torch.stack([1 - part, part], -1)
    if pad:
        weight = torch.where((index >= 0) & (index < size), weight, 0)
    return index.clamp(0, size - 1), weight


def pair(y: tuple[Tensor, Tensor], x: tuple[Tensor, Tensor], width: int) -> tuple[Tensor, Tensor]:
    """Indices and weights along two axes, (..., A) and (..., B), as those of the places: (..., A * B)."""
    index = y[0][..., :, None] * width + x[0][..., None, :]
    weight = y[1][..., :, None] * x[1][..., None, :]
    return index.flatten(-2), weight.flatten(-2)


def weighted_rows(rows: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """``sum(weight[..., k] * rows[index[..., k]])`` over k, (..., features). Gradients for rows and weight."""
    shape, count, offsets = index.shape[:-1], index.size(-1), None
    if not rows.numel() or not index.numel():
        return rows.new_zeros(*shape, rows.size(1))
    index, weight = index.reshape(-1, count), weight.reshape(-1, count)
    if not weight.requires_grad and not weight.is_meta:  # what does not count would cost as much as what does
        counts = weight != 0
        ends = counts.sum(1).cumsum(0)
        index, weight, offsets = index[counts], weight[counts], ends.roll(1)
        offsets[0] = 0
    out = F.embedding_bag(index, rows, offsets, per_sample_weights=weight, mode="sum")
    return out.reshape(*shape, rows.size(1))
