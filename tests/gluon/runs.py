"""Whole trainings: small networks with fixed weights and data, 50 steps with different optimizers and schedules.

Only NumPy is imported here: ``tools/record_runs.py`` runs them in the environment of the real MXNet, which is passed in
as ``mx``, and ``test_runs.py`` here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

STEPS, BATCH = 50, 4


@dataclass(frozen=True)
class Run:
    """``make(mx)`` is the network. ``data``: shape of the input, of integers below ``words`` if there are any; the
    label is of that kind and shape.
    """

    make: Callable[[Any], Any]
    data: tuple[int, ...]
    loss: str
    label: tuple[int, ...]
    optimizer: str
    arguments: dict[str, Any]
    schedule: tuple[str, dict[str, Any]] | None = None
    words: int = 0
    classes: int = 0


def sequence(mx: Any, *blocks: Any) -> Any:
    net = mx.gluon.nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(*[block() for block in blocks])
    return net


def perceptron(mx: Any) -> Any:
    nn = mx.gluon.nn
    return sequence(mx, lambda: nn.Dense(6, activation="tanh"), lambda: nn.Dense(3))


def lenet(mx: Any) -> Any:
    """No bias before BatchNorm: its gradient is rounding error alone."""
    nn = mx.gluon.nn
    return sequence(
        mx,
        lambda: nn.Conv2D(3, 3, padding=1, use_bias=False),
        lambda: nn.BatchNorm(),
        lambda: nn.Activation("tanh"),
        lambda: nn.AvgPool2D(),
        lambda: nn.Conv2D(4, 3, activation="sigmoid"),
        lambda: nn.Flatten(),
        lambda: nn.Dense(3),
    )


def residual(mx: Any) -> Any:
    nn = mx.gluon.nn

    class Residual(mx.gluon.HybridBlock):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            with self.name_scope():
                self.stem = nn.Conv2D(4, 1)
                self.conv1, self.norm1 = nn.Conv2D(4, 3, padding=1, use_bias=False), nn.BatchNorm()
                self.conv2, self.norm2 = nn.Conv2D(4, 3, padding=1, use_bias=False), nn.BatchNorm()
                self.out = nn.Dense(3)

        def hybrid_forward(self, F, x):
            x = self.stem(x)
            y = F.Activation(self.norm1(self.conv1(x)), act_type="softrelu")
            return self.out(F.Activation(x + self.norm2(self.conv2(y)), act_type="tanh"))

    return Residual(prefix="net_")


def language_model(mx: Any) -> Any:
    """Two layers of LSTM: logits of the words that follow, from (steps, batch)."""
    gluon = mx.gluon

    class Model(gluon.HybridBlock):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            with self.name_scope():
                self.words = gluon.nn.Embedding(9, 5)
                self.lstm = gluon.rnn.LSTM(6, 2, input_size=5)
                self.out = gluon.nn.Dense(9, flatten=False)

        def hybrid_forward(self, F, x):
            return F.reshape(self.out(self.lstm(self.words(x))), (-3, 0))

    return Model(prefix="net_")


def gru_classifier(mx: Any) -> Any:
    """A cell that is unrolled: the class of the last output."""
    gluon = mx.gluon

    class Classifier(gluon.HybridBlock):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            with self.name_scope():
                self.cell = gluon.rnn.GRUCell(6, input_size=3)
                self.out = gluon.nn.Dense(3)

        def hybrid_forward(self, F, x):
            outputs, _ = self.cell.unroll(5, x, layout="NTC", merge_outputs=False)
            return self.out(outputs[-1])

    return Classifier(prefix="net_")


def attention(mx: Any) -> Any:
    """Two heads, two layers, norms (Vaswani et al., 2017)."""
    nn = mx.gluon.nn

    class Attention(mx.gluon.HybridBlock):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            with self.name_scope():
                self.project, self.back = nn.Dense(24, flatten=False), nn.Dense(8, flatten=False)
                self.norm1, self.norm2 = nn.LayerNorm(), nn.LayerNorm()
                self.hidden, self.shrink = nn.Dense(16, flatten=False), nn.Dense(8, flatten=False)
                self.gelu, self.out = nn.GELU(), nn.Dense(3)

        def hybrid_forward(self, F, x):
            heads = F.transpose(F.reshape(self.project(x), (0, 0, 3, 2, -1)), (2, 0, 3, 1, 4))
            q, k, v = (F.reshape(each, (-3, 0, 0)) for each in F.split(heads, 3, axis=0, squeeze_axis=True))
            weights = F.softmax(F.batch_dot(q, k, transpose_b=True) / 2)
            mixed = F.transpose(F.reshape(F.batch_dot(weights, v), (-4, -1, 2, 0, 0)), (0, 2, 1, 3))
            x = self.norm1(x + self.back(F.reshape(mixed, (0, 0, -3))))
            return self.out(self.norm2(x + self.shrink(self.gelu(self.hidden(x)))))

    return Attention(prefix="net_")


def autoencoder(mx: Any) -> Any:
    nn = mx.gluon.nn
    return sequence(
        mx,
        lambda: nn.Conv2D(4, 3, strides=2, padding=1, activation="tanh"),
        lambda: nn.InstanceNorm(),
        lambda: nn.Conv2DTranspose(3, 3, strides=2, padding=1, output_padding=1),
        lambda: nn.GroupNorm(3),
        lambda: nn.Conv2DTranspose(2, 1, activation="sigmoid"),
    )


def embedding_bag(mx: Any) -> Any:
    """The mean of the words' vectors."""
    nn = mx.gluon.nn
    return sequence(
        mx,
        lambda: nn.Embedding(9, 5),
        lambda: nn.HybridLambda(lambda F, x: F.mean(x, axis=1)),
        lambda: nn.Dense(3, activation="softsign"),
    )


