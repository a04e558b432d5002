"""Normalization without states: what the samples leave out."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx


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


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@pytest.mark.parametrize("shape", [(2, 6, 5), (1, 6, 2, 3)])
def test_group_norm_is_its_formula(shape, groups):
    x, gamma, beta = np.random.randn(*shape), np.random.randn(groups), np.random.randn(groups)
    arrays = [mx.nd.array(a, dtype="float64") for a in (x, gamma, beta)]
    out, mean, deviation = mx.nd.GroupNorm(*arrays, num_groups=groups, eps=0.1, output_mean_var=True)
    rows = x.reshape(shape[0], groups, -1)
    expected_mean, expected = rows.mean(-1), np.sqrt(rows.var(-1) + 0.1)
    normal = (rows - expected_mean[..., None]) / expected[..., None] * gamma[:, None] + beta[:, None]
    np.testing.assert_allclose(out.asnumpy(), normal.reshape(shape))
    np.testing.assert_allclose(mean.asnumpy(), expected_mean)
    np.testing.assert_allclose(deviation.asnumpy(), expected)
    plain = mx.nd.GroupNorm(*arrays, num_groups=groups, eps=0.1)
    np.testing.assert_allclose(plain.asnumpy(), normal.reshape(shape))


@pytest.mark.parametrize("size", [1, 3, 5, 9])
def test_local_response_normalization_is_its_formula(size):
    x = np.random.randn(2, 6, 2, 3)
    squares = np.pad(x**2, [(0, 0), (size // 2, size // 2), (0, 0), (0, 0)])
    sums = sum(squares[:, i : i + 6] for i in range(size))
    got = mx.nd.LRN(mx.nd.array(x, dtype="float64"), nsize=size, alpha=0.5, beta=0.6, knorm=1.5)
    np.testing.assert_allclose(got.asnumpy(), x / (1.5 + 0.5 / size * sums) ** 0.6)


def test_normalization_over_any_axis_leaves_no_strides_behind():
    x = mx.nd.array(np.random.randn(2, 3, 4))
    for axis in (0, 1, -2):
        ones, zeros = mx.nd.ones((x.shape[axis],)), mx.nd.zeros((x.shape[axis],))
        got = mx.nd.LayerNorm(x, ones, zeros, axis=axis).asnumpy()
        assert got.flags.c_contiguous
        np.testing.assert_allclose(got.mean(axis), 0, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: mx.nd.LayerNorm(x, x[0, 0], x[0, 0, :1]), r"beta must have shape \(4,\), but has \(1,\)"),
        (lambda x: mx.nd.LayerNorm(x, x[0, 0], x[0, 0], axis=3), "axis 3 is out of range"),
        (lambda x: mx.nd.InstanceNorm(x, x[0, 0], x[0, 0]), r"gamma must have shape \(2,\), but has \(4,\)"),
        (lambda x: mx.nd.GroupNorm(x, x[0, 0], x[0, 0], num_groups=2), r"gamma must have shape \(2,\), but has \(4,\)"),
        (lambda x: mx.nd.GroupNorm(x, x[0, 0], x[0, 0], num_groups=3), "2 channels cannot be divided into 3 groups"),
        (lambda x: mx.nd.LRN(x, nsize=3), r"data must be \(N, C, H, W\)"),
        (lambda x: mx.nd.LRN(x.expand_dims(0), nsize=0), "nsize must be at least 1"),
        (lambda x: mx.nd.moments(x), "axes must name at least one axis"),
        (lambda x: mx.nd.moments(x, axes=(1, -2)), "names an axis twice"),
    ],
)
def test_wrong_calls_say_what_is_wrong(call, message):
    with pytest.raises(mx.base.MXNetError, match=message):
        call(mx.nd.ones((3, 2, 4)))
