"""GPUs, the environment, and the switches between MXNet's legacy semantics and NumPy's.

``mx.nd`` has the legacy semantics, in which an axis of size 0 means "not known yet". Those of NumPy come with
``mx.np``, which does not exist yet: switching them on is an MXNetError, switching them off does nothing.
"""

from __future__ import annotations

import functools
import operator
import os
from collections.abc import Callable
from typing import Any, TypeVar

from . import context
from .base import MXNetError

__all__ = [
    "get_cuda_compute_capability",
    "get_gpu_count",
    "get_gpu_memory",
    "getenv",
    "is_np_array",
    "is_np_shape",
    "np_array",
    "np_shape",
    "reset_np",
    "set_module",
    "set_np",
    "set_np_shape",
    "setenv",
    "use_np",
    "use_np_array",
    "use_np_shape",
]

Decorated = TypeVar("Decorated", bound=Callable)


def get_gpu_count() -> int:
    """How many CUDA devices this process sees."""
    return context.num_gpus()


def get_gpu_memory(gpu_dev_id: int) -> tuple[int, int]:
    """(free, total) memory of a CUDA device in bytes. Raises MXNetError where there is none."""
    return context.gpu_memory_info(gpu_dev_id)


def get_cuda_compute_capability(ctx: context.Context) -> int:
    """Ten times the compute capability of a GPU, 90 for 9.0.

    Raises ValueError for another context, MXNetError where the GPU does not exist.
    """
    if ctx.device_type != "gpu":
        raise ValueError(f"Expecting a gpu context to get cuda compute capability, while received ctx {ctx}")
    return context.compute_capability(ctx)


def getenv(name: str) -> str | None:
    """The value of an environment variable, None without one."""
    return os.environ.get(name)


def setenv(name: str, value: str | None) -> None:
    """Set an environment variable; None removes it."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def set_module(module: str | None) -> Callable[[Decorated], Decorated]:
    """A decorator: show a function or class as one of ``module``; None leaves it where it is."""

    def decorate(decorated: Decorated) -> Decorated:
        if module is not None:
            decorated.__module__ = module
        return decorated

    return decorate


# Legacy and NumPy semantics


def is_np_shape() -> bool:
    """Whether shapes () and (0, ...) mean what they mean in NumPy. False in this version."""
    return False


def is_np_array() -> bool:
    """Whether functions return ``mx.np`` arrays. False in this version."""
    return False


def set_np_shape(active: bool) -> bool:
    """Switch NumPy's shapes on or off; returns what was. On is an MXNetError in this version."""
    _refuse(active, "shapes")
    return False


def set_np(shape: bool = True, array: bool = True) -> None:
    """Switch NumPy's shapes and arrays on or off. On is an MXNetError in this version.

    Raises ValueError for arrays without shapes.
    """
    if array and not shape:
        raise ValueError("NumPy Shape semantics is required in using NumPy array semantics.")
    _refuse(shape or array, "semantics")


def reset_np() -> None:
    """Switch to the legacy semantics."""
    set_np(False, False)


class _Scope:
    """A ``with`` block, and a decorator, with semantics that are on or off."""

    def __init__(self, what: str, active: bool) -> None:
        self._what, self._active = what, active

    def __enter__(self) -> _Scope:
        _refuse(self._active, self._what)
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass


def np_shape(active: bool = True) -> _Scope:
    """``with np_shape(False): ...``: legacy shapes inside. On is an MXNetError in this version."""
    return _Scope("shapes", active)


def np_array(active: bool = True) -> _Scope:
    """``with np_array(False): ...``: legacy arrays inside. On is an MXNetError in this version."""
    return _Scope("arrays", active)


def use_np_shape(func: Decorated) -> Decorated:
    """Decorator: a function, or a class with all its methods, runs with NumPy's shapes: an MXNetError in this version,
    when it is called.

    Raises TypeError for what can't be called.
    """
    return _decorated("use_np_shape", func, "shapes")


def use_np_array(func: Decorated) -> Decorated:
    """The same with NumPy's arrays."""
    return _decorated("use_np_array", func, "arrays")


def use_np(func: Decorated) -> Decorated:
    """The same with both."""
    return use_np_shape(use_np_array(func))


def _decorated(name: str, func: Any, what: str) -> Any:
    if isinstance(func, type):
        for key, value in list(vars(func).items()):
            if isinstance(value, property):
                get, put, drop = (p and _decorated(name, p, what) for p in (value.fget, value.fset, value.fdel))
                setattr(func, key, property(get, put, drop, value.__doc__))
            elif callable(value) and not isinstance(value, type):
                setattr(func, key, _decorated(name, value, what))
        return func
    if not callable(func):
        raise TypeError(
            f"{name} can only decorate classes and callable objects, while received a {type(func).__name__}: {func!r}"
        )

    @functools.wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        with _Scope(what, True):
            return func(*args, **kwargs)

    return run


def _refuse(active: Any, what: str) -> None:
    if operator.index(active):
        raise MXNetError(f"NumPy's {what} belong to mx.np, which is not there yet: mx.nd has MXNet's legacy semantics.")
