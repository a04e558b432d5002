"""Rows of two sides that are timed in turn in one process: ours and torch's, or two ways of ours."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import rows
import torch
from contenders import Contender
from operators import OPERATORS, SIZES, Operator
from timing import measure

import mxnet as mx


@dataclass
class Pair:
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

    def __str__(self) -> str:
        target = "" if self.target is None else f"{self.target:.2f}"
        if self.added is not None:
            target = f"+{self.added:.2f} us"
        original = "" if self.mxnet is None else f"{self.mxnet:.2f}"
        return (
            f"{self.name:<58} {self.ours:>10.2f} {self.theirs:>10.2f} {self.ratio:>6.2f} {target:>8} "
            f"{original:>10}  {self.verdict}"
        )


HEADER = f"{'work':<58} {'ours':>10} {'torch':>10} {'ratio':>6} {'target':>8} {'mxnet':>10}   (microseconds)"


def compare(row: rows.Row, rounds: int) -> Pair:
    """Time both sides in turn. Their results were checked against each other when the row was built."""
    return _pair(row.name, _in_turn(*row.build(), rounds), target=row.target)


def _in_turn(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> list[tuple[float, float]]:
    for fn in (ours, theirs):
        measure(fn, 0.05)
    pairs = []
    for i in range(rounds):
        first, second = (ours, theirs) if i % 2 == 0 else (theirs, ours)
        one, two = measure(first, 0.02), measure(second, 0.02)
        pairs.append((one, two) if i % 2 == 0 else (two, one))
    return pairs


def _added(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> float:
    """Scaled microseconds that ours takes longer than theirs."""
    tensor = torch.ones(2, 20)
    found = []
    for _ in range(rounds):
        one, two, unit = (measure(fn, 0.01) for fn in (ours, theirs, lambda: tensor + tensor))
        found.append((one - two) / unit * 1.4)
    return statistics.median(found)


def compare_operator(number: int, size: str, rounds: int, original: Contender | None) -> Pair:
    """Time one operator: overhead is what counts on the smallest size, the ratio on the others."""
    operator: Operator = OPERATORS[number]
    arrays = operator.inputs(SIZES[size])
    nds, tensors = [mx.nd.array(a) for a in arrays], [torch.from_numpy(a) for a in arrays]
    ours, theirs = (lambda: operator.ours(mx.nd, *nds)), (lambda: operator.torch(torch, *tensors))
    pairs = _in_turn(ours, theirs, rounds)
    if size == "tiny":
        limits: dict[str, float | None] = {"allowance": 1.5, "added": _added(ours, theirs, 2 * rounds)}
    else:
        limits = {"target": 1.1}
    result = _pair(f"{operator.name}, {size}", pairs, **limits)
    if original is not None:
        original.build(f"{number} {size}")
        result.mxnet = statistics.median(original.time(0.02) for _ in range(max(3, rounds // 3)))
    return result


def import_time(rounds: int) -> Pair:
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
    return _pair(f"import (ours adds {added:.3f} s, target 0.25 s)", pairs)


def _pair(name: str, pairs: list[tuple[float, float]], **limits: float | None) -> Pair:
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Pair(name, ours, theirs, statistics.median(a / b for a, b in pairs), **limits)
