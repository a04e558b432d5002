"""Networks of different kinds, in both styles, that tests of hybridization run.

Each is made by ``make(prefix, params)``, with parameters of its own or those of another of its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import mxnet as mx
from mxnet import gluon, nd
from mxnet.gluon import nn

__all__ = ["NETWORKS", "Network"]


def perceptron(**kwargs: Any) -> nn.HybridSequential:
    net = nn.HybridSequential(**kwargs)
    with net.name_scope():
        net.add(nn.Dense(5, activation="relu"), nn.Dense(4, activation="tanh"), nn.Dense(3))
    return net


def convolutions(scale: bool = False, **kwargs: Any) -> nn.HybridSequential:
    net = nn.HybridSequential(**kwargs)
    with net.name_scope():
        net.add(
            nn.Conv2D(3, 3, padding=1), nn.BatchNorm(), nn.Activation("relu"), nn.MaxPool2D(2),
            nn.Conv2D(2, 1, use_bias=False), nn.BatchNorm(scale=scale), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Dense(3),
        )  # fmt: skip
    return net


class Residual(gluon.HybridBlock):
    """Two branches that meet, with a shared layer used twice."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = 0.5
        with self.name_scope():
            self.first = nn.Dense(4, flatten=False)
            self.norm = nn.BatchNorm(axis=1)
            self.shared = nn.Dense(4, flatten=False, in_units=4)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        h = F.relu(self.norm(self.first(x)))
        return h + self.factor * self.shared(self.shared(h))


class Shapes(gluon.HybridBlock):
    """A ``forward`` that works with shapes, slices and constants."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = 2
        self.table = nd.array([[1.0, 2, 3, 4]])
        with self.name_scope():
            self.dense = nn.Dense(4, flatten=False)
            self.norm = nn.BatchNorm()
            self.scale = self.params.get("scale", shape=(4,), init="ones")

    def forward(self, x: nd.NDArray) -> nd.NDArray:
        rows, columns = x.shape
        h = self.norm(self.dense(x)) * self.scale.data(x.ctx)
        if columns > 4:
            h = h[:, ::-1] * self.factor
        position = nd.arange(rows, ctx=x.ctx, dtype=x.dtype).reshape((-1, 1)) / rows
        table = self.table.astype(x.dtype).as_in_context(x.ctx)
        return nd.concat(h + position, h[:, 1:3] * table[:, 1:3] + (table * 2)[0, 1].reshape(()), dim=1)


class Several(gluon.HybridBlock):
    """Several inputs and outputs, nested, with None and numbers."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = 3.0
        with self.name_scope():
            self.left, self.right = nn.Dense(3), nn.Dense(3)
            self.bias = self.params.get("bias", shape=(3,), init=mx.init.One())

    def hybrid_forward(self, F: Any, x: Any, others: Any, scale: Any = 1.0, mask: Any = None, bias: Any = None) -> Any:
        left = F.broadcast_add(self.left(x), bias) * scale
        right = self.right(others["b"]) if others["a"] is None else self.right(others["a"]) * 2
        if mask is not None:
            left = left * mask
        return {"sum": left + right, "both": [left, (right * self.factor, None)], "text": "constant"}


class Recurrent(gluon.HybridBlock):
    """A loop with parameters inside its body."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.inner = nn.Dense(3, flatten=False)
            self.outer = nn.Dense(3, flatten=False, in_units=3)
            self.start = self.params.get("start", shape=(1, 3), init="zeros")

    def hybrid_forward(self, F: Any, x: Any, start: Any) -> Any:
        def step(data: Any, states: Any) -> Any:
            state = F.tanh(self.inner(data) + self.outer(states[0]))
            return state * 2, [state]

        zeros = F.zeros_like(F.slice_axis(self.inner(x), axis=0, begin=0, end=1)).reshape((-3, 0))
        first = F.broadcast_add(zeros, start)
        outputs, states = F.contrib.foreach(step, x, [first])
        return outputs, states[0]


class Words(gluon.HybridBlock):
    """Embedding, LayerNorm, attention-like products."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.words = nn.Embedding(7, 4)
            self.norm = nn.LayerNorm()
            self.dense = nn.Dense(3, flatten=False)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        h = self.norm(self.words(x))
        scores = F.softmax(F.batch_dot(h, h, transpose_b=True))
        return self.dense(F.batch_dot(scores, h))


