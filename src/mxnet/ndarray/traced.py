"""Recording a ``forward`` that works on arrays: it runs once, on arrays that note what operators do with them.

A TracedArray knows its values, as shapes and printing need them, and the output of the graph that it stands for. It has
no tensor of its own: an operator gets at the values through ``Recorder.invoke``, which appends a node, and whoever else
asks for the tensor gets an error, since what it computed would be missing in the graph.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from .. import name as names
from .._state import untraced
from ..base import MXNetError, NotImplementedForSymbol
from ..graph.node import Entry, Node
from ..ops.registry import Operator
from .ndarray import NDArray

__all__ = ["Recorder", "RecordingError", "TracedArray", "Versions", "cannot_record", "refusal", "user_line"]

_OURS = (str(Path(__file__).parents[1]), "<operator ", "<frozen ")  # where our code is: files, and generated faces

_VALUES = "compute it outside, in a plain Block or after the network, or stay with operators"
_BRANCH = "choose with F.where(condition, a, b) or F.contrib.cond(condition, f, g), or make the block a plain Block"
_WRITE = "compute a new array: F.where(mask, a, b), F.concat(...), F.contrib.index_copy(...), y = y + x for y += x"
_SHAPE = (
    "override forward(self, x) instead of hybrid_forward: it is recorded with arrays, whose shapes are known; or use "
    "the codes 0 and -1 of F.reshape"
)
_LOOP = "use F.contrib.foreach or F.contrib.while_loop in hybrid_forward, or make the block a plain Block"
_INDEX = "select with F.take, F.pick, F.gather_nd or F.contrib.boolean_mask"
_GRADIENT = "differentiate outside of the block, with autograd.record()"
_DEVICE = "move the inputs before the network; all of a graph is on one context"
_MODE = "use F.BlockGrad to stop gradients, operators' own mode=..., or a plain Block"

# What was used, by its name in Python -> how users write it, what to do instead.
_USES = {
    **dict.fromkeys(("__bool__", "__nonzero__", "bool"), ("bool(x), as if and while do", _BRANCH)),
    "__contains__": ("y in x", _BRANCH),
    "__float__": ("float(x)", _VALUES),
    "__int__": ("int(x)", _VALUES),
    "__index__": ("x as a number, an index or a count", _VALUES),
    "__getitem__": ("x as an index of another array", _INDEX),
    "__array__": ("the values as a NumPy array", _VALUES),
    "__setitem__": ("x[...] = value", _WRITE),
    **{f"__i{name}__": (f"x {sign}= ...", _WRITE)
       for name, sign in dict(add="+", sub="-", mul="*", div="/", truediv="/", mod="%").items()},
    "method": ("x += ... or its like", _WRITE),
    "out=": ("out=", _WRITE),
    **{name: (f"x.{name}(...)", _WRITE) for name in ("slice_assign", "slice_assign_scalar")},
    **{name: (f"x.{name}", _SHAPE) for name in ("shape", "size", "ndim", "dtype", "context", "ctx", "stype")},
    "__len__": ("len(x)", _SHAPE),
    **{name: (f"x.{name}()", _GRADIENT) for name in ("attach_grad", "backward")},
    "grad": ("x.grad", _GRADIENT),
    **{name: (f"x.{name}(...)", _DEVICE) for name in ("copyto", "as_in_context", "as_in_ctx")},
    **dict.fromkeys(("__reduce__", "__getstate__", "__setstate__"), ("pickle", _VALUES)),
    **dict.fromkeys(("__dlpack__", "__dlpack_device__"), ("the memory by DLPack", _VALUES)),
    "handle": ("x.handle", _VALUES),
    **{name: (f"nd.contrib.{name} with a condition of arrays", _LOOP) for name in ("while_loop", "cond")},
}  # fmt: skip


class RecordingError(NotImplementedForSymbol, TypeError):
    """Something that cannot be recorded: which block, which line, what to write instead."""

    def __init__(self, message: str) -> None:
        MXNetError.__init__(self, message)


def user_line(frames: Sequence[tuple[str, int]]) -> str:
    """The innermost of (file, line) that is not ours, with its text."""
    for file, line in frames:
        if not file.startswith(_OURS):
            return f'  File "{file}", line {line}\n    {linecache.getline(file, line).strip()}\n'
    return ""


def refusal(what: str | None, block: str | None, instead: str | None = None) -> RecordingError:
    """The error for using ``what`` in the user's line that is running; None: the function of ours that it calls."""
    frame, frames, called = sys._getframe(1), [], ""
    while frame is not None:
        frames.append((frame.f_code.co_filename, frame.f_lineno))
        if not frames[-1][0].startswith(_OURS):
            break
        called, frame = frame.f_code.co_name, frame.f_back
    return cannot_record(what or called, block, user_line(frames), instead)


