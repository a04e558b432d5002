"""Layers with arguments and an input, and everything that a layer answers to them.

Only NumPy is imported here: the recorder runs this file in the environment of the real MXNet, which is passed in as
``mx``.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import encode, values


@dataclass(frozen=True)
class Layer:
    """A layer, written as the call that makes it, and its input."""

    call: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    random: bool = False  # in training, so only what does not depend on the draw is asked
    wrong: bool = False  # is MXNet's gradient

    @property
    def id(self) -> str:
        return f"{self.call} on {'x'.join(map(str, self.shape))}" + (
            "" if self.dtype == "float32" else f" {self.dtype}"
        )

    def make(self, mx: Any) -> Any:
        return eval(self.call, {"nn": mx.gluon.nn, "mx": mx})

    def input(self, mx: Any) -> Any:
        return mx.nd.array(values(f"{self.id} x", self.shape, self.dtype), dtype=self.dtype)


def _layers(text: str) -> list[Layer]:
    found = []
    for line in text.strip().splitlines():
        call, _, where = line.strip().partition(" @ ")
        shape, *more = where.split()
        dtype = next((word for word in more if word not in ("random", "wrong")), "float32")
        found.append(Layer(call, tuple(map(int, shape.split("x"))), dtype, "random" in more, "wrong" in more))
    return found


BASIC = _layers("""
nn.Dense(3) @ 2x4
nn.Dense(3, in_units=4) @ 2x4
nn.Dense(3, activation='relu') @ 2x4
nn.Dense(3, activation='tanh', use_bias=False) @ 2x4
nn.Dense(3, flatten=False) @ 2x5x4
nn.Dense(3) @ 2x5x4
nn.Dense(3, dtype='float64') @ 2x4 float64
nn.Dense(3, weight_initializer='ones', bias_initializer='ones', prefix='mine_') @ 2x4
nn.Dense(1, activation='sigmoid') @ 5x1
nn.Dropout(0.5) @ 2x4 random
nn.Dropout(0.5, axes=(1,)) @ 2x4 random
nn.Dropout(0) @ 2x4
nn.Embedding(3, 4) @ 2x5
nn.Embedding(3, 4) @ 2x5 int32
nn.Embedding(3, 4, dtype='float64', weight_initializer='normal') @ 3 float64
nn.Flatten() @ 2x3x4
nn.Lambda('tanh') @ 2x3
nn.Lambda(lambda x: x * 2) @ 2x3
nn.HybridLambda('tanh') @ 2x3
nn.HybridLambda(lambda F, x: F.relu(x)) @ 2x3
""")

ACTIVATIONS = _layers("""
nn.Activation('relu') @ 2x4
nn.Activation('sigmoid') @ 2x4
nn.Activation('softrelu') @ 2x4
nn.Activation('softsign') @ 2x4
nn.Activation('tanh') @ 2x4
nn.LeakyReLU(0.1) @ 2x4
nn.PReLU() @ 2x4
nn.PReLU(in_channels=4) @ 2x4
nn.PReLU(mx.init.Constant(0.5), 3) @ 2x3x2
nn.ELU() @ 2x4
nn.ELU(0.5) @ 2x4
nn.SELU() @ 2x4 wrong
nn.GELU() @ 2x4
nn.Swish() @ 2x4
nn.Swish(2.0) @ 2x4
""")

NORMS = _layers("""
nn.BatchNorm() @ 4x3
nn.BatchNorm() @ 2x3x4x4
nn.BatchNorm(in_channels=3) @ 2x3x4
nn.BatchNorm(axis=-1, momentum=0.5, epsilon=0.01) @ 2x4x3
nn.BatchNorm(axis=2) @ 2x4x3x2
nn.BatchNorm(center=False) @ 4x3
nn.BatchNorm(scale=False) @ 4x3
nn.BatchNorm(use_global_stats=True) @ 4x3
nn.BatchNorm(beta_initializer='ones', gamma_initializer='zeros', running_mean_initializer='ones') @ 4x3
nn.LayerNorm() @ 4x3
nn.LayerNorm(in_channels=3, epsilon=0.1) @ 2x2x3
nn.LayerNorm(axis=1) @ 2x4x3
nn.LayerNorm(center=False, scale=False) @ 4x3
nn.InstanceNorm() @ 2x3x4
nn.InstanceNorm(scale=True, epsilon=0.01) @ 2x3x4x2
nn.InstanceNorm(axis=2, center=False) @ 2x4x3
nn.GroupNorm() @ 2x4x3
nn.GroupNorm(2, epsilon=0.01) @ 2x4x3
""")

CONVOLUTIONS = _layers("""
nn.Conv1D(2, 3) @ 2x3x7
nn.Conv1D(2, 3, strides=2, padding=1, dilation=2, activation='relu') @ 2x3x9
nn.Conv2D(2, 3) @ 2x3x5x5
nn.Conv2D(2, kernel_size=3, in_channels=3, use_bias=False) @ 2x3x5x5
nn.Conv2D(4, (3, 2), strides=2, padding=(1, 0), dilation=(1, 2), groups=2, activation='tanh') @ 1x4x6x7
nn.Conv2D(2, [3, 3], strides=[1, 1], padding=[0, 1]) @ 1x1x5x5
nn.Conv2D(2, 1, weight_initializer='ones', bias_initializer='ones') @ 1x2x3x3
nn.Conv3D(2, 2) @ 1x2x3x4x3
nn.MaxPool1D() @ 1x2x7
nn.MaxPool1D(3, 2, 1) @ 1x2x7
nn.MaxPool2D() @ 1x2x5x5
nn.MaxPool2D(3, strides=2, padding=1, ceil_mode=True) @ 1x2x6x6
nn.MaxPool2D(2, 1, layout='NHWC') @ 1x4x4x2
nn.MaxPool3D() @ 1x1x4x4x4
nn.AvgPool1D() @ 1x2x7
nn.AvgPool2D() @ 1x2x5x5
nn.AvgPool2D(3, strides=2, padding=1, ceil_mode=True) @ 1x2x6x6
nn.AvgPool2D(3, strides=2, padding=1, count_include_pad=False) @ 1x2x6x6
nn.AvgPool3D() @ 1x1x4x4x4
nn.GlobalMaxPool1D() @ 1x2x5
nn.GlobalMaxPool2D() @ 2x2x3x5
nn.GlobalMaxPool3D() @ 1x2x3x2x2
nn.GlobalAvgPool1D() @ 1x2x5
nn.GlobalAvgPool2D() @ 2x2x3x5
nn.GlobalAvgPool2D('NHWC') @ 2x3x5x2
nn.GlobalAvgPool3D() @ 1x2x3x2x2
nn.ReflectionPad2D(1) @ 1x2x3x4
nn.ReflectionPad2D((0, 0, 0, 0, 1, 0, 2, 1)) @ 1x2x3x4
""")

LAYERS = {layer.id: layer for layer in [*BASIC, *ACTIVATIONS, *NORMS, *CONVOLUTIONS]}


def describe(net: Any) -> dict[str, Any]:
    """What can be read off a block: its text and its parameters."""
    return {
        "repr": repr(net),
        "parameters": {
            name: [p.name, list(p.shape), np.dtype(p.dtype).name, p.grad_req]
            for name, p in net._collect_params_with_prefix().items()
        },
    }


def fill(mx: Any, net: Any) -> None:
    """Values that do not depend on initializers, by structural name."""
    for name, parameter in net._collect_params_with_prefix().items():
        parameter.set_data(mx.nd.array(values(name, parameter.shape), dtype=parameter.dtype))


def answer(mx: Any, layer: Layer) -> dict[str, Any]:
    """Everything about one layer; every number as JSON."""
    with mx.name.NameManager():
        net, x = layer.make(mx), layer.input(mx)
        found: dict[str, Any] = {"name": net.name, "before": describe(net)}
        net.initialize(mx.init.Constant(0.5))
        net(x)
        found["after"] = describe(net)
        found["initialized"] = {k: encode(p.data().asnumpy()) for k, p in net._collect_params_with_prefix().items()
                                if p.init != "normal"}  # fmt: skip
        if isinstance(net, mx.gluon.HybridBlock):
            found["symbols"] = net(mx.sym.var("data")).get_internals().list_outputs()
        fill(mx, net)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            net.summary(x)
        found["summary"] = printed.getvalue()
        found["predicted"] = encode(net(x).asnumpy())
        if not layer.random:
            differentiable = layer.dtype.startswith("float") and "Embedding" not in layer.call
            if differentiable:
                x.attach_grad()
            with mx.autograd.record():
                y = net(x)
            y.backward(mx.nd.array(values(f"{layer.id} head", y.shape), dtype=y.dtype))
            mx.nd.waitall()
            found["trained"] = encode(y.asnumpy())
            found["gradients"] = {"x": encode(x.grad.asnumpy())} if differentiable and not layer.wrong else {}
            for name, p in net._collect_params_with_prefix().items():
                if name == "gamma" and "BatchNorm(scale=False)" in layer.call:
                    continue  # MXNet writes ones into it
                if p.grad_req == "null":
                    found["gradients"][f"{name} itself"] = encode(p.data().asnumpy())
                else:
                    found["gradients"][name] = encode(p.grad().asnumpy())
    return found
