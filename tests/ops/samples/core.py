"""What a sample is: one call of an operator, written down so that MXNet and this library can both make it.

A sample's id reads like the call (``sum((2,3,4), axis=1, keepdims=True)``) and is made of everything that decides the
answer, so that a golden answer never outlives the call that it was recorded for. Only NumPy is imported here: the
recorder runs this file in the environment of the real MXNet.
"""

from __future__ import annotations

import operator
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FLOATS = ("float16", "float32", "float64")


@dataclass(frozen=True)
class Array:
    """An input array: its shape, dtype and where its values come from.

    ``values`` is None for random values, or a (nested) list. Random values are uniform in [low, high); whole numbers
    for integer dtypes and for the kind "whole"; a shuffled even grid without ties for the kind "distinct".
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    low: float = -2.0
    high: float = 2.0
    kind: str = ""
    values: Any = None

    @property
    def is_float(self) -> bool:
        return self.dtype in FLOATS

    def make(self, seed: str) -> np.ndarray:
        """The values, the same on every machine for the same ``seed``."""
        if self.values is not None:
            return np.array(self.values, dtype=self.dtype).reshape(self.shape)
        rng = np.random.RandomState(zlib.crc32(seed.encode()))
        if self.kind == "distinct":
            grid = np.linspace(self.low, self.high, int(np.prod(self.shape)), endpoint=False)
            return rng.permutation(grid).reshape(self.shape).astype(self.dtype)
        if self.is_float and self.kind != "whole":
            return rng.uniform(self.low, self.high, self.shape).astype(self.dtype)
        return rng.randint(int(self.low), int(self.high), self.shape).astype(self.dtype)

    def __str__(self) -> str:
        text = "" if self.dtype == "float32" else self.dtype
        if self.values is not None:
            text += "[" + " ".join(f"{v:g}" for v in np.array(self.values).ravel()) + "]"
            return text if len(self.shape) == 1 else text + _compact(self.shape)
        text += _compact(self.shape)
        if (self.low, self.high) != (-2.0, 2.0):
            text += f"in {self.low:g}:{self.high:g}"
        return f"{text} {self.kind}".rstrip()


def arr(*shape: int, low: float = -2.0, high: float = 2.0, dtype: str = "float32") -> Array:
    """Random values in [low, high)."""
    return Array(shape, dtype, low, high)


def distinct(*shape: int, low: float = -2.0, high: float = 2.0, dtype: str = "float32") -> Array:
    """Values without ties, in random order: for max, sort and the like."""
    return Array(shape, dtype, low, high, kind="distinct")


def ints(*shape: int, low: int = 0, high: int = 5, dtype: str = "int32") -> Array:
    """Random whole numbers in [low, high)."""
    return Array(shape, dtype, low, high)


def whole(*shape: int, low: int = 0, high: int = 5, dtype: str = "float32") -> Array:
    """Random whole numbers in [low, high) in a floating-point dtype: how MXNet users pass indices and labels."""
    return Array(shape, dtype, low, high, kind="whole")


def lit(values: Any, dtype: str = "float32") -> Array:
    """Exactly these values."""
    return Array(np.array(values).shape, dtype, values=values)


def _compact(value: Any) -> str:
    return repr(value).replace(", ", ",")


Input = Array | float | str


@dataclass(frozen=True)
class Call:
    """``operator(*inputs, **attrs)``. Inputs that are plain numbers go to the function as they are."""

    operator: str
    inputs: tuple[Input, ...]
    attrs: dict[str, Any] = field(default_factory=dict)
    train: bool = False  # called inside autograd.record(train_mode=...)
    into: tuple[int, ...] = ()  # inputs that receive the results, where MXNet wants an `out`

    @property
    def id(self) -> str:
        words = [str(i) if isinstance(i, Array) else _compact(i) for i in self.inputs]
        words += [f"{k}={_compact(v)}" for k, v in self.attrs.items()]
        return f"{self.operator}({', '.join(words)})" + " train" * self.train

    def __str__(self) -> str:
        return self.id

    def arrays(self) -> list[Any]:
        """The inputs' values."""
        return [x.make(f"{self.id}#{i}") if isinstance(x, Array) else x for i, x in enumerate(self.inputs)]

    def run(self, namespace: Any, inputs: list, **extra: Any) -> list:
        """Call the operator's face in ``namespace`` (mx.nd or mx.sym); always a list of outputs."""
        if self.into and "out" not in extra:
            extra["out"] = [inputs[i] for i in self.into]
        result = face(namespace, self.operator)(*inputs, **self.attrs, **extra)
        return list(result) if isinstance(result, (list, tuple)) else [result]


