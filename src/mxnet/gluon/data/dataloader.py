"""DataLoader: the samples of a dataset as batches, made here, by threads, or by worker processes."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import pickle
import weakref
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...base import MXNetError
from ...context import Context, cpu_pinned
from ...ndarray import NDArray
from .batchify import default_batchify_fn, default_mp_batchify_fn, fetch
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, SizedIterable
from .workers import Pool, process_pool, thread_pool

__all__ = ["DataLoader", "default_batchify_fn", "default_mp_batchify_fn"]


class DataLoader:
    """Iterates over the batches of a dataset; every ``iter`` is a new epoch.

    Parameters
    ----------
    dataset : Dataset
        Anything with a length and an index: a list, an array.
    batch_size : int
        Samples in a batch; needed unless there is a ``batch_sampler``.
    shuffle : bool
        Visit the samples in random order. ``np.random.seed`` makes it repeatable.
    sampler : Sampler
        Which samples, in which order, instead of ``shuffle``.
    last_batch : {'keep', 'discard', 'rollover'}
        What becomes of an incomplete batch at the end: kept (default), thrown away, or put before the next epoch.
    batch_sampler : Sampler
        Lists of indices, one a batch, instead of ``batch_size``, ``shuffle``, ``sampler`` and ``last_batch``.
    batchify_fn : callable
        Makes a batch of a list of samples. By default they are stacked: see ``default_batchify_fn``.
    num_workers : int
        How many workers make batches in the background; with 0, batches are made here when asked for.
    pin_memory : bool
        Batches come as arrays on ``cpu_pinned(pin_device_id)``, which a GPU copies from faster.
    prefetch : int
        How many batches workers make ahead, ``2 * num_workers`` by default.
    thread_pool : bool
        Workers are threads rather than processes: for datasets that spend their time outside of Python.
    timeout : int
        How many seconds to wait for a batch of a worker.
    auto_reload : bool
        Workers begin the next epoch as soon as one ends (and the first at once).

    Worker processes start with the first epoch, keep their copy of the dataset from then on, and end with the loader.
    Random numbers in a worker depend on NumPy's generator, the epoch and the batch, not on which worker makes it.

    Raises ValueError for arguments that exclude each other or lack something, AssertionError for a timeout that is not
    positive. Iterating raises what the dataset raises (with the worker's traceback as the cause),
    ``multiprocessing.TimeoutError`` when a worker takes longer than ``timeout``, and MXNetError when one dies.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = None,
        shuffle: bool = False,
        sampler: SizedIterable | None = None,
        last_batch: str | None = None,
        batch_sampler: SizedIterable | None = None,
        batchify_fn: Callable[[list[Any]], Any] | None = None,
        num_workers: int = 0,
        pin_memory: bool = False,
        pin_device_id: int = 0,
        prefetch: int | None = None,
        thread_pool: bool = False,
        timeout: float = 120,
        auto_reload: bool = False,
    ) -> None:
        if timeout <= 0:
            raise AssertionError(f"timeout must be positive, given {timeout}")
        if batch_sampler is None:
            batch_sampler = _batch_sampler(dataset, batch_size, shuffle, sampler, last_batch)
        elif batch_size is not None or shuffle or sampler is not None or last_batch is not None:
            raise ValueError(
                "batch_size, shuffle, sampler and last_batch must not be specified if batch_sampler is specified."
            )
        self._dataset = dataset
        self._batch_sampler = batch_sampler
        self._num_workers = max(num_workers, 0)
        self._batchify_fn = batchify_fn or (default_mp_batchify_fn if num_workers > 0 else default_batchify_fn)
        self._pin_memory = pin_memory
        self._pin_device_id = pin_device_id
        self._prefetch = 2 * self._num_workers if prefetch is None else max(int(prefetch), 0)
        self._thread_pool = thread_pool
        self._timeout = timeout
        self.auto_reload = auto_reload
        self._pool: Pool | None = None
        self._epochs = 0
        self._next_epoch: _Epoch | None = None
        if auto_reload:
            self.refresh()

    def __iter__(self) -> Iterator[Any]:
        ctx = cpu_pinned(self._pin_device_id) if self._pin_memory else None
        if not self._num_workers:
            for indices in self._batch_sampler:
                batch = fetch(self._dataset, self._batchify_fn, indices)
                yield _pin(batch, ctx) if ctx else batch
            return
        epoch, self._next_epoch = self._next_epoch or self._begin_epoch(), None
        try:
            for batch in epoch:
                yield _pin(batch, ctx) if ctx else batch
        finally:
            epoch.close()
        if self.auto_reload:
            self.refresh()

    def __len__(self) -> int:
        return len(self._batch_sampler)

    def refresh(self) -> None:
        """Let the workers begin the epoch that the next ``iter`` will yield."""
        self.clean()
        if self._num_workers:
            self._next_epoch = self._begin_epoch()

    def clean(self) -> None:
        """Drop the batches that were made ahead of the next ``iter``."""
        if self._next_epoch is not None:
            self._next_epoch.close()
            self._next_epoch = None

    def _begin_epoch(self) -> _Epoch:
        if self._pool is not None and not self._pool.usable:
            self._pool.close()
            self._pool = None
        if self._pool is None:
            make = thread_pool if self._thread_pool else process_pool
            self._pool = make(self._dataset, self._batchify_fn, self._num_workers)
            weakref.finalize(self, self._pool.close)  # also at the interpreter's exit
        self._epochs += 1
        return _Epoch(self._pool, iter(self._batch_sampler), self._prefetch, self._timeout, self._epochs)


