"""The operator registry: one function, one definition; every face of an operator is derived from it.

::

    @operator("FullyConnected", needs={"bias": lambda no_bias, **_: not no_bias})
    def fully_connected(data, weight, bias=None, *, num_hidden: int, no_bias: bool = False, flatten: bool = True):
        '''Affine map ``data @ weight.T + bias``. ...'''

The signature is MXNet's: tensor inputs are positional (``=None`` when optional, ``*data`` when their number varies),
attributes are keyword-only, annotated, in MXNet's order with MXNet's defaults. Keyword-only names that begin with an
underscore are not attributes: the caller supplies them (see ``SURROUNDINGS``); ``_held`` is what a node of a graph
holds for its operator: the bodies of a loop, an object of the user's.

The function is pure: torch tensors in, torch tensors out, and it must run on torch's ``meta`` device, which is how
shapes and dtypes are inferred.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import torch

from .. import dtypes
from .._state import changes
from ..base import MXNetError, _Null
from . import absent, signatures
from . import attributes as attribute_types
from .attributes import Attribute

__all__ = [
    "SURROUNDINGS",
    "Operator",
    "OperatorError",
    "OperatorIndexError",
    "OperatorTypeError",
    "get",
    "operator",
    "operators",
    "register",
    "unwatch",
    "watch",
    "watchers",
]

# What an operator may ask of its surroundings: training mode, whether gradients are recorded, the random generator of
# the context, the device for new tensors, the context itself.
SURROUNDINGS = ("_train", "_recording", "_rng", "_device", "_ctx")

_REGISTRY: dict[str, Operator] = {}
_watchers: list[Watcher] = []


class OperatorError(MXNetError):
    """A call of an operator that failed: which operator, in which block, why, and what it received."""

    def __init__(self, operator: str, reason: str, received: str = "") -> None:
        super().__init__(operator, reason, received)
        self.operator, self.reason, self.received = operator, reason, received
        self.block: str | None = None  # the innermost block that was running; set while the error passes through it

    def __str__(self) -> str:
        where = f" in block '{self.block}'" if self.block else ""
        received = f"\nReceived: {self.received}." if self.received else ""
        return f"{self.operator}{where}: {self.reason}{received}"


class OperatorIndexError(OperatorError, IndexError):
    """An OperatorError about an index that is out of range: MXNet raises some of these as IndexError."""


class OperatorTypeError(OperatorError, TypeError):
    """An OperatorError about a dtype that does not exist: MXNet asks NumPy, which raises TypeError."""


class Operator:
    """An operator: its function and what the faces, the graph and the tests need to know about it.

    Parameters
    ----------
    name : str
        MXNet's name; ``aliases`` are its other names.
    fn : callable
        The pure function on torch tensors.
    outputs : int or callable
        Number of outputs; a callable gets the attributes as keywords.
    visible : int or callable, optional
        Number of outputs that users see, where it is smaller.
    output_names : tuple of str
        Suffixes of the outputs' names in a graph.
    aux : tuple of str or callable
        Inputs that are auxiliary states. The function returns their new values, or None where unchanged, after its
        outputs. Of a variadic operator: from the number of its inputs to the places of the states among them.
    needs : dict
        For optional inputs: whether a graph needs them, from the attributes. Of a variadic operator: inputs that a
        graph makes after the first one, where only that is given.
    mixed : bool
        Inputs may have different dtypes.
    types : str or callable, optional
        The dtypes of inputs and outputs, a signature (``signatures.py``). A callable gets the attributes as keywords,
        and as ``_inputs`` the dtypes of the inputs that are known. None: all are equal, but for the outputs of an
        operator with a ``dtype``.
    returns_view, may_return_input : bool
        The result may share memory with the first input, always or at times: eager calls copy it, graphs need not.
    differentiable : bool
        Whether gradients flow (false for comparisons, indices, shapes ...).
    loss : bool
        The gradient of the output does not count: it is a loss, or the end of the way back.
    dynamic : bool
        Shapes of the results depend on values, not only on shapes.
    count : str
        The attribute that holds the number of variadic inputs ("num_args").
    bodies : tuple of str
        Names of the graphs that the operator runs (see ``ops/control.py``).
    wiring : callable, optional
        From the attributes to what feeds each body, a ``control.Wiring``.
    accumulate : callable, optional
        From what stands in ``out``, the result and the attributes to what is written there; None: the result.
    storage : str, optional
        The result may be sparse: always (""), or where the attribute of that name is not None.
    precision : str or dict, optional
        What mixed precision (``precision.py``) does with its floating-point inputs: "low", they become bfloat16 or
        float16; "float32"; "widest", one dtype, where they differ. A dict, attribute to values: float32 where the
        attribute has one of them. None: they stay as they are.
    signature, doc : callable, str
        Where the function itself cannot say them: builtins, and functions made from a table.
    """

    by_name = False  # inputs are variadic and still have names, which the attributes tell

    def __init__(
        self,
        name: str,
        fn: Callable,
        *,
        aliases: Iterable[str] = (),
        outputs: int | Callable[..., int] = 1,
        visible: int | Callable[..., int] | None = None,
        output_names: tuple[str, ...] = ("output",),
        aux: tuple[str, ...] | Callable[[int], Iterable[int]] = (),
        needs: Mapping[str, Callable[..., bool]] | None = None,
        mixed: bool = False,
        types: str | Callable[..., str] | None = None,
        returns_view: bool = False,
        may_return_input: bool = False,
        differentiable: bool = True,
        loss: bool = False,
        dynamic: bool = False,
        count: str = "num_args",
        bodies: tuple[str, ...] = (),
        wiring: Callable[..., Any] | None = None,
        accumulate: Callable[..., torch.Tensor] | None = None,
        storage: str | None = None,
        precision: str | Mapping[str, tuple[str, ...]] | None = None,
        signature: Callable | None = None,
        doc: str | None = None,
    ) -> None:
        self.name, self.fn, self.aliases = name, fn, tuple(aliases)
        self.outputs, self.visible, self.output_names = outputs, visible, output_names
        self.aux, self.needs, self.mixed = aux, dict(needs or {}), mixed
        self.dtypes = types
        self.returns_view, self.may_return_input = returns_view, may_return_input
        self.differentiable, self.count, self.accumulate = differentiable, count, accumulate
        self.loss, self.dynamic = loss, dynamic
        self.storage, self.precision = storage, precision
        self.bodies, self.wiring = bodies, wiring
        self.infer: Callable[..., dict[str, tuple]] | None = None
        # On tensors some of which are sparse: a result, or NotImplemented for "make them dense".
        self.sparse: Callable[..., Any] | None = None
        self._declaration, self._doc = signature or fn, doc
        self._parameters = inspect.signature(self._declaration).parameters
        self.inputs = tuple(n for n, p in self._parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD)
        self.optional = {n for n in self.inputs if self._parameters[n].default is None}
        self.variadic = next((n for n, p in self._parameters.items() if p.kind is p.VAR_POSITIONAL), None)
        keywords = [n for n, p in self._parameters.items() if p.kind is p.KEYWORD_ONLY]
        self.function = fn  # what calls run: ``fn``, or what watchers made of it
        self._bound: list[tuple[Callable[[Callable], Any], Callable]] = []
        self.implicit = tuple(n for n in keywords if n.startswith("_") and n != "_held")
        self.attribute_names = tuple(n for n in keywords if not n.startswith("_"))

    @property
    def family(self) -> str:
        """The module below ``mxnet.ops`` that defines it: ``nn.convolution``."""
        return self._declaration.__module__.removeprefix("mxnet.ops.")

    @property
    def random(self) -> bool:
        return "_rng" in self.implicit

    @cached_property
    def attributes(self) -> dict[str, Attribute]:
        """Attributes by name, in MXNet's order."""
        hints = typing.get_type_hints(self._declaration)
        table = {}
        for name in self.attribute_names:
            default = self._parameters[name].default
            default = _Null if default is inspect.Parameter.empty else default
            table[name] = Attribute(name, hints[name], default, attribute_types.parser(hints[name]))
        return table

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        return {name: attribute.default for name, attribute in self.attributes.items()}

    @property
    def doc(self) -> str:
        return self._doc or inspect.getdoc(self._declaration) or ""

    def watched(self, function: Callable) -> Callable:
        """What watchers make of a function that does this operator's work: itself, where there are none."""
        for wrap in _watchers:
            function = wrap(self, function)
        return function

    def bind(self, take: Callable[[Callable], Any], function: Callable | None = None) -> None:
        """Give ``take`` the function that calls are to run, now and whenever that becomes another one.

        Whoever keeps the function for short calls binds it, and need not look whether somebody watches. function: one
        that does the same in the ordinary case; ``fn`` by default.
        """
        function = self.fn if function is None else function
        self._bound.append((take, function))
        take(self.watched(function))

    def _renew(self) -> None:
        self.function = self.watched(self.fn)
        for take, function in self._bound:
            take(self.watched(function))

    def infers(self, fn: Callable[..., dict[str, tuple]]) -> Callable:
        """Decorator: a function from the first input's shape and the attributes to the other inputs' shapes."""
        self.infer = fn
        return fn

    def parse(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values of the given attributes. Raises OperatorError for unknown names, illegal values and missing ones."""
        table, values = self.attributes, {}
        for name, value in given.items():
            attribute = table.get(name)
            if attribute is None:
                if name.startswith("__") and name.endswith("__"):
                    continue  # a remark, such as __layout__, which graphs keep
                known = ", ".join(table) or "none"
                raise OperatorError(
                    self.name, f"unknown argument {name!r} (got {value!r}). Its arguments are: {known}."
                )
            if value is _Null:
                continue
            if value is attribute.default:
                values[name] = value
                continue
            try:
                values[name] = attribute.parse(value)
            except ValueError as error:
                kind = OperatorTypeError if name.endswith("dtype") else OperatorError
                raise kind(self.name, f"argument {name!r} must be {error}, but got {value!r}.") from None
        for name, attribute in table.items() if len(values) < len(table) else ():
            if name not in values and attribute.required:
                what = attribute_types.describe(attribute.annotation)
                raise OperatorError(self.name, f"required argument {name!r} ({what}) is missing.")
        return values

    def complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All attributes: the parsed ``values`` and the defaults of the others."""
        return {**self._defaults, **values}

    def num_outputs(self, values: Mapping[str, Any]) -> int:
        return self.outputs(**self.complete(values)) if callable(self.outputs) else self.outputs

    def num_visible(self, values: Mapping[str, Any]) -> int:
        visible = self.outputs if self.visible is None else self.visible
        return visible(**self.complete(values)) if callable(visible) else visible

    def input_names(self, values: Mapping[str, Any], given: int = 0) -> tuple[str, ...]:
        """Names of the inputs that these attributes need; ``given`` counts those of a variadic operator."""
        if self.variadic:
            return tuple(f"arg{i}" for i in range(given))
        if not self.optional:
            return self.inputs
        full = self.complete(values)
        return tuple(n for n in self.inputs if n not in self.optional or (n in self.needs and self.needs[n](**full)))

    def aux_names(self, given: int = 0) -> tuple[str, ...]:
        """Names of the auxiliary states; ``given`` counts the inputs of a variadic operator."""
        return tuple(f"arg{i}" for i in self.aux(given)) if callable(self.aux) else self.aux

    def accepts(self, name: str) -> bool:
        """Whether it has an attribute of that name."""
        return name in self.attributes

    def text(self, value: Any) -> str:
        """An attribute's value as files hold it."""
        return attribute_types.format_value(value)

    def state_names(self, values: Mapping[str, Any], given: int = 0) -> tuple[str, ...]:
        """Names of the inputs that are auxiliary states in a graph with these attributes."""
        return self.aux_names(given)

    def suffixes(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Suffixes of the outputs' names with these attributes."""
        return self.output_names

    @property
    def deduces(self) -> bool:
        """Whether shapes of inputs may follow from those of others."""
        return self.infer is not None

    def deduce(self, shapes: Sequence[tuple | None], values: Mapping[str, Any]) -> dict[str, tuple]:
        """Shapes of inputs that follow from those that are known (None: unknown), by name."""
        if self.infer is None or not shapes or shapes[0] is None:
            return {}
        return self.infer(shapes[0], **self.complete(values))

    def types(
        self,
        inputs: Sequence[dtypes.DType | None],
        outputs: Sequence[dtypes.DType | None],
        values: Mapping[str, Any],
        final: bool = False,
    ) -> tuple[list[dtypes.DType | None], list[dtypes.DType | None]]:
        """Dtypes of inputs and outputs, from those that are known (see ``signatures.solve``)."""
        signature = self.dtypes
        if callable(signature):
            signature = signature(**self.complete(values), _inputs=inputs)
        elif signature is None:
            shared = "T" if self.inputs or self.variadic else "T=float32"
            signature = f"{shared}* -> {self.complete(values).get('dtype') or shared}*"
        if self.variadic or not self.optional:
            return signatures.solve(signature, inputs, outputs, final)
        names = self.input_names(values)
        every = [None if n not in names else inputs[names.index(n)] for n in self.inputs]
        found, outputs = signatures.solve(signature, every, outputs, final)
        return [found[self.inputs.index(n)] for n in names], outputs

    def check_dtypes(self, tensors: Sequence[torch.Tensor | None]) -> None:
        """Raise OperatorError where inputs of an operator that does not mix dtypes have several."""
        first = None
        for i, tensor in enumerate(tensors):
            if tensor is None:
                continue
            first = tensor if first is None else first
            if tensor.dtype is not first.dtype:
                name = self.inputs[i] if self.inputs else f"{self.variadic}[{i}]"
                raise OperatorError(
                    self.name,
                    f"inputs of different dtypes: expected {dtypes.by_torch[first.dtype].name}, like the first input, "
                    f"but {name!r} is {dtypes.by_torch[tensor.dtype].name}. Convert one with .astype(...)",
                )

    def failure(self, error: BaseException, tensors: Iterable[Any], values: Mapping[str, Any]) -> MXNetError:
        """The error that a user sees when the function raised ``error``."""
        if isinstance(error, MXNetError):
            return error
        names = self.inputs or [f"{self.variadic}[{i}]" for i in range(len(list(tensors)))]
        parts = [f"{n} {describe_tensor(t)}" for n, t in zip(names, tensors, strict=False) if t is not None]
        parts += [f"{n}={v!r}" for n, v in values.items() if not n.startswith("_")]
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        kind = OperatorIndexError if isinstance(error, IndexError) else OperatorError
        return kind(self.name, reason, ", ".join(parts))

    def __repr__(self) -> str:
        return f"<operator {self.name}>"


def describe_tensor(tensor: torch.Tensor) -> str:
    row = dtypes.by_torch.get(tensor.dtype)
    return f"{tuple(tensor.shape)} {row.name if row else tensor.dtype}"


def operator(name: str, **properties: Any) -> Callable[[Callable], Operator]:
    """Decorator: define an operator. ``properties`` are those of Operator."""

    def define(fn: Callable) -> Operator:
        return register(Operator(name, fn, **properties))

    return define


def register(op: Operator) -> Operator:
    """Make an operator known under its names. Raises ValueError when one is taken."""
    for key in (op.name, *op.aliases):
        if key in _REGISTRY:
            raise ValueError(f"operator name {key!r} is taken by {_REGISTRY[key]!r}")
        _REGISTRY[key] = op
    return op


def get(name: str) -> Operator:
    """The operator of that name or alias. Raises MXNetError when there is none, and says why one was left out."""
    try:
        return _REGISTRY[name]
    except KeyError:
        raise MXNetError(absent.reason(name) or f"there is no operator {name!r}.") from None


def operators() -> Iterator[Operator]:
    """Every operator once."""
    return iter(dict.fromkeys(_REGISTRY.values()))


Watcher = Callable[[Operator, Callable], Callable]


def watch(wrap: Watcher) -> None:
    """From now on, all calls of operators, in graphs too, run ``wrap(operator, function)`` instead of the function.

    A profiler can so look at every call, and costs nothing while it is off. Graphs run operator by operator then.
    """
    _watchers.append(wrap)
    _renew()


def unwatch(wrap: Watcher) -> None:
    """End what ``watch`` began."""
    _watchers.remove(wrap)
    _renew()


def watchers() -> tuple[Watcher, ...]:
    """Those that watch now."""
    return tuple(_watchers)


def _renew() -> None:
    for op in operators():
        op._renew()
    changes.count += 1


def names() -> Iterator[str]:
    """Every name, aliases included."""
    return iter(_REGISTRY)
