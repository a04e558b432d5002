"""Linear algebra against mathematics: factors, triangles, symmetric gradients, second derivatives, errors."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd

L = nd.linalg


def random(*shape, seed=0):
    return np.random.RandomState(seed).uniform(-2, 2, shape)


def positive(*shape):
    """Symmetric positive-definite matrices."""
    a = random(*shape)
    return a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])


def array(values):
    return nd.array(values, dtype="float64")


def close(got, expected):
    np.testing.assert_allclose(got.asnumpy(), expected, rtol=1e-9, atol=1e-9)


def test_factors_multiply_to_the_matrix():
    a = positive(2, 4, 4)
    factor = L.potrf(array(a))
    close(L.syrk(factor), a)
    close(factor, np.tril(factor.asnumpy()))
    close(L.potri(factor), np.linalg.inv(a))
    q, lower = L.gelqf(array(random(2, 3, 5)))
    close(L.gemm2(lower, q), random(2, 3, 5))
    close(L.syrk(q), np.broadcast_to(np.eye(3), (2, 3, 3)))
    close(lower, np.tril(lower.asnumpy()))


def test_eigenvectors_are_rows_whose_largest_element_is_positive():
    a = positive(3, 5, 5) - 4 * np.eye(5)
    rows, values = (x.asnumpy() for x in L.syevd(array(a)))
    np.testing.assert_allclose(np.swapaxes(rows, -1, -2) @ (values[..., None] * rows), a, atol=1e-9)
    assert (np.diff(values) > 0).all()
    largest = np.take_along_axis(rows, np.abs(rows).argmax(-1)[..., None], -1)
    assert (largest > 0).all()


@pytest.mark.parametrize("name", ["potrf", "syevd", "potri"])
def test_only_the_lower_half_counts(name):
    a = np.linalg.cholesky(positive(3, 3)) if name == "potri" else positive(3, 3)
    spoiled = np.tril(a) + np.triu(np.full((3, 3), 77.0), 1)
    for got, expected in zip(_list(getattr(L, name)(array(spoiled))), _list(getattr(L, name)(array(a))), strict=True):
        close(got, expected.asnumpy())


def _list(result):
    return result if isinstance(result, list) else [result]


@pytest.mark.parametrize("name", ["potrf", "syevd"])
def test_gradients_of_symmetric_matrices(name):
    """Symmetric, and the derivative along symmetric directions."""
    a = positive(4, 4)
    weights = [random(4, 4, seed=1), random(4, seed=2)]

    def loss(x):
        return sum((out * array(w)).sum() for out, w in zip(_list(getattr(L, name)(x)), weights, strict=False))

    x = array(a)
    x.attach_grad()
    with autograd.record():
        value = loss(x)
    value.backward()
    gradient = x.grad.asnumpy()
    np.testing.assert_allclose(gradient, gradient.T, atol=1e-12)
    direction = random(4, 4, seed=3)
    direction = (direction + direction.T) * 1e-6
    slope = (loss(array(a + direction)) - loss(array(a - direction))).asscalar() / 2
    np.testing.assert_allclose((gradient * direction).sum(), slope, rtol=1e-6)


def test_equal_eigenvalues_have_a_finite_gradient():
    """MXNet divides by 1e-30 instead. The sum of the eigenvalues is the trace, whatever the vectors are."""
    x = array(np.eye(3))
    x.attach_grad()
    with autograd.record():
        rows, values = L.syevd(x)
        loss = values.sum() + L.syrk(rows, transpose=True).sum()
    loss.backward()
    close(x.grad, np.eye(3))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("inverse", lambda x: 2 / x**3),
        ("det", lambda x: 0 * x),
        ("slogdet", lambda x: -1 / x**2),
        ("sumlogdiag", lambda x: -1 / x**2),
        ("potrf", lambda x: -0.25 * x**-1.5),
        ("potri", lambda x: 6 / x**4),
    ],
)
def test_second_derivatives(name, expected):
    """Of matrices of one element, which are functions of a number."""
    x = array([[[2.0]], [[3.0]]])
    x.attach_grad()
    with autograd.record():
        out = _list(getattr(L, name)(x))[-1]
        (slope,) = autograd.grad([out], [x], create_graph=True)
        total = slope.sum()
    total.backward()
    close(x.grad, expected(np.array([[[2.0]], [[3.0]]])))


def test_triangles_go_there_and_back():
    a = array(random(2, 5, 5))
    for offset in range(-4, 5):
        close(L.extractdiag(L.makediag(L.extractdiag(a, offset=offset), offset=offset), offset=offset),
              np.diagonal(a.asnumpy(), offset, 1, 2))  # fmt: skip
        for lower in (True, False):
            half = np.tril if offset < 0 or (offset == 0 and lower) else np.triu
            packed = L.extracttrian(a, offset=offset, lower=lower)
            close(L.maketrian(packed, offset=offset, lower=lower), half(a.asnumpy(), offset))


def test_khatri_rao_is_differentiable_here():
    a, b = array(random(2, 3)), array(random(4, 3, seed=1))
    a.attach_grad()
    with autograd.record():
        out = nd.khatri_rao(a, b)
    out.backward()
    close(out, np.einsum("ik,jk->ijk", a.asnumpy(), b.asnumpy()).reshape(8, 3))
    close(a.grad, np.broadcast_to(b.asnumpy().sum(0), (2, 3)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: L.det(nd.ones((2, 3))), r"_linalg_det: expected square matrices .*got \(2, 3\)"),
        (lambda: L.det(nd.ones((2, 2), dtype="int32")), "needs float32 or float64; convert with .astype"),
        (lambda: L.gemm2(nd.ones((2, 3)), nd.ones((2, 3))), r"cannot multiply .* \(2, 3\) by \(2, 3\)"),
        (lambda: L.gemm2(nd.ones((2, 2, 3)), nd.ones((2, 3, 2)), axis=-1), "axis -1 must be that of the rows"),
        (lambda: L.gemm(*[nd.ones((2, 2))] * 2, nd.ones((1, 2))), r"C must have the shape of the product, \(2, 2\)"),
        (lambda: L.potrf(nd.array([[1, 2], [2, 1]])), "not positive-definite"),
        (lambda: L.inverse(nd.ones((2, 2))), "singular"),
        (lambda: L.extractdiag(nd.ones((2, 2)), offset=2), "offset 2 is outside of matrices of size 2"),
        (lambda: L.maketrian(nd.ones(4)), "but has 4"),
        (lambda: nd.khatri_rao(nd.ones((2, 2)), nd.ones((2, 3))), r"equally many columns, but got \(2, 2\), \(2, 3\)"),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises(mx.MXNetError, match=message):
        call()
