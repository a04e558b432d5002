"""Operators written in Python: a CustomOp computes, a CustomOpProp describes it, ``register`` gives it a name.

::

    class Scale(mx.operator.CustomOp):
        def forward(self, is_train, req, in_data, out_data, aux):
            self.assign(out_data[0], req[0], in_data[0] * 2)

        def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
            self.assign(in_grad[0], req[0], out_grad[0] * 2)

    @mx.operator.register("scale")
    class ScaleProp(mx.operator.CustomOpProp):
        def create_operator(self, ctx, in_shapes, in_dtypes):
            return Scale()

    mx.nd.Custom(x, op_type="scale")    # and mx.sym.Custom(data=x, op_type="scale")

An error in these methods arrives as it is, with a note about the operator and the method.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from . import autograd, context, dtypes, symbol
from .base import MXNetError
from .ndarray import NDArray
from .ndarray.ndarray import wrap
from .ops import attributes, registry
from .ops.custom import blame, kinds

__all__ = [
    "CustomOp", "CustomOpProp", "NDArrayOp", "NumpyOp", "PythonOp", "get_all_registered_operators",
    "get_operator_arguments", "register",
]  # fmt: skip


class CustomOp:
    """The computation: subclass it, define ``forward`` and, for a gradient, ``backward``."""

    def forward(
        self, is_train: bool, req: list[str], in_data: list[NDArray], out_data: list[NDArray], aux: list[NDArray]
    ) -> None:
        """Write the outputs into ``out_data``, with ``assign``."""

    def backward(
        self,
        req: list[str],
        out_grad: list[NDArray],
        in_data: list[NDArray],
        out_data: list[NDArray],
        in_grad: list[NDArray],
        aux: list[NDArray],
    ) -> None:
        """Write the gradients of the inputs into ``in_grad``, with ``assign``; ``req`` 'null': not needed."""

    def assign(self, dst: NDArray, req: str, src: NDArray | float) -> None:
        """Write ``src`` into ``dst`` as ``req`` asks: 'write' and 'inplace' replace, 'add' adds, 'null' leaves it."""
        if req in ("write", "inplace"):
            dst[:] = src
        elif req == "add":
            dst[:] += src


class CustomOpProp:
    """The description: names, shapes and dtypes. Subclass it, define ``create_operator`` and what differs from here.

    Keywords of ``Custom(...)`` arrive in the subclass's ``__init__`` as text. need_top_grad: ``backward`` reads the
    gradients of the outputs; a loss does not.
    """

    def __init__(self, need_top_grad: bool = True) -> None:
        self.need_top_grad_ = need_top_grad

    def list_arguments(self) -> list[str]:
        """Names of the inputs: ['data']."""
        return ["data"]

    def list_outputs(self) -> list[str]:
        """Names of the outputs: ['output']."""
        return ["output"]

    def list_auxiliary_states(self) -> list[str]:
        """Names of the states, inputs after the arguments that the operator itself may change: none."""
        return []

    def infer_shape(self, in_shape: list[list[int]]) -> tuple:
        """(shapes of arguments, of outputs, of states), the last of which may be left out; [] is unknown.

        Here: outputs and the first argument have one shape, and there are no states.
        """
        return in_shape, (in_shape[0],) * len(self.list_outputs()), ()

    def infer_type(self, in_type: list[Any]) -> tuple:
        """(dtypes of arguments, of outputs, of states): NumPy types, None for unknown. Here: the first argument's."""
        return (
            in_type, [in_type[0]] * len(self.list_outputs()), [in_type[0]] * len(self.list_auxiliary_states()),
        )  # fmt: skip

    def infer_storage_type(self, in_stype: list[str]) -> tuple:
        """(storage types of arguments, of outputs, of states): all 'default', that is dense."""
        for i, stype in enumerate(in_stype):
            if stype != "default":
                raise AssertionError(
                    f"infer_storage_type: expected dense inputs, but got {stype!r} for in_stype[{i}]. Override it to "
                    "accept others"
                )
        states = ["default"] * len(self.list_auxiliary_states())
        return in_stype, ["default"] * len(self.list_outputs()), states

    def infer_storage_type_backward(
        self,
        ograd_stype: list[str],
        in_stype: list[str],
        out_stype: list[str],
        igrad_stype: list[str],
        aux_stype: list[str],
    ) -> tuple:
        """The same for the backward pass: all 'default'."""
        stypes = (ograd_stype, in_stype, out_stype, igrad_stype, aux_stype)
        return tuple(["default"] * len(stype) for stype in stypes)

    def declare_backward_dependency(self, out_grad: list[int], in_data: list[int], out_data: list[int]) -> list[int]:
        """Which of these arrays, given by numbers, ``backward`` reads; for other in_data and out_data it gets None."""
        return [*(out_grad if self.need_top_grad_ else ()), *in_data, *out_data]

    def create_operator(self, ctx: Any, in_shapes: list[list[int]], in_dtypes: list[int]) -> CustomOp:
        """The CustomOp for inputs of these shapes and dtypes (MXNet's numbers: 0 is float32)."""
        return CustomOp()


