"""Graphs in mixed precision: composed after ``init`` and converted, they are MXNet's, node by node."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import mxnet as mx
from mxnet.contrib import amp
from mxnet.contrib.amp.amp import _on

from .cases import GOLDEN, compose, converted, shown

WANTED = json.loads(GOLDEN.read_text())
DTYPES = ("float16", "bfloat16")


def as_json(graph):
    return json.loads(json.dumps(graph))


@pytest.mark.parametrize("dtype", DTYPES)
def test_composed(dtype):
    with _on(dtype):
        found = {line: as_json(shown(compose(mx, line))) for line in WANTED["composed"][dtype]}
    assert found == WANTED["composed"][dtype]


@pytest.mark.parametrize("dtype", DTYPES)
def test_converted(dtype):
    lines = WANTED["converted"][dtype]
    found = {line: as_json(shown(converted(mx, amp.convert_symbol, line, dtype))) for line in lines}
    assert found == lines


@pytest.mark.parametrize("line", WANTED["refused"])
def test_refused(line):
    with pytest.raises(AssertionError if WANTED["refused"][line] == "AssertionError" else mx.MXNetError):
        converted(mx, amp.convert_symbol, line, "float16")


def test_bfloat16_is_the_default():
    symbol = amp.convert_symbol(mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=2, name="fc"))
    assert '"dtype": "bfloat16"' in symbol.tojson(remove_amp_cast=False)


def dense():
    x = mx.sym.var("x")
    hidden = mx.sym.FullyConnected(x, num_hidden=8, name="hidden")
    return mx.sym.softmax(mx.sym.FullyConnected(mx.sym.Activation(hidden, act_type="relu"), num_hidden=3, name="fc"))


def test_casts_are_left_out_of_files_unless_asked_for(tmp_path):
    plain = dense()
    symbol = amp.convert_symbol(plain)
    assert json.loads(symbol.tojson())["nodes"] == json.loads(plain.tojson())["nodes"]
    symbol.save(str(tmp_path / "with.json"), remove_amp_cast=False)
    assert mx.sym.load(str(tmp_path / "with.json")).tojson(remove_amp_cast=False) == symbol.tojson(False)
    assert pickle.loads(pickle.dumps(symbol)).tojson(False) == symbol.tojson(False)


def test_casts_that_are_outputs_stay():
    x = mx.sym.var("x")
    cast = mx.sym.amp_cast(x, dtype="float16", name="c")
    both = mx.sym.Group([cast, mx.sym.FullyConnected(cast, num_hidden=2, no_bias=True, name="f")])
    graph = json.loads(both.tojson())
    assert [(node["op"], node["inputs"]) for node in graph["nodes"]] == [
        ("null", []), ("amp_cast", [[0, 0, 0]]), ("null", []), ("FullyConnected", [[0, 0, 0], [2, 0, 0]]),
    ]  # fmt: skip


def test_casts_in_loops_are_left_out_too():
    with _on("float16"):
        x, s = mx.sym.var("x"), mx.sym.var("s")
        body = lambda d, states: (mx.sym.FullyConnected(d, num_hidden=4, name="fc"), states)  # noqa: E731
        symbol = mx.sym.contrib.foreach(body, x, [s])[0]
    assert "amp_cast" in symbol.tojson(remove_amp_cast=False)
    assert "amp_cast" not in symbol.tojson()


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_converted_model_predicts_the_same(dtype, optional):
    symbol = dense()
    shapes, _, _ = symbol.infer_shape(x=(4, 5))
    rng = np.random.RandomState(0)
    arrays = {n: mx.nd.array(rng.randn(*s)) for n, s in zip(symbol.list_arguments(), shapes, strict=True)}
    data = arrays.pop("x")
    new, params, aux = amp.convert_model(symbol, arrays, {}, dtype, cast_optional_params=optional)
    expected = symbol.bind(mx.cpu(), {"x": data, **arrays}).forward()[0]
    found = new.bind(mx.cpu(), {"x": data, **params}).forward()[0]
    assert found.dtype == np.float32
    assert np.abs(found.asnumpy() - expected.asnumpy()).max() < 0.02
    assert np.abs(found.asnumpy() - expected.asnumpy()).max() > 0
    low = mx.nd.zeros(1, dtype=dtype).dtype
    assert {array.dtype for array in params.values()} == {low if optional else np.float32}
    assert not aux
    assert all(array.dtype == np.float32 for array in arrays.values()), "the given ones stay"


@pytest.mark.parametrize("wrong", [(None, {}, {}), (dense, None, {}), (dense, {}, None)])
def test_convert_model_refuses(wrong):
    symbol, args, aux = wrong
    with pytest.raises(AssertionError, match="argument to convert_model"):
        amp.convert_model(symbol and symbol(), args, aux)


def test_a_bucketing_module_cannot_be_converted():
    with pytest.raises(mx.MXNetError, match="BucketingModule is not part of this version"):
        amp.amp.convert_bucketing_module(None)