@dataclass(frozen=True)
class Sample(Call):
    """A call that works, and what is to be checked about it."""

    grad: tuple[int, ...] | None = None  # inputs whose gradients are compared; None: every floating-point one
    golden_gradient: bool = True  # MXNet's gradient is right (false: finite differences judge alone)
    true_gradient: bool = True  # finite differences confirm the gradient (false: MXNet defines another one)
    heads: int | None = None  # gradients come from the first outputs, that many; None: from all
    states: tuple[int, ...] = ()  # auxiliary states: their values after the backward pass are compared
    deduced: tuple[int, ...] = ()  # inputs whose shapes follow from those of the others
    symbol: bool = True  # mx.sym has the same function
    chance: bool = False  # draws random numbers: only dtypes and shapes are compared
    pure: bool = True  # derived from the registry: takes `out=` and attributes as text
    rtol: float | None = None  # None: by dtype
    atol: float | None = None
    why: str = ""  # reason for a tolerance of its own

    @property
    def differentiated(self) -> tuple[int, ...]:
        """Indices of the inputs whose gradients are compared."""
        if self.grad is not None or self.chance:
            return self.grad or ()
        floats = (i for i, x in enumerate(self.inputs) if isinstance(x, Array) and x.is_float)
        return tuple(i for i in floats if i not in self.states)

    def head_gradients(self, outputs: list) -> list[np.ndarray]:
        """The gradients that the first outputs receive when those of the inputs are compared."""
        heads = []
        for i, out in enumerate(outputs[: self.heads]):
            rng = np.random.RandomState(zlib.crc32(f"{self.id}@{i}".encode()))
            heads.append(rng.uniform(-1, 1, out.shape).astype(out.dtype))
        return heads


@dataclass(frozen=True)
class ErrorSample(Call):
    """A call that is wrong; its golden answer is the class of the error."""


def face(namespace: Any, name: str) -> Any:
    """The function called ``name`` in mx.nd or mx.sym; ``operator.x`` is Python's own operator."""
    if name.startswith("operator."):
        return getattr(operator, name[len("operator.") :])
    for part in name.split("."):
        hidden = part.startswith("_") and not hasattr(namespace, part)
        namespace = getattr(namespace._internal if hidden else namespace, part)
    return namespace


class Family:
    """The samples of one file, by id."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.samples: dict[str, Sample | ErrorSample] = {}

    def add(self, operator: str, inputs: Input | list[Input], attrs: dict | None = None, **checks: Any) -> None:
        """Note a call that works; ``checks`` are fields of Sample."""
        self._note(Sample(operator, _tuple(inputs), attrs or {}, **checks))

    def error(self, operator: str, inputs: Input | list[Input], attrs: dict | None = None, **how: Any) -> None:
        """Note a call that must fail."""
        self._note(ErrorSample(operator, _tuple(inputs), attrs or {}, **how))

    def _note(self, sample: Sample | ErrorSample) -> None:
        if sample.id in self.samples:
            raise ValueError(f"{self.name}: two samples are called {sample.id}; one golden answer cannot serve both")
        if isinstance(sample, Sample) and (sample.rtol or sample.atol) and not sample.why:
            raise ValueError(f"{sample.id}: a tolerance of its own needs a reason (why=...)")
        self.samples[sample.id] = sample


def _tuple(inputs: Input | list[Input]) -> tuple[Input, ...]:
    return tuple(inputs) if isinstance(inputs, list) else (inputs,)
