"""Dtypes: what operators say of them, held against MXNet, against what they compute, and in whole graphs."""

from __future__ import annotations

import json

import numpy as np
import pytest

import mxnet as mx
from mxnet import dtypes, nd, sym
from mxnet.dtypes import DType
from mxnet.graph.infer import infer_types
from mxnet.graph.node import inputs_of, topological
from mxnet.ops.signatures import solve
from tests.ops.samples import FAMILIES, Array

from .type_cases import GOLDEN, NAMES, cases, symbol

ANSWERS = json.loads(GOLDEN.read_text("utf-8"))
LETTERS = {name: letter for letter, name in NAMES.items()}
# Which output follows which input is known only when all inputs are: MXNet tells some, and other ones later.
UNLIKE = {"amp_multicast 2": {"e-", "d-", "i-", "-d", "-i"}}


def answer(graph: sym.Symbol, question: str) -> str:
    """In the notation of the golden answers."""
    names = graph.list_arguments()
    given = {n: dtypes.resolve(NAMES[letter]) for n, letter in zip(names, question, strict=True) if letter != "-"}
    found = infer_types(graph._heads, given)
    arguments, states = inputs_of(topological(graph._heads))
    parts = (
        [found[n][0] for n in arguments],
        [found[e.node][e.index] for e in graph._heads],
        [found[n][0] for n in states],
    )
    return ",".join("".join("-" if t is None else LETTERS[t.name] for t in part) for part in parts)


@pytest.mark.parametrize("family", FAMILIES)
def test_operators_say_what_mxnet_says(family):
    """Where MXNet knows a dtype, so do we, and the same one. Where it refuses, some operators take more here, and
    others need less.
    """
    for name, sample in cases(family).items():
        graph = symbol(sample, mx)
        for pair in ANSWERS.get(name, "").split():
            question, expected = pair.split(":")
            if expected == "!" or question in UNLIKE.get(name, ()):
                continue
            got = answer(graph, question)
            same = [a == b or b == "-" for a, b in zip(got, expected, strict=True)]
            assert all(same), f"{name}: {question} gives {expected}, not {got}"


@pytest.mark.parametrize("family", FAMILIES)
def test_operators_compute_what_they_say(family):
    for name, sample in cases(family).items():
        graph = symbol(sample, mx)
        given = {f"x{i}": dtypes.resolve(x.dtype) for i, x in enumerate(sample.inputs) if isinstance(x, Array)}
        found = infer_types(graph._heads, given)
        said = [found[head.node][head.index] for head in graph._heads]
        arrays = [nd.array(x, dtype=x.dtype) if isinstance(x, np.ndarray) else x for x in sample.arrays()]
        with mx.autograd.train_mode() if sample.train else mx.autograd.predict_mode():
            results = sample.run(nd, arrays)
        assert [d and d.numpy for d in said] == [r.dtype for r in results][: len(said)], name


def types_of(graph: sym.Symbol, **given: str) -> dict[str, str | None]:
    """Dtypes of all nodes' first outputs, by name of node."""
    found = infer_types(graph._heads, {name: dtypes.resolve(dtype) for name, dtype in given.items()})
    return {node.name: types[0].name if types and types[0] else None for node, types in found.items()}


def test_what_is_known_of_a_result_is_known_of_the_inputs():
    """As MXNet 1.9.1 answers."""
    x, y = sym.var("x"), sym.var("y")
    assert types_of(sym.exp(sym.sqrt(x)) + y, y="float16")["x"] == "float16"
    dense = sym.FullyConnected(sym.var("data"), num_hidden=3, name="fc")
    assert types_of(dense, fc_bias="float64") == dict.fromkeys(("data", "fc_weight", "fc_bias", "fc"), "float64")
    assert list(types_of(sym.cast(x, dtype="int32") + y).values()) == [None, "int32", "int32", "int32"]
    assert set(types_of(sym.exp(x)).values()) == {None}


def test_declared_dtypes_and_given_ones():
    x = sym.var("x", dtype="float16")
    assert types_of(x + sym.var("y"))["y"] == "float16"
    assert types_of(x + sym.var("y"), x="float64")["y"] == "float64"
    broken = sym.var("x", __dtype__="float32")
    assert types_of(sym.exp(broken), x="int8")["x"] == "int8"
    with pytest.raises(mx.MXNetError, match="variable 'x': __dtype__ must be the number of a dtype, not 'float32'"):
        types_of(sym.exp(broken))


