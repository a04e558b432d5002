"""The registry: what is derived from one definition, and how wrong calls are told."""

from __future__ import annotations

import inspect
import json
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd, sym
from mxnet.ndarray.face import face as eager
from mxnet.ops import registry
from mxnet.ops.registry import Operator, OperatorError, operator
from mxnet.symbol.face import face as graph

from .registered import ELSEWHERE, NAMES, operator_name
from .samples import Array, Sample
from .samples.golden import FOLDER
from .samples.mixed import first_samples, mix
from .test_ops import ERRORS, SAMPLES, arrays, call


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


# ---- wrong calls of every operator, generated ------------------------------------------------------------------------


def plain_samples() -> dict[str, Sample]:
    """By name in the registry, a sample that calls the operator itself, with the most input arrays."""
    table: dict[str, Sample] = {}
    for sample in SAMPLES:
        name = operator_name(sample)
        module = sample.operator.partition(".")[0]
        direct = sample.pure or sample.operator in NAMES or module in ("contrib", "image", "linalg")
        if name is None or not direct or not all(isinstance(x, Array) for x in sample.inputs):
            continue
        if name not in table or len(sample.inputs) > len(table[name].inputs):
            table[name] = sample
    return table


PLAIN = plain_samples()


def each(names: Iterable[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", list(names))


def fixed(names: Iterable[str]) -> list[str]:
    """Those that take a fixed number of inputs, and some."""
    return [n for n in names if registry.get(n).inputs]


def refused(name: str, inputs: list | dict, attrs: dict, *words: Any, face: Any = eager) -> None:
    """The call is an MXNetError that names the operator and says all of the words."""
    keywords = inputs if isinstance(inputs, dict) else {}
    with pytest.raises(mx.MXNetError) as caught:
        face(name)(*(inputs if isinstance(inputs, list) else ()), **keywords, **attrs)
    text = str(caught.value)
    assert not [word for word in (name, *words) if str(word) not in text], text


def symbols(sample: Sample) -> list:
    return [mx.sym.Variable(f"in{i}") for i in range(len(sample.inputs))]


def test_every_operator_is_called_wrongly():
    assert not {op.name for op in registry.operators()} - PLAIN.keys() - ELSEWHERE.keys()


def test_operators_without_samples_are_proved_elsewhere():
    for name, file in ELSEWHERE.items():
        text = (Path(__file__).parents[1] / file).read_text("utf-8")
        assert name.removeprefix("_contrib_").removeprefix("_sparse_").lstrip("_") in text, f"{file} lacks {name}"


@each(PLAIN)
def test_unknown_attribute(name):
    sample = PLAIN[name]
    known = [n for n in registry.get(name).attributes if not (registry.get(name).variadic and n == "num_args")]
    refused(name, arrays(sample), {**sample.attrs, "nonsense": 2.75}, "'nonsense'", 2.75, *known)
    if sample.symbol:
        refused(name, symbols(sample), {**sample.attrs, "nonsense": 2.75}, "'nonsense'", 2.75, face=graph)


@each(PLAIN)
def test_attribute_of_the_wrong_type(name):
    """Text that means nothing to the attribute's type; what is expected is told. Attributes that are text take any."""
    op, sample = registry.get(name), PLAIN[name]
    for key, attribute in op.attributes.items():
        if attribute.annotation in (str, str | None) or (op.variadic and key == op.count):
            continue
        try:
            attribute.parse("~wrong~")
        except ValueError as error:
            expected = f"must be {error}, but got '~wrong~'"
        refused(name, arrays(sample), {**sample.attrs, key: "~wrong~"}, repr(key), expected)
        if sample.symbol:
            refused(name, symbols(sample), {**sample.attrs, key: "~wrong~"}, repr(key), expected, face=graph)


@each(PLAIN)
def test_required_attribute_is_missing(name):
    sample = PLAIN[name]
    for key, attribute in registry.get(name).attributes.items():
        if attribute.required and key in sample.attrs:
            attrs = {k: v for k, v in sample.attrs.items() if k != key}
            refused(name, arrays(sample), attrs, repr(key), "is missing")


@each(fixed(PLAIN))
def test_too_few_inputs(name):
    op, sample = registry.get(name), PLAIN[name]
    given = dict(zip(op.inputs, arrays(sample), strict=False))
    for key in given:
        if key not in op.optional:
            rest = {k: v for k, v in given.items() if k != key}
            refused(name, rest, sample.attrs, repr(key), "is missing")


@each(fixed(PLAIN))
def test_too_many_arguments(name):
    """Python itself says how many there may be: the faces have true signatures."""
    given = [nd.ones((1,))] * 40
    with pytest.raises(TypeError, match=r"^\w+\(\) takes (from \d+ to )?\d+ positional arguments but 40 were given"):
        eager(name)(*given)


@each(n for n in fixed(PLAIN) if registry.get(n).attributes)
def test_array_in_the_place_of_an_attribute(name):
    """One array too many is taken for the first attribute."""
    op, sample = registry.get(name), PLAIN[name]
    key, attribute = next(iter(op.attributes.items()))
    if attribute.annotation in (str, str | None, bool) or len(sample.inputs) < len(op.inputs):
        return
    attrs = {k: v for k, v in sample.attrs.items() if k != key}
    refused(name, [*arrays(sample), nd.ones((2, 2))], attrs, repr(key), "NDArray 2x2")


@each(PLAIN)
def test_no_arrays(name):
    """A list, a number or NumPy's array where an NDArray is wanted is an AssertionError, as in MXNet."""
    op, sample = registry.get(name), PLAIN[name]
    for i in range(len(sample.inputs)):
        for wrong in ([1.0], 1.0, np.ones(2)):
            if op.variadic and len(sample.inputs) == 1:
                continue
            inputs = arrays(sample)
            inputs[i] = wrong
            expected = f"{name}: argument .* must have NDArray type, but got {type(wrong).__name__}"
            with pytest.raises(AssertionError, match=expected):
                eager(name)(*inputs, **sample.attrs)


@each(n for n in PLAIN if len(PLAIN[n].inputs) > 1)
def test_inputs_on_different_contexts(name):
    sample = PLAIN[name]
    for i in range(len(sample.inputs)):
        inputs = arrays(sample)
        inputs[i] = inputs[i].as_in_context(mx.cpu(1))
        refused(name, inputs, sample.attrs, "one context", "cpu(0)", "cpu(1)", "as_in_context")


# ---- different dtypes ------------------------------------------------------------------------------------------------

MIXED = json.loads((FOLDER / "mixed_dtypes.json").read_text("utf-8"))
MIXABLE = first_samples(SAMPLES)
FRESH = [name for name, sample in MIXABLE.items() if MIXED.get(name, {}).get("sample") == sample.id]

# Operators as called -> why they compute where MXNet refuses.
_INDEX = "the inputs are indices and values, which have dtypes of their own; any go together"
ACCEPTED = {
    **dict.fromkeys("CTCLoss ctc_loss contrib.CTCLoss contrib.ctc_loss".split(), "labels may have any dtype"),
    **dict.fromkeys("_onehot_encode onehot_encode fill_element_0index _scatter_set_nd".split(), _INDEX),
    "mp_lamb_update_phase2": "weights in two precisions are what it is for; any go together",
    **dict.fromkeys(
        "preloaded_multi_sgd_update preloaded_multi_sgd_mom_update preloaded_multi_mp_sgd_update "
        "preloaded_multi_mp_sgd_mom_update".split(),
        "rates in float64 are as good",
    ),
    **dict.fromkeys(
        "BatchNorm contrib.SyncBatchNorm contrib.BatchNormWithReLU".split(),
        "gamma may be wider than the data, as the statistics are",
    ),
    "multi_all_finite": "each array is looked at by itself",
    "amp_multicast": "float64 is one more float to cast between",
}


def accepted(sample: Sample, name: str) -> bool:
    """Whether the operator is one of those that accept more than MXNet, and does so in this call."""
    if name not in ACCEPTED:
        return False
    try:
        call(sample, arrays(sample), sample.train)
    except mx.MXNetError:
        return False
    return True


@each(name for name in FRESH if name in ACCEPTED)
def test_what_is_accepted_beyond_mxnet(name):
    """Each of the table accepts some call that MXNet refuses, else it has no place there."""
    refusals = [int(n) for n, answer in MIXED[name].items() if n != "sample" and answer is not None]
    assert any(accepted(mix(MIXABLE[name], number), name) for number in refusals)


@each(FRESH)
def test_inputs_of_different_dtypes(name):
    """Where MXNet refuses, an MXNetError that names operator, input, expected and received dtype; else it computes."""
    for number, answer in ((int(n), a) for n, a in MIXED[name].items() if n != "sample"):
        sample = mix(MIXABLE[name], number)
        if answer is None or accepted(sample, name):
            call(sample, arrays(sample), sample.train)
            continue
        with pytest.raises(mx.MXNetError) as caught:
            call(sample, arrays(sample), sample.train)
        text = str(caught.value)
        assert "float32" in text, text
        assert "float64" in text, text
        assert name not in NAMES or text.startswith(registry.get(name).name), text


def test_mixed_dtypes_are_recorded():
    assert sorted(FRESH) == sorted(MIXABLE) == sorted(MIXED), "run tools/record_mixed.py"


# ---- samples are enough ----------------------------------------------------------------------------------------------

# Operators without an error sample of their own, and why.
NO_ERRORS: dict[str, str] = {}


def simple(op: registry.Operator) -> bool:
    """One input and no attributes: no call is wrong but those that were generated above."""
    return len(op.inputs) == 1 and not op.attributes


def test_every_operator_has_an_error_sample():
    wrong = {operator_name(s) for s in ERRORS}
    without = {op.name for op in registry.operators() if op.name not in wrong and not simple(op)} - ELSEWHERE.keys()
    assert without == NO_ERRORS.keys()


INDICES = frozenset("axis axes axis1 axis2 dim dim1 dim2 begin end k start offset rhs_axes lhs_axes".split())


def edge(sample: Sample) -> bool:
    """Whether a sample is at an edge: an axis of size 0 or 1, another dtype than float32, a negative axis or index,
    values chosen by hand (zeros, NaN, infinity, ties, ends of a range); without inputs, a 1, a 0, a negative number.
    """
    for x in sample.inputs:
        if isinstance(x, Array) and (x.dtype != "float32" or x.values is not None or not x.shape or min(x.shape) < 2):
            return True
    for key, value in sample.attrs.items():
        numbers = value if isinstance(value, (tuple, list)) else (value,)
        if key in INDICES and any(isinstance(n, int) and n < 0 for n in numbers):
            return True
        if key.endswith("dtype") and value not in ("float32", None):
            return True
        if not sample.inputs and any(isinstance(n, (int, float)) and n <= 1 for n in numbers):
            return True
    return False


def test_every_operator_has_an_edge_sample():
    at_edges = {operator_name(s) for s in SAMPLES if edge(s)}
    assert not {op.name for op in registry.operators()} - at_edges - ELSEWHERE.keys()