def cannot_record(what: str, block: str | None, where: str, instead: str | None = None) -> RecordingError:
    """The error for a use of an array, by its name in Python, at a line, in a block."""
    place = f"block {block!r}" if block else "the block"
    call = f"x.{what}()" if hasattr(NDArray, what) else f"{what}(x)" if what.isidentifier() else what
    spelled, advice = _USES.get(what, (call, _VALUES))
    where = f":\n{where}" if where else ". "
    return RecordingError(
        f"{place} cannot be recorded as a graph, because it uses {spelled}{where}Instead, {instead or advice}."
    )


class TracedArray(NDArray):
    """What a ``forward`` that is being recorded gets for an array."""

    __slots__ = ("_entry", "_recorder", "_seen", "_value")

    _value: NDArray  # the plain array
    _entry: Entry  # what it is in the graph
    _recorder: Recorder

    def __getattr__(self, name: str) -> Any:
        if name in ("_data", "_graph", "_leaf"):
            raise self._refuse()
        return super().__getattr__(name)

    def _refuse(self, what: str | None = None, instead: str | None = None) -> RecordingError:
        """The error for using ``what``: without it, the function of ours that the user has called."""
        return self._recorder.refuse(what, instead)

    # What it is

    @property
    def shape(self) -> tuple[int, ...]:
        return self._value.shape

    @property
    def ndim(self) -> int:
        return self._value.ndim

    @property
    def size(self) -> int:
        return self._value.size

    @property
    def dtype(self) -> Any:
        return self._value.dtype

    @property
    def stype(self) -> str:
        return self._value.stype

    def __repr__(self) -> str:
        return repr(self._value)

    __str__ = __repr__

    # What needs values, or memory

    def __bool__(self) -> bool:
        raise self._refuse("__bool__")

    @property
    def grad(self) -> None:
        raise self._refuse("grad")

    def __setitem__(self, key: Any, value: Any) -> None:
        raise self._refuse("__setitem__")

    def _source(self) -> Any:
        raise self._refuse()

    # What shares memory elsewhere is an operator here

    def reshape(self, *shape: Any, **kwargs: Any) -> NDArray:
        if shape:
            kwargs["shape"] = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        return self._face("reshape")(self, **kwargs)

    def expand_dims(self, axis: int, inplace: bool = False) -> NDArray:
        return self._face("expand_dims")(self, axis=axis)

    def flatten(self, inplace: bool = False) -> NDArray:
        return self._face("flatten")(self)

    def squeeze(self, axis: int | tuple[int, ...] | None = None, inplace: bool = False) -> NDArray:
        return self._face("squeeze")(self, axis=axis)

    def broadcast_to(self, shape: Sequence[int]) -> NDArray:
        mine = (1,) * (len(shape) - self.ndim) + self.shape
        return self._face("broadcast_to")(self.reshape(mine), shape=tuple(shape))

    def astype(self, dtype: Any, copy: bool = True) -> NDArray:
        return super().astype(dtype, copy=True)

    def detach(self) -> NDArray:
        return self._face("BlockGrad")(self)

    def copy(self) -> NDArray:
        return self._face("identity")(self)

    def copyto(self, other: Any) -> NDArray:
        if other != self._ctx:
            raise self._refuse("copyto")
        return self.copy()

    def as_in_context(self, context: Any) -> NDArray:
        if context != self._ctx:
            raise self._refuse("as_in_context")
        return self

    as_in_ctx = as_in_context

    def wait_to_read(self) -> None:
        """Nothing to wait for."""

    def __getitem__(self, key: Any) -> NDArray:
        keys = list(key) if isinstance(key, tuple) else [key]
        if len(keys) == 1 and isinstance(keys[0], NDArray):
            return self._face("take")(self, keys[0], axis=0, mode="clip")
        if any(isinstance(k, TracedArray) for k in keys):
            raise self._refuse("an array in a key of several parts", _INDEX)
        shape = self._value[key].shape  # raises for keys that do not fit
        used = sum(k is not None and k is not Ellipsis for k in keys)
        if any(k is Ellipsis for k in keys):
            at = next(i for i, k in enumerate(keys) if k is Ellipsis)
            keys[at : at + 1] = [slice(None)] * (self.ndim - used)
        begin: list[Any] = []
        end: list[Any] = []
        step: list[Any] = []
        for k in (k for k in keys if k is not None):
            if isinstance(k, slice):
                begin, end, step = [*begin, k.start], [*end, k.stop], [*step, k.step]
            elif hasattr(k, "__index__") and not getattr(k, "shape", ()):
                number = k.__index__()
                begin, end, step = [*begin, number], [*end, number + 1 or None], [*step, None]
            else:
                raise self._refuse(f"an index of type {type(k).__name__}", _INDEX)
        part = self
        if any(b is not None or e is not None or s is not None for b, e, s in zip(begin, end, step, strict=True)):
            part = self._face("slice")(self, begin=tuple(begin), end=tuple(end), step=tuple(step))
        return part if part.shape == shape else part.reshape(shape)

    def __contains__(self, value: Any) -> bool:
        raise self._refuse("__contains__")


