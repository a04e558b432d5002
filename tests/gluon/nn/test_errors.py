from __future__ import annotations

import pytest

import mxnet as mx
from mxnet.gluon import nn
from tests.gluon.harness import check_error
from tests.gluon.samples.layers import ERRORS


@pytest.mark.parametrize("layer", ERRORS, ids=[layer.id for layer in ERRORS])
def test_wrong_calls(layer):
    check_error(layer)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Dense("3"), TypeError, r"Dense dense\d+: units must be an integer, but is '3'"),
        (lambda: nn.Dense(2.5), mx.MXNetError, "units must be an integer, but is 2.5"),
        (lambda: nn.Conv2D(2, 3, in_channels=None), mx.MXNetError, "in_channels must be an integer, but is None"),
        (
            lambda: nn.Conv2D(2, 3, strides=None),
            mx.MXNetError,
            "strides must be a number, or one for each .* but is None",
        ),
        (lambda: nn.Conv2D(2, None), TypeError, "kernel_size must be a number or a list of 2 ints, but got None"),
        (
            lambda: nn.MaxPool2D(2, strides=0),
            mx.MXNetError,
            r"MaxPool2D pool\d+: strides must be integers of at least 1",
        ),
        (lambda: nn.AvgPool1D(2, padding=(1, 2)), mx.MXNetError, r"padding must be a number, .* but is \(1, 2\)"),
        (lambda: nn.Dense(3, activation="nope"), ValueError, "Activation: .*act_type.*but got 'nope'"),
        (lambda: nn.Activation("nope"), mx.MXNetError, "Activation: .*act_type.*but got 'nope'"),
        (lambda: nn.Dropout(1.5), mx.MXNetError, r"Dropout dropout\d+: rate is a probability, but is 1.5"),
        (lambda: nn.LeakyReLU(float("nan")), AssertionError, "no less than 0, but got nan"),
        (lambda: nn.Dense(3, prefix=3), AttributeError, "dense: prefix must be a str, but got 3"),
        (lambda: nn.Dense(3, params=3), AttributeError, "dense: params must be a ParameterDict, but got 3"),
    ],
)
def test_what_can_be_noticed_is_noticed_when_a_layer_is_made(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_empty_windows_are_the_default():
    x = mx.nd.random.uniform(shape=(1, 2, 5, 5))
    for layer in (nn.Conv2D, nn.Conv2DTranspose):
        plain, empty = (
            layer(2, 3, in_channels=2, **more) for more in ({}, {"strides": (), "padding": (), "dilation": ()})
        )
        plain.initialize()
        empty.initialize()
        empty.weight.set_data(plain.weight.data())
        assert (plain(x).asnumpy() == empty(x).asnumpy()).all()


def test_dropout_without_axes():
    with mx.autograd.record():
        assert nn.Dropout(0.5, axes=None)(mx.nd.ones((2, 3))).shape == (2, 3)
