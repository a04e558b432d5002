"""Operators as methods: one list for every kind of array, eager or symbolic.

A method *is* the face of its operator (``x.sum(axis=1)`` calls ``nd.sum(x, axis=1)``), looked up when it is first used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["METHODS", "OperatorMethods"]

METHODS = (
    "abs arccos arccosh arcsin arcsinh arctan arctanh argmax argmax_channel argmin argsort broadcast_axes "
    "broadcast_like "
    "broadcast_to cbrt ceil clip cos cosh degrees depth_to_space diag exp expand_dims expm1 fix flatten flip floor "
    "log log10 "
    "log1p log2 log_softmax max mean min nanprod nansum norm one_hot ones_like pad pick prod radians rcbrt reciprocal "
    "relu "
    "repeat reshape_like rint round rsqrt shape_array sigmoid sign sin sinh size_array slice slice_axis slice_like "
    "softmax "
    "softmin sort space_to_depth split sqrt square squeeze sum swapaxes take tan tanh tile topk transpose "
    "trunc "
    "zeros_like"
).split()


class _Method:
    """Becomes the operator's face on first access."""

    def __init__(self, operator: str) -> None:
        self.operator = operator

    def __get__(self, instance: Any, owner: type[OperatorMethods]) -> Callable:
        function = owner._face(self.operator)
        setattr(owner, self.operator, function)
        return function if instance is None else function.__get__(instance, owner)


class OperatorMethods:
    """Methods for the operators in ``METHODS``; a subclass says where its faces are."""

    __slots__ = ()

    @staticmethod
    def _face(name: str) -> Callable:
        raise TypeError(f"{name}: no faces here")


for _name in METHODS:
    setattr(OperatorMethods, _name, _Method(_name))
