"""Samplers: in which order the items of a dataset are visited, and how they are grouped into batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, Protocol

import numpy as np

__all__ = ["BatchSampler", "FilterSampler", "RandomSampler", "Sampler", "SequentialSampler"]


class SizedIterable(Sized, Iterable, Protocol):
    """What can take a sampler's place: a list of indices, for one."""


class Sampler:
    """Base class of all samplers: iterating yields indices (or lists of them), ``len`` says how many.

    Every ``iter`` starts anew. Subclasses override ``__iter__`` and ``__len__``.
    """

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__(self), which yields indices")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must define __len__(self), the number of indices")


class SequentialSampler(Sampler):
    """The indices ``start, ..., start + length - 1`` in this order."""

    def __init__(self, length: int, start: int = 0) -> None:
        self._length = length
        self._start = start

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._start, self._start + self._length))

    def __len__(self) -> int:
        return self._length


class RandomSampler(Sampler):
    """The indices ``0, ..., length - 1`` in random order, without repetition; a new order at every ``iter``.

    NumPy's global generator shuffles, so ``np.random.seed`` (not ``mx.random.seed``) makes the order repeatable.
    """

    def __init__(self, length: int) -> None:
        self._length = length

    def __iter__(self) -> Iterator[np.int64]:
        indices = np.arange(self._length)
        np.random.shuffle(indices)
        return iter(indices)

    def __len__(self) -> int:
        return self._length


class FilterSampler(Sampler):
    """The indices of the items of ``dataset`` for which ``fn(item)`` is true, evaluated once, at construction."""

    def __init__(self, fn: Callable[[Any], Any], dataset: Any) -> None:
        self._fn = fn
        self._dataset = dataset
        self._indices = [i for i, item in enumerate(dataset) if fn(item)]

    def __iter__(self) -> Iterator[int]:
        return iter(self._indices)

    def __len__(self) -> int:
        return len(self._indices)


class BatchSampler(Sampler):
    """Groups the indices of another sampler into lists of ``batch_size``.

    Parameters
    ----------
    sampler : Sampler
        Yields single indices; a list of them will do.
    batch_size : int
        Length of a batch, at least 1.
    last_batch : {'keep', 'discard', 'rollover'}
        What becomes of fewer than ``batch_size`` indices at the end: a shorter batch, nothing, or the beginning of the
        next epoch.

    Raises ValueError for a batch size below 1 and for any other ``last_batch``.
    """

    def __init__(self, sampler: SizedIterable, batch_size: int, last_batch: str = "keep") -> None:
        if isinstance(batch_size, str) or batch_size != int(batch_size) or batch_size < 1:
            raise ValueError(f"batch_size must be a whole number, 1 or more, but got {batch_size!r}")
        if last_batch not in ("keep", "discard", "rollover"):
            raise ValueError(f"last_batch must be one of 'keep', 'discard', or 'rollover', but got {last_batch!r}")
        self._sampler = sampler
        self._batch_size = int(batch_size)
        self._last_batch = last_batch
        self._prev: list[Any] = []  # left over by 'rollover'

    def __iter__(self) -> Iterator[list[Any]]:
        batch, self._prev = self._prev, []
        for index in self._sampler:
            batch.append(index)
            if len(batch) == self._batch_size:
                yield batch
                batch = []
        if batch and self._last_batch == "keep":
            yield batch
        elif self._last_batch == "rollover":
            self._prev = batch

    def __len__(self) -> int:
        count = len(self._sampler) + len(self._prev)
        if self._last_batch == "keep":
            count += self._batch_size - 1
        return count // self._batch_size
