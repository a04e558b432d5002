"""Mixed precision: the dtype in which each operator computes, and faces that cast for it.

What an operator does is its ``precision`` (``registry.Operator``). While a ``Policy`` is in force, faces convert inputs
with ``amp_cast`` and ``amp_multicast``; while none is, they contain no line about it: ``switch`` exchanges the code of
the faces' functions, so that whoever has got hold of one has the right one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any

from .._state import changes
from . import registry
from .registry import Operator

__all__ = ["FLOATS", "Conditions", "Policy", "adopt", "casts_inputs", "followers", "makes_gradient", "policy", "switch"]

FLOATS = ("float16", "bfloat16", "float32")  # what is cast; float64 and integers stay what they are

Conditions = Mapping[str, tuple[str, ...]]
Kind = str | Conditions | None


class Policy:
    """Which operators compute in ``target``, "bfloat16" or "float16", and which in float32.

    low, float32, conditional: operators by name, in place of those of whose ``precision`` is that; conditional ones are
    (operator, attribute, values). Raises AttributeError for a name that is no operator.
    """

    def __init__(
        self,
        target: str,
        low: Iterable[str] | None = None,
        float32: Iterable[str] | None = None,
        conditional: Iterable[tuple[str, str, Iterable[str]]] | None = None,
    ) -> None:
        self.target = target
        self._replaced = {
            kind for kind, names in (("low", low), ("float32", float32), ("conditional", conditional))
            if names is not None
        }  # fmt: skip
        self._given: dict[Operator, Kind] = {_named(name): "low" for name in low or ()}
        self._given |= {_named(name): "float32" for name in float32 or ()}
        for name, attribute, values in conditional or ():
            before = self._given.get(_named(name))
            table = dict(before) if isinstance(before, Mapping) else {}
            table[attribute] = (*table.get(attribute, ()), *values)
            self._given[_named(name)] = table
        self.loss_scale: Callable[[], float] = lambda: 1.0  # by which losses that make their own gradient multiply it

    def kind(self, op: Operator) -> Kind:
        """As ``Operator.precision``."""
        if op in self._given:
            return self._given[op]
        kind = op.precision
        return None if (kind if isinstance(kind, str) else "conditional") in self._replaced else kind

    def dtype(self, op: Operator, values: Mapping[str, Any]) -> str | None:
        """The dtype that a call with these attributes wants its inputs in: its name, "widest", or None for any."""
        kind = self.kind(op)
        if isinstance(kind, Mapping):
            full = op.complete(values)
            return "float32" if any(op.text(full.get(n)) in texts for n, texts in kind.items()) else None
        return self.target if kind == "low" else kind


policy: Policy | None = None  # that is in force
followers: list[Callable[[Policy | None], Any]] = []  # called after each switch
_faces: list[tuple[FunctionType, Callable[[Policy | None], FunctionType]]] = []


def switch(new: Policy | None) -> None:
    """Put a policy in force, or none."""
    global policy
    policy = new
    for face, make in _faces:
        face.__code__ = make(new).__code__
    for follow in followers:
        follow(new)
    changes.count += 1


def adopt(make: Callable[[Policy | None], FunctionType]) -> FunctionType:
    """A face, kept up to date: ``make`` defines the function for a policy, in the same globals each time."""
    face = make(policy)
    _faces.append((face, make))
    return face


def casts_inputs(op: Operator, kind: Kind) -> tuple[str, ...]:
    """Names of the inputs that casts concern: not auxiliary states, and in low precision only those whose dtype is the
    result's, not indices and lengths, which would lose digits.
    """
    states = op.aux_names() if not callable(op.aux) else ()
    signature = op.dtypes(**op.complete({}), _inputs=()) if callable(op.dtypes) else op.dtypes
    given, _, result = (signature or "T* -> T*").partition("->")
    if kind != "low" or "*" in given:
        return tuple(n for n in op.inputs if n not in states)
    letters = [part.strip()[:1] for part in given.split(",")]
    return tuple(n for n, letter in zip(op.inputs, letters, strict=False) if letter == result.strip()[:1])


def makes_gradient(op: Operator) -> bool:
    """Whether it is a loss whose gradient comes from its label, whatever arrives from above."""
    return op.loss and "label" in op.inputs and "grad_scale" in op.attributes


def _named(name: str) -> Operator:
    try:
        return registry.get(name)
    except registry.MXNetError as error:
        raise AttributeError(f"there is no operator {name!r}: {error}") from None
