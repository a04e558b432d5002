"""Block.save and load: MXNet's files, trees that do not fit, and files that are something else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet import gluon, nd
from mxnet.gluon import nn

# What MXNet 1.9.1 wrote for `make()` after `net[1].hybridize()` and a call, with its graph's text left out.
MXNETS = {
    "hybridsequential0": {
        "orig_name": "n", "hybridized": False, "children": {"n_dense0": "0", "n_h": "1"},
        "dense1": {"orig_name": "n_dense0", "hybridized": False, "children": {}},
        "hybridsequential2": {
            "orig_name": "n_h", "in_format": [0], "out_format": 0, "inputs": ["..."], "symbol": "...",
            "hybridized": True,
            "children": {"dense2": "0"}, "dense3": {"orig_name": "dense2", "hybridized": False, "children": {}},
        },
    }
}  # fmt: skip


def make(cls=nn.HybridSequential, units=2):
    net = cls(prefix="n_")
    with net.name_scope():
        net.add(nn.Dense(3, in_units=2), nn.HybridSequential(prefix="h_"))
    net[1].add(nn.Dense(units, in_units=3))
    return net


def started(**kwargs):
    net = make(**kwargs)
    net.initialize(mx.init.Uniform(1.0))
    return net


X = nd.array([[1.0, -2.0], [0.5, 3.0]])


def without_graphs(model):
    if not isinstance(model, dict):
        return model
    return {k: "..." if k == "symbol" else ["..."] * len(v) if k == "inputs" else without_graphs(v)
            for k, v in model.items()}  # fmt: skip


def test_the_text_is_mxnets(tmp_path):
    with mx.name.NameManager():
        net = started()
    net[1].hybridize()
    net(X)
    net.save(str(tmp_path / "net"))
    model = json.loads((tmp_path / "net-model.json").read_text())
    found = without_graphs(model)
    inner = found["hybridsequential0"]["hybridsequential2"]
    name = next(iter(inner["children"]))  # its number is that of this process
    inner["children"], inner["dense3"]["orig_name"] = {"dense2": inner["children"][name]}, "dense2"
    assert found == MXNETS
    graph = mx.sym.load_json(model["hybridsequential0"]["hybridsequential2"]["symbol"])
    assert graph.list_inputs()[0] == "data"


@pytest.mark.parametrize("cls", [nn.HybridSequential, nn.Sequential])
@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.filterwarnings("ignore:All children of this Sequential layer")
def test_loaded_as_it_was(tmp_path, cls, hybridize):
    net = started(cls=cls)
    if hybridize:
        net.hybridize()
    expected = net(X).asnumpy()
    net.save(str(tmp_path / "net"))
    other = make(cls=cls)
    other.load(str(tmp_path / "net"))
    np.testing.assert_allclose(other(X).asnumpy(), expected, rtol=1e-6)
    assert other[1]._active is hybridize
    assert next(iter(other.collect_params())) == "n_dense0_weight"


def test_nested_outputs_have_no_graph_but_load(tmp_path):
    class Two(gluon.HybridBlock):
        def hybrid_forward(self, F, x):
            return {"sum": x + 1, "product": x * 2}

    net = Two()
    net.hybridize()
    net(X)
    net.save(str(tmp_path / "net"))
    assert json.loads((tmp_path / "net-model.json").read_text())["two0"]["hybridized"] is False
    Two().load(str(tmp_path / "net"))


def test_another_tree_changes_nothing(tmp_path):
    started().save(str(tmp_path / "net"))
    other = nn.HybridSequential()
    other.add(nn.Dense(3, in_units=2), nn.Dense(2, in_units=3))
    other.initialize()
    before = other[0].weight.data().asnumpy()
    with pytest.raises(KeyError, match="dense2 .block"):
        other.load(str(tmp_path / "net"))
    wide = started(units=5)
    with pytest.raises(ValueError, match="weight"):
        wide.load(str(tmp_path / "net"))
    np.testing.assert_array_equal(other[0].weight.data().asnumpy(), before)


@pytest.mark.parametrize(
    "text", ["", "[]", "3", '{"hybridsequential0": 3}', "[" * 100_000, '{"hybridsequential0": {"dense1": []}}']
)
def test_files_that_are_something_else(tmp_path: Path, text):
    started().save(str(tmp_path / "net"))
    (tmp_path / "net-model.json").write_text(text)
    with pytest.raises(mx.MXNetError, match="Block.save"):
        make().load(str(tmp_path / "net"))
    with pytest.raises(FileNotFoundError):
        make().load(str(tmp_path / "missing"))
