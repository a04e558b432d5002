"""Reads the optimizer states that Apache MXNet pickled, without unpickling: nothing that a file names is imported or
called.

A pickle is a program for a machine with a stack. This machine builds numbers, text, tuples, lists and dicts; whatever
else a pickle asks for is only written down as an ``Object``, if its name is in ``ALLOWED``, and turned into an array, a
number or a ``Description`` afterwards. Everything else is an MXNetError with the name, or the opcode, and its offset.
"""

from __future__ import annotations

import io
import math
import pickletools
import re
from collections.abc import Callable, Collection
from typing import Any, NamedTuple, NoReturn

import numpy as np

from .. import dtypes
from ..base import MXNetError
from ..ndarray import array, binary
from ..ndarray.sparse.arrays import from_record

__all__ = ["Description", "read"]

ARRAYS = {
    "mxnet.ndarray.ndarray.NDArray",
    "mxnet.ndarray.sparse.CSRNDArray",
    "mxnet.ndarray.sparse.RowSparseNDArray",
    "mxnet.numpy.multiarray.ndarray",
}
DTYPE, NUMPY_ARRAY = "numpy.dtype", "numpy.ndarray"
SCALARS = {"numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"}
EMPTY_ARRAYS = {"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"}
BYTES = "builtins.bytearray"
ALLOWED = {BYTES, DTYPE, NUMPY_ARRAY, *ARRAYS, *SCALARS, *EMPTY_ARRAYS}
DESCRIBED = ("mxnet.optimizer.", "mxnet.lr_scheduler.")  # objects that become a Description, whatever their class
MAX_LEVELS = 40


class Description(NamedTuple):
    """An optimizer or a scheduler of learning rates: the name of its class and its attributes."""

    name: str
    attributes: dict[str, Any]


class Global:
    """The name of a class or function."""

    def __init__(self, name: str) -> None:
        self.name = name


class Object:
    """What a pickle says of an object: who makes it from which arguments, and the state that it gets then."""

    def __init__(self, maker: str, arguments: tuple) -> None:
        self.maker, self.arguments = maker, arguments
        self.state: Any = None


def read(raw: bytes, where: str, classes: Collection[str] = ()) -> Any:
    """The value that MXNet pickled: of numbers, text, None, tuples, lists, dicts, NDArrays and Descriptions.

    ``where`` names the source in errors. ``classes``: optimizers and schedulers beside MXNet's own, with their modules.
    Raises MXNetError for whatever else a pickle can hold.
    """
    return _Values(where, len(raw)).of(_Machine(raw, where, classes).run())


class _Machine:
    """Runs the opcodes with which Python 3 pickles plain objects."""

    def __init__(self, raw: bytes, where: str, classes: Collection[str]) -> None:
        self.stream, self.where, self.classes = io.BytesIO(raw), where, classes
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.at, self.name = 0, "start"

    def fail(self, reason: str) -> NoReturn:
        raise MXNetError(f"Cannot read the pickle {self.where}: {self.name} at byte {self.at}: {reason}.")

    def run(self) -> Any:
        try:
            for code, argument, at in pickletools.genops(self.stream):
                self.name, self.at = code.name, at or 0
                if code.name == "STOP":
                    break
                step = STEPS.get(code.name)
                if step is None:
                    self.fail("the states of an optimizer need no such opcode")
                step(self, argument)
        except (ValueError, UnicodeDecodeError) as error:  # what genops says of truncated and unknown opcodes
            self.at = self.stream.tell()
            self.name = f"opcode after {self.name}"
            self.fail(str(error))
        if len(self.stack) != 1 or self.marks:
            self.fail(f"expected one value on the stack, found {len(self.stack)}")
        if self.stream.read(1):
            self.fail("expected no more bytes")
        return self.stack[0]

    # The stack

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self, count: int = 1) -> list:
        if len(self.stack) - (self.marks[-1] if self.marks else 0) < count:
            self.fail("the stack is empty")
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def pop_mark(self) -> list:
        if not self.marks:
            self.fail("there is no mark")
        mark = self.marks.pop()
        taken = self.stack[mark:]
        del self.stack[mark:]
        return taken

    def top(self, kind: type) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0) or not isinstance(self.stack[-1], kind):
            self.fail(f"expected a {kind.__name__} on the stack")
        return self.stack[-1]

    # Opcodes

    def mark(self, _: None) -> None:
        self.marks.append(len(self.stack))

    def put(self, number: int | None) -> None:
        self.memo[len(self.memo) if number is None else number] = self.top(object)

    def get(self, number: int) -> None:
        if number not in self.memo:
            self.fail(f"nothing was remembered under {number}")
        self.push(self.memo[number])

    def tuple(self, count: int | None) -> None:
        self.push(tuple(self.pop_mark() if count is None else self.pop(count) if count else []))

    def append(self, values: list) -> None:
        self.top(list).extend(values)

    def set_items(self, pairs: list) -> None:
        target = self.top(dict)
        if len(pairs) % 2:
            self.fail("a key without a value")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, (str, int)):
                self.fail(f"a key must be text or an integer, not {type(key).__name__}")
            target[key] = value

    def find(self, name: str) -> None:
        if name not in ALLOWED and name not in self.classes and not name.startswith(DESCRIBED):
            self.fail(f"it names {name!r}, which the states of an optimizer do not need. Nothing was run")
        self.push(Global(name))

    def find_on_stack(self, _: None) -> None:
        module, name = self.pop(2)
        if not isinstance(module, str) or not isinstance(name, str):
            self.fail("the names of a module and of a class must be text")
        self.find(f"{module}.{name}")

    def make(self, _: None) -> None:
        maker, arguments = self.pop(2)
        if not isinstance(maker, Global) or not isinstance(arguments, tuple):
            self.fail("only a class or function that was named can be called, with a tuple")
        self.push(Object(maker.name, arguments))

    def build(self, _: None) -> None:
        (state,) = self.pop()
        self.top(Object).state = state


