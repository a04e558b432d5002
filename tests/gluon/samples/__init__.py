"""What the recorder asks the real MXNet about gluon, and the tests ask this library: layers and scenes."""

from __future__ import annotations

import json
import zlib
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


def values(seed: str, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
    """Values in [-1, 1), the same on every machine; in [0.5, 1.5) for variances, indices below 3 for integers."""
    rng = np.random.RandomState(zlib.crc32(seed.encode()))
    if dtype.startswith("int"):
        return rng.randint(0, 3, shape).astype(dtype)
    low = 0.5 if seed.endswith("var") else -1.0
    return rng.uniform(low, low + (1.0 if low > 0 else 2.0), shape).astype(dtype)


def encode(array: np.ndarray) -> list:
    """An array as JSON: dtype, shape, values."""
    return [str(array.dtype), list(array.shape), [float(f"{v:.7g}") for v in array.ravel().tolist()]]
