from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd
from mxnet.gluon import nn
from tests.gluon.harness import check_layer, every
from tests.gluon.samples.layer import fill
from tests.gluon.samples.layers import CONVOLUTIONS, POOLINGS


@every([*CONVOLUTIONS, *POOLINGS])
def test_layers(layer, aspect, tmp_path):
    check_layer(layer, aspect, tmp_path)


LAST = [layer for layer in CONVOLUTIONS if "refused" in layer.flags]


@pytest.mark.parametrize("layer", LAST, ids=[layer.id for layer in LAST])
def test_channels_last_is_channels_first_transposed(layer):
    """MXNet refuses NHWC on a CPU; mathematics does not. Outputs and gradients, lazy and hybridized."""
    last = layer.make(mx)
    first = replace(layer, call=re.sub(r", layout='\w+'", "", layer.call)).make(mx)
    x = layer.arrays(mx)[0]
    last.initialize()
    first.initialize()
    last(x)
    first(moved(x, -1, 1))
    fill(mx, last)
    assert first.weight.shape == moved(last.weight.data(), -1, 1).shape
    first.weight.set_data(moved(last.weight.data(), -1, 1))
    if last.bias is not None:
        first.bias.set_data(last.bias.data())
    for call in range(5):
        if call == 1:
            last.hybridize()  # recorded, then planned, then the plan is called
        answers = []
        for net, data, to in ((last, x, None), (first, moved(x, -1, 1), -1)):
            data.attach_grad()
            with autograd.record():
                y = net(data)
                out = y if to is None else moved(y, 1, to)
                (out * out).sum().backward()
            found = [out, data.grad, net.weight.grad()]
            answers.append([found[0], *(g if to is None else moved(g, 1, to) for g in found[1:])])
        for a, b in zip(*answers, strict=True):
            np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-5, atol=1e-6)


def moved(array, source, destination):
    return nd.moveaxis(array, source, destination)


def test_channels_last_prints_as_mxnet_reads_the_shape():
    layer = nn.Conv2D(4, 3, groups=2, in_channels=2, layout="NHWC")
    assert repr(layer) == "Conv2D(3 -> 4, kernel_size=(3, 3), stride=(1, 1), groups=2)"


@pytest.mark.parametrize("groups", [1, 2])
def test_transposes_are_transposes(groups):
    """<Conv(x), y> = <x, ConvTranspose(y)> for one weight: the definition."""
    how = dict(strides=2, padding=1, dilation=2, groups=groups, use_bias=False)
    down, up = nn.Conv2D(4, 3, in_channels=2, **how), nn.Conv2DTranspose(2, 3, in_channels=4, output_padding=1, **how)
    down.initialize(mx.init.Uniform(1))
    up.initialize()
    up.weight.set_data(down.weight.data())
    x = nd.random.uniform(-1, 1, shape=(1, 2, 8, 8))
    y = down(x)
    head = nd.random.uniform(-1, 1, shape=y.shape)
    assert up(head).shape == x.shape
    assert (y * head).sum().asscalar() == pytest.approx((x * up(head)).sum().asscalar(), abs=1e-4)


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
