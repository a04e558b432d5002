"""The work that is timed: each row builds our callable and torch's, and checks that both compute the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn

Work = Callable[[], object]


@dataclass
class Row:
    name: str
    build: Callable[[], tuple[Work, Work]]
    target: float | None = None


def versions() -> dict[str, str]:
    return {"torch": torch.__version__, "numpy": np.__version__}


def _same(ours: nd.NDArray, theirs: torch.Tensor) -> None:
    np.testing.assert_allclose(ours.asnumpy(), theirs.detach().numpy(), rtol=1e-4, atol=1e-5)


def _pair(shape: tuple[int, ...]) -> tuple[nd.NDArray, torch.Tensor]:
    values = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")
    return nd.array(values), torch.from_numpy(values.copy())


def add() -> tuple[Work, Work]:
    (a, ta), (b, tb) = _pair((2, 20)), _pair((2, 20))
    _same(a + b, ta + tb)
    return lambda: a + b, lambda: ta + tb


def add_recorded() -> tuple[Work, Work]:
    """Inside record() on our side, with a leaf that requires a gradient on both."""
    (a, ta), (b, tb) = _pair((2, 20)), _pair((2, 20))
    a.attach_grad()
    ta.requires_grad_()
    _same(a + b, ta + tb)

    def ours() -> None:
        with autograd.record():
            for _ in range(100):
                a + b

    def theirs() -> None:
        for _ in range(100):
            ta + tb

    return ours, theirs


def _copy_dense(layer: nn.Dense, linear: torch.nn.Linear) -> None:
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(layer.weight.data().asnumpy()))
        linear.bias.copy_(torch.from_numpy(layer.bias.data().asnumpy()))


def _perceptrons(inputs: int, hidden: int, outputs: int) -> tuple[nn.Sequential, torch.nn.Sequential]:
    net = nn.Sequential()
    net.add(nn.Dense(hidden, activation="relu", in_units=inputs), nn.Dense(outputs, in_units=hidden))
    net.initialize(mx.init.Xavier())
    twin = torch.nn.Sequential(torch.nn.Linear(inputs, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, outputs))
    _copy_dense(net[0], twin[0])
    _copy_dense(net[1], twin[2])
    return net, twin


def perceptron_forward() -> tuple[Work, Work]:
    net, twin = _perceptrons(20, 256, 10)
    x, tx = _pair((2, 20))
    _same(net(x), twin(tx))
    return lambda: net(x), lambda: twin(tx)


def perceptron_step() -> tuple[Work, Work]:
    """Forward, backward and an update by SGD with momentum, batch 64."""
    net, twin = _perceptrons(784, 256, 10)
    x, tx = _pair((64, 784))
    labels = np.random.default_rng(1).integers(0, 10, 64)
    y, ty = nd.array(labels), torch.from_numpy(labels)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.01, "momentum": 0.9})
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.01, momentum=0.9)
    loss_fn, twin_loss = gluon.loss.SoftmaxCrossEntropyLoss(), torch.nn.CrossEntropyLoss()

    def ours() -> nd.NDArray:
        with autograd.record():
            loss = loss_fn(net(x), y)
        loss.backward()
        trainer.step(64)
        return loss

    def theirs() -> torch.Tensor:
        optimizer.zero_grad()
        loss = twin_loss(twin(tx), ty)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(3):
        _same(ours().mean(), theirs().reshape(1))
    return ours, theirs


def nested_forward() -> tuple[Work, Work]:
    """Hybridized: the same eight layers, in twenty blocks around one another beside one flat block."""
    x, _ = _pair((2, 8))

    def sequence(*blocks: nn.HybridBlock) -> nn.HybridSequential:
        net = nn.HybridSequential()
        net.add(*blocks)
        return net

    layers = [nn.Dense(8, activation="relu", in_units=8) for _ in range(8)]
    flat = sequence(*layers)
    flat.initialize()
    nested: nn.HybridBlock = sequence(*layers)  # of the same weights
    for _ in range(19):
        nested = sequence(nested)
    expected = flat(x)
    flat.hybridize(static_alloc=True, static_shape=True)
    nested.hybridize(static_alloc=True, static_shape=True)
    for net in (flat, nested):
        np.testing.assert_allclose(net(x).asnumpy(), expected.asnumpy(), rtol=1e-4, atol=1e-5)
    return lambda: nested(x), lambda: flat(x)


def adam_update() -> tuple[Work, Work]:
    """One update of 20 tensors of 100 x 100."""
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(100, 100)).astype("float32") for _ in range(20)]
    slopes = [np.sign(v) + v for v in values]  # far from 0, where the epsilons of MXNet's and torch's form differ
    weights, grads = [nd.array(v) for v in values], [nd.array(s) for s in slopes]
    updater = mx.optimizer.get_updater(mx.optimizer.Adam(learning_rate=1e-3))
    twins = [torch.from_numpy(v.copy()).requires_grad_() for v in values]
    for twin, slope in zip(twins, slopes, strict=True):
        twin.grad = torch.from_numpy(slope)
    optimizer = torch.optim.Adam(twins, lr=1e-3)
    indices = list(range(len(weights)))
    for _ in range(3):
        updater(indices, grads, weights)
        optimizer.step()
    _same(weights[0], twins[0])
    return lambda: updater(indices, grads, weights), optimizer.step


def batches() -> tuple[Work, Work]:
    """An epoch of shuffled batches of 64 rows of 784, from arrays in memory."""
    rows, labels = np.ones((6400, 784), "float32"), np.arange(6400)
    loader = gluon.data.DataLoader(gluon.data.ArrayDataset(rows, labels), batch_size=64, shuffle=True)
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(rows), torch.from_numpy(labels))
    twin = torch.utils.data.DataLoader(dataset, batch_size=64, shuffle=True)

    def count(source: object) -> Work:
        return lambda: sum(len(x) for x, _ in source)

    assert count(loader)() == count(twin)() == 6400
    return count(loader), count(twin)


ROWS = [
    Row("a + b on (2, 20)", add, 1.6),
    Row("a + b on (2, 20), recorded, 100 times", add_recorded, 2.0),
    Row("perceptron 20-256-10 forward, batch 2, imperative", perceptron_forward, 1.3),
    Row("perceptron 784-256-10 training step, batch 64", perceptron_step, 1.0),
    Row("8 layers nested 20 deep, hybridized, beside them flat", nested_forward, 1.05),
    Row("Adam update of 20 tensors of 100 x 100", adam_update),
    Row("an epoch of 100 shuffled batches of 64 x 784", batches),
]