def _refused(name: str) -> Callable:
    def method(self: TracedArray, *args: Any, **kwargs: Any) -> Any:
        raise self._refuse(name)

    method.__name__ = method.__qualname__ = name
    return method


for _name in (
    "__float__", "__int__", "__index__", "__array__", "__dlpack__", "__dlpack_device__", "__reduce__", "__getstate__",
    "__setstate__", "__nonzero__", "asnumpy", "asscalar", "attach_grad", "backward", "item", "slice_assign",
    "slice_assign_scalar", "to_dlpack_for_read", "to_dlpack_for_write", "__iadd__", "__isub__", "__imul__", "__idiv__",
    "__itruediv__", "__imod__",
):  # fmt: skip
    setattr(TracedArray, _name, _refused(_name))


class Versions:
    """Arrays, and whether their values have changed."""

    def __init__(self, arrays: Iterable[NDArray] = ()) -> None:
        self._arrays: list[NDArray] = []
        self.guards: list[tuple[torch.Tensor, int]] = []
        for array in arrays:
            self.note(array)

    def note(self, array: NDArray) -> None:
        """Watch this array, too, from now on."""
        self._arrays.append(array)
        self.guards.append((array._data, array._data._version))

    def changed(self) -> bool:
        """Whether any of them was written to."""
        return any(
            array._data is not tensor or tensor._version != version
            for array, (tensor, version) in zip(self._arrays, self.guards, strict=True)
        )


