"""SymbolBlock: graphs as blocks, alone, in plain blocks, and as parts of recorded ones. Files: ``test_exchange.py``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn
from tests.gluon.pairs import MODES, Pair, Waves


def normal(*shape: int, seed: int = 0) -> nd.NDArray:
    return nd.array(np.random.RandomState(seed).normal(0, 1, shape))


def layers(F: Any, data: Any) -> Any:
    """Composed by hand, with parameters that are auxiliary states among them."""
    h = F.FullyConnected(data, num_hidden=4, name="net_first", flatten=False)
    h = F.BatchNorm(h, name="net_norm", fix_gamma=False, axis=-1)
    return F.Activation(h, act_type="tanh", name="net_act")


class Layers(gluon.HybridBlock):
    """The same by layers."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.first = nn.Dense(4, flatten=False, prefix="first_")
            self.norm = nn.BatchNorm(axis=-1, epsilon=1e-3, prefix="norm_")

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.tanh(self.norm(self.first(x)))


def composed() -> gluon.SymbolBlock:
    data = mx.sym.var("data")
    return gluon.SymbolBlock(layers(mx.sym, data), data)


def make(prefix: str, params: Any) -> gluon.HybridBlock:
    """The graph, and as its twin the layers."""
    if params is None:
        block = composed()
        states = ("net_norm_moving_mean", "net_norm_moving_var")
        assert [p.name for p in block.collect_params().values()][-2:] == list(states)
        return block
    renamed = gluon.ParameterDict(prefix)
    for name, parameter in params.items():
        parameter.init = None  # spelled otherwise in graphs; the layers set it
        renamed._params[name.replace("moving", "running")] = parameter
    return Layers(prefix=prefix, params=renamed)


class Around(gluon.HybridBlock):
    """A graph between layers, used twice."""

    def __init__(self, prefix: str, params: Any, forward: bool) -> None:
        super().__init__(prefix=prefix, params=None)
        self.graph = make("net_", params and params[0])
        self.dense = nn.Dense(5, flatten=False, prefix="dense_", params=params and params[1])
        self.uses_forward = forward

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        h = self.graph(x)
        return [self.dense(h) + 1, F.broadcast_mul(self.graph(self.dense(h)), h.sum())]


class AroundForward(Around):
    def forward(self, x: nd.NDArray) -> Any:
        return self.hybrid_forward(nd, x * x.shape[0])


@pytest.mark.parametrize("first", MODES)
def test_as_layers(first):
    pair = Pair(make)
    for mode in (first, *MODES, *MODES, *MODES):
        pair.check(normal(3, 5), mode=mode)
    for mode in MODES:
        pair.check(normal(2, 2, 5), mode=mode)


@pytest.mark.parametrize("kind", [Around, AroundForward])
@pytest.mark.parametrize("first", MODES)
def test_inside_other_blocks(kind, first):
    found: list[gluon.HybridBlock] = []

    def build(prefix: str, params: Any) -> gluon.HybridBlock:
        shared = [found[0].graph.collect_params(), found[0].dense.params] if found else None
        found.append(kind(prefix, shared, False))
        return found[-1]

    pair = Pair(build)
    for mode in (first, *MODES, *MODES):
        pair.check(normal(3, 5), mode=mode)
    pair.net.graph.collect_params()["net_first_weight"].data()[:] = 0.5
    for mode in MODES:
        pair.check(normal(3, 5), mode=mode)


@pytest.mark.filterwarnings("ignore:All children of this Sequential layer")
def test_inside_a_plain_block():
    net = nn.Sequential()
    net.add(composed(), nn.Dense(2))
    net.initialize(Waves())
    expected = nn.Sequential()
    expected.add(make("net_", net[0].collect_params()), nn.Dense(2, params=net[1].params))
    net.hybridize()
    x = normal(3, 5)
    for _ in range(4):
        np.testing.assert_allclose(net(x).asnumpy(), expected(x).asnumpy(), rtol=1e-5, atol=1e-6)


def test_hybridize_false_leaves_a_graph():
    net = composed()
    net.initialize(Waves())
    x = normal(3, 5)
    expected = net(x).asnumpy()
    for active in (True, False, True):
        net.hybridize(active)
        np.testing.assert_allclose(net(x).asnumpy(), expected, rtol=1e-6)
        net.collect_params()["net_first_bias"].data()[:] += 1
        assert (net(x).asnumpy() != expected).any()
        net.collect_params()["net_first_bias"].data()[:] -= 1


def test_statistics_never_get_gradients():
    """Even where everything is set to be trained, as for fine-tuning."""
    net = composed()
    net.initialize(Waves())
    net.collect_params().setattr("grad_req", "add")
    with autograd.record():
        loss = net(normal(3, 5)).sum()
    loss.backward()
    requests = {name: p.grad_req for name, p in net.collect_params().items()}
    assert [n for n, r in requests.items() if r == "null"] == ["net_norm_moving_mean", "net_norm_moving_var"]


# ---- inputs and outputs ----------------------------------------------------------------------------------------------

x, y = mx.sym.var("x"), mx.sym.var("y")


@pytest.mark.parametrize(
    ("outputs", "shape"),
    [
        (x + y, "array"),
        ([x + y], "array"),
        ([x * 2, x + y], ["array", "array"]),
        (mx.sym.Group([x * 2, x + y]), ["array", "array"]),
        ([x * 2, [x + y, (y,)]], ["array", ["array", ("array",)]]),
        (mx.sym.split(x + y, num_outputs=2, axis=1), ["array", "array"]),
    ],
)
def test_outputs(outputs, shape):
    def form(value: Any) -> Any:
        return "array" if isinstance(value, nd.NDArray) else type(value)(map(form, value))

    block = gluon.SymbolBlock(outputs, [x, y])
    for seed in range(4):
        a, b = normal(2, 2, seed=seed), normal(2, 2, seed=seed + 10)
        results = block(a, b)
        assert form(results) == shape
        a.attach_grad()
        with autograd.record():
            results = block(a, b)
        flat = list(gluon.block.nested.items(results))
        autograd.backward([r for r in flat if r._graph is not None])
        assert (a.grad.asnumpy() != 0).all()