def register(reg_name: str) -> Callable[[type[CustomOpProp]], type[CustomOpProp]]:
    """Decorator: make a CustomOpProp known as ``op_type=reg_name``; a later one of the same name takes its place.

    Raises TypeError for what is no name, or no subclass of CustomOpProp.
    """
    if not isinstance(reg_name, str):
        raise TypeError(f"register wants the operator's name, but got {reg_name!r}")

    def do_register(prop_cls: type[CustomOpProp]) -> type[CustomOpProp]:
        if not (isinstance(prop_cls, type) and issubclass(prop_cls, CustomOpProp)):
            raise TypeError(
                f"register({reg_name!r}) is for subclasses of mx.operator.CustomOpProp, but got {prop_cls!r}"
            )
        kinds[reg_name] = lambda keywords: _Kind(reg_name, prop_cls, keywords)
        return prop_cls

    return do_register


class _Kind:
    """A CustomOpProp as ``ops/custom.py`` wants it: checked answers, tensors wrapped as arrays, errors with a note."""

    def __init__(self, op_type: str, prop_cls: Callable[..., CustomOpProp], keywords: dict[str, str]) -> None:
        self.op_type, self.name = op_type, getattr(prop_cls, "__name__", op_type)
        with self.blaming("__init__"):
            self.prop = prop_cls(**keywords)
        with self.blaming("list_arguments"):
            self.arguments = list(self.prop.list_arguments())
        with self.blaming("list_outputs"):
            self.outputs = list(self.prop.list_outputs())
        with self.blaming("list_auxiliary_states"):
            self.states = list(self.prop.list_auxiliary_states())
        self.operators: dict[Any, CustomOp] = {}

    @contextmanager
    def blaming(self, method: str, owner: str = "") -> Iterator[None]:
        try:
            yield
        except Exception as error:
            blame(error, f"in {owner or self.name}.{method} of the custom operator {self.op_type!r}")
            raise

    def infer_shapes(self, shapes: list[Any]) -> tuple[list, list, list]:
        asked: list[list[int]] = [list(shape or ()) for shape in shapes]
        with self.blaming("infer_shape"):
            answer = self.three("infer_shape", self.prop.infer_shape(asked))
            return tuple([tuple(map(int, shape)) for shape in part] for part in answer)  # type: ignore[return-value]

    def infer_types(self, types: list[Any]) -> tuple[list, list, list]:
        with self.blaming("infer_type"):
            answer = self.three("infer_type", self.prop.infer_type([t and t.numpy for t in types]))
            resolved = [[None if t is None else dtypes.resolve(t) for t in part] for part in answer]
        return resolved[0], [t or dtypes.resolve(None) for t in resolved[1]], resolved[2]

    def three(self, method: str, answer: Sequence) -> list[list]:
        """Arguments, outputs, states; the last may be left out. Raises AssertionError where the numbers are wrong."""
        if len(answer) not in (2, 3):
            raise AssertionError(f"{method} must return 2 or 3 lists, but returned {len(answer)}: {answer}")
        parts = [list(part) for part in answer] + [[]] * (3 - len(answer))
        for part, names, what in zip(
            parts, (self.arguments, self.outputs, self.states), ("input", "output", "aux state"), strict=True
        ):
            if len(part) != len(names):
                raise AssertionError(f"{method} must return {len(names)} {what} entries for {names}, but got {part}")
        return parts

    def operator(self, ctx: context.Context, shapes: list, types: list[dtypes.DType]) -> CustomOp:
        key = (ctx, tuple(shapes), tuple(types))
        if key not in self.operators:
            stypes = ["default"] * len(self.arguments)
            with self.blaming("infer_storage_type"):
                answer = self.three("infer_storage_type", self.prop.infer_storage_type(stypes))
            if any(stype != "default" for part in answer for stype in part):
                raise MXNetError(
                    f"Custom: infer_storage_type of {self.op_type!r} returned {answer}; custom operators compute with "
                    "dense arrays, 'default', only."
                )
            with self.blaming("create_operator"):
                op = self.prop.create_operator(ctx, [list(s) for s in shapes], [t.code for t in types])
                if not isinstance(op, CustomOp):
                    raise TypeError(f"create_operator must return a mx.operator.CustomOp, but returned {op!r}")
            self.operators[key] = op
        return self.operators[key]

    def saved(self) -> tuple[list[bool], list[bool]]:
        outputs, arguments = len(self.outputs), len(self.arguments)
        numbers = list(range(2 * outputs + arguments))
        grads, inputs, results = numbers[:outputs], numbers[outputs:-outputs], numbers[-outputs:]
        with self.blaming("declare_backward_dependency"):
            read = set(self.prop.declare_backward_dependency(list(grads), list(inputs), list(results)))
        return [i in read for i in inputs], [i in read for i in results]

    def forward(
        self, op: CustomOp, ctx: context.Context, train: bool, inputs: Sequence, outputs: Sequence, states: Sequence
    ) -> None:
        with self.blaming("forward", type(op).__name__), autograd.pause(train_mode=train):
            op.forward(
                is_train=train,
                req=["write"] * len(outputs),
                in_data=_arrays(inputs, ctx),
                out_data=_arrays(outputs, ctx),
                aux=_arrays(states, ctx),
            )

    def backward(
        self, op: CustomOp, ctx: context.Context, needed: Sequence[bool], grads: Sequence, inputs: Sequence,
        outputs: Sequence, results: Sequence, states: Sequence,
    ) -> None:  # fmt: skip
        with self.blaming("backward", type(op).__name__), autograd.pause(train_mode=True):
            op.backward(
                req=["write" if need else "null" for need in needed],
                out_grad=_arrays(grads, ctx),
                in_data=_arrays(inputs, ctx),
                out_data=_arrays(outputs, ctx),
                in_grad=_arrays(results, ctx),
                aux=_arrays(states, ctx),
            )


