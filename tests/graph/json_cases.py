"""Files as other versions of MXNet wrote them, and files as nobody should: for MXNet (tools/record_graphs.py) and for
this library.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "graphs" / "files.json"

Document = dict[str, Any]


def node(op: str, name: str, *inputs: int | tuple[int, int], **fields: Any) -> Document:
    """An operator's node; an input is the number of a node, or that and the number of its output."""
    listed = [[i, 0] if isinstance(i, int) else list(i) for i in inputs]
    return {"op": op, "name": name, "inputs": listed, **fields}


def var(name: str, **fields: Any) -> Document:
    return node("null", name, **fields)


def graph(*nodes: Document, version: int | None = None) -> Document:
    """A file with the last node as head."""
    variables = [i for i, n in enumerate(nodes) if n["op"] == "null"]
    document = {"nodes": list(nodes), "arg_nodes": variables, "heads": [[len(nodes) - 1, 0]]}
    return document if version is None else {**document, "attrs": {"mxnet_version": ["int", version]}}


def dense(version: int | None = None, **fields: Any) -> Document:
    return graph(var("data"), var("w"), var("b"), node("FullyConnected", "fc", 0, 1, 2, **fields), version=version)


def norm(*names: str, version: int | None = None, op: str = "BatchNorm", **fields: Any) -> Document:
    return graph(*map(var, names), node(op, "bn", *range(len(names)), **fields), version=version)


STATISTICS = ("data", "g", "b", "m", "v")
MULTS = {"lr_mult": "2", "weight_lr_mult": "3", "bias_wd_mult": "4", "weight_ctx_group": "x", "force_mirroring": "1"}

# Written by other versions.
OLD: dict[str, Document] = {
    "0.7: param": dense(param={"num_hidden": "3"}, backward_source_id=-1),
    "0.8: param and attr": dense(param={"num_hidden": "3"}, attr={"ctx_group": "a", "__note__": "n"}),
    "0.9: attr holds both": dense(904, attr={"num_hidden": "3", **MULTS}),
    "1.0: attrs": dense(10000, attrs={"num_hidden": "3", **MULTS}),
    "no version, attrs": dense(attrs={"num_hidden": "3", **MULTS}),
    "attr before attrs": dense(10500, attrs={"num_hidden": "3"}, attr={"num_hidden": "4"}),
    "attr before param": dense(param={"num_hidden": "3"}, attr={"num_hidden": "4"}),
    "attr takes the place of attrs": dense(param={"num_hidden": "3"}, attrs={"no_bias": "1"}, attr={"flatten": "0"}),
    "a newer version": dense(20000, attrs={"num_hidden": "3"}),
    "lr_mult of 1.9.1 at a variable": graph(var("x", attrs={"lr_mult": "2"}), version=10901),
    "lr_mult at a variable": graph(var("x", attrs={"lr_mult": "2", "weight_wd_mult": "1", "foo": "bar"})),
    "lr_mult twice": graph(var("x", attr={"__lr_mult__": "3", "lr_mult": "2"}), node("exp", "e", 0)),
    "lr_mult of a shared weight": graph(
        *dense(attr={"num_hidden": "3", "weight_lr_mult": "5"})["nodes"],
        node("FullyConnected", "fc2", 3, 1, 2, attr={"num_hidden": "3", "weight_lr_mult": "6"}),
    ),
    "lr_mult of a variable with its own": graph(
        var("x"), var("w", attr={"__lr_mult__": "9"}), node("dot", "d", 0, 1, attr={"rhs_lr_mult": "5"})
    ),
    "attributes of an operator without": graph(var("x"), node("exp", "e", 0, attrs={"foo": "1", "axis": "2"})),
    "0.8: BatchNorm without states": norm(*STATISTICS[:3], param={"eps": "0.1"}, attr={"lr_mult": "3"}),
    "0.8: BatchNorm with data alone": norm("data", param={"eps": "0.1"}, attr={"__note__": "n"}),
    "0.8: a user of BatchNorm": graph(*norm("data")["nodes"], node("Activation", "a", 1, param={"act_type": "relu"})),
    "0.8: BatchNorm_v1": norm(*STATISTICS[:3], op="BatchNorm_v1", param={"momentum": "0.8"}),
    "0.9.3: BatchNorm": norm(*STATISTICS, version=903),
    "0.9.4: BatchNorm": norm(*STATISTICS, version=904),
    "1.9.1: BatchNorm": norm(*STATISTICS, version=10901),
    "0.8: Dense with data alone": graph(var("x"), node("FullyConnected", "fc", 0, param={"num_hidden": "3"})),
    "0.8: Dense without bias": graph(
        var("x"), node("FullyConnected", "fc", 0, param={"num_hidden": "3", "no_bias": "True"})
    ),
    "0.8: SoftmaxOutput without label": graph(var("x"), node("SoftmaxOutput", "s", 0, param={"multi_output": "1"})),
    "0.8: Softmax": graph(var("x"), var("label"), node("Softmax", "s", 0, 1)),
    "0.8: prelu": graph(var("x"), var("g"), node("LeakyReLU", "l", 0, 1, param={"act_type": "prelu"})),
    "0.8: RNN with data alone": graph(
        var("x"), node("RNN", "r", 0, param={"mode": "lstm", "state_size": "2", "num_layers": "1"})
    ),
    "0.9.3: UpSampling": graph(
        var("x"), var("w"),
        node("UpSampling", "u", 0, 1, attr=dict(num_args="1", scale="2", sample_type="bilinear", num_filter="1")),
        version=903,
    ),
    "0.9.4: argmax over all": graph(var("x"), node("argmax", "a", 0, attr={"axis": "-1"}), version=904),
    "0.9.5: argmax over the last": graph(var("x"), node("argmax", "a", 0, attr={"axis": "-1"}), version=905),
    "0.9.4: argmin over 1": graph(var("x"), node("argmin", "a", 0, attr={"axis": "1"}), version=904),
    "Convolution_v1": graph(
        *map(var, "xwb"), node("Convolution_v1", "c", 0, 1, 2, param={"kernel": "(2,2)", "num_filter": "3"})
    ),
    "Pooling_v1": graph(var("x"), node("Pooling_v1", "p", 0, param={"kernel": "(2,2)", "pool_type": "max"})),
    "other names of operators": graph(
        var("x"), var("y"), node("_Plus", "a", 0, 1), node("ElementWiseSum", "s", 0, 2, attr={"num_args": "2"}),
        node("_MulScalar", "m", 3, attr={"scalar": "2"}), node("swapaxes", "t", 4),
    ),
    "long text": graph(var('a\\b"c\n\t\r/é\u2028'), node("exp", "e", 0)),
}  # fmt: skip


