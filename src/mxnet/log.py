"""``mx.log``: loggers whose lines begin with level, time, process and place."""

from __future__ import annotations

import logging
import warnings
from logging import CRITICAL, DEBUG, ERROR, INFO, NOTSET, WARNING
from typing import Any

__all__ = ["CRITICAL", "DEBUG", "ERROR", "INFO", "NOTSET", "WARNING", "getLogger", "get_logger"]

_LETTERS = {CRITICAL: "C", ERROR: "E", WARNING: "W", INFO: "I", DEBUG: "D"}
_RED, _GREEN, _BLUE, _PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[34m", "\x1b[0m"


class _Formatter(logging.Formatter):
    """``W0131 23:59:59 4242 /path/file.py:function:12] message``, with the part before the message in colour."""

    def __init__(self, colored: bool) -> None:
        super().__init__(datefmt="%m%d %H:%M:%S")
        self._colored = colored

    def formatMessage(self, record: logging.LogRecord) -> str:
        head = (
            f"{_LETTERS.get(record.levelno, 'U')}{self.formatTime(record, self.datefmt)} {record.process} "
            f"{record.pathname}:{record.funcName}:{record.lineno}]"
        )
        if self._colored:
            color = _RED if record.levelno >= WARNING else _GREEN if record.levelno >= INFO else _BLUE
            head = f"{color}{head}{_PLAIN}"
        return f"{head} {record.message}"


def get_logger(
    name: str | None = None, filename: str | None = None, filemode: str | None = None, level: int | str = WARNING
) -> logging.Logger:
    """The logger of that name, which prints to stderr, or writes to a file, what is at least of ``level``.

    filemode: "a" (default) appends to the file, "w" begins it anew. stderr gets the form described above, in colour
    where it is a terminal; a file gets the messages alone. A logger is set up once: later calls return it as it is. So
    is the root logger, for ``name=None``, which belongs to the program.
    """
    logger = logging.getLogger(name)
    if name is None or getattr(logger, "_set_up_by_mxnet", False):
        return logger
    if filename:
        handler: logging.StreamHandler[Any] = logging.FileHandler(filename, filemode or "a")
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(_Formatter(colored=handler.stream.isatty()))
    logger.setLevel(level)
    logger.addHandler(handler)
    logger._set_up_by_mxnet = True  # type: ignore[attr-defined]
    return logger


def getLogger(
    name: str | None = None, filename: str | None = None, filemode: str | None = None, level: int | str = WARNING
) -> logging.Logger:
    """``get_logger`` under its old name."""
    warnings.warn("getLogger is deprecated, Use get_logger instead.", DeprecationWarning, stacklevel=2)
    return get_logger(name, filename, filemode, level)
