"""Gradients of gradients: each operator's, with ``autograd.grad(create_graph=True)``, against central differences.

First-order gradients, which are what is differenced here, are proved by ``test_ops.py``. What MXNet can differentiate
twice lies in ``tests/golden/ops/second_order.json``; ``tools/record_second_order.py`` records it.
"""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd
from mxnet.ops import registry

from .registered import NAMES, operator_name
from .samples import Sample
from .samples.golden import FOLDER
from .test_ops import SAMPLES, double, over

SUPPORTED = json.loads((FOLDER / "second_order.json").read_text("utf-8"))

# Operator -> why its gradient cannot be differentiated here. In MXNet none of these can be.
_FUSED = "torch has no derivative of the fused backward pass that it uses"
_DEFORMABLE = "_contrib_DeformableConvolution _contrib_DeformablePSROIPooling _contrib_ModulatedDeformableConvolution"
ONCE = {"CTCLoss": _FUSED, **dict.fromkeys(_DEFORMABLE.split(), _FUSED)}

DIFFERENTIATED = [s for s in SAMPLES if s.differentiated and s.true_gradient and operator_name(s) not in ONCE]


def first_gradients(sample: Sample, values: list) -> tuple[list, list]:
    """The sample's variables at ``values``, in float64, and their gradients, recorded."""
    twin, _ = double(sample)
    arrays = [nd.array(v, dtype=v.dtype) if isinstance(v, np.ndarray) else v for v in values]
    variables = [arrays[i] for i in sample.differentiated]
    for variable in variables:
        variable.attach_grad()
    with mx.autograd.record(train_mode=sample.train):
        results = twin.run(nd, arrays)
        heads = [nd.array(h, dtype=r.dtype) for h, r in zip(sample.head_gradients(results), results, strict=False)]
        return variables, [gradient(results[: len(heads)], v, heads) for v in variables]


def gradient(results: list, variable: nd.NDArray, heads: list) -> nd.NDArray:
    """A variable's gradient; a recorded zero where nothing depends on it (the density of a uniform draw)."""
    try:
        return mx.autograd.grad(results, variable, heads, create_graph=True)
    except mx.MXNetError as error:
        if "is not reached from the heads" not in str(error):
            raise
        return variable * 0


def slopes(sample: Sample, values: list, weights: list, directions: dict[int, np.ndarray]) -> tuple[float, float]:
    """How <first gradients, weights> changes as the inputs move along the directions: backwards, and forwards."""
    step, found = 1e-6, []
    for move in (-step, 0, step):
        moved = [v + move * directions[i] if i in directions else v for i, v in enumerate(values)]
        gradients = first_gradients(sample, moved)[1]
        found.append(sum((w * g.asnumpy()).sum() for w, g in zip(weights, gradients, strict=True)))
    return (found[1] - found[0]) / step, (found[2] - found[1]) / step


@over(DIFFERENTIATED)
def test_second_order_is_the_derivative_of_the_first(sample):
    """Along random directions in which all inputs move together."""
    values, rng = double(sample)[1], np.random.RandomState(11)
    _, first = first_gradients(sample, values)
    weights = [rng.uniform(-1, 1, g.shape) for g in first]
    draws = [{i: rng.uniform(-1, 1, values[i].shape) for i in sample.differentiated} for _ in range(2)]
    sides = [slopes(sample, values, weights, directions) for directions in draws]
    if not np.allclose([back for back, _ in sides], [ahead for _, ahead in sides], rtol=1e-3, atol=1e-3):
        # The gradient has a kink just here: step aside.
        values = [v + 1e-3 * draws[0][i] if i in draws[0] else v for i, v in enumerate(values)]
        sides = [slopes(sample, values, weights, directions) for directions in draws]
    variables, first = first_gradients(sample, values)
    mx.autograd.backward(first, [nd.array(w, dtype="float64") for w in weights])
    for directions, (back, ahead) in zip(draws, sides, strict=True):
        ours = sum((v.grad.asnumpy() * d).sum() for v, d in zip(variables, directions.values(), strict=True))
        np.testing.assert_allclose(ours, (back + ahead) / 2, rtol=1e-5, atol=1e-6)


def test_what_mxnet_supports_is_tested():
    samples = {s.id: s for s in SAMPLES}
    operators = {s.operator for s in SAMPLES}
    assert SUPPORTED.keys() <= operators, "run tools/record_second_order.py: operators without samples"
    unknown = [i for ids in SUPPORTED.values() if ids is not True for i in ids if i not in samples]
    assert not unknown, "run tools/record_second_order.py: ids without a sample"
    assert not {name for name in SUPPORTED if name in NAMES and registry.get(name).name in ONCE}


@pytest.mark.parametrize("name", ONCE)
def test_what_cannot_be_differentiated_twice_says_so(name):
    """One of its samples does; others may have inputs without that gradient."""
    messages = []
    for sample in (s for s in SAMPLES if operator_name(s) == name and s.differentiated):
        _, first = first_gradients(sample, double(sample)[1])
        try:
            mx.autograd.backward(first)
        except mx.MXNetError as error:
            messages.append(str(error))
    assert messages
    assert all(re.match("backward failed: .*derivative .* not implemented", message) for message in messages)


def test_a_gradient_that_depends_on_nothing_has_a_gradient_of_zero():
    x = nd.array([1.0, -2.0])
    x.attach_grad()
    for function, expected in ((nd.abs, [1, -1]), (lambda x: nd.clip(x, -3, 3), [1, 1]), (lambda x: x * 2, [2, 2])):
        x.grad[:] = 7
        with mx.autograd.record():
            slope = mx.autograd.grad(function(x), x, create_graph=True)
        slope.backward()
        assert slope.asnumpy().tolist() == expected
        assert x.grad.asnumpy().tolist() == [0, 0]
