"""Losses, metrics, initializers and schedules take the arguments that MXNet's take (tools/record_init_metric.py)."""

from __future__ import annotations

import importlib
import inspect
import json
import operator
import pathlib

import pytest

GOLDEN = json.loads((pathlib.Path(__file__).parent / "golden" / "signatures.json").read_text())


def plain(signature):
    """Without annotations, as text."""
    parameters = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=parameters, return_annotation=signature.empty))


@pytest.mark.parametrize("module", GOLDEN)
def test_signatures(module):
    ours = importlib.import_module(module)
    found = {name: plain(inspect.signature(operator.attrgetter(name)(ours))) for name in GOLDEN[module]}
    assert found == GOLDEN[module]
