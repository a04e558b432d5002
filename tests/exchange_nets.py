"""Twelve networks in plain Gluon, and one composed from symbols, that tools/check_compatibility.py hands over between
here and Apache MXNet 1.9.1. This file runs in both.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import mxnet as mx
from mxnet import gluon, nd
from mxnet.gluon import nn

__all__ = ["NETS", "Net", "checkpoint", "filled", "inputs_of"]


def sequential(name: str, *layers: Callable[[], Any]) -> Any:
    """The layers one after the other, with names that begin with the network's."""
    net = nn.HybridSequential(prefix=f"{name}_")
    with net.name_scope():
        net.add(*(layer() for layer in layers))
    return net


def perceptron() -> Any:
    return sequential(
        "perceptron",
        lambda: nn.Dense(16, activation="relu"),
        lambda: nn.Dense(8, activation="tanh", use_bias=False),
        lambda: nn.Dense(4),
    )


def lenet() -> Any:
    """With batch normalization of both kinds, and pooling with both conventions."""
    return sequential(
        "lenet",
        lambda: nn.Conv2D(6, kernel_size=3, padding=1, use_bias=False),
        lambda: nn.BatchNorm(),
        lambda: nn.Activation("relu"),
        lambda: nn.MaxPool2D(pool_size=2, strides=2),
        lambda: nn.Conv2D(8, kernel_size=(3, 2), strides=(1, 2)),
        lambda: nn.BatchNorm(scale=False, epsilon=1e-3, momentum=0.8),
        lambda: nn.Activation("sigmoid"),
        lambda: nn.AvgPool2D(pool_size=3, strides=2, padding=1, ceil_mode=True, count_include_pad=False),
        lambda: nn.Flatten(),
        lambda: nn.Dense(10),
    )


