"""``mx.error``: classes of errors by name."""

from __future__ import annotations

from .base import MXNetError, register_error

__all__ = ["InternalError", "MXNetError", "register", "register_error"]

register = register_error


@register_error
class InternalError(MXNetError):
    """An error of the library itself, not of the program that uses it."""

    def __init__(self, msg: str) -> None:
        if "hint:" not in msg:
            msg += "\nhint: This is an error inside Regluon. Please report it, with the program that shows it."
        super().__init__(msg)


for _kind in (ValueError, TypeError, AttributeError, IndexError, NotImplementedError):
    register_error(_kind.__name__, _kind)
