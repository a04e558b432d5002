"""Graphs as files: those of MXNet in all versions, those that are broken, and those that are large."""

from __future__ import annotations

import copy
import json
import pickle
import random
from collections.abc import Iterator
from typing import Any

import pytest

import mxnet as mx
from mxnet import sym
from mxnet.graph import legal

from .json_cases import BEYOND, GOLDEN, ILLEGAL, LENIENT, OLD, UNUSUAL

ANSWERS = json.loads(GOLDEN.read_text("utf-8"))


@pytest.mark.parametrize("name", [*OLD, *UNUSUAL])
def test_files_load_as_in_mxnet(name):
    graph = sym.load_json(json.dumps({**OLD, **UNUSUAL}[name]))
    assert {
        "json": compared(json.loads(graph.tojson())),
        "arguments": graph.list_arguments(),
        "states": graph.list_auxiliary_states(),
        "attributes": graph.attr_dict(),
    } == {**ANSWERS[name], "json": compared(ANSWERS[name]["json"])}


def compared(document: dict[str, Any]) -> dict[str, Any]:
    """Without what means nothing and is written anew here: versions of outputs, number of hidden ones, dependencies."""
    for record in document["nodes"]:
        record.pop("control_deps", None)
        record["inputs"] = [item[:2] for item in record["inputs"]]
    return {**document, "heads": [head[:2] for head in document["heads"]], "node_row_ptr": None}


@pytest.mark.parametrize("name", [*ILLEGAL, *LENIENT])
def test_broken_files_name_the_node(name):
    document, message = {**ILLEGAL, **LENIENT}[name]
    assert (ANSWERS[name].get("error") == "MXNetError") is (name in ILLEGAL)
    with pytest.raises(mx.MXNetError, match=message):
        sym.load_json(json.dumps(document))


@pytest.mark.parametrize("name", BEYOND)
def test_files_that_mxnet_refuses_without_need(name):
    assert ANSWERS[name] == {"error": "MXNetError"}
    assert sym.load_json(json.dumps(BEYOND[name])).list_arguments() == ["data", "w", "b"]


def test_attributes_of_inputs_that_an_old_file_does_not_list():
    """MXNet 1.9.1 ends its process here."""
    file = {**OLD["0.8: Dense with data alone"]}
    file["nodes"] = [file["nodes"][0], {**file["nodes"][1], "attr": {"weight_lr_mult": "2"}}]
    assert sym.load_json(json.dumps(file)).attr_dict()["fc_weight"]["__lr_mult__"] == "2"


def test_text_is_quoted_as_mxnet_reads_it():
    """MXNet knows the escapes of quotes, backslashes, line ends and tabs, and no others."""
    name = 'a\x01\b\f\t/\x7f\\"é\u2028\r\n'
    text = sym.var(name).tojson()
    assert '"a\x01\b\f\\t/\x7f\\\\\\"é\u2028\\r\\n"' in text
    assert sym.load_json(text).name == name
    assert sym.load_json('{"nodes": [{"op": "null", "name": "\\u00e9", "inputs": []}], "heads": [[0, 0]]}').name == "é"


# ---- every field replaced by nonsense --------------------------------------------------------------------------------

NASTY: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "x", "0",
    "None", "__x__", "\x00", "\ud800", "(" * 300, "[[[", "9" * 5000, "__import__('os').system('true')", [], {},
    [[]], [[0]], [[0, 0]], [[0, 0, 0, 0]], [[10**30, 0, 0]], [[0, 10**30]], [[-1, -1]], [None], ["x"], [0, 0],
    {"x": {}}, {"": ""}, {"num_hidden": None}, {"op": "null"}, [{"nodes": []}], {"nodes": [], "heads": []},
)  # fmt: skip


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The ways to all values inside of a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def replaced(document: Any, path: tuple, value: Any) -> Any:
    result = copy.deepcopy(document)
    inner = result
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return result


def loop() -> sym.Symbol:
    data, weight = sym.var("data"), sym.var("w")
    return sym.contrib.foreach(lambda x, s: (sym.FullyConnected(x, weight, num_hidden=2, no_bias=True), s), data, [])[0]


def small() -> sym.Symbol:
    x = sym.BatchNorm(sym.FullyConnected(sym.var("x", shape=(2, 3)), num_hidden=2, name="fc"), name="bn")
    return sym.Group(
        [sym.Concat(x, sym.topk(x, k=1, ret_typ="both")[1], dim=1), sym.cast(sym.reshape(x, shape=(-1,)), dtype="int8")]
    )


