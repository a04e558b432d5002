from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd
from mxnet.gluon import nn
from tests.gluon.harness import check_layer, every
from tests.gluon.samples.layers import ACTIVATIONS


@every(ACTIVATIONS)
def test_layers(layer, aspect, tmp_path):
    check_layer(layer, aspect, tmp_path)


def test_unknown_function_is_named():
    with pytest.raises(mx.MXNetError, match="nope"):
        nn.Activation("nope")(nd.ones(2))


def test_gradient_of_prelu_is_hybrid_too():
    """MXNet computes another gradient for alpha when hybridized."""
    layer, x = nn.PReLU(), nd.array([[-1.0, 2.0, -3.0]])
    layer.initialize()
    layer.hybridize()
    with autograd.record():
        y = layer(x)
    y.backward()
    np.testing.assert_allclose(layer.alpha.grad().asnumpy(), [-4.0])
