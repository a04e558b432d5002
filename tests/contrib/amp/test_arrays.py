"""Arrays in mixed precision: operators convert their inputs, gradients find the way back, and off is off."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd
from mxnet.contrib import amp
from mxnet.contrib.amp.amp import _on
from mxnet.ndarray.face import face
from mxnet.ops import precision

LOW = {"float16": np.float16, "bfloat16": amp.amp.bfloat16}


@pytest.fixture(params=["float16", "bfloat16"])
def low(request):
    with _on(request.param):
        yield LOW[request.param]


@pytest.fixture
def x():
    return nd.array(np.random.RandomState(0).rand(2, 3))


def test_low(low, x):
    w, b = nd.ones((4, 3)), nd.ones(4)
    found = nd.FullyConnected(x, w, b, num_hidden=4)
    assert found.dtype == low
    expected = nd.FullyConnected(x.astype(low), w.astype(low), b.astype(low), num_hidden=4)
    assert (found.asnumpy() == expected.asnumpy()).all()
    assert nd.FullyConnected(data=x.astype(low), weight=w, bias=b, num_hidden=4).dtype == low
    assert nd.FullyConnected(*(a.astype("float64") for a in (x, w, b)), num_hidden=4).dtype == np.float64
    with pytest.raises(mx.MXNetError, match="dtype"):
        nd.FullyConnected(x.astype("int32"), w, b, num_hidden=4)


def test_float32(low, x):
    half = x.astype(low)
    for found in (nd.softmax(half), half.exp(), half.sum(), half**2, half**half, 2 / half, nd.log(half), half.norm()):
        assert found.dtype == np.float32
    assert nd.topk(x.astype("int32"), dtype="int32").dtype == np.int32
    assert x.astype("float64").exp().dtype == np.float64


def test_widest(low, x):
    half = x.astype(low)
    assert (half + half).dtype == nd.concat(half, half).dtype == nd.dot(half, half, transpose_b=True).dtype == low
    for found in (
        half + x, x * half, nd.broadcast_add(lhs=half, rhs=x), nd.add_n(half, x), nd.concat(half, x, dim=1),
        nd.concat([x, half], dim=0), nd.stack(half, x), nd.where(x > 0.5, half, x), nd.dot(half, x, transpose_b=True),
        half == x, nd.maximum(half, x),
    ):  # fmt: skip
        assert found.dtype == np.float32
    with pytest.raises(mx.MXNetError, match="dtype"):
        half + x.astype("int32")


def test_conditional(low, x):
    half = x.astype(low)
    assert nd.Activation(half, act_type="relu").dtype == nd.LeakyReLU(half).dtype == low
    assert nd.Activation(half, "softrelu").dtype == nd.LeakyReLU(half, act_type="elu").dtype == np.float32


def test_whatever_arrives(low, x):
    assert nd.relu(x).dtype == (x * 2).dtype == x.reshape((3, 2)).dtype == np.float32
    assert nd.relu(x.astype(low)).dtype == (x.astype(low) * 2).dtype == low


def test_lengths_keep_their_digits(low):
    """300.5 has no place in eight bits: what RNN gets beside its data is not converted."""
    op = mx.ops.registry.get("RNN")
    assert precision.casts_inputs(op, "low") == ("data", "parameters", "state", "state_cell")
    assert precision.casts_inputs(mx.ops.registry.get("Embedding"), "low") == ("weight",)


def test_gradients_are_float32(low, x):
    w = nd.ones((4, 3))
    w.attach_grad()
    with autograd.record():
        loss = nd.softmax(nd.FullyConnected(x, w, num_hidden=4, no_bias=True)).sum() + (w * 2).sum()
    loss.backward()
    assert w.grad.dtype == np.float32
    assert np.abs(w.grad.asnumpy() - 2).max() < 0.01


def test_own_lists(x):
    half = x.astype("bfloat16")
    with _on(target_precision_ops=["broadcast_add", "batch_dot"], fp32_ops=["relu", "FullyConnected"]):
        assert (x + x).dtype == LOW["bfloat16"], "also the operator in Python's short way"
        assert (x - x).dtype == np.float32
        assert nd.relu(half).dtype == np.float32
        assert nd.softmax(half).dtype == LOW["bfloat16"], "the lists take the place of the others"
        assert nd.FullyConnected(half, half, num_hidden=2, no_bias=True).dtype == np.float32
    with _on(conditional_fp32_ops=[("Activation", "act_type", ["relu"]), ("Activation", "act_type", ["tanh"])]):
        assert nd.Activation(half, "relu").dtype == nd.Activation(half, "tanh").dtype == np.float32
        assert nd.Activation(half, "softrelu").dtype == LOW["bfloat16"]
    assert (x + x).dtype == np.float32


def test_init_refuses():
    for wrong in ("float32", "int8", None, 3):
        with pytest.raises(AssertionError, match="only float16 or bfloat16"):
            amp.init(wrong)
    with pytest.raises(AttributeError, match="nobody"):
        amp.init(target_precision_ops=["nobody"])
    assert precision.policy is None


def test_a_second_init_changes_nothing():
    with _on("float16"):
        amp.init("float16")
        with pytest.warns(UserWarning, match="on already"):
            amp.init("bfloat16")
        assert nd.FullyConnected(nd.ones((1, 1)), nd.ones((1, 1)), num_hidden=1, no_bias=True).dtype == np.float16


def test_off_costs_nothing():
    """Functions that somebody keeps change with the switch, and without it are what they were, to the byte."""
    kept, method = face("FullyConnected"), nd.NDArray.__pow__
    before = kept.__code__
    with _on():
        assert kept.__code__ is not before
        assert nd.NDArray.__pow__ is not method
        late = face("LinearRegressionOutput")
    assert kept.__code__.co_code == before.co_code
    assert kept.__code__.co_names == before.co_names
    assert "CAST" not in late.__code__.co_names
    assert nd.NDArray.__pow__ is method


def test_losses_with_a_gradient_of_their_own_are_scaled(x):
    def gradient():
        x.attach_grad()
        with autograd.record():
            y = nd.SoftmaxOutput(x, nd.array([0, 1]), grad_scale=2.0)
        y.backward()
        return x.grad.asnumpy()

    plain = gradient()
    with _on():
        assert np.allclose(gradient(), plain * 2**16)
        amp.amp._State.scaler._loss_scale = 4.0
        assert np.allclose(gradient(), plain * 4)
    assert (gradient() == plain).all()


def test_sums_are_float32_inside(low):
    """4,096 ones: a sum in bfloat16 would stop at 256, in float16 at 2,048."""
    ones = nd.ones((1, 4096))
    image, kernel = nd.ones((1, 1024, 2, 2)), nd.ones((1, 1024, 2, 2))
    half = ones.astype(low)
    found = {
        "FullyConnected": nd.FullyConnected(ones, ones, num_hidden=1, no_bias=True),
        "Convolution": nd.Convolution(image, kernel, kernel=(2, 2), num_filter=1, no_bias=True),
        "Deconvolution": nd.Deconvolution(
            nd.ones((1, 4096, 1, 1)), nd.ones((4096, 1, 1, 1)), kernel=(1, 1), num_filter=1, no_bias=True
        ),
        "dot": nd.dot(half, half, transpose_b=True),
        "batch_dot": nd.batch_dot(half.expand_dims(0), half.expand_dims(0), transpose_b=True),
        "sum": half.sum(),
        "norm": half.norm() ** 2,
    }
    assert {name: float(value.asnumpy().ravel()[0]) for name, value in found.items()} == dict.fromkeys(found, 4096.0)
    for name in ("FullyConnected", "Convolution", "Deconvolution", "dot", "batch_dot"):
        assert found[name].dtype == low


@pytest.mark.parametrize("mode", ["rnn_tanh", "lstm", "gru"])
def test_recurrent_networks(low, mode):
    rng = np.random.RandomState(0)
    count = mx.sym.RNN(*map(mx.sym.var, "xps"), *([mx.sym.var("c")] if mode == "lstm" else []), state_size=8,
                       num_layers=2, mode=mode).infer_shape(x=(5, 3, 6))[0][1]  # fmt: skip
    x, p = nd.array(rng.randn(5, 3, 6)), nd.array(rng.uniform(-0.5, 0.5, count))
    states = [nd.zeros((2, 3, 8))] * (2 if mode == "lstm" else 1)
    p.attach_grad()
    with autograd.record():
        y = nd.RNN(x, p, *states, state_size=8, num_layers=2, mode=mode)
    y.backward()
    half, gradient = y.asnumpy().astype("float32"), p.grad.asnumpy()
    assert y.dtype == low
    assert p.grad.dtype == np.float32
    amp.amp._off()
    with autograd.record():
        exact = nd.RNN(x, p, *states, state_size=8, num_layers=2, mode=mode)
    exact.backward()
    assert np.abs(half - exact.asnumpy()).max() < 0.02
    assert np.abs(gradient - p.grad.asnumpy()).max() < 0.03 * np.abs(gradient).max()
