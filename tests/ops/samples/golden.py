"""Files of golden answers: one JSON file per family, one line per sample, so that a change reads well in a diff.

An answer is ``{"outputs": [array, ...], "gradients": {input: array}, "states": {input: array}}``, or
``{"error": class}``; an array is ``[dtype, shape, flat values]``, with null for random values.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "golden" / "ops"


def load(family: str) -> dict[str, dict]:
    """The answers of one family, by sample id; none when it was never recorded."""
    path = FOLDER / f"{family}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def save(family: str, answers: dict[str, dict]) -> Path:
    """Write one family's answers."""
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in answers.items()]
    path = FOLDER / f"{family}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    return path


def encode(value: Any) -> list:
    """An array, or a Python number, as JSON. Floats are the shortest text that reads back as the same number."""
    if not isinstance(value, np.ndarray):
        return ["python", [], [float(value)]]
    return [value.dtype.name, list(value.shape), [_number(v) for v in value.ravel()]]


def _number(value: np.generic) -> float | int:
    number = float(str(value)) if value.dtype.kind == "f" else int(value)
    return int(number) if float(number).is_integer() and str(number) != "-0.0" else number


def decode(answer: list) -> np.ndarray:
    """The array again; of random values, one of that dtype and shape."""
    dtype, shape, values = answer
    if values is None:
        return np.zeros(shape, dtype)
    return np.array(values, dtype="float64" if dtype == "python" else dtype).reshape(shape)
