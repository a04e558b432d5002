"""Checks of symbols, blocks, optimizers and random generators find what is wrong, and pass what is right."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import gluon, nd, sym, test_utils
from mxnet.gluon import nn


@pytest.fixture(autouse=True)
def quiet(capsys):
    yield
    capsys.readouterr()


class Wrong(mx.operator.CustomOp):
    """exp with the gradient of twice of it."""

    def forward(self, is_train, req, in_data, out_data, aux):
        self.assign(out_data[0], req[0], in_data[0].exp())

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], 2 * out_grad[0] * out_data[0])


@mx.operator.register("test_utils_wrong")
class WrongProp(mx.operator.CustomOpProp):
    def create_operator(self, ctx, shapes, dtypes):
        return Wrong()


def test_numeric_gradient_finds_a_wrong_gradient():
    x = sym.var("x")
    value = np.random.normal(size=(3, 2))
    test_utils.check_numeric_gradient(sym.exp(x), [value], dtype=np.float64)
    for nodes in (None, {"x": "add"}):
        with pytest.raises(AssertionError, match=r"NUMERICAL_x=.*BACKWARD_x="):
            test_utils.check_numeric_gradient(
                sym.Custom(x, op_type="test_utils_wrong"), [value], grad_nodes=nodes, dtype=np.float64
            )


def test_numeric_gradient_of_states_and_sparse_arguments():
    data = np.random.normal(size=(4, 3))
    values = {"x": data, "b_gamma": np.ones(3), "b_beta": np.zeros(3)}
    states = {"b_moving_mean": np.zeros(3), "b_moving_var": np.ones(3)}
    batch_norm = sym.BatchNorm(sym.var("x"), name="b", fix_gamma=False)
    test_utils.check_numeric_gradient(batch_norm, values, aux_states=states, rtol=1e-3, atol=1e-3, dtype=np.float64)
    csr = test_utils.rand_ndarray((3, 4), "csr", 0.5)
    product = sym.sparse.dot(sym.var("a", stype="csr"), sym.var("b"))
    test_utils.check_numeric_gradient(product, {"a": csr, "b": np.ones((4, 2))}, grad_nodes=["b"], rtol=1e-2)


def test_numeric_grad():
    x = sym.var("x")
    executor = sym.exp(x).bind(mx.cpu(), {"x": nd.zeros((2, 2), dtype="float64")})
    value = np.array([[0.0, 1], [2, -1]])
    for location in (value, nd.array(value, dtype="float64")):
        found = test_utils.numeric_grad(executor, {"x": location}, eps=1e-4, dtype=np.float64)
        np.testing.assert_allclose(found["x"], np.exp(value), rtol=1e-8)
    np.testing.assert_array_equal(executor.arg_dict["x"].asnumpy(), value)


def test_gradients_that_are_added_or_left():
    y = sym.square(sym.var("x"))
    x, heads = np.array([1.0, 2]), [np.ones(2)]
    test_utils.check_symbolic_backward(y, [x], heads, [2 * x], grad_req="add")
    test_utils.check_symbolic_backward(y, [x], heads, [2 * x], grad_req="null")
    with pytest.raises(AssertionError, match="EXPECTED_x"):
        test_utils.check_symbolic_backward(y, [x], heads, [3 * x], grad_req="add")
    grads = test_utils.check_symbolic_backward(y, [x], heads[0], [2 * x], grad_stypes={"x": "default"})
    assert grads["x"].stype == "default"


def test_too_many_expected_outputs():
    with pytest.raises(ValueError, match="2 arrays for 1 outputs"):
        test_utils.check_symbolic_forward(sym.var("x") * 1, [np.ones(1)], [np.ones(1)] * 2)


def test_speed_is_positive():
    y = sym.square(sym.var("x"))
    for how in ({"location": {"x": np.ones((2, 2))}}, {"x": (2, 2)}, {"x": (2, 2), "typ": "forward"}):
        assert 0 < test_utils.check_speed(y, N=2, **how) < 10


def test_consistency_finds_what_differs(capsys):
    x = sym.var("x")
    ways = [{"ctx": mx.cpu(i), "x": (2, 3), "type_dict": {"x": d}} for i, d in enumerate(("float32", "float64"))]
    truth = test_utils.check_consistency(sym.exp(x, name="e"), ways, use_uniform=True, scale=0.5)
    assert {k: v.dtype for k, v in truth.items()} == {"e_output": np.float64, "x": np.float64}
    assert np.abs(np.log(truth["e_output"].asnumpy())).max() <= 0.46
    symbols = [sym.identity(x * 2, name="e"), sym.identity(x * 3, name="e")]
    with pytest.raises(AssertionError, match="Items are not equal"):
        test_utils.check_consistency(symbols, ways)
    assert "Predict Err: ctx 0 vs ctx 1 at e_output" in capsys.readouterr().out
    test_utils.check_consistency(symbols, ways, raise_on_err=False)
    assert "Train Err: float32 cpu(0) ctx 0 vs float64 cpu(1) ctx 1 at x" in capsys.readouterr().out
    test_utils.check_consistency(symbols, ways, rtol=1, atol=10)
    with pytest.raises(AssertionError):
        test_utils.check_consistency(sym.exp(x, name="e"), ways, ground_truth={**truth, "x": nd.zeros((2, 3))})


def test_optimizers_are_compared():
    sgd = mx.optimizer.SGD
    for stypes in ({}, {"g_stype": "row_sparse"}, {"w_stype": "row_sparse", "g_stype": "row_sparse"}):
        test_utils.compare_optimizer(sgd(momentum=0.9), sgd(momentum=0.9), (3, 2), "float32", **stypes)
    test_utils.compare_optimizer(sgd(), sgd(), [(3, 2), (2,)], "float32", ntensors=2)
    half = {"momentum": 0.9, "multi_precision": True}
    test_utils.compare_optimizer(sgd(**half), sgd(**half), (3, 2), "float16")
    with pytest.raises(AssertionError, match="Items are not equal"):
        test_utils.compare_optimizer(sgd(), sgd(learning_rate=0.5), (3, 2), "float32")
    adam = [mx.optimizer.Adam(beta1=beta) for beta in (0.9, 0.5)]  # one step takes them to the same weights
    test_utils.compare_optimizer(*adam, (3, 2), "float32", compare_states=False)
    adam = [mx.optimizer.Adam(beta1=beta) for beta in (0.9, 0.5)]
    with pytest.raises(AssertionError, match="Items are not equal"):
        test_utils.compare_optimizer(*adam, (3, 2), "float32")
    with pytest.raises(AssertionError, match="ntensors=3"):
        test_utils.compare_optimizer(sgd(), sgd(), (3, 2), "float32", ntensors=3)
    for wrong in ({"w_stype": "foo"}, {"g_stype": "foo"}):
        with pytest.raises(ValueError, match="not supported yet: 'foo'"):
            test_utils.compare_optimizer(sgd(), sgd(), (3, 2), "float32", **wrong)


class Twice(gluon.HybridBlock):
    def hybrid_forward(self, F, x):
        return x * 2


class OnlyArrays(gluon.HybridBlock):
    def hybrid_forward(self, F, x):
        return x * 2 if F is mx.nd else x * 3


def test_hybridized_blocks_are_compared():
    check = test_utils.check_gluon_hybridize_consistency
    data = [nd.random.normal(shape=(2, 4))]
    check(lambda prefix: nn.Dense(3, prefix=prefix), data)
    check(lambda prefix: nn.BatchNorm(), data)  # names do not matter
    check(lambda prefix: Twice(prefix=prefix), data, numpy_func=lambda x: 2 * x, test_grad=False)
    with pytest.raises(AssertionError, match="GLUON"):
        check(lambda prefix: Twice(prefix=prefix), data, numpy_func=lambda x: 3 * x)
    for test_grad in (True, False):
        with pytest.raises(AssertionError, match="HYBRID_output"):
            check(lambda prefix: OnlyArrays(prefix=prefix), data, test_grad=test_grad)


def test_generators():
    pytest.importorskip("scipy")
    buckets, probs = test_utils.gen_buckets_probs_with_ppf(lambda p: p, 3)

    def uniform(size: int):
        return nd.random.uniform(shape=(size,))

    assert len(test_utils.verify_generator(uniform, buckets, probs, nsamples=10000, nrepeat=3)) == 3
    assert test_utils.mean_check(uniform, 0.5, 12**-0.5, nsamples=10000)
    with pytest.raises(AssertionError, match="Generator test fails"):
        test_utils.verify_generator(lambda n: uniform(n) ** 2, buckets, probs, nsamples=10000, nrepeat=3)
    with pytest.raises(AssertionError, match="Generator test fails"):  # a tenth lies outside
        test_utils.verify_generator(lambda n: uniform(n) / 0.9, buckets, probs, nsamples=10000, nrepeat=3)
    p, observed, expected = test_utils.chi_square_check(uniform, buckets[:2], probs[:2], nsamples=10000)
    assert p > 1e-3
    assert (observed.sum() < 7500, expected.tolist()) == (True, [3333, 3333])
