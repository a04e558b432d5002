"""A sampler that visits items at intervals."""

from __future__ import annotations

import operator
from collections.abc import Iterator

from ...data.sampler import Sampler

__all__ = ["IntervalSampler"]


class IntervalSampler(Sampler):
    """The indices 0, interval, 2 interval, ... below ``length``; then 1, 1 + interval, ... until all were visited.

    rollover: False ends after the first pass.

    Raises AssertionError for an interval longer than ``length``, ValueError for one below 1, TypeError for what is no
    integer.
    """

    def __init__(self, length: int, interval: int, rollover: bool = True) -> None:
        length, interval = operator.index(length), operator.index(interval)
        if interval > length:
            raise AssertionError(f"Interval {interval} must be smaller than or equal to length {length}")
        if interval < 1:
            raise ValueError(f"interval must be 1 or more, but got {interval}")
        self._length, self._interval, self._rollover = length, interval, rollover

    def __iter__(self) -> Iterator[int]:
        for start in range(self._interval if self._rollover else 1):
            yield from range(start, self._length, self._interval)

    def __len__(self) -> int:
        return self._length if self._rollover else -(-self._length // self._interval)
