"""Record what MXNet's optimizers make of small weights in 50 updates, for tests/golden/optimizers.json.

Run it in an environment that has Apache MXNet 1.9.1, from the repository's root:

    python tools/record_optimizers.py
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ["MXNET_STORAGE_FALLBACK_LOG_VERBOSE"] = "0"

import mxnet as mx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "optimizer"))

import golden_cases as cases  # noqa: E402


def record(call: str) -> list:
    """The values of each weight and its states, in a flat list for each array."""
    found = cases.updated(mx, call)
    return [[[float(f"{x:.9g}") for x in array.ravel()] for array in arrays] for arrays in found]


def main() -> None:
    assert hasattr(mx.base, "_LIB"), "this must run in Apache MXNet's environment"
    path = ROOT / "tests" / "golden" / "optimizers.json"
    lines = (f"{json.dumps(case)}: {json.dumps(record(call))}" for case, call in cases.CASES.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
