"""The straight path of eager faces: source text for the ordinary call, which skips all that ``invoke`` checks.

A call is ordinary when its inputs are dense arrays of one context and dtype and its attributes have the right types
already. For ``nd.sin`` the lines read::

    if data.__class__ is NDArray and out is None and not kwargs:
        recording = STATE.recording
        t_data = data._data if not recording or data._graph is None else data._graph
        try:
            result = FN(t_data)
        except Exception as error:
            raise OP.failure(error, (t_data, ), {}) from None
        array = new(NDArray)
        ...
        return array

This saves one to four microseconds a call, which is what many operators take on small arrays.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch

from .._state import state
from ..ops import attributes
from ..ops.random import generators
from ..ops.registry import Operator
from .ndarray import NDArray, wrap

__all__ = ["path", "scope"]

# A view in memory of its own: torch copies quickest when it need not be told a memory format.
_COPY = "{0}.clone() if {0}.is_contiguous() else {0}.contiguous()"


def scope(op: Operator) -> dict[str, Any]:
    """The names that the lines of ``path`` refer to, but for FN, the operator's function."""
    return {
        "NDArray": NDArray,
        "OP": op,
        "STATE": state,
        "Tensor": torch.Tensor,
        "VISIBLE": op.visible,
        "generator": generators.generator,
        "new": NDArray.__new__,
        "same": same,
        "wrap": wrap,
    }


def path(op: Operator, inputs: str) -> list[str]:
    """The lines; none where an operator has no ordinary call worth it. ``inputs``: the expression for variadic ones."""
    exact = {n: attributes.exact(a.annotation) for n, a in op.attributes.items() if not (op.variadic and n == op.count)}
    tests = [f"{n} is None" if n == op.storage else test.format(v=n) for n, test in exact.items() if test]
    if op.random:
        tests.append("STATE.tracing is None")  # a recorded block draws anew in every call
    if len(tests) < len(exact) + op.random or "_device" in op.implicit or op.storage == "" or callable(op.aux):
        return []
    if op.variadic:
        return _of_many(op, inputs, tests)
    return _of_named(op, tests) if op.inputs else []


def _of_named(op: Operator, tests: list[str]) -> list[str]:
    """For an operator whose inputs have names: each is looked at by itself."""
    first, *rest = op.inputs
    conditions = [f"{first}.__class__ is NDArray", "out is None", "not kwargs"]
    dtypes = []
    for n in rest:
        alike = f"{n}.__class__ is NDArray and {n}._ctx is {first}._ctx"
        conditions.append(f"({n} is None or {alike})" if n in op.optional else alike)
        if not op.mixed:
            test = f"t_{n}.dtype is t_{first}.dtype"
            dtypes.append(f"({n} is None or {test})" if n in op.optional else test)
    lines = [f"if {' and '.join(conditions + tests)}:", "    recording = STATE.recording"]
    for n in op.inputs:
        tensor = f"{n}._data if not recording or {n}._graph is None else {n}._graph"
        lines.append(f"    t_{n} = " + (f"None if {n} is None else {tensor}" if n in op.optional else tensor))
    tensors = "(" + "".join(f"t_{n}, " for n in op.inputs) + ")"
    body = _compute(op, [f"t_{n}" for n in op.inputs], tensors, f"{first}._ctx")
    if dtypes:
        body = [f"if {' and '.join(dtypes)}:", *_indent(body)]
    return [*lines, *_indent(body)]


def _of_many(op: Operator, inputs: str, tests: list[str]) -> list[str]:
    """For an operator of any number of inputs: ``same`` looks at them in a loop."""
    lines = [
        f"arrays = {inputs}",
        f"if {' and '.join(['out is None', 'not kwargs', *tests])}:",
        "    recording = STATE.recording",
        f"    tensors = same(arrays, recording, {op.mixed})",
        "    if tensors:",
    ]
    return [*lines, *_indent(_compute(op, ["*tensors"], "tensors", "arrays[0]._ctx"), 2)]


