"""mx.test_utils answers as MXNet 1.9.1's: values, classes of errors, reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mxnet as mx

from .cases import COMPARING, SYMBOLS, VALUES, answer, expressions

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "test_utils.json").read_text(encoding="utf-8"))
CALLS = [call for text in (COMPARING, VALUES, SYMBOLS) for call in expressions(text)]
STATISTICS = ("t.chi_square_check", "t.verify_generator")


def agrees(found: Any, wanted: Any) -> bool:
    """Equal, numbers up to what float64 arithmetic in another order may change."""
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict) and list(found) == list(wanted) and all(agrees(found[k], wanted[k]) for k in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(agrees, found, wanted))
    if isinstance(wanted, float):
        return bool(np.isclose(found, wanted, rtol=1e-6, atol=1e-12, equal_nan=True))
    return type(found) is type(wanted) and found == wanted


@pytest.mark.parametrize("call", CALLS)
def test_call(call):
    if call.startswith(STATISTICS):
        pytest.importorskip("scipy")
    found, wanted = answer(mx, call), GOLDEN[call]
    if "error" not in wanted:
        assert "error" not in found, found
        assert agrees(found["value"], wanted["value"])
        return
    assert wanted["error"][0] in found["error"]
    assert found.get("message") == wanted.get("message")
    assert found.get("printed") == wanted.get("printed")


def test_every_recorded_call_is_tested():
    assert list(GOLDEN) == CALLS
