"""Whole networks as files, between here and Apache MXNet 1.9.1: graphs that it exported, and what is exported here.

What MXNet makes of our files is not tested here, since it takes MXNet: see tools/check_compatibility.py.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn

from . import exchange_nets

FOLDER = Path(__file__).parents[2] / "shared" / "reference" / "artifacts"
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())["cases"] if FOLDER.exists() else {}
NETS = ["mlp", "lenet_bn", "resblock", "emb_ln", "constnet", "gap_concat", "lstm_lm", "deconv"]
# emb_ln drops at random; deconv ends in SELU, whose gradient in MXNet finite differences do not confirm
TRAINED = [name for name in NETS if name not in ("emb_ln", "deconv")]
CLOSE = {"rtol": 1e-4, "atol": 1e-5}

recorded = pytest.mark.skipif(not FOLDER.exists(), reason="the files of MXNet are not beside this checkout")
each = pytest.mark.parametrize("name", NETS)
each_trained = pytest.mark.parametrize("name", TRAINED)


@pytest.fixture
def build():
    """The builders of MXNet's networks."""
    module = ModuleType("nets")
    exec(compile((FOLDER / "nets.py").read_text(), "nets.py", "exec"), vars(module))
    return lambda name: module.BUILD[name]()


def imported(prefix: Path, inputs: list[str], **kwargs: Any) -> gluon.SymbolBlock:
    return gluon.SymbolBlock.imports(f"{prefix}-symbol.json", inputs, f"{prefix}-0000.params", **kwargs)


def theirs(name: str) -> gluon.SymbolBlock:
    """A network that MXNet exported."""
    return imported(FOLDER / name, MANIFEST[name]["input_names"])


def saved(name: str) -> tuple[list[nd.NDArray], list[np.ndarray]]:
    """Inputs, and MXNet's outputs in prediction."""
    arrays = dict(np.load(FOLDER / f"{name}-io.npz"))
    inputs = [nd.array(arrays[k], dtype=arrays[k].dtype) for k in sorted(arrays) if k.startswith("in")]
    return inputs, [arrays[k] for k in sorted(arrays) if k.startswith("out")]


def flat(value: Any) -> list[nd.NDArray]:
    return [value] if isinstance(value, nd.NDArray) else [array for item in value for array in flat(item)]


def check(found: list[nd.NDArray], expected: list[np.ndarray]) -> None:
    for array, want in zip(found, expected, strict=True):
        np.testing.assert_allclose(array.asnumpy(), want, **CLOSE)


def check_training(values: dict[str, dict[str, np.ndarray]], name: str) -> None:
    """``values``: by kind ("grad", "after") and name of the parameter."""
    places = MANIFEST[name]["parameters"]
    count = 0
    for key, want in np.load(FOLDER / f"{name}-train.npz").items():
        kind, _, place = key.partition(":")
        if place:
            count += 1
            found = values[kind][places[place]["name"]]
            np.testing.assert_allclose(found, want.reshape(found.shape), err_msg=key, **CLOSE)
    assert count > 1


def graph(path: str | Path) -> dict[str, Any]:
    """The nodes, attributes, names and connections in a file.

    Left out: how many outputs a node has inside MXNet (``node_row_ptr``), and the third number of an input, which
    counts how often MXNet's tracing has changed a moving statistic.
    """
    document = json.loads(Path(path).read_text())
    for node in document["nodes"]:
        node["inputs"] = [item[:2] for item in node["inputs"]]
    return {key: document[key] for key in ("nodes", "arg_nodes", "heads", "attrs")}


# ---- what MXNet exported ---------------------------------------------------------------------------------------------


@recorded
@each
def test_an_import_predicts_the_same(name):
    net, (inputs, expected) = theirs(name), saved(name)
    for _ in range(4):  # recorded, replayed, folded
        check(flat(net(*inputs)), expected)
    variables = {*MANIFEST[name]["arguments"], *MANIFEST[name]["aux_states"]}
    assert {*net.collect_params()} == variables - {*MANIFEST[name]["input_names"]}


