"""The table of dtypes in the reference: what it says of an operator is what its samples do now."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet.ops import registry
from tools import make_dtypes
from tools.make_dtypes import DTYPES, held, load, numbers, same, table

TABLE = load()
NAMES = sorted(op.name for op in registry.operators())
STALE = "docs/reference/dtypes.json is stale: run python tools/make_dtypes.py, then python tools/make_reference.py"


def test_table_lists_every_operator():
    assert sorted(TABLE) == NAMES, STALE
    assert {len(letters) for letters in TABLE.values()} == {len(DTYPES)}


def test_slice_of_the_table():
    """Every eighth operator; the slow test has them all."""
    part = [name for name in NAMES[::8] if name in TABLE]
    assert table(part) == {name: TABLE[name] for name in part}, STALE


@pytest.mark.slow
def test_table_is_fresh():
    assert table(NAMES) == TABLE, STALE


def test_networks_compute_in_every_float():
    """What people train in float16 and bfloat16."""
    floats = DTYPES.index("float64") + 1
    for name in "FullyConnected Convolution BatchNorm LayerNorm Activation softmax Embedding dot batch_dot".split():
        assert TABLE[name][:floats] == "yyyy", name


# ---- the judge -------------------------------------------------------------------------------------------------------


def test_numbers_are_ones_that_the_dtype_holds():
    values = np.array([-1.3, 0.2, 0.0, 3.0])
    assert numbers(values, "int8").tolist() == [-2, 1, 0, 3]
    assert numbers(values, "uint8").tolist() == [2, 1, 0, 3]
    assert numbers(values, "bool").tolist() == [1, 1, 0, 1]
    assert numbers(values, "float16").tolist() == values.astype("float16").astype("float64").tolist()
    assert numbers(values, "bfloat16").tolist() == [-1.296875, 0.2001953125, 0, 3]


def test_samples_that_say_nothing_about_a_dtype():
    assert held(np.array([1.0, np.nan]), "bfloat16")
    assert not held(np.array([1.0, np.nan]), "int32")
    assert not held(np.array([200]), "int8")
    assert held(np.array([200]), "uint8")


@pytest.mark.parametrize(
    ("values", "dtype", "expected", "right"),
    [
        ([1.001], "float16", [1.0], True),
        ([1.1], "float16", [1.0], False),
        ([1.001], "float64", [1.0], False),
        ([np.nan], "float32", [np.nan], True),
        ([np.nan], "float32", [0.0], False),
        ([2], "int32", [2.7], True),
        ([3], "int32", [2.7], False),
        ([-56], "int8", [200.0], True),  # it wraps
        ([True], "bool", [0.5], True),
        ([True], "bool", [0.0], False),
        ([[1.0]], "float32", [1.0], False),  # another shape
    ],
)
def test_comparison(values, dtype, expected, right):
    assert same(mx.nd.array(values, dtype=dtype), np.array(expected), dtype) is right


def test_an_operator_that_computes_wrongly_fails(monkeypatch):
    sample = make_dtypes.samples()["sin"][0]
    assert make_dtypes.passes(sample, "float32")
    honest = make_dtypes.run
    monkeypatch.setattr(make_dtypes, "run", lambda s, v, d, w: [r * (1 + (d == "float32")) for r in honest(s, v, d, w)])
    assert not make_dtypes.passes(sample, "float32")
