"""Sparse arrays against MXNet's answers, and what answers cannot show: structure, damage, training."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.ndarray import sparse

from .cases.replay import check, golden

MATRIX = np.array([[0, 1.5, 0], [0, 0, 0], [2, 0, -3]], dtype="float32")
DTYPES = ["float16", "bfloat16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool"]


@golden("sparse")
def test_golden(source, expected):
    if "scipy" in source:
        pytest.importorskip("scipy")
    check(source, expected)


# ---- structure -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_converts_there_and_back(dtype):
    values = nd.array(np.abs(MATRIX)).astype(dtype)
    for stype in ("csr", "row_sparse"):
        array = values.tostype(stype)
        assert array.dtype == values.dtype
        np.testing.assert_array_equal(array.asnumpy(), values.asnumpy())
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(array)).asnumpy(), values.asnumpy())


def test_parts_out_of_order_are_sorted_and_duplicates_added():
    matrix = sparse.csr_matrix(([1, 2, 3, 4], [2, 0, 0, 1], [0, 3, 4]), shape=(2, 3))
    assert matrix.indices.asnumpy().tolist() == [0, 2, 1]
    assert matrix.asnumpy().tolist() == [[5, 0, 1], [0, 4, 0]]
    rows = sparse.row_sparse_array(([[1, 2], [3, 4], [5, 6]], [3, 1, 3]), shape=(4, 2))
    assert rows.indices.asnumpy().tolist() == [1, 3]
    assert rows.asnumpy().tolist() == [[0, 0], [3, 4], [0, 0], [6, 8]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sparse.csr_matrix(([1, 2], [0, 5], [0, 1, 2]), shape=(2, 3)), "indices must lie in 0 to 2.* 0 to 5"),
        (lambda: sparse.csr_matrix(([1, 2], [0, -1], [0, 1, 2]), shape=(2, 3)), "indices must lie in 0 to 2"),
        (lambda: sparse.csr_matrix(([1, 2], [0, 1], [0, 2, 1]), shape=(2, 3)), "indptr must rise from 0 to .* 2"),
        (lambda: sparse.csr_matrix(([1, 2], [0, 1], [1, 1, 2]), shape=(2, 3)), "indptr must rise from 0"),
        (lambda: sparse.csr_matrix(([1, 2], [0, 1], [0, 2]), shape=(2, 3)), r"needs indptr of shape \(3,\)"),
        (lambda: sparse.csr_matrix(([1, 2], [0], [0, 1, 2]), shape=(2, 3)), "data and indices of one length"),
        (lambda: sparse.csr_matrix(([1, 2], ([0, 7], [0, 1])), shape=(2, 3)), "row must lie in 0 to 1"),
        (lambda: sparse.csr_matrix(([1, 2], ([0], [0, 1])), shape=(2, 3)), "must have one length"),
        (lambda: sparse.csr_matrix((1, 2, 3)), "Unexpected length of input tuple: 3"),
        (lambda: sparse.csr_matrix(([1], [0], [0, 1]), shape=(1, 2**63)), "more elements than can be counted"),
        (lambda: sparse.row_sparse_array(([[1, 2]], [9]), shape=(5, 2)), "indices must lie in 0 to 4"),
        (lambda: sparse.row_sparse_array(([[1, 2]], [1, 2]), shape=(5, 2)), r"cannot make shape \(5, 2\)"),
        (lambda: sparse.row_sparse_array(([[1, 2]], [1]), shape=(5, 3)), r"cannot make shape \(5, 3\)"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_operators_name_storage_that_they_cannot_take():
    dense = nd.array(MATRIX)
    with pytest.raises(mx.MXNetError, match=r"_sparse_retain: data must be row_sparse, but its storage is default"):
        sparse.retain(dense, nd.array([0]))
    with pytest.raises(mx.MXNetError, match=r"_sparse_retain: indices must lie in 0 to 2"):
        sparse.retain(dense.tostype("row_sparse"), nd.array([3]))
    with pytest.raises(mx.MXNetError, match=r"cast_storage: csr storage is for matrices.*\(2, 2, 2\)"):
        nd.cast_storage(nd.ones((2, 2, 2)), "csr")
    with pytest.raises(mx.MXNetError, match=r"dot: axis 1 of lhs has 3 elements, rhs 2"):
        nd.dot(dense.tostype("csr"), nd.ones((2, 2)))
    with pytest.raises(mx.MXNetError, match=r"dot: inputs of different dtypes"):
        nd.dot(dense.tostype("csr"), nd.ones((3, 2), dtype="float64"))
    with pytest.raises(mx.MXNetError, match=r"one context"):
        nd.dot(dense.tostype("csr"), nd.ones((3, 2), mx.cpu(1)))


def test_empty_slices_and_rows_out_of_range():
    matrix = nd.array(MATRIX).tostype("csr")
    assert matrix[1:1].shape == (0, 3)
    assert matrix[2:1].asnumpy().shape == (0, 3)
    with pytest.raises(IndexError, match="row 5 is out of range for a matrix of 3 rows"):
        matrix[5]


def test_rows_taken_with_a_check_are_dense():
    """As MXNet's, whose other modes keep csr."""
    matrix = nd.array([[1, 0], [0, 2]])
    rows = nd.take(matrix.tostype("csr"), nd.array([1, 1]), mode="raise")
    assert rows.stype == "default"
    assert rows.asnumpy().tolist() == [[0, 2], [0, 2]]


