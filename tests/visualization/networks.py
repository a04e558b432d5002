"""Networks as symbols, for the table, the drawing and the monitor; made with MXNet by the recorder, with Regluon by the
tests. Nothing here imports either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["DRAWINGS", "NETWORKS", "Digraph", "Network", "drawing"]


class Network(NamedTuple):
    """How to make a symbol, and shapes of its inputs."""

    make: Callable[[Any], Any]
    shapes: dict[str, tuple[int, ...]]


def perceptron(mx: Any) -> Any:
    hidden = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=128, name="fc1")
    hidden = mx.sym.Activation(hidden, act_type="relu", name="relu1")
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(hidden, num_hidden=10, no_bias=True, name="fc2"), name="softmax")


def convolutions(mx: Any) -> Any:
    s = mx.sym
    x = s.Convolution(s.var("data"), kernel=(5, 5), num_filter=20, name="conv1")
    x = s.LeakyReLU(s.BatchNorm(x, fix_gamma=False, name="bn"), act_type="leaky", name="leaky")
    x = s.Pooling(x, pool_type="max", kernel=(2, 2), stride=(2, 2), name="pool1")
    y = s.Convolution(x, kernel=(3, 3), num_filter=20, num_group=2, no_bias=True, pad=(1, 1), name="conv2")
    x = s.Concat(x, s.identity(y, name="same"), name="concat")
    x = s.Pooling(x, pool_type="avg", global_pool=True, name="pool2")
    x = s.Reshape(s.Dropout(s.Flatten(x, name="flat"), p=0.5, name="drop"), shape=(0, -1), name="reshape")
    return s.softmax(s.FullyConnected(x, num_hidden=10, name="fc"), name="softmax")


def residual(mx: Any) -> Any:
    s = mx.sym
    x = s.Convolution(s.var("data"), kernel=(3, 3), num_filter=8, pad=(1, 1), name="stem")
    y = s.Activation(s.BatchNorm(x, fix_gamma=False, name="bn1"), act_type="tanh", name="act1")
    y = s.Convolution(y, kernel=(3, 3), num_filter=8, pad=(1, 1), stride=(1, 1), name="conv1")
    return s.LeakyReLU(s.elemwise_add(x, y, name="plus"), name="act2")


def words(mx: Any) -> Any:
    s = mx.sym
    x = s.Embedding(s.var("words"), input_dim=100, output_dim=16, name="embed")
    x = s.FullyConnected(s.mean(x, axis=1, name="mean"), num_hidden=4, name="fc")
    return s.LogisticRegressionOutput(x, s.var("label"), name="out")


def volumes(mx: Any) -> Any:
    s = mx.sym
    x = s.Convolution(s.var("data"), kernel=(3, 2, 2), num_filter=4, name="conv")
    x = s.Pooling(x, kernel=(2, 2, 2), pool_type="sum", name="pool")
    return s.Group([s.FullyConnected(s.Flatten(x, name="flat"), num_hidden=2, name="one"), s.relu(x, name="two")])


NETWORKS = {
    "perceptron": Network(perceptron, {"data": (2, 20)}),
    "convolutions": Network(convolutions, {"data": (2, 1, 28, 28)}),
    "residual": Network(residual, {"data": (2, 3, 8, 8)}),
    "words": Network(words, {"words": (2, 5)}),
    "volumes": Network(volumes, {"data": (2, 3, 8, 8, 8)}),
}


class Digraph:
    """Stands for graphviz's, and notes what it is told."""

    def __init__(self, **attributes: str) -> None:
        self.told: list[list] = [["digraph", attributes]]

    def node(self, **attributes: str) -> None:
        self.told.append(["node", attributes])

    def edge(self, **attributes: str) -> None:
        self.told.append(["edge", attributes])


# The ways to draw each network.
DRAWINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "shapes": {"shape": True},
    "weights": {"shape": True, "hide_weights": False, "title": "net", "save_format": "png"},
    "types": {"shape": True, "dtype": "float64", "node_attrs": {"shape": "hexagon", "fixedsize": "false"}},
}


def drawing(mx: Any, network: Network, how: dict[str, Any]) -> list:
    """What graphviz is told; a module with ``Digraph`` stands for it."""
    keywords = dict(how)
    if "shape" in how:
        keywords["shape"] = network.shapes
    if "dtype" in how:
        keywords["dtype"] = dict.fromkeys(network.shapes, how["dtype"])
    return mx.viz.plot_network(network.make(mx), **keywords).told
