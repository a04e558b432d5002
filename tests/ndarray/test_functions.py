"""Functions of mx.nd that are no operators, against MXNet's answers."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd

from .cases.answers import load
from .cases.replay import check, golden
from .cases.surface import parameters

SIGNATURES = load("surface")["functions"]


@golden("functions")
def test_golden(source, expected):
    check(source, expected)


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature(name):
    """Names, order and defaults of the parameters are MXNet's."""
    assert parameters(getattr(nd, name)) == SIGNATURES[name]


def test_histogram_chooses_a_range_as_numpy_does():
    values = np.random.RandomState(7).uniform(-3, 5, (4, 25)).astype("float32")
    with pytest.warns(UserWarning, match="range is not specified"):
        counts, edges = nd.histogram(nd.array(values), bins=7)
    expected_counts, expected_edges = np.histogram(values, bins=7)
    assert counts.asnumpy().tolist() == expected_counts.tolist()
    np.testing.assert_allclose(edges.asnumpy(), expected_edges, rtol=1e-6)
    assert counts.dtype == edges.dtype == np.float32


@pytest.mark.parametrize("source", [0, 1, -1, [0, 2], [2, 0], [1, 0, 2]])
@pytest.mark.parametrize("destination", [0, 2, -2, [1, 0], [-1, 0], [2, 1, 0]])
def test_moveaxis_is_numpys(source, destination):
    values = np.arange(24.0, dtype="float32").reshape(2, 3, 4)
    if np.size(source) != np.size(destination):
        with pytest.raises(ValueError, match="moveaxis"):
            nd.moveaxis(nd.array(values), source, destination)
        return
    result = nd.moveaxis(nd.array(values), source, destination)
    np.testing.assert_array_equal(result.asnumpy(), np.moveaxis(values, source, destination))


def test_arrays_that_cannot_be_concatenated_are_named():
    with pytest.raises(AssertionError, match=r"arrays\[1\].*\(2, 3\) float32.*\(3, 3\) int32"):
        nd.concatenate([nd.ones((2, 3)), nd.ones((3, 3), dtype="int32")], axis=1)


def test_functions_are_recorded():
    x = nd.array([[1, 2], [3, 4]])
    x.attach_grad()
    with mx.autograd.record():
        parts = nd.split_v2(nd.concatenate([nd.moveaxis(x, 0, 1), nd.multiply(2, x)]), (1,))
        loss = nd.power(parts[1], 2).sum()
    loss.backward()
    assert x.grad.asnumpy().tolist() == [[8, 2 * 2 + 16], [24, 2 * 4 + 32]]
