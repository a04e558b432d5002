"""Attributes for all symbols made inside a ``with`` block: ``with AttrScope(ctx_group="dev1"): ...``.

`current_scope` is what composes symbols asks. The scope's attributes come first, those of the outer blocks fill in what
it does not say.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping

__all__ = ["AttrScope", "current_scope"]


class _Stack(threading.local):
    def __init__(self) -> None:
        self.scopes: list[AttrScope] = [AttrScope()]


class _WithCurrent(type):
    """Gives the class ``AttrScope.current``, which MXNet has and advises against."""

    @property
    def current(cls) -> AttrScope:
        _discourage()
        return current_scope()

    @current.setter
    def current(cls, scope: AttrScope) -> None:
        _discourage()
        _stack.scopes[-1] = scope


class AttrScope(metaclass=_WithCurrent):
    """Attributes, names and values all strings, for symbols made inside it. Raises ValueError for other values."""

    def __init__(self, **kwargs: str) -> None:
        for name, value in kwargs.items():
            if not isinstance(value, str):
                raise ValueError(f"Attributes need to be string, but {name} is {value!r}.")
        self._attr = kwargs
        self._outside: list[dict[str, str]] = []  # own attributes, to return to after each ``with``

    def get(self, attr: Mapping[str, str] | None) -> dict[str, str]:
        """This scope's attributes, overruled by the given ones."""
        return {**self._attr, **(attr or {})}

    def __enter__(self) -> AttrScope:
        self._outside.append(self._attr)
        self._attr = {**current_scope()._attr, **self._attr}
        _stack.scopes.append(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        _stack.scopes.pop()
        self._attr = self._outside.pop()


_stack = _Stack()


def current_scope() -> AttrScope:
    """The innermost scope of this thread."""
    return _stack.scopes[-1]


def _discourage() -> None:
    warnings.warn(
        "AttrScope.current has been deprecated. It is advised to use the `with` statement with AttrScope.",
        DeprecationWarning,
        stacklevel=3,
    )
