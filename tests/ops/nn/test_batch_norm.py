"""BatchNorm's statistics and modes, and its relatives."""

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


SYNC = {"key": "sync"}


@pytest.mark.parametrize(
    ("op", "extra"),
    [(mx.nd.contrib.SyncBatchNorm, SYNC), (mx.nd.BatchNorm_v1, {}), (mx.nd.contrib.BatchNormWithReLU, {})],
)
@pytest.mark.parametrize("train", [True, False])
def test_relatives_compute_what_batch_norm_does(op, extra, train):
    results = []
    arrays = setup((4, 3, 2, 2))
    for call, more in ((mx.nd.BatchNorm, {}), (op, extra)):
        inputs = [a.copy() for a in arrays]
        for a in inputs[:3]:
            a.attach_grad()
        with mx.autograd.record(train_mode=train):
            out = call(*inputs, fix_gamma=False, momentum=0.3, **more)
            if call is mx.nd.BatchNorm and op is mx.nd.contrib.BatchNormWithReLU:
                out = mx.nd.relu(out)
        out.backward(mx.nd.arange(out.size).reshape(out.shape))
        results.append([out, *(a.grad for a in inputs[:3]), *inputs[3:]])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(other.asnumpy(), one.asnumpy(), rtol=1e-6)


@pytest.mark.parametrize(("op", "extra"), [(mx.nd.contrib.SyncBatchNorm, SYNC), (mx.nd.BatchNorm_v1, {})])
@pytest.mark.parametrize("train", [True, False])
def test_sync_and_old_batch_norm_show_the_variance(op, extra, train):
    """In prediction MXNet's SyncBatchNorm shows whatever the memory held."""
    arrays = setup()
    expected = statistics(arrays[0], 1) if train else tuple(a.asnumpy() for a in arrays[3:])
    with mx.autograd.record(train_mode=train):
        _, mean, variance = op(*arrays, output_mean_var=True, eps=0.1, **extra)
    np.testing.assert_allclose(mean.asnumpy(), expected[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(variance.asnumpy(), expected[1], rtol=1e-5, atol=1e-6)


def test_what_is_shown_is_a_copy_of_the_moving_statistics():
    for op, extra in ((mx.nd.BatchNorm, {}), (mx.nd.BatchNorm_v1, {}), (mx.nd.contrib.SyncBatchNorm, SYNC)):
        arrays = setup()
        before = [a.asnumpy() for a in arrays]
        for shown in op(*arrays, output_mean_var=True, **extra)[1:]:
            shown[:] = 77
        for array, values in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(array.asnumpy(), values)


@pytest.mark.parametrize("train", [True, False])
def test_a_vector_is_a_batch_of_one(train):
    arrays = setup((3,), 0, "float64")
    x, gamma, beta, mean, var = (a.asnumpy() for a in arrays)
    with mx.autograd.record(train_mode=train):
        out = mx.nd.BatchNorm(*arrays, axis=0, fix_gamma=False, eps=0.1)
    expected = beta if train else (x - mean) / np.sqrt(var + 0.1) * gamma + beta
    np.testing.assert_allclose(out.asnumpy(), expected)


def test_states_of_a_graph_start_as_in_mxnet():
    symbol = mx.sym.BatchNorm_v1(mx.sym.Variable("data"), name="bn")
    assert symbol.list_arguments() == ["data", "bn_gamma", "bn_beta"]
    assert symbol.list_auxiliary_states() == ["bn_moving_mean", "bn_moving_var"]
    assert symbol.infer_shape(data=(2, 3, 4)) == ([(2, 3, 4), (3,), (3,)], [(2, 3, 4)], [(3,), (3,)])
    sync = mx.sym.contrib.SyncBatchNorm(mx.sym.Variable("data"), key="a", name="bn", output_mean_var=True)
    assert sync.list_outputs() == ["bn_output", "bn_mean", "bn_var"]