class _Epoch:
    """The batches of one epoch in their order, some of them being made ahead by a pool."""

    def __init__(self, pool: Pool, batches: Iterator[Any], prefetch: int, timeout: float, number: int) -> None:
        self._pool = pool
        self._batches = batches
        self._timeout = timeout
        # The seeds for workers follow from the state of NumPy's generator, but draw nothing from it.
        state = zlib.crc32(pickle.dumps(np.random.get_state(legacy=False)))
        self._seeds = np.random.RandomState([state, number])
        self._pending: deque[concurrent.futures.Future] = deque()
        for _ in range(prefetch):
            self._request()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self._request()
        if not self._pending:
            raise StopIteration
        future = self._pending.popleft()
        try:
            return future.result(self._timeout)
        except concurrent.futures.CancelledError:
            raise MXNetError("DataLoader: the workers were stopped while this iteration waited for them.") from None
        except concurrent.futures.TimeoutError:
            if future.done():  # the dataset raised it
                return future.result()
            self._pool.close()
            raise multiprocessing.TimeoutError(
                f"DataLoader: a worker made no batch in {self._timeout} seconds. Give a larger timeout= if loading and "
                "transforming a batch takes so long; num_workers=0 shows what it waits for otherwise."
            ) from None

    def close(self) -> None:
        """Drop the batches that were made ahead."""
        for future in self._pending:
            future.cancel()
        self._pending.clear()

    def _request(self) -> None:
        for indices in self._batches:
            self._pending.append(self._pool.submit(indices, int(self._seeds.randint(2**31))))
            return


def _batch_sampler(
    dataset: Any, batch_size: int | None, shuffle: bool, sampler: SizedIterable | None, last_batch: str | None
) -> Sampler:
    """The batch sampler that DataLoader's arguments describe. Raises ValueError where they do not describe one."""
    if batch_size is None:
        raise ValueError("batch_size must be specified unless batch_sampler is specified")
    if sampler is None:
        sampler = RandomSampler(len(dataset)) if shuffle else SequentialSampler(len(dataset))
    elif shuffle:
        raise ValueError("shuffle must not be specified if sampler is specified")
    return BatchSampler(sampler, batch_size, last_batch or "keep")


def _pin(batch: Any, ctx: Context) -> Any:
    """A batch with its arrays in pinned memory; tuples become lists, as in MXNet."""
    if isinstance(batch, NDArray):
        return batch.as_in_context(ctx)
    if isinstance(batch, (list, tuple)):
        return [_pin(part, ctx) for part in batch]
    return batch
