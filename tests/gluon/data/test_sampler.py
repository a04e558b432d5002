from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mxnet.gluon.data import BatchSampler, RandomSampler, Sampler, SequentialSampler
from tools import record_data

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "data.json").read_text(encoding="utf-8"))["sampler"]


@pytest.mark.parametrize("expression", GOLDEN)
def test_as_mxnet(expression):
    assert record_data.evaluate(expression) == GOLDEN[expression]


def test_random_sampler_visits_everything_once_in_a_new_order():
    sampler = RandomSampler(50)
    first, second = list(sampler), list(sampler)
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "2"])
def test_batch_size_must_be_a_whole_positive_number(batch_size):
    with pytest.raises(ValueError, match=r"batch_size must be a whole number.*" + str(batch_size)):
        BatchSampler(SequentialSampler(3), batch_size)


@pytest.mark.parametrize("batch_size", [2.0, np.int64(2)])
def test_batch_size_may_be_a_whole_number_of_another_type(batch_size):
    sampler = BatchSampler(SequentialSampler(3), batch_size)
    assert list(sampler) == [[0, 1], [2]]
    assert len(sampler) == 2


def test_unknown_last_batch_is_an_error_at_construction():
    with pytest.raises(ValueError, match="'keep', 'discard', or 'rollover', but got 'drop'"):
        BatchSampler(SequentialSampler(3), 2, "drop")


def test_abandoned_epoch_leaves_nothing_to_roll_over():
    sampler = BatchSampler(SequentialSampler(5), 3, "rollover")
    assert list(sampler) == [[0, 1, 2]]
    assert next(iter(sampler)) == [3, 4, 0]
    assert list(sampler) == [[0, 1, 2]]


def test_base_class_says_what_to_define():
    class Empty(Sampler):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty must define __iter__"):
        iter(Empty())
    with pytest.raises(NotImplementedError, match=r"Empty must define __len__"):
        len(Empty())