def _changed(change: Callable[[Document], Any]) -> Document:
    document = copy.deepcopy(dense(10901, attrs={"num_hidden": "3"}))
    change(document)
    return document


def _fc(**fields: Any) -> Document:
    return _changed(lambda d: d["nodes"][3].update(fields))


# Unusual, and fine.
UNUSUAL: dict[str, Document] = {
    "heads of three numbers": _changed(lambda d: d.update(heads=[[3, 0, 7]])),
    "a head twice": _changed(lambda d: d.update(heads=[[3, 0], [3, 0, 0]])),
    "no heads": _changed(lambda d: d.update(heads=[])),
    "inputs of three numbers": _fc(inputs=[[0, 0, 4], [1, 0, 0], [2, 0]]),
    "node_row_ptr": _changed(lambda d: d.update(node_row_ptr=[0, 99])),
    "backward_source_id": _fc(backward_source_id=2),
    "control_deps": _fc(control_deps=[1]),
    "other attributes of a graph": _changed(lambda d: d["attrs"].update(note=["str", "x"])),
    "two variables of one name": _changed(lambda d: d["nodes"][1].update(name="data")),
    "two nodes of one name": _changed(lambda d: d["nodes"][3].update(name="data")),
    "no name": _changed(lambda d: d["nodes"][3].update(name="")),
    "a dead node": _changed(lambda d: d["nodes"].append(node("exp", "dead", 3))),
}

