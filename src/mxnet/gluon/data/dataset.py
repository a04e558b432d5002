"""Datasets: collections of samples with a length and an index, and views of them (transformed, filtered, ...)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...ndarray import NDArray
from .sampler import FilterSampler, Sampler, SequentialSampler

__all__ = ["ArrayDataset", "Dataset", "SimpleDataset"]


class Dataset:
    """Base class of all datasets. Subclasses override ``__getitem__`` and ``__len__``.

    An item that consists of several parts, such as data and label, is a tuple.
    """

    def __getitem__(self, idx: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(self, idx), which returns a sample")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must define __len__(self), the number of samples")

    def filter(self, fn: Callable[[Any], Any]) -> Dataset:
        """The items for which ``fn(item)`` is true. Visits every item once, now; an item that is a tuple stays one."""
        return _SampledDataset(self, FilterSampler(fn, self))

    def shard(self, num_shards: int, index: int) -> Dataset:
        """Part number ``index`` of ``num_shards`` contiguous parts; if they cannot be equal, the first are longer.

        Raises AssertionError unless ``0 <= index < num_shards``.
        """
        if not 0 <= index < num_shards:
            raise AssertionError(
                f"index of a shard must be from 0 to num_shards - 1 = {num_shards - 1}, but got {index}"
            )
        size, longer = divmod(len(self), num_shards)
        return _SampledDataset(self, SequentialSampler(size + (index < longer), size * index + min(index, longer)))

    def take(self, count: int | None) -> Dataset:
        """The first ``count`` items; all of them where ``count`` is None or larger than the dataset.

        Raises ValueError for a negative count.
        """
        if count is not None and count < 0:
            raise ValueError(f"count of items to take must be None or at least 0, but got {count}")
        return _SampledDataset(self, SequentialSampler(len(self) if count is None else min(count, len(self))))

    def sample(self, sampler: Sampler) -> Dataset:
        """The items that ``sampler`` names, in its order, which is asked for once, now.

        Raises TypeError for anything but a Sampler.
        """
        if not isinstance(sampler, Sampler):
            raise TypeError(f"Invalid sampler type: {type(sampler)}. Expected gluon.data.Sampler instead.")
        return _SampledDataset(self, sampler)

    def transform(self, fn: Callable, lazy: bool = True) -> Dataset:
        """Items with ``fn`` applied: ``fn(item)``, or ``fn(*item)`` where the item is a tuple.

        Lazy: ``fn`` runs whenever an item is asked for, which random augmentation needs. Otherwise it runs on all items
        now, and the results are kept.
        """
        transformed = _LazyTransformDataset(self, fn)
        return transformed if lazy else SimpleDataset([transformed[i] for i in range(len(transformed))])

    def transform_first(self, fn: Callable[[Any], Any], lazy: bool = True) -> Dataset:
        """Like ``transform``, with ``fn`` applied to the first part of each item only: to the data, not the label."""
        return self.transform(_TransformFirstClosure(fn), lazy)


class SimpleDataset(Dataset):
    """A list, or anything else with a length and an index, as a dataset."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __getitem__(self, idx: int) -> Any:
        return self._data[idx]

    def __len__(self) -> int:
        return len(self._data)


class ArrayDataset(Dataset):
    """Arrays of equal length side by side: item i is ``array[i]`` of the only one, or the tuple of all of them.

    Parameters
    ----------
    *args : NDArray, numpy.ndarray, list, Dataset, ...
        Anything with a length and an index. A one-dimensional NDArray (labels) is kept as a NumPy array, so that its
        items are plain numbers.

    Raises AssertionError for no arrays and for arrays of different lengths.
    """

    def __init__(self, *args: Any) -> None:
        if not args:
            raise AssertionError("ArrayDataset needs at least 1 array, but got none")
        self._length = len(args[0])
        for i, data in enumerate(args):
            if len(data) != self._length:
                raise AssertionError(
                    "All arrays of an ArrayDataset must have the same length; "
                    f"array[0] has length {self._length} while array[{i}] has {len(data)}."
                )
        self._data = [a.asnumpy() if isinstance(a, NDArray) and a.ndim == 1 else a for a in args]

    def __getitem__(self, idx: int) -> Any:
        if len(self._data) == 1:
            return self._data[0][idx]
        return tuple(data[idx] for data in self._data)

    def __len__(self) -> int:
        return self._length


class _SampledDataset(Dataset):
    """The items of a dataset that a sampler names."""

    def __init__(self, dataset: Dataset, sampler: Sampler) -> None:
        self._dataset = dataset
        self._sampler = sampler
        self._indices = list(sampler)

    def __getitem__(self, idx: int) -> Any:
        return self._dataset[self._indices[idx]]

    def __len__(self) -> int:
        return len(self._indices)


class _LazyTransformDataset(Dataset):
    """A dataset whose items pass through a function when they are asked for."""

    def __init__(self, data: Dataset, fn: Callable) -> None:
        self._data = data
        self._fn = fn

    def __getitem__(self, idx: int) -> Any:
        item = self._data[idx]
        return self._fn(*item) if isinstance(item, tuple) else self._fn(item)

    def __len__(self) -> int:
        return len(self._data)


class _TransformFirstClosure:
    """Applies a function to the first of its arguments; a class, because worker processes may have to pickle it."""

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        self._fn = fn

    def __call__(self, x: Any, *args: Any) -> Any:
        return (self._fn(x), *args) if args else self._fn(x)
