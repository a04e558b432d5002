"""Record what MXNet computes: losses and parameters of trainings, for tests/golden/training.json.

Run it in an environment that has Apache MXNet 1.9.1, from the repository's root:

    python tools/record_training.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import mxnet as mx
from mxnet import autograd, gluon, nd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "gluon"))

import training_cases as cases  # noqa: E402


def main() -> None:
    assert hasattr(mx.base, "_LIB"), "this must run in Apache MXNet's environment"
    record = {
        "training": [cases.run_training(mx, nd, autograd, gluon, case) for case in cases.TRAINING],
    }
    path = ROOT / "tests" / "golden" / "training.json"
    path.write_text(json.dumps(record, default=lambda a: np.asarray(a).tolist()) + "\n")
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
