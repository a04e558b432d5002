"""What makes batches in the background: threads, or threads that each speak with a process of their own.

A pool answers requests for batches with futures. Behind each of its threads is a fetcher, which makes one batch after
the other: a function (thread_pool=True), or a worker process. A process is asked for one batch at a time and answers
it, so neither side can wait for the other in a circle, and the thread that waits for a process notices when it dies.

On Linux workers are forked: only so can a dataset with lambdas in it, as everybody writes them, reach a worker, and
scripts need no ``if __name__ == "__main__"``. Forking a process that has threads is safe as long as the child does not
wait for them; so it computes on one thread (OpenMP's are gone), and speaks through a pipe that no lock guards.
Elsewhere, and where ``multiprocessing.set_start_method`` asks for it, workers start from nothing and get the dataset
pickled.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.util
import os
import pickle
import queue
import random
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from ... import autograd
from ... import random as mx_random
from ...base import MXNetError
from ...context import cpu
from ...ndarray.threads import compute_single_threaded
from .batchify import fetch
from .transport import receive, send

__all__ = ["Pool", "process_pool", "thread_pool"]

Batchify = Callable[[list[Any]], Any]
_PATIENCE = 1.0  # seconds that close() gives a busy worker


class Pool:
    """Threads that make batches, in the order of the requests.

    A pool does not know the loader that uses it, so the loader can be collected and close it.
    """

    def __init__(self, fetchers: Sequence[Callable[[Sequence[Any], int], Any]]) -> None:
        self._closed = False
        self._pid = os.getpid()
        self._requests: queue.SimpleQueue[tuple[Future, tuple] | None] = queue.SimpleQueue()
        self._fetchers = fetchers
        self._threads = [
            threading.Thread(target=_serve, args=(self._requests, fetcher), name=f"DataLoader-{i}", daemon=True)
            for i, fetcher in enumerate(fetchers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def usable(self) -> bool:
        """Whether the pool is open and all its workers live."""
        return not self._closed and not any(isinstance(f, _Worker) and f.dead for f in self._fetchers)

    def submit(self, indices: Sequence[Any], seed: int) -> Future:
        """Ask for the batch of these samples. A worker process seeds its generators with ``seed`` before."""
        future: Future = Future()
        if self._closed:
            raise MXNetError("DataLoader: the workers were stopped, after a timeout or an error in another iteration.")
        self._requests.put((future, (indices, seed)))
        return future

    def close(self) -> None:
        """Drop the requests and end the workers. A process that is busy for longer than a second is stopped."""
        if self._closed or os.getpid() != self._pid:  # a fork of this process has a copy of the pool, not its workers
            return
        self._closed = True
        with contextlib.suppress(queue.Empty):
            while (request := self._requests.get_nowait()) is not None:
                request[0].cancel()
        for _ in self._threads:
            self._requests.put(None)
        deadline = time.monotonic() + _PATIENCE
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        workers = [(f, t) for f, t in zip(self._fetchers, self._threads, strict=True) if isinstance(f, _Worker)]
        for worker, thread in workers:
            worker.end(busy=thread.is_alive())
        for worker, _ in workers:
            worker.join()


def _serve(requests: queue.SimpleQueue, fetcher: Callable[..., Any]) -> None:
    """A thread of a pool. It keeps no batch while it waits for the next request."""
    while (request := requests.get()) is not None:
        future, arguments = request
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(fetcher(*arguments))
            except BaseException as error:
                future.set_exception(error)
        del request, future


def thread_pool(dataset: Any, batchify_fn: Batchify, count: int) -> Pool:
    """``count`` threads. They share the memory and the random generators of this process."""
    return Pool([lambda indices, seed: fetch(dataset, batchify_fn, indices)] * count)


def process_pool(dataset: Any, batchify_fn: Batchify, count: int) -> Pool:
    """``count`` processes, each with a copy of the dataset. All of them start before the first thread does."""
    return Pool([_Worker(dataset, batchify_fn) for _ in range(count)])


class _Worker:
    """A process that makes batches, seen from the loader's side."""

    def __init__(self, dataset: Any, batchify_fn: Batchify) -> None:
        self.dead = False
        context = _start_method()
        self._pipe, theirs = context.Pipe()
        # Children inherit our end of the pipe; were it left open there, no worker would notice that we are gone.
        multiprocessing.util.register_after_fork(self._pipe, Connection.close)
        self._process = context.Process(target=_work, args=(theirs, dataset, batchify_fn), daemon=True)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)  # see above
                self._process.start()
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            self._pipe.close()
            raise MXNetError(
                f"DataLoader: the dataset or batchify_fn cannot be pickled for a worker process ({error}). "
                "Use functions defined at the top of a module, not lambdas or inner functions, or thread_pool=True."
            ) from error
        finally:
            theirs.close()

    def __call__(self, indices: Sequence[Any], seed: int) -> Any:
        """One batch. Raises what making it raised, and MXNetError when the process dies over it."""
        try:
            self._pipe.send((indices, seed))
            batch, error, text = receive(self._pipe)
        except (EOFError, OSError):
            self.dead = True
            raise MXNetError(self._obituary(indices)) from None
        if error is not None:
            raise error from _WorkerTraceback(text)
        return batch

    def end(self, busy: bool) -> None:
        """Ask the process to end, or, where it would not listen, make it."""
        if busy:
            self._process.terminate()
        else:
            with contextlib.suppress(OSError):  # it is dead already
                self._pipe.send(None)

    def join(self) -> None:
        """Wait until the process has ended."""
        self._process.join(_PATIENCE)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join(_PATIENCE)

    def _obituary(self, indices: Sequence[Any]) -> str:
        self._process.join(_PATIENCE)
        code = self._process.exitcode
        how = f"with exit code {code}"
        if code is not None and code < 0:
            how = f"by signal {-code} ({signal.strsignal(-code)})" + ": out of memory?" * (code == -9)
        if _start_method().get_start_method() == "fork":
            hint = "num_workers=0 makes the batches in this process, where a debugger sees them."
        else:
            hint = 'Did it start at all? A script must use workers under `if __name__ == "__main__":` only.'
        shown = ", ".join(map(str, indices[:8])) + ", ..." * (len(indices) > 8)
        return f"DataLoader: worker process {self._process.pid} ended {how} in the batch of samples [{shown}]. {hint}"


