"""Graphs: order, inference, lowering, and what a legal graph is."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet import nd, sym
from mxnet.graph import json as graph_json
from mxnet.graph.lower import lower
from mxnet.graph.node import Node, topological


def check_legal(symbol: sym.Symbol) -> None:
    """What every graph obeys: inputs come first, indices exist, names of inputs fit the operator."""
    seen: set[Node] = set()
    for node in topological(symbol._heads):
        for entry in node.inputs:
            assert entry.node in seen
            count = 1 if entry.node.op is None else entry.node.op.num_outputs(entry.node.values)
            assert 0 <= entry.index < count
        if node.op is None:
            assert not node.inputs
        else:
            assert len(node.input_names()) == len(node.inputs)
        seen.add(node)


def perceptron() -> sym.Symbol:
    x = sym.var("data")
    hidden = sym.Activation(sym.FullyConnected(x, num_hidden=4, name="fc1"), act_type="relu", name="act")
    return sym.FullyConnected(hidden, num_hidden=2, name="fc2")


def test_order_puts_inputs_first_and_lists_shared_nodes_once():
    x = sym.var("x")
    shared = sym.exp(x, name="shared")
    graph = shared * shared + shared
    check_legal(graph)
    assert [n.name for n in topological(graph._heads)][:2] == ["x", "shared"]
    assert graph.list_arguments() == ["x"]


def test_deep_graphs_need_no_recursion():
    x = sym.var("x")
    for _ in range(5000):
        x = sym.relu(x)
    assert len(topological(x._heads)) == 5001
    again = sym.load_json(x.tojson())
    assert again.infer_shape(x=(2, 3))[1] == [(2, 3)]


def test_shapes_of_parameters_follow_from_the_data():
    arguments, outputs, aux = perceptron().infer_shape(data=(5, 3))
    assert arguments == [(5, 3), (4, 3), (4,), (2, 4), (2,)]
    assert outputs == [(5, 2)]
    assert aux == []
    assert sym.BatchNorm(sym.var("x"), name="bn").infer_shape(x=(2, 5, 3))[2] == [(5,), (5,)]


def test_unknown_shapes_warn_and_give_none():
    with pytest.warns(UserWarning, match="Cannot decide shape.*\n\tdata"):
        assert perceptron().infer_shape() == (None, None, None)
    assert perceptron().infer_shape_partial()[0] == [(), (), (), (), ()]


def test_contradicting_shapes_name_the_node():
    with pytest.raises(mx.MXNetError, match="fc1.*3 features per row, weight expects 9"):
        perceptron().infer_shape(data=(5, 3), fc1_weight=(4, 9))
    with pytest.raises(mx.MXNetError, match="nonsense not found"):
        perceptron().infer_shape(nonsense=(1,))


def test_lowered_graph_is_flat_python_and_computes_the_formula():
    rng = np.random.RandomState(0)
    shapes = perceptron().infer_shape(data=(5, 3))[0]
    values = {n: rng.normal(size=s) for n, s in zip(perceptron().list_arguments(), shapes, strict=True)}
    hidden = np.maximum(values["data"] @ values["fc1_weight"].T + values["fc1_bias"], 0)
    expected = hidden @ values["fc2_weight"].T + values["fc2_bias"]
    arrays = {n: nd.array(v, dtype="float64") for n, v in values.items()}
    (result,) = perceptron().eval(**arrays)
    np.testing.assert_allclose(result.asnumpy(), expected, rtol=1e-12)
    code = lower(perceptron()._heads).run.code
    assert code.count("fully_connected(") == 2
    assert "for " not in code


def test_eval_updates_auxiliary_states_when_training():
    x = np.random.RandomState(0).normal(size=(8, 3))
    arrays = {
        "x": nd.array(x, dtype="float64"),
        "bn_gamma": nd.ones(3, dtype="float64"),
        "bn_beta": nd.zeros(3, dtype="float64"),
        "bn_moving_mean": nd.zeros(3, dtype="float64"),
        "bn_moving_var": nd.ones(3, dtype="float64"),
    }
    graph = sym.BatchNorm(sym.var("x"), name="bn", momentum=0.5, eps=1e-5, axis=1)
    with mx.autograd.train_mode():
        graph.eval(**arrays)
    assert arrays["bn_moving_mean"].asnumpy().tolist() == [0, 0, 0]
    with mx.autograd.record():
        (result,) = graph.eval(**arrays)
    np.testing.assert_allclose(result.asnumpy(), (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5), rtol=1e-6)
    np.testing.assert_allclose(arrays["bn_moving_mean"].asnumpy(), 0.5 * x.mean(0), rtol=1e-6)
    np.testing.assert_allclose(arrays["bn_moving_var"].asnumpy(), 0.5 + 0.5 * x.var(0), rtol=1e-6)


def test_results_never_share_memory_with_inputs():
    x = nd.ones((2, 2))
    (same,) = sym.identity(sym.var("x")).eval(x=x)
    same[:] = 5
    assert x.asnumpy().tolist() == [[1, 1], [1, 1]]
    y = sym.exp(sym.var("x"))
    one, other = sym.Group([y, sym.identity(y)]).eval(x=x)
    one[:] = 5
    assert (other.asnumpy() < 3).all()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("no json", "not the JSON of a symbol"),
        ("[]", "not the JSON of a symbol"),
        ('{"nodes": [{"op": "null"}], "heads": []}', "node 0"),
        ('{"nodes": [{"op": "nonsense", "name": "a", "inputs": []}], "heads": [[0,0,0]]}', "no operator 'nonsense'"),
        ('{"nodes": [{"op": "exp", "name": "a", "inputs": [[0,0,0]]}], "heads": [[0,0,0]]}', "not an earlier node"),
        (sym.exp(sym.var("a")).tojson().replace("[[0, 0, 0]]", "[]", 1), "needs 1 inputs"),
        ('{"nodes": [{"op": "null", "name": "a", "inputs": []}], "heads": [[3,0,0]]}', "heads"),
        ('{"nodes": [{"op": "null", "name": "a", "inputs": []}], "heads": [[0,1,0]]}', "not an output 1"),
        (
            sym.FullyConnected(num_hidden=3).tojson().replace('"num_hidden": "3"', '"num_hidden": "many"'),
            "num_hidden.*must be an integer",
        ),
    ],
)
def test_illegal_json_is_refused_with_the_node(text, problem):
    with pytest.raises(mx.MXNetError, match=problem):
        graph_json.loads(text, "file.json")


def test_json_round_trip_keeps_everything():
    graph = sym.Group([perceptron(), sym.BatchNorm(sym.var("y", shape=(0, 4), lr_mult=2.0), name="bn")])
    again = sym.load_json(graph.tojson())
    check_legal(again)
    assert again.tojson() == graph.tojson()
    assert again.attr_dict() == graph.attr_dict()
    assert again.list_outputs() == graph.list_outputs()
    assert again.list_auxiliary_states() == ["bn_moving_mean", "bn_moving_var"]


def test_inference_computes_nothing(monkeypatch):
    """Operators run on the meta device: a graph of terabytes infers at once."""
    monkeypatch.setattr(torch.Tensor, "cpu", None)
    assert perceptron().infer_shape(data=(10**9, 10**6))[1] == [(10**9, 2)]


@pytest.mark.parametrize(
    "name",
    ["x\n    raise SystemExit", "__import__('os')", "a): pass #", "", "0", "lambda", "_rng", "torch", '"""'],
)
def test_names_are_never_code(name):
    """Lowering makes Python of a graph; a name in a file is no more than a name."""
    document = json.loads((mx.sym.var("data") * 2).tojson())
    document["nodes"][0]["name"] = document["nodes"][1]["name"] = name
    graph = mx.sym.load_json(json.dumps(document))
    np.testing.assert_array_equal(graph.eval(**{name: mx.nd.ones((2,))})[0].asnumpy(), [2, 2])
    block = mx.gluon.SymbolBlock(graph, mx.sym.var(name))
    for _ in range(3):
        np.testing.assert_array_equal(block(mx.nd.ones((2,))).asnumpy(), [2, 2])
