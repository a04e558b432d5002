"""The source text of faces: what ``mx.nd.<name>`` and ``mx.sym.<name>`` share of it, and how it becomes a function.

Like ``dataclasses``, this generates functions with true signatures instead of interpreting ``*args, **kwargs`` on each
call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..base import _Null
from .namespace import home
from .registry import Operator

__all__ = ["Parts", "define", "parts"]


class Parts(NamedTuple):
    """Pieces of source for the face of one operator."""

    parameters: list[str]  # of the signature, without those that a face adds at its end
    inputs: str  # expression: the tuple of inputs
    given: str  # expression: the dict of attributes
    scope: dict[str, Any]  # globals that the signature refers to


def parts(op: Operator, *, optional_inputs: bool, defaults: bool) -> Parts:
    """The pieces for an operator.

    optional_inputs: every input may be left out. defaults: attributes show their defaults; otherwise ``_Null``, so that
    the face can tell what was given.
    """
    names = [n for n in op.attributes if not (op.variadic and n == op.count)]
    scope = {f"_default_{n}": op.attributes[n].default if defaults else _Null for n in names}
    attributes = [f"{n}=_default_{n}" for n in names]
    if op.variadic:
        many = op.variadic
        inputs = f"{many}[0] if len({many}) == 1 and isinstance({many}[0], (list, tuple)) else {many}"
        parameters = [f"*{many}", *attributes]
    else:
        inputs = "(" + "".join(f"{n}, " for n in op.inputs) + ")"
        parameters = [n + "=None" * (optional_inputs or n in op.optional) for n in op.inputs] + attributes
    given = "{" + ", ".join([*(f"{n!r}: {n}" for n in names), "**kwargs"]) + "}"
    return Parts(parameters, inputs, given, scope)


def define(
    op: Operator, name: str, package: str, parameters: Sequence[str], body: Sequence[str], scope: dict
) -> Callable:
    """Compile a face: a function of this name with these parameters and lines of code, shown in ``package``."""
    source = "\n".join([f"def {name}({', '.join(parameters)}):", *(f"    {line}" for line in body)])
    exec(compile(source, f"<operator {name}>", "exec"), scope)
    function = scope[name]
    namespace, public = home(name)
    function.__name__ = function.__qualname__ = public  # so that help() and pickle find it
    function.__module__, function.__doc__ = f"{package}.{namespace}", op.doc
    return function
