"""``mx.random``: what a seed decides, which seeds there are, and that the module is that of ``mx.nd.random``."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import mxnet as mx


def draw(ctx=None):
    return mx.random.uniform(shape=8, ctx=ctx).asnumpy()


def test_the_functions_are_those_of_nd_random():
    names = set(mx.random.__all__) - {"seed"}
    assert names < set(mx.nd.random.__all__)
    for name in names:
        assert getattr(mx.random, name) is getattr(mx.nd.random, name)


@pytest.mark.parametrize("seed", [0, 7, -3, 2**31, 2**40, 2**63, -(2**70), np.int32(5), np.int64(-5), True])
def test_any_integer_is_a_seed(seed):
    mx.random.seed(seed)
    first = draw()
    mx.random.seed(seed)
    np.testing.assert_array_equal(draw(), first)
    mx.random.seed(seed, ctx=mx.cpu(1))
    first = draw(mx.cpu(1))
    mx.random.seed(int(seed), ctx=mx.cpu(1))
    np.testing.assert_array_equal(draw(mx.cpu(1)), first)


def test_a_seed_reaches_contexts_that_are_first_used_after_it():
    ctx = mx.cpu(37)  # nobody else's
    mx.random.seed(11)
    first = draw(ctx)
    mx.random.seed(11)
    np.testing.assert_array_equal(draw(ctx), first)


@pytest.mark.parametrize("ctx", [mx.cpu(0), "cpu", "cpu(0)"])
def test_a_context_may_be_named(ctx):
    mx.random.seed(3, ctx=ctx)
    first = draw(mx.cpu(0))
    mx.random.seed(3, ctx=mx.cpu(0))
    np.testing.assert_array_equal(draw(mx.cpu(0)), first)


def test_the_current_context_says_where_draws_come_from():
    mx.random.seed(4, ctx=mx.cpu(2))
    with mx.cpu(2):
        first = mx.random.normal(shape=5)
    assert first.ctx == mx.cpu(2)
    mx.random.seed(4, ctx=mx.cpu(2))
    np.testing.assert_array_equal(mx.random.normal(shape=5, ctx=mx.cpu(2)).asnumpy(), first.asnumpy())


def test_threads_draw_from_the_same_stream():
    mx.random.seed(6)
    expected = [draw(), draw()]
    mx.random.seed(6)
    found = [draw()]
    thread = threading.Thread(target=lambda: found.append(draw()))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(found, expected)


def test_shape_dtype_and_context_come_from_out():
    target = mx.nd.zeros((2, 3), dtype="float64", ctx=mx.cpu(1))
    assert mx.random.uniform(1, 2, out=target) is target
    assert (target.asnumpy() >= 1).all()
    assert mx.random.randint(0, 5, out=mx.nd.zeros((4,), dtype="int64")).dtype == np.int64


def test_draws_carry_no_gradient():
    scale = mx.nd.ones((3,))
    scale.attach_grad()
    with mx.autograd.record():
        drawn = mx.random.normal(mx.nd.zeros((3,)), scale)
        (drawn * scale).backward()
    np.testing.assert_array_equal(scale.grad.asnumpy(), drawn.asnumpy())


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("uniform", {"low": 2, "high": 1}, "low must not exceed high"),
        ("normal", {"scale": 0}, "scale must be positive"),
        ("gamma", {"alpha": 0}, "alpha and beta must be positive"),
        ("poisson", {"lam": -1}, "lam must not be negative"),
        ("negative_binomial", {"p": 0}, "p must be a probability"),
        ("generalized_negative_binomial", {"alpha": -1}, "must not be negative"),
        ("randint", {"low": 5, "high": 5}, "low must be less than high"),
        ("randint", {"low": 0, "high": 5, "dtype": "float32"}, "int32 or int64"),
        ("uniform", {"dtype": "int32"}, "floating-point"),
        ("uniform", {"shape": ()}, "shape"),
    ],
)
def test_illegal_parameters_are_refused(name, arguments, message):
    with pytest.raises(mx.base.MXNetError, match=message):
        getattr(mx.random, name)(**arguments)


def test_numbers_and_arrays_do_not_mix():
    with pytest.raises(AssertionError, match="low NDArray and high int"):
        mx.random.uniform(mx.nd.zeros((2,)), 3)
    with pytest.raises(ValueError, match="low is 'a'"):
        mx.random.uniform("a", 3)
    with pytest.raises(TypeError, match="scale"):
        mx.random.exponential("a")