def dropped(**kwargs: Any) -> nn.HybridSequential:
    net = nn.HybridSequential(**kwargs)
    with net.name_scope():
        net.add(nn.Dense(6, activation="sigmoid"), nn.Dropout(0.5), nn.Dense(4), nn.Dropout(0.2), nn.LeakyReLU(0.1))
    return net


class Noisy(gluon.HybridBlock):
    """A ``forward`` that draws random numbers."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = 0.1
        with self.name_scope():
            self.dense = nn.Dense(4)

    def forward(self, x: nd.NDArray) -> nd.NDArray:
        h = self.dense(x)
        if mx.autograd.is_training():
            h = h + nd.random.normal(0, 1, shape=h.shape, ctx=x.ctx, dtype=h.dtype) * self.factor
        return h * nd.random.uniform(0, 1, shape=(1, 4), ctx=x.ctx, dtype=h.dtype)


class Tied(gluon.HybridBlock):
    """Layers that share their parameters, and a parent that uses a child's."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.encode = nn.Dense(4, in_units=4, use_bias=False)
            self.again = nn.Dense(4, in_units=4, use_bias=False, params=self.encode.params)
            self.weight = self.encode.weight

    def hybrid_forward(self, F: Any, x: Any, weight: Any) -> Any:
        h = F.relu(self.again(F.tanh(self.encode(x))))
        return F.dot(h, weight)  # transposed: Dense multiplies by weight.T


def imported(prefix: str, params: Any) -> gluon.HybridBlock:
    """The convolutions as a graph from a file; as themselves where parameters are given: a graph has no other way."""
    if params is not None:
        return convolutions(True, prefix=prefix, params=gluon.ParameterDict(prefix, shared=params))
    net = convolutions(True, prefix=prefix)
    symbol = mx.sym.load_json(net(mx.sym.var("data")).tojson())
    return gluon.SymbolBlock(symbol, mx.sym.var("data"))


class Network:
    """How a network is made, and inputs for it: ``inputs(rng, n)`` for a batch of n. floats: they have gradients."""

    def __init__(self, make: Callable[..., Any], inputs: Callable[..., tuple], floats: bool = True) -> None:
        self.make, self.inputs, self.floats = make, inputs, floats


def _normal(*rest: int) -> Callable[[np.random.RandomState, int], tuple]:
    return lambda rng, n: (rng.normal(0, 1, (n, *rest)).astype("float32"),)


def _several(rng: np.random.RandomState, n: int) -> tuple:
    x, a, b = (rng.normal(0, 1, (n, 4)).astype("float32") for _ in range(3))
    kind = rng.randint(4)
    others = {"a": None if kind % 2 else a, "b": b}
    mask = rng.randint(0, 2, (n, 3)).astype("float32")
    return [(x, others), (x, others, 2.0), (x, others, 2.0, mask), (x, others, -1, None)][kind]


NETWORKS = {
    "perceptron": Network(perceptron, _normal(6)),
    "convolutions": Network(convolutions, _normal(2, 4, 4)),
    "residual": Network(Residual, _normal(5)),
    "shapes": Network(Shapes, _normal(5)),
    "several": Network(Several, _several),
    "recurrent": Network(Recurrent, _normal(2, 4)),
    "words": Network(Words, lambda rng, n: (rng.randint(0, 7, (n, 3)).astype("float32"),), floats=False),
    "dropped": Network(dropped, _normal(4)),
    "noisy": Network(Noisy, _normal(4)),
    "imported": Network(imported, _normal(2, 4, 4)),
    "tied": Network(Tied, _normal(4)),
}
