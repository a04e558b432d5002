"""Graphs that take sparse arrays, or make them."""

from __future__ import annotations

import numpy as np
import pytest

from mxnet import autograd, nd, sym

MATRIX = np.array([[0, 1.5, 0], [0, 0, 0], [2, 0, -3]], dtype="float32")
DENSE = np.arange(9, dtype="float32").reshape(3, 3)


@pytest.fixture
def arrays():
    matrix = nd.array(MATRIX)
    return {"csr": matrix.tostype("csr"), "row_sparse": matrix.tostype("row_sparse"), "default": matrix}


@pytest.mark.parametrize(
    ("compose", "storage", "results"),
    [
        (lambda x, w: sym.dot(x, w), "csr", ["default"]),
        (lambda x, w: sym.dot(x, w, transpose_a=True), "csr", ["row_sparse"]),
        (lambda x, w: sym.Group([x * 2, sym.square(x), x + w]), "row_sparse", ["row_sparse", "row_sparse", "default"]),
        (lambda x, w: sym.sparse.relu(sym.cast_storage(x, stype="csr")) * w, "default", ["csr"]),
        (lambda x, w: sym.sparse.elemwise_add(x, x) + sym.dot(x, w), "csr", ["default"]),
        (lambda x, w: sym.Group([x, x]), "csr", ["csr", "csr"]),
    ],
)
def test_graphs_compute_what_arrays_do(compose, storage, results, arrays):
    symbol = compose(sym.var("x"), sym.var("w"))
    given = {"x": arrays[storage], "w": nd.array(DENSE)}
    given = {name: given[name] for name in symbol.list_inputs()}
    dense = {name: array.tostype("default") for name, array in given.items()}
    for graph in (symbol, sym.load_json(symbol.tojson())):
        outputs = graph.eval(**given)
        again = graph.eval(**dense)  # the same symbol serves dense arrays, too
        assert [out.stype for out in outputs] == results
        for out, other in zip(outputs, again, strict=True):
            np.testing.assert_allclose(out.asnumpy(), other.asnumpy(), rtol=1e-6)


def test_gradients_of_graphs_are_row_sparse(arrays):
    weight = nd.array(DENSE)
    weight.attach_grad(stype="row_sparse")
    symbol = sym.dot(sym.var("x"), sym.var("w"))
    with autograd.record():
        (out,) = symbol.eval(x=arrays["csr"], w=weight)
    out.backward()
    assert weight.grad is not None
    assert weight.grad.stype == "row_sparse"
    np.testing.assert_allclose(weight.grad.asnumpy(), MATRIX.T @ np.ones((3, 3)), rtol=1e-6)


def test_shapes_are_those_of_dense_arrays():
    x = sym.var("x")
    symbol = sym.Group([sym.cast_storage(x, stype="row_sparse"), sym.sparse.retain(x, sym.var("rows"))])
    assert symbol.infer_shape(x=(4, 2), rows=(3,))[1] == [(4, 2), (4, 2)]
