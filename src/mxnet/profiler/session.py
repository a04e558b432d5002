"""One run of torch's profiler, and everything that was collected so far."""

from __future__ import annotations

import functools
import json
import os
import tempfile
import threading
from collections.abc import Callable
from typing import Any

import torch
from torch.autograd import profiler as autograd_profiler

from .._files import atomic_write
from ..base import MXNetError
from ..ops import registry
from .statistics import Statistics
from .trace import PREFIX, read

__all__ = ["Session", "session"]

_c: Any = torch._C._profiler  # type: ignore[attr-defined]


class Session:
    """The profiler of this process. It is ``active`` while it collects; what it has collected stays."""

    def __init__(self) -> None:
        self.statistics = Statistics()
        self._events: list[dict[str, Any]] = []
        self._torch: autograd_profiler.profile | None = None
        self._thread: int | None = None  # the one that has to stop it
        self._lock = threading.RLock()

    @property
    def active(self) -> bool:
        return self._torch is not None

    def begin(self, memory: bool = False) -> None:
        """Start collecting. memory: also the memory in use; then only this thread is looked at.

        Raises MXNetError where torch's profiler is in use already.
        """
        with self._lock:
            if self._torch is not None:
                return
            if torch.autograd._profiler_enabled():
                raise MXNetError("the profiler cannot start: a profiler of torch's is running. Stop that first.")
            # Of all threads at once torch cannot tell the memory.
            every = None if memory else _c._ExperimentalConfig(profile_all_threads=True)
            # The layer below torch.profiler.profile, which first imports a compiler: two seconds or more.
            device = "cuda" if torch.cuda.is_available() else None
            profiler = autograd_profiler.profile(
                use_device=device, profile_memory=memory, use_kineto=True, experimental_config=every
            )
            profiler.__enter__()
            self._torch, self._thread = profiler, threading.get_ident() if memory else None
            registry.watch(_named)

    def end(self) -> None:
        """Stop, and take in what was seen. Raises MXNetError in a thread that cannot stop it."""
        with self._lock:
            if self._torch is None:
                return
            if self._thread not in (None, threading.get_ident()):
                raise MXNetError("with profile_memory=True, the profiler must be stopped in the thread that started it")
            profiler, self._torch = self._torch, None
            registry.unwatch(_named)
            profiler.__exit__(None, None, None)
            results: Any = profiler.kineto_results
            if not results.trace_start_ns():  # then there is nothing behind it, and touching it ends the process
                raise MXNetError("what was profiled is lost: another profiler of torch's has ended this one")
            found = read(_exported(profiler))
            self._events += found.events
            for name, milliseconds in found.operators:
                self.statistics.add("Time", "operator", name, milliseconds)
            for name, size in found.memory:
                self.statistics.add("Memory", "Device Storage", name, size / 1000)

    def note(self, **event: Any) -> None:
        """Add one of Chrome's events, with ``ts`` in nanoseconds since 1970."""
        self._events.append({"pid": os.getpid(), "tid": threading.get_native_id(), **event})

    def forget(self) -> None:
        """Drop all events; statistics stay."""
        self._events.clear()

    def write(self, path: str) -> None:
        """Write all events as a Chrome trace, times in microseconds since ``baseTimeNanoseconds``."""
        base = min((event["ts"] for event in self._events if event["ph"] != "M"), default=0)
        events = [{**event, "ts": max(event["ts"] - base, 0) / 1000} for event in self._events]
        trace = {"traceEvents": events, "displayTimeUnit": "ms", "baseTimeNanoseconds": base}
        with atomic_write(path) as file:
            file.write(json.dumps(trace, default=str).encode())


def _exported(profiler: autograd_profiler.profile) -> dict[str, Any]:
    handle, path = tempfile.mkstemp(".json")
    os.close(handle)
    try:
        profiler.export_chrome_trace(path)
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    finally:
        os.unlink(path)


# The public way, record_function, takes four times as long.
_range: Callable[[str], Any] = getattr(_c, "_RecordFunctionFast", torch.profiler.record_function)


def _named(op: registry.Operator, function: Callable) -> Callable:
    """The function inside a range of the operator's name."""
    name = PREFIX + op.name

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with _range(name):
            return function(*args, **kwargs)

    return run


session = Session()
