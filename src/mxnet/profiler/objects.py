"""What users add to a profile: tasks, frames and events that take time, counters, and markers of a moment.

They are noted while the profiler runs, and cost next to nothing while it does not.
"""

from __future__ import annotations

import time
from itertools import count
from typing import Any

from ..base import MXNetError
from .session import session

__all__ = ["Counter", "Domain", "Event", "Frame", "Marker", "Task"]

_numbers = count(1)
_SCOPES = {"global": "g", "process": "p", "thread": "t", "task": "t", "marker": "t"}  # Chrome knows three


class Domain:
    """A name under which tasks, frames, counters and markers are shown together."""

    def __init__(self, name: str) -> None:
        self.name = _checked(name)

    def new_task(self, name: str) -> Task:
        return Task(self, name)

    def new_frame(self, name: str) -> Frame:
        return Frame(self, name)

    def new_counter(self, name: str, value: int | None = None) -> Counter:
        return Counter(self, name, value)

    def new_marker(self, name: str) -> Marker:
        return Marker(self, name)

    def __str__(self) -> str:
        return self.name


class _Lasting:
    """Something with a beginning and an end; in a ``with`` block, that block. Stopping what was not started does
    nothing.
    """

    def __init__(self, category: str, name: str) -> None:
        self.name, self._category = _checked(name), category
        self._began: int | None = None

    def start(self) -> None:
        """Begin now."""
        self._began = time.time_ns()

    def stop(self) -> None:
        """End now."""
        began, self._began = self._began, None
        if began is None or not session.active:
            return
        now, number = time.time_ns(), next(_numbers)
        for phase, moment in (("b", began), ("e", now)):  # several of a thread may overlap
            session.note(name=self.name, cat=self._category, ph=phase, ts=moment, id=number)
        session.statistics.add("Time", self._category, self.name, (now - began) / 1e6)

    def __enter__(self) -> Any:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def __str__(self) -> str:
        return self.name


class Task(_Lasting):
    """A piece of work, ``start()`` to ``stop()``. Raises MXNetError without a Domain."""

    def __init__(self, domain: Domain, name: str) -> None:
        super().__init__(_domain(domain, name), name)


class Frame(_Lasting):
    """One of many passes of the same kind, such as a batch. Raises MXNetError without a Domain."""

    def __init__(self, domain: Domain, name: str) -> None:
        super().__init__(f"{_domain(domain, name)},frame", name)


class Event(_Lasting):
    """A piece of work of no domain."""

    def __init__(self, name: str) -> None:
        super().__init__("event", name)


class Counter:
    """A whole number that changes: ``set_value``, ``counter += 2``, ``counter -= 1``.

    Raises MXNetError without a Domain, ValueError for a value that is no number.
    """

    def __init__(self, domain: Domain, name: str, value: int | None = None) -> None:
        self._category, self.name, self._value = f"{_domain(domain, name)},counter", _checked(name), 0
        if value is not None:
            self.set_value(value)

    def set_value(self, value: int) -> None:
        self._value = int(value)
        if session.active:
            session.note(name=self.name, cat=self._category, ph="C", ts=time.time_ns(), args={self.name: self._value})
            session.statistics.add("Counter", self._category, self.name, self._value)

    def increment(self, delta: int = 1) -> None:
        self.set_value(self._value + int(delta))

    def decrement(self, delta: int = 1) -> None:
        self.set_value(self._value - int(delta))

    def __iadd__(self, delta: int) -> Counter:
        self.increment(delta)
        return self

    def __isub__(self, delta: int) -> Counter:
        self.decrement(delta)
        return self

    def __str__(self) -> str:
        return self.name


class Marker:
    """A moment. Raises MXNetError without a Domain."""

    def __init__(self, domain: Domain, name: str) -> None:
        self._category, self.name, self.domain = f"{_domain(domain, name)},instant_marker", _checked(name), domain

    def mark(self, scope: str = "process") -> None:
        """Now. scope: 'global', 'process', 'thread', 'task' or 'marker'; MXNetError for another one."""
        if scope not in _SCOPES:
            raise MXNetError(f"Marker {self.name}: scope must be one of {', '.join(_SCOPES)}, but is {scope!r}.")
        if session.active:
            session.note(name=self.name, cat=self._category, ph="i", ts=time.time_ns(), s=_SCOPES[scope])


def _domain(domain: Any, name: str) -> str:
    if not isinstance(domain, Domain):
        raise MXNetError(f"{name!r} needs a profiler.Domain, but got {domain!r}.")
    return domain.name


def _checked(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"the name of what is profiled must be a str, but is {name!r}")
    return name