@recorded
@each_trained
def test_an_import_trains_the_same(name):
    net, (inputs, _) = theirs(name), saved(name)
    with autograd.record():
        loss = sum((out**2).mean() for out in flat(net(*inputs)))  # the rule in the manifest
    loss.backward()
    np.testing.assert_allclose(loss.asscalar(), np.load(FOLDER / f"{name}-train.npz")["loss"][0], rtol=1e-4)
    parameters = net.collect_params()
    gradients = {n: p.grad().asnumpy() for n, p in parameters.items() if p.grad_req != "null"}
    check_training({"grad": gradients, "after": {n: p.data().asnumpy() for n, p in parameters.items()}}, name)


@recorded
@each
def test_a_symbol_evaluates_the_same(name):
    symbol, arguments, states = mx.model.load_checkpoint(FOLDER / name, 0)
    inputs, expected = saved(name)
    given = dict(zip(MANIFEST[name]["input_names"], inputs, strict=True))
    check(symbol.eval(**given, **arguments, **states), expected)
    executor = symbol.bind(mx.cpu(), {**given, **arguments}, aux_states=states)
    check(executor.forward(), expected)


@recorded
@each_trained
def test_an_executor_trains_the_same(name):
    symbol, arguments, states = mx.model.load_checkpoint(FOLDER / name, 0)
    inputs, expected = saved(name)
    given = dict(zip(MANIFEST[name]["input_names"], inputs, strict=True))
    executor = symbol.simple_bind(mx.cpu(), **{key: array.shape for key, array in given.items()})
    executor.copy_params_from(arguments, states)
    check(executor.forward(is_train=False, **given), expected)
    outputs = executor.forward(is_train=True, **given)
    executor.backward([2 * out / out.size for out in outputs])
    gradients = {key: array.asnumpy() for key, array in executor.grad_dict.items()}
    check_training({"grad": gradients, "after": {k: a.asnumpy() for k, a in executor.aux_dict.items()}}, name)


@recorded
@each
def test_exporting_an_import_gives_the_same_files(name, tmp_path):
    for called in (False, True):
        net = theirs(name)
        if called:
            net(*saved(name)[0])
        net.export(tmp_path / "again")
        assert graph(tmp_path / "again-symbol.json") == graph(FOLDER / f"{name}-symbol.json")
        assert (tmp_path / "again-0000.params").read_bytes() == (FOLDER / f"{name}-0000.params").read_bytes()


@recorded
@each
def test_our_layers_hybridized_are_the_network_that_mxnet_exported(build, name, tmp_path):
    net, (inputs, expected) = build(name), saved(name)
    net.initialize()
    net.hybridize()
    net(*inputs)  # before the file tells the shapes: so MXNet did, and ``__shape__`` in the graph shows it
    net.load_parameters(FOLDER / MANIFEST[name]["files"]["save_parameters"])
    for _ in range(4):
        check(flat(net(*inputs)), expected)
    net.export(tmp_path / "ours")
    ours, mxnets = graph(tmp_path / "ours-symbol.json"), graph(FOLDER / f"{name}-symbol.json")
    if name == "constnet":  # names of constants' initializers are numbered by process
        for node in (*ours["nodes"], *mxnets["nodes"]):
            node.get("attrs", {}).pop("__init__", None)
    assert ours == mxnets
    assert (tmp_path / "ours-0000.params").read_bytes() == (FOLDER / f"{name}-0000.params").read_bytes()
    check(flat(imported(tmp_path / "ours", MANIFEST[name]["input_names"])(*inputs)), expected)


@recorded
@each_trained
def test_our_layers_hybridized_train_the_same(build, name):
    net, (inputs, _) = build(name), saved(name)
    net.load_parameters(FOLDER / MANIFEST[name]["files"]["export_params"])
    net.hybridize()
    with autograd.record():
        loss = sum((out**2).mean() for out in flat(net(*inputs)))
    loss.backward()
    names = {p: MANIFEST[name]["parameters"][place]["name"] for place, p in net._collect_params_with_prefix().items()}
    gradients = {n: p.grad().asnumpy() for p, n in names.items() if p.grad_req != "null"}
    check_training({"grad": gradients, "after": {n: p.data().asnumpy() for p, n in names.items()}}, name)


