"""Stacking samples; and that the short way for arrays gives what stacking one by one does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd
from mxnet.gluon.data import ArrayDataset
from mxnet.gluon.data.batchify import default_batchify_fn, default_mp_batchify_fn, fetch
from tools import record_data

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "data.json").read_text(encoding="utf-8"))["batchify"]


@pytest.mark.parametrize("expression", GOLDEN)
def test_as_mxnet(expression):
    ours, theirs = record_data.evaluate(expression), GOLDEN[expression]
    assert record_data.without_context(ours) == record_data.without_context(theirs)
    if "list" in theirs:  # the batch of default_batchify_fn; workers' batches have a context of our own choice
        assert ours["list"][0] == theirs["list"][0]


@pytest.mark.parametrize("samples", [[1, 2], [nd.ones(2, mx.cpu(1))] * 2, [(1, nd.ones(2, mx.cpu(1)))] * 2])
def test_workers_stack_on_cpu_0(samples):
    with mx.cpu(2):
        batch = default_mp_batchify_fn(samples)
    assert {a.context for a in (batch if isinstance(batch, list) else [batch])} == {mx.cpu(0)}


@pytest.mark.parametrize(
    ("samples", "error", "message"),
    [
        ([np.zeros(3), np.zeros(4)], ValueError, r"one shape to be stacked, but got \(3,\) and \(4,\).*batchify_fn"),
        ([[1, 2], [1]], ValueError, r"one shape to be stacked, but got \(1,\) and \(2,\)"),
        ([1, [[1, 2], [3]]], ValueError, r"one shape to be stacked, but got \(\) and \(2, \?\)"),
        ([nd.zeros(3), nd.zeros(4)], mx.base.MXNetError, "stack"),
        ([(1, 2), (1,)], ValueError, r"tuples of one length, but got lengths \[1, 2\]"),
        (["a", "b"], TypeError, "samples of dtype <U1 cannot become an NDArray.*batchify_fn"),
        ([{"a": 1}], TypeError, "samples of dtype object"),
        ([None], TypeError, "samples of dtype object"),
        ([np.zeros(2, "complex64")], TypeError, "samples of dtype complex64"),
    ],
)
def test_what_cannot_be_stacked(samples, error, message):
    for batchify in (default_batchify_fn, default_mp_batchify_fn):
        with pytest.raises(error, match=message):
            batchify(samples)


VALUES = np.random.RandomState(0).uniform(-9, 9, (7, 2, 3))
COLUMNS = {
    **{f"numpy {d}": VALUES.astype(d) for d in ("float64", "float32", "float16", "int64", "int8", "bool", ">f4")},
    "numpy uint8": np.arange(14, dtype="uint8").reshape(7, 2),
    "numpy labels": np.arange(7, dtype="int32"),
    "numpy strided": VALUES[:, :, ::2],
    "numpy fortran": np.asfortranarray(VALUES),
    "numpy rows of nothing": np.zeros((7, 0)),
    "masked": np.ma.masked_array(VALUES, VALUES > 1),
    **{f"NDArray {d}": nd.array(VALUES, dtype=d) for d in ("float32", "float64", "float16", "int32")},
    "NDArray on cpu(1)": nd.array(VALUES, ctx=mx.cpu(1)),
    "NDArray labels": nd.array([1, 2, 3, 4, 5, 6, 7]),
    "list": [1, 2.5, 3, 4, 5, 6, 7],
    "list of arrays": list(VALUES),
    "list of tuples": [(i, 2.0 * i) for i in range(7)],
    "dataset": ArrayDataset(VALUES, list(range(7))),
}
INDICES = ([0, 1, 2], [5], [6, 0, -1, 3, 3], [np.int64(4), np.int64(2)], np.array([1, 2]), (2, 0), range(3, 6))


def same(one, other):
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    assert isinstance(one, nd.NDArray)
    about = [(type(a), a.dtype, a.shape, a.context, a.asnumpy().tobytes()) for a in (one, other)]
    return about[0] == about[1]


@pytest.mark.parametrize("batchify", [default_batchify_fn, default_mp_batchify_fn])
@pytest.mark.parametrize("name", COLUMNS)
def test_short_way_equals_the_plain_one(name, batchify):
    for dataset in (ArrayDataset(COLUMNS[name]), ArrayDataset(COLUMNS[name], np.arange(7), COLUMNS[name])):
        for indices in INDICES:
            with mx.cpu(2):
                plain = batchify([dataset[i] for i in indices])
                assert same(fetch(dataset, batchify, indices), plain)


@pytest.mark.parametrize("indices", [[7], [0, -8], [1.0], ["a"], [], [(0, 1), 2], [None, 0]])
@pytest.mark.parametrize("name", ["numpy float32", "NDArray float32", "list"])
def test_short_way_fails_as_the_plain_one(name, indices):
    dataset = ArrayDataset(COLUMNS[name])
    with pytest.raises(Exception) as plain:  # noqa: PT011
        default_batchify_fn([dataset[i] for i in indices])
    with pytest.raises(type(plain.value)) as short:
        fetch(dataset, default_batchify_fn, indices)
    assert str(short.value) == str(plain.value)


def test_short_way_is_taken():
    dataset = ArrayDataset(VALUES, nd.array(VALUES))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ArrayDataset, "__getitem__", lambda self, idx: pytest.fail("an item was asked for"))
        first, second = fetch(dataset, default_batchify_fn, [1, 2])
    assert np.array_equal(first.asnumpy(), VALUES[1:3])
    assert np.array_equal(second.asnumpy(), VALUES[1:3].astype("float32"))


def test_short_way_from_a_memory_map(tmp_path):
    rows = np.memmap(tmp_path / "rows", "float32", "w+", shape=(4, 3))
    rows[:] = np.arange(12).reshape(4, 3)
    batch = fetch(ArrayDataset(rows), default_batchify_fn, [3, 0])
    assert batch.asnumpy().tolist() == [[9, 10, 11], [0, 1, 2]]
    batch[:] = 0
    assert rows[3].tolist() == [9, 10, 11]


def test_short_way_respects_a_subclass():
    class Doubled(ArrayDataset):
        def __getitem__(self, idx):
            return 2 * super().__getitem__(idx)

    assert fetch(Doubled([1, 2, 3]), default_batchify_fn, [0, 2]).asnumpy().tolist() == [2, 6]


@pytest.mark.parametrize("rows", [np.zeros((3, 2)), nd.zeros((3, 2))])
def test_batches_share_no_memory_with_the_dataset(rows):
    batch = fetch(ArrayDataset(rows), default_batchify_fn, [0, 1])
    batch[:] = 7
    assert batch.asnumpy().tolist() == [[7, 7], [7, 7]]
    assert not np.asarray(rows).any()
    samples = np.zeros((3, 2))
    default_batchify_fn(samples)[:] = 7
    assert not samples.any()


def test_gradients_reach_the_dataset():
    rows = nd.array([[1, 2], [3, 4], [5, 6]])
    rows.attach_grad()
    with autograd.record():
        batch = fetch(ArrayDataset(rows), default_batchify_fn, [2, 0, 2])
        loss = (batch * batch).sum()
    loss.backward()
    assert rows.grad.asnumpy().tolist() == [[2, 4], [0, 0], [20, 24]]