Step = Callable[[_Machine, Any], None]
STEPS: dict[str, Step] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda m, _: None),
    **dict.fromkeys(
        (
            *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
            *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
            *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"),
        ),
        _Machine.push,
    ),
    "NONE": lambda m, _: m.push(None),
    "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False),
    "EMPTY_LIST": lambda m, _: m.push([]),
    "EMPTY_DICT": lambda m, _: m.push({}),
    "EMPTY_TUPLE": lambda m, _: m.tuple(0),
    "TUPLE1": lambda m, _: m.tuple(1),
    "TUPLE2": lambda m, _: m.tuple(2),
    "TUPLE3": lambda m, _: m.tuple(3),
    "TUPLE": _Machine.tuple,
    "MARK": _Machine.mark,
    **dict.fromkeys(("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "APPEND": lambda m, _: m.append(m.pop()),
    "APPENDS": lambda m, _: m.append(m.pop_mark()),
    "SETITEM": lambda m, _: m.set_items(m.pop(2)),
    "SETITEMS": lambda m, _: m.set_items(m.pop_mark()),
    "GLOBAL": lambda m, name: m.find(name.replace(" ", ".", 1)),
    "STACK_GLOBAL": _Machine.find_on_stack,
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _Machine.make),
    "BUILD": _Machine.build,
}


class _Values:
    """Turns what the machine built into values. A pickle may hold one thing in many places, even itself: levels and
    number of things are limited.
    """

    def __init__(self, where: str, most: int) -> None:
        self.where, self.left, self.level = where, most, 0
        self.made: dict[int, Any] = {}

    def fail(self, reason: str) -> NoReturn:
        raise MXNetError(f"Cannot read the pickle {self.where}: {reason}.")

    def of(self, value: Any) -> Any:
        self.left -= 1
        self.level += 1
        if self.left < 0 or self.level > MAX_LEVELS:
            self.fail("it is nested too deeply, or holds one thing too many times, for the states of an optimizer")
        if isinstance(value, (tuple, list)):
            value = type(value)(self.of(part) for part in value)
        elif isinstance(value, dict):
            value = {key: self.of(part) for key, part in value.items()}
        elif isinstance(value, Object):
            if id(value) not in self.made:
                self.made[id(value)] = self.object(value)
            value = self.made[id(value)]
        elif isinstance(value, Global):
            self.fail(f"{value.name!r} stands where a value is expected")
        self.level -= 1
        return value

    def object(self, value: Object) -> Any:
        """The array, number or Description that an Object says."""
        state = self.of(value.state)
        if value.maker not in ALLOWED:
            if value.arguments or not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
                self.fail(f"a {value.maker} must come with its attributes by name")
            return Description(value.maker.rpartition(".")[2], state)
        arguments = value.arguments
        if value.maker in EMPTY_ARRAYS:  # the class, and an empty array's shape and type: the state says all
            arguments = arguments[1:]
        arguments = self.of(arguments)
        try:
            return self.known(value.maker, arguments, state)
        except MXNetError:
            raise
        except Exception as error:
            self.fail(f"what it says of a {value.maker} is no such thing ({type(error).__name__}: {error})")

    def known(self, maker: str, arguments: tuple, state: Any) -> Any:
        if maker == BYTES:
            (raw,) = arguments
            return bytes(memoryview(raw))
        if maker in ARRAYS:
            place = f"an array in {self.where}"
            return from_record(binary.unpack(state["handle"], place), place)
        if maker == DTYPE:
            if not re.fullmatch("[biuf][1248]", arguments[0]) or (state is not None and state[1] not in ("<", "|")):
                raise ValueError("no type of numbers on this machine")
            return np.dtype(arguments[0])
        if maker in SCALARS:
            (number,) = _numbers(*arguments)
            return number.item()
        if maker in EMPTY_ARRAYS:
            _, shape, dtype, by_column, raw = state
            values = _numbers(dtype, raw)
            if not all(type(size) is int and size >= 0 for size in shape) or math.prod(shape) != values.size:
                raise ValueError(f"{values.size} values of another shape")
            return array(values.reshape(shape, order="F" if by_column else "C"), dtype=dtypes.resolve(dtype).name)
        self.fail(f"{maker!r} makes no value of an optimizer's states")


def _numbers(dtype: Any, raw: Any) -> np.ndarray:
    if not isinstance(dtype, np.dtype) or not isinstance(raw, bytes):
        raise TypeError("numbers need a dtype and bytes")
    return np.frombuffer(raw, dtype)
