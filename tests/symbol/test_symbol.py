"""Symbol: names, composition, attributes, files. Expected answers were asked of MXNet 1.9.1."""

from __future__ import annotations

import copy
import pickle

import pytest

import mxnet as mx
from mxnet import nd, sym


@pytest.fixture
def ab():
    """Two variables, with names counted from 0."""
    with mx.name.NameManager():
        yield sym.var("a"), sym.var("b")


@pytest.mark.parametrize(
    ("make", "name", "op"),
    [
        (lambda a, b: a + b, "_plus0", "elemwise_add"),
        (lambda a, b: a - 1, "_minusscalar0", "_minus_scalar"),
        (lambda a, b: 1 - a, "_rminusscalar0", "_rminus_scalar"),
        (lambda a, b: a * b, "_mul0", "elemwise_mul"),
        (lambda a, b: -a, "_mulscalar0", "_mul_scalar"),
        (lambda a, b: a / b, "_div0", "elemwise_div"),
        (lambda a, b: a**2, "_powerscalar0", "_power_scalar"),
        (lambda a, b: a % b, "_mod0", "_mod"),
        (lambda a, b: a > b, "_greater0", "_greater"),
        (lambda a, b: a == b, "_equal0", "_equal"),
        (lambda a, b: abs(a), "abs0", "abs"),
        (lambda a, b: sym.maximum(a, 2), "_maximumscalar0", "_maximum_scalar"),
        (lambda a, b: sym.concat(a, b, dim=1), "concat0", "Concat"),
        (lambda a, b: a.sum(axis=1), "sum0", "sum"),
        (lambda a, b: a.reshape((1, 2)), "reshape0", "Reshape"),
        (lambda a, b: a.astype("float16"), "cast0", "Cast"),
        (lambda a, b: sym.zeros((2, 3)), "_zeros0", "_zeros"),
        (lambda a, b: sym.Dropout(a), "dropout0", "Dropout"),
    ],
)
def test_names_and_operators_as_in_mxnet(ab, make, name, op):
    symbol = make(*ab)
    assert symbol.name == name
    assert symbol._heads[0].node.op.name == op
    assert repr(symbol) == f"<Symbol {name}>"


def test_inputs_that_are_not_given_become_variables(ab):
    fc = sym.FullyConnected(ab[0], num_hidden=3)
    assert fc.list_arguments() == ["a", "fullyconnected0_weight", "fullyconnected0_bias"]
    assert sym.FullyConnected(ab[0], num_hidden=3, no_bias=True, name="fc").list_arguments() == ["a", "fc_weight"]
    bn = sym.BatchNorm(ab[0])
    assert bn.list_arguments() == ["a", "batchnorm0_gamma", "batchnorm0_beta"]
    assert bn.list_auxiliary_states() == ["batchnorm0_moving_mean", "batchnorm0_moving_var"]
    assert bn.attr_dict()["batchnorm0_moving_var"] == {"__init__": '["one", {}]'}


def test_outputs_groups_and_indexing(ab):
    parts = sym.split(ab[0], num_outputs=2)
    assert parts.list_outputs() == ["split0_output0", "split0_output1"]
    assert [p.list_outputs() for p in parts] == [["split0_output0"], ["split0_output1"]]
    group = sym.Group([ab[0], parts[1]])
    assert group.name is None
    assert repr(group) == "<Symbol group [a, split0]>"
    assert group["split0_output1"].list_outputs() == ["split0_output1"]
    with pytest.raises(ValueError, match="no output named 'z'"):
        group["z"]
    with pytest.raises(IndexError):
        group[2]
    with pytest.raises(TypeError):
        sym.Group([3])


def test_composition_replaces_variables(ab):
    fc = sym.FullyConnected(ab[0], num_hidden=3, name="fc")
    composed = fc(a=sym.exp(ab[1], name="e"))
    assert composed.list_arguments() == ["b", "fc_weight", "fc_bias"]
    assert fc.list_arguments() == ["a", "fc_weight", "fc_bias"]
    assert fc.get_internals().list_outputs() == ["a", "fc_weight", "fc_bias", "fc_output"]
    assert repr(fc.get_children()) == "<Symbol group [a, fc_weight, fc_bias]>"
    with pytest.raises(mx.MXNetError, match="no variable 'z'"):
        fc(z=ab[1])