class Recorder:
    """Writes down, as nodes of a graph, what operators do while it is ``state.tracing``."""

    of_arrays = True

    def __init__(self) -> None:
        self.reads_mode = False  # the user's code asked whether it is training: the graph is right for this mode only
        self.blocks: list[Any] = []  # that are running
        self.met: list[Any] = []  # that have run
        self.constants: dict[int, tuple[NDArray, Node]] = {}
        self._constants = Versions()  # when they entered the graph
        self._parameters: dict[int, tuple[Any, TracedArray]] = {}

    @property
    def block(self) -> str | None:
        return self.blocks[-1].name if self.blocks else None

    def stand_in(self, array: NDArray, entry: Entry) -> TracedArray:
        """The traced form of an array."""
        traced = TracedArray.__new__(TracedArray)
        traced._ctx, traced._value, traced._entry, traced._recorder = array._ctx, array, entry, self
        return traced

    def parameter(self, owner: Any, array: NDArray, node: Node) -> TracedArray:
        """The traced form of a parameter's values: always the same."""
        found = self._parameters.get(id(array))
        if found is None:
            found = self._parameters[id(array)] = owner, self.stand_in(array, Entry(node))
        return found[1]

    @property
    def parameters(self) -> list[tuple[Any, Node]]:
        """The owners of parameters that were used, and their variables."""
        return [(owner, traced._entry.node) for owner, traced in self._parameters.values()]

    def entry(self, array: NDArray) -> Entry:
        """What an array is in the graph; one that was not computed there is a constant."""
        if isinstance(array, TracedArray):
            return array._entry
        found = self.constants.get(id(array))
        if found is None:
            node = Node(None, names.current_manager().get(None, "constant"))
            found = self.constants[id(array)] = array, node
            self._constants.note(array)
        return Entry(found[1])

    def value(self, array: Any) -> Any:
        """The plain array. RecordingError for one of another recording."""
        if not isinstance(array, TracedArray):
            return array
        if array._recorder is not self:
            raise self.refuse(
                "an array that was kept in an earlier call", "return it as an output, and pass it as an input"
            )
        return array._value

    def refuse(self, what: str | None = None, instead: str | None = None) -> RecordingError:
        """The error for using ``what`` in the line of the user's that is being run."""
        return refusal(what, self.block, instead)

    def check_constants(self) -> None:
        """Raise RecordingError if an array was written to after the graph began to use it: a replay would use the new
        values from the start.
        """
        if self._constants.changed():
            raise cannot_record("an array, and writes to it afterwards", self.block, "", _WRITE)

    def invoke(
        self, compute: Callable[..., Any], op: Operator, inputs: Sequence[Any], given: dict[str, Any], out: Any
    ) -> Any:
        """Run an operator on the values by ``compute``, and append its node."""
        if out is not None:
            targets = out if isinstance(out, (list, tuple)) else [out]
            if op.random or any(isinstance(a, TracedArray) for a in (*inputs, *targets)):
                raise self.refuse("out=")
            with untraced():  # a constant in the making
                return compute(op, inputs, given, out)
        values = op.parse(given)
        if op.variadic and op.count in op.attributes:
            values[op.count] = len(inputs)
        if not op.num_visible(values):
            raise self.refuse(f"{op.name}, which writes into its inputs", _WRITE)
        with untraced():
            results = compute(op, [self.value(a) for a in inputs], given)
        text = {name: op.text(value) for name, value in values.items() if not _is_default(op, name, value)}
        node = Node(op, names.current_manager().get(None, op.name.lower()), text)
        wanted: Sequence[Any] = inputs
        if not op.variadic:
            entries, needed = dict(zip(op.inputs, inputs, strict=False)), node.input_names()
            wanted = [entries.get(n) for n in needed]
            if any(array is None for array in wanted):  # given in the order of those that are needed
                wanted = [array for array in inputs if array is not None][: len(needed)]
        node.inputs.extend(self.entry(array) for array in wanted)
        if isinstance(results, NDArray):
            return self.stand_in(results, Entry(node))
        return [self.stand_in(array, Entry(node, i)) for i, array in enumerate(results)]


def _is_default(op: Operator, name: str, value: Any) -> bool:
    attribute = op.attributes.get(name)
    if op.variadic and name == op.count:
        return False  # MXNet wants to be told
    return name.startswith("_") or (attribute is not None and value is attribute.default)
