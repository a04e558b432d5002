"""Between the coordinates of an element and its position in the flat array."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .attributes import Shape
from .registry import operator

__all__: list[str] = []


def _inner_sizes(shape: Shape | None) -> list[int]:
    """The sizes of all axes but the first, which do not depend on that of the first."""
    inner = [size or 0 for size in shape[1:]] if shape else [0]
    if min(inner, default=1) < 1:
        raise ValueError(f"shape must have at least one axis, and positive sizes from the second one on, got {shape}")
    return inner


def _strides(inner: list[int]) -> list[int]:
    """How far a step along each axis goes in the flat array."""
    return [math.prod(inner[i:]) for i in range(len(inner) + 1)]


@operator("_ravel_multi_index", aliases=["ravel_multi_index"], differentiable=False)
def ravel_multi_index(data: Tensor, *, shape: Shape | None = None) -> Tensor:
    """Flat positions, (N,), from coordinates: data is (axes of ``shape``, N).

    Coordinates are cut to whole numbers; whether they lie within ``shape`` is not checked. The dtype stays.
    """
    strides = _strides(_inner_sizes(shape))
    if data.dim() != 2 or data.shape[0] != len(strides):
        raise ValueError(f"data must have shape ({len(strides)}, N), a row for each axis of shape={shape}")
    steps = torch.tensor(strides, device=data.device).unsqueeze(1)
    return (data.long() * steps).sum(0).to(dtype=data.dtype)


@operator("_unravel_index", aliases=["unravel_index"], differentiable=False)
def unravel_index(data: Tensor, *, shape: Shape | None = None) -> Tensor:
    """Coordinates from flat positions: (N,) gives (axes of ``shape``, N).

    Positions are cut to whole numbers; beyond the end, the first coordinate goes on. The dtype stays.
    """
    inner = _inner_sizes(shape)
    steps = torch.tensor(_strides(inner), device=data.device).reshape(-1, *(1,) * data.dim())
    coordinates = torch.div(data.long().unsqueeze(0), steps, rounding_mode="trunc")
    wrapped = [torch.fmod(row, size) for row, size in zip(coordinates[1:], inner, strict=True)]
    return torch.stack([coordinates[0], *wrapped]).to(dtype=data.dtype)
