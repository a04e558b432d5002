from __future__ import annotations

import pytest

from mxnet.gluon.contrib import data
from mxnet.gluon.contrib.data.sampler import IntervalSampler
from mxnet.gluon.data import BatchSampler
from tests.estimator_golden import GOLDEN, check


@pytest.mark.parametrize("expression", GOLDEN["sampler"])
def test_as_mxnet(expression):
    check("sampler", expression)


def test_names():
    assert data.IntervalSampler is IntervalSampler


@pytest.mark.parametrize(("length", "interval"), [(13, 3), (6, 6), (6, 1), (5, 2)])
@pytest.mark.parametrize("rollover", [True, False])
def test_length_is_the_number_of_indices(length, interval, rollover):
    sampler = IntervalSampler(length, interval, rollover)
    assert len(sampler) == len(list(sampler))
    assert len(BatchSampler(sampler, 2)) == len(list(BatchSampler(sampler, 2)))


@pytest.mark.parametrize("interval", [0, -1])
def test_interval_must_be_positive(interval):
    with pytest.raises(ValueError, match=f"interval must be 1 or more, but got {interval}"):
        IntervalSampler(4, interval)
