from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd
from mxnet.gluon import Trainer, nn
from mxnet.gluon.contrib import nn as extra
from tests.gluon.harness import check_layer, every
from tests.gluon.samples.layers import CONTRIB


@every([layer for layer in CONTRIB if "ccnn." not in layer.call])
def test_layers(layer, aspect, tmp_path):
    check_layer(layer, aspect, tmp_path)


@pytest.mark.parametrize("factors", [(2,), (2, 3), (3, 1, 2)])
def test_pixel_shuffle_is_its_definition(factors):
    """y[n, c, f h + i, g w + j] = x[n, (c f + i) g + j, h, w], in one to three dimensions."""
    layer = (extra.PixelShuffle1D, extra.PixelShuffle2D, extra.PixelShuffle3D)[len(factors) - 1]
    space = (2, 3, 2)[: len(factors)]
    x = np.arange(2 * 2 * np.prod(factors) * np.prod(space), dtype="float32").reshape(2, -1, *space)
    y = layer(factors[0] if len(factors) == 1 else factors)(nd.array(x)).asnumpy()
    assert y.shape == (2, 2, *(f * s for f, s in zip(factors, space, strict=True)))
    for n, c, *place in np.ndindex(*y.shape):
        channel = c
        for f, at in zip(factors, place, strict=True):
            channel = channel * f + at % f
        assert y[(n, c, *place)] == x[(n, channel, *(at // f for f, at in zip(factors, place, strict=True)))]


@pytest.mark.parametrize("kind", [extra.Concurrent, extra.HybridConcurrent])
def test_a_part_of_branches_keeps_the_axis(kind):
    """MXNet's part concatenates along the last axis."""
    net = kind(axis=1)
    net.add(extra.Identity(), extra.Identity(), nn.Flatten())
    assert net[:2](nd.ones((2, 1, 3))).shape == (2, 2, 3)
    assert len(net[:2]) == 2


def test_concurrent_hybridizes_its_branches():
    net = extra.Concurrent()
    net.add(nn.Dense(2, in_units=2), nn.Lambda("tanh"))
    net.initialize()
    y = net(nd.ones((1, 2))).asnumpy()
    net.hybridize()
    np.testing.assert_array_equal(net(nd.ones((1, 2))).asnumpy(), y)
    assert net[0]._active


def test_sparse_embedding_trains_its_rows(tmp_path):
    """Rows that a batch names change by the summed gradient, the others do not. Values of MXNet."""
    layer, x = extra.SparseEmbedding(5, 2), nd.array([1, 3, 1])
    assert (repr(layer), layer.weight.name) == ("SparseEmbedding(5 -> 2, float32)", "sparseembedding0_weight")
    layer.initialize(mx.init.Constant(0.5))
    with pytest.raises(RuntimeError, match="Trainer"):
        layer(x)
    with pytest.raises(RuntimeError, match="row_sparse_data"):
        layer.weight.data()
    trainer = Trainer(layer.collect_params(), "sgd", {"learning_rate": 1.0})
    with autograd.record():
        y = layer(x)
    y.backward()
    assert layer.weight.grad().stype == "row_sparse"
    np.testing.assert_array_equal(layer.weight.grad().asnumpy(), [[0, 0], [2, 2], [0, 0], [1, 1], [0, 0]])
    trainer.step(1)
    np.testing.assert_array_equal(layer(x).asnumpy(), [[-1.5, -1.5], [-0.5, -0.5], [-1.5, -1.5]])
    file = str(tmp_path / "rows.params")
    layer.save_parameters(file)
    saved = nd.load(file)["weight"]
    assert saved.stype == "row_sparse"
    np.testing.assert_array_equal(saved.asnumpy()[:, 0], [0.5, -1.5, 0.5, -0.5, 0.5])
    other = extra.SparseEmbedding(5, 2)
    other.load_parameters(file)
    Trainer(other.collect_params(), "sgd")
    np.testing.assert_array_equal(other(x).asnumpy(), layer(x).asnumpy())


def test_synchronized_normalization_says_where_it_is_not():
    with pytest.warns(UserWarning, match="each of the 2 devices"):
        layer = extra.SyncBatchNorm(num_devices=2)
    assert "ndev=2" in repr(layer)


def test_synchronized_normalization_of_one_device_is_normalization():
    x = nd.random.uniform(shape=(4, 3, 2))
    one, other = extra.SyncBatchNorm(num_devices=1, momentum=0.5), nn.BatchNorm(momentum=0.5)
    for layer in (one, other):
        layer.initialize()
        with autograd.record():
            y = layer(x)
        y.backward()
    np.testing.assert_array_equal(one(x).asnumpy(), other(x).asnumpy())
