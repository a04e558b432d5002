"""Initializers without chance: zeros, ones, given values."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..ndarray import NDArray
from .base import Initializer, alias, register


@register
@alias("zeros")
class Zero(Initializer):
    """All zeros."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, _: str, arr: NDArray) -> None:
        arr[:] = 0


@register
@alias("ones")
class One(Initializer):
    """All ones."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, _: str, arr: NDArray) -> None:
        arr[:] = 1


@register
class Constant(Initializer):
    """One value everywhere, or the values of an array that broadcasts to the parameter's shape.

    value: a number, an NDArray, a numpy array or a nested list.
    """

    def __init__(self, value: Any) -> None:
        super().__init__(value=value)
        self.value = value

    def _init_weight(self, _: str, arr: NDArray) -> None:
        arr[:] = self.value

    def dumps(self) -> str:
        value = self.value.asnumpy() if isinstance(self.value, NDArray) else self.value
        return json.dumps(["constant", {"value": value.tolist() if isinstance(value, np.ndarray) else value}])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and type(self) is type(other) and self.dumps() == other.dumps()