def _arrays(tensors: Sequence, ctx: context.Context) -> list:
    return [None if tensor is None else wrap(tensor, ctx) for tensor in tensors]


# ---- the registry ----------------------------------------------------------------------------------------------------


class OperatorArguments(NamedTuple):
    """Arguments of an operator: their number, names and types."""

    narg: int
    names: list[str]
    types: list[str]


def get_all_registered_operators() -> list[str]:
    """Names of all operators of the library, aliases included."""
    return sorted(registry.names())


def get_operator_arguments(op_name: str) -> OperatorArguments:
    """Inputs and attributes of an operator. Raises MXNetError when there is none of that name."""
    op = registry.get(op_name)
    types = dict.fromkeys(op.bodies, "Symbol") | dict.fromkeys(op.inputs, "NDArray-or-Symbol")
    if op.variadic:
        types[op.variadic] = "NDArray-or-Symbol[]"
    for name, attribute in op.attributes.items():
        default = "required" if attribute.required else f"optional, default={attribute.default!r}"
        types[name] = f"{attributes.describe(attribute.annotation)}, {default}"
    return OperatorArguments(len(types), list(types), list(types.values()))


# ---- MXNet's older classes -------------------------------------------------------------------------------------------


class PythonOp:
    """What NumpyOp and NDArrayOp share: an operator and its description in one object. Deprecated: write a CustomOp."""

    def __init__(self, need_top_grad: bool = True) -> None:
        warnings.warn(f"{type(self).__name__}: PythonOp has been deprecated. Please use CustomOp", stacklevel=3)
        self.need_top_grad_ = need_top_grad
        self._op_type: str | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> symbol.Symbol:
        return self.get_symbol(*args, **kwargs)

    def get_symbol(self, *args: Any, **kwargs: Any) -> symbol.Symbol:
        """The operator applied to symbols."""
        raise NotImplementedError("a PythonOp makes no symbol: subclass NumpyOp or NDArrayOp")

    def forward(self, in_data: list, out_data: list) -> None:
        """Write the outputs. Here: the input as it is."""
        out_data[0][:] = in_data[0]

    def backward(self, out_grad: list, in_data: list, out_data: list, in_grad: list) -> None:
        """Write the gradients. Here: 1."""
        in_grad[0][:] = 1.0

    def infer_shape(self, in_shape: list) -> tuple:
        """(shapes of inputs, shapes of outputs)."""
        return in_shape, [in_shape[0]]

    def list_outputs(self) -> list[str]:
        return ["output"]

    def list_arguments(self) -> list[str]:
        return ["data"]

    def need_top_grad(self) -> bool:
        """Whether ``backward`` reads the gradients of the outputs."""
        return self.need_top_grad_

    def _symbol(self, convert: Callable[[list], list], write: Callable[[list, list], None], *args: Any, **kwargs: Any):
        """This object as a custom operator of its own. A file can name it, and finds it in this process only."""
        if self._op_type is None:
            self._op_type = f"_{type(self).__name__}_{id(self)}"
            kinds[self._op_type] = lambda keywords: _Kind(self._op_type or "", lambda: _Prop(self, convert, write), {})
        return symbol.Custom(*args, op_type=self._op_type, **kwargs)  # type: ignore[attr-defined]