def test_the_order_of_inputs():
    a, b = nd.array([5.0]), nd.array([3.0])
    assert gluon.SymbolBlock(x - y, [x, y])(a, b).asscalar() == 2
    assert gluon.SymbolBlock(x - y, [y, x])(a, b).asscalar() == -2
    assert gluon.SymbolBlock(x * 2, [y, x])(a, b).asscalar() == 6


def test_a_variable_that_is_not_an_input_is_a_parameter():
    block = gluon.SymbolBlock(mx.sym.broadcast_add(x, y), x)
    assert list(block.collect_params()) == ["y"]
    block.collect_params()["y"].shape = (1, 2)
    block.initialize(mx.init.One())
    assert block(nd.zeros((2, 2))).asnumpy().tolist() == [[1, 1], [1, 1]]
    with pytest.raises(RuntimeError, match="has not been initialized"):
        gluon.SymbolBlock(mx.sym.broadcast_add(x, y), x)(nd.zeros((2, 2)))


def test_symbols():
    block = composed()
    out = block(mx.sym.var("other"))
    assert out.list_arguments()[0] == "other"
    assert out.list_auxiliary_states() == ["net_norm_moving_mean", "net_norm_moving_var"]


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((nd.ones(1),), ValueError, r"needs the inputs \['x', 'y'\]"),
        ((nd.ones(1), nd.ones(1), nd.ones(1)), ValueError, r"needs the inputs \['x', 'y'\]"),
        ((nd.ones(1), None), ValueError, r"\(NDArray, NoneType\)"),
        ((nd.ones(1), 3), ValueError, r"\(NDArray, int\)"),
        ((nd.ones(1), np.ones(1)), ValueError, "NDArray"),
        ((3, nd.ones(1)), AssertionError, "requires the first input to be a Symbol or an NDArray, but got 3"),
        ((np.ones(1), nd.ones(1)), AssertionError, "requires the first input to be a Symbol or an NDArray"),
        ((None, nd.ones(1)), (AssertionError, ValueError), "symbolblock"),
        ((nd.ones(1), mx.sym.var("z")), mx.MXNetError, r"\(NDArray, Symbol\)"),
        ((nd.ones(2), nd.ones(3)), mx.MXNetError, "elemwise_add|_plus"),
        ((nd.ones(2), nd.ones(2, ctx=mx.cpu(1))), mx.MXNetError, "context"),
        ((nd.ones(2), nd.ones(2, dtype="int32")), mx.MXNetError, "dtypes"),
    ],
)
def test_wrong_inputs(args, error, message):
    block = gluon.SymbolBlock(x + y, [x, y])
    for _ in range(2):
        with pytest.raises(error, match=message):
            block(*args)
        assert block(nd.ones(1), nd.ones(1)).asscalar() == 2


@pytest.mark.parametrize(
    ("outputs", "inputs", "error"),
    [(x * 2, [x * 1], AssertionError), (x * 2, mx.sym.Group([x, y]), AssertionError), (x * 2, "x", ValueError),
     ("x", [x], ValueError), (x * 2, [nd.ones(1)], ValueError), (nd.ones(1), [x], ValueError)],
)  # fmt: skip
def test_wrong_graphs(outputs, inputs, error):
    with pytest.raises(error):
        gluon.SymbolBlock(outputs, inputs)


def test_it_has_no_hybrid_forward():
    with pytest.raises(NotImplementedError):
        composed().hybrid_forward(nd, nd.ones(1))


# ---- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [True, False])
def test_export_and_import(values, tmp_path):
    """What a hybridized network exports is the same network again, and learns like it."""
    net = Layers(prefix="net_")
    net.initialize(Waves())
    net.hybridize()
    data = normal(3, 5)
    expected = net(data).asnumpy()
    net.export(str(tmp_path / "net"), 7)
    path = str(tmp_path / "net-0007.params") if values else None
    block = gluon.SymbolBlock.imports(str(tmp_path / "net-symbol.json"), ["data"], path)
    if not values:
        with pytest.raises(RuntimeError, match="has not been initialized"):
            block(data)
        block.load_parameters(str(tmp_path / "net-0007.params"))
    np.testing.assert_allclose(block(data).asnumpy(), expected, rtol=1e-6)
    for each in (net, block):
        trainer = gluon.Trainer(each.collect_params(), "sgd", {"learning_rate": 0.1})
        for _ in range(3):
            with autograd.record():
                loss = (each(data) ** 2).sum()
            loss.backward()
            trainer.step(3)
    np.testing.assert_allclose(block(data).asnumpy(), net(data).asnumpy(), rtol=1e-4, atol=1e-6)
    block.save_parameters(str(tmp_path / "again.params"))
    block.export(str(tmp_path / "again"))
    again = gluon.SymbolBlock.imports(str(tmp_path / "again-symbol.json"), "data", str(tmp_path / "again-0000.params"))
    np.testing.assert_allclose(again(data).asnumpy(), block(data).asnumpy(), rtol=1e-6)
    again.initialize(mx.init.Zero(), force_reinit=True)
    again.load_parameters(str(tmp_path / "again.params"))
    np.testing.assert_allclose(again(data).asnumpy(), block(data).asnumpy(), rtol=1e-6)
