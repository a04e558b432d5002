"""plot_network: what graphviz is told, held against MXNet 1.9.1."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import pytest

import mxnet as mx
from mxnet import sym

from .networks import DRAWINGS, NETWORKS, Digraph, drawing

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "tools.json").read_text(encoding="utf-8"))["drawings"]


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """graphviz is what notes what it is told."""
    module = types.ModuleType("graphviz")
    monkeypatch.setattr(module, "Digraph", Digraph, raising=False)
    monkeypatch.setitem(sys.modules, "graphviz", module)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("way", DRAWINGS)
@pytest.mark.usefixtures("noted")
def test_graphviz_is_told_the_same(name, way):
    assert json.loads(json.dumps(drawing(mx, NETWORKS[name], DRAWINGS[way]))) == GOLDEN[name][way]


def test_what_mxnet_cannot_draw(noted):
    """A pooling without a type; an output that is not the first of its node."""
    data = sym.var("data")
    told = mx.viz.plot_network(sym.Pooling(data, kernel=(2, 2), name="pool")).told
    assert told[2][1]["label"] == "Pooling\nmax, 2x2/1"
    parts = sym.split(sym.FullyConnected(data, num_hidden=6, name="fc"), num_outputs=3, name="split")
    told = mx.viz.plot_network(sym.relu(parts[2], name="last"), shape={"data": (2, 3)}).told
    assert told[-1][1]["label"] == "2"


def test_two_variables_of_one_name(noted):
    with pytest.warns(RuntimeWarning, match="Repeated names: data$"):
        mx.viz.plot_network(sym.Group([sym.var("data") * 2, sym.var("data")]))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: mx.viz.plot_network(3), TypeError, "symbol must be a Symbol, but is 3"),
        (lambda: mx.viz.plot_network(sym.var("x") * 2, shape=[(2,)]), TypeError, "shape must be a dict"),
        (lambda: mx.viz.plot_network(sym.var("x") * 2, node_attrs=3), TypeError, "not iterable"),
    ],
)
def test_wrong_calls(call, kind, message, noted):
    with pytest.raises(kind, match=message):
        call()


def test_without_graphviz(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(ImportError, match=r'pip install "regluon\[plot\]"'):
        mx.viz.plot_network(sym.var("x") * 2)


def test_a_real_drawing():
    graphviz = pytest.importorskip("graphviz")
    network = NETWORKS["perceptron"]
    plot = mx.viz.plot_network(network.make(mx), shape=network.shapes, title="net")
    assert isinstance(plot, graphviz.Digraph)
    assert plot.source.startswith("digraph net {")
    assert "relu1 -> fc1 [label=128 arrowtail=open dir=back]" in plot.source
