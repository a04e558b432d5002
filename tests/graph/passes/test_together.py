"""All passes on random networks: predictions while weights change, and training, beside the imperative run.

A replay that fails is repeated operator by operator, which hides mistakes; here it may not be.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from mxnet import autograd, gluon, nd
from mxnet.gluon import nn
from mxnet.ndarray.cached import CachedGraph
from tests.gluon import pairs
from tests.gluon.pairs import Pair

_SHAPE = (2, 8, 9, 9)
_STEPS = 14
_NETWORKS = 40
_USUAL = 16  # networks that run in every test run


class Residual(nn.HybridBlock):
    """The sum of a convolution and another value, with or without relu."""

    def __init__(self, rng: np.random.RandomState, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.swapped, self.relu = rng.randint(2), rng.randint(2)
        with self.name_scope():
            self.conv = nn.Conv2D(channels, 3, padding=1, in_channels=channels)
            self.norm = nn.BatchNorm(in_channels=channels) if rng.randint(2) else None

    def hybrid_forward(self, F, x, other):
        y = self.conv(x) if self.norm is None else self.norm(self.conv(x))
        y = other + y if self.swapped else y + other
        return F.relu(y) if self.relu else y


class Random(nn.HybridBlock):
    """A random program of layers and operators; ``seed`` says which."""

    def __init__(self, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        rng = np.random.RandomState(seed)
        self.program: list[tuple[str, list[int], Any]] = []
        shapes = [_SHAPE]
        with self.name_scope():
            while len(self.program) < _STEPS:
                i = len(shapes) - 1 if rng.randint(2) else rng.randint(len(shapes))
                name = STEPS[rng.randint(len(STEPS))]
                made = getattr(self, name)(rng, i, shapes)
                if made is not None:
                    sources, how, shape = made
                    self.program.append((name, sources, how))
                    shapes.append(shape)
        used = {i for _, sources, _ in self.program for i in sources}
        more = rng.randint(1, len(shapes), rng.randint(2)).tolist()
        self.heads = [i for i in range(1, len(shapes)) if i not in used or i in more]

    def layer(self, layer: nn.HybridBlock) -> nn.HybridBlock:
        self.register_child(layer)
        return layer

    def hybrid_forward(self, F, x):
        values = [x]
        for name, sources, how in self.program:
            given = [values[i] for i in sources]
            if isinstance(how, nn.HybridBlock):
                values.append(how(*given))
            elif isinstance(how, dict):
                values.append(getattr(F, how["operator"])(*given, **{k: v for k, v in how.items() if k != "operator"}))
            else:
                assert name == "sum", name
                values.append(given[0] + given[1])
        return [values[i] for i in self.heads]

    # Steps: from a value's number and the shapes to (sources, a layer or an operator with attributes, shape)

    def convolution(self, rng, i, shapes):
        if len(shapes[i]) != 4 or min(shapes[i][2:]) < 3:
            return None
        n, channels, *space = shapes[i]
        after, kernel, stride = int(rng.choice([8, 8, 6])), int(rng.choice([1, 3])), 2 if rng.randint(6) == 0 else 1
        groups = 2 if channels % 2 == 0 and rng.randint(4) == 0 else 1
        conv = nn.Conv2D(
            after, kernel, stride, kernel // 2, groups=groups, in_channels=channels, use_bias=bool(rng.randint(2)),
            activation=[None, None, "relu", "tanh"][rng.randint(4)],
        )  # fmt: skip
        return [i], self.layer(conv), (n, after, *((s - 1) // stride + 1 for s in space))

    def norm(self, rng, i, shapes):
        if len(shapes[i]) < 2:
            return None
        norm = nn.BatchNorm(in_channels=shapes[i][1], scale=bool(rng.randint(2)), center=bool(rng.randint(2)))
        return [i], self.layer(norm), shapes[i]

    def activation(self, rng, i, shapes):
        return [i], {"operator": ["relu", "relu", "sigmoid", "tanh"][rng.randint(4)]}, shapes[i]

    def pooling(self, rng, i, shapes):
        if len(shapes[i]) != 4 or min(shapes[i][2:]) < 3:
            return None
        kind, kernel = ["max", "max", "avg"][rng.randint(3)], int(rng.choice([2, 3]))
        space = [(s - kernel) // 2 + 1 for s in shapes[i][2:]]
        how = {"operator": "Pooling", "kernel": (kernel, kernel), "stride": (2, 2), "pool_type": kind}
        return [i], how, (*shapes[i][:2], *space)

    def sum(self, rng, i, shapes):
        same = [j for j, shape in enumerate(shapes) if shape == shapes[i]]
        pair = [i, int(rng.choice(same))]
        return pair[:: rng.choice([-1, 1])], None, shapes[i]

    def residual(self, rng, i, shapes):
        if len(shapes[i]) != 4:
            return None
        same = [j for j, shape in enumerate(shapes) if shape == shapes[i]]
        return [i, int(rng.choice(same))], self.layer(Residual(rng, shapes[i][1])), shapes[i]

    def concatenation(self, rng, i, shapes):
        fits = [j for j, s in enumerate(shapes) if len(s) == 4 == len(shapes[i]) and s[2:] == shapes[i][2:]]
        if not fits:
            return None
        j = int(rng.choice(fits))
        n, channels, *space = shapes[i]
        return [i, j], {"operator": "concat", "dim": 1}, (n, channels + shapes[j][1], *space)

    def dense(self, rng, i, shapes):
        flatten = bool(rng.randint(3))
        inputs = int(np.prod(shapes[i][1:])) if flatten else shapes[i][-1]
        units = int(rng.choice([4, 8]))
        dense = nn.Dense(units, in_units=inputs, flatten=flatten, use_bias=bool(rng.randint(2)))
        return [i], self.layer(dense), (shapes[i][0], units) if flatten else (*shapes[i][:-1], units)

    def reshape(self, rng, i, shapes):
        n, *others = shapes[i]
        size = int(np.prod(others))
        if size % 2:
            return None
        return [i], {"operator": "reshape", "shape": (n, 2, size // 2)}, (n, 2, size // 2)

    def transpose(self, rng, i, shapes):
        n, *others = shapes[i]
        axes = (0, *range(len(others), 0, -1))
        return [i], {"operator": "transpose", "axes": axes}, (n, *reversed(others))

    def mean(self, rng, i, shapes):
        if len(shapes[i]) < 3:
            return None
        axis = int(rng.randint(1, len(shapes[i])))
        return [i], {"operator": "mean", "axis": axis}, shapes[i][:axis] + shapes[i][axis + 1 :]

    def identity(self, rng, i, shapes):
        return [i], {"operator": ["identity", "BlockGrad"][rng.randint(2)]}, shapes[i]


STEPS = (
    "convolution convolution convolution convolution residual residual residual residual activation activation sum "
    "sum norm norm norm pooling concatenation dense dense reshape transpose mean identity"
).split()


def redraw(rng: np.random.RandomState, parameter: gluon.Parameter) -> None:
    """New values, in one of several ways, that keep numbers near 1."""
    shape = parameter.shape
    if parameter.name.endswith("weight"):
        values = rng.normal(size=shape) / max(1, np.prod(shape[1:])) ** 0.5
    else:
        values = rng.uniform(0.5, 1.5, shape) if parameter.name.endswith(("gamma", "var")) else rng.normal(size=shape)
    array = parameter.data()
    way = rng.randint(3)
    if way == 0:
        parameter.set_data(nd.array(values))
    elif way == 1:
        array[:] = values
    else:
        array *= 0
        array += nd.array(values)


@pytest.mark.parametrize(
    "seed", [pytest.param(s, marks=[pytest.mark.slow] if s >= _USUAL else []) for s in range(_NETWORKS)]
)
def test_random_networks(seed, monkeypatch):
    monkeypatch.setattr(CachedGraph, "_interpret", lambda *args, **kwargs: pytest.fail("the code of a plan failed"))
    module = importlib.import_module("mxnet.graph.passes.channels_last")
    monkeypatch.setattr(module, "_WORTH", 1)  # whether it pays does not matter here
    monkeypatch.setitem(pairs._TOLERANCE, "float32", 2e-3)  # sums of thousands of numbers in another order
    rng = np.random.RandomState(1000 + seed)
    pair = Pair(lambda **kwargs: Random(seed, **kwargs))
    for parameter in pair.parameters:
        redraw(rng, parameter)

    def images() -> nd.NDArray:
        return nd.array(rng.normal(size=_SHAPE))

    for _ in range(4):  # folded
        pair.check(images())
    for _ in range(6):
        for parameter in pair.parameters:
            if rng.randint(3) == 0:
                redraw(rng, parameter)
        pair.check(images())
    if pair.parameters:
        trainer = gluon.Trainer(pair.net.collect_params(), "sgd", {"learning_rate": 1e-4})
        for _ in range(4):
            pair.check(images(), mode="record")
            with autograd.record():
                losses = [out.square().mean() for out in pair.net(images())]
            autograd.backward([loss for loss in losses if loss._graph is not None])
            trainer.step(1, ignore_stale_grad=True)
            pair.check(images())
    mode = "train" if rng.randint(2) else "record_predict"
    for _ in range(3):
        pair.check(images(), mode=mode)
        pair.check(images())
