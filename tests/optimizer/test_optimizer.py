"""Optimizers one by one: formulas in float64, multipliers, counts, the updater, half precision."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd
from mxnet.ops.optimizer import sgd_adam as kernels


def reference_sgd(w, g, m, lr, wd, momentum, rescale, clip):
    g = g * rescale
    g = np.clip(g, -clip, clip) if clip else g
    m = momentum * m - lr * (g + wd * w)
    return w + m, m


def reference_adam(w, g, m, v, lr, wd, b1, b2, eps, rescale, clip, t):
    g = g * rescale + wd * w
    g = np.clip(g, -clip, clip) if clip else g
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
    rate = lr * np.sqrt(1 - b2**t) / (1 - b1**t)
    return w - rate * m / (np.sqrt(v) + eps), m, v


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("clip", [None, 0.3])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_is_its_formula(monkeypatch, fused, clip, momentum):
    monkeypatch.setattr(kernels, "_fused", fused and kernels._fused)
    rng = np.random.RandomState(0)
    optimizer = mx.optimizer.SGD(learning_rate=0.1, momentum=momentum, wd=0.02, clip_gradient=clip, rescale_grad=0.5)
    optimizer.set_lr_mult({1: 3.0})
    optimizer.set_wd_mult({0: 0.0})
    updater = mx.optimizer.get_updater(optimizer)
    weights = [rng.normal(size=s) for s in ((3, 2), (4,))]
    arrays = [nd.array(w, dtype="float64") for w in weights]
    momenta = [np.zeros_like(w) for w in weights]
    for _ in range(5):
        grads = [rng.normal(size=w.shape) for w in weights]
        updater([0, 1], [nd.array(g, dtype="float64") for g in grads], arrays)
        for i in range(2):
            lr, wd = 0.1 * (1, 3)[i], 0.02 * (0, 1)[i]
            weights[i], momenta[i] = reference_sgd(weights[i], grads[i], momenta[i], lr, wd, momentum, 0.5, clip)
    for array, weight in zip(arrays, weights, strict=True):
        np.testing.assert_allclose(array.asnumpy(), weight, rtol=1e-10)
    assert (updater.states[0] is None) is (momentum == 0)


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("clip", [None, 0.3])
def test_adam_is_its_formula(monkeypatch, fused, clip):
    monkeypatch.setattr(kernels, "_fused", fused and kernels._fused)
    rng = np.random.RandomState(0)
    optimizer = mx.optimizer.Adam(learning_rate=0.1, wd=0.02, clip_gradient=clip, rescale_grad=0.5, beta1=0.8)
    weight = rng.normal(size=(3, 2))
    array, mean, var = nd.array(weight, dtype="float64"), np.zeros((3, 2)), np.zeros((3, 2))
    state = optimizer.create_state(0, array)
    for t in range(1, 6):
        grad = rng.normal(size=weight.shape)
        optimizer.update(0, array, nd.array(grad, dtype="float64"), state)
        weight, mean, var = reference_adam(weight, grad, mean, var, 0.1, 0.02, 0.8, 0.999, 1e-8, 0.5, clip, t)
    np.testing.assert_allclose(array.asnumpy(), weight, rtol=1e-8)
    np.testing.assert_allclose(state[1].asnumpy(), var, rtol=1e-8)


def test_creation_by_name():
    assert mx.optimizer.create("adam", learning_rate=3).lr == 3
    assert mx.optimizer.SGD().lr == 0.01
    assert mx.optimizer.Adam().lr == 0.001
    with pytest.raises(ValueError, match="Cannot find optimizer foo"):
        mx.optimizer.create("foo")
    with pytest.raises(TypeError, match="foo"):
        mx.optimizer.SGD(foo=3)

    @mx.optimizer.register
    class Still(mx.optimizer.Optimizer):
        def update_all(self, indices, weights, grads, states):
            self._update_count(indices)

    assert isinstance(mx.optimizer.create("still"), Still)
    del mx.optimizer.Optimizer.opt_registry["still"]


def test_an_optimizer_written_for_one_weight_as_in_mxnet():
    """The expected values are MXNet's for the same class and steps."""

    @mx.optimizer.Optimizer.register
    class OneByOne(mx.optimizer.Optimizer):
        def create_state(self, index, weight):
            return nd.zeros(weight.shape, ctx=weight.context)

        def update(self, index, weight, grad, state):
            self._update_count(index)
            lr, wd, count = self._get_lr(index), self._get_wd(index), self._index_update_count[index]
            state[:] = 0.5 * state + grad * self.rescale_grad
            weight[:] -= lr * (state + wd * weight) * count

    try:
        net = mx.gluon.nn.Dense(2, in_units=3)
        net.initialize(mx.init.One())
        trainer = mx.gluon.Trainer(net.collect_params(), "onebyone", {"learning_rate": 0.1, "wd": 0.01})
        for _ in range(3):
            with mx.autograd.record():
                loss = net(nd.ones((4, 3))).sum()
            loss.backward()
            trainer.step(4)
    finally:
        del mx.optimizer.Optimizer.opt_registry["onebyone"]
    np.testing.assert_allclose(net.weight.data().asnumpy(), 0.07041031, rtol=1e-6)
    np.testing.assert_allclose(net.bias.data().asnumpy(), -0.9236006, rtol=1e-6)


