"""Arrays for ``simple_bind``: new ones, or in memory that other executors use, too."""

from __future__ import annotations

import math
from typing import Any

from ..base import MXNetError
from ..context import Context
from ..executor import Executor
from ..ndarray import NDArray, creation

__all__ = ["Pool"]


class Pool:
    """Where arrays come from.

    Parameters
    ----------
    buffer : dict of NDArray, optional
        Arrays by name, of at least the size that is needed; what is new, or has become larger, is put there.
    shared : (Executor, set of str), optional
        The executor that has these arguments already, and all auxiliary states.
    """

    def __init__(
        self, ctx: Context, buffer: dict[str, NDArray] | None, shared: tuple[Executor, frozenset[str]] | None
    ) -> None:
        self.ctx, self.buffer = ctx, buffer
        self.names = shared[1] if shared else frozenset()
        self.arguments = shared[0].arg_dict if shared else {}
        self.gradients = shared[0].grad_dict if shared else {}
        self.states = shared[0].aux_dict if shared else {}

    def argument(
        self, name: str, shape: tuple[int, ...], dtype: Any, stype: str, grad_stype: str | None
    ) -> tuple[NDArray, NDArray | None]:
        """An argument and its gradient; None without ``grad_stype``."""
        grad = None
        if name in self.names:
            if name not in self.arguments:
                raise MXNetError(f"simple_bind: shared_exec has no argument {name!r}; it has {list(self.arguments)}")
            array = self.fitting(name, self.arguments[name], shape, dtype)
            grad = None if grad_stype is None else self.gradients.get(name)
        else:
            array = self.buffered(name, shape, dtype, stype)
        if grad is None and grad_stype is not None:
            grad = self.buffered(f"grad of {name}", shape, dtype, grad_stype)
        return array, grad

    def state(self, name: str, shape: tuple[int, ...], dtype: Any) -> NDArray:
        """An auxiliary state."""
        if name in self.states:
            return self.fitting(name, self.states[name], shape, dtype)
        return creation.zeros(shape, self.ctx, dtype)

    def buffered(self, name: str, shape: tuple[int, ...], dtype: Any, stype: str) -> NDArray:
        if self.buffer is None or stype != "default":
            return creation.zeros(shape, self.ctx, dtype, stype=stype)
        array, size = self.buffer.get(name), math.prod(shape)
        if array is None or array.size < size or array.dtype != dtype or array.context != self.ctx:
            array = self.buffer[name] = creation.zeros(shape, self.ctx, dtype)
        return array if array.shape == shape else array.reshape(-1)[:size].reshape(shape)

    def fitting(self, name: str, array: NDArray, shape: tuple[int, ...], dtype: Any) -> NDArray:
        if array.shape != shape or array.dtype != dtype:
            raise MXNetError(
                f"simple_bind: {name!r} of shared_exec has shape {array.shape} and dtype {array.dtype.__name__}, but "
                f"{shape} and {dtype.__name__} are needed"
            )
        return array
