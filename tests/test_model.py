"""mx.model: checkpoints, as MXNet writes and reads them."""

from __future__ import annotations

import inspect
import os
from pathlib import Path

import pytest

import mxnet as mx
from mxnet import model, nd


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def graph():
    x = mx.sym.BatchNorm(mx.sym.var("data"), name="bn")
    return mx.sym.FullyConnected(x, num_hidden=2, name="fc")


ARGUMENTS = {"fc_weight": [[1.0, 2], [3, 4]], "fc_bias": [0.5, 0], "bn_gamma": [1.0, 1], "bn_beta": [0.0, 0]}
STATES = {"bn_moving_mean": [7.0, 8], "bn_moving_var": [1.0, 2]}


def arrays(values, ctx=None):
    return {name: nd.array(value, ctx=ctx) for name, value in values.items()}


def lists(values):
    return {name: value.asnumpy().tolist() for name, value in values.items()}


def test_signatures():
    assert str(inspect.signature(model.load_params)).startswith("(prefix")
    parameters = inspect.signature(model.save_checkpoint).parameters
    assert list(parameters) == ["prefix", "epoch", "symbol", "arg_params", "aux_params", "remove_amp_cast"]
    assert parameters["remove_amp_cast"].default is True


@pytest.mark.parametrize(
    ("prefix", "files"),
    [
        ("net", ["net-0003.params", "net-symbol.json"]),
        (Path("net"), ["net-0003.params", "net-symbol.json"]),
        ("net.safetensors", ["net-0003.safetensors", "net-symbol.json"]),
    ],
)
def test_there_and_back(folder, graph, caplog, prefix, files):
    with caplog.at_level("INFO"):
        model.save_checkpoint(prefix, 3, graph, arrays(ARGUMENTS, mx.cpu(1)), arrays(STATES))
    assert caplog.messages == [f'Saved checkpoint to "{files[0]}"']
    assert sorted(os.listdir(folder)) == files
    names = [f"arg:{n}" for n in ARGUMENTS] + [f"aux:{n}" for n in STATES]
    assert list(nd.load(files[0])) == names
    for name in (prefix, "net"):  # the ending need not be known
        found, args, aux = model.load_checkpoint(name, 3)
        assert found.tojson() == graph.tojson()
        assert (lists(args), lists(aux)) == (ARGUMENTS, STATES)
        assert [lists(values) for values in model.load_params(name, 3)] == [ARGUMENTS, STATES]
    data = nd.array([[9.0, 10]])
    (out,) = found.eval(data=data, **args, **aux)
    assert out.shape == (1, 2)


def test_names_of_files(folder):
    for epoch in (0, 12345, -3, 3.0):
        model.save_checkpoint("net", epoch, None, {}, arrays(STATES))
    assert sorted(os.listdir(folder)) == ["net--003.params", "net-0000.params", "net-0003.params", "net-12345.params"]
    with pytest.raises(TypeError):
        model.save_checkpoint("net", "3", None, {}, {})


def test_an_mxnet_file_comes_first(folder):
    model.save_checkpoint("net.safetensors", 1, None, {"w": nd.ones(1)}, {})
    model.save_checkpoint("net", 1, None, {"w": nd.zeros(1)}, {})
    assert model.load_params("net", 1)[0]["w"].asscalar() == 0
    assert model.load_params("net.safetensors", 1)[0]["w"].asscalar() == 1


def test_names_without_a_kind(folder, graph):
    """MXNet fails with "not enough values to unpack"."""
    nd.save("net-0000.params", arrays({**ARGUMENTS, **STATES}))
    assert [lists(values) for values in model.load_params("net", 0)] == [{**ARGUMENTS, **STATES}, {}]
    graph.save("net-symbol.json")
    assert [lists(values) for values in model.load_checkpoint("net", 0)[1:]] == [ARGUMENTS, STATES]


def test_an_empty_file(folder, caplog):
    model.save_checkpoint("net", 0, None, {}, {})
    assert model.load_params("net", 0) == ({}, {})
    assert caplog.messages == ["Params file 'net-0000.params' is empty"]


def test_files_that_are_not_there(folder, graph):
    with pytest.raises(mx.MXNetError, match=r"'net-0000\.params': No such file"):
        model.load_params("net", 0)
    with pytest.raises(mx.MXNetError, match="there is no folder 'nowhere'"):
        model.save_checkpoint("nowhere/net", 0, None, {}, {})
    nd.save("net-0000.params", [nd.ones(1)])
    with pytest.raises(mx.MXNetError, match="a list of 1 arrays without names"):
        model.load_params("net", 0)
    with pytest.raises(AttributeError):
        model.save_checkpoint("net", 0, None, None, None)


def test_what_callbacks_get():
    param = model.BatchEndParam(epoch=1, nbatch=2, eval_metric=None, locals={})
    assert repr(param) == "BatchEndParams(epoch=1, nbatch=2, eval_metric=None, locals={})"  # MXNet's name
    assert param == (1, 2, None, {})