def survive(text: str) -> None:
    """Load it and use it; nothing but MXNetError may come of it."""
    try:
        graph = sym.load_json(text)
        graph.tojson().encode()
        graph.list_arguments(), graph.list_outputs(), graph.list_auxiliary_states(), graph.attr_dict()
        mx.graph.types.infer_types(graph._heads, {})
    except mx.MXNetError:
        pass


@pytest.mark.parametrize("make", [small, loop])
def test_nonsense_in_any_field_is_an_mxnet_error_or_a_legal_graph(make):
    document = json.loads(make().tojson())
    rng = random.Random(0)
    for path in places(document):
        for value in rng.sample(NASTY, 8) if path[0] == "nodes" else NASTY:
            survive(json.dumps(replaced(document, path, value)))


def test_missing_and_swapped_fields():
    document = json.loads(small().tojson())
    rng = random.Random(0)
    every = list(places(document))
    for path in every:
        changed = copy.deepcopy(document)
        inner = changed
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        survive(json.dumps(changed))
    for _ in range(300):
        one, other = rng.sample(every, 2)
        value = document
        for key in other:
            value = value[key]
        survive(json.dumps(replaced(document, one, value)))


def test_cut_and_damaged_text():
    text = small().tojson()
    rng = random.Random(0)
    for end in range(0, len(text), 7):
        with pytest.raises(mx.MXNetError, match="not the JSON of a symbol"):
            sym.load_json(text[:end])
    for _ in range(300):
        place = rng.randrange(len(text))
        survive(text[:place] + rng.choice('{}[]",:0-e\\xtn\x00') + text[place + 1 :])
    for nested in ("[" * 100_000, '{"nodes":' * 100_000, '{"nodes": [{"subgraphs": [' * 50_000):
        with pytest.raises(mx.MXNetError, match="not the JSON of a symbol"):
            sym.load_json(nested)


def test_graphs_in_graphs_have_a_limit():
    document: Any = json.loads(loop().tojson())
    inner = copy.deepcopy(document)
    for _ in range(40):
        outer = copy.deepcopy(document)
        outer["nodes"][-1]["subgraphs"] = [inner]
        inner = outer
    with pytest.raises(mx.MXNetError, match="nested more than 32 levels deep"):
        sym.load_json(json.dumps(inner))


# ---- large graphs ----------------------------------------------------------------------------------------------------


def test_a_chain_of_100000_nodes():
    """Neither recursion nor work that grows with the square of the size."""
    nodes: list[Any] = [{"op": "null", "name": "x", "inputs": []}]
    nodes += [{"op": "relu", "name": f"r{i}", "inputs": [[i, 0, 0]]} for i in range(100_000)]
    graph = sym.load_json(json.dumps({"nodes": nodes, "arg_nodes": [0], "heads": [[100_000, 0, 0]]}))
    assert graph.list_arguments() == ["x"]
    assert graph.infer_shape(x=(2, 3))[1] == [(2, 3)]
    assert graph.tojson().count('"op": "relu"') == 100_000
    short = graph.get_internals()[20_000]
    for again in (pickle.loads(pickle.dumps(short)), copy.deepcopy(short)):
        assert len(again.get_internals().list_outputs()) == 20_001


def residual(units: int) -> sym.Symbol:
    """A network with as many nodes as there are in ResNet-152 when ``units`` is 55."""
    x = sym.var("data")
    for i in range(units):
        with mx.name.Prefix(f"unit{i}_"):
            y = x
            for kernel, channels in ((1, 4), (3, 4), (1, 8)):
                y = sym.Convolution(
                    y, kernel=(kernel, kernel), pad=(kernel // 2,) * 2, num_filter=channels, no_bias=True
                )
                y = sym.Activation(sym.BatchNorm(y, fix_gamma=False), act_type="relu")
            x = y if i == 0 else x + y
    return sym.FullyConnected(sym.Pooling(x, global_pool=True, kernel=(7, 7), pool_type="avg"), num_hidden=10)


def test_a_file_of_the_size_of_resnet_152():
    graph = residual(55)
    text = graph.tojson()
    again = sym.load_json(text)
    assert again.tojson() == text
    assert len(json.loads(text)["nodes"]) > 1300
    assert again.infer_shape(data=(1, 3, 8, 8)) == graph.infer_shape(data=(1, 3, 8, 8))
    legal.check(again._heads)
