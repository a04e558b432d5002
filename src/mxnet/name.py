"""Names for symbols that were given none: ``fullyconnected0``, ``fullyconnected1``, or with a prefix inside ``with
Prefix(...)``.

The innermost ``with`` block of the thread decides; `current_manager` is what composes symbols asks. Each thread starts
with a plain NameManager of its own.
"""

from __future__ import annotations

import threading
import warnings

__all__ = ["NameManager", "Prefix", "current_manager"]


class _Stack(threading.local):
    def __init__(self) -> None:
        self.managers: list[NameManager] = [NameManager()]


class _WithCurrent(type):
    """Gives the class ``NameManager.current``, which MXNet has and advises against."""

    @property
    def current(cls) -> NameManager:
        _discourage()
        return current_manager()

    @current.setter
    def current(cls, manager: NameManager) -> None:
        _discourage()
        _stack.managers[-1] = manager


class NameManager(metaclass=_WithCurrent):
    """Gives every symbol without a name its kind and a number. A new manager counts from 0."""

    def __init__(self) -> None:
        self._counter: dict[str, int] = {}

    def get(self, name: str | None, hint: str) -> str:
        """``name`` where there is one, else ``hint`` and the next number of that hint."""
        if name:
            return name
        number = self._counter.get(hint, 0)
        self._counter[hint] = number + 1
        return f"{hint}{number}"

    def __enter__(self) -> NameManager:
        _stack.managers.append(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        _stack.managers.pop()


class Prefix(NameManager):
    """Puts ``prefix`` before every name, given ones included."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def get(self, name: str | None, hint: str) -> str:
        return self._prefix + super().get(name, hint)


_stack = _Stack()


def current_manager() -> NameManager:
    """The innermost name manager of this thread."""
    return _stack.managers[-1]


def _discourage() -> None:
    warnings.warn(
        "NameManager.current has been deprecated. It is advised to use the `with` statement with NameManager.",
        DeprecationWarning,
        stacklevel=3,
    )