def same(arrays: Sequence[Any], recording: bool, mixed: bool) -> list[torch.Tensor] | None:
    """The tensors of dense arrays of one context and dtype; None when they are anything else."""
    tensors: list[torch.Tensor] = []
    ctx: Any = None
    dtype: Any = None
    for array in arrays:
        if array.__class__ is not NDArray:
            return None
        tensor = array._data if not recording or array._graph is None else array._graph
        if ctx is None:
            ctx, dtype = array._ctx, tensor.dtype
        elif array._ctx is not ctx or not (mixed or tensor.dtype is dtype):
            return None
        tensors.append(tensor)
    return tensors


def _compute(op: Operator, arguments: list[str], tensors: str, ctx: str) -> list[str]:
    """Call the function and return what the user gets."""
    own = [n for n in op.attributes if not (op.variadic and n == op.count)]
    counted = [n for n in op.attributes if n not in own]
    supplied = {"_train": "STATE.training", "_recording": "recording", "_rng": f"generator({ctx})"}
    keywords = [f"{n}={n}" for n in own] + [f"{n}=len(tensors)" for n in counted]
    keywords += [f"{n}={supplied[n]}" for n in op.implicit]
    values = "{" + ", ".join(f"{n!r}: {n}" for n in own) + "}"
    single = op.outputs == 1 and not op.aux
    return [
        "try:",
        f"    result = FN({', '.join(arguments + keywords)})",
        *_indent(_own_memory(op, tensors) if single else []),
        "except Exception as error:",
        f"    raise OP.failure(error, {tensors}, {values}) from None",
        *(_one(ctx) if single else _several(op, own, tensors, ctx)),
    ]


def _own_memory(op: Operator, tensors: str) -> list[str]:
    """Copy a result that shares memory with an input."""
    if op.returns_view:
        return [f"result = {_COPY.format('result')}"]
    if op.may_return_input:
        inside = f"any(result is t for t in {tensors})" if op.variadic else f"result is t_{op.inputs[0]}"
        return [f"if {inside}: result = {_COPY.format('result')}"]
    return []


def _one(ctx: str) -> list[str]:
    """The only output as an array."""
    return [
        "array = new(NDArray)",
        f"array._ctx = {ctx}",
        "if recording and result.requires_grad:",
        "    array._graph = result",
        "else:",
        "    array._graph = None",
        "    array._data = result",
        "return array",
    ]


def _several(op: Operator, own: list[str], tensors: str, ctx: str) -> list[str]:
    """Outputs as a list of arrays, or the only visible one; states are written back."""
    assert not callable(op.aux)
    lines = ["if result.__class__ is Tensor:", *_indent(_own_memory(op, tensors) + _one(ctx))] if not op.aux else []
    if op.aux:
        lines.append(f"count = len(result) - {len(op.aux)}")
        for i, name in enumerate(op.aux):
            lines.append(f"if result[count + {i}] is not None: {name}._data.copy_(result[count + {i}])")
        lines.append("shown = result[:count]")
    else:
        lines.append("shown = result")
    if op.visible is not None:
        count = str(op.visible)
        if callable(op.visible):
            asked = [n for n in own if n in inspect.signature(op.visible).parameters]
            count = f"VISIBLE({', '.join(f'{n}={n}' for n in asked)})"
        lines.append(f"shown = shown[:{count}]")
    if op.returns_view:
        lines.append(f"shown = [{_COPY.format('r')} for r in shown]")
    elif op.may_return_input:
        lines.append(f"shown = [({_COPY.format('r')}) if any(r is t for t in {tensors}) else r for r in shown]")
    return [
        *lines,
        f"if len(shown) == 1 and result.__class__ is not list: return wrap(shown[0], {ctx})",
        f"return [wrap(r, {ctx}) for r in shown]",
    ]


def _indent(lines: list[str], levels: int = 1) -> list[str]:
    return ["    " * levels + line for line in lines]
