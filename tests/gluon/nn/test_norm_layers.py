from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd
from mxnet.gluon import nn
from tests.gluon.harness import check_layer, every
from tests.gluon.samples.layers import NORMS


@every(NORMS)
def test_layers(layer, aspect, tmp_path):
    check_layer(layer, aspect, tmp_path)


def test_batch_norm_against_numpy():
    """Biased variance in the output and in the running statistics, new = 0.9 old + 0.1 batch."""
    x = np.random.RandomState(0).randn(8, 3, 5).astype("float64")
    layer = nn.BatchNorm(in_channels=3)
    layer.cast("float64")
    layer.initialize()
    mean, var = x.mean((0, 2)), x.var((0, 2))
    with autograd.record():
        y = layer(nd.array(x, dtype="float64"))
    np.testing.assert_allclose(y.asnumpy(), (x - mean[:, None]) / np.sqrt(var[:, None] + 1e-5), atol=1e-10)
    y.backward()
    np.testing.assert_allclose(layer.running_mean.data().asnumpy(), 0.1 * mean, atol=1e-12)
    np.testing.assert_allclose(layer.running_var.data().asnumpy(), 0.9 + 0.1 * var, atol=1e-12)
    predicted = layer(nd.array(x, dtype="float64")).asnumpy()
    np.testing.assert_allclose(
        predicted, (x - 0.1 * mean[:, None]) / np.sqrt(0.9 + 0.1 * var[:, None] + 1e-5), atol=1e-10
    )


def test_batch_norm_relu():
    x = nd.array(np.random.RandomState(0).randn(8, 3))
    both, plain = nn.BatchNormReLU(), nn.BatchNorm()
    both.initialize()
    plain.initialize()
    with autograd.train_mode():
        np.testing.assert_array_equal(both(x).asnumpy(), np.maximum(plain(x).asnumpy(), 0))
    assert both.name.startswith("batchnormrelu")


@pytest.mark.parametrize("channels", [1, 6])
def test_float16_keeps_float32_statistics(channels):
    layer = nn.BatchNorm(in_channels=channels)
    layer.cast("float16")
    layer.initialize()
    assert {np.dtype(p.data().dtype).name for p in layer.collect_params().values()} == {"float32"}
    assert layer(mx.nd.ones((2, channels), dtype="float16")).dtype == np.float16
