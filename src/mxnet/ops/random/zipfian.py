"""Draws from the log-uniform (Zipf-like) distribution of classes, by which sampled softmax picks negative examples.

Class k of N, most frequent first, has the probability ``log((k + 2) / (k + 1)) / log(N + 1)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..attributes import Shape
from ..registry import operator

__all__ = ["rand_zipfian"]


def rand_zipfian(
    face: Callable[[str], Callable], true_classes: Any, num_sampled: int, range_max: int, **where: Any
) -> tuple[Any, Any, Any]:
    """``contrib.rand_zipfian``, written once for arrays and symbols.

    Returns ``num_sampled`` classes below ``range_max``, int64, drawn with replacement, and how often each of the true
    and of the sampled classes is expected among so many draws, float64. ``face`` turns an operator's name into a
    function; ``where`` is the context for it, if any.
    """
    span = math.log(range_max + 1)
    draws = face("_random_uniform")(low=0.0, high=span, shape=(num_sampled,), dtype="float64", **where)
    sampled = face("cast")(face("exp")(draws) - 1, dtype="int64") % range_max

    def expected(classes: Any) -> Any:
        classes = face("cast")(classes, dtype="float64")
        return face("log")((classes + 2.0) / (classes + 1.0)) / span * num_sampled

    return sampled, expected(true_classes), expected(sampled)


@operator(
    "_sample_unique_zipfian",
    types="-> int64, int64",
    outputs=2,
    output_names=("output0", "output1"),
    differentiable=False,
)
def sample_unique_zipfian(
    *, range_max: int, shape: Shape | None = None, _rng: torch.Generator | None, _device: torch.device
) -> tuple[Tensor, Tensor]:
    """Different classes below ``range_max`` in every row, in the order in which they were first drawn.

    shape: (N, M) · returns classes (N, M), and how many draws with replacement each row took, (N,); both int64.
    """
    rows, wanted = (size or 0 for size in shape) if shape and len(shape) == 2 else (0, 0)
    if rows < 1 or wanted < 1:
        raise ValueError(f"shape must be (rows, classes in each), but is {shape}")
    if wanted > range_max:
        raise ValueError(f"{wanted} different classes cannot be drawn from {range_max}")
    if _device.type == "meta":
        like = {"dtype": torch.int64, "device": _device}
        return torch.empty((rows, wanted), **like), torch.empty(rows, **like)
    found = [_first_different(wanted, range_max, _rng, _device) for _ in range(rows)]
    classes, draws = np.stack([row for row, _ in found]), np.array([count for _, count in found])
    return torch.from_numpy(classes).to(_device), torch.from_numpy(draws).to(_device)


def _first_different(
    wanted: int, range_max: int, rng: torch.Generator | None, device: torch.device
) -> tuple[np.ndarray, int]:
    """The first ``wanted`` different classes of a stream of draws, and the length of the stream up to the last."""
    stream = np.empty(0, dtype=np.int64)
    while True:
        more = torch.rand(2 * wanted + len(stream), dtype=torch.float64, device=device, generator=rng)
        drawn = torch.expm1(more * math.log(range_max + 1)).long().clamp_(max=range_max - 1)
        stream = np.concatenate([stream, drawn.cpu().numpy()])
        firsts = np.sort(np.unique(stream, return_index=True)[1])[:wanted]
        if len(firsts) == wanted:
            return stream[firsts], int(firsts[-1]) + 1
