from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd
from mxnet.gluon import nn
from tests.gluon.nn.harness import check_files, check_golden, check_gradients, every
from tests.gluon.samples.layers import CONVOLUTIONS, Layer


@every(CONVOLUTIONS)
def test_answers_as_mxnet(layer: Layer):
    check_golden(layer)


@every([layer for layer in CONVOLUTIONS if not layer.random])
def test_gradients(layer: Layer):
    check_gradients(layer)


@every(CONVOLUTIONS)
def test_files(layer: Layer, tmp_path):
    check_files(layer, str(tmp_path / "layer.params"))


def test_channels_last_is_channels_first_transposed():
    """MXNet refuses NHWC on a CPU; mathematics does not."""
    first, last = nn.Conv2D(4, 3, groups=2, in_channels=2), nn.Conv2D(4, 3, groups=2, in_channels=2, layout="NHWC")
    first.initialize()
    last.initialize()
    last.weight.set_data(first.weight.data().transpose((0, 2, 3, 1)))
    x = nd.random.uniform(shape=(2, 2, 5, 6))
    y = last(x.transpose((0, 2, 3, 1))).transpose((0, 3, 1, 2))
    np.testing.assert_allclose(y.asnumpy(), first(x).asnumpy(), atol=1e-6)
    assert repr(last) == "Conv2D(3 -> 4, kernel_size=(3, 3), stride=(1, 1), groups=2)"  # MXNet's reading of the shape


def test_lazy_channels():
    layer = nn.Conv2D(4, 3, groups=2)
    layer.initialize()
    assert layer.weight.shape == (4, 0, 3, 3)
    layer(nd.ones((1, 6, 4, 4)))
    assert layer.weight.shape == (4, 3, 3, 3)


def test_gradient_reaches_all_inputs():
    net = nn.HybridSequential()
    net.add(nn.Conv2D(2, 3, activation="relu"), nn.MaxPool2D(), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Dense(1))
    net.initialize(mx.init.One())
    x = nd.ones((1, 1, 8, 8))
    x.attach_grad()
    with autograd.record():
        y = net(x)
    y.backward()
    assert x.grad.asnumpy().sum() == pytest.approx(18.0)
