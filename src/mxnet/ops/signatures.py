"""Signatures: which dtypes the inputs and outputs of an operator have, as text.

``"T, I -> T"``: inputs and outputs in order. Equal capital letters stand for equal dtypes, and what is known of one is
known of all. Besides letters there are

- names of dtypes: ``"T -> int64"``;
- ``float32(T)``: that where T is float16, bfloat16 or float32, otherwise T; it does not tell T;
- ``L=int32``, ``L=T``: a letter that is that where nothing else tells;
- ``T*``: all inputs, or all outputs;
- ``[T, T, float32]*``: again and again, with a T of its own each time; more inputs may follow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from .. import dtypes
from ..dtypes import DType

__all__ = ["solve"]

Known = Sequence[DType | None]


def solve(
    signature: str, inputs: Known, outputs: Known, final: bool = False
) -> tuple[list[DType | None], list[DType | None]]:
    """Dtypes of inputs and outputs, from those that are known. ``final``: letters of which nothing is known become what
    they are then. Raises ValueError where dtypes contradict the signature.
    """
    terms = _terms(signature, len(inputs), len(outputs))
    given = (*inputs, *outputs)
    letters: dict[str, DType] = {}
    for term, dtype in zip(terms, given, strict=True):
        if dtype and term.letter and not term.fixed:
            letters.setdefault(term.letter, dtype)
    for term in terms if final else ():
        default = dtypes.by_name.get(term.default) or letters.get(term.default)
        if default:
            letters.setdefault(term.letter, default)
    solved = []
    for i, (term, dtype) in enumerate(zip(terms, given, strict=True)):
        expected = letters.get(term.letter) if term.letter else term.fixed
        if expected and term.fixed and expected.name in ("float16", "bfloat16", "float32"):
            expected = term.fixed
        if dtype and expected and dtype is not expected:
            place = f"input {i}" if i < len(inputs) else f"output {i - len(inputs)}"
            raise ValueError(f"{place} is {dtype.name}, expected {expected.name}")
        solved.append(dtype or expected)
    return solved[: len(inputs)], solved[len(inputs) :]


class _Term(NamedTuple):
    letter: str = ""
    fixed: DType | None = None
    default: str = ""


@lru_cache(maxsize=4096)
def _terms(signature: str, inputs: int, outputs: int) -> tuple[_Term, ...]:
    left, _, right = signature.partition("->")
    return (*_side(left.strip(), inputs), *_side(right.strip(), outputs))


def _side(text: str, count: int) -> list[_Term]:
    """The terms of that many inputs or outputs."""
    if re.fullmatch(r"[\w=]+\*", text):
        return [_term(text[:-1])] * count
    match = re.fullmatch(r"\[(.*)\]\*,?(.*)", text)
    if match is None:
        terms = [_term(t) for t in text.split(",")] if text else []
    else:
        group, rest = ([_term(t) for t in part.split(",") if t] for part in match.groups())
        repeats = (count - len(rest)) // len(group)
        terms = [t._replace(letter=t.letter and f"{t.letter}{i}") for i in range(repeats) for t in group] + rest
    if len(terms) != count:
        raise ValueError(f"{count} dtypes do not fit the signature {text!r}")
    return terms


def _term(text: str) -> _Term:
    match = re.fullmatch(r"([a-z]\w+)?\(?([A-Z])?\)?(?:=(\w+))?", text.strip())
    assert match, text
    name, letter, default = match.groups("")
    return _Term(letter, dtypes.by_name[name] if name else None, default)
