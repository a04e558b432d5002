"""RNN: lengths, projections, bounds and dropout, which MXNet has on GPUs only, against a reference in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet import nd, sym

STEPS, BATCH, WIDTH, SIZE = 4, 3, 2, 3
GATES = {"rnn_relu": 1, "rnn_tanh": 1, "gru": 3, "lstm": 4}


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def cell(mode: str, x: np.ndarray, h: np.ndarray, c: np.ndarray | None, weights: list, clip: Any) -> tuple:
    """One step of one direction of one layer: the new state and cell."""
    w, r, b_w, b_r, *projection = weights
    left, right = x @ w.T + b_w, h @ r.T + b_r
    if mode == "gru":
        (a_r, a_z, a_n), (b_reset, b_z, b_n) = np.split(left, 3, -1), np.split(right, 3, -1)
        z, n = sigmoid(a_z + b_z), np.tanh(a_n + sigmoid(a_r + b_reset) * b_n)
        return (1 - z) * n + z * h, c
    if mode != "lstm":
        return (np.tanh if mode == "rnn_tanh" else lambda v: np.maximum(v, 0))(left + right), c
    i, f, g, o = np.split(left + right, 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    if clip is not None:
        low, high, nan = clip
        c = np.clip(np.where(np.isnan(c), low, c) if nan else c, low, high)
    h = sigmoid(o) * np.tanh(c)
    return (h @ projection[0].T if projection else h), c


def reference(
    arrays: list,
    *,
    mode: str,
    layers: int,
    directions: int,
    lengths: list,
    projection: int | None = None,
    clip: Any = None,
) -> list[np.ndarray]:
    """Output and states, step by step, sequence by sequence."""
    data, parameters, *states = arrays
    rows, out = GATES[mode] * SIZE, projection or SIZE
    shapes, width = [], WIDTH
    for _ in range(layers):
        shapes += [[(rows, width), (rows, out), *([(out, SIZE)] if projection else [])] for _ in range(directions)]
        width = out * directions
    at, weights = 0, []
    for group in shapes:
        for shape in group:
            weights.append(parameters[at : at + shape[0] * shape[1]].reshape(shape))
            at += shape[0] * shape[1]
    biases = parameters[at:].reshape(-1, 2, rows)
    per_cell = len(shapes[0])
    ends = [np.zeros_like(s) for s in states]
    for layer in range(layers):
        result = np.zeros((STEPS, BATCH, out * directions))
        for d in range(directions):
            k = layer * directions + d
            mine = weights[k * per_cell : (k + 1) * per_cell]
            mine = [*mine[:2], *biases[k], *mine[2:]]
            for n, length in enumerate(lengths):
                h, c = states[0][k, n], states[1][k, n] if mode == "lstm" else None
                for t in range(length)[:: -1 if d else 1]:
                    h, c = cell(mode, data[t, n], h, c, mine, clip)
                    result[t, n, d * out : (d + 1) * out] = h
                ends[0][k, n] = h
                if c is not None:
                    ends[1][k, n] = c
        data = result
    return [data, *ends]


def network(mode: str, layers: int = 1, directions: int = 1, projection: int | None = None) -> list[np.ndarray]:
    """Random data, parameters and states in float64."""
    rng, rows, width, out, count = np.random.RandomState(5), GATES[mode] * SIZE, WIDTH, projection or SIZE, 0
    for _ in range(layers):
        count += directions * (rows * (width + out + 2) + (out * SIZE if projection else 0))
        width = out * directions
    sizes = [out, SIZE] if mode == "lstm" else [out]
    states = [rng.uniform(-1, 1, (layers * directions, BATCH, s)) for s in sizes]
    return [rng.uniform(-1, 1, (STEPS, BATCH, WIDTH)), rng.uniform(-1, 1, count), *states]


def run(arrays: list, lengths: list | None = None, **attributes: Any) -> list:
    inputs = [a if isinstance(a, nd.NDArray) else nd.array(a, dtype=a.dtype) for a in arrays]
    if lengths is not None:
        inputs.append(nd.array(lengths))
        attributes["use_sequence_length"] = True
    return nd.RNN(*inputs, state_size=SIZE, state_outputs=True, **attributes)


CASES = [
    *((mode, {"lengths": [4, 2, 1]}) for mode in GATES),
    ("lstm", {"lengths": [1, 4, 3], "projection": 2}),
    ("lstm", {"projection": 2}),
    ("lstm", {"projection": SIZE}),
    ("lstm", {"projection": 4}),
    ("lstm", {"clip": (-0.2, 0.1, False)}),
    ("lstm", {"clip": (-0.2, 0.1, True), "lengths": [2, 4, 3]}),
    ("lstm", {"clip": (-0.3, 0.3, False), "lengths": [4, 1, 2], "projection": 2}),
]


def attributes_of(case: dict[str, Any]) -> dict[str, Any]:
    found = {"projection_size": case.get("projection"), "lengths": case.get("lengths")}
    if "clip" in case:
        found |= dict(
            zip(("lstm_state_clip_min", "lstm_state_clip_max", "lstm_state_clip_nan"), case["clip"], strict=True)
        )
    return found


@pytest.mark.parametrize(("layers", "directions"), [(1, 1), (2, 2)])
@pytest.mark.parametrize(("mode", "case"), CASES, ids=str)
def test_against_numpy(mode, case, layers, directions):
    arrays = network(mode, layers, directions, case.get("projection"))
    how = {"lengths": [STEPS] * BATCH, **case}
    expected = reference(arrays, mode=mode, layers=layers, directions=directions, **how)
    attributes = {"mode": mode, "num_layers": layers, "bidirectional": directions == 2, **attributes_of(case)}
    results = run(arrays, **attributes)
    for got, answer in zip(results, expected, strict=True):
        np.testing.assert_allclose(got.asnumpy(), answer, rtol=1e-10, atol=1e-12)
    single = run([a.astype("float32") for a in arrays], **attributes)
    for got, answer in zip(single, expected, strict=True):
        np.testing.assert_allclose(got.asnumpy(), answer, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("mode", "case"), CASES, ids=str)
def test_gradients(mode, case):
    """Slopes along a random direction of each input, by central differences."""
    arrays, rng = network(mode, 2, 2, case.get("projection")), np.random.RandomState(3)
    attributes = {"mode": mode, "num_layers": 2, "bidirectional": True, **attributes_of(case)}
    inputs = [nd.array(a, dtype="float64") for a in arrays]
    for x in inputs:
        x.attach_grad()
    with mx.autograd.record():
        results = run(inputs, **attributes)
    heads = [rng.uniform(-1, 1, r.shape) for r in results]
    mx.autograd.backward(results, [nd.array(h, dtype="float64") for h in heads])
    for i, x in enumerate(inputs):
        direction, ends = rng.uniform(-1, 1, x.shape), []
        for sign in (1e-6, -1e-6):
            moved = [*arrays[:i], arrays[i] + sign * direction, *arrays[i + 1 :]]
            ends.append(sum((h * r.asnumpy()).sum() for h, r in zip(heads, run(moved, **attributes), strict=True)))
        slope = (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose((x.grad.asnumpy() * direction).sum(), slope, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("nan", "lowest"), [(True, -0.5), (False, np.nan)])
def test_a_cell_that_is_no_number(nan, lowest):
    arrays = network("lstm")
    arrays[3][0, 1, 2] = np.nan
    bounds = {"lstm_state_clip_min": -0.5, "lstm_state_clip_max": 0.5, "lstm_state_clip_nan": nan}
    first = run([arrays[0][:1], *arrays[1:]], num_layers=1, mode="lstm", **bounds)[2].asnumpy()
    np.testing.assert_array_equal(first[0, 1, 2], lowest)
    assert np.isfinite(np.delete(first.ravel(), 5)).all()


# ---- dropout ---------------------------------------------------------------------------------------------------------


def relay(layers: int) -> list[nd.NDArray]:
    """A relu network of one wide cell that hands its input on, layer by layer: its output is what was not dropped."""
    size = 40
    data = nd.random.uniform(1, 2, shape=(30, 5, size))
    weights = [w for _ in range(layers) for w in (nd.array(np.eye(size)), nd.zeros((size, size)))]
    parts = [w.reshape((-1,)) for w in weights] + [nd.zeros((size,))] * (2 * layers)
    return [data, nd.concat(*parts, dim=0), nd.zeros((layers, 5, size))]


def relayed(inputs: list, p: float, train: bool = True) -> np.ndarray:
    with mx.autograd.train_mode() if train else mx.autograd.predict_mode():
        return nd.RNN(*inputs, state_size=40, num_layers=inputs[2].shape[0], mode="rnn_relu", p=p).asnumpy()


def test_dropout_lies_between_layers():
    inputs = relay(2)
    data = inputs[0].asnumpy()
    result = relayed(inputs, 0.3)
    kept = result != 0
    np.testing.assert_allclose(result[kept], (data / 0.7)[kept], rtol=1e-5)
    assert abs(kept.mean() - 0.7) < 0.03  # four standard deviations
    np.testing.assert_array_equal(relayed(inputs, 0.3, train=False), data)
    np.testing.assert_array_equal(relayed(inputs, 0.0), data)
    assert not relayed(inputs, 1.0).any()
    assert abs((relayed(relay(3), 0.3) != 0).mean() - 0.49) < 0.03
    single = relay(1)
    np.testing.assert_array_equal(relayed(single, 0.9), single[0].asnumpy())


def test_dropout_draws_from_the_generator_of_the_context():
    inputs = relay(2)
    before = torch.get_rng_state()
    mx.random.seed(3)
    first, second = relayed(inputs, 0.5), relayed(inputs, 0.5)
    mx.random.seed(3)
    np.testing.assert_array_equal(relayed(inputs, 0.5), first)
    assert (first != second).any()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("mode", GATES)
def test_layers_one_by_one_are_the_same_network(mode):
    """Training with a p that drops nothing runs layer by layer, prediction in one call."""
    arrays = network(mode, 3, 2)
    attributes = {"num_layers": 3, "bidirectional": True, "mode": mode}
    expected = run(arrays, **attributes)
    with mx.autograd.train_mode():
        results = run(arrays, p=1e-300, **attributes)
    for got, answer in zip(results, expected, strict=True):
        np.testing.assert_allclose(got.asnumpy(), answer.asnumpy(), rtol=1e-12)


# ---- faces and errors ------------------------------------------------------------------------------------------------


def test_a_symbol_with_lengths_by_name():
    arrays = network("gru")
    names = ["data", "parameters", "state", "sequence_length"]
    variables = {name: sym.var(name) for name in names}
    graph = sym.RNN(**variables, state_size=SIZE, num_layers=1, mode="gru", use_sequence_length=True)
    assert graph.list_arguments() == names
    shapes = graph.infer_shape(data=(STEPS, BATCH, WIDTH))
    assert shapes[0] == [(STEPS, BATCH, WIDTH), arrays[1].shape, (1, BATCH, SIZE), (BATCH,)]
    values = dict(zip(names, (nd.array(a, dtype="float64") for a in (*arrays, np.array([4, 1, 2]))), strict=True))
    result = graph.eval(ctx=mx.cpu(), **values)[0]
    np.testing.assert_array_equal(result.asnumpy(), run(arrays, [4, 1, 2], num_layers=1, mode="gru")[0].asnumpy())


def test_shapes_and_names_with_a_projection():
    """As MXNet infers them."""
    graph = sym.RNN(
        sym.var("d"),
        state_size=5,
        num_layers=2,
        bidirectional=True,
        mode="lstm",
        projection_size=2,
        state_outputs=True,
        name="r",
    )
    assert graph.list_arguments() == ["d", "r_parameters", "r_state", "r_state_cell"]
    assert graph.list_outputs() == ["r_output", "r_state_output", "r_statecell_output"]
    inputs, outputs, _ = graph.infer_shape(d=(3, 2, 4))
    assert inputs == [(3, 2, 4), (680,), (4, 2, 2), (4, 2, 5)]
    assert outputs == [(3, 2, 4), (4, 2, 2), (4, 2, 5)]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype):
    arrays = network("lstm", 2)
    halves = [nd.array(a).astype(dtype) for a in arrays]
    exact = run(arrays, num_layers=2, mode="lstm")
    for got, answer in zip(run(halves, num_layers=2, mode="lstm"), exact, strict=True):
        assert got.dtype == halves[0].dtype
        np.testing.assert_allclose(got.astype("float32").asnumpy(), answer.asnumpy(), atol=0.05)


@pytest.mark.parametrize(
    ("mode", "given", "message"),
    [
        ("lstm", {"lengths": [0, 2, 4]}, "sequence_length must lie in 1 ... 4, but is .0, 2, 4."),
        ("gru", {"lengths": [1, 2, 5]}, "sequence_length must lie in 1 ... 4"),
        ("lstm", {"lstm_state_clip_min": -1.0}, "must be given together"),
        ("lstm", {"lstm_state_clip_min": 1.0, "lstm_state_clip_max": 0.0}, "the smaller one first"),
        ("gru", {"projection_size": 2}, "is for mode 'lstm' only"),
        ("lstm", {"projection_size": 0}, "projection_size=0 must be at least 1"),
        ("lstm", {"projection_size": 2}, r"parameters must have shape \(78,\), but has \(84,\)"),
        ("lstm", {"p": -0.5}, "p is a probability, but is -0.5"),
    ],
)
def test_errors_tell_what_is_wrong(mode, given, message):
    with pytest.raises(mx.MXNetError, match=message):
        run(network(mode), num_layers=1, mode=mode, **given)
