from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd
from mxnet.gluon import nn
from tests.gluon.harness import check_layer, every
from tests.gluon.samples.layers import BASIC, CONTAINERS


@every([*BASIC, *CONTAINERS])
def test_layers(layer, aspect, tmp_path):
    check_layer(layer, aspect, tmp_path)


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


@pytest.mark.parametrize("kind", [nn.Sequential, nn.HybridSequential])
def test_containers_are_like_lists(kind):
    net = kind(prefix="net_")
    with net.name_scope():
        net.add(nn.Dense(2), nn.Dense(3))
        net.add(nn.Dense(4))
    assert len(net) == 3
    assert list(net) == [net[0], net[1], net[2]]
    assert net[-1] is net[2]
    part = net[1:]
    assert isinstance(part, kind)
    assert (part.prefix, list(part._children), list(part)) == ("net_", ["0", "1"], [net[1], net[2]])
    assert list(net[::2]) == [net[0], net[2]]
    assert len(net[3:]) == 0
    assert list(part.collect_params()) == [f"net_dense{i}_{what}" for i in (1, 2) for what in ("weight", "bias")]


def test_a_part_shares_its_layers():
    net = nn.HybridSequential()
    net.add(nn.Dense(2, in_units=3), nn.Dense(1, in_units=2))
    net.initialize()
    net.hybridize()
    x = nd.ones((1, 3))
    y = net(x).asnumpy()
    np.testing.assert_array_equal(net[1:](net[:1](x)).asnumpy(), y)
    net[0].weight.set_data(nd.zeros((2, 3)))
    assert net[:1](x).asnumpy().tolist() == [[0, 0]]


def test_sequential_recommends_the_hybrid_one():
    net = nn.Sequential()
    net.add(nn.Dense(3), nn.HybridSequential())
    with pytest.warns(UserWarning, match="Consider using HybridSequential"):
        net.hybridize()
    net.add(nn.Lambda("tanh"))
    net.hybridize()  # silent: one is not hybrid, the others are hybridized
    net.initialize()
    assert net(nd.ones((1, 2))).shape == (1, 3)
    assert net[0]._active


def test_empty_containers_give_their_input():
    x = nd.ones((2, 2))
    for net in (nn.Sequential(), nn.HybridSequential()):
        assert net(x) is x


def test_sparse_gradients_of_embeddings():
    """The same values as dense ones, in row-sparse storage, hybridized or not."""
    x = nd.array([[1, 3], [1, 0]])
    layers = [nn.Embedding(5, 2, sparse_grad=sparse, weight_initializer="ones") for sparse in (False, True)]
    for hybridize in (False, True):
        grads = []
        for layer in layers:
            layer.initialize(force_reinit=True)
            layer.hybridize(hybridize)
            with autograd.record():
                y = layer(x) * nd.arange(8).reshape((2, 2, 2))
            y.backward()
            grads.append(layer.weight.grad())
        assert [grad.stype for grad in grads] == ["default", "row_sparse"]
        assert grads[1].indices.asnumpy().tolist() == [0, 1, 3]
        np.testing.assert_array_equal(grads[1].asnumpy(), grads[0].asnumpy())


def test_names_are_where_mxnet_has_them():
    for name in ("BatchNorm", "BatchNormReLU", "GroupNorm", "InstanceNorm", "LayerNorm", "Dense", "Sequential"):
        assert getattr(nn.basic_layers, name) is getattr(nn, name)
    for name in ("Conv2D", "Conv3DTranspose", "MaxPool1D", "GlobalAvgPool3D", "ReflectionPad2D"):
        assert getattr(nn.conv_layers, name) is getattr(nn, name)
    assert nn.activations.PReLU is nn.PReLU
    assert nn.SymbolBlock is mx.gluon.SymbolBlock
