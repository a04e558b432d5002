"""The registry against the inventory of MXNet 1.9.1's operators: nothing is missing, nothing has another signature.

The inventory is ``tests/golden/inventory.json``, which ``tools/record_inventory.py`` makes. What may be missing stands
in ``mxnet/ops/absent.py``, with a reason that users are told.
"""

from __future__ import annotations

import json
import math
import typing
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import mxnet as mx
from mxnet.ops import absent, registry
from mxnet.ops.attributes import Dtype
from mxnet.ops.methods import METHODS
from tools.make_reference import found, places

from .registered import NAMES
from .samples import Array
from .test_ops import SAMPLES, arrays, call, over

INVENTORY = json.loads((Path(__file__).parents[1] / "golden" / "inventory.json").read_text("utf-8"))
OPERATORS = INVENTORY["operators"]
PRESENT = [name for name in OPERATORS if name in NAMES]

# (operator, attribute) -> why its default or values are not those of the inventory.
DIFFERENT = {
    # The inventory lists _arange's arguments for _linspace; MXNet refuses those and wants num and endpoint.
    ("_linspace", "stop"): "required, as MXNet says when it is called",
    ("smooth_l1", "scalar"): "the inventory knows no default; MXNet takes 1",
    ("_set_value", "src"): "the inventory knows no default; it makes no sense without",
}


def test_no_operator_is_missing():
    missing = [name for name in OPERATORS if name not in NAMES and absent.reason(name) is None]
    missing = [name for name in missing if not NAMES.intersection(OPERATORS[name]["aliases"])]  # mx.np's, shown in nd
    assert not missing, f"{len(missing)} operators are neither in the registry nor in absent.py: {' '.join(missing)}"


@pytest.mark.parametrize("face", ["nd", "sym"])
def test_operators_are_shown_where_mxnet_shows_them(face):
    space = getattr(mx, face)
    missing = [f"{m}.{f}".lstrip(".") for m, f, _ in places(space) if not found(space, m, f)]
    assert not missing, f"mx.{face} lacks {' '.join(missing)}"


def test_every_operator_is_one_of_mxnets():
    assert not [op.name for op in registry.operators() if op.name not in OPERATORS]


def test_nothing_is_both_here_and_left_out():
    tables = {**absent.LEFT_OUT, **absent.INTERNAL}
    assert not NAMES & tables.keys()
    assert len(tables) == len(absent.LEFT_OUT) + len(absent.INTERNAL)
    # Of other builds of MXNet, and modules; everything else is in the inventory.
    elsewhere = {n for n in tables if n not in OPERATORS}
    assert all(n.startswith(("mx.", "_contrib_intgemm_", "_TensorRT", "_TVMSubgraph")) for n in elsewhere)


def test_inventory_is_whole():
    assert len(OPERATORS) == 422
    assert not [name for name in OPERATORS if name.startswith("_backward_")]


# ---- signatures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESENT)
def test_signature(name):
    """Inputs, attributes and their order, aliases, defaults and the values of enumerations are MXNet's."""
    op, record = registry.get(name), OPERATORS[name]
    assert op.name == name
    assert set(record["aliases"]) <= {op.name, *op.aliases}
    assert not [a for a in op.aliases if a not in record["aliases"] and not a.startswith("_sparse_")]
    assert (list(op.inputs) if not op.variadic else [op.variadic]) == record["inputs"]
    counts = {op.count, record["count"]} if op.variadic else set()
    attributes = {n: a for n, a in op.attributes.items() if n not in counts or n in record["attributes"]}
    if name != "_linspace":
        assert list(attributes) == list(record["attributes"])
    for key, expected in record["attributes"].items():
        if key in counts or (name, key) in DIFFERENT or key not in attributes:
            continue
        ours = attributes[key]
        assert ours.required == ("required" in expected), key
        if not ours.required:
            assert equal(ours.default, expected["default"]), f"{key}={ours.default!r}, MXNet's {expected['default']!r}"
        choices = values(ours.annotation)
        if "enum" in expected and choices is not None:
            assert choices == set(map(str, expected["enum"])), key


def equal(ours: Any, theirs: Any) -> bool:
    """Whether two defaults mean the same; MXNet prints floats in float32, and shapes and None as text."""
    if isinstance(ours, float) and isinstance(theirs, (int, float)):
        return math.isclose(ours, theirs, rel_tol=1e-6)
    if isinstance(ours, tuple):
        theirs = tuple(theirs) if isinstance(theirs, list) else theirs
        return ours == theirs or str(ours) == str(theirs)
    return ours == theirs or (ours is None and theirs == "None")


