"""Graphs that the real MXNet ran for ``tools/record_executor.py``, and the tests run here. So this imports only NumPy;
``mx`` is handed in.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Graph(NamedTuple):
    """A graph, the shapes of its inputs, values of those that are no random numbers, and whether heads need
    gradients.
    """

    make: Callable[[Any], Any]
    shapes: dict[str, tuple[int, ...]]
    values: dict[str, Any]
    heads: bool = False

    def array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """The same float32 numbers on every machine, for an input, a state, or the gradient of a head."""
        if name in self.values:
            return np.array(self.values[name], "float32")
        rng = np.random.RandomState(zlib.crc32(f"{self.make.__name__}.{name}".encode()))
        return rng.uniform(0.5 if name.endswith("var") else -1, 1, shape).astype("float32")


GRAPHS: dict[str, Graph] = {}


def graph(values: dict[str, Any] | None = None, heads: bool = False, **shapes: tuple[int, ...]) -> Callable:
    def note(make: Callable) -> Callable:
        GRAPHS[make.__name__] = Graph(make, shapes, values or {}, heads)
        return make

    return note


@graph(x=(3, 4), values={"softmax_label": [0, 2, 1]})
def perceptron(mx):
    hidden = mx.sym.Activation(mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=3, name="one"), act_type="tanh")
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(hidden, num_hidden=3, name="two"), name="softmax")


@graph(x=(2, 2, 4, 4), y=(2, 2))
def convolution(mx):
    net = mx.sym.Convolution(mx.sym.var("x"), kernel=(3, 3), num_filter=2, name="conv")
    net = mx.sym.BatchNorm(net, fix_gamma=False, momentum=0.8, name="norm")
    net = mx.sym.Pooling(mx.sym.relu(net), kernel=(2, 2), pool_type="avg", name="pool")
    return mx.sym.LinearRegressionOutput(mx.sym.Flatten(net), mx.sym.var("y"), name="out")


@graph(x=(4, 3))
def loss_and_prediction(mx):
    net = mx.sym.BatchNorm(mx.sym.var("x"), fix_gamma=False, name="norm")
    return mx.sym.Group([mx.sym.make_loss(mx.sym.mean(net * net * net), name="loss"), mx.sym.BlockGrad(net)])


@graph(a=(2, 4), b=(2, 4), heads=True)
def several_heads(mx):
    x = mx.sym.var("a")
    parts = mx.sym.split(x * mx.sym.var("b"), num_outputs=2, name="parts")
    return mx.sym.Group([parts[1], mx.sym.exp(parts[0]), x])


@graph(x=(2, 3), w=(3, 3), heads=True)
def shared_weight(mx):
    x, w = mx.sym.var("x"), mx.sym.var("w")
    for _ in range(2):
        x = mx.sym.FullyConnected(x, weight=w, num_hidden=3, no_bias=True)
    return x


@graph(x=(2, 3), values={"x": [[0, 3, 1], [1, 1, 2]]}, heads=True)
def recurrent(mx):
    words = mx.sym.Embedding(mx.sym.BlockGrad(mx.sym.var("x")), input_dim=4, output_dim=2, name="words")
    steps = mx.sym.transpose(words, axes=(1, 0, 2))
    return mx.sym.RNN(steps, state_size=2, num_layers=1, mode="lstm", name="rnn", state_outputs=True)


@graph(x=(3, 2), heads=True)
def open_state(mx):
    x, state = mx.sym.var("x"), mx.sym.zeros((0, 4), name="begin")
    for i in range(2):
        step = mx.sym.FullyConnected(x, num_hidden=4, name=f"in{i}")
        state = mx.sym.Activation(state + step, act_type="tanh")
    return state


@graph(x=(2, 3, 2), heads=True)
def slopes(mx):
    net = mx.sym.LeakyReLU(mx.sym.var("x"), act_type="prelu", name="slope")
    return mx.sym.broadcast_add(mx.sym.LayerNorm(net, axis=1, name="norm"), mx.sym.norm(net, keepdims=True), name="sum")


@graph(x=(4, 3), values={"svm_label": [0, 2, 1, 1]})
def margin(mx):
    return mx.sym.SVMOutput(mx.sym.var("x") * 2, margin=0.5, name="svm")


@graph(x=(2, 3))
def scaled_loss(mx):
    return mx.sym.MakeLoss(mx.sym.square(mx.sym.var("x")), grad_scale=0.25, normalization="batch", name="loss")


@graph(x=(3, 2), s=(2,), heads=True)
def loop(mx):
    outputs, states = mx.sym.contrib.foreach(lambda x, s: (x * s, s + x), mx.sym.var("x"), mx.sym.var("s"), name="loop")
    return mx.sym.Group([outputs, states])


@graph(x=(2, 3), unused=(2,), values={"unused": [1, 2]}, heads=True)
def no_way_back(mx):
    return mx.sym.Group([mx.sym.var("x") + 1, mx.sym.zeros_like(mx.sym.var("unused"))])
