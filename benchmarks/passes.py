"""Whether passes pay: for each, a network where it matters, with it beside without it, in one process.

A pass is switched off by putting one that does nothing in its place while a network's code is prepared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import rows
from networks.with_gluon import convolution, sequence
from rows import Row

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn, rnn
from mxnet.graph import passes
from mxnet.graph.passes.fold import fold

__all__ = ["HEADER", "ROWS"]

HEADER = f"{'pass: work':<58} {'with':>10} {'without':>10} {'ratio':>6} {'target':>8} {'':>10}   (microseconds)"

_CALLS = 8  # after which code is final: traced, compiled, folded
_Network = Callable[[], nn.HybridBlock]


def _nothing(graph: Any, *_: Any) -> None:
    pass


# What takes the place of a pass that has a result.
_INSTEAD = {"for_constants": lambda graph, inputs: fold(graph, inputs, only_views=True)}


@contextmanager
def without(name: str) -> Iterator[None]:
    """Prepare code without the pass of that name."""
    switched_off = getattr(passes, name)
    setattr(passes, name, _INSTEAD.get(name, _nothing))
    try:
        yield
    finally:
        setattr(passes, name, switched_off)


def _work(make: _Network, shape: tuple[int, ...], trains: bool) -> tuple[nn.HybridBlock, rows.Work]:
    """A prediction, or a forward and backward pass, after the code was prepared."""
    mx.random.seed(0)
    with mx.name.NameManager():  # the same names each time
        net = make()
    net.initialize(mx.init.Xavier())
    net.hybridize()
    x = nd.array(np.random.default_rng(0).normal(size=shape))

    def step() -> nd.NDArray:
        with autograd.record():
            out = net(x)
        out.backward()
        return out

    work = step if trains else partial(net, x)
    for _ in range(_CALLS):
        work()
    return net, work


def _beside(name: str, make: _Network, shape: tuple[int, ...], trains: bool) -> tuple[rows.Work, rows.Work]:
    net, ours = _work(make, shape, trains)
    with without(name):
        twin, theirs = _work(make, shape, trains)
    assert net.generated_code() != twin.generated_code(), f"{name} does nothing there"
    np.testing.assert_allclose(ours().asnumpy(), theirs().asnumpy(), rtol=1e-3, atol=1e-4)
    return ours, theirs


def _row(name: str, what: str, make: _Network, shape: tuple[int, ...], trains: bool = False) -> Row:
    return Row(f"{name}: {what}", partial(_beside, name, make, shape, trains), 1.0)


def _dense(*sizes: int) -> nn.HybridSequential:
    return sequence(*[nn.Dense(after, activation="relu", in_units=before) for before, after in pairwise(sizes)])


class _Basic(nn.HybridBlock):
    """Two convolutions beside a shortcut."""

    def __init__(self, width: int, norms: bool) -> None:
        super().__init__()
        first, second = (convolution(width, width, 3, 1)[: 1 + norms] for _ in range(2))
        self.body = sequence(*first, nn.Activation("relu"), *second)

    def hybrid_forward(self, F, x):
        return F.relu(self.body(x) + x)


def _blocks(norms: bool) -> nn.HybridSequential:
    return sequence(
        *convolution(3, 32, 3, 1)[: 1 + norms], nn.Activation("relu"), *(_Basic(32, norms) for _ in range(3))
    )


def _images() -> nn.HybridSequential:
    return sequence(
        *convolution(16, 32, 3, 1), nn.Activation("relu"), *convolution(32, 32, 3, 1), nn.Activation("relu"),
        nn.MaxPool2D(2), *convolution(32, 64, 3, 1),
    )  # fmt: skip


class _Classifier(nn.HybridBlock):
    """A layer and its loss, for labels 0, 1, 2, ..."""

    def __init__(self) -> None:
        super().__init__()
        self.dense, self.loss = nn.Dense(10, in_units=16), gluon.loss.SoftmaxCrossEntropyLoss()

    def hybrid_forward(self, F, x):
        return self.loss(self.dense(x), F.arange(64) % 10)


class _LastStep(nn.HybridBlock):
    """The last one of 32 steps."""

    def hybrid_forward(self, F, x):
        return F.relu(F.split(x, 32, squeeze_axis=True)[31])


def _relu_and_pool() -> nn.HybridSequential:
    return sequence(nn.Conv2D(20, 5, activation="relu", in_channels=1), nn.MaxPool2D(2, 2))


class _Unrolled(nn.HybridBlock):
    """A recurrent cell, 20 steps."""

    def __init__(self, cell: type[rnn.HybridRecurrentCell]) -> None:
        super().__init__()
        self.cell = cell(64, input_size=64)

    def hybrid_forward(self, F, x):
        return self.cell.unroll(20, x, layout="TNC", merge_outputs=True)[0]


class _TwoProducts(nn.HybridBlock):
    """Two products of the same array, in bfloat16."""

    def hybrid_forward(self, F, x):
        products = [F.dot(F.cast(x, "bfloat16"), F.cast(x, "bfloat16"), transpose_b=flag) for flag in (True, False)]
        return F.cast(products[0] + products[1], "float32")


ROWS = [
    _row("remove_dead_code", "one of 32 steps", _LastStep, (16, 32, 8)),
    _row("pool_first", "LeNet's first layers, batch 64, with gradients", _relu_and_pool, (64, 1, 28, 28), True),
    _row("fuse_cross_entropy", "16-10 classifier, batch 64, with gradients", _Classifier, (64, 16), True),
    _row("transpose_once", "perceptron 20-256-10, batch 2", lambda: _dense(20, 256, 10), (2, 20)),
    _row("activate_in_place", "perceptron 8-2048-8, batch 512", lambda: _dense(8, 2048, 8), (512, 8)),
    _row("activate_in_place", "the same, with gradients", lambda: _dense(8, 2048, 8), (512, 8), True),
    _row("channels_last", "3 convolutions, 32x32, batch 8, with gradients", _images, (8, 16, 32, 32), True),
    _row("fold_batch_norms", "3 residual blocks, 32x32, batch 1", lambda: _blocks(True), (1, 3, 32, 32)),
    _row("fuse_convolutions", "3 residual blocks, 32x32, batch 1", lambda: _blocks(True), (1, 3, 32, 32)),
    _row("fuse_recurrence", "LSTM cell, 20 steps, with gradients", lambda: _Unrolled(rnn.LSTMCell), (20, 16, 64), True),
    _row("batch_products", "GRU cell, 20 steps, with gradients", lambda: _Unrolled(rnn.GRUCell), (20, 16, 64), True),
    _row("separate", "LSTM of 2 layers, with gradients", lambda: rnn.LSTM(64, 2, input_size=64), (5, 4, 64), True),
    _row("share_casts", "256x256 times itself, twice, in bfloat16", _TwoProducts, (256, 256)),
    _row("for_constants", "3 residual blocks, 32x32, batch 1", lambda: _blocks(True), (1, 3, 32, 32)),
]
