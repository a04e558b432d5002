"""What samples cannot show of internal operators, of positions and bins, and of draws by Zipf's law."""

from __future__ import annotations

import math

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd, sym

internal = nd._internal

# ---- operators that fill `out` ---------------------------------------------------------------------------------------


def test_set_value_fills_out_in_its_dtype():
    x = nd.zeros((2, 3))
    assert internal._set_value(src=3.5, out=x) is x
    assert (x.asnumpy() == 3.5).all()
    whole = nd.zeros((2,), dtype="int32")
    internal._set_value(3.7, out=whole)
    assert whole.asnumpy().tolist() == [3, 3]
    with pytest.raises(mx.MXNetError, match="required argument 'src'"):
        internal._set_value(out=x)


def test_copyto_copies_into_out():
    x, y = nd.array([[1, 2], [3, 4]]), nd.zeros((2, 2))
    assert internal._copyto(x, out=y) is y
    x[:] = 0
    assert y.asnumpy().tolist() == [[1, 2], [3, 4]]


def test_zeros_without_dtype_take_that_of_out():
    x = nd.ones((2, 3), dtype="float64")
    internal._zeros_without_dtype(shape=(2, 3), out=x)
    assert x.dtype == np.float64
    assert not x.asnumpy().any()
    assert internal._zeros_without_dtype(shape=(2,), dtype=4).dtype == np.int32
    for wrong in ({}, {"shape": (2,), "dtype": 99}):
        with pytest.raises(mx.MXNetError):
            internal._zeros_without_dtype(**wrong)


def test_scatter_set_nd_writes_into_the_array():
    x = nd.array([[0, 1, 2], [3, 4, 5]])
    internal._scatter_set_nd(x, nd.array([10, 20]), nd.array([[0, 1], [1, 2]]), shape=(2, 3), out=x)
    assert x.asnumpy().tolist() == [[0, 10, 2], [3, 4, 20]]


def test_square_sum_of_dense_arrays():
    x = np.random.RandomState(0).uniform(-2, 2, (2, 3, 4))
    got = internal._square_sum(nd.array(x, dtype="float64"), axis=(1,), keepdims=True)
    np.testing.assert_allclose(got.asnumpy(), (x**2).sum(1, keepdims=True))
    got = internal._square_sum(nd.array(x, dtype="float64"), axis=(1,), exclude=True)
    np.testing.assert_allclose(got.asnumpy(), (x**2).sum((0, 2)))


def test_fill_element_refuses_indices_out_of_range():
    """MXNet writes into foreign memory there."""
    for index in (3, -1):
        with pytest.raises(mx.MXNetError, match="must lie in 0 ... 2"):
            nd.fill_element_0index(nd.ones((1, 3)), nd.ones(1), nd.array([index]))


def test_big_integers_keep_their_digits():
    """MXNet computes these in floating point."""
    assert nd.square(nd.array([3037000499], dtype="int64")).asscalar() == 3037000499**2


@pytest.mark.parametrize(("dtype", "least"), [("int32", -(2**31)), ("int64", -(2**63))])
def test_the_smallest_integer_over_minus_one_wraps(dtype, least):
    """It ends MXNet's process."""
    values, minus = nd.array(np.array([least, 7, -7]), dtype=dtype), nd.array([-1, -1, 2], dtype=dtype)
    np.testing.assert_array_equal((values / minus).asnumpy(), [least, -7, -3])
    np.testing.assert_array_equal((values / -1).asnumpy(), [least, -7, 7])
    np.testing.assert_array_equal((values % minus).asnumpy(), [0, 0, 1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nd.array([1], dtype="int32") / 0, "an integer cannot be divided by 0"),
        (lambda: 1 / nd.array([0], dtype="int64"), "an integer cannot be divided by 0"),
        (lambda: nd.array([1], dtype="int32") + math.inf, "the number inf does not exist in int32"),
        (lambda: nd.array([1], dtype="int64") < 1e40, "the number 1e.40 does not exist in int64"),
        (lambda: nd.array([True], dtype="bool") % nd.array([True], dtype="bool"), "bool arrays have no mathematics"),
        (lambda: nd.relu(nd.array([True], dtype="bool")), "bool arrays have no mathematics"),
        (lambda: nd.clip(nd.ones(2), math.nan, 1), "the bounds must be numbers"),
        (lambda: nd.smooth_l1(nd.ones(2), scalar=math.inf), "scalar must be a finite number"),
        (lambda: nd.reverse(nd.ones((2, 3)), axis=(0, 0)), "names an axis twice"),
        (lambda: nd.contrib.arange_like(nd.ones(3, dtype="int8"), start=math.nan), "the number nan does not exist"),
    ],
)
def test_numbers_without_a_meaning_are_named(call, message):
    with pytest.raises(mx.MXNetError, match=message):
        call()


def test_khatri_rao_of_one_matrix_is_a_copy():
    matrix = nd.ones((2, 2))
    nd.khatri_rao(matrix)[:] = 5
    assert matrix.asnumpy().max() == 1


# ---- positions and bins ----------------------------------------------------------------------------------------------