def softmax(size: tuple[int, ...], classes: int) -> dict[str, Any]:
    return {"loss": "SoftmaxCrossEntropyLoss", "label": size, "classes": classes}


BY_CLASS = softmax((BATCH,), 3)
STEPPED = ("MultiFactorScheduler", {"step": [15, 30], "factor": 0.5, "base_lr": 0.05, "warmup_steps": 5})
COSINE = ("CosineScheduler", {"max_update": 50, "base_lr": 0.02, "final_lr": 0.002, "warmup_steps": 10,
                              "warmup_begin_lr": 0.001})  # fmt: skip
POLYNOMIAL = ("PolyScheduler", {"max_update": 40, "base_lr": 0.01, "pwr": 2})
FACTOR = ("FactorScheduler", {"step": 10, "factor": 0.7, "base_lr": 0.05, "warmup_steps": 4, "warmup_mode": "constant"})

RUNS = {
    "perceptron": Run(
        perceptron, (BATCH, 5), optimizer="sgd", arguments={"momentum": 0.9, "wd": 0.001}, schedule=STEPPED, **BY_CLASS
    ),
    "lenet": Run(lenet, (BATCH, 2, 8, 8), optimizer="nag", arguments={"momentum": 0.9}, schedule=COSINE, **BY_CLASS),
    "residual": Run(residual, (BATCH, 2, 5, 5), optimizer="rmsprop", arguments={"learning_rate": 0.003, "epsilon": 1e-3,
                                                                              "centered": True}, **BY_CLASS),
    "language model": Run(
        language_model, (6, BATCH), optimizer="sgd", arguments={"clip_gradient": 0.2}, schedule=FACTOR, words=9,
        **softmax((6 * BATCH,), 9),
    ),
    "gru classifier": Run(gru_classifier, (BATCH, 5, 3), optimizer="adagrad", arguments={"learning_rate": 0.05,
                                                                                       "eps": 1e-3}, **BY_CLASS),
    "attention": Run(
        attention, (BATCH, 4, 8), optimizer="adam", arguments={"epsilon": 1e-3}, schedule=POLYNOMIAL, **BY_CLASS
    ),
    "autoencoder": Run(
        autoencoder, (BATCH, 2, 6, 6), optimizer="adadelta", arguments={"rho": 0.8, "epsilon": 1e-3, "wd": 0.01},
        loss="L2Loss", label=(BATCH, 2, 6, 6),
    ),
    "embedding bag": Run(
        embedding_bag, (BATCH, 4), optimizer="signum", arguments={"learning_rate": 0.002, "momentum": 0.8}, words=9,
        loss="HuberLoss", label=(BATCH, 3),
    ),
}  # fmt: skip


def values(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype("float32")


def train(mx: Any, name: str, hybridize: bool = False) -> dict[str, Any]:
    """The loss of each step, and the parameters after the last, running statistics included."""
    run = RUNS[name]
    net, loss_fn = run.make(mx), getattr(mx.gluon.loss, run.loss)()
    net.initialize()
    net(mx.nd.zeros(run.data))
    for i, (_, parameter) in enumerate(sorted(net.collect_params().items())):
        if parameter.grad_req != "null":
            parameter.set_data(mx.nd.array(values(10 + i, parameter.shape) * 0.5))
    if hybridize:
        net.hybridize()
        loss_fn.hybridize()
    arguments = dict(run.arguments)
    if run.schedule is not None:
        arguments["lr_scheduler"] = getattr(mx.lr_scheduler, run.schedule[0])(**run.schedule[1])
    trainer = mx.gluon.Trainer(net.collect_params(), run.optimizer, arguments)
    losses = []
    for step in range(STEPS):
        rng = np.random.RandomState(1000 + step % 10)
        x = rng.randint(0, run.words, run.data) if run.words else rng.uniform(-1, 1, run.data)
        y = rng.randint(0, run.classes, run.label) if run.classes else rng.uniform(0, 1, run.label)
        x, y = (mx.nd.array(array.astype("float32")) for array in (x, y))
        with mx.autograd.record():
            loss = loss_fn(net(x), y)
        loss.backward()
        trainer.step(BATCH)
        losses.append(float(loss.asnumpy().mean()))
    return {"losses": losses, "parameters": {n: p.data().asnumpy() for n, p in sorted(net.collect_params().items())}}
