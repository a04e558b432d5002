"""print_summary, held against the text that MXNet 1.9.1 prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mxnet as mx
from mxnet import sym

from .networks import NETWORKS

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "tools.json").read_text(encoding="utf-8"))["summaries"]


def rows(text: str) -> dict[str, list[str]]:
    """Name -> what stands behind it."""
    lines = [line.split() for line in text.split("\n")[3:] if "(" in line]
    return {name: rest for name, *rest in lines}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("shapes", [True, False])
def test_the_text_is_mxnets(name, shapes, capsys):
    network = NETWORKS[name]
    mx.viz.print_summary(network.make(mx), shape=network.shapes if shapes else None)
    assert capsys.readouterr().out == GOLDEN[name][0 if shapes else 1]


def test_all_parameters_are_counted(capsys):
    """Also where MXNet counts none or too few: behind images, in transposed convolutions, norms, recurrent layers."""
    data = sym.var("data")
    net = sym.Deconvolution(data, kernel=(3, 3), num_filter=4, no_bias=False, name="up")
    net = sym.LeakyReLU(sym.LayerNorm(net, name="norm"), act_type="prelu", name="prelu")
    net = sym.FullyConnected(
        sym.Convolution(net, kernel=(1, 1), num_filter=2, layout="NCHW", name="conv"), num_hidden=5
    )
    mx.viz.print_summary(net, shape={"data": (2, 3, 6, 6)})
    text = capsys.readouterr().out
    assert rows(text) == {
        "data(null)": ["3x6x6", "0"],
        "up(Deconvolution)": ["4x8x8", str(3 * 4 * 9 + 4), "data"],
        "norm(LayerNorm)": ["4x8x8", "16", "up"],
        "prelu(LeakyReLU)": ["4x8x8", "4", "norm"],
        "conv(Convolution)": ["2x8x8", str(4 * 2 + 2), "prelu"],
        "fullyconnected0(FullyConnected)": ["5", str(2 * 8 * 8 * 5 + 5), "conv"],
    }
    assert f"Total params: {112 + 16 + 4 + 10 + 645}\n" in text
    mx.viz.print_summary(sym.RNN(data, mode="lstm", num_layers=1, state_size=5, name="rnn"), shape={"data": (7, 2, 3)})
    assert rows(capsys.readouterr().out)["rnn(RNN)"] == ["2x5", str(4 * (3 * 5 + 5 * 5 + 2 * 5)), "data"]


def test_a_shared_parameter_counts_once(capsys):
    weight = sym.var("weight")
    net = sym.FullyConnected(sym.var("data"), weight, num_hidden=3, no_bias=True, name="one")
    net = sym.FullyConnected(net, weight, num_hidden=3, no_bias=True, name="two")
    mx.viz.print_summary(net, shape={"data": (2, 3)})
    assert "Total params: 9\n" in capsys.readouterr().out


def test_of_several_outputs_no_shape_is_shown(capsys):
    net = sym.split(sym.FullyConnected(sym.var("data"), num_hidden=6, name="fc"), num_outputs=3, name="split")
    mx.viz.print_summary(net, shape={"data": (2, 3)})
    assert rows(capsys.readouterr().out)["split(SliceChannel)"] == ["0", "fc"]


@pytest.mark.parametrize(
    ("length", "positions", "line"),
    [
        (50, [0.4, 0.6, 0.8, 1.0], "averyveryverylongnam3         12        data      "),
        (60, [10, 30, 40, 60], "averyveryv3                   12        data                "),
    ],
)
def test_columns_cut_what_is_too_long(length, positions, line, capsys):
    net = sym.FullyConnected(sym.var("data"), num_hidden=3, name="averyveryverylongnameindeed")
    mx.viz.print_summary(net, shape={"data": (2, 3)}, line_length=length, positions=positions)
    lines = capsys.readouterr().out.split("\n")
    assert lines[5] == line
    assert {len(each) for each in lines[:-3]} == {length}


@pytest.mark.parametrize(
    ("symbol", "shape", "kind", "message"),
    [
        (3, {}, TypeError, "symbol must be Symbol, but is 3"),
        (sym.var("data") * 2, [(2, 3)], TypeError, r"shape must be a dict .* is \[\(2, 3\)\]"),
        (sym.FullyConnected(sym.var("data"), num_hidden=3), {"data": (2, 3), "other": 3}, TypeError, "'other' is 3"),
        (sym.dot(sym.var("a"), sym.var("b")), {"a": (2, 3), "b": (4, 5)}, mx.MXNetError, "dot"),
    ],
)
def test_wrong_calls(symbol, shape, kind, message):
    with pytest.raises(kind, match=message):
        mx.viz.print_summary(symbol, shape=shape)


@pytest.mark.filterwarnings("ignore:Cannot decide shape")
def test_shapes_that_do_not_tell_the_others():
    with pytest.raises(ValueError, match="Input shape is incomplete"):
        mx.viz.print_summary(sym.FullyConnected(sym.var("data"), num_hidden=3), shape={})
