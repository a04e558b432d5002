"""Side by side with PyTorch: ``make bench``.

Every row times the same work twice in one process, ours and torch's, in turn, and shows the medians and the ratio of
the pairs. An absolute time means little on a shared machine; the ratio does. Nothing else should run beside it.

    python benchmarks/run.py [--rounds 30] [--only WORD] [--json FILE] [--mxnet PYTHON]

``--mxnet`` names a Python that has the real MXNet: the rows of single operators are then timed there as well, in turn
with ours, by ``worker.py``.
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
import torch
from operators import OPERATORS, SIZES, Operator

import mxnet as mx


@dataclass
class Result:
    """One row: medians in microseconds, the median ratio of neighbouring measurements, and what we want it to be.

    ``target`` bounds the ratio, ``allowance`` the microseconds that ours may add. ``added``: what it does add, scaled
    to a machine on which torch's sum of two tiny tensors takes 1.4 us, since the speed of a shared one changes by the
    minute. ``mxnet``: the real MXNet's median.
    """

    name: str
    ours: float
    theirs: float
    ratio: float
    target: float | None = None
    allowance: float | None = None
    added: float | None = None
    mxnet: float | None = None

    @property
    def verdict(self) -> str:
        if self.target is not None:
            return "ok" if self.ratio <= self.target else "missed"
        if self.allowance is not None and self.added is not None:
            return "ok" if self.added <= self.allowance else "missed"
        return ""


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
    return _result(row.name, _in_turn(*row.build(), rounds), target=row.target)


def _in_turn(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> list[tuple[float, float]]:
    for fn in (ours, theirs):
        measure(fn, 0.05)
    pairs = []
    for i in range(rounds):
        first, second = (ours, theirs) if i % 2 == 0 else (theirs, ours)
        one, two = measure(first, 0.02), measure(second, 0.02)
        pairs.append((one, two) if i % 2 == 0 else (two, one))
    return pairs


class Original:
    """The real MXNet, in another process."""

    def __init__(self, python: str) -> None:
        worker = Path(__file__).with_name("worker.py")
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}  # which may lead to ours
        self.process = subprocess.Popen(
            [python, str(worker)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
        )  # fmt: skip
        if self._read() != "ready":
            sys.exit(f"{python} does not run worker.py: is the real MXNet installed there?")

    def _read(self) -> str:
        return self.process.stdout.readline().strip()  # type: ignore[union-attr]

    def measure(self, number: int, size: str, seconds: float) -> float:
        """Microseconds of one call of an operator."""
        print(number, size, seconds, file=self.process.stdin, flush=True)
        return float(self._read())


def added(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> float:
    """Scaled microseconds that ours takes longer than theirs."""
    tensor = torch.ones(2, 20)
    found = []
    for _ in range(rounds):
        one, two, unit = (measure(fn, 0.01) for fn in (ours, theirs, lambda: tensor + tensor))
        found.append((one - two) / unit * 1.4)
    return statistics.median(found)


def compare_operator(number: int, size: str, rounds: int, original: Original | None) -> Result:
    """Time one operator: overhead is what counts on the smallest size, the ratio on the others."""
    operator: Operator = OPERATORS[number]
    arrays = operator.inputs(SIZES[size])
    nds, tensors = [mx.nd.array(a) for a in arrays], [torch.from_numpy(a) for a in arrays]
    ours, theirs = (lambda: operator.ours(mx.nd, *nds)), (lambda: operator.torch(torch, *tensors))
    pairs = _in_turn(ours, theirs, rounds)
    if size == "tiny":
        limits: dict[str, float | None] = {"allowance": 1.5, "added": added(ours, theirs, 2 * rounds)}
    else:
        limits = {"target": 1.1}
    result = _result(f"{operator.name}, {size}", pairs, **limits)
    if original is not None:
        result.mxnet = statistics.median(original.measure(number, size, 0.02) for _ in range(max(3, rounds // 3)))
    return result


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
    return _result(f"import (ours adds {added:.3f} s, target 0.25 s)", pairs)


def _result(name: str, pairs: list[tuple[float, float]], **limits: float | None) -> Result:
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Result(name, ours, theirs, statistics.median(a / b for a, b in pairs), **limits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--only", default="", help="only rows whose name contains this")
    parser.add_argument("--json", type=Path, help="write the results there")
    parser.add_argument("--mxnet", metavar="PYTHON", help="a Python with the real MXNet, to be timed as well")
    options = parser.parse_args()

    print(f"{'work':<58} {'ours':>10} {'torch':>10} {'ratio':>6} {'target':>8} {'mxnet':>10}   (microseconds)")
    results = []
    if options.only in "import":
        results.append(show(import_time(max(3, options.rounds // 4))))
    results += [show(compare(row, options.rounds)) for row in rows.ROWS if options.only in row.name]
    original = Original(options.mxnet) if options.mxnet else None
    for number, operator in enumerate(OPERATORS):
        for size in SIZES:
            if options.only in f"{operator.name}, {size}":
                results.append(show(compare_operator(number, size, options.rounds, original)))
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
    if result.added is not None:
        target = f"+{result.added:.2f} us"
    original = "" if result.mxnet is None else f"{result.mxnet:.2f}"
    print(
        f"{result.name:<58} {result.ours:>10.2f} {result.theirs:>10.2f} {result.ratio:>6.2f} {target:>8} "
        f"{original:>10}  {result.verdict}",
        flush=True,
    )
    return result


if __name__ == "__main__":
    main()
