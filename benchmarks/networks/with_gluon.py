"""The networks in Gluon: one file for our ``mxnet`` and for the original, hybridized as their users would."""

from __future__ import annotations

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn, rnn
from networks import (
    AVERAGE,
    EPSILON,
    HEADS,
    HIDDEN,
    LAYERS,
    LEARNING_RATE,
    MODEL,
    MOMENTUM,
    NETWORKS,
    STAGES,
    WIDTH,
    WORDS,
    Work,
    averages,
    batch,
    gradients,
    parameters,
)


def version() -> str:
    return mx.__version__


def convolution(before: int, after: int, kernel: int, stride: int) -> list[nn.HybridBlock]:
    """A convolution that keeps the size but for its stride, and its norm."""
    conv = nn.Conv2D(after, kernel, stride, kernel // 2, use_bias=False, in_channels=before)
    return [conv, nn.BatchNorm(momentum=AVERAGE, epsilon=EPSILON, in_channels=after)]


def sequence(*blocks: nn.HybridBlock) -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(*blocks)
    return net


class Basic(nn.HybridBlock):
    """Two convolutions of 3x3 beside a shortcut (He et al., 2016)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.body = sequence(
            *convolution(before, after, 3, stride), nn.Activation("relu"), *convolution(after, after, 3, 1)
        )
        self.shortcut = sequence(*convolution(before, after, 1, stride)) if stride > 1 else None

    def hybrid_forward(self, F, x):
        return F.relu(self.body(x) + (x if self.shortcut is None else self.shortcut(x)))


def _resnet18(stem: list[nn.HybridBlock], classes: int) -> nn.HybridSequential:
    stages = [Basic(*sizes) for n, m, stride in STAGES for sizes in ((n, m, stride), (m, m, 1))]
    return sequence(*stem, *stages, nn.GlobalAvgPool2D(), nn.Dense(classes, in_units=512))


class LanguageModel(nn.HybridBlock):
    """Logits of the words that follow, from words, both (steps, batch)."""

    def __init__(self, cell: bool) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        if cell:
            self.lstm = rnn.LSTMCell(WIDTH, input_size=WIDTH)
        else:
            self.lstm = rnn.LSTM(WIDTH, 2, input_size=WIDTH)
        self.decoder = nn.Dense(WORDS, flatten=False, in_units=WIDTH)
        self.cell = cell

    def hybrid_forward(self, F, words):
        x = self.words(words)
        if self.cell:
            steps = NETWORKS["cells_step"].data[0]
            return self.decoder(self.lstm.unroll(steps, x, layout="TNC", merge_outputs=True)[0])
        return self.decoder(self.lstm(x))


class EncoderLayer(nn.HybridBlock):
    """Attention and two layers, each followed by a norm of its sum with its input (Vaswani et al., 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Dense(3 * MODEL, flatten=False, in_units=MODEL)
        self.out = nn.Dense(MODEL, flatten=False, in_units=MODEL)
        self.norm1 = nn.LayerNorm(epsilon=EPSILON, in_channels=MODEL)
        self.hidden = nn.Dense(HIDDEN, activation="relu", flatten=False, in_units=MODEL)
        self.back = nn.Dense(MODEL, flatten=False, in_units=HIDDEN)
        self.norm2 = nn.LayerNorm(epsilon=EPSILON, in_channels=MODEL)

    def hybrid_forward(self, F, x):
        heads = F.reshape(self.project(x), (0, 0, 3, HEADS, -1)).transpose((2, 0, 3, 1, 4))
        q, k, v = (F.reshape(each, (-3, 0, 0)) for each in F.split(heads, 3, axis=0, squeeze_axis=True))
        weights = F.softmax(F.batch_dot(q, k, transpose_b=True) * (MODEL // HEADS) ** -0.5)
        attended = F.reshape(F.batch_dot(weights, v), (-4, -1, HEADS, 0, 0)).transpose((0, 2, 1, 3))
        x = self.norm1(x + self.out(F.reshape(attended, (0, 0, -3))))
        return self.norm2(x + self.back(self.hidden(x)))


def network(name: str) -> nn.HybridBlock:
    if name in ("lstm_step", "cells_step"):
        return LanguageModel(name == "cells_step")
    if name == "encoder_step":
        mean = nn.HybridLambda(lambda F, x: F.mean(x, axis=1))
        return sequence(*[EncoderLayer() for _ in range(LAYERS)], mean, nn.Dense(10, in_units=MODEL))
    if name == "perceptron":
        return sequence(nn.Dense(256, activation="relu", in_units=20), nn.Dense(10, in_units=256))
    if name == "deep":
        return sequence(*[nn.Dense(8, activation="relu", in_units=8) for _ in range(40)])
    if name == "mlp_step":
        return sequence(nn.Dense(256, activation="relu", in_units=784), nn.Dense(10, in_units=256))
    if name == "lenet_step":
        return sequence(
            nn.Conv2D(20, 5, activation="relu", in_channels=1), nn.MaxPool2D(2, 2),
            nn.Conv2D(50, 5, activation="relu", in_channels=20), nn.MaxPool2D(2, 2),
            nn.Dense(500, activation="relu", in_units=800), nn.Dense(10, in_units=500),
        )  # fmt: skip
    if name == "resnet18_step":
        return _resnet18([*convolution(3, 64, 3, 1), nn.Activation("relu")], 10)
    return _resnet18([*convolution(3, 64, 7, 2), nn.Activation("relu"), nn.MaxPool2D(3, 2, 1)], 1000)


def _adam() -> Work:
    weights, slopes = ([nd.array(value) for value in values("adam")] for values in (parameters, gradients))
    updater = mx.optimizer.get_updater(mx.optimizer.Adam(learning_rate=LEARNING_RATE))
    numbers = list(range(len(weights)))

    def step() -> None:
        updater(numbers, slopes, weights)
        mx.nd.waitall()

    for _ in range(3):
        step()
    return Work(step, [float(weight.reshape(-1)[0].asscalar()) for weight in weights])


def amp(name: str) -> Work:
    """A network in bfloat16, for the rest of this process."""
    from mxnet.contrib import amp

    amp.init("bfloat16")
    return build(name)


def build(name: str) -> Work:
    if name == "adam":
        return _adam()
    net = network(name)
    net.initialize()
    learned = [p for p in net.collect_params().values() if "running" not in p.name]
    moving = [p for p in net.collect_params().values() if "running" in p.name]
    for parameter, value in [*zip(learned, parameters(name)), *zip(moving, averages(name))]:  # noqa: B905
        parameter.set_data(nd.array(value))
    net.hybridize(static_alloc=True, static_shape=True)
    x, y = (nd.array(array) for array in batch(name))
    if not NETWORKS[name].trains:

        def predict() -> nd.NDArray:
            out = net(x)
            out.wait_to_read()
            return out

        return Work(predict, predict().asnumpy().ravel()[:100].tolist())

    loss_fn = gluon.loss.SoftmaxCrossEntropyLoss()
    loss_fn.hybridize(static_alloc=True, static_shape=True)
    options = {"learning_rate": LEARNING_RATE, "momentum": MOMENTUM}
    trainer = gluon.Trainer(net.collect_params(), "sgd", options)

    def step() -> nd.NDArray:
        with autograd.record():
            loss = loss_fn(net(x), y)
        loss.backward()
        trainer.step(len(x))
        mx.nd.waitall()
        return loss

    check = [float(step().mean().asscalar()) for _ in range(3)]
    return Work(step, check + [float(p.data().sum().asscalar()) for p in moving[::2]])
