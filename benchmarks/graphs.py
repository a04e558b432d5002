"""What recording, loading and keeping graphs may cost: single figures of ours, each with its limit."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from networks.with_gluon import convolution, sequence

import mxnet as mx
from mxnet import autograd, nd
from mxnet.gluon import nn


@dataclass
class Figure:
    name: str
    value: float
    limit: float
    unit: str

    @property
    def verdict(self) -> str:
        return "ok" if self.value <= self.limit else "missed"

    def __str__(self) -> str:
        return f"{self.name:<70} {self.value:>8.2f} {self.unit:<4} target {self.limit:g}  {self.verdict}"


class Bottleneck(nn.HybridBlock):
    """Convolutions of 1x1, 3x3 and 1x1 beside a shortcut (He et al., 2016)."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.body = sequence(
            *convolution(before, width, 1, stride), nn.Activation("relu"),
            *convolution(width, width, 3, 1), nn.Activation("relu"),
            *convolution(width, 4 * width, 1, 1),
        )  # fmt: skip
        self.shortcut = sequence(*convolution(before, 4 * width, 1, stride)) if before != 4 * width else None

    def hybrid_forward(self, F, x):
        return F.relu(self.body(x) + (x if self.shortcut is None else self.shortcut(x)))


def resnet(*depths: int) -> nn.HybridSequential:
    """ResNet-50 is (3, 4, 6, 3), ResNet-152 (3, 8, 36, 3)."""
    net = sequence(*convolution(3, 64, 7, 2), nn.Activation("relu"), nn.MaxPool2D(3, 2, 1))
    channels = 64
    for stage, depth in enumerate(depths):
        for i in range(depth):
            net.add(Bottleneck(channels, 64 << stage, 2 if i == 0 and stage > 0 else 1))
            channels = 256 << stage
    net.add(nn.GlobalAvgPool2D(), nn.Dense(1000, in_units=channels))
    return net


def _seconds(fn: Callable[[], object]) -> float:
    start = time.perf_counter()
    fn()
    mx.nd.waitall()
    return time.perf_counter() - start


def recording() -> Figure:
    """The first hybridized call of a ResNet-50 less an imperative forward."""
    x = nd.ones((1, 3, 64, 64))
    found = []
    for _ in range(3):
        net = resnet(3, 4, 6, 3)
        net.initialize()
        imperative = min(_seconds(lambda net=net: net(x)) for _ in range(4))
        net.hybridize(static_alloc=True, static_shape=True)
        found.append(_seconds(lambda net=net: net(x)) - imperative)
    return Figure("recording ResNet-50, beyond an imperative forward", statistics.median(found), 0.5, "s")


def loading() -> Figure:
    """``mx.sym.load`` of a ResNet-152."""
    graph = resnet(3, 8, 36, 3)(mx.sym.var("data"))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "resnet152-symbol.json"))
        graph.save(path)
        seconds = statistics.median(_seconds(lambda: mx.sym.load(path)) for _ in range(5))
    return Figure(
        f"loading a symbol.json of {len(list(graph.get_internals()))} outputs (ResNet-152)", seconds, 0.5, "s"
    )


def memory() -> Figure | None:
    """Resident memory that 10,000 hybridized calls leave behind, half of them training steps; on Linux only."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None

    def resident() -> float:
        words = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(words["VmRSS"].split()[0]) / 1024

    net = sequence(nn.Dense(64, activation="relu", in_units=20), nn.Dense(10, in_units=64))
    net.initialize()
    net.hybridize(static_alloc=True, static_shape=True)
    x = nd.ones((32, 20))

    def calls(count: int) -> None:
        for _ in range(count // 2):
            net(x)
            with autograd.record():
                out = net(x)
            out.backward()

    calls(1000)
    before = resident()
    calls(10_000)
    return Figure("memory that 10,000 calls leave behind", resident() - before, 5, "MiB")


FIGURES = {"recording ResNet-50": recording, "loading ResNet-152": loading, "memory": memory}
