"""Record the files that MXNet's Trainer.save_states pickles, and where the training goes from there, for
tests/golden/states.json.

Run it in an environment that has Apache MXNet 1.9.1, from the repository's root:

    python tools/record_states.py
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from pathlib import Path

import mxnet as mx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "optimizer"))

import state_cases as cases  # noqa: E402


def record(case: str, folder: str) -> dict:
    parameters = cases.parameters(mx, case)
    trainer = cases.trainer(mx, case, parameters)
    cases.train(mx, parameters, trainer)
    if cases.CASES[case][-1]:
        trainer.set_learning_rate(cases.CASES[case][-1])
    path = Path(folder) / "trainer.states"
    trainer.save_states(str(path))
    found = {"states": base64.b64encode(path.read_bytes()).decode(), "mid": cases.values(parameters)}
    found["learning_rate"] = float(trainer.learning_rate)
    cases.train(mx, parameters, trainer)
    return {**found, "end": cases.values(parameters)}


def main() -> None:
    assert hasattr(mx.base, "_LIB"), "this must run in Apache MXNet's environment"
    with tempfile.TemporaryDirectory() as folder:
        found = {case: record(case, folder) for case in cases.CASES}
    path = ROOT / "tests" / "golden" / "states.json"
    lines = (f"{json.dumps(case)}: {json.dumps(answer)}" for case, answer in found.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
