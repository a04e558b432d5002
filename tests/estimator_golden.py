"""The answers of MXNet about training loops, and how ours are compared with them."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from tools import record_estimator

GOLDEN = json.loads((Path(__file__).parent / "golden" / "estimator.json").read_text(encoding="utf-8"))
_NUMBER = re.compile(r"-?\d+\.\d+")


def check(subject: str, expression: str) -> None:
    """Our answer is MXNet's. Numbers agree within 1e-3, since float32 sums depend on the order of adding."""
    ours = json.loads(json.dumps(record_estimator.evaluate(expression)))
    golden = GOLDEN[subject][expression]
    assert ours.get("raises") == golden.get("raises"), ours
    assert plain(ours) == plain(golden)
    found, wanted = numbers(ours), numbers(golden)
    assert all(math.isclose(a, b, rel_tol=1e-3, abs_tol=1.1e-3) for a, b in zip(found, wanted, strict=True))


def plain(value: Any) -> Any:
    """The value with its fractions left out."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, str):
        return _NUMBER.sub("NUMBER", value)
    return "NUMBER" if isinstance(value, float) else value


def numbers(value: Any) -> list[float]:
    """The fractions in a value, in their order."""
    if isinstance(value, dict):
        return [number for name in sorted(value) for number in numbers(value[name])]
    if isinstance(value, list):
        return [number for part in value for number in numbers(part)]
    if isinstance(value, str):
        return [float(number) for number in _NUMBER.findall(value)]
    return [value] if isinstance(value, float) else []
