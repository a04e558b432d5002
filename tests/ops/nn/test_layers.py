"""Layers without windows or statistics: what the samples leave out, because it takes chance."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx


def test_rrelu_draws_a_slope_for_each_negative_element_in_training():
    mx.random.seed(3)
    x = mx.nd.array(np.random.RandomState(0).randn(100, 100))
    x.attach_grad()
    with mx.autograd.record():
        out, slopes = mx.nd.LeakyReLU(x, act_type="rrelu", lower_bound=0.2, upper_bound=0.6)
    out.backward()
    values, factors, negative = x.asnumpy(), slopes.asnumpy(), x.asnumpy() <= 0
    np.testing.assert_array_equal(factors[~negative], 1)
    drawn = factors[negative]
    assert drawn.min() >= 0.2
    assert drawn.max() < 0.6
    assert abs(drawn.mean() - 0.4) < 0.01  # 6 standard deviations
    assert abs(drawn.std() - 0.4 / np.sqrt(12)) < 0.01
    np.testing.assert_allclose(out.asnumpy(), values * factors)
    np.testing.assert_array_equal(x.grad.asnumpy(), factors)


def test_rrelu_takes_the_mean_slope_in_prediction():
    x = mx.nd.array([-2.0, 3.0, 0.0])
    x.attach_grad()
    with mx.autograd.record(train_mode=False):
        out, slopes = mx.nd.LeakyReLU(x, act_type="rrelu", lower_bound=0.2, upper_bound=0.6)
    out.backward()
    np.testing.assert_allclose(out.asnumpy(), [-0.8, 3, 0], rtol=1e-6)
    np.testing.assert_allclose(slopes.asnumpy(), [0.4, 1, 0.4], rtol=1e-6)
    np.testing.assert_allclose(x.grad.asnumpy(), [0.4, 1, 0.4], rtol=1e-6)


def test_rrelu_has_two_outputs_in_a_graph():
    symbol = mx.sym.LeakyReLU(mx.sym.Variable("data"), act_type="rrelu", name="act")
    assert symbol.list_outputs() == ["act_output", "act_mask"]
    assert mx.sym.LeakyReLU(mx.sym.Variable("data"), name="act").list_outputs() == ["act_output"]


def test_rrelu_wants_bounds_in_order():
    with mx.autograd.train_mode(), pytest.raises(mx.base.MXNetError, match="LeakyReLU: .*0.5.*0.1"):
        mx.nd.LeakyReLU(mx.nd.ones(3), act_type="rrelu", lower_bound=0.5, upper_bound=0.1)
