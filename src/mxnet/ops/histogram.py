"""How many values fall into each of several bins."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .attributes import Floats
from .registry import operator

__all__: list[str] = []


def _uniform_edges(data: Tensor, count: int, low: float, high: float) -> Tensor:
    """``count + 1`` edges at equal distances, in the dtype of ``data``, or in float64 where that holds integers."""
    if low == high:
        low, high = low - 0.5, high + 0.5
    steps = torch.arange(count + 1, dtype=torch.float64, device=data.device)
    edges = low + steps * (high - low) / count
    return edges.to(dtype=data.dtype) if data.is_floating_point() else edges


@operator(
    "_histogram",
    types="T, T -> int64, T",
    outputs=2,
    output_names=("output0", "output1"),
    needs={"bins": lambda bin_cnt, **_: bin_cnt is None},
    differentiable=False,
)
def histogram(
    data: Tensor, bins: Tensor | None = None, *, bin_cnt: int | None = None, range: Floats | None = None
) -> tuple[Tensor, Tensor]:
    """Counts (N,), int64, and edges (N + 1,), in data's dtype, of N bins. Edges of integers are cut after counting.

    data: any shape · bins: the edges, ascending; or their number ``bin_cnt`` with the ``range`` that they divide. A bin
    holds its lower edge, the last one its upper edge too; values outside of all, and NaN, are not counted.
    """
    if bins is not None:
        if bin_cnt is not None or range is not None:
            raise ValueError("bins are given twice: give their edges, or bin_cnt and range")
        if bins.dim() != 1 or bins.numel() < 2:
            raise ValueError(f"bins must be a vector of at least two edges, but has shape {tuple(bins.shape)}")
        edges = bins.clone()
    elif bin_cnt is None or range is None:
        raise ValueError("bins are missing: give their edges, or bin_cnt together with range")
    elif bin_cnt < 1 or len(range) != 2 or not -math.inf < range[0] <= range[1] < math.inf:
        raise ValueError(f"expected bin_cnt >= 1 and a finite, ascending range of two, but got {bin_cnt} and {range}")
    else:
        edges = _uniform_edges(data, bin_cnt, *range)
    flat = data.flatten().to(dtype=edges.dtype)
    place = torch.bucketize(flat, edges, right=True) - 1
    place = torch.where(flat == edges[-1], len(edges) - 2, place)
    inside = (flat >= edges[0]) & (flat <= edges[-1])
    counts = inside.new_zeros(len(edges) - 1, dtype=torch.int64)
    return counts.scatter_add(0, place.clamp(0, len(edges) - 2), inside.long()), edges.to(dtype=data.dtype)
