"""Every optimizer, 50 updates of three small weights, against MXNet (tests/golden/optimizers.json, made by
tools/record_optimizers.py): weights and states.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet.ops.optimizer import sgd_adam as kernels

from . import golden_cases as cases

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "optimizers.json").read_text())

# Where MXNet loses digits: differences of nearly equal numbers, or norms of half-precision weights.
RELATIVE = {"half lamb": 1e-3, "half lars": 1e-3, "half lars momentum": 1e-3}
TWO_WAYS = [case for case, call in cases.CASES.items() if call.startswith(("sgd", "adam(", "nag(", "lbsgd"))]


@pytest.mark.filterwarnings("ignore:Accumulating")
@pytest.mark.parametrize(
    ("case", "fused"), [(case, True) for case in cases.CASES] + [(case, False) for case in TWO_WAYS]
)
def test_fifty_updates_as_in_mxnet(case, fused, monkeypatch):
    monkeypatch.setattr(kernels, "_fused", fused and kernels._fused)
    found = cases.updated(mx, cases.CASES[case])
    assert len(found) == len(GOLDEN[case])
    for i, (arrays, expected) in enumerate(zip(found, GOLDEN[case], strict=True)):
        assert len(arrays) == len(expected)
        for j, (array, values) in enumerate(zip(arrays, expected, strict=True)):
            half = "half" in case and j == 0
            scale = np.abs(values).max()
            relative = 1e-3 if half else RELATIVE.get(case, 1e-5)
            np.testing.assert_allclose(
                array.ravel(), values, rtol=relative, atol=relative * scale, err_msg=f"weight {i}, array {j}"
            )


@pytest.mark.parametrize("case", [case for case in cases.CASES if case.startswith("half")])
def test_bfloat16_weights_follow_their_float32_copies(case):
    call = cases.CASES[case]
    half = cases.updated(mx, call, dtype="bfloat16")
    single = cases.updated(mx, call.replace("half=True, ", ""), rounded="bfloat16")
    for (weight, *states), (expected, *expected_states) in zip(half, single, strict=True):
        assert (weight == mx.nd.array(expected).astype("bfloat16").astype("float32").asnumpy()).all()
        assert len(states) == 1 + len(expected_states)  # the copy
        states = {state.tobytes() for state in states}
        assert {state.tobytes() for state in (expected, *expected_states)} == states