class _WorkerTraceback(Exception):
    """The traceback of an exception as the worker printed it: the cause of the exception in the parent."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


def _work(pipe: Connection, dataset: Any, batchify_fn: Batchify) -> None:
    """A worker process, from start to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not the handler that a fork inherits
    compute_single_threaded()
    with autograd.pause(), cpu():  # whatever the parent was doing when it forked
        while (request := _next_request(pipe)) is not None:
            indices, seed = request
            random.seed(seed)
            np.random.seed(seed)
            mx_random.seed(seed, ctx=cpu())
            try:
                answer = (fetch(dataset, batchify_fn, indices), None, "")
            except Exception as error:
                answer = (None, _portable(error), traceback.format_exc())
            try:
                _answer(pipe, answer)
            except OSError:  # the parent is gone
                return


def _next_request(pipe: Connection) -> tuple[Sequence[Any], int] | None:
    try:
        return pipe.recv()
    except (EOFError, OSError):  # the parent is gone
        return None


def _answer(pipe: Connection, answer: tuple) -> None:
    try:
        send(pipe, answer)
    except OSError:
        raise
    except Exception as error:  # a batch that cannot be pickled
        send(pipe, (None, _portable(error), traceback.format_exc()))


def _portable(error: Exception) -> Exception:
    """The exception, if it survives pickling, else one that says as much."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return MXNetError(f"{type(error).__name__}: {error}")
    return error


def _start_method() -> Any:
    """How processes start: forked on Linux unless the user chose otherwise, else as Python does it on this system."""
    chosen = multiprocessing.get_start_method(allow_none=True)
    if sys.platform == "linux" and chosen in (None, multiprocessing.get_all_start_methods()[0]):
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context(chosen)
