"""Configure, start, stop and dump: the functions of ``mx.profiler``."""

from __future__ import annotations

import atexit
import os
import warnings
from typing import Any

from ..base import MXNetError
from ..ops import attributes
from .session import session

__all__ = [
    "dump",
    "dump_profile",
    "dumps",
    "pause",
    "profiler_set_config",
    "profiler_set_state",
    "resume",
    "set_config",
    "set_state",
]

# Keyword -> (type, default)
_KEYWORDS: dict[str, tuple[Any, Any]] = {
    "filename": (str, "profile.json"),
    "profile_all": (bool, False),
    "profile_symbolic": (bool, False),
    "profile_imperative": (bool, False),
    "profile_memory": (bool, False),
    "profile_api": (bool, False),
    "continuous_dump": (bool, False),
    "dump_period": (float, 1.0),
    "aggregate_stats": (bool, False),
    "gpu_memory_profile_filename_prefix": (str, "gpu_memory_profile"),
    "profile_process": (str, "worker"),
}
_STATES = ("stop", "run")
_PROCESSES = ("worker", "server")
_SORT = ("total", "avg", "min", "max", "count")


class _Control:
    config: dict[str, Any] = {name: default for name, (_, default) in _KEYWORDS.items()}  # noqa: RUF012
    running = False
    dumping = False  # something was run, and the file has not been finished
    process = 0  # the one whose end is watched, not one that was forked from it


_control = _Control()


def set_config(**kwargs: Any) -> None:
    """Say what to profile and where to write it, before ``set_state("run")``. What is not given gets its default.

    Parameters
    ----------
    filename : str
        The file of ``dump``: 'profile.json' by default.
    aggregate_stats : bool
        Whether ``dumps`` has something to show.
    profile_memory : bool
        Follow the memory in use, too. Then one thread is profiled, that which starts the profiler, with the gradients
        that it computes; otherwise all are.
    continuous_dump : bool
        Write the file at every pause and stop, too.
    profile_all, profile_symbolic, profile_imperative, profile_api, dump_period, gpu_memory_profile_filename_prefix
        For MXNet's sake: operators and gradients are always profiled, of graphs and of imperative code.
    profile_process : str
        'worker'; there are no server processes to profile.

    Raises MXNetError for other keywords and values.
    """
    config = {name: default for name, (_, default) in _KEYWORDS.items()}
    for name, value in kwargs.items():
        if name not in _KEYWORDS:
            raise MXNetError(f"profiler.set_config: unknown argument {name!r}; there are {', '.join(_KEYWORDS)}.")
        kind = _KEYWORDS[name][0]
        try:
            config[name] = str(value) if kind is str else attributes.parser(kind)(value)
        except ValueError as error:
            raise MXNetError(f"profiler.set_config: {name} must be {error}, but is {value!r}.") from None
    if config["profile_process"] not in _PROCESSES:
        raise MXNetError(f"profile_process must be one of {_PROCESSES}, but is {config['profile_process']!r}.")
    _check_process(config["profile_process"])
    if config["filename"] != _control.config["filename"]:
        session.forget()
    _control.config = config


def set_state(state: str = "stop", profile_process: str = "worker") -> None:
    """Start ('run') or stop ('stop') the profiler. Raises KeyError for another state."""
    if state not in _STATES:
        raise KeyError(state)
    _check_process(profile_process)
    if state == "stop":
        try:
            _end()
        finally:
            _control.running = session.active
        return
    session.begin(_control.config["profile_memory"])
    _control.running = _control.dumping = True
    if _control.process != os.getpid():
        _control.process = os.getpid()
        atexit.register(_at_exit)


def pause(profile_process: str = "worker") -> None:
    """Collect nothing until ``resume``; without effect when the profiler does not run."""
    _check_process(profile_process)
    _end()


def resume(profile_process: str = "worker") -> None:
    """Collect again; without effect when the profiler does not run."""
    _check_process(profile_process)
    if _control.running:
        session.begin(_control.config["profile_memory"])


def dump(finished: bool = True, profile_process: str = "worker") -> None:
    """Write the file. ``finished``: and stop the profiler.

    Raises MXNetError when the profiler has not run since the file was finished, OSError where it cannot be written.
    """
    _check_process(profile_process)
    if not _control.dumping:
        raise MXNetError("Profiler hasn't been run. Config and start profiler first: set_config(...), set_state('run')")
    if finished:
        set_state("stop")
        _control.dumping = False
    else:
        _gather()
    session.write(_control.config["filename"])


def dumps(reset: bool = False, format: str = "table", sort_by: str = "total", ascending: bool = False) -> str:
    """What was seen so far, as text: for each name how often, and times in milliseconds. '' without aggregate_stats.

    Parameters
    ----------
    reset : bool
        Start to count anew.
    format : str
        'table' or 'json'.
    sort_by : str
        'total', 'avg', 'min', 'max' or 'count'; the largest first, unless ``ascending``.

    Raises AssertionError for other values.
    """
    if format not in ("table", "json"):
        raise AssertionError(f"Invalid value provided for format: {format}. Support: 'table', 'json'")
    if sort_by not in _SORT:
        raise AssertionError(f"Invalid value provided for sort_by: {sort_by}. Support: {', '.join(map(repr, _SORT))}")
    if not _control.config["aggregate_stats"]:
        return ""
    _gather()
    write = session.statistics.json if format == "json" else session.statistics.table
    text = write(sort_by, ascending)
    if reset:
        session.statistics.clear()
    return text


def profiler_set_config(mode: str = "symbolic", filename: str = "profile.json") -> None:
    """The old name of ``set_config``; mode: 'symbolic', 'imperative', 'api', 'memory' or 'all'."""
    _discourage("profiler_set_config()", "set_config()")
    set_config(**{"profile_" + mode: True}, filename=filename)


def profiler_set_state(state: str = "stop") -> None:
    """The old name of ``set_state``."""
    _discourage("profiler_set_state()", "set_state()")
    set_state(state)


def dump_profile() -> None:
    """The old name of ``dump``."""
    _discourage("dump_profile()", "dump()")
    dump(True)


def _end() -> None:
    if session.active:
        session.end()
        if _control.config["continuous_dump"]:
            session.write(_control.config["filename"])


def _gather() -> None:
    """Take in what was seen, and go on."""
    if session.active:
        _end()
        session.begin(_control.config["profile_memory"])


def _at_exit() -> None:
    """A program that ends without ``dump`` leaves the file nevertheless, as in MXNet."""
    if _control.dumping and _control.process == os.getpid():
        dump()


def _check_process(name: str) -> None:
    if name not in _PROCESSES:
        raise KeyError(name)
    if name == "server":
        raise MXNetError("profile_process='server': there are no server processes here; use 'worker'.")


def _discourage(old: str, new: str) -> None:
    warnings.warn(f"profiler.{old} is deprecated. Please use profiler.{new} instead", DeprecationWarning, stacklevel=3)