class NDArrayOp(PythonOp):
    """A PythonOp whose methods work on NDArrays. Deprecated: write a CustomOp."""

    def get_symbol(self, *args: Any, **kwargs: Any) -> symbol.Symbol:
        return self._symbol(list, lambda arrays, values: None, *args, **kwargs)

    def declare_backward_dependency(self, out_grad: list[int], in_data: list[int], out_data: list[int]) -> list[int]:
        """Which of these arrays, given by numbers, ``backward`` reads."""
        return [*(out_grad if self.need_top_grad() else ()), *in_data, *out_data]


class NumpyOp(PythonOp):
    """A PythonOp whose methods work on NumPy arrays. Deprecated: write a CustomOp."""

    def get_symbol(self, *args: Any, **kwargs: Any) -> symbol.Symbol:
        return self._symbol(_to_numpy, _write_back, *args, **kwargs)


def _to_numpy(arrays: list[NDArray | None]) -> list[np.ndarray | None]:
    return [None if array is None else array.asnumpy() for array in arrays]


def _write_back(arrays: list[NDArray], values: list[np.ndarray]) -> None:
    for array, value in zip(arrays, values, strict=True):
        array[:] = value


class _Prop(CustomOpProp):
    """A PythonOp as a CustomOpProp."""

    def __init__(self, op: PythonOp, convert: Callable[[list], list], write: Callable[[list, list], None]) -> None:
        super().__init__(op.need_top_grad())
        self.op, self.convert, self.write = op, convert, write
        self.list_arguments, self.list_outputs, self.infer_shape = op.list_arguments, op.list_outputs, op.infer_shape
        if isinstance(op, NDArrayOp):
            self.declare_backward_dependency = op.declare_backward_dependency

    def create_operator(self, ctx: Any, in_shapes: list, in_dtypes: list) -> CustomOp:
        return _Op(self)


class _Op(CustomOp):
    """A PythonOp as a CustomOp."""

    def __init__(self, prop: _Prop) -> None:
        self.op, self.convert, self.write = prop.op, prop.convert, prop.write

    def forward(self, is_train: bool, req: list, in_data: list, out_data: list, aux: list) -> None:
        outputs = self.convert(out_data)
        self.op.forward(in_data=self.convert(in_data), out_data=outputs)
        self.write(out_data, outputs)

    def backward(self, req: list, out_grad: list, in_data: list, out_data: list, in_grad: list, aux: list) -> None:
        results = self.convert(in_grad)
        self.op.backward(
            out_grad=self.convert(out_grad),
            in_data=self.convert(in_data),
            out_data=self.convert(out_data),
            in_grad=results,
        )
        self.write(in_grad, results)