def test_without_scipy_the_error_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ImportError, match="scipy"):
        nd.array(MATRIX).tostype("csr").asscipy()


# ---- mathematics: large, random ones ---------------------------------------------------------------------------------


def random_matrix(rows: int, columns: int, seed: int) -> np.ndarray:
    rng = np.random.RandomState(seed)
    return (rng.uniform(-1, 1, (rows, columns)) * (rng.uniform(size=(rows, columns)) < 0.1)).astype("float32")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("transpose_a", "transpose_b"), [(False, False), (True, False), (False, True), (True, True)])
def test_products_are_those_of_dense_matrices(transpose_a, transpose_b, dtype):
    a = random_matrix(40, 30, 1).astype(dtype)
    b = np.random.RandomState(2).uniform(-1, 1, (40 if transpose_a else 30, 7)).astype(dtype)
    other = nd.array(b.T if transpose_b else b, dtype=dtype)
    product = nd.dot(nd.array(a, dtype=dtype).tostype("csr"), other, transpose_a=transpose_a, transpose_b=transpose_b)
    expected = (a.T if transpose_a else a).astype("float64") @ b.astype("float64")
    tolerance = 2e-2 if dtype == "float16" else 1e-5
    np.testing.assert_allclose(product.asnumpy(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("seed", range(5))
def test_slices_sums_and_stacks_are_those_of_dense_matrices(seed):
    a, b = random_matrix(20, 15, seed), random_matrix(20, 15, seed + 50)
    one, two = nd.array(a).tostype("csr"), nd.array(b).tostype("csr")
    rng = np.random.RandomState(seed)
    (top, bottom), (left, right) = sorted(rng.randint(0, 21, 2)), sorted(rng.randint(0, 16, 2))
    bottom, right = max(bottom, top + 1), max(right, left + 1)
    rows = rng.randint(0, 20, 9)
    top, left = min(top, 19), min(left, 14)
    for result, expected in (
        (one + two, a + b),
        (one - two, a - b),
        (one * two, a * b),
        (nd.slice(one, begin=(top, left), end=(bottom, right)), a[top:bottom, left:right]),
        (nd.take(one, nd.array(rows)), a[rows]),
        (nd.concat(one, two, dim=0), np.concatenate([a, b])),
        (nd.elemwise_mul(one, nd.array(b)), a * b),
    ):
        assert result.stype == "csr"
        np.testing.assert_allclose(result.asnumpy(), expected, rtol=1e-6)
        again = nd.array(result.asnumpy()).tostype("csr")  # the index arrays are legal and in order
        assert again.asnumpy().tolist() == result.asnumpy().tolist()
        assert (np.diff(result.indptr.asnumpy()) >= 0).all()


# ---- gradients and training ------------------------------------------------------------------------------------------


def test_a_row_sparse_gradient_accumulates():
    weight = nd.ones((4, 2))
    weight.attach_grad("add", stype="row_sparse")
    for row in (1, 3, 1):
        with autograd.record():
            y = nd.Embedding(nd.array([row]), weight, input_dim=4, output_dim=2, sparse_grad=True)
        y.backward()
    assert weight.grad.stype == "row_sparse"
    assert weight.grad.indices.asnumpy().tolist() == [1, 3]
    assert weight.grad.data.asnumpy().tolist() == [[2, 2], [1, 1]]


def test_a_weight_used_sparsely_and_densely_has_the_sum_of_both_gradients():
    weight = nd.array(np.arange(8).reshape(4, 2))
    weight.attach_grad(stype="row_sparse")
    with autograd.record():
        rows = nd.Embedding(nd.array([1, 1]), weight, input_dim=4, output_dim=2, sparse_grad=True)
        y = rows.sum() + (weight[3] * weight[3]).sum()
    y.backward()
    assert weight.grad.asnumpy().tolist() == [[0, 0], [2, 2], [0, 0], [12, 14]]


def embed(sparse_grad: bool, optimizer: str, **arguments: float) -> tuple[np.ndarray, list]:
    """Train an embedding on some of its rows."""
    net = gluon.nn.Embedding(50, 4, sparse_grad=sparse_grad)
    net.initialize()
    net.weight.set_data(nd.array(np.random.RandomState(0).uniform(-1, 1, (50, 4))))
    trainer = gluon.Trainer(net.collect_params(), optimizer, {"learning_rate": 0.1, **arguments})
    for step in range(6):
        with autograd.record():
            loss = (net(nd.array([step, step + 1, 7])) ** 2).sum()
        loss.backward()
        trainer.step(1)
    states = trainer._updaters[0].states[0]
    return net.weight.data().asnumpy(), [net.weight.grad().stype, states]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_an_embedding_with_sparse_gradients(optimizer):
    """Without momenta and decay, sparse updates are the dense ones where a row was used every time or never."""
    dense, (dense_stype, _) = embed(False, optimizer)
    rows, (stype, _) = embed(True, optimizer)
    assert (dense_stype, stype) == ("default", "row_sparse")
    every_time, never = [7], slice(9, 50)
    np.testing.assert_allclose(rows[every_time], dense[every_time], rtol=1e-6)
    np.testing.assert_array_equal(rows[never], dense[never])
    if optimizer == "sgd":
        np.testing.assert_allclose(rows, dense, rtol=1e-6)


def test_lazy_updates_leave_other_rows_alone():
    """Weight decay and momentum reach only the rows that have a gradient, unless lazy_update is off."""
    before = np.random.RandomState(0).uniform(-1, 1, (50, 4)).astype("float32")
    lazy, _ = embed(True, "sgd", momentum=0.9, wd=0.1)
    eager, _ = embed(True, "sgd", momentum=0.9, wd=0.1, lazy_update=False)
    dense, _ = embed(False, "sgd", momentum=0.9, wd=0.1)
    np.testing.assert_array_equal(lazy[9:], before[9:])
    np.testing.assert_allclose(eager, dense, rtol=1e-6)
    assert (dense[9:] != before[9:]).all()


def test_sparse_gradients_of_several_contexts_are_summed():
    net = gluon.nn.Embedding(6, 2, sparse_grad=True)
    net.initialize(ctx=[mx.cpu(0), mx.cpu(1)])
    net.weight.set_data(nd.ones((6, 2)))
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1})
    with autograd.record():
        losses = [net(nd.array([row], ctx=mx.cpu(i))).sum() for i, row in enumerate((1, 4))]
    autograd.backward(losses)
    trainer.step(1)
    for ctx in (mx.cpu(0), mx.cpu(1)):
        assert net.weight.data(ctx).asnumpy()[:, 0].tolist() == [1, 0, 1, 1, 0, 1]
