"""Side by side with PyTorch: ``make bench``.

Every row times the same work twice in one process, ours and torch's, in turn, and shows the medians and the ratio of
the pairs. An absolute time means little on a shared machine; the ratio does. Nothing else should run beside it.

    python benchmarks/run.py [--rounds 30] [--only WORD] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))

import rows


@dataclass
class Result:
    """One row: medians in microseconds, the median ratio of neighbouring measurements, and what we want it to be."""

    name: str
    ours: float
    theirs: float
    ratio: float
    target: float | None


def measure(fn: Callable[[], object], seconds: float) -> float:
    """Microseconds of one call, from as many as fit into a time slice."""
    count = 1
    while True:
        start = time.perf_counter()
        for _ in range(count):
            fn()
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return elapsed / count * 1e6
        count = max(count + 1, int(count * min(10.0, 1.2 * seconds / max(elapsed, 1e-9))))


def compare(row: rows.Row, rounds: int) -> Result:
    """Time both sides in turn. Their results were checked against each other when the row was built."""
    ours, theirs = row.build()
    for fn in (ours, theirs):
        measure(fn, 0.05)
    pairs = []
    for i in range(rounds):
        first, second = (ours, theirs) if i % 2 == 0 else (theirs, ours)
        one, two = measure(first, 0.02), measure(second, 0.02)
        pairs.append((one, two) if i % 2 == 0 else (two, one))
    return _result(row.name, pairs, row.target)


def import_time(rounds: int) -> Result:
    """Wall time of ``import torch, mxnet`` and of ``import torch`` in fresh processes; the target is what ours adds,
    0.25 s.
    """

    def run(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return (time.perf_counter() - start) * 1e6

    run("import torch, mxnet")
    pairs = [(run("import torch, mxnet"), run("import torch")) for _ in range(rounds)]
    added = statistics.median(a - b for a, b in pairs) / 1e6
    return _result(f"import (ours adds {added:.3f} s, target 0.25 s)", pairs, None)


def _result(name: str, pairs: list[tuple[float, float]], target: float | None) -> Result:
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Result(name, ours, theirs, statistics.median(a / b for a, b in pairs), target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--only", default="", help="only rows whose name contains this")
    parser.add_argument("--json", type=Path, help="write the results there")
    options = parser.parse_args()

    print(f"{'work':<58} {'ours':>10} {'torch':>10} {'ratio':>6} {'target':>6}   (microseconds)")
    results = []
    if options.only in "import":
        results.append(show(import_time(max(3, options.rounds // 4))))
    results += [show(compare(row, options.rounds)) for row in rows.ROWS if options.only in row.name]
    if options.json:
        machine = {"python": platform.python_version(), "machine": platform.machine(), "cpus": os.cpu_count()}
        document = {
            "date": time.strftime("%Y-%m-%d"),
            **machine,
            **rows.versions(),
            "rows": [asdict(r) for r in results],
        }
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(document, indent=1) + "\n")


def show(result: Result) -> Result:
    target = "" if result.target is None else f"{result.target:.2f}"
    verdict = "" if result.target is None else "  ok" if result.ratio <= result.target else "  missed"
    print(
        f"{result.name:<58} {result.ours:>10.2f} {result.theirs:>10.2f} {result.ratio:>6.2f} {target:>6}{verdict}",
        flush=True,
    )
    return result


if __name__ == "__main__":
    main()
