"""A trace holds for all values: what was written down for some inputs gives the operator's answers for others.

Generated over the samples of all operators. Each is traced as a graph of one operator, with the sample's own values.
Replayed on other values of the same shapes and dtypes, it has to do what the operator does with them (results,
gradients, states, or an error), in prediction, in training and while recording. So nothing that an operator's function
found out about the values of its inputs can have been written down as a constant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd
from tests.graph.replays import Outcome, Run, play, same
from tests.ops.registered import operator_name
from tests.ops.samples import Array, Sample
from tests.ops.test_ops import SYMBOLIC, compose

_USUAL = 2  # samples of each operator that run in every test run; the others are slow together


def values_of_calls(sample: Sample) -> Iterator[list]:
    """The sample's inputs, thrice: traced, by a new plan, by the shortest way. Then others: fresh ones, the same in
    another order, larger, negated, zeros, far too large.
    """
    first = sample.arrays()
    yield from (first, first, first)
    yield [x.make(f"other {sample.id}#{i}") if isinstance(x, Array) else x for i, x in enumerate(sample.inputs)]
    changes: list[Callable[[np.ndarray], np.ndarray]] = [
        lambda x: x.ravel()[::-1].reshape(x.shape).copy(),
        lambda x: (x * 1.5).astype(x.dtype),
        lambda x: -x if x.dtype.kind == "f" else x,
        np.zeros_like,
        lambda x: np.full_like(x, 100),
    ]
    for change in changes:
        yield [change(x) if isinstance(x, np.ndarray) else x for x in first]


def modes(sample: Sample) -> list[str]:
    return ["predict", *(["record", "record_predict"] if sample.differentiated else ["train"])]


def outcome(sample: Sample, run: Run, values: list, mode: str, seed: int) -> Outcome:
    return play(run, values, mode, sample.differentiated, sample.heads, ignored=sample.into, seed=seed)


def replayed(sample: Sample) -> Run:
    """A sample as a hybridized graph of one operator, called like the operator."""
    symbol, numbers = compose(sample)
    used = [name for name in numbers if name in symbol.list_inputs()]
    net = mx.gluon.SymbolBlock(symbol, [mx.sym.var(name) for name in used])

    def run(inputs: list) -> list[nd.NDArray]:
        given = [inputs[numbers[name]] for name in used]
        results = net(*given)
        results = results if isinstance(results, list) else [results]
        dense = [x._source() for x in (*given, *results) if x.stype == "default" and x.size]
        addresses = [x.untyped_storage().data_ptr() for x in dense]
        assert len(set(addresses)) == len(addresses), "results share memory"
        return results

    return run


def cases() -> Iterator:
    met: Counter = Counter()
    for sample in SYMBOLIC:
        if any(isinstance(x, Array) for x in sample.inputs):
            met[name := operator_name(sample)] += 1
            yield pytest.param(sample, id=str(sample), marks=[pytest.mark.slow] if met[name] > _USUAL else [])


@pytest.mark.filterwarnings("ignore:The code of a hybridized block .*IndexError")  # torch refuses such indices
@pytest.mark.parametrize("sample", list(cases()))
def test_one_operator(sample):
    def eager(inputs: list) -> list[nd.NDArray]:
        return sample.run(nd, inputs)

    for mode in modes(sample):
        replay = replayed(sample)
        for i, values in enumerate(values_of_calls(sample)):
            expected = outcome(sample, eager, values, mode, seed=i)
            same(expected, outcome(sample, replay, values, mode, seed=i), f"{mode}, call {i}")
