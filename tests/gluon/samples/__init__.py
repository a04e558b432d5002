"""What the recorder asks the real MXNet about gluon, and the tests ask this library: layers and scenes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "golden" / "gluon"


def load(name: str) -> dict[str, Any]:
    """The golden answers of one file, by sample."""
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def save(name: str, answers: dict[str, Any]) -> Path:
    """Write them, one line per sample."""
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in answers.items()]
    path = FOLDER / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    return path


def encode(array: np.ndarray) -> list:
    """An array as JSON: dtype, shape, values."""
    return [str(array.dtype), list(array.shape), [float(f"{v:.7g}") for v in array.ravel().tolist()]]
