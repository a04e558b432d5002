"""Every operator against MXNet's answers, and every derived face of it against the function itself.

The tests are generated from ``samples/``. What MXNet answered lies in ``tests/golden/ops``; ``tools/record_ops.py``
records it.
"""

from __future__ import annotations

import builtins
from collections import Counter
from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet.ops import registry

from .registered import ELSEWHERE, operator_name
from .samples import FAMILIES, Array, Call, ErrorSample, Sample
from .samples.golden import decode, load

GOLDEN = {name: load(name) for name in FAMILIES}
ANSWERS = {key: answer for answers in GOLDEN.values() for key, answer in answers.items()}
EVERY = [sample for family in FAMILIES.values() for sample in family.samples.values()]
SAMPLES = [s for s in EVERY if isinstance(s, Sample)]
ERRORS = [s for s in EVERY if isinstance(s, ErrorSample)]

TOLERANCE = {"float16": (2e-3, 1e-3), "float32": (1e-5, 1e-6), "float64": (1e-10, 1e-12)}


def over(samples: list) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sample", samples, ids=str)


def arrays(sample: Call) -> list:
    """The sample's inputs as NDArrays."""
    return [mx.nd.array(x, dtype=x.dtype) if isinstance(x, np.ndarray) else x for x in sample.arrays()]


def call(sample: Call, inputs: list, train: bool = False, **extra: Any) -> list:
    with mx.autograd.train_mode() if train else mx.autograd.predict_mode():
        return sample.run(mx.nd, inputs, **extra)


def backward(sample: Sample, results: list) -> list[np.ndarray]:
    """Send the sample's head gradients down; they are returned."""
    heads = sample.head_gradients(results)
    head_arrays = [mx.nd.array(h, dtype=h.dtype) for h in heads]
    mx.autograd.backward(results[: len(heads)], head_arrays, train_mode=sample.train)
    return heads


def numpy(value: Any) -> np.ndarray:
    return value.asnumpy() if isinstance(value, mx.nd.NDArray) else np.array(float(value))


def check(got: Any, expected: np.ndarray, sample: Sample) -> None:
    """Same shape, same dtype, same values within the tolerance of the dtype or the sample."""
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    if sample.chance:
        return
    rtol, atol = TOLERANCE.get(expected.dtype.name, (0, 0))
    np.testing.assert_allclose(got, expected, rtol=sample.rtol or rtol, atol=sample.atol or atol)


def check_all(got: list, expected: list[np.ndarray], sample: Sample) -> None:
    assert len(got) == len(expected)
    for one, answer in zip(got, expected, strict=True):
        check(numpy(one), answer, sample)


def check_states(sample: Sample, inputs: list) -> None:
    for i, state in ANSWERS[sample.id].get("states", {}).items():
        check(inputs[int(i)].asnumpy(), decode(state), sample)


def outputs(sample: Sample) -> list[np.ndarray]:
    return [decode(a) for a in ANSWERS[sample.id]["outputs"]]


# ---- against MXNet ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_samples_and_golden_answers_match(family):
    samples, answers = set(FAMILIES[family].samples), set(GOLDEN[family])
    assert not samples - answers, "run tools/record_ops.py: samples without a golden answer"
    assert not answers - samples, "run tools/record_ops.py: golden answers without a sample"


@over(SAMPLES)
def test_value(sample):
    inputs = arrays(sample)
    check_all(call(sample, inputs, sample.train), outputs(sample), sample)
    if not sample.differentiated:  # else they are written on the way back, see test_gradient
        check_states(sample, inputs)


@over([s for s in SAMPLES if s.differentiated and s.golden_gradient])
def test_gradient(sample):
    inputs, answer = arrays(sample), ANSWERS[sample.id]
    for i in sample.differentiated:
        inputs[i].attach_grad()
    with mx.autograd.record(train_mode=sample.train):
        results = sample.run(mx.nd, inputs)
    check_all(results, outputs(sample), sample)
    backward(sample, results)
    for i, gradient in answer["gradients"].items():
        check(inputs[int(i)].grad.asnumpy(), decode(gradient), sample)
    check_states(sample, inputs)


@over(ERRORS)
def test_error(sample):
    name = ANSWERS[sample.id]["error"]
    with pytest.raises(getattr(builtins, name, mx.base.MXNetError)) as caught:
        call(sample, arrays(sample))
    assert str(caught.value)


