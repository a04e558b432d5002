from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd
from mxnet.gluon import nn
from mxnet.gluon.contrib import cnn
from tests.gluon.harness import check_layer, every
from tests.gluon.samples.layers import CONTRIB


@every([layer for layer in CONTRIB if "ccnn." in layer.call])
def test_layers(layer, aspect, tmp_path):
    check_layer(layer, aspect, tmp_path)


@pytest.mark.parametrize("kind", [cnn.DeformableConvolution, cnn.ModulatedDeformableConvolution])
def test_without_offsets_it_is_a_convolution(kind):
    """Offsets start at zero, and the factor 2 sigmoid(0) is 1."""
    how = dict(padding=(1, 0), strides=(1, 2), groups=2, activation="relu")
    bent, plain = kind(4, (3, 2), **how), nn.Conv2D(4, (3, 2), **how)
    x = nd.random.uniform(-1, 1, shape=(2, 4, 5, 6))
    bent.initialize(mx.init.Uniform(1))
    plain.initialize()
    bent(x)
    plain(x)
    plain.weight.set_data(bent.deformable_conv_weight.data())
    plain.bias.set_data(bent.deformable_conv_bias.data())
    np.testing.assert_allclose(bent(x).asnumpy(), plain(x).asnumpy(), atol=1e-5)


def test_a_whole_offset_shifts_the_image():
    """An offset of one column to the right sees what is one column to the right."""
    layer, x = cnn.DeformableConvolution(1, 1), nd.array(np.arange(12).reshape(1, 1, 3, 4))
    layer.initialize(mx.init.One())
    layer(x)
    layer.offset_weight.set_data(nd.zeros((2, 1, 1, 1)))
    layer.offset_bias.set_data(nd.array([0, 1]))
    np.testing.assert_array_equal(layer(x).asnumpy()[..., :3], x.asnumpy()[..., 1:])
