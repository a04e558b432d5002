"""Times ``mx.nd`` of the MXNet that is installed where it runs; a slice at a time, when ``run.py`` asks for one.

    PYTHON benchmarks/worker.py

reads lines ``NUMBER SIZE SECONDS`` and answers each with the microseconds of one call of operator NUMBER.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from operators import OPERATORS, SIZES

import mxnet as mx


def build(number: int, size: str) -> Callable[[], object]:
    """The call on arrays."""
    operator = OPERATORS[number]
    arrays = [mx.nd.array(a) for a in operator.inputs(SIZES[size])]
    return lambda: operator.ours(mx.nd, *arrays)


def measure(fn: Callable[[], object], seconds: float) -> float:
    """Microseconds of one call, from as many as fit into a time slice; waits for the last to be finished."""
    fn()
    mx.nd.waitall()
    count = 1
    while True:
        start = time.perf_counter()
        for _ in range(count):
            fn()
        mx.nd.waitall()
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return elapsed / count * 1e6
        count = max(count + 1, int(count * min(10.0, 1.2 * seconds / max(elapsed, 1e-9))))


def main() -> None:
    built: dict[tuple[int, str], Callable[[], object]] = {}
    print("ready", flush=True)
    for line in sys.stdin:
        number, size, seconds = line.split()
        key = int(number), size
        if key not in built:
            built = {key: build(*key)}
        print(measure(built[key], float(seconds)), flush=True)


if __name__ == "__main__":
    main()
