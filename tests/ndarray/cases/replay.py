"""Tests from recorded answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

import mxnet as mx

from . import FAMILIES
from .answers import damage, load, run, same

MISSING = object()


def golden(family: str) -> pytest.MarkDecorator:
    """Parametrize a test with the cases of a family and MXNet's answers."""
    answers, sources = load(family), FAMILIES[family]
    return pytest.mark.parametrize(("source", "expected"), [(s, answers.get(s, MISSING)) for s in sources], ids=sources)


def check(source: str, expected: Any) -> None:
    """The answer is MXNet's; where it is an error, the arrays are what they were."""
    assert expected is not MISSING, "no recorded answer: run tools/record_ndarray.py"
    answer = run(source, mx)
    assert same(answer, expected), f"{source}\nexpected: {json.dumps(expected)}\nreceived: {json.dumps(answer)}"
    if "error" in str(expected):
        assert not damage(source, mx)
