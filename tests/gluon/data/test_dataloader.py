from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd
from mxnet.gluon.data import ArrayDataset, DataLoader, SimpleDataset
from tools import record_data

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "data.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("expression", GOLDEN["loader"])
def test_as_mxnet(expression):
    assert record_data.evaluate(expression) == GOLDEN["loader"][expression]


@pytest.mark.parametrize("threads", [False, True], ids=["processes", "threads"])
@pytest.mark.parametrize("expression", GOLDEN["workers"])
def test_workers_as_mxnet(expression, threads):
    assert record_data.without_context(record_data.evaluate(expression, threads)) == GOLDEN["workers"][expression]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "batch_size must be specified"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number, 1 or more, but got 0"),
        ({"batch_size": 2, "last_batch": "drop"}, ValueError, "'rollover', but got 'drop'"),
        ({"batch_size": 2, "shuffle": True, "sampler": [1]}, ValueError, "shuffle must not be specified if sampler"),
        ({"batch_size": 2, "batch_sampler": [[1]]}, ValueError, "must not be specified if batch_sampler"),
        ({"batch_size": 2, "timeout": 0}, AssertionError, "timeout must be positive, given 0"),
    ],
)
def test_illegal_arguments_are_errors_at_construction(arguments, error, message):
    with pytest.raises(error, match=message):
        DataLoader([1, 2, 3], **arguments)


def test_trains_on_what_it_yields():
    """The loop of every tutorial sees each sample once an epoch, with its own label."""
    data = np.random.uniform(size=(50, 4)).astype("float32")
    loader = DataLoader(ArrayDataset(nd.array(data), nd.array(data.sum(axis=1))), batch_size=8, shuffle=True)
    for _ in range(2):
        seen = []
        for x, y in loader:
            assert (x.dtype, y.dtype, x.context) == (np.float32, np.float32, mx.cpu(0))
            np.testing.assert_allclose(x.sum(axis=1).asnumpy(), y.asnumpy(), rtol=1e-6)
            seen.append(x.asnumpy())
        assert [len(x) for x in seen] == [8] * 6 + [2]
        np.testing.assert_array_equal(np.sort(np.concatenate(seen), axis=0), np.sort(data, axis=0))


def test_epochs_may_overlap():
    loader = DataLoader(SimpleDataset([1, 2, 3]), 2)
    first, second = iter(loader), iter(loader)
    assert [next(first).asnumpy().tolist(), next(second).asnumpy().tolist()] == [[1, 2], [1, 2]]
    assert [next(first).asnumpy().tolist(), next(second).asnumpy().tolist()] == [[3], [3]]