# Not legal: what is said about them. MXNet takes those of LENIENT, some of which end its process later.
ILLEGAL: dict[str, tuple[Document, str]] = {
    "unknown operator": (graph(var("x"), node("nonsense", "n", 0)), "node 1 'n'.*no operator 'nonsense'"),
    "operator of no name": (graph(var("x"), node("", "n", 0)), "node 1 'n'.*no operator ''"),
    "unknown operator, dead": (
        _changed(lambda d: d["nodes"].append(node("nonsense", "n", 0))), "node 4 'n'.*no operator 'nonsense'"
    ),
    "unknown attribute": (_fc(attrs={"num_hidden": "3", "foo": "1"}), "node 3 'fc'.*'foo'.*attributes: "),
    "half an underscore": (_fc(attrs={"num_hidden": "3", "__foo": "1"}), "node 3 'fc'.*unknown argument '__foo'"),
    "lr_mult in 1.9.1": (_fc(attrs={"num_hidden": "3", "lr_mult": "1"}), "node 3 'fc'.*unknown argument 'lr_mult'"),
    "missing attribute": (_fc(attrs={}), "node 3 'fc'.*required argument 'num_hidden'"),
    "attribute that is no number": (_fc(attrs={"num_hidden": "x"}), "node 3 'fc'.*must be an integer, but got 'x'"),
    "attribute of an input that is none": (
        graph(*dense(attr={"num_hidden": "3"})["nodes"], node("relu", "r", 3), node("Flatten", "f", 4),
              node("FullyConnected", "k", 5, 1, attr={"num_hidden": "3", "no_bias": "1", "data_lr_mult": "1"})),
        "node 6 'k'.*'data_lr_mult'",
    ),
    "attributes are a list": (_fc(attrs=[]), "node 3 'fc'.*attrs must be an object"),
    "attributes are null": (_fc(attrs=None), "node 3 'fc'.*attrs must be an object"),
    "an attribute is a number": (_fc(attrs={"num_hidden": 3}), "node 3 'fc'.*'num_hidden' must be text, but is 3"),
    "a name is a number": (_fc(name=3), "node 3 3: .*name must be text"),
    "a name is null": (_fc(name=None), "node 3 None.*name must be text"),
    "an operator is a list": (_fc(op=["exp"]), "node 3 'fc'.*op must be text"),
    "a node is a list": (_changed(lambda d: d["nodes"].insert(0, [])), "node 0.*must be an object"),
    "inputs are text": (_fc(inputs="012"), "node 3 'fc'.*inputs must be a list"),
    "an input is a number": (_fc(inputs=[0, 1, 2]), "node 3 'fc'.*two or three integers, not by 0"),
    "an input of one number": (_fc(inputs=[[0], [1, 0], [2, 0]]), "node 3 'fc'.*two or three integers"),
    "an input of a fraction": (_fc(inputs=[[0.0, 0], [1, 0], [2, 0]]), "node 3 'fc'.*integers"),
    "heads of one number": (_changed(lambda d: d.update(heads=[[3]])), "heads.*two or three integers"),
    "heads of four numbers": (_changed(lambda d: d.update(heads=[[3, 0, 0, 0]])), "heads.*two or three"),
    "a head out of range": (_changed(lambda d: d.update(heads=[[7, 0, 0]])), "heads.*input 7 is not an earlier node"),
    "a negative head": (_changed(lambda d: d.update(heads=[[-1, 0, 0]])), "heads.*-1 is not an earlier node"),
    "heads are missing": (_changed(lambda d: d.pop("heads")), "expected an object with 'nodes' and 'heads'"),
    "nodes are missing": (_changed(lambda d: d.pop("nodes")), "expected an object with 'nodes' and 'heads'"),
    "version is text": (_changed(lambda d: d.update(attrs={"mxnet_version": ["int", "900"]})), "mxnet_version must be"),
    "version is a fraction": (_changed(lambda d: d.update(attrs={"mxnet_version": ["int", 1.5]})), "mxnet_version"),
    "version of another type": (_changed(lambda d: d.update(attrs={"mxnet_version": ["str", "1"]})), "mxnet_version"),
}  # fmt: skip
LENIENT: dict[str, tuple[Document, str]] = {
    "a missing output": (_fc(inputs=[[0, 5], [1, 0], [2, 0]]), "node 3 'fc'.*'data' has 1 outputs, not an output 5"),
    "a missing output as head": (_changed(lambda d: d.update(heads=[[3, 4, 0]])), "heads.*'fc' has 1 outputs, not.* 4"),
    "a node is its own input": (_fc(inputs=[[3, 0], [1, 0], [2, 0]]), "node 3 'fc'.*input 3 is not an earlier node"),
    "too few inputs": (_fc(inputs=[[0, 0], [1, 0]]), r"node 3 'fc'.*3 inputs \('data', 'weight', 'bias'\).*but 2"),
    "too many inputs": (_fc(inputs=[[0, 0], [1, 0], [2, 0], [0, 0]]), "node 3 'fc'.*needs 3 inputs.*but 4 are listed"),
    "too many for num_args": (
        graph(var("x"), node("Concat", "c", 0, 0, attrs={"num_args": "1"}), version=10901), "node 1 'c'.*needs 1 inputs"
    ),
    "a variable with inputs": (_changed(lambda d: d["nodes"][1].update(inputs=[[0, 0]])), "node 1 'w'.*variables"),
    "a computed state": (
        graph(*map(var, STATISTICS[:4]), node("exp", "v", 3), node("BatchNorm", "bn", 0, 1, 2, 3, 4)),
        "node 5 'bn'.*'moving_var' is computed by 'v'",
    ),
}  # fmt: skip
# MXNet refuses them, without need.
BEYOND: dict[str, Document] = {
    "arg_nodes are missing": _changed(lambda d: d.pop("arg_nodes")),
    "arg_nodes are wrong": _changed(lambda d: d.update(arg_nodes=[77])),
    "inputs of a variable are missing": _changed(lambda d: d["nodes"][0].pop("inputs")),
    "unknown fields": _changed(lambda d: (d.update(foo=[1]), d["nodes"][0].update(foo={"a": None}))),
}