def test_counts_rates_and_pickles():
    scheduler = mx.lr_scheduler.FactorScheduler(2, 0.5, base_lr=0.8)
    optimizer = mx.optimizer.SGD(lr_scheduler=scheduler, begin_num_update=4)
    assert optimizer.lr == 0.8
    optimizer.update_multi_precision([0, 1], [nd.ones(2), nd.ones(2)], [nd.ones(2)] * 2, [None, None])
    assert optimizer._index_update_count == {0: 5, 1: 5}
    assert optimizer.num_update == 5
    assert optimizer.learning_rate == 0.2
    assert pickle.loads(pickle.dumps(optimizer)).num_update == 5


def test_half_precision_weights_keep_a_float32_copy():
    optimizer = mx.optimizer.SGD(learning_rate=1.0, multi_precision=True)
    updater = mx.optimizer.get_updater(optimizer)
    weight = nd.ones(2, dtype="float16")
    for _ in range(100):
        updater(0, nd.array([1e-4, 1e-4], dtype="float16"), weight)
    assert weight.dtype is np.float16
    np.testing.assert_allclose(weight.asnumpy(), 0.99, atol=1e-3)
    state, master = updater.states[0]
    assert state is None
    np.testing.assert_allclose(master.asnumpy(), 0.99, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "arguments"), [("adam", {"wd": 0.1}), ("sgd", {"momentum": 0.9, "wd": 0.1}), ("sgd", {})]
)
@pytest.mark.parametrize("clip", [None, 0.3])
def test_runs_that_fit_a_cache_are_all_of_it(monkeypatch, name, arguments, clip):
    def trained():
        rng = np.random.RandomState(0)
        updater = mx.optimizer.get_updater(
            mx.optimizer.create(name, rescale_grad=0.5, clip_gradient=clip, learning_rate=0.1, **arguments)
        )
        weights = [nd.array(rng.normal(size=size)) for size in (3, 2, 7, 1, 1, 4)]
        for _ in range(3):
            updater(list(range(6)), [nd.array(rng.normal(size=w.shape)) for w in weights], weights)
        return np.concatenate([w.asnumpy() for w in weights])

    whole = trained()
    calls = []
    fused = "_fused_adam_" if name == "adam" else "_fused_sgd_"
    original = getattr(kernels, fused)
    monkeypatch.setattr(kernels, fused, lambda *a, **k: (calls.append(len(a[0])), original(*a, **k)))
    monkeypatch.setattr(kernels, "_IN_CACHE", 4)
    np.testing.assert_allclose(trained(), whole, rtol=1e-6)
    assert calls[: len(calls) // 3] == ([6] if name == "sgd" and clip is None else [2, 1, 3])
