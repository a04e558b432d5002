from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd
from mxnet.gluon import nn
from tests.gluon.nn.harness import check_files, check_golden, check_gradients, every
from tests.gluon.samples.layers import BASIC, Layer


@every(BASIC)
def test_answers_as_mxnet(layer: Layer):
    check_golden(layer)


@every([layer for layer in BASIC if not layer.random])
def test_gradients(layer: Layer):
    check_gradients(layer)


@every(BASIC)
def test_files(layer: Layer, tmp_path):
    check_files(layer, str(tmp_path / "layer.params"))


def test_dense_fits_float64():
    """y = act(x W^T + b), against NumPy."""
    rng = np.random.RandomState(0)
    x, w, b = rng.randn(4, 2, 3), rng.randn(5, 6), rng.randn(5)
    dense = nn.Dense(5, activation="tanh", in_units=6, dtype="float64")
    dense.initialize()
    dense.weight.set_data(w)
    dense.bias.set_data(b)
    y = dense(nd.array(x, dtype="float64")).asnumpy()
    np.testing.assert_allclose(y, np.tanh(x.reshape(4, 6) @ w.T + b), rtol=1e-12)


@pytest.mark.parametrize(("axes", "rows"), [((), 2), ((0,), 1)])
def test_dropout_drops_in_training_only(axes, rows):
    mx.random.seed(7)
    layer, x = nn.Dropout(0.25, axes=axes), nd.ones((2, 4000))
    np.testing.assert_array_equal(layer(x).asnumpy(), x.asnumpy())
    with autograd.record():
        y = layer(x).asnumpy()
    assert set(np.unique(y)) == {0.0, np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.03
    assert len(np.unique(y, axis=0)) == rows


def test_embedding_gradient_counts_repetitions():
    layer = nn.Embedding(4, 2, sparse_grad=True)
    layer.initialize()
    with autograd.record():
        y = layer(nd.array([1, 1, 3]))
    y.backward()
    np.testing.assert_array_equal(layer.weight.grad().asnumpy(), [[0, 0], [2, 2], [0, 0], [1, 1]])


def test_lambda_takes_several_inputs():
    assert nn.Lambda(lambda x, y: x + y)(nd.ones(2), nd.ones(2)).asnumpy().tolist() == [2, 2]
    joined = nn.HybridLambda(lambda F, x, y: F.concat(x, y, dim=0))
    assert joined(nd.ones(2), nd.zeros(1)).asnumpy().tolist() == [1, 1, 0]
    assert nn.HybridLambda("elemwise_add")(nd.ones(2), nd.ones(2)).asnumpy().tolist() == [2, 2]


def test_sequential_iterates_and_slices():
    net = nn.HybridSequential()
    net.add(nn.Dense(3), nn.Dense(4))
    assert list(net) == [net[0], net[1]]
    assert isinstance(net[:1], nn.HybridSequential)
    assert net[:1][0] is net[0]
