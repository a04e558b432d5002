"""The stubs that are checked in are what the registry derives now."""

from __future__ import annotations

import pytest

from tools.make_stubs import PACKAGE, stubs


@pytest.mark.parametrize(("path", "text"), list(stubs()), ids=lambda value: getattr(value, "name", ""))
def test_stubs_are_fresh(path, text):
    assert path.read_text() == text, f"{path.relative_to(PACKAGE)} is stale: run python tools/make_stubs.py"
