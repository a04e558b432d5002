"""Attention, positions, straight-through gradients and Hawkes processes: what samples cannot show."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd, sym

C = nd.contrib


# ---- attention -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_self_attention_is_the_formula(dtype):
    steps, batch, heads, width = 5, 3, 2, 4
    qkv = np.random.uniform(-1, 1, (steps, batch, heads, 3, width))
    q, k, v = (qkv[:, :, :, i] for i in range(3))
    scores = np.einsum("tnhd,snhd->nhts", q, k) / np.sqrt(width)
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    expected = np.einsum("nhts,snhd->tnhd", weights, v).reshape(steps, batch, -1)
    array = nd.array(qkv.reshape(steps, batch, -1), dtype=dtype)
    attention = nd.softmax(C.interleaved_matmul_selfatt_qk(array, heads=heads))
    result = C.interleaved_matmul_selfatt_valatt(array, attention, heads=heads)
    tolerance = {"float64": 1e-12, "float32": 1e-5, "float16": 5e-3}[dtype]
    np.testing.assert_allclose(result.asnumpy(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    "call",
    [
        lambda: C.interleaved_matmul_selfatt_qk(nd.ones((3, 2, 8)), heads=2),
        lambda: C.interleaved_matmul_selfatt_qk(nd.ones((3, 2, 12)), heads=0),
        lambda: C.interleaved_matmul_selfatt_valatt(nd.ones((3, 2, 12)), nd.ones((3, 3, 3)), heads=2),
        lambda: C.interleaved_matmul_encdec_qk(nd.ones((3, 2, 8)), nd.ones((3, 2, 16)), heads=3),
    ],
)
def test_widths_that_are_no_heads_are_refused(call):
    with pytest.raises(mx.MXNetError, match="must (be|have shape) "):
        call()


# ---- element by element ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "scale"),
    [(C.round_ste, 1), (C.sign_ste, 1), (lambda x: C.gradientmultiplier(x, scalar=-2.5), -2.5)],
)
def test_gradients_that_are_no_derivatives(operator, scale):
    x = nd.array([-1.7, 0.0, 0.4, 2.6])
    x.attach_grad()
    head = nd.array([1.0, -2.0, 3.0, 0.5])
    with autograd.record():
        y = operator(x) * x
    y.backward(head)
    expected = head * (operator(x) + scale * x)
    np.testing.assert_allclose(x.grad.asnumpy(), expected.asnumpy(), rtol=1e-6)


def test_signs_and_copies():
    np.testing.assert_array_equal(C.sign_ste(nd.array([np.nan, -np.inf])).asnumpy(), [0, -1])
    np.testing.assert_array_equal(C.round_ste(nd.array([0.49999997, 2.5, -2.5])).asnumpy(), [0, 3, -3])
    x = nd.ones(3)
    y = C.gradientmultiplier(x, scalar=2)
    y[:] = 5
    np.testing.assert_array_equal(x.asnumpy(), 1)


def test_infinities_of_two_signs_are_not_close():
    a, b = nd.array([np.inf, 1.0]), nd.array([-np.inf, 1.0])
    assert C.allclose(a, a).asscalar() == 1
    assert C.allclose(a, b).asscalar() == 0


# ---- positions -------------------------------------------------------------------------------------------------------


def test_the_shape_of_a_boolean_mask_is_known_with_its_values():
    graph = sym.contrib.boolean_mask(sym.var("data"), sym.var("index")) * 2
    with pytest.warns(UserWarning, match="Cannot decide shape"):
        assert graph.infer_shape(data=(3, 2), index=(3,)) == (None, None, None)
    arrays = {"data": nd.array([[1, 2], [3, 4], [5, 6]]), "index": nd.array([1, 0, 1])}
    np.testing.assert_array_equal(graph.eval(ctx=mx.cpu(), **arrays)[0].asnumpy(), [[2, 4], [10, 12]])


def test_float16_steps_are_not_cut():
    numbers = C.arange_like(nd.ones((2, 2), dtype="float16"), start=0.5, step=0.25)
    np.testing.assert_array_equal(numbers.asnumpy(), [[0.5, 0.75], [1.0, 1.25]])


def test_of_rows_for_one_place_the_last_one_stays():
    result = C.index_copy(nd.zeros((3, 1)), nd.array([1, 1], dtype="int32"), nd.array([[4], [5]]))
    np.testing.assert_array_equal(result.asnumpy(), [[0], [5], [0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: C.arange_like(nd.ones(3), repeat=0), "repeat must be at least 1, but is 0"),
        (lambda: C.index_array(nd.ones((2, 3)), axes=(2,)), "axis 2 is out of range"),
        (lambda: C.index_array(nd.ones((2, 3)), axes=(-3,)), "axis -3 is out of range"),
        (lambda: C.index_copy(nd.ones((3, 1)), nd.array([3]), nd.ones((1, 1))), "must lie in 0 ... 2"),
        (lambda: C.index_copy(nd.ones((3, 1)), nd.array([-1]), nd.ones((1, 1))), "must lie in 0 ... 2"),
    ],
)
def test_positions_that_do_not_exist(call, message):
    with pytest.raises(mx.MXNetError, match=message):
        call()


# ---- Hawkes processes ------------------------------------------------------------------------------------------------


def hawkes(lda, alpha, beta, state, lags, marks, length, end):
    """Log-likelihood and last state of one observation, event by event, with the integral of each gap."""
    s, t, total = state.copy(), 0.0, 0.0
    for lag, mark in zip(lags[: int(length)], marks, strict=False):
        total -= (lda * lag + alpha * s * (1 - np.exp(-beta * lag))).sum()
        s, t = s * np.exp(-beta * lag), t + lag
        total += np.log(lda[mark] + alpha[mark] * beta[mark] * s[mark])
        s[mark] += 1
    total -= (lda * (end - t) + alpha * s * (1 - np.exp(-beta * (end - t)))).sum()
    return total, s * np.exp(-beta * (end - t))


@pytest.mark.parametrize("lengths", [[6, 4, 0], [1, 5, 6]])
def test_hawkes_event_by_event(lengths):
    rng = np.random.RandomState(4)
    lda, state = rng.uniform(0.5, 1, (3, 2)), rng.uniform(0, 2, (3, 2))
    alpha, beta = rng.uniform(0.1, 0.9, 2), rng.uniform(0.5, 3, 2)
    lags, marks, ends = rng.uniform(0.1, 1, (3, 6)), rng.randint(0, 2, (3, 6)), np.array([7.0, 6.0, 6.5])
    expected = [hawkes(lda[n], alpha, beta, state[n], lags[n], marks[n], lengths[n], ends[n]) for n in range(3)]
    floats = [nd.array(a, dtype="float64") for a in (lda, alpha, beta, state, lags)]
    rest = [nd.array(marks, dtype="int32"), nd.array(lengths, dtype="float64"), nd.array(ends, dtype="float64")]
    likelihood, last = C.hawkesll(*floats, *rest)
    np.testing.assert_allclose(likelihood.asnumpy(), [e[0] for e in expected], rtol=1e-10)
    np.testing.assert_allclose(last.asnumpy(), [e[1] for e in expected], rtol=1e-10)


def test_hawkes_refuses_what_lies_outside():
    arrays = [nd.ones((1, 2)), nd.ones(2), nd.ones(2), nd.zeros((1, 2)), nd.ones((1, 3))]
    marks, length, end = nd.array([[0, 1, 2]], dtype="int32"), nd.array([3]), nd.array([9])
    with pytest.raises(mx.MXNetError, match="marks must lie in 0 ... 1"):
        C.hawkesll(*arrays, marks, length, end)
    C.hawkesll(*arrays, marks, length - 1, end)  # the 2 is behind the end
    with pytest.raises(mx.MXNetError, match="valid_length must be at most 3"):
        C.hawkesll(*arrays, marks, length + 1, end)
