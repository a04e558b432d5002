"""Symbol: outputs of a graph that has not been computed yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from .. import attribute, dtypes
from ..base import MXNetError, NotImplementedForSymbol
from ..graph import json
from ..graph.lower import Lowered
from ..graph.node import _HIDDEN, Entry, Node, hidden, inputs_of, shown, topological
from ..graph.precision import without_casts
from ..ops.methods import OperatorMethods
from . import text
from .running import Running

__all__ = ["Group", "Symbol", "Variable", "check_attributes", "load", "load_json", "var"]


def _values_only(name: str) -> Callable:
    """A method that arrays have and symbols, which hold no values, refuse."""

    def method(self: Symbol, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedForSymbol(name)

    return method


class Symbol(Running, OperatorMethods):
    """One or several outputs of a graph; operators applied to symbols make larger graphs.

    Created by ``mx.sym.var`` and by the operators of ``mx.sym``.
    """

    __slots__ = ("__weakref__", "_heads", "_lowered")
    __array_ufunc__ = None  # numpy_scalar + symbol asks us, not NumPy

    def __init__(self, heads: Sequence[Entry]) -> None:
        self._heads = list(heads)
        self._lowered: dict[tuple, Lowered] = {}  # by whether some arrays are sparse, and by who watches

    # What it is

    @property
    def name(self) -> str | None:
        """The name of the node behind the output; None for a group of several nodes."""
        names = {id(e.node): e.node.name for e in self._heads}
        return next(iter(names.values())) if len(names) == 1 else None

    def __repr__(self) -> str:
        if self.name is None:
            return f"<{type(self).__name__} group [{', '.join(e.node.name for e in self._heads)}]>"
        return f"<{type(self).__name__} {self.name}>"

    def __iter__(self) -> Iterator[Symbol]:
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return len(self._heads)

    def __getitem__(self, index: int | str | slice) -> Symbol:
        """One output, by number or by name, or a group of several. Raises IndexError or ValueError when there is none,
        MXNetError for negative numbers.
        """
        if isinstance(index, slice):
            heads = self._heads[index]
            if not heads:
                raise TypeError(f"{index} selects none of {len(self)} outputs")
            return Symbol(heads)
        if isinstance(index, str):
            matches = [i for i, name in enumerate(self.list_outputs()) if name == index]
            if len(matches) != 1:
                problem = "is no output" if not matches else f"are {len(matches)} outputs"
                raise ValueError(f"There {problem} named {index!r}; the outputs are {self.list_outputs()}.")
            index = matches[0]
        if not isinstance(index, int):
            raise TypeError(f"Symbol only supports integer or string index to fetch i-th output, but got {index!r}.")
        if index < 0:
            raise MXNetError(f"Symbol only accepts nonnegative indices, but got {index}.")
        if index >= len(self):
            raise IndexError(f"Index: {index} is out of range for {len(self)} outputs.")
        return Symbol([self._heads[index]])

    def __bool__(self) -> bool:
        raise NotImplementedForSymbol(self.__bool__, "bool")

    __nonzero__ = __bool__

    def __copy__(self) -> Symbol:
        return Symbol(self._heads)

    def __deepcopy__(self, memo: Any = None) -> Symbol:
        return Symbol(self._copied()[1])

    def __reduce__(self) -> tuple[Callable, tuple]:
        return load_json, (self.tojson(remove_amp_cast=False),)

    def __hash__(self) -> int:
        return id(self) // 16

    def _copied(self) -> tuple[dict[Node, Node], list[Entry]]:
        """A copy of the whole graph: old node -> new node, and the heads among the new ones."""
        copies: dict[Node, Node] = {}
        for node in topological(self._heads):
            inputs = [Entry(copies[e.node], e.index) for e in node.inputs]
            copies[node] = node.copy(inputs)
        return copies, [Entry(copies[e.node], e.index) for e in self._heads]

    # Names

    def _nodes(self) -> list[Node]:
        return topological(self._heads)

    def list_arguments(self) -> list[str]:
        """Names of the variables, without the auxiliary states, in the order of computation."""
        return [n.name for n in inputs_of(self._nodes())[0]]

    def list_auxiliary_states(self) -> list[str]:
        """Names of the variables that operators update, such as BatchNorm's running statistics."""
        return [n.name for n in inputs_of(self._nodes())[1]]

    def list_inputs(self) -> list[str]:
        """Names of all variables."""
        return [n.name for n in self._nodes() if n.op is None]

    def list_outputs(self) -> list[str]:
        return [e.node.output_names()[e.index] for e in self._heads]

    def get_internals(self) -> Symbol:
        """A group of every output inside the graph."""
        return Symbol([Entry(n, i) for n in self._nodes() for i in range(n.num_outputs)])

    def get_children(self) -> Symbol | None:
        """A group of the inputs of the nodes behind this symbol; None for a variable."""
        nodes = dict.fromkeys(head.node for head in self._heads)
        entries = [e for node in nodes for e in node.inputs]
        return Symbol(entries) if entries else None

    # Attributes

    def attr(self, key: str) -> str | None:
        """One attribute of the first node, as text; its name for ``"name"``."""
        return self._heads[0].node.name if key == "name" else self.list_attr().get(key)

    def list_attr(self, recursive: bool = False) -> dict[str, str]:
        """All attributes of the first node, as text."""
        if recursive:
            raise DeprecationWarning(
                "Symbol.list_attr with recursive=True has been deprecated. Please use attr_dict instead."
            )
        return _attributes(self._heads[0].node)

    def attr_dict(self) -> dict[str, dict[str, str]]:
        """Attributes by name of node, for the nodes that have any."""
        return {n.name: _attributes(n) for n in self._nodes() if n.attrs or n.extra}

    def _set_attr(self, **attributes: str) -> None:
        for key, value in attributes.items():
            if not isinstance(value, str):
                raise ValueError(f"Set Attr only accepts string values, but {key} is {value!r}")
            self._heads[0].node.extra[hidden(key)] = value

    # Composition

    def __call__(self, *args: Symbol, name: str | None = None, **kwargs: Symbol) -> Symbol:
        """This graph with variables replaced by other symbols: by position in ``list_arguments()``, or by name.

        name: that of the first output's node in the new graph.
        """
        names = self.list_arguments()
        if args and kwargs:
            raise TypeError("compose only accept input Symbols either as positional or keyword arguments, not both")
        if len(args) > len(names):
            raise MXNetError(f"Compose: {len(args)} symbols were given for the {len(names)} arguments {names}.")
        given = dict(zip(names, args, strict=False)) if args else kwargs
        for key, symbol in given.items():
            if not isinstance(symbol, Symbol):
                raise TypeError(f"Compose expect `Symbol` as arguments, but {key} is {type(symbol).__name__}")
            if len(symbol) != 1:
                raise MXNetError(f"Compose: {key} must have one output, but {symbol!r} has {len(symbol)}.")
            if key not in self.list_inputs():
                raise MXNetError(f"Symbol {self!r} has no variable {key!r}; its variables are {self.list_inputs()}.")
        replaced = {n: given[n.name]._heads[0] for n in self._nodes() if n.op is None and n.name in given}
        copies: dict[Node, Node] = {}

        def moved(entry: Entry) -> Entry:
            return replaced.get(entry.node) or Entry(copies[entry.node], entry.index)

        for node in self._nodes():
            if node not in replaced:
                copies[node] = node.copy(moved(e) for e in node.inputs)
        first = copies.get(self._heads[0].node)
        if name and first is not None:
            first.name = name
        return Symbol([moved(e) for e in self._heads])

    # Methods that are not just an operator's face

    def reshape(self, *shape: Any, **kwargs: Any) -> Symbol:
        """The same elements under another shape; MXNet's codes 0, -1, -2, -3, -4 are allowed."""
        if shape:
            kwargs["shape"] = shape[0] if len(shape) == 1 else shape
        return self._face("reshape")(self, **kwargs)

    def expand_dims(self, axis: int, inplace: bool = False, **kwargs: Any) -> Symbol:
        """A new axis of size 1. ``inplace`` shares memory for arrays; a graph decides that itself."""
        return self._face("expand_dims")(self, axis=axis, **kwargs)

    def flatten(self, inplace: bool = False, **kwargs: Any) -> Symbol:
        """All axes but the first as one; ``inplace`` as for ``expand_dims``."""
        return self._face("flatten")(self, **kwargs)

    def squeeze(self, axis: int | Sequence[int] | None = None, inplace: bool = False, **kwargs: Any) -> Symbol:
        """Without axes of size 1: all, or the given ones; ``inplace`` as for ``expand_dims``."""
        return self._face("squeeze")(self, axis=axis, **kwargs)

    def astype(self, dtype: Any) -> Symbol:
        return self._face("cast")(self, dtype=dtypes.resolve(dtype).name)

    def as_nd_ndarray(self) -> Symbol:
        return self

    asnumpy, asscalar, wait_to_read, backward, detach, copy, as_in_context = map(
        _values_only, ("asnumpy", "asscalar", "wait_to_read", "backward", "detach", "copy", "as_in_context")
    )

    # Files

    def tojson(self, remove_amp_cast: bool = True) -> str:
        """The graph as MXNet's JSON; ``remove_amp_cast``: without the casts of mixed precision."""
        return json.dumps(without_casts(self._heads) if remove_amp_cast else self._heads)

    def debug_str(self) -> str:
        """The nodes one after the other, with their inputs and attributes."""
        return text.describe(self._heads)

    def save(self, fname: str, remove_amp_cast: bool = True) -> None:
        """Write the graph's JSON to a file, whole or not at all."""
        from .._files import atomic_write

        with atomic_write(fname) as file:
            file.write(self.tojson(remove_amp_cast).encode())