def values(annotation: Any) -> set[str] | None:
    """What an enumeration accepts, as text; None for other types. A dtype accepts all dtypes."""
    if typing.get_origin(annotation) is Literal:
        return set(map(str, typing.get_args(annotation)))
    parts = typing.get_args(annotation)
    if not parts or annotation is Dtype or Dtype in parts:
        return None
    inner = [values(p) for p in parts if p is not type(None)]
    if len(inner) != 1 or inner[0] is None:
        return None
    return inner[0] | ({"None"} if type(None) in parts else set())


# ---- what was left out -----------------------------------------------------------------------------------------------

GONE = [name for name in (*absent.LEFT_OUT, *absent.INTERNAL) if not name.startswith("mx.")]


@pytest.mark.parametrize("name", [*GONE, "_backward_Activation"])
def test_operator_that_was_left_out(name):
    """Whoever asks for it hears why, and where to read; ``hasattr`` says no."""
    why = absent.reason(name)
    assert why is not None
    assert name in why
    assert why.endswith("docs/differences.md.")
    assert len(why) > 60
    module, short = ("contrib", name.removeprefix("_contrib_")) if name.startswith("_contrib_") else ("_internal", name)
    for face in (mx.nd, mx.sym):
        space = getattr(face, module)
        assert not hasattr(space, short)
        with pytest.raises(AttributeError) as caught:
            getattr(space, short)
        assert why in str(caught.value)
    with pytest.raises(mx.MXNetError) as refused:
        registry.get(name)
    assert str(refused.value) == why
    node = {"op": name, "name": "gone0", "inputs": []}
    with pytest.raises(mx.MXNetError) as unread:
        mx.sym.load_json(json.dumps({"nodes": [node], "arg_nodes": [], "heads": [[0, 0, 0]]}))
    assert "'gone0'" in str(unread.value)
    assert why in str(unread.value)


@pytest.mark.parametrize("name", ["rtc", "tvmop"])
def test_module_that_was_left_out(name):
    assert not hasattr(mx, name)
    with pytest.raises(
        AttributeError, match=rf"no attribute '{name}': 'mx\.{name}' is left out .* docs/differences.md"
    ):
        getattr(mx, name)


def test_what_mxnet_does_not_have_either():
    assert absent.reason("nonsense") is None
    for space in (mx, mx.nd, mx.nd.contrib, mx.sym.contrib):
        with pytest.raises(AttributeError, match="has no attribute 'nonsense'$"):
            space.nonsense  # noqa: B018


# ---- methods ---------------------------------------------------------------------------------------------------------

LATER = {"as_np_ndarray"}  # of symbols; it comes with mx.np


@pytest.mark.parametrize(("kind", "array"), [("NDArray", mx.nd.NDArray), ("Symbol", mx.sym.Symbol)])
def test_methods(kind, array):
    """All of MXNet's; those that are operators come from the one list of both kinds, or the class has its own."""
    missing = {name for name in INVENTORY["methods"][kind] if not hasattr(array, name)}
    assert missing == (LATER if kind == "Symbol" else set())
    operators = {name for name in INVENTORY["methods"][kind] if name in NAMES}
    assert operators <= {*METHODS, *vars(array)}
    assert set(METHODS) <= set(INVENTORY["methods"]["NDArray"])


METHOD_SAMPLES = [s for s in SAMPLES if s.operator in METHODS and s.pure and isinstance(s.inputs[0], Array)]


@over(METHOD_SAMPLES)
def test_method_is_the_operator(sample):
    """``x.sum(axis=1)`` computes what ``nd.sum(x, axis=1)`` does, and makes the same node."""
    inputs = arrays(sample)
    if sample.operator not in vars(mx.nd.NDArray):  # tests/ndarray has those
        first, *rest = inputs
        with mx.autograd.train_mode() if sample.train else mx.autograd.predict_mode():
            results = getattr(first, sample.operator)(*rest, **sample.attrs)
        results = results if isinstance(results, list) else [results]
        for one, other in zip(results, call(sample, inputs, sample.train), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one.asnumpy(), other.asnumpy())
    if sample.symbol and all(isinstance(x, Array) for x in sample.inputs):
        first, *rest = (mx.sym.Variable(f"in{i}") for i in range(len(inputs)))
        symbol = getattr(first, sample.operator)(*rest, **sample.attrs, name="node")
        if sample.operator == "squeeze":  # MXNet's method writes its default down
            sample = replace(sample, attrs={"axis": None, **sample.attrs})
        assert symbol.tojson() == mx.sym.Group(sample.run(mx.sym, [first, *rest], name="node")).tojson()


def test_every_method_has_been_called():
    assert set(METHODS) <= {s.operator for s in METHOD_SAMPLES}
