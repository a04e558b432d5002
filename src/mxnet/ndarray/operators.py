"""Python's operators on arrays: ``+``, ``-=``, ``<`` and the rest, in the shortest way where nothing is special."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .._state import state
from ..base import numeric_types
from ..ops import precision, registry
from .face import face
from .ndarray import NDArray

__all__: list[str] = []

_new = NDArray.__new__


def binary(array_op: str, scalar_op: str) -> Callable[[NDArray, Any], NDArray]:
    """The method for ``self <operator> other``: the face's straight path is spelled out here for the shortest call."""
    op = registry.get(array_op)
    fn: Callable
    with_array, with_number = face(array_op), face(scalar_op)

    def take(function: Callable) -> None:
        nonlocal fn
        fn = function

    op.bind(take)

    def method(self: NDArray, other: Any) -> NDArray:
        if other.__class__ is NDArray:
            if self.__class__ is NDArray and self._ctx is other._ctx and not state.recording:
                x, y = self._data, other._data
                if x.dtype is y.dtype:
                    try:
                        result = fn(x, y)
                    except Exception as error:
                        raise op.failure(error, (x, y), {}) from None
                    array = _new(NDArray)
                    array._data = result
                    array._graph = None
                    array._ctx = self._ctx
                    return array
            return with_array(self, other)
        if isinstance(other, numeric_types):
            return with_number(self, float(other))
        if isinstance(other, NDArray):
            return with_array(self, other)
        raise TypeError(f"type {type(other)} not supported")

    return method


def reflected(array_op: str, scalar_op: str, swap: bool = True) -> Callable[[NDArray, Any], NDArray]:
    """The method for ``other <operator> self``; Python calls it for numbers only. Without ``swap``, for ``self
    <operator> other``.
    """
    with_array, with_number = face(array_op), face(scalar_op)

    def method(self: NDArray, other: Any) -> NDArray:
        if isinstance(other, numeric_types):
            return with_number(self, float(other))
        if isinstance(other, NDArray):
            return with_array(other, self) if swap else with_array(self, other)
        raise TypeError(f"type {type(other)} not supported")

    return method


def in_place(array_op: str, scalar_op: str, fn: Callable | None) -> Callable[[NDArray, Any], NDArray]:
    """The method for ``self <operator>= other``: the result goes into this array's memory, by torch's own ``fn``."""
    with_array, with_number = face(array_op), face(scalar_op)
    own = fn

    def take(function: Callable) -> None:  # while somebody watches, it takes the way of all operators
        nonlocal fn
        fn = own if function is op.fn else None

    op = registry.get(array_op)
    op.bind(take)

    def method(self: NDArray, other: Any) -> NDArray:
        data = self._data
        straight = None if state.recording or not data.is_floating_point() else fn
        if isinstance(other, NDArray):
            source = other._data
            if (
                straight is not None
                and source.dtype is data.dtype
                and source.shape == data.shape
                and self._ctx is other._ctx
            ):
                try:
                    straight(data, source)
                    return self
                except RuntimeError:
                    pass  # overlapping pieces of one memory: compute first, then write
            return with_array(self, other, out=self)
        if isinstance(other, numeric_types):
            if straight is not None:
                straight(data, float(other))
                return self
            return with_number(self, scalar=float(other), out=self)
        raise TypeError(f"type {type(other)} not supported")

    return method


def install() -> None:
    """Put the methods on NDArray."""
    for name, array_op, scalar, mirrored, fn in (
        ("add", "broadcast_add", "plus", "_plus_scalar", torch.Tensor.add_),
        ("sub", "broadcast_sub", "minus", "_rminus_scalar", torch.Tensor.sub_),
        ("mul", "broadcast_mul", "mul", "_mul_scalar", torch.Tensor.mul_),
        ("truediv", "broadcast_div", "div", "_rdiv_scalar", torch.Tensor.div_),
        ("mod", "broadcast_mod", "mod", "_rmod_scalar", None),
        ("pow", "broadcast_power", "power", "_rpower_scalar", None),
    ):
        _put_binary(name, array_op, f"_{scalar}_scalar")
        _put("r" + name, reflected(array_op, mirrored))
        if name != "pow":
            _put("i" + name, in_place(array_op, f"_{scalar}_scalar", fn))
    for name, other in (("div", "truediv"), ("rdiv", "rtruediv"), ("idiv", "itruediv")):
        _put(name, getattr(NDArray, f"__{other}__"))
    for name, word in (("eq", "equal"), ("ne", "not_equal"), ("gt", "greater"), ("ge", "greater_equal"),
                       ("lt", "lesser"), ("le", "lesser_equal")):  # fmt: skip
        _put_binary(name, f"broadcast_{word}", f"_{word}_scalar")
    _put("neg", face("negative"))
    _put("abs", face("abs"))


def _put_binary(name: str, array_op: str, scalar_op: str) -> None:
    """Put ``binary`` there; in mixed precision, where this operator converts its inputs, the way through its face."""
    op, straight, casting = registry.get(array_op), binary(array_op, scalar_op), reflected(array_op, scalar_op, False)

    def follow(policy: precision.Policy | None) -> None:
        casts = policy is not None and policy.kind(op) not in (None, "widest")
        _put(name, casting if casts else straight)

    follow(precision.policy)
    precision.followers.append(follow)


def _put(name: str, method: Callable) -> None:
    if not name.startswith(("neg", "abs")):
        method.__name__ = f"__{name}__"
        method.__qualname__ = f"NDArray.__{name}__"
    setattr(NDArray, f"__{name}__", method)
