"""The process that a test runs in: default context and dtype, environment variables, stderr, repetition."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from .. import context, util
from ..context import Context

__all__ = [
    "default_context",
    "default_dtype",
    "discard_stderr",
    "environment",
    "has_tvm_ops",
    "is_aarch64_run",
    "is_cd_run",
    "is_op_runnable",
    "list_gpus",
    "retry",
    "set_default_context",
]


def default_context() -> Context:
    """Where tests run: the current context of this thread."""
    return context.current_context()


def set_default_context(ctx: Context) -> None:
    """Make a context the current one of this thread, until it is set again or a ``with ctx:`` ends."""
    Context._default_ctx.value = context.resolve(ctx)


def default_dtype() -> type[np.float32]:
    """The dtype of random arrays: float32."""
    return np.float32


def list_gpus() -> range:
    """The numbers of the GPUs."""
    return range(context.num_gpus())


def has_tvm_ops() -> bool:
    """Whether operators compiled by TVM are there: never."""
    return False


def is_op_runnable() -> bool:
    """Whether the current GPU is new enough for TVM's operators, or there are none of them: always."""
    return True


def is_cd_run() -> bool:
    """Whether this is a run of a delivery pipeline: ``CD_JOB=1`` in the environment."""
    return os.environ.get("CD_JOB") == "1"


def is_aarch64_run() -> bool:
    """Whether this is a 64-bit ARM machine."""
    return platform.machine() == "aarch64"


def environment(*args: Any) -> AbstractContextManager[None]:
    """``with environment('NAME', 'value'):`` or ``with environment({'NAME': 'value', ...}):``: environment variables
    have these values inside, and their old ones afterwards; None removes a variable.

    Raises AssertionError for other arguments, TypeError for a value that is neither text nor None.
    """
    if len(args) == 1 and isinstance(args[0], Mapping):
        values = dict(args[0])
    elif len(args) == 2 and isinstance(args[0], str):
        values = {args[0]: args[1]}
    else:
        raise AssertionError(f"Expecting one dict arg or two args: env var name and value; got {args}")
    for name, value in values.items():
        if not (value is None or isinstance(value, str)):
            raise TypeError(f"str expected, not {type(value).__name__}, as the value of {name!r}")
    return _environment(values)


@contextlib.contextmanager
def _environment(values: Mapping[str, str | None]) -> Iterator[None]:
    before = {name: util.getenv(name) for name in values}
    try:
        for name, value in values.items():
            util.setenv(name, value)
        yield
    finally:
        for name, value in before.items():
            util.setenv(name, value)


@contextlib.contextmanager
def discard_stderr() -> Iterator[None]:
    """Nothing that is written to stderr inside appears, also what C++ code writes."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as null, contextlib.redirect_stderr(null):
            os.dup2(null.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def retry(n: int) -> Callable[[Callable], Callable]:
    """A decorator for tests of random things: up to ``n`` attempts, of which the last one's AssertionError counts."""
    if n <= 0:
        raise AssertionError(f"retry needs at least one attempt, got n={n}")
    attempts = range(n)

    def decorate(test: Callable) -> Callable:
        @functools.wraps(test)
        def run(*args: Any, **kwargs: Any) -> Any:
            for attempt in attempts:
                try:
                    return test(*args, **kwargs)
                except AssertionError:
                    if attempt == n - 1:
                        raise
            raise AssertionError("unreachable")

        return run

    return decorate