def _attributes(node: Node) -> dict[str, str]:
    return {**node.attrs, **shown(node.extra)}


def check_attributes(attributes: Iterable[str]) -> None:
    """Raise MXNetError for attributes of an operator that are meant for one of its inputs: ``weight_lr_mult``."""
    for key in attributes:
        if not key.startswith("__") and any(key.endswith(f"_{name}") for name in _HIDDEN):
            raise MXNetError(
                f"setting variable attributes with {key} is deprecated: give the operator a variable that has them, as "
                "in weight=mx.sym.var(name, lr_mult=2)"
            )


def var(
    name: str,
    attr: dict[str, str] | None = None,
    shape: Sequence[int] | None = None,
    lr_mult: float | None = None,
    wd_mult: float | None = None,
    dtype: Any = None,
    init: Any = None,
    stype: str | None = None,
    **kwargs: Any,
) -> Symbol:
    """A variable: an input or parameter of a graph, to be given a value later.

    shape, dtype, lr_mult, wd_mult, init are kept as its attributes. Further keywords must be attributes
    ``__like_this__``. Raises TypeError for a name that is no string, ValueError for other keywords.
    """
    if not isinstance(name, str):
        raise TypeError(f"Expect a string for variable `name`, but got {name!r}")
    extra = attribute.current_scope().get(attr)
    for key, value in extra.items():
        if not isinstance(value, str):
            raise ValueError(f"Set Attr only accepts string values, but {key} is {value!r}")
    check_attributes(extra)
    if shape is not None:
        extra["__shape__"] = str(tuple(shape))
    for key, value in (("lr_mult", lr_mult), ("wd_mult", wd_mult)):
        if value is not None:
            extra[key] = str(value)
    if dtype is not None:
        extra["__dtype__"] = str(dtypes.resolve(dtype).code)
    if init is not None:
        extra["__init__"] = init if isinstance(init, str) else init.dumps()
    if stype is not None:
        extra["__storage_type__"] = str({"default": 0, "row_sparse": 1, "csr": 2}[stype])
    for key, value in kwargs.items():
        if not (key.startswith("__") and key.endswith("__")):
            raise ValueError(
                f"Attribute name={key} is not supported. Additional attributes must start and end with double "
                "underscores, "
                "e.g, __yourattr__"
            )
        extra[key] = str(value)
    return Symbol([Entry(Node(None, name, extra=extra))])


Variable = var


def Group(symbols: Sequence[Symbol], create_fn: Callable[[list[Entry]], Symbol] = Symbol) -> Symbol:
    """A symbol with the outputs of several symbols."""
    heads = list(symbols) if symbols else []
    if not heads or any(not isinstance(s, Symbol) for s in heads):
        raise TypeError("Expected a list of symbols as input")
    return create_fn([e for s in heads for e in s._heads])


def load_json(json_str: str) -> Symbol:
    """The graph in a text. Raises TypeError for what is no text, MXNetError for what is no legal graph."""
    if not isinstance(json_str, str):
        raise TypeError("json_str required to be string")
    return Symbol(json.loads(json_str))


def load(fname: str) -> Symbol:
    """The graph in a ``-symbol.json`` file."""
    if not isinstance(fname, str):
        raise TypeError("fname need to be string")
    try:
        with open(fname, encoding="utf-8") as file:
            return Symbol(json.loads(file.read(), fname))
    except (OSError, UnicodeDecodeError) as error:
        raise MXNetError(f"cannot read symbol file {fname!r}: {error}") from None
