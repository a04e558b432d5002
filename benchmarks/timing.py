"""Microseconds of one call."""

from __future__ import annotations

import time
from collections.abc import Callable


def measure(fn: Callable[[], object], seconds: float, finish: Callable[[], object] = lambda: None) -> float:
    """Microseconds of one call, from as many as fit into a time slice; ``finish`` waits for what they only started."""
    count = 1
    while True:
        start = time.perf_counter()
        for _ in range(count):
            fn()
        finish()
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return elapsed / count * 1e6
        count = max(count + 1, int(count * min(10.0, 1.2 * seconds / max(elapsed, 1e-9))))
