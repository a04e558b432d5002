"""Cells, what samples do not say: errors, how steps become sequences, and random modifiers by their distribution."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import mxnet as mx
import mxnet.gluon.contrib.rnn as crnn
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn, rnn

CELLS = {
    "rnn": lambda: rnn.RNNCell(3),
    "lstm": lambda: rnn.LSTMCell(3),
    "gru": lambda: rnn.GRUCell(3),
    "stack": lambda: stack(rnn.LSTMCell(3), rnn.ResidualCell(rnn.GRUCell(3))),
    "zoneout": lambda: rnn.ZoneoutCell(rnn.GRUCell(3), 0.3, 0.3),
    "both": lambda: rnn.BidirectionalCell(rnn.LSTMCell(3), rnn.RNNCell(2)),
    "stack of both": lambda: stack(rnn.BidirectionalCell(rnn.GRUCell(2), rnn.GRUCell(2)), rnn.RNNCell(3)),
}


def stack(*cells, kind=rnn.HybridSequentialRNNCell):
    found = kind()
    for cell in cells:
        found.add(cell)
    return found


def normal(*shape, seed=0, dtype="float32"):
    return nd.array(np.random.RandomState(seed).normal(size=shape), dtype=dtype)


def ready(cell):
    cell.initialize(mx.init.Normal(0.5))
    return cell


class Unrolled(gluon.HybridBlock):
    """A cell, unrolled over an input (N, T, C), as a network."""

    def __init__(self, cell, steps, **options):
        super().__init__()
        self.cell, self.steps, self.options = cell, steps, options

    def hybrid_forward(self, F, x, *lengths):
        given = {"valid_length": lengths[0]} if lengths else {}
        return self.cell.unroll(self.steps, x, merge_outputs=True, **given, **self.options)


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: rnn.RNNCell(0), ValueError, "hidden_size"),
        (lambda: rnn.LSTMCell(2.5), TypeError, "hidden_size"),
        (lambda: rnn.GRUCell(3, input_size=-1), ValueError, "input_size"),
        (lambda: rnn.RNNCell(3, activation="nope"), ValueError, "nope"),
        (lambda: rnn.LSTMCell(3, recurrent_activation=None), TypeError, "None"),
        (lambda: rnn.DropoutCell("a"), AssertionError, "number"),
        (lambda: rnn.DropoutCell(-0.1), ValueError, "-0.1"),
        (lambda: rnn.ZoneoutCell(rnn.RNNCell(3), 2), ValueError, "zoneout_outputs"),
        (lambda: rnn.ZoneoutCell(rnn.RNNCell(3), 0, -1), ValueError, "zoneout_states"),
        (lambda: rnn.ZoneoutCell(CELLS["both"]()), AssertionError, "Bidirectional"),
        (lambda: rnn.ZoneoutCell(stack(CELLS["both"]())), AssertionError, "Bidirectional"),
        (lambda: rnn.ZoneoutCell(nn.Dense(3)), AttributeError, "Dense"),
        (lambda: rnn.ResidualCell(3), AttributeError, "3"),
        (lambda: rnn.ResidualCell(rnn.SequentialRNNCell()), ValueError, "HybridBlock"),
        (lambda: rnn.HybridSequentialRNNCell().add(rnn.SequentialRNNCell()), ValueError, "HybridBlock"),
        (lambda: stack(rnn.RNNCell(3))[4], KeyError, "4"),
        (lambda: CELLS["both"]()(nd.ones((2, 3)), []), NotImplementedError, "unroll"),
        (lambda: rnn.RecurrentCell().begin_state(), NotImplementedError, "state_info"),
        (lambda: rnn.RecurrentCell()(nd.ones((2, 3)), []), NotImplementedError, "forward"),
        (lambda: rnn.HybridRecurrentCell()(nd.ones((2, 3)), []), NotImplementedError, "hybrid_forward"),
        (lambda: rnn.ModifierCell(rnn.RNNCell(3))(nd.ones((2, 3)), []), NotImplementedError, "hybrid_forward"),
        (lambda: rnn.RNNCell(3).begin_state(), mx.MXNetError, "shape"),
    ],
)
def test_wrong_arguments(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    ("cell", "states", "match"),
    [
        ("rnn", list, "1 states"),
        ("rnn", lambda: nd.ones((2, 3)), "1 states"),
        ("rnn", lambda: [nd.ones((2, 3))] * 2, "1 states"),
        ("rnn", lambda: [nd.ones((2, 4))], "features|shape"),
        ("rnn", lambda: [nd.ones((5, 3))], "shape"),
        ("lstm", lambda: [nd.ones((2, 3))], "2 states"),
        ("lstm", lambda: [nd.ones((2, 3)), nd.ones((2, 4))], "shape"),
        ("gru", lambda: [nd.ones((1, 3))], "shape"),
        ("stack", lambda: [nd.ones((2, 3))], "3 states"),
    ],
)
def test_wrong_states(cell, states, match, known):
    cell, x = ready(CELLS[cell]()), nd.ones((2, 3))
    if known:
        cell(x, cell.begin_state(func=nd.zeros, batch_size=2))
    with pytest.raises(mx.MXNetError, match=match):
        cell(x, states())


@pytest.mark.parametrize(
    ("run", "error", "match"),
    [
        (lambda cell, x: cell.unroll(4, x), AssertionError, "length=4"),
        (lambda cell, x: cell.unroll(4, [x[:, 0]] * 3), AssertionError, "3 inputs"),
        (lambda cell, x: cell.unroll(3, x, layout="NC"), AssertionError, "'NC'"),
        (lambda cell, x: cell.unroll(2, x, layout="TNC", begin_state=[nd.ones((2, 3))]), mx.MXNetError, "shape"),
        (lambda cell, x: cell.unroll(3, x[0, 0]), AssertionError, "axes"),
        (lambda cell, x: cell.unroll(0, []), IndexError, "empty"),
        (lambda cell, x: cell.unroll(3, x, begin_state=[]), mx.MXNetError, "1 states"),
        (lambda cell, x: cell.unroll(3, x, valid_length=nd.array([1, 2, 3])), mx.MXNetError, "shape"),
        (lambda cell, x: cell.unroll(3, mx.sym.Group([mx.sym.var("a"), mx.sym.var("b")])), AssertionError, "2"),
    ],
)
def test_wrong_sequences(run, error, match):
    with pytest.raises(error, match=match):
        run(ready(rnn.RNNCell(3)), normal(2, 3, 4))


def test_a_modified_cell_is_used_through_its_modifier():
    base = rnn.RNNCell(3)
    cell = rnn.ResidualCell(base)
    with pytest.raises(AssertionError, match="modifier"):
        base.begin_state(2)
    assert cell.begin_state(batch_size=2, func=nd.zeros)[0].shape == (2, 3)
    assert [type(s) for s in cell.begin_state()] == [mx.sym.Symbol]
    outer = rnn.ZoneoutCell(cell)
    with pytest.raises(AssertionError, match="modifier"):
        cell.begin_state()
    assert outer.begin_state(func=nd.ones, batch_size=1)[0].shape == (1, 3)
    assert outer.params is cell.params is base.params
    with pytest.raises(mx.MXNetError):
        ready(cell).unroll(2, normal(2, 2, 4), begin_state=[nd.ones((7, 3))])
    with pytest.raises(AssertionError, match="modifier"):  # still
        base.begin_state(2)


def test_a_refused_modifier_leaves_its_cell_alone():
    both = rnn.BidirectionalCell(rnn.RNNCell(3), rnn.RNNCell(3))
    for modify in (lambda: rnn.ZoneoutCell(both, 0.5), lambda: crnn.VariationalDropoutCell(both, drop_states=0.5)):
        with pytest.raises(AssertionError, match="cells underneath"):
            modify()
        assert len(both.begin_state(batch_size=2)) == 2


# ---- steps and sequences ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in CELLS if "both" not in name])
@pytest.mark.parametrize("hybridize", [False, True])
def test_unrolling_is_making_steps(name, hybridize):
    cell, x = ready(CELLS[name]()), normal(2, 4, 3)
    if hybridize:
        cell.hybridize()
    states = cell.begin_state(batch_size=2, func=nd.zeros)
    steps = []
    for t in range(4):
        output, states = cell(x[:, t], states)
        steps.append(output)
    outputs, ends = cell.unroll(4, x)
    for one, other in zip([*outputs, *ends], [*steps, *states], strict=True):
        np.testing.assert_allclose(one.asnumpy(), other.asnumpy(), rtol=1e-5, atol=1e-6)
    merged, _ = cell.unroll(4, x.swapaxes(0, 1), layout="TNC", merge_outputs=True)
    np.testing.assert_allclose(merged.asnumpy(), nd.stack(*steps, axis=0).asnumpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("layout", ["NTC", "TNC"])
@pytest.mark.parametrize("merge", [None, True, False])
@pytest.mark.parametrize("hybridize", [False, True])
def test_valid_length(name, layout, merge, hybridize):
    """Each sequence gives what it gives alone, cut at its end, and zeros after it."""
    cell, x, lengths = ready(CELLS[name]()), normal(3, 4, 3), [2, 4, 1]
    if hybridize:
        cell.hybridize()
    given = x if layout == "NTC" else x.swapaxes(0, 1)
    outputs, states = cell.unroll(
        4, given, layout=layout, merge_outputs=merge, valid_length=nd.array(lengths, dtype="float32")
    )
    assert isinstance(outputs, list) is (merge is False)
    if merge is False:
        outputs = nd.stack(*outputs, axis=1)
    elif layout == "TNC":
        outputs = outputs.swapaxes(0, 1)
    for i, length in enumerate(lengths):
        expected, ends = cell.unroll(length, x[i : i + 1, :length], merge_outputs=True)
        kept, rest = np.split(outputs[i].asnumpy(), [length])
        np.testing.assert_allclose(kept, expected[0].asnumpy(), rtol=1e-5, atol=1e-6)
        assert not rest[:, : -3 if name == "stack" else None].any()
        for state, end in zip(states, ends, strict=True):
            np.testing.assert_allclose(state[i : i + 1].asnumpy(), end.asnumpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("lengths", [False, True])
def test_hybridized_networks_train_as_imperative_ones(name, lengths):
    nets = [Unrolled(CELLS[name](), 4) for _ in range(2)]
    inputs = [normal(2, 4, 3), *([nd.array([4.0, 2.0])] if lengths else [])]
    for net in nets:
        ready(net)(*inputs)
    for p, q in zip(*(net.collect_params().values() for net in nets), strict=True):
        q.set_data(p.data())
    nets[1].hybridize()
    train = name != "zoneout"
    trainers = [gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.3}) for net in nets]
    for _ in range(4):
        found = []
        for net, trainer in zip(nets, trainers, strict=True):
            with autograd.record(train_mode=train):
                outputs, states = net(*inputs)
                loss = (outputs**2).sum() + sum((state**2).sum() for state in states)
            loss.backward()
            trainer.step(2)
            found.append([loss, outputs, *states])
        for one, other in zip(*found, strict=True):
            np.testing.assert_allclose(other.asnumpy(), one.asnumpy(), rtol=1e-4, atol=1e-5)


def test_graphs_are_right_for_other_batches():
    net = ready(Unrolled(CELLS["stack"](), 4))
    net.hybridize()
    for batch in (2, 5, 1):
        outputs, _ = net(normal(batch, 4, 3, seed=batch))
        expected, _ = net.cell.unroll(4, normal(batch, 4, 3, seed=batch), merge_outputs=True)
        np.testing.assert_allclose(outputs.asnumpy(), expected.asnumpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float16"])
@pytest.mark.parametrize("hybridize", [False, True])
def test_first_states_have_the_dtype_of_the_cell(dtype, hybridize):
    net = ready(Unrolled(rnn.LSTMCell(3), 4))
    net.cast(dtype)
    if hybridize:
        net.hybridize()
    outputs, states = net(normal(2, 4, 3, dtype=dtype))
    assert {np.dtype(a.dtype).name for a in (outputs, *states)} == {dtype}


def test_names_count_the_steps_since_reset():
    cell, x, s = rnn.RNNCell(3, prefix="c_"), mx.sym.var("x"), mx.sym.var("s")
    assert cell(x, [s])[0].name == "c_t0_out"
    assert cell(x, [s])[0].name == "c_t1_out"
    cell.reset()
    assert cell(x, [s])[0].name == "c_t0_out"
    assert [cell.begin_state(func=mx.sym.zeros)[0].name for _ in range(2)] == ["c_begin_state_0", "c_begin_state_1"]


def test_counting_steps_leaves_graphs_alone():
    """An imperative cell beside a hybridized network does not make it look for changes."""
    cell, net = ready(rnn.RNNCell(3)), ready(nn.Dense(2))
    state, x = cell.begin_state(2), normal(2, 3)
    cell(x, state)
    before = mx._state.changes.count
    cell(x, state)
    cell.unroll(2, normal(2, 2, 3))
    assert mx._state.changes.count == before
    assert net(x).shape == (2, 2)


# ---- activations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize(
    ("make", "function"),
    [
        (lambda: "tanh", np.tanh),
        (lambda: "softrelu", lambda x: np.log1p(np.exp(x))),
        (lambda: nn.LeakyReLU(0.2), lambda x: np.where(x > 0, x, 0.2 * x)),
        (lambda: nn.HybridLambda("sigmoid"), lambda x: 1 / (1 + np.exp(-x))),
        (lambda: nn.PReLU(mx.init.Constant(0.3)), lambda x: np.where(x > 0, x, 0.3 * x)),
    ],
)
def test_activations(make, function, hybridize):
    x, h, c = normal(2, 4), normal(2, 3, seed=1), normal(2, 3, seed=2)
    plain, lstm = ready(rnn.RNNCell(3, activation=make())), ready(rnn.LSTMCell(3, activation=make()))
    if hybridize:
        plain.hybridize()
        lstm.hybridize()

    def affine(cell):
        cell_params = {name: getattr(cell, name).data().asnumpy() for name in ("i2h_weight", "h2h_weight")}
        return x.asnumpy() @ cell_params["i2h_weight"].T + h.asnumpy() @ cell_params["h2h_weight"].T

    for _ in range(3):
        output, _ = plain(x, [h])
        np.testing.assert_allclose(output.asnumpy(), function(affine(plain)), rtol=1e-5, atol=1e-6)
        output, states = lstm(x, [h, c])
        i, f, g, o = np.split(affine(lstm), 4, axis=1)

        def sigmoid(a):
            return 1 / (1 + np.exp(-a))

        new = sigmoid(f) * c.asnumpy() + sigmoid(i) * function(g)
        np.testing.assert_allclose(states[1].asnumpy(), new, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(output.asnumpy(), sigmoid(o) * function(new), rtol=1e-5, atol=1e-6)


def test_a_function_as_activation():
    cell = ready(rnn.RNNCell(3, activation=lambda x, **kwargs: x * 2))
    linear = rnn.RNNCell(3, activation=lambda x, **kwargs: x, params=cell.params)
    x, h = normal(2, 4), [normal(2, 3)]
    np.testing.assert_allclose(cell(x, h)[0].asnumpy(), 2 * linear(x, h)[0].asnumpy(), rtol=1e-6)


# ---- random modifiers ------------------------------------------------------------------------------------------------


class Count(rnn.HybridRecurrentCell):
    """Output and state are one more than the state."""

    def state_info(self, batch_size=0):
        return [{"shape": (batch_size, 400), "__layout__": "NC"}]

    def hybrid_forward(self, F, inputs, states):
        more = states[0] + 1
        return more + inputs * 0, [more]


@pytest.mark.parametrize("hybridize", [False, True])
def test_zoneout_of_outputs(hybridize):
    """An element shows a step with probability 0.75, else what it showed before; first of all 0."""
    mx.random.seed(1)
    net = Unrolled(rnn.ZoneoutCell(Count(), 0.25), 3)
    if hybridize:
        net.hybridize()
    x = nd.zeros((5, 3, 400))
    for _ in range(3):
        with autograd.train_mode():
            outputs, (state,) = net(x)
        assert (state.asnumpy() == 3).all()
        shown = outputs.asnumpy().swapaxes(0, 1).reshape(3, -1)
        before = np.zeros(2000)
        for t, now in enumerate(shown):
            assert ((now == t + 1) | (now == before)).all()
            assert abs((now == t + 1).mean() - 0.75) < 0.04  # 2,000 draws: 4 standard deviations
            before = now
        assert (net(x)[0].asnumpy()[:, 2] == 3).all()  # prediction keeps nothing


@pytest.mark.parametrize("hybridize", [False, True])
def test_zoneout_of_states(hybridize):
    """The state counts those of four steps that were not kept: binomial."""
    mx.random.seed(2)
    net = Unrolled(rnn.ZoneoutCell(Count(), 0, 0.5), 4)
    if hybridize:
        net.hybridize()
    for _ in range(3):
        with autograd.train_mode():
            _, (state,) = net(nd.zeros((5, 4, 400)))
        counts = np.bincount(state.asnumpy().astype(int).ravel(), minlength=5) / 2000
        np.testing.assert_allclose(counts, np.array([1, 4, 6, 4, 1]) / 16, atol=0.045)


@pytest.mark.parametrize("hybridize", [False, True])
def test_zoneout_remembers_its_last_output_from_step_to_step(hybridize):
    mx.random.seed(3)
    cell = rnn.ZoneoutCell(Count(), 0.5)
    if hybridize:
        cell.hybridize()
    x = nd.zeros((5, 400))
    with autograd.train_mode():
        for _ in range(2):
            cell.reset()
            first, states = cell(x, [nd.zeros((5, 400))])
            second, _ = cell(x, states)
            first, second = first.asnumpy(), second.asnumpy()
            assert set(np.unique(first)) == {0, 1}
            assert (second[second != 2] == first[second != 2]).all()
            assert abs((second == 1).mean() - 0.25) < 0.04


@pytest.mark.parametrize("merge", [None, False])
def test_dropout_cell(merge):
    mx.random.seed(4)
    cell, x = rnn.DropoutCell(0.25, axes=(0,) if merge is None else ()), nd.ones((6, 5, 100))
    with autograd.train_mode():
        outputs, states = cell.unroll(5, x, merge_outputs=merge)
    assert states == []
    y = outputs.asnumpy() if merge is None else np.stack([o.asnumpy() for o in outputs], 1)
    np.testing.assert_allclose(np.unique(y), [0, 4 / 3], rtol=1e-6)
    if merge is None:
        assert (y == y[:1]).all()  # one mask for axis 0
    assert abs((y[0 if merge is None else slice(None)] > 0).mean() - 0.75) < 0.08
    assert (cell.unroll(5, x)[0].asnumpy() == 1).all()


# ---- structure -------------------------------------------------------------------------------------------------------


def test_stacks():
    cells = rnn.LSTMCell(3), rnn.DropoutCell(0.5), rnn.GRUCell(2)
    for kind in (rnn.SequentialRNNCell, rnn.HybridSequentialRNNCell):
        found = stack(*cells, kind=kind)
        assert len(found) == 3
        assert found[0] is cells[0]
        assert [info["shape"] for info in found.state_info(7)] == [(7, 3), (7, 3), (7, 2)]
        assert [s.shape for s in found.begin_state(batch_size=7)] == [(7, 3), (7, 3), (7, 2)]
        assert repr(found).splitlines()[1:3] == ["(0): LSTMCell(None -> 12)", "(1): DropoutCell(rate=0.5, axes=())"]
    empty = rnn.SequentialRNNCell()
    x = normal(2, 3, 4)
    assert empty.unroll(3, x) == (x, [])


def test_pickle():
    net = ready(Unrolled(CELLS["zoneout"](), 4))
    net.hybridize()
    x = normal(2, 4, 3)
    with autograd.record():
        net(x)
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again(x)[0].asnumpy(), net(x)[0].asnumpy())


def test_a_cell_of_the_users_own():
    """Counts in its state; may override forward."""

    class Mine(rnn.RecurrentCell):
        def state_info(self, batch_size=0):
            return [{"shape": (batch_size, 1)}]

        def forward(self, inputs, states):
            return inputs.sum(axis=1, keepdims=True) + states[0], [states[0] + 1]

    outputs, states = stack(Mine(), Mine(), kind=rnn.SequentialRNNCell).unroll(3, nd.ones((2, 3, 4)))
    assert [o.asnumpy().ravel().tolist() for o in outputs] == [[4, 4], [6, 6], [8, 8]]
    assert [s.asnumpy().ravel().tolist() for s in states] == [[3, 3], [3, 3]]
