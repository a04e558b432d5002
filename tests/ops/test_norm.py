"""BatchNorm's statistics and modes, and what the samples of normalization leave out."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx


def setup(shape=(4, 3, 5), axis=1, dtype="float32"):
    x = np.random.uniform(-1, 3, shape)
    c = shape[axis]
    arrays = [
        x.astype(dtype),
        np.random.uniform(0.5, 2, c),
        np.random.randn(c),
        np.random.randn(c),
        np.random.rand(c) + 1,
    ]
    wide = "float64" if dtype == "float64" else "float32"
    return [mx.nd.array(a, dtype=dtype if i == 0 else wide) for i, a in enumerate(arrays)]


def statistics(x: mx.nd.NDArray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    others = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    values = x.asnumpy().astype("float64")
    return values.mean(others), values.var(others)  # over the count: biased


@pytest.mark.parametrize(
    ("shape", "axis"), [((4, 3, 5), 1), ((4, 3, 5), -1), ((2, 3, 4, 5), 2), ((6, 2), 1), ((1, 3), 1)]
)
@pytest.mark.parametrize("momentum", [0.9, 0.3, 0.0, 1.0])
def test_moving_statistics(shape, axis, momentum):
    arrays = setup(shape, axis, "float64")
    mean, var = (a.asnumpy() for a in arrays[3:])
    with mx.autograd.record():
        mx.nd.BatchNorm(*arrays, axis=axis, momentum=momentum)
    batch_mean, batch_var = statistics(arrays[0], axis)
    np.testing.assert_allclose(arrays[3].asnumpy(), momentum * mean + (1 - momentum) * batch_mean, atol=1e-12)
    np.testing.assert_allclose(arrays[4].asnumpy(), momentum * var + (1 - momentum) * batch_var, atol=1e-12)


@pytest.mark.parametrize("attributes", [{}, {"use_global_stats": True}])
def test_prediction_and_global_statistics_leave_the_moving_ones(attributes):
    arrays = setup()
    before = [a.asnumpy() for a in arrays]
    with mx.autograd.record(train_mode=bool(attributes)):
        mx.nd.BatchNorm(*arrays, **attributes)
    mx.nd.BatchNorm(*arrays, **attributes)
    for array, values in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array.asnumpy(), values)


@pytest.mark.parametrize("train", [True, False])
def test_a_fixed_gamma_counts_as_one_and_gets_no_gradient(train):
    x, _, beta, mean, var = setup()
    gamma = mx.nd.array([np.nan, 5.0, -1.0])
    gamma.attach_grad()
    gamma.grad[:] = 9
    with mx.autograd.record(train_mode=train):
        fixed = mx.nd.BatchNorm(x, gamma, beta, mean.copy(), var.copy())
    fixed.backward()
    np.testing.assert_array_equal(gamma.grad.asnumpy(), 0)
    with mx.autograd.record(train_mode=train):
        ones = mx.nd.BatchNorm(x, mx.nd.ones((3,)), beta, mean, var, fix_gamma=False)
    np.testing.assert_allclose(fixed.asnumpy(), ones.asnumpy(), rtol=1e-6)


@pytest.mark.parametrize("train", [True, False])
def test_half_precision_data_with_float32_parameters(train):
    arrays = setup(dtype="float16")
    wide = [a.astype("float32") for a in arrays]
    arrays[0].attach_grad()
    wide[0].attach_grad()
    results = []
    for inputs in (arrays, wide):
        with mx.autograd.record(train_mode=train):
            out = mx.nd.BatchNorm(*inputs, fix_gamma=False)
            loss = out * out
        loss.backward()
        results.append(out)
    assert results[0].dtype == np.float16
    np.testing.assert_allclose(results[0].asnumpy(), results[1].asnumpy(), atol=5e-3)
    np.testing.assert_allclose(arrays[3].asnumpy(), wide[3].asnumpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(arrays[0].grad.asnumpy(), wide[0].grad.asnumpy(), atol=2e-2)


@pytest.mark.parametrize("train", [True, False])
def test_mean_and_deviation_are_shown_on_demand(train):
    arrays = setup()
    expected = statistics(arrays[0], 1) if train else tuple(a.asnumpy() for a in arrays[3:])
    with mx.autograd.record(train_mode=train):
        _, mean, deviation = mx.nd.BatchNorm(*arrays, output_mean_var=True, eps=0.1)
    np.testing.assert_allclose(mean.asnumpy(), expected[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(deviation.asnumpy(), 1 / np.sqrt(expected[1] + 0.1), rtol=1e-5)


@pytest.mark.parametrize("wrong", range(1, 5))
def test_parameters_of_another_width_are_refused(wrong):
    """torch reads beyond the end of moving statistics that are too short."""
    arrays = setup()
    arrays[wrong] = mx.nd.ones((2,))
    name = ("gamma", "beta", "moving_mean", "moving_var")[wrong - 1]
    with pytest.raises(mx.base.MXNetError, match=rf"{name} must have shape \(3,\), but has \(2,\)"):
        mx.nd.BatchNorm(*arrays)


def test_layer_norm_shows_mean_and_deviation_without_gradient():
    x = mx.nd.array(np.random.randn(2, 3, 4))
    x.attach_grad()
    with mx.autograd.record():
        _, mean, deviation = mx.nd.LayerNorm(
            x, mx.nd.ones((3,)), mx.nd.zeros((3,)), axis=1, eps=0.1, output_mean_var=True
        )
        loss = mean.sum() + deviation.sum() + 0 * x.sum()
    loss.backward()
    values = x.asnumpy()
    np.testing.assert_allclose(mean.asnumpy(), values.mean(1, keepdims=True), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(deviation.asnumpy(), np.sqrt(values.var(1, keepdims=True) + 0.1), rtol=1e-5)
    np.testing.assert_array_equal(x.grad.asnumpy(), 0)


def test_group_and_instance_norm_agree_where_groups_are_channels():
    x = mx.nd.array(np.random.randn(2, 4, 3, 3))
    gamma, beta = mx.nd.array(np.random.randn(4)), mx.nd.array(np.random.randn(4))
    group = mx.nd.GroupNorm(x, gamma, beta, num_groups=4, eps=1e-3)
    np.testing.assert_allclose(group.asnumpy(), mx.nd.InstanceNorm(x, gamma, beta).asnumpy(), rtol=1e-5, atol=1e-6)
