"""Compare what this library answers with the golden answers."""

from __future__ import annotations

from typing import Any

import numpy as np

import mxnet as mx

from . import load, scenes


def check_scene(name: str) -> None:
    """A scene says here what it said in MXNet."""
    expected, found = load("scenes")[name], scenes.play(mx, name)
    for i, (want, got) in enumerate(zip(expected, found, strict=True)):
        assert same(want, got), (
            f"{name}: note {i}\nMXNet says {want}\nthis says {got}\nafter {found[max(0, i - 3) : i]}"
        )


def same(want: Any, got: Any) -> bool:
    """Numbers are close, error classes are those of MXNet or derived from them, everything else is equal."""
    if isinstance(want, dict):
        return isinstance(got, dict) and want["raises"][0] in got["raises"]
    try:
        return np.allclose(want, got, rtol=1e-5, atol=1e-6)
    except (TypeError, ValueError):
        return want == got


def assert_close(want: list, got: list, what: str = "", tolerance: float = 1e-5) -> None:
    """Two encoded arrays agree: dtype and shape exactly, values nearly."""
    assert want[:2] == got[:2], f"{what}: {want[:2]} expected, {got[:2]} found"
    np.testing.assert_allclose(got[2], want[2], rtol=tolerance * 10, atol=tolerance, err_msg=what)
