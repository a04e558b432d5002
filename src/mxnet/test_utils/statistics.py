"""Whether random numbers have the distribution that they should have.

A generator is a function from a number of samples to an array of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .._extras import require
from .comparing import _numpy

__all__ = ["chi_square_check", "gen_buckets_probs_with_ppf", "mean_check", "var_check", "verify_generator"]

Generator = Callable[[int], Any]


def mean_check(generator: Generator, mu: float, sigma: float, nsamples: int = 1000000) -> bool:
    """Whether the mean of samples is ``mu`` up to three of its standard deviations, ``sigma / sqrt(nsamples)``."""
    samples = _numpy(generator(nsamples))
    return bool(abs(samples.mean() - mu) < 3 * sigma / np.sqrt(nsamples))


def var_check(generator: Generator, sigma: float, nsamples: int = 1000000) -> bool:
    """Whether the variance of samples of a normal distribution is ``sigma ** 2`` up to three of its standard
    deviations, ``sigma ** 2 * sqrt(2 / (nsamples - 1))``.
    """
    samples = _numpy(generator(nsamples))
    return bool(abs(samples.var(ddof=1) - sigma**2) < 3 * sigma**2 * np.sqrt(2 / (nsamples - 1)))


def gen_buckets_probs_with_ppf(
    ppf: Callable[[float], float], nbuckets: int
) -> tuple[list[tuple[float, float]], list[float]]:
    """Intervals of equal probability, and these probabilities. ppf: the inverse of the distribution function."""
    if nbuckets <= 0:
        raise AssertionError(f"nbuckets must be positive, got {nbuckets}")
    edges = [ppf(i / nbuckets) for i in range(nbuckets + 1)]
    return list(pairwise(edges)), [1 / nbuckets] * nbuckets


def chi_square_check(
    generator: Generator, buckets: Sequence[Any], probs: Sequence[float], nsamples: int = 1000000
) -> tuple[float, np.ndarray, np.ndarray]:
    """Pearson's chi-square test. Returns the p-value, and the frequencies that were observed and expected.

    buckets: a list of intervals (low, high), with low <= x < high, or of values. probs: their probabilities. Samples in
    no bucket count against the generator. Needs SciPy (``pip install "regluon[stats]"``).
    """
    if not isinstance(buckets, list) or len(buckets) != len(probs):
        raise AssertionError(f"expected a list of {len(probs)} buckets, as many as probabilities, got {buckets!r}")
    if not buckets:
        raise IndexError("chi_square_check needs at least one bucket")
    chi2 = require("scipy.stats", "stats").chi2
    samples = _numpy(generator(nsamples)).reshape(-1)
    if isinstance(buckets[0], (list, tuple)):
        observed = np.array([np.count_nonzero((low <= samples) & (samples < high)) for low, high in buckets])
    else:
        observed = np.array([np.count_nonzero(samples == value) for value in buckets])
    expected = nsamples * np.asarray(probs, "float64")
    # What lies in no bucket is one more; of those that should not be there, a single one, by rounding, is no offence.
    strays, rest = nsamples - observed.sum(), nsamples - expected.sum()
    statistic = ((observed - expected) ** 2 / expected).sum() + (strays - rest) ** 2 / max(rest, 1)
    freedom = len(buckets) - 1 + int(rest > 1)
    return float(chi2.sf(statistic, freedom)), observed, expected.astype("int32")


def verify_generator(
    generator: Generator,
    buckets: Sequence[Any],
    probs: Sequence[float],
    nsamples: int = 1000000,
    nrepeat: int = 5,
    success_rate: float = 0.2,
    alpha: float = 0.05,
) -> list[float]:
    """Repeat ``chi_square_check``; AssertionError unless a fraction ``success_rate`` of the p-values is above
    ``alpha``. Returns the p-values.
    """
    results = [chi_square_check(generator, buckets, probs, nsamples) for _ in range(nrepeat)]
    values = [p for p, _, _ in results]
    if sum(p > alpha for p in values) < nrepeat * success_rate:
        raise AssertionError(
            f"Generator test fails, Chi-square p={values}, obs_freq={[o.tolist() for _, o, _ in results]}, "
            f"expected_freq={[e.tolist() for _, _, e in results]}.\nbuckets={list(buckets)}, probs={list(probs)}"
        )
    return values
