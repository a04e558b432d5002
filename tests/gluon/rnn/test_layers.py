"""RNN, LSTM and GRU, what samples do not say: errors, states, graphs and files, and the same network as cells."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn, rnn

LAYERS = ["rnn.RNN(3, 2)", "rnn.RNN(3, activation='tanh')", "rnn.LSTM(3, 2)", "rnn.GRU(3, 2)"]


def normal(*shape, seed=0, dtype="float32"):
    return nd.array(np.random.RandomState(seed).normal(size=shape), dtype=dtype)


def ready(net, *inputs):
    net.initialize(mx.init.Normal(0.5))
    net(*inputs)
    return net


def make(text):
    return eval(text)


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: rnn.LSTM(3, layout="CTN"), AssertionError, "layout"),
        (lambda: rnn.RNN(3, activation="sigmoid"), KeyError, "sigmoid"),
        (lambda: rnn.LSTM(0), ValueError, "hidden_size"),
        (lambda: rnn.LSTM(3, -1), ValueError, "num_layers"),
        (lambda: rnn.LSTM(2.5), TypeError, "hidden_size"),
        (lambda: rnn.GRU("3"), TypeError, "hidden_size"),
        (lambda: rnn.LSTM(3, input_size=-1), ValueError, "input_size"),
        (lambda: rnn.LSTM(3, dropout=1.5), ValueError, "dropout"),
        (lambda: rnn.LSTM(3, dropout="a"), AssertionError, "dropout"),
        (lambda: rnn.LSTM(3, projection_size=0), ValueError, "projection_size"),
        (lambda: rnn.GRU(3, projection_size=2), TypeError, "projection_size"),
        (lambda: rnn.LSTM(3, state_clip_min=1), ValueError, "state_clip_max"),
        (lambda: rnn.LSTM(3, nothing=1), TypeError, "nothing"),
        (lambda: rnn.LSTM(3, projection_size=2)._unfuse(), AssertionError, "projection"),
        (lambda: rnn.LSTM(3, state_clip_min=-1, state_clip_max=1)._unfuse(), AssertionError, "clipping"),
    ],
)
def test_wrong_arguments(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    ("text", "call", "error", "match"),
    [
        ("rnn.LSTM(3)", lambda net, x: net(x[0]), ValueError, r"TNC.*\(2, 4\)"),
        ("rnn.LSTM(3)", lambda net, x: net(x, []), mx.MXNetError, "2 states.* 0"),
        ("rnn.LSTM(3)", lambda net, x: net(x, nd.ones((1, 2, 3))), mx.MXNetError, "2 states.* 1"),
        ("rnn.LSTM(3)", lambda net, x: net(x, [nd.ones((1, 2, 3))] * 3), ValueError, "2 states.* 3"),
        ("rnn.LSTM(3)", lambda net, x: net(x, [nd.ones((1, 2, 3)), nd.ones((1, 2, 4))]), ValueError, r"\(1, 2, 4\)"),
        ("rnn.GRU(3)", lambda net, x: net(x, nd.ones((2, 3))), ValueError, r"\(1, 2, 3\)"),
        ("rnn.GRU(3)", lambda net, x: net(x, nd.ones((1, 5, 3))), ValueError, r"\(1, 5, 3\)"),
        ("rnn.GRU(3)", lambda net, x: net(x, nd.ones((1, 2, 3), dtype="float64")), mx.MXNetError, "dtype"),
        ("rnn.GRU(3)", lambda net, x: net(x.astype("float64")), mx.MXNetError, "dtype"),
        ("rnn.GRU(3)", lambda net, x: net(3), ValueError, "int"),
        ("rnn.GRU(3, input_size=5)", lambda net, x: net(x), mx.MXNetError, "shape"),
        ("rnn.GRU(3, use_sequence_length=True)", lambda net, x: net(x), mx.MXNetError, "sequence_length"),
        (
            "rnn.GRU(3, use_sequence_length=True)",
            lambda net, x: net(x, sequence_length=nd.array([1, 9])),
            mx.MXNetError,
            "1 ... 5",
        ),
    ],
)
def test_wrong_calls(text, call, error, match, known, hybridize):
    net, x = make(text), normal(5, 2, 4)
    net.initialize()
    if known and "input_size" not in text:
        net(x, sequence_length=nd.array([1, 5]))
    if hybridize:
        net.hybridize()
    with pytest.raises(error, match=match):
        call(net, x)


# ---- states ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", LAYERS)
@pytest.mark.parametrize("hybridize", [False, True])
def test_states_go_on_where_they_were(text, hybridize):
    x, net = normal(6, 2, 4), ready(make(text), normal(6, 2, 4))
    if hybridize:
        net.hybridize()
    whole, last = net(x, net.begin_state(2))
    first, states = net(x[:4], net.begin_state(2))
    second, states = net(x[4:], states)
    np.testing.assert_allclose(nd.concat(first, second, dim=0).asnumpy(), whole.asnumpy(), rtol=1e-5, atol=1e-6)
    for one, other in zip(states, last, strict=True):
        np.testing.assert_allclose(one.asnumpy(), other.asnumpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(net(x).asnumpy(), whole.asnumpy())  # without states they begin with zeros
    assert isinstance(last, list)


def test_one_array_is_a_list_of_one_state():
    net, x, h = rnn.GRU(3), normal(4, 2, 5), normal(1, 2, 3)
    ready(net, x)
    np.testing.assert_array_equal(net(x, h)[0].asnumpy(), net(x, [h])[0].asnumpy())


def test_begin_state():
    net = rnn.LSTM(3, 2, bidirectional=True, prefix="net_")
    assert [s.shape for s in net.begin_state(5)] == [(4, 5, 3)] * 2
    assert net.begin_state(5, dtype="float64")[0].dtype == np.float64
    assert net.begin_state(5, ctx=mx.cpu(1))[0].context == mx.cpu(1)
    assert (net.begin_state(5, func=nd.ones)[0] == 1).asnumpy().all()
    assert net.begin_state(5, func=nd.random.normal)[1].shape == (4, 5, 3)
    assert [s.name for s in net.begin_state(func=mx.sym.zeros)] == ["net_h0_0", "net_h0_1"]
    assert [s.name for s in net.begin_state(func=mx.sym.Variable)] == ["net_h0_0", "net_h0_1"]
    with pytest.raises(mx.MXNetError, match="shape"):
        net.begin_state()


def test_cast():
    net, x = rnn.LSTM(3), normal(4, 2, 5)
    ready(net, x)
    expected = net(x).asnumpy()
    net.cast("float64")
    assert net.begin_state(2)[0].dtype == np.float64
    y = net(x.astype("float64"))
    assert y.dtype == np.float64
    np.testing.assert_allclose(y.asnumpy(), expected, rtol=1e-5, atol=1e-6)


# ---- sequence_length -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["rnn.LSTM(3, 2, 'NTC', bidirectional=True", "rnn.GRU(3", "rnn.RNN(3, 2"])
@pytest.mark.parametrize("hybridize", [False, True])
def test_sequence_length(text, hybridize):
    """Each sequence gives what it gives alone, cut at its end."""
    net, alone = make(f"{text}, use_sequence_length=True)"), make(f"{text})")
    batch_first = net._layout == "NTC"
    x = normal(3, 5, 4) if batch_first else normal(5, 3, 4)
    lengths = [2, 5, 1]
    ready(net, x, net.begin_state(3), nd.array(lengths))
    ready(alone, x)
    for p, q in zip(alone.collect_params().values(), net.collect_params().values(), strict=True):
        p.set_data(q.data())
    if hybridize:
        net.hybridize()
    outputs, states = net(x, net.begin_state(3), nd.array(lengths))
    np.testing.assert_array_equal(net(x, sequence_length=nd.array(lengths)).asnumpy(), outputs.asnumpy())
    for i, length in enumerate(lengths):
        mine = x[i : i + 1, :length] if batch_first else x[:length, i : i + 1]
        expected, ends = alone(mine, alone.begin_state(1))
        found = outputs[i : i + 1] if batch_first else outputs[:, i : i + 1]
        axis = 1 if batch_first else 0
        kept, rest = np.split(found.asnumpy(), [length], axis=axis)
        np.testing.assert_allclose(kept, expected.asnumpy(), rtol=1e-5, atol=1e-6)
        assert not rest.any()
        for state, end in zip(states, ends, strict=True):
            np.testing.assert_allclose(state[:, i : i + 1].asnumpy(), end.asnumpy(), rtol=1e-5, atol=1e-6)


# ---- the same network as cells ---------------------------------------------------------------------------------------

FUSED = [
    "rnn.RNN(3, 2)",
    "rnn.LSTM(3, bidirectional=True)",
    "rnn.GRU(3, 2, 'NTC', bidirectional=True)",
    "rnn.LSTM(3, 3)",
]


@pytest.mark.parametrize("text", FUSED)
@pytest.mark.parametrize("hybridize", [False, True])
def test_fused_is_unfused(text, hybridize, tmp_path):
    net, x = make(text), normal(5, 2, 4) if "NTC" not in text else normal(2, 5, 4)
    ready(net, x)
    stack = net._unfuse()
    assert set(net.collect_params().values()) == set(stack.collect_params().values())
    if hybridize:
        net.hybridize()
        stack.hybridize()

    def run(function):
        with autograd.record():
            y = function()
            (y * y).sum().backward()
        return y.asnumpy(), {name: p.grad().asnumpy() for name, p in net.collect_params().items()}

    one, gradients = run(lambda: net(x))
    other, others = run(lambda: stack.unroll(5, x, layout=net._layout, merge_outputs=True)[0])
    np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(others[name], gradient, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("text", FUSED)
def test_files_of_layer_and_cells_are_exchangeable(text, tmp_path):
    class Holder(gluon.HybridBlock):
        def __init__(self, block):
            super().__init__()
            self._unfused = block

    net, x = make(text), normal(5, 2, 4) if "NTC" not in text else normal(2, 5, 4)
    ready(net, x)
    file = str(tmp_path / "layer.params")
    net.save_parameters(file)
    assert all(name.startswith("_unfused.") for name in nd.load(file))
    cells = make(text)._unfuse()
    Holder(cells).load_parameters(file)
    y = cells.unroll(5, x, layout=net._layout, merge_outputs=True)[0]
    np.testing.assert_allclose(y.asnumpy(), net(x).asnumpy(), rtol=1e-5, atol=1e-6)
    Holder(cells).save_parameters(file)
    other = make(text)
    other.load_parameters(file)
    np.testing.assert_allclose(other(x).asnumpy(), net(x).asnumpy(), rtol=1e-5, atol=1e-6)


def test_dropout_between_layers():
    """Half of what the second layer gets is 0, the rest doubled; prediction drops nothing."""
    mx.random.seed(3)
    net = rnn.RNN(400, 2, dropout=0.5, input_size=1)
    net.initialize(mx.init.Zero())
    params = net.collect_params()
    params[f"{net.prefix}l0_i2h_bias"].set_data(nd.ones(400))
    params[f"{net.prefix}l1_i2h_weight"].set_data(nd.eye(400))
    x = nd.zeros((3, 4, 1))
    assert (net(x).asnumpy() == 1).all()
    for hybridize in (False, True):
        net.hybridize(hybridize)
        for _ in range(3):
            with autograd.record():
                y = net(x)
            assert set(np.unique(y.asnumpy())) == {0.0, 2.0}
            assert abs(y.asnumpy().mean() - 1) < 0.06  # 4,800 draws: 4 standard deviations
        assert (net(x).asnumpy() == 1).all()


# ---- graphs and files ------------------------------------------------------------------------------------------------


def nodes(graph):
    return json.loads(graph.tojson())["nodes"]


def test_graph_is_that_of_mxnet():
    """The vector of parameters in the order of the operator, and its attributes."""
    with mx.name.NameManager():
        graph = rnn.LSTM(5, 2, "NTC", bidirectional=True, projection_size=3, prefix="l_")(mx.sym.var("data"))
    found = nodes(graph)
    (joined,) = [n for n in found if n["op"] == "_rnn_param_concat"]
    order = [found[found[i]["inputs"][0][0]]["name"] for i, *_ in joined["inputs"]]
    cells = ["l0", "r0", "l1", "r1"]
    weights = [f"l_{c}_{w}" for c in cells for w in ("i2h_weight", "h2h_weight", "h2r_weight")]
    assert order == weights + [f"l_{c}_{b}" for c in cells for b in ("i2h_bias", "h2h_bias")]
    (node,) = [n for n in found if n["op"] == "RNN"]
    assert node["attrs"] == {
        "bidirectional": "True", "lstm_state_clip_max": "None", "lstm_state_clip_min": "None",
        "lstm_state_clip_nan": "False", "mode": "lstm", "num_layers": "2", "p": "0", "projection_size": "3",
        "state_outputs": "True", "state_size": "5", "use_sequence_length": "False",
    }  # fmt: skip
    states = [n for n in found if n["op"] == "_zeros"]
    assert [(n["name"], n["attrs"]) for n in states] == [
        ("l_h0_0", {"__layout__": "LNC", "dtype": "float32", "shape": "(4, 0, 3)"}),
        ("l_h0_1", {"__layout__": "LNC", "dtype": "float32", "shape": "(4, 0, 5)"}),
    ]
    assert [n["op"] for n in found].count("SwapAxis") == 2
    assert graph.list_outputs() == ["l_swapaxes1_output"]


def test_states_are_inputs_of_an_exported_layer(tmp_path):
    net, x = rnn.LSTM(3, prefix="l_"), normal(4, 2, 5)
    ready(net, x)
    net.hybridize()
    expected, states = net(x, net.begin_state(2))
    net.export(str(tmp_path / "net"))
    other = gluon.SymbolBlock.imports(
        str(tmp_path / "net-symbol.json"), ["data0", "data1", "data2"], str(tmp_path / "net-0000.params")
    )
    found = other(x, *net.begin_state(2))
    np.testing.assert_array_equal(found[0].asnumpy(), expected.asnumpy())
    for one, other_state in zip(states, found[1:], strict=True):
        np.testing.assert_array_equal(one.asnumpy(), other_state.asnumpy())


@pytest.mark.parametrize("bidirectional", [False, True])
def test_widths_follow_from_the_first_batch_in_graphs(bidirectional):
    """Also where the layer is deep inside of a network, and both directions wait."""
    net = nn.HybridSequential()
    net.add(nn.Embedding(7, 6), rnn.GRU(3, 2, bidirectional=bidirectional), rnn.LSTM(4), nn.Dense(2, flatten=False))
    net.initialize()
    net.hybridize()
    x = nd.array([[1, 2], [3, 4], [5, 6]])
    assert net(x).shape == (3, 2, 2)
    assert net[1].l0_i2h_weight.shape == (9, 6)
    assert net[2].l0_i2h_weight.shape == (16, 6 if bidirectional else 3)
    assert net(nd.array([[1, 2, 3]])).shape == (1, 3, 2)  # another batch and length


def test_replays_follow_weights_and_shapes():
    net, plain = rnn.LSTM(3, 2), rnn.LSTM(3, 2)
    ready(net, normal(4, 2, 5))
    ready(plain, normal(4, 2, 5))
    net.hybridize()
    trainers = [gluon.Trainer(n.collect_params(), "sgd", {"learning_rate": 0.5}) for n in (net, plain)]
    for p, q in zip(net.collect_params().values(), plain.collect_params().values(), strict=True):
        q.set_data(p.data())
    for step in range(6):
        x = normal(4 + step % 2, 2, 5, seed=step)
        found = []
        for n, trainer in zip((net, plain), trainers, strict=True):
            with autograd.record():
                loss = (n(x) ** 2).sum()
            loss.backward()
            trainer.step(2)
            found.append((loss.asscalar(), n(x).asnumpy()))
        np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-5)
        np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-4, atol=1e-6)


def test_pickle_and_repr():
    net = rnn.GRU(3, 2, dropout=0.5, bidirectional=True, layout="NTC")
    assert repr(net) == "GRU(None -> 3, NTC, num_layers=2, dropout=0.5, bidirectional)"
    x = normal(2, 4, 5)
    ready(net, x)
    assert repr(net).startswith("GRU(5 -> 3,")
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again(x).asnumpy(), net(x).asnumpy())


def test_inside_of_a_recorded_forward():
    """A network that overrides forward is recorded while it runs."""

    class Net(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.lstm = rnn.LSTM(3)
            self.cell = rnn.ZoneoutCell(rnn.GRUCell(3), 0.2, 0.2)

        def forward(self, x):
            y, (h, _) = self.lstm(x, self.lstm.begin_state(x.shape[1]))
            outputs, states = self.cell.unroll(4, y, layout="TNC", merge_outputs=True)
            return outputs + h, states[0], self.lstm(x)

    net, x = Net(), normal(4, 2, 5)
    ready(net, x)
    expected = net(x)
    net.hybridize()
    for _ in range(3):
        for one, other in zip(net(x), expected, strict=True):
            np.testing.assert_allclose(one.asnumpy(), other.asnumpy(), rtol=1e-5, atol=1e-6)