# ---- the faces against each other ------------------------------------------------------------------------------------


def compose(sample: Sample) -> tuple[Any, dict[str, int]]:
    """The sample as a symbol on variables in0, in1, ..., and which input each variable stands for."""
    numbers = {f"in{i}": i for i, x in enumerate(sample.inputs) if isinstance(x, Array)}
    variables = [mx.sym.Variable(f"in{i}") if f"in{i}" in numbers else x for i, x in enumerate(sample.inputs)]
    symbols = sample.run(mx.sym, variables)
    return symbols[0] if len(symbols) == 1 else mx.sym.Group(symbols), numbers


SYMBOLIC = [s for s in SAMPLES if s.symbol]


@over(SYMBOLIC)
def test_symbol_computes_the_same(sample):
    expected = call(sample, arrays(sample))
    symbol, numbers = compose(sample)
    inputs = arrays(sample)
    results = symbol.eval(ctx=mx.cpu(), **{name: inputs[i] for name, i in numbers.items()})
    check_all(results, [numpy(e) for e in expected], sample)


@over(SYMBOLIC)
def test_symbol_infers_shapes(sample):
    symbol, numbers = compose(sample)
    given = {name: sample.inputs[i].shape for name, i in numbers.items() if i not in sample.deduced}
    arguments, results, states = symbol.infer_shape(**given)
    assert [tuple(shape) for shape in results] == [out.shape for out in outputs(sample)]
    found = dict(zip(symbol.list_arguments(), arguments, strict=True))
    found.update(zip(symbol.list_auxiliary_states(), states, strict=True))
    assert found == {name: sample.inputs[i].shape for name, i in numbers.items()}


@over([s for s in SAMPLES if s.pure and s.attrs])
def test_attributes_as_text(sample):
    text = Sample(sample.operator, sample.inputs, {name: str(value) for name, value in sample.attrs.items()})
    check_all(call(text, arrays(sample), sample.train), outputs(sample), sample)


@over([s for s in SAMPLES if s.pure])
def test_out_receives_the_result(sample):
    expected = outputs(sample)
    buffers = [mx.nd.array(np.full(e.shape, 77), dtype=e.dtype) for e in expected]
    results = call(sample, arrays(sample), sample.train, out=buffers[0] if len(buffers) == 1 else buffers)
    check_all(buffers, expected, sample)
    assert all(result is buffer for result, buffer in zip(results, buffers, strict=True))


# ---- against mathematics ---------------------------------------------------------------------------------------------


def double(sample: Sample) -> tuple[Sample, list]:
    """The sample in float64, so that finite differences are accurate, with its inputs as NumPy arrays."""
    attrs = {k: "float64" if k.endswith("dtype") and str(v).startswith("float") else v for k, v in sample.attrs.items()}
    inputs = [x.astype("float64") if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in sample.arrays()]
    return Sample(sample.operator, sample.inputs, attrs), inputs


@over([s for s in SAMPLES if s.differentiated and s.true_gradient])
def test_gradient_is_the_derivative(sample):
    """The slope along a random direction of each input, by central differences."""
    twin, inputs = double(sample)
    step, rng = 1e-6, np.random.RandomState(7)

    def run(values: list) -> tuple[list, list]:
        nds = [mx.nd.array(v, dtype=v.dtype) if isinstance(v, np.ndarray) else v for v in values]
        for i in sample.differentiated:
            nds[i].attach_grad()
        with mx.autograd.record(train_mode=sample.train):
            return nds, twin.run(mx.nd, nds)

    nds, results = run(inputs)
    heads = backward(sample, results)
    for i in sample.differentiated:
        direction = rng.uniform(-1, 1, inputs[i].shape)
        ends = []
        for sign in (1, -1):
            moved = [*inputs[:i], inputs[i] + sign * step * direction, *inputs[i + 1 :]]
            ends.append(sum((h * r.asnumpy()).sum() for h, r in zip(heads, run(moved)[1], strict=False)))
        slope = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose((nds[i].grad.asnumpy() * direction).sum(), slope, rtol=1e-5, atol=1e-6)


# ---- completeness ----------------------------------------------------------------------------------------------------


def test_every_operator_has_samples():
    """At least three for each, under any of its names."""
    count = Counter(map(operator_name, SAMPLES))
    few = {op.name: count[op.name] for op in registry.operators() if count[op.name] < 3}
    assert few.keys() <= ELSEWHERE.keys()
