"""Switches between MXNet's legacy array semantics, which ``mx.nd`` uses, and NumPy's, which do not exist yet."""

from __future__ import annotations

__all__ = ["getenv", "is_np_array", "is_np_shape", "setenv"]

import os


def is_np_array() -> bool:
    """Whether functions return ``mx.np`` arrays. False in this version."""
    return False


def is_np_shape() -> bool:
    """Whether shapes () and (0, ...) mean what they mean in NumPy. False in this version."""
    return False


def getenv(name: str) -> str | None:
    """The value of an environment variable, None without one."""
    return os.environ.get(name)


def setenv(name: str, value: str | None) -> None:
    """Set an environment variable; None removes it."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
