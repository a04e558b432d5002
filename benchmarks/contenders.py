"""Those who are timed against each other, each in a process and a Python of its own: one works, all others sleep.

Their OpenMP threads wait as they do for users, busily for some milliseconds, then asleep: OMP_WAIT_POLICY=PASSIVE would
cost torch half of what a second thread gives it. ``worker.py`` lets those milliseconds pass before it answers.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from networks import NETWORKS

SLICE = 0.05  # seconds


class Refused(Exception):
    """A contender could not do what was asked, in its words."""


class Contender:
    """A process of ``worker.py``. Raises Refused when its Python lacks what it needs."""

    def __init__(self, python: str, module: str, function: str = "build") -> None:
        environment = dict(os.environ)
        if python != sys.executable:
            environment.pop("PYTHONPATH", None)  # which may lead to our mxnet
        worker = Path(__file__).with_name("worker.py")
        try:
            self._process = subprocess.Popen(
                [python, str(worker), module, function],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
            )  # fmt: skip
        except OSError as error:
            raise Refused(str(error)) from None
        self.version = self._read()

    def _read(self) -> str:
        line = self._process.stdout.readline().strip()  # type: ignore[union-attr]
        if not line:
            raise Refused("its process has died")
        if line.startswith("failed "):
            raise Refused(line.removeprefix("failed "))
        return line

    def _ask(self, *words: object) -> str:
        try:
            print(*words, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise Refused("its process has died") from None
        return self._read()

    def build(self, name: str) -> list[float]:
        """Build a work, in place of the one before; the numbers that all contenders must agree about."""
        return json.loads(self._ask("build", name))

    def time(self, seconds: float) -> float:
        """Microseconds of one call of the work."""
        return float(self._ask("time", seconds))

    def close(self) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.wait()


@dataclass
class Contest:
    """One work: median and least microseconds by contender; ``ratio``: ours over the best of the others', the median of
    the rounds.
    """

    name: str
    target: float
    times: dict[str, float] = field(default_factory=dict)
    least: dict[str, float] = field(default_factory=dict)
    ratio: float | None = None

    @property
    def verdict(self) -> str:
        return "" if self.ratio is None else "ok" if self.ratio <= self.target else "missed"

    def __str__(self) -> str:
        times = "".join(f"{self.times.get(who, float('nan')):>10.1f}" for who in COLUMNS).replace("nan", "   ")
        ratio = "      " if self.ratio is None else f"{self.ratio:>6.2f}"
        return f"{self.name:<50}{times} {ratio} {self.target:>8.2f}  {self.verdict}"


COLUMNS = ("ours", "torch", "compile", "jax", "mxnet")
HEADER = f"{'network':<50}{''.join(f'{who:>10}' for who in COLUMNS)}  ratio   target   (microseconds)"


def find(mxnet: str | None, jax: str | None) -> dict[str, Contender]:
    """Ours first, then who of the others is installed; says who is not."""
    found = {"ours": Contender(sys.executable, "networks.with_gluon")}
    others = {
        "torch": (sys.executable, "networks.with_torch", "eager"),
        "compile": (sys.executable, "networks.with_torch", "compiled"),
        "jax": (jax, "networks.with_jax"),
        "mxnet": (mxnet, "networks.with_gluon"),
    }
    for name, (python, *what) in others.items():
        if python is None:
            print(f"without {name}: no Python that has it was named (--{name})")
            continue
        try:
            found[name] = Contender(python, *what)
        except Refused as reason:
            print(f"without {name}: {reason}")
    return found


def contest(name: str, contenders: dict[str, Contender], rounds: int) -> Contest:
    """Time one network, round after round, each beginning with another contender."""
    network = NETWORKS[name]
    if network.like is not None:
        contenders = {**contenders, "ours": Contender(sys.executable, "networks.with_gluon", "amp")}
    tolerance = 1e-3 if network.like is None else 0.05
    result = Contest(network.title, network.target)
    ready, expected = [], None
    for who, contender in contenders.items():
        try:
            check = contender.build(network.like or name)
            expected = expected or check
            if not np.allclose(check, expected, rtol=tolerance, atol=tolerance):
                raise Refused(f"computes something else: {check[:3]} instead of {expected[:3]}")
            contender.time(2 * SLICE)
            ready.append(who)
        except Refused as reason:
            print(f"{network.title}: without {who}: {reason}")
    if not ready:
        return result
    found: dict[str, list[float]] = {who: [0.0] * rounds for who in ready}
    for i in range(rounds):
        for who in ready[i % len(ready) :] + ready[: i % len(ready)]:
            found[who][i] = contenders[who].time(SLICE)
    result.times = {who: statistics.median(times) for who, times in found.items()}
    result.least = {who: min(times) for who, times in found.items()}
    if network.like is not None:
        contenders["ours"].close()
    others = [times for who, times in found.items() if who != "ours"]
    if "ours" in found and others:
        best = [min(times) for times in zip(*others, strict=True)]
        result.ratio = statistics.median(a / b for a, b in zip(found["ours"], best, strict=True))
    return result