def test_variable_attributes():
    x = sym.var("x", shape=(1, 2), dtype="float16", lr_mult=2, init=mx.init.One(), __foo__="bar")
    expected = {"__init__": '["one", {}]', "__foo__": "bar", "__dtype__": "2", "__lr_mult__": "2", "lr_mult": "2",
                "__shape__": "(1, 2)"}  # fmt: skip
    assert x.attr_dict() == {"x": expected}
    assert x.attr("__foo__") == "bar"
    with pytest.raises(ValueError, match="name=foo is not supported"):
        sym.var("x", foo="bar")
    with pytest.raises(TypeError):
        sym.var(3)


def test_scopes_of_names_and_attributes(ab):
    with mx.name.Prefix("p_"):
        assert sym.exp(ab[0]).name == "p_exp0"
        assert sym.FullyConnected(ab[0], num_hidden=2).list_arguments()[1] == "p_fullyconnected0_weight"
    with mx.AttrScope(__group__="x"):
        assert sym.exp(ab[0], name="q").attr_dict() == {"q": {"__group__": "x"}}


def test_types():
    fc = sym.FullyConnected(sym.var("a"), num_hidden=3, name="fc")
    arguments, outputs, _ = fc.infer_type(a="float64")
    assert [t.__name__ for t in arguments + outputs] == ["float64"] * 4
    assert sym.cast(fc, dtype="int32").infer_type(a="float32")[1][0].__name__ == "int32"


def test_symbols_hold_no_values(ab):
    with pytest.raises(mx.base.NotImplementedForSymbol):
        bool(ab[0])
    with pytest.raises(AssertionError, match="must be Symbol"):
        sym.exp(nd.ones(2))
    with pytest.raises(ValueError, match="`b` is missing"):
        (ab[0] + ab[1]).eval(a=nd.ones(2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda a, b: sym.FullyConnected(a, b, a, num_hidden=3, no_bias=True),
            "FullyConnected: input 'bias' is not used",
        ),
        (lambda a, b: sym.softmax(a, b), "softmax: input 'length' is not used"),
        (lambda a, b: sym.LeakyReLU(a, b, act_type="leaky"), "LeakyReLU: input 'gamma' is not used"),
        (lambda a, b: sym.exp(sym.split(a, num_outputs=2)), "exp: input 'data' must have one output.*has 2"),
        (lambda a, b: sym.concat(sym.split(a, num_outputs=2), b), r"Concat: input 'arg0' must have one output"),
        (lambda a, b: sym.exp(a)(a=sym.Group([a, b])), "a must have one output"),
        (lambda a, b: sym.FullyConnected(a, num_hidden=3, size=3), "unknown argument 'size'"),
    ],
)
def test_inputs_that_an_operator_would_ignore_are_refused(ab, make, message):
    with pytest.raises(mx.MXNetError, match=message):
        make(*ab)


def test_two_symbols_do_not_broadcast(ab):
    with pytest.raises(mx.MXNetError, match=r"\(2, 1\) and \(2, 3\)"):
        (ab[0] + ab[1]).eval(a=nd.ones((2, 1)), b=nd.ones((2, 3)))
    assert sym.broadcast_add(*ab).eval(a=nd.ones((2, 1)), b=nd.ones((2, 3)))[0].shape == (2, 3)


def test_files_and_pickles(ab, tmp_path):
    graph = sym.FullyConnected(ab[0], num_hidden=3, name="fc")
    path = str(tmp_path / "net-symbol.json")
    graph.save(path)
    for again in (sym.load(path), pickle.loads(pickle.dumps(graph)), copy.deepcopy(graph)):
        assert again.tojson() == graph.tojson()
    with pytest.raises(mx.MXNetError, match="missing.json"):
        sym.load(str(tmp_path / "missing.json"))
    with pytest.raises(TypeError):
        sym.load(3)
