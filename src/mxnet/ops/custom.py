"""``Custom``: operators that users write in Python (``mx.operator``), in the registry and in torch's graph.

This file knows tensors; ``mxnet/operator.py``, above the arrays, makes a ``Kind`` of what users register. A graph in a
file names an ``op_type`` and keywords, all text: it finds what was registered under that name in this process, and can
neither import nor run anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import torch

from .. import dtypes
from ..base import _Null
from ..dtypes import DType
from .registry import Operator, OperatorError, register

__all__ = ["Kind", "blame", "is_blamed", "kinds"]


class Plan(NamedTuple):
    """What inputs of certain shapes and dtypes lead to."""

    outputs: list[tuple[int, ...]]
    states: list[tuple[int, ...]]
    output_types: list[DType]
    state_types: list[DType]


class Kind(Protocol):
    """One use of a custom operator: the user's CustomOpProp, made from the keywords."""

    arguments: list[str]
    states: list[str]
    outputs: list[str]

    def infer_shapes(self, shapes: list[tuple[int, ...] | None]) -> tuple[list[Any], list[Any], list[Any]]:
        """Shapes of arguments, outputs and states, from those of arguments that are known."""
        ...

    def infer_types(self, types: list[DType | None]) -> tuple[list[Any], list[Any], list[Any]]:
        """Dtypes of arguments, outputs and states, likewise."""
        ...

    def operator(self, ctx: Any, shapes: list[tuple[int, ...]], types: list[DType]) -> Any:
        """The user's CustomOp for such inputs."""
        ...

    def saved(self) -> tuple[list[bool], list[bool]]:
        """Which arguments and outputs the backward pass reads."""
        ...

    def forward(self, op: Any, ctx: Any, train: bool, inputs: Sequence, outputs: Sequence, states: Sequence) -> None:
        """Let the user's operator write into ``outputs``."""
        ...

    def backward(
        self, op: Any, ctx: Any, needed: Sequence[bool], grads: Sequence, inputs: Sequence, outputs: Sequence,
        results: Sequence, states: Sequence,
    ) -> None:  # fmt: skip
        """Let the user's operator write into ``results`` the gradients of those inputs that are ``needed``."""
        ...


# op_type -> from the keywords, all text, to a Kind
kinds: dict[str, Callable[[dict[str, str]], Kind]] = {}


def blame(error: BaseException, where: str) -> None:
    """Note on an error of the user's code where it happened; from here on it passes as it is."""
    notes = [*getattr(error, "__notes__", ()), where]  # what add_note does since Python 3.11
    error.__dict__.update(__notes__=notes, _mxnet_user_code=True)


def is_blamed(error: BaseException) -> bool:
    """Whether an error came out of the user's own code."""
    return hasattr(error, "_mxnet_user_code")


