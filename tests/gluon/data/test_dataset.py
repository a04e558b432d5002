from __future__ import annotations

import json
import operator
import pickle
from pathlib import Path

import numpy as np
import pytest

from mxnet import nd
from mxnet.gluon.data import ArrayDataset, Dataset, SimpleDataset
from tools import record_data

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "data.json").read_text(encoding="utf-8"))["dataset"]


@pytest.mark.parametrize("expression", GOLDEN)
def test_as_mxnet(expression):
    assert record_data.evaluate(expression) == GOLDEN[expression]


@pytest.mark.parametrize("length", [0, 1, 7, 12])
@pytest.mark.parametrize("num_shards", [1, 2, 5, 12, 13])
def test_shards_are_contiguous_and_differ_by_at_most_one(length, num_shards):
    shards = [list(SimpleDataset(range(length)).shard(num_shards, i)) for i in range(num_shards)]
    assert [item for shard in shards for item in shard] == list(range(length))
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


def test_lazy_transform_runs_at_every_access_and_eager_once():
    calls = []
    data = SimpleDataset([1, 2, 3])
    lazy = data.transform(lambda x: calls.append(x) or -x)
    assert calls == []
    assert [lazy[1], lazy[1]] == [-2, -2]
    assert calls == [2, 2]
    eager = data.transform(lambda x: calls.append(x) or -x, lazy=False)
    assert [eager[1], eager[1]] == [-2, -2]
    assert calls == [2, 2, 1, 2, 3]


def test_filter_runs_once_and_leaves_the_transform_lazy():
    calls = []
    kept = SimpleDataset([1, 2, 3]).filter(lambda x: calls.append(x) or x != 2)
    assert list(kept) == list(kept) == [1, 3]
    assert calls == [1, 2, 3]


def test_items_are_views_of_the_arrays():
    rows = nd.zeros((2, 3))
    ArrayDataset(rows, [0, 1])[1][0][:] = 5
    assert rows.asnumpy().tolist() == [[0, 0, 0], [5, 5, 5]]


def test_views_pickle_with_functions_that_do():
    data = ArrayDataset(np.arange(6), [10, 11, 12, 13, 14, 15]).transform_first(operator.neg).take(4).shard(2, 1)
    assert list(pickle.loads(pickle.dumps(data))) == list(data) == [(-2, 12), (-3, 13)]


def test_different_lengths_are_named():
    with pytest.raises(AssertionError, match=r"array\[0\] has length 2 while array\[1\] has 3"):
        ArrayDataset(nd.zeros((2, 1)), [1, 2, 3])


def test_negative_take_is_an_error_at_the_call():
    with pytest.raises(ValueError, match="at least 0, but got -1"):
        SimpleDataset([1]).take(-1)


def test_base_class_says_what_to_define():
    class Empty(Dataset):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty must define __getitem__"):
        Empty()[0]
    with pytest.raises(NotImplementedError, match=r"Empty must define __len__"):
        len(Empty())
