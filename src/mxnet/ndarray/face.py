"""The eager face of operators: from an operator's definition to the function that users call as ``mx.nd.<name>``.

``invoke`` is what every eager call means: check, compute, record, wrap. ``face`` generates, as ``dataclasses`` does,
one small function per operator with its true signature; the ordinary call (dense arrays of one context and dtype,
attributes of the right type) runs straight through it (see ``straight.py``), everything else goes to ``invoke``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import torch

from .. import context, dtypes
from .._state import state
from ..base import MXNetError
from ..context import Context
from ..ops import faces, precision, registry
from ..ops.random import generators
from ..ops.registry import SURROUNDINGS, Operator, OperatorError
from ..ops.sparse import storage
from . import casting, straight
from .ndarray import NDArray, copy_into, wrap

__all__ = ["context_of", "face", "invoke", "surroundings"]

_STRIDED = torch.strided


def invoke(
    op: Operator,
    inputs: Sequence[Any],
    given: dict[str, Any],
    out: NDArray | Sequence[NDArray] | None = None,
) -> Any:
    """Run an operator on arrays.

    Returns the visible outputs: an NDArray, or a list of them. With ``out``, the results are written there.
    Raises MXNetError (contexts or dtypes mixed, illegal attributes, whatever the operator refuses) or AssertionError
    (an input that is no NDArray).
    """
    if state.tracing is not None and state.tracing.of_arrays:
        return state.tracing.invoke(invoke, op, inputs, given, out)
    for name, array in zip(op.inputs or [op.variadic] * len(inputs), inputs, strict=False):
        if not isinstance(array, NDArray) and not (array is None and name in op.optional):
            if array is None:
                raise OperatorError(op.name, f"input {name!r} is missing")
            raise AssertionError(
                f"{op.name}: argument {name} must have NDArray type, but got {type(array).__name__} {array!r}"
            )
    values = op.parse(given)
    if op.variadic and op.count in op.attributes:
        values[op.count] = len(inputs)
    arrays = [a for a in inputs if a is not None]
    # The inputs' context, else that of the attribute, else the current one.
    ctx = context_of(op.name, arrays) if arrays else context.resolve(values.get("ctx") or None)
    if not op.mixed:
        op.check_dtypes([None if a is None else a._data for a in inputs])
    recording = state.recording
    tensors = [None if a is None else a._graph if recording and a._graph is not None else a._data for a in inputs]
    try:
        keywords = {**values, **{name: _surroundings[name](ctx) for name in op.implicit}}
        if op.storage is None and all(t is None or t.layout is _STRIDED for t in tensors):
            result = op.function(*tensors, **keywords)
        else:
            result = storage.compute(op, tensors, keywords)
    except Exception as error:
        raise op.failure(error, tensors, values) from None
    return finish(op, result, inputs, tensors, values, ctx, out)


def finish(
    op: Operator,
    result: Any,
    inputs: Sequence[Any],
    tensors: Sequence[Any],
    values: dict[str, Any],
    ctx: Context,
    out: NDArray | Sequence[NDArray] | None = None,
) -> Any:
    """From what a function returned to what the caller gets: states are written back, hidden outputs left out."""
    results = result if isinstance(result, (tuple, list)) else (result,)
    if op.aux:
        places = op.aux(len(inputs)) if callable(op.aux) else map(op.inputs.index, op.aux)
        for i, new in zip(places, results[op.num_outputs(values) :], strict=True):
            if new is not None:
                if new.layout is _STRIDED:
                    inputs[i]._data.copy_(new)
                else:
                    inputs[i]._data = new.detach()
    results = results[: op.num_visible(values)]
    if op.returns_view or (op.may_return_input and any(r is t for r in results for t in tensors)):
        try:
            results = [r.clone(memory_format=torch.contiguous_format) if r.layout is _STRIDED else r for r in results]
        except RuntimeError as error:  # no memory for it
            raise op.failure(error, tensors, values) from None
    if out is not None:
        return _write(op, out, results, inputs, values)
    if len(results) == 1 and result.__class__ is not list:
        return wrap(results[0], ctx)
    return [wrap(r, ctx) for r in results]


_surroundings: dict[str, Callable[[Context], Any]] = {
    "_train": lambda ctx: state.training,
    "_recording": lambda ctx: state.recording,
    "_rng": generators.generator,
    "_device": lambda ctx: ctx.torch_device,
    "_ctx": lambda ctx: ctx,
}


def surroundings(ctx: Context) -> list[Any]:
    """Everything that operators may ask for, in the order of ``SURROUNDINGS``; a lowered graph takes it all."""
    return [_surroundings[name](ctx) for name in SURROUNDINGS]


def context_of(name: str, arrays: Sequence[NDArray]) -> Context:
    """The context that all arrays are on. Raises OperatorError, for what is called ``name``, where they are not."""
    first = arrays[0]._ctx
    for array in arrays:
        if array._ctx is first:
            continue
        if _compatible(array._ctx, first):
            first = array._ctx if array._ctx.device_type == "cpu" else first
        else:
            raise OperatorError(
                name,
                f"all inputs must be on one context, but {first} and {array._ctx} were given. "
                f"Move one with .as_in_context({first}).",
            )
    return first


def _compatible(one: Context, other: Context) -> bool:
    """Pinned and shared memory is CPU memory."""
    return "gpu" not in (one.device_type, other.device_type) and (one.device_type != other.device_type)


def _write(
    op: Operator, out: Any, results: Sequence[torch.Tensor], arrays: Sequence[Any], values: dict[str, Any]
) -> Any:
    """Results into the arrays that the user gave."""
    targets = [out] if isinstance(out, NDArray) else list(out)
    if len(targets) != len(results):
        raise OperatorError(op.name, f"out must be {len(results)} arrays, but {len(targets)} were given")
    for target, result in zip(targets, results, strict=True):
        if not isinstance(target, NDArray):
            raise OperatorError(op.name, f"out must be an NDArray, but got {type(target).__name__}")
        if target.shape != tuple(result.shape) and (arrays or result.dim()):  # a number from nowhere fills the target
            raise OperatorError(op.name, f"out has shape {target.shape}, the result has {tuple(result.shape)}")
        if arrays and target._data.dtype is not result.dtype:  # without inputs, the result follows the target
            raise OperatorError(
                op.name,
                f"out is {registry.describe_tensor(target._data)}, the result is {registry.describe_tensor(result)}",
            )
        if result.requires_grad and any(target is a for a in arrays):
            raise MXNetError(
                f"{op.name}: in-place operations (+=, -=, x[:]=, out=) are not supported when recording with autograd"
            )
    for target, result in zip(targets, results, strict=True):
        if op.accumulate is not None:
            result = op.accumulate(target._data, result, **op.complete(values))
        copy_into(target, result)
    return out


@cache
def face(name: str) -> Callable:
    """The function ``mx.nd.<name>`` for the operator of that name or alias."""
    op = registry.get(name)
    pieces = faces.parts(op, optional_inputs=True, defaults=True)
    scope = pieces.scope | straight.scope(op) | {"invoke": invoke, "CAST": _cast, "LOSS_SCALE": _loss_scale}
    op.bind(partial(scope.__setitem__, "FN"))
    body = [*straight.path(op, pieces.inputs), f"return invoke(OP, {pieces.inputs}, {pieces.given}, out)"]
    parameters = [*pieces.parameters, "out=None", "name=None", "**kwargs"]

    def make(policy: precision.Policy | None) -> Any:
        lines = [*casting.lines(op, policy, pieces.inputs), *body]
        return faces.define(op, name, "mxnet.ndarray", parameters, lines, scope)

    return precision.adopt(make)


def _cast(dtype: str, arrays: Sequence[Any]) -> Sequence[Any]:
    """The arrays among ``arrays`` in a dtype, by operators, so that gradients and recordings know of it; "widest": in
    the widest of theirs.
    """
    found = [_half_or_single(array) for array in arrays]
    if dtype == "widest":
        floats = [array for array, name in zip(arrays, found, strict=True) if name is not None]
        if len({name for name in found if name is not None}) < 2:
            return arrays
        wide = iter(face("amp_multicast")(*floats, num_outputs=len(floats)))
        return [array if name is None else next(wide) for array, name in zip(arrays, found, strict=True)]
    amp_cast = face("amp_cast")
    return [
        array if name in (None, dtype) else amp_cast(array, dtype=dtype)
        for array, name in zip(arrays, found, strict=True)
    ]


def _half_or_single(array: Any) -> str | None:
    """The name of the dtype that casts concern; None for other dtypes, and for what is no array."""
    if not isinstance(array, NDArray):
        return None
    plain = getattr(array, "_value", array)  # of one that is being recorded
    tensor = plain._data if plain._graph is None else plain._graph
    name = dtypes.by_torch[tensor.dtype].name
    return name if name in precision.FLOATS else None


def _loss_scale() -> float:
    return precision.policy.loss_scale() if precision.policy else 1.0