# ---- what is exported here -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", exchange_nets.NETS)
def test_a_network_comes_back(name, tmp_path):
    net, inputs = exchange_nets.filled(name), exchange_nets.inputs_of(name)
    expected = [array.asnumpy() for array in flat(net(*inputs))]
    net.hybridize()
    net(*inputs)
    net.export(tmp_path / "net")
    names = ["data"] if len(inputs) == 1 else ["data0", "data1"]
    block = imported(tmp_path / "net", names)
    check(flat(block(*inputs)), expected)
    block.export(tmp_path / "again")
    for end in ("-symbol.json", "-0000.params"):
        assert (tmp_path / f"again{end}").read_bytes() == (tmp_path / f"net{end}").read_bytes()
    gradients = []
    for array in inputs:
        array.attach_grad()
    for network in (exchange_nets.filled(name), block):
        with autograd.record():
            outputs = flat(network(*inputs))
        autograd.backward(outputs)
        gradients.append({n: p.grad().asnumpy() for n, p in network.collect_params().items() if p.grad_req != "null"})
    for key, value in gradients[0].items():
        np.testing.assert_allclose(gradients[1][key], value, err_msg=key, **CLOSE)


def test_constants_of_a_forward_are_parameters_in_files(tmp_path):
    net = exchange_nets.filled("overridden")
    net.hybridize()
    net(*exchange_nets.inputs_of("overridden"))
    net.export(tmp_path / "net")
    saved = nd.load(tmp_path / "net-0000.params")
    constants = [value.asnumpy().ravel().tolist() for key, value in saved.items() if "constant" in key]
    assert [0.5, 1, 1.5, 2, 2.5, 3] in constants
    assert "arg:overridden_shift" in saved
    assert "aux:overridden_batchnorm0_running_var" in saved


def test_the_number_of_inputs_is_in_the_file_even_if_it_is_one():
    class Net(nn.HybridBlock):
        def forward(self, x):
            return nd.concat(x, dim=1) + nd.add_n(x)

    net = Net()
    net.hybridize()
    net(nd.ones((2, 2)))
    counts = [node.get("attrs", {}).get("num_args") for node in json.loads(net._recorded.last.graph.tojson())["nodes"]]
    assert counts == [None, "1", "1", None]  # MXNet refuses the operators without


# ---- SymbolBlock -----------------------------------------------------------------------------------------------------


def sums(*names: str) -> gluon.SymbolBlock:
    """The sum of the input and of parameters, vectors of ones."""
    total = mx.sym.var("data")
    for name in names:
        total = total + mx.sym.var(name, shape=(2,))
    block = gluon.SymbolBlock(total, mx.sym.var("data"))
    block.initialize(mx.init.One())
    return block


@pytest.mark.parametrize(
    ("names", "places"),
    [
        (["net_a_weight", "net_a_bias"], ["weight", "bias"]),
        (["net_ax", "net_ay"], ["x", "y"]),
        (["weight1", "weight2"], ["1", "2"]),
        (["a", "b"], ["a", "b"]),
        (["net_x", "net_x_y"], ["", "_y"]),
    ],
)
def test_places_in_files_are_names_without_what_they_share(names, places, tmp_path):
    """As MXNet has them: files of networks with a SymbolBlock inside name its parameters so."""
    block = sums(*names)
    assert list(block._collect_params_with_prefix()) == places
    net = nn.HybridSequential()
    net.add(block)
    assert list(net._collect_params_with_prefix()) == [f"0.{place}" for place in places]
    net(nd.ones(2))
    net.save_parameters(tmp_path / "net.params")
    block.params[names[1]].set_data(nd.zeros(2))
    net.load_parameters(tmp_path / "net.params")
    assert block(nd.zeros(2)).asnumpy().tolist() == [2, 2]


def test_names_may_be_words_of_python_or_alike():
    names = ["self", "class", "torch", "a.b", "a_b", "_rng", "x", "x_1", "getattr", "é", "ﬁ", "fi", "1", "lambda"]
    block = sums(*names)
    for _ in range(4):
        assert block(nd.zeros(2)).asnumpy().tolist() == [len(names)] * 2


