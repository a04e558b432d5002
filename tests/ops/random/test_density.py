"""Densities against mathematics: they integrate to 1, agree with Python's own formulas, and with what is drawn."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd

# distribution -> parameters, and where nearly all of it lies
CONTINUOUS = {
    "uniform": ((-1.0, 2.0), (-1.0, 2.0)),
    "normal": ((0.5, 2.0), (-20.0, 21.0)),
    "exponential": ((0.7,), (0.0, 40.0)),
    "gamma": ((2.5, 1.5), (1e-9, 40.0)),
}
DISCRETE = {
    "poisson": (3.0,),
    "negative_binomial": (2.5, 0.4),
    "generalized_negative_binomial": (2.0, 0.3),
}


def density(name: str, sample: np.ndarray, parameters: tuple, **attrs: bool) -> np.ndarray:
    """The densities at the samples, all for the same parameters, in float64."""
    arrays = [nd.array([p], dtype="float64") for p in parameters]
    function = getattr(nd, f"random_pdf_{name}")
    return function(nd.array(sample[None], dtype="float64"), *arrays, **attrs).asnumpy()[0]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_density_integrates_to_one(name):
    parameters, (start, stop) = CONTINUOUS[name]
    x = np.linspace(start, stop, 20001)
    values = density(name, x, parameters)
    assert abs(((values[1:] + values[:-1]) / 2 * np.diff(x)).sum() - 1) < 1e-5


@pytest.mark.parametrize("name", DISCRETE)
def test_probabilities_sum_to_one(name):
    assert abs(density(name, np.arange(200.0), DISCRETE[name]).sum() - 1) < 1e-12


@pytest.mark.parametrize("name", [*CONTINUOUS, *DISCRETE])
def test_the_logarithm_is_that_of_the_density(name):
    parameters = CONTINUOUS[name][0] if name in CONTINUOUS else DISCRETE[name]
    x = np.array([1.0, 2.0, 1.5 if name in CONTINUOUS else 7.0])
    logs = density(name, x, parameters, is_log=True)
    np.testing.assert_allclose(np.exp(logs), density(name, x, parameters), rtol=1e-12)


def test_values_by_other_formulas():
    x = np.array([-1.0, 0.3, 2.0])
    np.testing.assert_allclose(density("normal", x, (0.5, 2.0)), [NormalDist(0.5, 2).pdf(v) for v in x], rtol=1e-12)
    k = np.arange(6.0)
    binomial = [math.comb(int(v) + 2, int(v)) * 0.4**3 * 0.6**v for v in k]
    np.testing.assert_allclose(density("negative_binomial", k, (3.0, 0.4)), binomial, rtol=1e-12)
    np.testing.assert_allclose(  # mean mu = k (1 - p) / p, alpha = 1 / k
        density("generalized_negative_binomial", k, (4.5, 1 / 3)), binomial, rtol=1e-12
    )
    np.testing.assert_allclose(density("poisson", k, (2.0,)), [math.exp(-2) * 2**v / math.factorial(int(v)) for v in k])
    assert density("poisson", np.array([0.0, 1.0]), (0.0,)).tolist() == [1, 0]


def test_the_dirichlet_density_integrates_to_one():
    x = np.linspace(0, 1, 4001)[1:-1]
    points = np.stack([x, 1 - x], axis=-1)
    values = nd.random_pdf_dirichlet(nd.array(points, dtype="float64"), nd.array([2.5, 1.5], dtype="float64")).asnumpy()
    assert values.shape == x.shape
    assert abs(values.sum() * (x[1] - x[0]) - 1) < 1e-4


def test_samples_follow_their_density():
    """The scale of sample_gamma is the inverse of the rate of random_pdf_gamma."""
    mx.random.seed(3)
    draws = nd.sample_gamma(nd.array([2.5]), nd.array([1 / 1.5]), shape=20000).asnumpy()[0]
    counts, edges = np.histogram(draws, bins=10, range=(0.05, 5))
    middles = (edges[1:] + edges[:-1]) / 2
    expected = density("gamma", middles, (2.5, 1.5)) * np.diff(edges) * len(draws)
    assert (np.abs(counts - expected) < 4 * np.sqrt(expected) + 0.03 * expected).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype):
    """lgamma(300) alone is 1409, and leaves no digits in half precision."""
    result = nd.random_pdf_poisson(nd.array([[300.0]], dtype=dtype), nd.array([300.0], dtype=dtype))
    assert result.dtype == nd.zeros(1, dtype=dtype).dtype
    assert abs(result.astype("float32").asscalar() / 0.0230266 - 1) < 5e-3


@pytest.mark.parametrize("name", DISCRETE)
def test_whole_numbers_get_no_gradient(name):
    sample = nd.array([[1.0, 2.0]])
    parameters = [nd.array([p]) for p in DISCRETE[name]]
    for array in (sample, *parameters):
        array.attach_grad()
    with mx.autograd.record():
        result = getattr(nd, f"random_pdf_{name}")(sample, *parameters)
    result.backward()
    assert not sample.grad.asnumpy().any()
    assert all(p.grad.asnumpy().all() for p in parameters)


def test_shapes_that_do_not_fit_are_named():
    ones = nd.ones((2, 3))
    with pytest.raises(
        mx.MXNetError, match=r"random_pdf_normal: mu has shape \(3,\); all parameters must have the same"
    ):
        nd.random_pdf_normal(ones, nd.ones(3), nd.ones(3))
    with pytest.raises(mx.MXNetError, match=r"sigma has shape \(3,\)"):
        nd.random_pdf_normal(ones, nd.ones(2), nd.ones(3))
    with pytest.raises(mx.MXNetError, match=r"alpha has shape \(2,\).* before its last axis"):
        nd.random_pdf_dirichlet(ones, nd.ones(2))
