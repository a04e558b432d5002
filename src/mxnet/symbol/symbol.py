"""Symbol: outputs of a graph that has not been computed yet."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .. import attribute, context, dtypes
from ..base import MXNetError, NotImplementedForSymbol
from ..context import Context
from ..graph import infer, json, lower
from ..graph.node import Entry, Node, hidden, inputs_of, shown, topological
from ..ndarray import NDArray
from ..ndarray.face import surroundings
from ..ndarray.ndarray import wrap
from ..ops.custom import is_blamed
from ..ops.methods import OperatorMethods

__all__ = ["Group", "Symbol", "Variable", "load", "load_json", "var"]


def _values_only(name: str) -> Callable:
    """A method that arrays have and symbols, which hold no values, refuse."""

    def method(self: Symbol, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedForSymbol(name)

    return method


class Symbol(OperatorMethods):
    """One or several outputs of a graph; operators applied to symbols make larger graphs.

    Created by ``mx.sym.var`` and by the operators of ``mx.sym``.
    """

    __slots__ = ("__weakref__", "_heads", "_lowered")

    def __init__(self, heads: Sequence[Entry]) -> None:
        self._heads = list(heads)
        self._lowered: dict[bool, lower.Lowered] = {}  # for arrays some of which are sparse, and for dense ones

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

    def __getitem__(self, index: int | str) -> Symbol:
        """One output, by number or by name. Raises IndexError or ValueError when there is none."""
        if isinstance(index, str):
            matches = [i for i, name in enumerate(self.list_outputs()) if name == index]
            if len(matches) != 1:
                problem = "no output" if not matches else f"{len(matches)} outputs"
                raise ValueError(f"There are {problem} named {index!r}; the outputs are {self.list_outputs()}.")
            index = matches[0]
        if not isinstance(index, int):
            raise TypeError(f"Symbol only supports integer or string index to fetch i-th output, but got {index!r}.")
        if not 0 <= index < len(self):
            raise IndexError(f"Index: {index} is out of range for {len(self)} outputs.")
        return Symbol([self._heads[index]])

    def __bool__(self) -> bool:
        raise NotImplementedForSymbol(self.__bool__, "bool")

    def __copy__(self) -> Symbol:
        return Symbol(self._heads)

    def __deepcopy__(self, memo: Any = None) -> Symbol:
        return Symbol(self._copied()[1])

    def __reduce__(self) -> tuple[Callable, tuple]:
        return load_json, (self.tojson(),)

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
        entries = [e for head in self._heads for e in head.node.inputs]
        return Symbol(entries) if entries else None

    # Attributes

    def attr(self, key: str) -> str | None:
        """One attribute of a symbol of one node, as text."""
        return self.list_attr().get(key)

    def list_attr(self, recursive: bool = False) -> dict[str, str]:
        """All attributes of a symbol of one node, as text."""
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

    def __call__(self, *args: Symbol, **kwargs: Any) -> Symbol:
        """This graph with variables replaced by other symbols: by position in ``list_arguments()``, or by name."""
        kwargs.pop("name", None)
        names = self.list_arguments()
        if args and kwargs:
            raise TypeError("compose only accept input Symbols either as positional or keyword arguments, not both")
        given = dict(zip(names, args, strict=False)) if args else kwargs
        for name, symbol in given.items():
            if not isinstance(symbol, Symbol):
                raise TypeError(f"Compose expect `Symbol` as arguments, but {name} is {type(symbol).__name__}")
            if len(symbol) != 1:
                raise MXNetError(f"Compose: {name} must have one output, but {symbol!r} has {len(symbol)}.")
            if name not in self.list_inputs():
                raise MXNetError(f"Symbol {self!r} has no variable {name!r}; its variables are {self.list_inputs()}.")
        replaced = {n: given[n.name]._heads[0] for n in self._nodes() if n.op is None and n.name in given}
        copies: dict[Node, Node] = {}

        def moved(entry: Entry) -> Entry:
            return replaced.get(entry.node) or Entry(copies[entry.node], entry.index)

        for node in self._nodes():
            if node not in replaced:
                copies[node] = node.copy(moved(e) for e in node.inputs)
        return Symbol([moved(e) for e in self._heads])

    # Methods that are not just an operator's face

    def reshape(self, *shape: Any, **kwargs: Any) -> Symbol:
        """The same elements under another shape; MXNet's codes 0, -1, -2, -3, -4 are allowed."""
        if shape:
            kwargs["shape"] = shape[0] if len(shape) == 1 else shape
        return self._face("reshape")(self, **kwargs)

    def astype(self, dtype: Any) -> Symbol:
        return self._face("cast")(self, dtype=dtypes.resolve(dtype).name)

    def as_nd_ndarray(self) -> Symbol:
        return self

    asnumpy, asscalar, wait_to_read, backward, detach, copy, as_in_context = map(
        _values_only, ("asnumpy", "asscalar", "wait_to_read", "backward", "detach", "copy", "as_in_context")
    )

    # Inference

    def infer_shape(self, *args: Any, **kwargs: Any) -> tuple[list | None, list | None, list | None]:
        """Shapes of arguments, outputs and auxiliary states from some that are known, by position or by name.

        Returns three lists, or three None with a warning where shapes stay unknown. Raises MXNetError, naming the node,
        where shapes contradict each other.
        """
        result, unknown = self._infer_shape(*args, **kwargs)
        if unknown:
            warnings.warn(
                "Cannot decide shape for the following arguments. Consider providing them as input:\n\t"
                + "\n\t".join(unknown),
                stacklevel=2,
            )
            return None, None, None
        return result

    def infer_shape_partial(self, *args: Any, **kwargs: Any) -> tuple[list, list, list]:
        """As ``infer_shape``; what stays unknown is ()."""
        return self._infer_shape(*args, **kwargs)[0]

    def _infer_shape(self, *args: Any, **kwargs: Any) -> tuple[tuple[list, list, list], list[str]]:
        arguments, aux_states = inputs_of(self._nodes())
        if args and kwargs:
            raise ValueError("Can only specify known argument shapes either by positional or kwargs way.")
        names = [n.name for n in arguments]
        shapes = {n: s for n, s in zip(names, args, strict=False) if s is not None} if args else kwargs
        for name in shapes:
            if name not in names and name not in [n.name for n in aux_states]:
                raise MXNetError(
                    f"infer_shape: argument name {name} not found. Candidate arguments: {', '.join(names)}"
                )
        known, results = infer.infer(self._heads, {k: _shape(v) for k, v in shapes.items()})

        def found(entry: Entry) -> bool:
            return entry.node in results and results[entry.node][entry.index] is not None

        def outcome(entry: Entry) -> tuple[int, ...]:
            tensor = results[entry.node][entry.index] if entry.node in results else None
            return known.get(entry.node, ()) if tensor is None else tuple(tensor.shape)

        lists = (
            [outcome(Entry(n)) for n in arguments],
            [outcome(e) for e in self._heads],
            [outcome(Entry(n)) for n in aux_states],
        )
        unknown = [f"{n.name}: {known.get(n, ())}" for n in [*arguments, *aux_states] if n not in results]
        if not unknown and not all(map(found, self._heads)):
            unknown = [f"{n.name} (its shape depends on values)" for n in self._nodes() if not found(Entry(n))]
        return lists, unknown

    def _infer_variables(self) -> dict[str, tuple[int, ...]]:
        """Shapes of variables, from those that were declared; what is not needed for that does not run."""
        known, _ = infer.infer(self._heads, {}, outputs=False)
        return {node.name: shape for node, shape in known.items()}

    def infer_type(self, *args: Any, **kwargs: Any) -> tuple[list, list, list]:
        """Dtypes of arguments, outputs and auxiliary states, from some that are known, by position or by name.

        An operator's inputs share a dtype unless it is known to mix them; its output has that dtype unless it has a
        ``dtype`` attribute.
        """
        arguments, aux_states = inputs_of(self._nodes())
        if args:
            kwargs = {n.name: t for n, t in zip(arguments, args, strict=False) if t is not None}
        given = {name: dtypes.resolve(t) for name, t in kwargs.items() if t is not None}
        types = infer.infer_types(self._heads, given)
        default = dtypes.resolve(None)
        lists = [[Entry(n) for n in arguments], self._heads, [Entry(n) for n in aux_states]]
        found = [[(types[e.node][e.index] or default).numpy for e in entries] for entries in lists]
        return found[0], found[1], found[2]

    # Running

    def eval(self, ctx: Context | None = None, **kwargs: NDArray) -> list[NDArray]:
        """Compute the outputs from arrays for the variables, by name. Raises ValueError, naming it, when one is
        missing.
        """
        ctx = context.resolve(ctx)
        sparse = any(array.stype != "default" for array in kwargs.values() if isinstance(array, NDArray))
        lowered = self._lowered.get(sparse)
        if lowered is None:
            lowered = self._lowered[sparse] = lower.lower(self._heads, sparse=sparse)
        run, arguments, aux_states, updates = lowered
        inputs = []
        for node, kind in [*((n, "args") for n in arguments), *((n, "aux_states") for n in aux_states)]:
            if node.name not in kwargs:
                raise ValueError(f"key `{node.name}` is missing in `{kind}`")
            inputs.append(kwargs[node.name])
        tensors = [array._source() for array in inputs]
        try:
            results = run(*tensors, *surroundings(ctx))
        except Exception as error:
            raise self._diagnose(
                error, dict(zip((n.name for n in [*arguments, *aux_states]), tensors, strict=True))
            ) from None
        for node, new in zip(updates, results[len(self._heads) :], strict=True):
            if new is not None:
                kwargs[node.name]._data.copy_(new)
        outputs = results[: len(self._heads)]
        memory = {t.untyped_storage().data_ptr() for t in tensors if not t.is_sparse and not t.is_sparse_csr}
        given: set[int] = set()  # outputs may be one tensor: of a copy in the graph, or asked for twice
        arrays = []
        for output in outputs:
            if output.is_sparse or output.is_sparse_csr:
                output = output.clone() if any(output is t for t in tensors) else output
            else:
                if output.untyped_storage().data_ptr() in memory or output.data_ptr() in given:
                    output = output.clone()
                given.add(output.data_ptr())
            arrays.append(wrap(output, ctx))
        return arrays

    def _diagnose(self, error: Exception, tensors: Mapping[str, Any]) -> Exception:
        """The failure of a run, with the node that it happened in: inferring shapes fails there too, and knows the
        name. What the user's own code raised stays as it is.
        """
        if is_blamed(error):
            return error
        try:
            shapes = {name: tuple(t.shape) for name, t in tensors.items()}
            infer.infer(self._heads, shapes, {name: t.dtype for name, t in tensors.items()})
        except MXNetError as found:
            return found
        return error if isinstance(error, MXNetError) else MXNetError(f"{self!r}: {error}")

    # Files

    def tojson(self, remove_amp_cast: bool = True) -> str:
        """The graph as MXNet's JSON."""
        return json.dumps(self._heads)

    def save(self, fname: str, remove_amp_cast: bool = True) -> None:
        """Write the graph's JSON to a file, whole or not at all."""
        from .._files import atomic_write

        with atomic_write(fname) as file:
            file.write(self.tojson(remove_amp_cast).encode())


def _attributes(node: Node) -> dict[str, str]:
    return {**node.attrs, **shown(node.extra)}


def _shape(value: Any) -> tuple[int, ...]:
    if isinstance(value, (tuple, list)) and all(isinstance(v, int) for v in value):
        return tuple(value)
    raise TypeError(f"a shape must be a tuple of integers, but got {value!r}")


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
    if not symbols or any(not isinstance(s, Symbol) for s in symbols):
        raise TypeError("Expected a list of symbols as input")
    return create_fn([e for s in symbols for e in s._heads])


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