def test_variables_of_one_name_are_one_parameter():
    """MXNet's control flow writes such files."""
    first, second = mx.sym.var("w", shape=(2,)), mx.sym.var("w", shape=(2,))
    block = gluon.SymbolBlock((mx.sym.var("data") + first) * second, mx.sym.var("data"))
    block.initialize(mx.init.Constant(3))
    with autograd.record():
        out = block(nd.ones(2))
    out.backward()
    assert out.asnumpy().tolist() == [12, 12]
    assert block.params["w"].grad().asnumpy().tolist() == [7, 7]  # d/dw (1 + w) w


def test_a_block_may_be_used_twice():
    class Net(nn.HybridBlock):
        def __init__(self, block):
            super().__init__()
            self.block = block

        def hybrid_forward(self, F, x):
            return self.block(self.block(x) * 2)

    net = Net(sums("w"))
    net.hybridize()
    for _ in range(3):
        assert net(nd.ones(2)).asnumpy().tolist() == [5, 5]


def test_shapes_that_follow_from_a_call():
    """MXNet writes recurrent networks so: the first state has as many rows as the batch."""
    state = mx.sym.zeros((1, 0, 3))
    out = mx.sym.RNN(mx.sym.var("data"), mx.sym.var("w"), state, state_size=3, num_layers=1, mode="rnn_tanh", name="r")
    block = gluon.SymbolBlock(out, mx.sym.var("data"))
    block.initialize(mx.init.Constant(0.1))
    for batch in (2, 5, 2):
        x = nd.ones((4, batch, 6))
        expected = nd.RNN(
            x, nd.full((6 * 3 + 3 * 3 + 3 + 3,), 0.1), nd.zeros((1, batch, 3)),
            state_size=3, num_layers=1, mode="rnn_tanh",
        )  # fmt: skip
        np.testing.assert_allclose(block(x).asnumpy(), expected.asnumpy(), rtol=1e-6)
        found = out.eval(data=x, w=block.params["w"].data())[0]
        np.testing.assert_allclose(found.asnumpy(), expected.asnumpy(), rtol=1e-6)


def test_shapes_of_recurrent_parameters_follow_from_their_vector():
    """Gluon's recurrent layers: the weights are reshaped and joined, and RNN knows how long the vector is."""
    parts = [("i2h", (3, 0)), ("h2h", (3, 3)), ("i2h_bias", (3,)), ("h2h_bias", (3,))]
    flat = [mx.sym.reshape(mx.sym.var(name, shape=shape), shape=(-1,)) for name, shape in parts]
    vector = mx.sym._internal._rnn_param_concat(*flat, dim=0)
    out = mx.sym.RNN(
        mx.sym.var("data"), vector, mx.sym.zeros((1, 0, 3)), state_size=3, num_layers=1, mode="rnn_tanh", name="r"
    )
    bound = out.simple_bind(mx.cpu(), data=(4, 2, 6))
    assert bound.arg_dict["i2h"].shape == (3, 6)
    block = gluon.SymbolBlock(out, mx.sym.var("data"))
    block.initialize(mx.init.Constant(0.1))
    bound.copy_params_from({name: nd.full(bound.arg_dict[name].shape, 0.1) for name, _ in parts})
    x = nd.ones((4, 2, 6))
    np.testing.assert_allclose(block(x).asnumpy(), bound.forward(data=x)[0].asnumpy(), rtol=1e-6)
    assert block.params["i2h"].shape == (3, 6)


def test_dense_parts_of_a_graph_that_makes_sparse_arrays():
    a, b = mx.sym.var("a"), mx.sym.var("b")
    graph = mx.sym.Group([mx.sym.dot(a, a, forward_stype="csr"), b + 0])
    matrix, vector = graph.eval(a=nd.ones((2, 2)), b=nd.ones(1))
    assert matrix.stype == "csr"
    assert vector.asnumpy().tolist() == [1]


