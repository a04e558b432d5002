"""The CTC loss against a sum over all paths, and what samples cannot ask MXNet about sequences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd, sym

LENGTHS = {"use_sequence_length": True}


def collapse(path: tuple, blank: int) -> list[int]:
    """What a path of classes spells: repetitions once, without blanks."""
    return [k for k, _ in itertools.groupby(path) if k != blank]


def ctc(data: np.ndarray, label: list[int], blank: int) -> float:
    """-log of the sum of the probabilities of all paths that spell the label; 0 if there is none."""
    p = np.exp(data - np.log(np.exp(data).sum(1, keepdims=True)))
    paths = itertools.product(range(data.shape[1]), repeat=len(data))
    total = sum(np.prod([p[t, k] for t, k in enumerate(path)]) for path in paths if collapse(path, blank) == label)
    return -np.log(total) if total else 0.0


CASES = [
    ([[1, 2], [2, 0]], [[1, 2], [2]], 4, None, "first"),
    ([[1, 1], [0, 2]], [[1, 1], []], 3, None, "first"),
    ([[1, 1], [2, 1]], [[1, 1], [2, 1]], 2, None, "first"),  # two steps cannot spell 1 1
    ([[0, 1], [1, -1]], [[0, 1], [1]], 4, None, "last"),
    ([[0, 0], [-1, 1]], [[0, 0], []], 4, None, "last"),
    ([[1, 2], [2, 2]], [[1], [2, 2]], 4, [1, 2], "first"),
    ([[1, 1], [-7, 9]], [[1, 1], []], 4, [2, 0], "last"),  # behind their ends, labels do not matter
]


@pytest.mark.parametrize(("label", "spelled", "steps", "lengths", "blank"), CASES)
def test_ctc_is_the_sum_over_all_paths(label, spelled, steps, lengths, blank):
    classes, rng = 3, np.random.RandomState(2)
    data = rng.uniform(-2, 2, (steps, 2, classes))
    data_lengths = [steps, steps - 1]
    place = 0 if blank == "first" else classes - 1
    expected = [ctc(data[:length, n], spelled[n], place) for n, length in enumerate(data_lengths)]
    x = nd.array(data, dtype="float64")
    x.attach_grad()
    more = [] if lengths is None else [nd.array(lengths)]
    with mx.autograd.record():
        loss = nd.CTCLoss(
            x,
            nd.array(label),
            nd.array(data_lengths),
            *more,
            use_data_lengths=True,
            use_label_lengths=bool(more),
            blank_label=blank,
        )
    np.testing.assert_allclose(loss.asnumpy(), expected, rtol=1e-10, atol=1e-12)
    loss.backward()
    assert not x.grad.asnumpy()[steps - 1, 1].any()  # beyond the end
    for n, impossible in enumerate(np.array(expected) == 0):
        assert bool(x.grad.asnumpy()[:, n].any()) is not bool(impossible)


def test_ctc_of_float16():
    data, label = nd.random.uniform(-2, 2, shape=(5, 2, 4)), nd.array([[1, 2], [3, 0]])
    loss = nd.CTCLoss(data.astype("float16"), label)
    assert loss.dtype == np.float16
    np.testing.assert_allclose(loss.asnumpy(), nd.CTCLoss(data, label).asnumpy(), rtol=5e-3)


def test_ctc_with_label_lengths_alone():
    data, label, lengths = nd.random.uniform(shape=(4, 2, 4)), nd.array([[1, 2, 3], [2, 0, 0]]), nd.array([2, 1])
    expected = nd.CTCLoss(data, label, label_lengths=lengths, use_label_lengths=True).asnumpy()
    np.testing.assert_array_equal(nd.CTCLoss(data, label, lengths, use_label_lengths=True).asnumpy(), expected)
    graph = sym.CTCLoss(sym.var("data"), sym.var("label"), label_lengths=sym.var("lengths"), use_label_lengths=True)
    assert graph.list_arguments() == ["data", "label", "lengths"]
    assert graph.list_outputs()[0].endswith("_output0")
    np.testing.assert_array_equal(
        graph.eval(ctx=mx.cpu(), data=data, label=label, lengths=lengths)[0].asnumpy(), expected
    )


@pytest.mark.parametrize(
    ("label", "given", "message"),
    [
        ([[1, 7], [2, 0]], {}, "labels must lie in 1 ... 3, up to their ends"),
        ([[1, -1], [2, 0]], {}, "labels must lie in 1 ... 3"),
        ([[1, 0], [2, 0]], {"label_lengths": [2, 1]}, "labels must lie in 1 ... 3, up to their ends, and the blank is"),
        ([[1, 3], [2, -1]], {"blank_label": "last"}, "labels must lie in 0 ... 2"),
        ([[1, 2], [2, 0]], {"label_lengths": [3, 1]}, "label_lengths must lie in 0 ... 2, but is .3, 1."),
        ([[1, 2], [2, 0]], {"data_lengths": [3, 5]}, "data_lengths must lie in 0 ... 4"),
    ],
)
def test_labels_and_lengths_out_of_range(label, given, message):
    lengths = {name: nd.array(values) for name, values in given.items() if name != "blank_label"}
    attributes = {f"use_{name}": True for name in lengths} | {"blank_label": given.get("blank_label", "first")}
    with pytest.raises(mx.MXNetError, match=message):
        nd.CTCLoss(nd.ones((4, 2, 4)), nd.array(label), **lengths, **attributes)


@pytest.mark.parametrize(
    ("operator", "lengths", "message"),
    [
        (nd.SequenceLast, [0, 2], "sequence_length must lie in 1 ... 3, but is .0, 2."),
        (nd.SequenceLast, [1, 4], "sequence_length must lie in 1 ... 3"),
        (nd.SequenceReverse, [-1, 2], "sequence_length must lie in 0 ... 3"),
        (nd.SequenceReverse, [4, 2], "sequence_length must lie in 0 ... 3"),
    ],
)
def test_lengths_out_of_range(operator, lengths, message):
    with pytest.raises(mx.MXNetError, match=message):
        operator(nd.ones((3, 2)), nd.array(lengths), **LENGTHS)


def test_sequences_of_negative_length_are_masked_whole():
    result = nd.SequenceMask(nd.ones((3, 2)), nd.array([-2, 9]), value=5, **LENGTHS)
    np.testing.assert_array_equal(result.asnumpy(), [[5, 1]] * 3)


def test_the_last_step_is_a_copy():
    x = nd.ones((2, 3))
    last = nd.SequenceLast(x)
    last[:] = 7
    np.testing.assert_array_equal(x.asnumpy(), 1)
    mask = nd.SequenceMask(x)
    mask[:] = 7
    np.testing.assert_array_equal(x.asnumpy(), 1)
