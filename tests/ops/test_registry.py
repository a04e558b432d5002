"""The registry: what is derived from one definition, and how wrong calls are told."""

from __future__ import annotations

import inspect
import json
import pickle
from pathlib import Path

import pytest

import mxnet as mx
from mxnet import nd, sym
from mxnet.ops import registry
from mxnet.ops.registry import Operator, OperatorError, operator

INVENTORY = Path(__file__).parents[3] / "shared" / "reference" / "ops.json"


def test_signature_and_documentation_are_the_definition():
    signature = inspect.signature(nd.FullyConnected)
    names = ["data", "weight", "bias", "num_hidden", "no_bias", "flatten", "out", "name", "kwargs"]
    assert list(signature.parameters) == names
    assert signature.parameters["flatten"].default is True
    assert "Affine map" in nd.FullyConnected.__doc__
    assert nd.FullyConnected.__name__ == "FullyConnected"
    assert list(inspect.signature(sym.FullyConnected).parameters)[:6] == names[:6]
    assert nd.NDArray.sum is nd.sum
    assert "sum" in dir(nd)
    assert "FullyConnected" in dir(mx.nd.op)


def test_a_definition_tells_inputs_attributes_and_surroundings_apart():
    def fn(data, weight=None, *, size: int, flag: bool = True, _train: bool = False): ...

    op = Operator("test_only", fn, needs={"weight": lambda flag, **_: flag})
    assert op.inputs == ("data", "weight")
    assert list(op.attributes) == ["size", "flag"]
    assert op.implicit == ("_train",)
    assert op.attributes["size"].required
    assert not op.attributes["flag"].required
    assert op.input_names({"size": 1}) == ("data", "weight")
    assert op.input_names({"size": 1, "flag": False}) == ("data",)


def test_names_are_unique():
    with pytest.raises(ValueError, match="'exp' is taken"):
        operator("exp")(lambda data: data)
    assert registry.get("ElementWiseSum") is registry.get("add_n")
    with pytest.raises(mx.MXNetError, match="no operator 'nonsense'"):
        registry.get("nonsense")
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        nd.nonsense  # noqa: B018


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: nd.sum(x, foo=3), "sum: unknown argument 'foo' .got 3.. Its arguments are: axis, keepdims, exclude"),
        (lambda x: nd.sum(x, axis="first"), "sum: argument 'axis' must be .*, but got 'first'"),
        (lambda x: nd.clip(x, 1), "clip: required argument 'a_max' .* is missing"),
        (lambda x: nd.Activation(x, act_type="swash"), "Activation: argument 'act_type' must be one of .*got 'swash'"),
        (lambda x: nd.dot(x, nd.ones((5, 5))), r"dot.*\nReceived: .*\(2, 3\) float32.*\(5, 5\) float32"),
        (lambda x: x + nd.ones((2, 3), dtype="int32"), "different dtypes: expected float32.*'rhs' is int32"),
        (lambda x: x + nd.ones((2, 3), ctx=mx.cpu(1)), r"one context, but cpu\(0\) and cpu\(1\)"),
        (lambda x: nd.sum(x, out=nd.ones(7)), r"out has shape \(7,\), the result has \(1,\)"),
    ],
)
def test_wrong_calls_name_the_operator_and_what_came(call, message):
    with pytest.raises(mx.MXNetError, match=message):
        call(nd.ones((2, 3)))


def test_arguments_that_are_no_arrays():
    with pytest.raises(AssertionError, match="sum: argument data must have NDArray type, but got list"):
        nd.sum([1, 2])
    with pytest.raises(OperatorError, match="sum: input 'data' is missing"):
        nd.sum()


def test_errors_pickle_and_name_their_block():
    error = OperatorError("dot", "no", "data (1,)")
    error.block = "dense0"
    again = pickle.loads(pickle.dumps(error))
    assert str(again).startswith("dot")
    assert str(error) == "dot in block 'dense0': no\nReceived: data (1,)."


@pytest.mark.skipif(not INVENTORY.exists(), reason="the inventory of MXNet's operators is not beside this checkout")
def test_definitions_agree_with_the_inventory():
    """Names, inputs, attributes and their order are MXNet's."""
    inventory = json.loads(INVENTORY.read_text())["operators"]
    wrong = []
    for op in registry.operators():
        record = inventory.get(op.name)
        if record is None:
            wrong.append(f"{op.name}: not an operator of MXNet")
            continue
        inputs = [a["name"] for a in record["args"] if a["role"] in ("input", "aux")]
        attributes = [a["name"] for a in record["args"] if a["role"] == "param"]
        ours = list(op.inputs) if not op.variadic else [op.variadic]
        if ours != inputs:
            wrong.append(f"{op.name}: inputs {ours}, MXNet's {inputs}")
        ours = [a for a in op.attributes if a in attributes or a != record["key_var_num_args"]]
        # The inventory lists _arange's arguments for _linspace; MXNet refuses those and wants num and endpoint.
        if ours != attributes and op.name != "_linspace":
            wrong.append(f"{op.name}: attributes {list(op.attributes)}, MXNet's {attributes}")
        stray = [a for a in op.aliases if a not in record["aliases"]]
        if stray:
            wrong.append(f"{op.name}: aliases that MXNet does not have: {stray}")
    assert not wrong, "\n".join(wrong)