def test_positions_as_numpy_has_them():
    shape = (3, 4, 5)
    flat = np.random.RandomState(0).randint(0, 60, 20)
    coordinates = nd.unravel_index(nd.array(flat, dtype="int64"), shape=shape)
    assert (coordinates.asnumpy() == np.unravel_index(flat, shape)).all()
    assert (nd.ravel_multi_index(coordinates, shape=shape).asnumpy() == flat).all()
    table = flat.reshape(4, 5)  # MXNet's answer to more than one axis is garbage
    assert (
        nd.unravel_index(nd.array(table, dtype="int64"), shape=shape).asnumpy() == np.unravel_index(table, shape)
    ).all()
    for wrong in ((3, 0), (3, -1)):  # MXNet divides by zero, which ends the process
        with pytest.raises(mx.MXNetError, match="positive sizes from the second one on"):
            nd.unravel_index(nd.array([7]), shape=wrong)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_histograms_as_numpy_has_them(dtype):
    x = np.random.RandomState(0).normal(size=500).astype(dtype)
    x[7] = np.nan
    for bins, kept in ((10, (-1.5, 2.0)), (1, (0.0, 1.0)), (7, (-3.0, 3.0))):
        counts, edges = nd.histogram(nd.array(x, dtype=dtype), bins=bins, range=kept)
        expected, _ = np.histogram(x[np.isfinite(x)], bins=edges.asnumpy())
        assert (counts.asnumpy() == expected).all()
        np.testing.assert_allclose(edges.asnumpy(), np.linspace(*kept, bins + 1), rtol=1e-6)


@pytest.mark.parametrize("limits", [(0, 1), (0.5, 2.5), (-10, 10)])
def test_integers_are_counted_between_edges_that_are_none(limits):
    """MXNet counts some of them in a neighbouring bin."""
    values = np.array([0, 0, 1, 2, 6, 1])
    counts, _ = nd.histogram(nd.array(values, dtype="uint8"), bins=3, range=limits)
    np.testing.assert_array_equal(counts.asnumpy(), np.histogram(values, 3, limits)[0])


def test_histogram_without_a_range_is_numpys():
    x = np.random.RandomState(0).normal(size=50).astype("float32")
    with pytest.warns(UserWarning, match="range is not specified"):
        counts, edges = nd.histogram(nd.array(x), bins=4)
    expected, places = np.histogram(x, bins=4)
    assert (counts.asnumpy() == expected).all()
    np.testing.assert_allclose(edges.asnumpy(), places, rtol=1e-6)


def test_histogram_of_symbols():
    x = sym.Variable("x")
    counts, edges = sym.histogram(x, bins=3, range=(0, 3)).eval(x=nd.array([0, 1, 1, 2.5]))
    assert counts.asnumpy().tolist() == [1, 2, 1]
    counts, _ = sym.histogram(x, bins=sym.Variable("b")).eval(x=nd.array([0, 1, 1, 2.5]), b=edges)
    assert counts.asnumpy().tolist() == [1, 2, 1]
    assert sym.histogram(x, bins=3, range=(0, 3)).list_arguments() == ["x"]
    for wrong in ({"bins": 3}, {"bins": [0, 1]}):
        with pytest.raises(ValueError, match=r"range is not supported|integer or a Symbol"):
            sym.histogram(x, **wrong)


# ---- Zipf's law ------------------------------------------------------------------------------------------------------


def zipfian(count):
    classes = np.arange(count)
    return np.log((classes + 2) / (classes + 1)) / math.log(count + 1)


def frequencies_fit(drawn, probabilities):
    """Counts within five standard deviations."""
    counts = np.bincount(drawn, minlength=len(probabilities))
    spread = np.sqrt(len(drawn) * probabilities * (1 - probabilities))
    return (np.abs(counts - len(drawn) * probabilities) < 5 * spread + 1).all()


def test_rand_zipfian():
    mx.random.seed(3)
    sampled, expected_true, expected_sampled = nd.contrib.rand_zipfian(nd.array([3, 0]), 20000, 10)
    assert frequencies_fit(sampled.asnumpy(), zipfian(10))
    np.testing.assert_allclose(expected_true.asnumpy(), 20000 * zipfian(10)[[3, 0]])
    np.testing.assert_allclose(expected_sampled.asnumpy(), 20000 * zipfian(10)[sampled.asnumpy()])
    mx.random.seed(3)
    assert (nd.contrib.rand_zipfian(nd.array([3]), 20000, 10)[0] == sampled).asnumpy().all()


def test_rand_zipfian_of_symbols():
    outputs = sym.contrib.rand_zipfian(sym.Variable("x"), 7, 5)
    sampled, expected_true, expected_sampled = sym.Group(list(outputs)).eval(x=nd.array([[3.0, 0.0]]))
    np.testing.assert_allclose(expected_true.asnumpy(), 7 * zipfian(5)[[[3, 0]]])
    np.testing.assert_allclose(expected_sampled.asnumpy(), 7 * zipfian(5)[sampled.asnumpy()])


def test_unique_classes():
    mx.random.seed(5)
    classes, draws = (x.asnumpy() for x in internal._sample_unique_zipfian(range_max=8, shape=(4000, 3)))
    assert all(len(set(row)) == 3 for row in classes)
    assert frequencies_fit(classes[:, 0], zipfian(8))  # the first draw is free
    assert (draws >= 3).all()
    p = zipfian(8)
    until_third = 1 + _expected_waits(p)
    assert abs(draws.mean() - until_third) < 5 * draws.std() / math.sqrt(len(draws))
    everything, _ = internal._sample_unique_zipfian(range_max=6, shape=(2, 6))
    assert (np.sort(everything.asnumpy()) == np.arange(6)).all()
    mx.random.seed(5)
    assert (internal._sample_unique_zipfian(range_max=8, shape=(4000, 3))[0].asnumpy() == classes).all()


def _expected_waits(p):
    """Expected draws after the first one until three different classes were seen."""
    second = (p / (1 - p)).sum()  # p[i] * (the wait for anything but i)
    third = sum(p[i] * p[j] / (1 - p[i]) / (1 - p[i] - p[j]) for i in range(len(p)) for j in range(len(p)) if i != j)
    return second + third