def test_a_network_in_half_precision():
    x = sym.Convolution(sym.var("data"), kernel=(3, 3), num_filter=4, name="conv")
    x = sym.Activation(sym.BatchNorm(x, name="bn"), act_type="relu")
    graph = sym.FullyConnected(x, num_hidden=2, name="fc")
    found = types_of(graph, data="float16")
    assert {name for name, dtype in found.items() if dtype == "float32"} == {
        "bn_gamma", "bn_beta", "bn_moving_mean", "bn_moving_var"
    }  # fmt: skip
    assert found["fc_weight"] == found["conv_bias"] == found["fc"] == "float16"


def test_contradictions_name_the_node():
    total = sym.elemwise_add(sym.var("x"), sym.var("y"), name="total")
    with pytest.raises(
        mx.MXNetError, match="operator total: Type inconsistent, .*input 1 is float16, expected float32"
    ):
        types_of(total, x="float32", y="float16")
    chain = sym.exp(sym.cast(sym.var("x"), dtype="int8"), name="e") + sym.exp(sym.var("y", dtype="int32"))
    with pytest.raises(mx.MXNetError, match="Type inconsistent"):
        types_of(chain)


def test_dtypes_pass_through_loops():
    def step(x, s):
        return sym.cast(x, dtype="float16"), s + sym.var("b")

    outputs, state = sym.contrib.foreach(step, sym.var("x"), sym.var("s"))
    found = types_of(sym.Group([outputs, state]), x="int32", b="float64")
    assert (found["s"], found["x"], found["_foreach0"]) == ("float64", "int32", "float16")


def test_long_graphs_take_time_in_proportion():
    """Knowledge that arrives at the end of a long chain goes back to its beginning once."""
    x = sym.var("x")
    for _ in range(20_000):
        x = sym.relu(x)
    assert types_of(x + sym.var("y"), y="int8")["x"] == "int8"


def known(*names: str) -> list[DType | None]:
    return [dtypes.by_name.get(name) for name in names]


@pytest.mark.parametrize(
    ("signature", "inputs", "outputs", "expected"),
    [
        ("T* -> T*", ["", "int8"], [""], ["int8", "int8", "int8"]),
        ("T* -> T*", [""], ["int8", ""], ["int8", "int8", "int8"]),
        ("T, I -> T", ["", "int8"], [""], ["", "int8", ""]),
        ("T, I=int32 -> T", ["int8", ""], [""], ["int8", "int32", "int8"]),
        ("T, L=T -> T", ["int8", ""], [""], ["int8", "int8", "int8"]),
        ("T -> int64, T", ["float16"], ["", ""], ["float16", "int64", "float16"]),
        ("T, float32(T) -> T", ["float16", ""], [""], ["float16", "float32", "float16"]),
        ("T, float32(T) -> T", ["float64", ""], [""], ["float64", "float64", "float64"]),
        ("T, float32(T) -> T", ["", "float32"], [""], ["", "float32", ""]),
        ("T -> float16(T)", ["int32"], [""], ["int32", "int32"]),
        ("[T, T, float32]* -> [T]*", ["int8", "", "", "", "", ""], ["", "int32"],
         ["int8", "int8", "float32", "int32", "int32", "float32", "int8", "int32"]),
        ("[T, T]*, R=float32 -> [T]*", ["int8", "", ""], [""], ["int8", "int8", "float32", "int8"]),
        ("-> int64, int64", [], ["", ""], ["int64", "int64"]),
        ("T=float32* -> T", ["", ""], [""], ["float32", "float32", "float32"]),
    ],
)  # fmt: skip
def test_signatures(signature, inputs, outputs, expected):
    solved = solve(signature, known(*inputs), known(*outputs), final=True)
    assert [d.name if d else "" for part in solved for d in part] == expected


@pytest.mark.parametrize(
    ("signature", "inputs"),
    [("T* -> T*", ["int8", "int32"]), ("T, int32 -> T", ["int8", "int8"]), ("T, float32(T) -> T", ["float16"] * 2)],
)
def test_signatures_that_are_contradicted(signature, inputs):
    with pytest.raises(ValueError, match="input 1 is .*expected"):
        solve(signature, known(*inputs), [None])
