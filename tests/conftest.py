"""Every test starts from the same seeds and names, and leaves the process as it found it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet.graph import infer, json, legal, lower


def process_state() -> dict[str, object]:
    return {
        "recording": mx.autograd.is_recording(),
        "training": mx.autograd.is_training(),
        "context": mx.current_context(),
        "torch dtype": torch.get_default_dtype(),
        "torch grad mode": torch.is_grad_enabled(),
    }


@pytest.fixture(autouse=True)
def isolated() -> Iterator[None]:
    """Seed the generators and count block names from 0; afterwards, fail the test that left something switched."""
    before = process_state()
    random.seed(0)
    np.random.seed(0)
    mx.random.seed(0)
    with mx.name.NameManager():
        yield
    assert process_state() == before, "the test left global state changed"


@pytest.fixture(autouse=True)
def legal_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold every graph that a test writes, runs or infers against the table of what a legal graph is."""

    def checked(function: Callable) -> Callable:
        def first_check(heads: Any, *args: Any, **kwargs: Any) -> Any:
            legal.check(list(heads))
            return function(heads, *args, **kwargs)

        return first_check

    for module, name in ((json, "dumps"), (lower, "lower"), (infer, "infer"), (infer, "infer_types")):
        monkeypatch.setattr(module, name, checked(getattr(module, name)))
