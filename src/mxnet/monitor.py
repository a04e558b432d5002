"""``mx.monitor``, ``mx.mon``: statistics of the values inside a network, every few batches.

::

    monitor = mx.mon.Monitor(100, pattern=".*weight|.*output")
    monitor.install(executor)         # or a hybridized block
    for batch in batches:
        monitor.tic()
        executor.forward(...)
        monitor.toc_print()           # logs a line for each array, in one batch of 100
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from .executor import Executor
from .gluon import Block
from .ndarray import NDArray

__all__ = ["Monitor"]


def _norm(x: NDArray) -> NDArray:
    """The root of the mean of squares."""
    return x.norm() / x.size**0.5


class Monitor:
    """Watches outputs, parameters and auxiliary states of executors and hybridized blocks.

    Parameters
    ----------
    interval : int
        One of so many batches is looked at.
    stat_func : callable, optional
        From an NDArray to its statistic, an NDArray or a list of them. By default the norm over the square root of the
        size.
    pattern : str
        A regular expression that the names of what is watched begin with.
    sort : bool
        Sort the results by name.
    monitor_all : bool
        Watch the inputs of operators, too.
    """

    def __init__(
        self,
        interval: int,
        stat_func: Callable[[NDArray], Any] | None = None,
        pattern: str = ".*",
        sort: bool = False,
        monitor_all: bool = False,
    ) -> None:
        self.stat_func = _norm if stat_func is None else stat_func
        self.interval, self.sort, self.monitor_all = interval, sort, monitor_all
        self.re_prog = re.compile(pattern)
        self.activated = False
        self.queue: list[tuple[int, str, Any]] = []
        self.step = 0
        self.exes: list[Any] = []

    def install(self, exe: Executor | Block) -> None:
        """Watch an executor; or a block, whose hybridized parts show what is inside of them.

        Raises AttributeError for anything else.
        """
        if isinstance(exe, Block):
            exe.register_op_hook(lambda name, operator, array: self.stat_helper(name, array), self.monitor_all)
        else:
            exe.set_monitor_callback(self.stat_helper, self.monitor_all)
        self.exes.append(exe)

    def stat_helper(self, name: str, array: NDArray) -> None:
        """Note the statistic of an array, if this batch and this name are watched."""
        if self.activated and self.re_prog.match(name):
            self.queue.append((self.step, name, self.stat_func(array)))

    def tic(self) -> None:
        """Begin with a batch: call it before ``forward``."""
        if self.step % self.interval == 0:
            self.queue = []
            self.activated = True
        self.step += 1

    def toc(self) -> list[tuple[int, str, str]]:
        """End with a batch: its number, names and statistics as text, parameters and states after what lay inside.

        Raises AssertionError for a statistic that is no NDArray.
        """
        if not self.activated:
            return []
        for exe in self.exes:
            for name, array in _held(exe):
                self.stat_helper(name, array)
        self.activated = False
        found = sorted(self.queue, key=lambda row: row[1]) if self.sort else self.queue
        self.queue = []
        return [(step, name, _text(name, value)) for step, name, value in found]

    def toc_print(self) -> None:
        """End with a batch, and log what ``toc`` gives."""
        for step, name, text in self.toc():
            logging.info("Batch: %7d %30s %s", step, name, text)


def _held(exe: Any) -> list[tuple[str, NDArray]]:
    """Parameters and states by name."""
    if isinstance(exe, Block):
        return [(name, array) for name, p in exe.collect_params().items() for array in p.list_data()[:1]]
    return [*exe.arg_dict.items(), *exe.aux_dict.items()]


def _text(name: str, value: Any) -> str:
    values = value if isinstance(value, (list, tuple)) else [value]
    text = ""
    for each in values:
        if not isinstance(each, NDArray):
            raise AssertionError(f"the statistic of {name!r} must be an NDArray or a list of them, but is {value!r}")
        text += f"{each.asscalar() if each.shape in ((), (1,)) else each.asnumpy()}\t"
    return text