class CustomOperator(Operator):
    """Inputs, outputs and attributes are what the registered class says; ``values`` hold its Kind as ``_held``."""

    by_name = True

    def parse(self, given: Mapping[str, Any]) -> dict[str, Any]:
        for name, value in given.items():
            if hasattr(value, "asnumpy"):
                raise OperatorError(self.name, f"array {name!r} must be given by position: Custom(x, ..., op_type=...)")
        keywords = {k: str(v) for k, v in given.items() if v is not _Null}
        op_type = keywords.pop("op_type", None)
        if not op_type or op_type == "None":
            raise OperatorError(self.name, "required argument 'op_type' is missing: the name that an operator has in "
                                "@mx.operator.register(...)")  # fmt: skip
        if op_type not in kinds:
            known = ", ".join(map(repr, kinds)) or "none"
            raise OperatorError(
                self.name,
                f"no custom operator {op_type!r} is registered in this process (registered: {known}). First import the "
                f"module that defines it with @mx.operator.register({op_type!r}).",
            )
        return {"op_type": op_type, "_held": kinds[op_type](keywords)}

    def accepts(self, name: str) -> bool:
        return True

    def text(self, value: Any) -> str:
        return str(value)

    def num_outputs(self, values: Mapping[str, Any]) -> int:
        return len(values["_held"].outputs)

    num_visible = num_outputs

    def input_names(self, values: Mapping[str, Any], given: int = 0) -> tuple[str, ...]:
        return (*values["_held"].arguments, *values["_held"].states)

    def state_names(self, values: Mapping[str, Any], given: int = 0) -> tuple[str, ...]:
        return tuple(values["_held"].states)

    def suffixes(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(values["_held"].outputs)

    @property
    def deduces(self) -> bool:
        return True

    def deduce(self, shapes: Sequence[tuple | None], values: Mapping[str, Any]) -> dict[str, tuple]:
        kind = values["_held"]
        count = len(kind.arguments)
        if not count or shapes[0] is None:
            return {}
        found, _, states = kind.infer_shapes(list(shapes[:count]))
        rows = zip((*kind.arguments, *kind.states), (*found, *states), strict=True)
        return {name: tuple(shape) for name, shape in rows if shape}

    def types(
        self,
        inputs: Sequence[DType | None],
        outputs: Sequence[DType | None],
        values: Mapping[str, Any],
        final: bool = False,
    ) -> tuple[list[DType | None], list[DType | None]]:
        kind = values["_held"]
        if not final and any(dtype is None for dtype in inputs[: len(kind.arguments)]):
            return list(inputs), list(outputs)  # others may tell, and the user's class wants to know all
        arguments, results, states = kind.infer_types(list(inputs[: len(kind.arguments)]))
        shared = next((dtype for dtype in inputs if dtype is not None), dtypes.resolve(None))
        return [dtype or shared for dtype in (*arguments, *states)], results

    def failure(self, error: BaseException, tensors: Any, values: Mapping[str, Any]) -> Any:
        return error if is_blamed(error) else super().failure(error, tensors, values)


def custom(
    *data: torch.Tensor,
    op_type: str | None = None,
    _train: bool,
    _recording: bool,
    _device: torch.device,
    _ctx: Any,
    _held: Any = None,
) -> Any:
    """An operator of the user's, registered under ``op_type`` with ``mx.operator.register``.

    data: its arguments, then its auxiliary states. Further keywords go to the registered class, as text. Returns what
    the class lists as outputs.
    """
    kind: Kind = _held
    names = (*kind.arguments, *kind.states)
    if len(data) != len(names):
        raise ValueError(f"{op_type!r} expects {len(names)} inputs {names}, but got {len(data)}")
    count = len(kind.arguments)
    inputs, states = data[:count], [x.detach() for x in data[count:]]
    shapes, types = [tuple(x.shape) for x in data], [dtypes.by_torch[x.dtype] for x in data]
    plan = _plan(kind, str(op_type), names, shapes, types)
    if _device.type == "meta":
        return _one_or_all(torch.empty(s, dtype=t.torch, device=_device) for s, t in zip(*plan[::2], strict=True))
    op = kind.operator(_ctx, shapes[:count], types[:count])
    call = _Call(kind, op, _ctx, _train, plan, _device, states)
    outputs = call.forward([x.detach() for x in inputs])
    if _recording and any(x.requires_grad for x in inputs) and outputs:
        outputs = _Node.apply(call, outputs, *inputs)
    return _one_or_all(outputs)


def _one_or_all(outputs: Any) -> Any:
    outputs = tuple(outputs)
    return outputs[0] if len(outputs) == 1 else outputs


def _plan(kind: Kind, op_type: str, names: Sequence[str], shapes: list, types: list[DType]) -> Plan:
    """Ask the user's class, and hold its answer against the inputs."""
    count = len(kind.arguments)
    wanted, outputs, states = kind.infer_shapes(list(shapes[:count]))
    wanted_types, output_types, state_types = kind.infer_types(list(types[:count]))
    for name, given, inferred in zip(names, shapes, (*wanted, *states), strict=True):
        if tuple(inferred) != given:
            raise ValueError(
                f"Shape inconsistent, Provided = {list(given)}, inferred shape={list(inferred)}: infer_shape of "
                f"{op_type!r} wants another shape of {name!r}"
            )
    for name, given, inferred in zip(names, types, (*wanted_types, *state_types), strict=True):
        if inferred is not None and inferred is not given:
            raise ValueError(
                f"Type inconsistent, Provided = {given.name}, inferred type = {inferred.name}: infer_type of "
                f"{op_type!r} wants another dtype of {name!r}"
            )
    return Plan([tuple(s) for s in outputs], [tuple(s) for s in states], output_types, state_types)


class _Call:
    """One call: what forward and backward share."""

    def __init__(
        self,
        kind: Kind,
        op: Any,
        ctx: Any,
        train: bool,
        plan: Plan,
        device: torch.device,
        states: Sequence[torch.Tensor],
    ) -> None:
        self.kind, self.op, self.ctx, self.train = kind, op, ctx, train
        self.plan, self.device, self.states = plan, device, states

    def forward(self, inputs: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        rows = zip(self.plan.outputs, self.plan.output_types, strict=True)
        outputs = tuple(torch.zeros(shape, dtype=t.torch, device=self.device) for shape, t in rows)
        self.kind.forward(self.op, self.ctx, self.train, inputs, outputs, self.states)
        return outputs


class _Node(torch.autograd.Function):
    """A call in torch's graph, its outputs computed. It keeps what ``declare_backward_dependency`` names."""

    @staticmethod
    def forward(
        ctx: Any, call: _Call, outputs: tuple[torch.Tensor, ...], *inputs: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        read_inputs, read_outputs = call.kind.saved()
        ctx.call, ctx.shapes = call, [(x.shape, x.dtype) for x in inputs]
        ctx.save_for_backward(
            *(x if read else None for x, read in zip(inputs, read_inputs, strict=True)),
            *(x if read else None for x, read in zip(outputs, read_outputs, strict=True)),
        )
        ctx.mark_non_differentiable(*(x for x in outputs if not x.is_floating_point()))
        return outputs

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple:
        call: _Call = ctx.call
        tensors = [None if x is None else x.detach() for x in ctx.saved_tensors]
        inputs, outputs = tensors[: len(ctx.shapes)], tensors[len(ctx.shapes) :]
        needed = ctx.needs_input_grad[2:]
        results = [torch.zeros(s, dtype=t, device=call.device) for s, t in ctx.shapes]
        grads = tuple(g.detach().contiguous() for g in grads)
        call.kind.backward(call.op, call.ctx, needed, grads, inputs, outputs, results, call.states)
        return None, None, *(g if need else None for g, need in zip(results, needed, strict=True))


register(CustomOperator("Custom", custom, mixed=True, precision="float32"))
