"""Output layers: what the samples leave out, because MXNet is wrong there or because it takes more than one call."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx

REGRESSIONS = ["LinearRegressionOutput", "LogisticRegressionOutput", "MAERegressionOutput"]


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def gradients(op: str, data: np.ndarray, label: np.ndarray, head: np.ndarray | None = None, **attributes):
    """Gradients of data and label."""
    x, y = mx.nd.array(data, dtype="float64"), mx.nd.array(label, dtype="float64")
    x.attach_grad()
    y.attach_grad()
    y.grad[:] = 7
    with mx.autograd.record():
        out = getattr(mx.nd, op)(x, y, **attributes)
    out.backward(None if head is None else mx.nd.array(head, dtype="float64"))
    return x.grad.asnumpy(), y.grad.asnumpy()


X, LABEL = np.random.RandomState(1).randn(4, 3), np.array([2.0, 0.0, 1.0, 2.0])
DIFFERENCE = softmax(X) - np.eye(3)[LABEL.astype(int)]
HEAD = np.random.RandomState(2).randn(4, 3)


@pytest.mark.parametrize("op", ["SoftmaxOutput", *REGRESSIONS])
def test_the_gradient_from_above_is_ignored_and_labels_get_none(op):
    label = LABEL if op == "SoftmaxOutput" else np.random.RandomState(3).rand(4, 3)
    plain, of_label = gradients(op, X, label)
    np.testing.assert_array_equal(of_label, 0)
    np.testing.assert_array_equal(gradients(op, X, label, HEAD)[0], plain)
    np.testing.assert_allclose(gradients(op, X, label, grad_scale=3)[0], 3 * plain)


def test_out_grad_multiplies_with_the_gradient_from_above():
    """MXNet multiplies with the output instead."""
    np.testing.assert_allclose(gradients("SoftmaxOutput", X, LABEL, HEAD, out_grad=True)[0], DIFFERENCE * HEAD)


def test_labels_out_of_range_belong_to_no_class():
    label = LABEL.copy()
    label[1] = 9
    expected = DIFFERENCE.copy()
    expected[1] = softmax(X)[1]
    np.testing.assert_allclose(gradients("SoftmaxOutput", X, label)[0], expected)


def test_valid_counts_at_least_one():
    grad, _ = gradients("SoftmaxOutput", X, np.full(4, 2.0), use_ignore=True, ignore_label=2, normalization="valid")
    np.testing.assert_array_equal(grad, 0)


def test_more_than_two_axes_are_one_row_for_each_example():
    data = X.reshape(4, 3, 1)
    np.testing.assert_allclose(gradients("SoftmaxOutput", data, LABEL)[0], DIFFERENCE.reshape(4, 3, 1))
    with pytest.raises(mx.base.MXNetError, match="multi_output or preserve_shape"):
        mx.nd.SoftmaxOutput(mx.nd.zeros((4, 3, 2)), mx.nd.zeros((4, 3)))


@pytest.mark.parametrize("space", [(5,), (2, 3)])
def test_multi_output_takes_labels_with_space_flattened_or_not(space):
    data = np.random.randn(2, 3, *space)
    label = np.random.randint(0, 3, (2, *space)).astype("float64")
    grad, _ = gradients("SoftmaxOutput", data, label, multi_output=True)
    flat, _ = gradients("SoftmaxOutput", data, label.reshape(2, -1), multi_output=True)
    np.testing.assert_array_equal(grad, flat)
    target = np.moveaxis(np.eye(3)[label.astype(int)], -1, 1)
    np.testing.assert_allclose(grad, (softmax(data) - target) / np.prod(space))


@pytest.mark.parametrize("op", REGRESSIONS)
def test_regression_divides_by_the_outputs_of_an_example(op):
    label = np.random.rand(4, 3)
    link = (lambda x: 1 / (1 + np.exp(-x))) if op.startswith("Logistic") else (lambda x: x)
    error = link(X) - label
    np.testing.assert_allclose(gradients(op, X, label)[0], (np.sign(error) if op.startswith("MAE") else error) / 3)


def test_an_output_layer_ends_a_symbolic_network_whose_label_is_not_given():
    net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=5), name="out")
    shapes, _, _ = net.infer_shape(data=(8, 3))
    assert dict(zip(net.list_arguments(), shapes, strict=True))["out_label"] == (8,)


# ---- SVMOutput, IdentityAttachKLSparseReg ----------------------------------------------------------------------------


@pytest.mark.parametrize("linear", [True, False])
def test_svm_gradient_is_that_of_the_hinge_loss(linear):
    sign = np.where(np.eye(3)[LABEL.astype(int)] > 0, 1, -1)

    def loss(x: np.ndarray) -> float:
        missing = np.maximum(0.7 - sign * x, 0)
        return 1.5 * (missing if linear else missing**2).sum()

    a = {"margin": 0.7, "regularization_coefficient": 1.5, "use_linear": linear}
    grad, of_label = gradients("SVMOutput", X, LABEL, HEAD, **a)
    step = 1e-6
    for place in np.ndindex(*X.shape):
        moved = np.zeros_like(X)
        moved[place] = step
        np.testing.assert_allclose(grad[place], (loss(X + moved) - loss(X - moved)) / (2 * step), atol=1e-6)
    np.testing.assert_array_equal(of_label, 0)


def test_svm_labels_out_of_range_belong_to_no_class():
    label = np.array([7.0, -1, 0, 1])
    grad, _ = gradients("SVMOutput", X, label, use_linear=True)
    np.testing.assert_array_equal(grad[:2], (X[:2] > -1).astype(float))


def test_sparse_regularization_adds_the_slope_of_the_divergence():
    target, penalty, average, momentum = 0.2, 0.5, np.array([0.3, 0.6]), 0.9
    x = np.random.RandomState(4).uniform(0.1, 0.9, (5, 2))
    data, state = mx.nd.array(x, dtype="float64"), mx.nd.array(average, dtype="float64")
    data.attach_grad()
    a = {"sparseness_target": target, "penalty": penalty, "momentum": momentum}
    with mx.autograd.record():
        out = mx.nd.IdentityAttachKLSparseReg(data, state, **a)
    np.testing.assert_array_equal(out.asnumpy(), x)
    head = np.random.RandomState(5).randn(5, 2)
    out.backward(mx.nd.array(head, dtype="float64"))
    rho = momentum * average + (1 - momentum) * x.mean(0)
    np.testing.assert_allclose(state.asnumpy(), rho)

    def divergence(rho: np.ndarray) -> np.ndarray:
        return target * np.log(target / rho) + (1 - target) * np.log((1 - target) / (1 - rho))

    step = 1e-6
    slope = penalty * (divergence(rho + step) - divergence(rho - step)) / (2 * step)
    np.testing.assert_allclose(data.grad.asnumpy(), head + slope, rtol=1e-6)
    mx.nd.IdentityAttachKLSparseReg(data, state, **a)
    np.testing.assert_allclose(state.asnumpy(), rho)


def test_sparse_regularization_in_a_graph():
    symbol = mx.sym.IdentityAttachKLSparseReg(mx.sym.Variable("data"), name="kl")
    assert symbol.list_auxiliary_states() == ["kl_moving_avg"]
    assert symbol.infer_shape(data=(4, 3)) == ([(4, 3)], [(4, 3)], [(3,)])
    with pytest.raises(mx.base.MXNetError, match=r"data must be \(N, C\)"):
        mx.nd.IdentityAttachKLSparseReg(mx.nd.ones((2, 3, 4)), mx.nd.ones(3))