def test_inputs_keep_their_names_and_attributes(tmp_path):
    out = mx.sym.FullyConnected(
        mx.sym.var("x", __mark__="5"), mx.sym.var("data", shape=(2, 3)), no_bias=True, num_hidden=2, name="fc"
    )
    called = gluon.SymbolBlock(out, mx.sym.var("x"))
    called.initialize(mx.init.One())
    called(nd.ones((1, 3)))
    for block in (called, gluon.SymbolBlock(out, mx.sym.var("x"), params=called.params)):
        block.export(tmp_path / "net")
        again = mx.sym.load(f"{tmp_path}/net-symbol.json")
        assert again.list_arguments() == ["x", "data"]
        assert again.attr_dict()["x"] == {"__mark__": "5"}
        assert list(nd.load(tmp_path / "net-0000.params")) == ["arg:data"]
        assert block(nd.ones((1, 3))).asnumpy().tolist() == [[3, 3]]


def test_inputs_that_the_graph_does_not_have():
    block = gluon.SymbolBlock(mx.sym.var("x") * 2, [mx.sym.var("x"), mx.sym.var("unused")])
    assert block(nd.ones(2), nd.ones(5)).asnumpy().tolist() == [2, 2]
    with pytest.raises(ValueError, match="needs the inputs"):
        block(nd.ones(2))


def test_a_wrong_name_of_an_input(tmp_path):
    block = sums("w")
    block(nd.ones(2))
    block.export(tmp_path / "net")
    with pytest.raises(AssertionError, match="'data' is missing"):
        imported(tmp_path / "net", ["date"])
    with pytest.raises(RuntimeError, match="'data' has not been initialized"):
        gluon.SymbolBlock.imports(f"{tmp_path}/net-symbol.json", ["date"])(nd.ones(2))


def test_float16_leaves_batch_normalization_as_it_is():
    net = exchange_nets.filled("lenet")
    net.hybridize()
    net(*exchange_nets.inputs_of("lenet"))
    block = gluon.SymbolBlock(net._recorded.last.graph, mx.sym.var("data"))
    block.initialize()
    block.cast("float16")
    kinds = {name: np.dtype(p.dtype).name for name, p in block.collect_params().items()}
    assert all(kind == ("float32" if "batchnorm" in name else "float16") for name, kind in kinds.items())
    assert set(kinds.values()) == {"float16", "float32"}
    block.cast("float64")
    assert {np.dtype(p.dtype).name for p in block.collect_params().values()} == {"float64"}


def test_a_checkpoint_is_a_block(tmp_path):
    symbol, arguments, states, given = exchange_nets.checkpoint()
    expected = symbol.eval(**given, **arguments, **states)[0].asnumpy()
    mx.model.save_checkpoint(tmp_path / "some", 3, symbol, arguments, states)
    block = gluon.SymbolBlock.imports(
        str(tmp_path / "some-symbol.json"), ["data", "softmax_label"], str(tmp_path / "some-0003.params")
    )
    np.testing.assert_allclose(block(given["data"], given["softmax_label"]).asnumpy(), expected, rtol=1e-5)
    block.export(tmp_path / "again", 3)
    again = mx.model.load_checkpoint(tmp_path / "again", 3)
    assert again[0].tojson() == symbol.tojson()
    assert (tmp_path / "again-0003.params").exists()
    assert {**again[1], **again[2]}.keys() == {**arguments, **states}.keys()


def test_a_part_of_a_network(tmp_path):
    """The usual way to features: an inner output of an exported graph."""
    net = exchange_nets.filled("perceptron")
    x = exchange_nets.inputs_of("perceptron")[0]
    net.hybridize()
    net(x)
    net.export(tmp_path / "net")
    inner = mx.sym.load(f"{tmp_path}/net-symbol.json").get_internals()["perceptron_dense1_tanh_fwd_output"]
    block = gluon.SymbolBlock(inner, mx.sym.var("data"))
    block.load_parameters(tmp_path / "net-0000.params", ignore_extra=True)
    np.testing.assert_allclose(block(x).asnumpy(), net[1](net[0](x)).asnumpy(), rtol=1e-5)
    shutil.rmtree(tmp_path)  # nothing reads the files later
    assert block(x).shape == (5, 8)