class Residual(nn.HybridBlock):
    """Two convolutions with batch normalization, and a way around them."""

    def __init__(self, channels: int, stride: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.body = nn.HybridSequential(prefix="")
            self.body.add(
                nn.Conv2D(channels, 3, strides=stride, padding=1, use_bias=False),
                nn.BatchNorm(),
                nn.Activation("relu"),
                nn.Conv2D(channels, 3, padding=1, use_bias=False),
                nn.BatchNorm(),
            )
            self.down = nn.Conv2D(channels, 1, strides=stride) if stride > 1 else None

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        way = x if self.down is None else self.down(x)
        return F.Activation(self.body(x) + way, act_type="relu")


def residual() -> Any:
    return sequential(
        "residual",
        lambda: nn.Conv2D(4, 3, padding=1),
        lambda: Residual(4, 1),
        lambda: Residual(6, 2),
        lambda: nn.GlobalAvgPool2D(),
        lambda: nn.Dense(5),
    )


class Inception(nn.HybridBlock):
    """Four branches, joined along the channels."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.one = nn.Conv2D(3, 1, activation="relu")
            self.three = nn.HybridSequential()
            self.three.add(nn.Conv2D(2, 1), nn.Conv2D(4, (1, 3), padding=(0, 1)), nn.Conv2D(4, (3, 1), padding=(1, 0)))
            self.pooled = nn.HybridSequential()
            self.pooled.add(nn.AvgPool2D(3, strides=1, padding=1), nn.Conv2D(2, 1))
            self.largest = nn.MaxPool2D(3, strides=1, padding=1)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.concat(self.one(x), self.three(x), self.pooled(x), self.largest(x), dim=1)


def inception() -> Any:
    return sequential("inception", Inception, Inception, lambda: nn.GlobalMaxPool2D(), lambda: nn.Dense(3))


class Transposed(nn.HybridBlock):
    """A transposed convolution with parameters of its own."""

    def __init__(self, inside: int, channels: int, kernel: tuple[int, int], bias: bool, **kwargs: Any) -> None:
        super().__init__()
        self._options = dict(kernel=kernel, num_filter=channels, no_bias=not bias, **kwargs)
        with self.name_scope():
            self.weight = self.params.get("weight", shape=(inside, channels, *kernel))
            if bias:
                self.bias = self.params.get("bias", shape=(channels,))

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        inputs = [x, weight] if bias is None else [x, weight, bias]
        return F.Deconvolution(*inputs, **self._options)


def transposed() -> Any:
    return sequential(
        "transposed",
        lambda: Transposed(3, 4, (3, 3), True, stride=(2, 2), pad=(1, 1), adj=(1, 1)),
        lambda: nn.Activation("softrelu"),
        lambda: Transposed(4, 2, (2, 3), False, stride=(2, 1)),
        lambda: nn.HybridLambda(lambda F, x: F.UpSampling(x, scale=2, sample_type="nearest")),
    )


class Embedded(nn.HybridBlock):
    """Tokens to vectors, normalized in two ways; two outputs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.embedding = nn.Embedding(15, 8)
            self.norm = nn.LayerNorm()
            self.dense = nn.Dense(6, flatten=False)
            self.groups = nn.GroupNorm(num_groups=2)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        h = self.norm(self.embedding(x))
        return self.groups(self.dense(h)), F.mean(h, axis=1)


class Many(nn.HybridBlock):
    """Two inputs; outputs in a nested list, one of an operator that has several."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.left = nn.Dense(6)
            self.right = nn.Dense(6, use_bias=False)

    def hybrid_forward(self, F: Any, x: Any, y: Any) -> Any:
        first, second, third = F.split(self.left(x) * self.right(y), num_outputs=3, axis=1)
        joined = F.broadcast_add(x, F.mean(y, axis=1).reshape((-1, 1)))
        return [first, [F.sqrt(F.square(second) + 1), third * 0.5 - 1]], joined


class Overridden(nn.HybridBlock):
    """Overrides ``forward``: shapes are Python's numbers; arrays that it holds or makes are constants of the graph."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._scale = nd.array([[[0.5, 1.0, 1.5, 2.0, 2.5, 3.0]]])
        with self.name_scope():
            self.query = nn.Dense(6, flatten=False)
            self.value = nn.Dense(6, flatten=False, use_bias=False)
            self.norm = nn.BatchNorm(axis=-1)
            self.shift = self.params.get("shift", shape=(6,))

    def forward(self, x: Any) -> Any:
        batch, steps, _ = x.shape
        query, value = self.query(x), self.norm(self.value(x)) * self._scale
        weights = nd.softmax(nd.batch_dot(query, value, transpose_b=True) / 6**0.5, axis=-1)
        place = nd.arange(steps).reshape((1, steps, 1)) / steps
        mixed = nd.batch_dot(weights, value + place) + self.shift.data()
        last = mixed[:, -1]
        for i in range(steps - 1):
            last = (last + mixed[:, i]).clip(-3, 3)
        return last, mixed[:, ::2, 1:5].reshape((batch, -1))


class Composed(Overridden):
    """The same for MXNet, which exports nothing that overrides ``forward``."""

    def forward(self, *args: Any) -> Any:
        return nn.HybridBlock.forward(self, *args)

    def hybrid_forward(self, F: Any, x: Any, shift: Any) -> Any:
        scale = F.arange(1, 7).reshape((1, 1, 6)) * 0.5
        query, value = self.query(x), F.broadcast_mul(self.norm(self.value(x)), scale)
        weights = F.softmax(F.batch_dot(query, value, transpose_b=True) / 6**0.5, axis=-1)
        place = F.arange(5).reshape((1, 5, 1)) / 5
        mixed = F.broadcast_add(F.batch_dot(weights, F.broadcast_add(value, place)), shift.reshape((1, 1, 6)))
        pieces = F.split(mixed, num_outputs=5, axis=1, squeeze_axis=True)
        last = pieces[4]
        for i in range(4):
            last = F.clip(last + pieces[i], -3, 3)
        return last, F.slice(mixed, begin=(None, None, 1), end=(None, None, 5), step=(None, 2, None)).reshape((0, -1))


class Loop(nn.HybridBlock):
    """A recurrent network in ``foreach``: the body has parameters, its own and those of a layer."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.into = self.params.get("into", shape=(3, 4))
            self.cell = nn.Dense(4, in_units=4)

    def hybrid_forward(self, F: Any, x: Any, into: Any) -> Any:
        def step(data: Any, state: Any) -> tuple[Any, Any]:
            new = F.tanh(F.dot(data, into) + self.cell(state))
            return new * 2, new

        first = F.dot(F.sum(x, axis=0), into)
        outputs, state = F.contrib.foreach(step, x, F.zeros_like(first))
        return outputs, state


class Branches(nn.HybridBlock):
    """``cond`` both ways, with a layer in the branches, and a ``while_loop``.

    All branches use the same parameters: gradients of what only the other one uses are garbage in MXNet.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.layer = nn.Dense(3, in_units=3)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        size = F.sum(F.abs(x))
        taken = F.contrib.cond(size > 0, lambda: self.layer(x), lambda: self.layer(x) * 2)
        other = F.contrib.cond(size < 0, lambda: self.layer(x), lambda: F.tanh(self.layer(x)))
        _, (count, grown) = F.contrib.while_loop(
            lambda i, h: i < 3,
            lambda i, h: (h, [i + 1, F.tanh(self.layer(h)) + h]),
            [F.zeros_like(size), taken],
            max_iterations=5,
        )
        return grown, other, count


def grouped() -> Any:
    """Convolutions in groups and with gaps, in one and two dimensions, and the activations with parameters."""
    return sequential(
        "grouped",
        lambda: nn.Conv2D(6, 3, dilation=2, groups=3),
        lambda: nn.PReLU(),
        lambda: nn.Conv2D(4, 2, groups=2, use_bias=False),
        lambda: nn.LeakyReLU(0.15),
        lambda: nn.InstanceNorm(),
        lambda: nn.HybridLambda(lambda F, x: F.reshape(x, shape=(0, 0, -1))),
        lambda: nn.Conv1D(4, 3, padding=1, groups=4),
        lambda: nn.ELU(0.7),
        lambda: nn.GELU(),
        lambda: nn.Swish(beta=1.5),
    )


class Tied(nn.HybridBlock):
    """The embedding's weight is the last layer's, too; a layer is used twice; a constant."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.embedding = nn.Embedding(12, 5)
            self.twice = nn.Dense(5, flatten=False, in_units=5, activation="tanh")
            self.out = nn.Dense(12, flatten=False, in_units=5, params=self.embedding.params)
            self.scale = self.params.get_constant("scale", np.array([[[1.0, -2.0, 0.5, 3.0, 1.5]]], dtype="float32"))

    def hybrid_forward(self, F: Any, x: Any, scale: Any) -> Any:
        h = self.twice(self.twice(self.embedding(x)))
        return self.out(F.broadcast_mul(h, scale))


class Net(NamedTuple):
    """A network, and what to feed it.

    build : callable
    inputs : tuple of shapes, or of (number of tokens, shape)
        An array of each.
    exported : callable, optional
        Builds what MXNet can export, where that is another class.
    skip : str
        What parameters begin with, after the last dot or underscore, whose gradients MXNet computes wrongly.
    """

    build: Callable[[], Any]
    inputs: tuple[Any, ...]
    exported: Callable[[], Any] | None = None
    skip: str = "-"


NETS = {
    "perceptron": Net(perceptron, ((5, 7),)),
    "lenet": Net(lenet, ((4, 3, 11, 12),)),
    "residual": Net(residual, ((3, 3, 8, 8),)),
    "inception": Net(inception, ((2, 3, 7, 6),)),
    "transposed": Net(transposed, ((2, 3, 4, 5),)),
    "embedded": Net(lambda: Embedded(prefix="embedded_"), ((15, (3, 8)),)),
    "many": Net(lambda: Many(prefix="many_"), ((4, 5), (4, 7))),
    "overridden": Net(lambda: Overridden(prefix="overridden_"), ((4, 5, 3),), lambda: Composed(prefix="overridden_")),
    "loop": Net(lambda: Loop(prefix="loop_"), ((6, 2, 3),)),
    "branches": Net(lambda: Branches(prefix="branches_"), ((2, 3),)),
    "grouped": Net(grouped, ((2, 6, 9, 8),), skip="alpha"),
    "tied": Net(lambda: Tied(prefix="tied_"), ((12, (3, 4)),)),
}


def inputs_of(name: str) -> list[nd.NDArray]:
    """The inputs of a network."""
    random = np.random.RandomState(zlib.crc32(name.encode()))
    found = []
    for spec in NETS[name].inputs:
        tokens = len(spec) == 2 and isinstance(spec[1], tuple)
        values = random.randint(0, *spec) if tokens else random.uniform(-1, 1, spec)
        found.append(nd.array(values.astype("float32")))
    return found


def value(name: str, shape: tuple[int, ...]) -> nd.NDArray:
    """A parameter's value, by its name."""
    low = 0.5 if name.endswith(("var", "gamma")) else -0.5
    return nd.array(np.random.RandomState(zlib.crc32(name.encode())).uniform(low, low + 1, shape).astype("float32"))


def filled(name: str, exported: bool = False) -> gluon.HybridBlock:
    """A network, not hybridized, with the same parameters in every process."""
    with mx.name.NameManager():
        case = NETS[name]
        net = (case.exported if exported and case.exported else case.build)()
        net.initialize()
        net(*inputs_of(name))
    for parameter in net.collect_params().values():
        if isinstance(parameter, gluon.Constant) or (parameter.grad_req == "null" and parameter.name.endswith("gamma")):
            continue  # MXNet overwrites the scale that BatchNorm does not use with ones
        parameter.set_data(value(parameter.name, parameter.shape))
    return net


def checkpoint() -> tuple[Any, dict[str, nd.NDArray], dict[str, nd.NDArray], dict[str, nd.NDArray]]:
    """A classifier composed from symbols: the graph, parameters, auxiliary states, and inputs with labels."""
    with mx.name.NameManager(), mx.AttrScope(lr_mult="2.0"):
        data = mx.sym.var("data")
        hidden = mx.sym.Convolution(data, kernel=(2, 2), num_filter=3, name="first")
        hidden = mx.sym.BatchNorm(hidden, fix_gamma=True, eps=1e-4, name="norm")
        hidden = mx.sym.Pooling(mx.sym.relu(hidden), kernel=(2, 2), stride=(2, 2), pool_type="max")
        shift = mx.sym.var("shift", shape=(1, 3, 1, 1), lr_mult=0.5, init=mx.init.Constant(0.25))
        joined = mx.sym.concat(mx.sym.broadcast_add(hidden, shift), hidden * 2 - 1, dim=1)
        scores = mx.sym.FullyConnected(joined, num_hidden=4, name="scores")
        graph = mx.sym.SoftmaxOutput(scores, name="softmax", normalization="batch")
    random = np.random.RandomState(5)
    given = {
        "data": nd.array(random.uniform(-1, 1, (6, 2, 7, 7)).astype("float32")),
        "softmax_label": nd.array(random.randint(0, 4, 6).astype("float32")),
    }
    shapes, _, states = graph.infer_shape(**{name: array.shape for name, array in given.items()})
    named = zip([*graph.list_arguments(), *graph.list_auxiliary_states()], [*shapes, *states], strict=True)
    values = {name: value(name, shape) for name, shape in named if name not in given}
    values["norm_gamma"][:] = 1  # fixed
    return graph, values, {name: values.pop(name) for name in graph.list_auxiliary_states()}, given
