"""Running a symbol: evaluating it, binding it to arrays, and telling what went wrong."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from .. import context, dtypes
from ..base import MXNetError, integer_types
from ..context import Context
from ..executor import Executor, run
from ..graph import infer, legal, lower
from ..graph.node import Entry, Node, inputs_of, topological
from ..graph.partial import is_open
from ..ndarray import NDArray, creation
from ..ndarray.face import context_of
from ..ndarray.ndarray import wrap
from ..ops import registry
from ..ops.custom import is_blamed
from .allocation import Pool
from .inference import Found, Inferring

if TYPE_CHECKING:
    from .symbol import Symbol

__all__ = ["Bound", "Running"]

_REQUESTS = ("null", "write", "add")
# Names for "as it is". MXNet's own backends fuse operators for one library, which PyTorch's kernels do by themselves.
_BACKENDS = frozenset({"MKLDNN", "MKLDNN_QUANTIZE", "default", "inductor"})


class Bound(NamedTuple):
    """What is known of a graph once it is bound."""

    graph: Any  # the Symbol that runs: this one, or a copy whose open shapes are filled in
    shapes: list[tuple[int, ...]]  # of the arguments
    aux_shapes: list[tuple[int, ...]]
    outputs: list[NDArray]  # zeros, until the first pass


class Running(Inferring):
    """The methods of Symbol that run it."""

    __slots__ = ()

    if TYPE_CHECKING:
        _lowered: dict[tuple, lower.Lowered]

        def list_arguments(self) -> list[str]: ...
        def list_auxiliary_states(self) -> list[str]: ...
        def __copy__(self) -> Symbol: ...

    def eval(self, ctx: Context | None = None, **kwargs: NDArray) -> list[NDArray]:
        """Compute the outputs from arrays for the variables, by name.

        Raises ValueError, naming it, when one is missing, TypeError for what is no array.
        """
        ctx = context.resolve(ctx)
        arguments, aux_states = inputs_of(topological(self._heads))
        arrays = _arrays(kwargs, [n.name for n in arguments], "args")
        arrays += _arrays(kwargs, [n.name for n in aux_states], "aux_states")
        graph = self
        if any(map(is_open, topological(self._heads))):
            known = dict(zip([n.name for n in (*arguments, *aux_states)], arrays, strict=True))
            shapes, types = ({n: getattr(a, what) for n, a in known.items()} for what in ("shape", "dtype"))
            graph = self._bind(shapes, types, ctx).graph
        lowered = graph._lower(sparse=any(array.stype != "default" for array in arrays))
        tensors = [array._source() for array in arrays]
        try:
            outputs, news = run(lowered, tensors, ctx)
        except Exception as error:
            raise self._diagnose(error, tensors) from None
        for node, new in zip(lowered.updates, news, strict=True):
            if new is not None:
                kwargs[node.name]._data.copy_(new)
        return [wrap(output, ctx) for output in outputs]

    def bind(
        self,
        ctx: Context,
        args: Sequence[NDArray] | Mapping[str, NDArray],
        args_grad: Sequence[NDArray | None] | Mapping[str, NDArray] | None = None,
        grad_req: str | Sequence[str] | Mapping[str, str] = "write",
        aux_states: Sequence[NDArray] | Mapping[str, NDArray] | None = None,
        group2ctx: Mapping[str, Context] | None = None,
        shared_exec: Executor | None = None,
    ) -> Executor:
        """An executor on these arrays, which stay the caller's.

        args, aux_states: arrays for ``list_arguments()`` and ``list_auxiliary_states()``, as a list or by name.
        args_grad: where gradients go; what is missing there gets none. grad_req: 'write', 'add' or 'null', for all
        arguments, a list, or by name ('null' for the others). group2ctx, shared_exec: accepted; everything runs on
        ``ctx``, and PyTorch reuses memory by itself.
        Raises TypeError or ValueError for what is no array or is missing, MXNetError for shapes, dtypes and contexts
        that do not fit.
        """
        ctx = _context(ctx)
        legal.check_names(self._heads)
        names, states = self.list_arguments(), self.list_auxiliary_states()
        arrays = _arrays(args, names, "args")
        grads = None if args_grad is None else _arrays(args_grad, names, "args_grad", optional=True)
        auxiliary = _arrays([] if aux_states is None else aux_states, states, "aux_states")
        requests = _requests(grad_req, names)
        _check("group2ctx", group2ctx, Mapping)
        _check("shared_exec", shared_exec, Executor)
        if (arrays or auxiliary) and group2ctx is None:
            actual = context_of("bind", [*arrays, *auxiliary])
            if actual.torch_device != ctx.torch_device or actual != ctx:
                raise MXNetError(f"bind: the arrays are on {actual}, but the executor is to run on {ctx}.")
        known = dict(zip((*names, *states), (*arrays, *auxiliary), strict=True))
        bound = self._bind({n: a.shape for n, a in known.items()}, {n: a.dtype for n, a in known.items()}, ctx)
        for name, array, grad in zip(names, arrays, grads or (), strict=bool(grads)):
            if grad is not None and grad.shape != array.shape:
                raise MXNetError(f"bind: {name!r} has shape {array.shape}, but its gradient in args_grad {grad.shape}")
        return Executor(cast("Symbol", self), bound, ctx, arrays, grads, requests, auxiliary, grad_req)

    def simple_bind(
        self,
        ctx: Context,
        grad_req: str | Sequence[str] | Mapping[str, str] = "write",
        type_dict: Mapping[str, Any] | None = None,
        stype_dict: Mapping[str, str] | None = None,
        group2ctx: Mapping[str, Context] | None = None,
        shared_arg_names: Sequence[str] | None = None,
        shared_exec: Executor | None = None,
        shared_buffer: dict[str, NDArray] | None = None,
        **kwargs: tuple[int, ...],
    ) -> Executor:
        """An executor on new arrays of zeros, of shapes that follow from those of some arguments, in ``kwargs``.

        type_dict, stype_dict: dtypes and storage types of arguments, by name. shared_buffer: arrays by name, of which
        arguments and their gradients take memory, and to which they add what is new; with it, those in
        ``shared_arg_names``, and all auxiliary states, are the arrays of ``shared_exec``. Names in ``kwargs`` that the
        graph does not have are ignored. Raises MXNetError for what does not fit or cannot be inferred, and ValueError
        for arguments of the wrong kind.
        """
        ctx = _context(ctx)
        legal.check_names(self._heads)
        names, states = self.list_arguments(), self.list_auxiliary_states()
        if shared_arg_names is not None and not isinstance(shared_arg_names, (list, tuple)):
            raise ValueError("shared_arg_names in simple_bind must be a list or None")
        if shared_buffer is not None and not isinstance(shared_buffer, dict):
            raise ValueError("shared_buffer in simple_bind must be dict or None")
        _check("group2ctx", group2ctx, Mapping)
        _check("shared_exec", shared_exec, Executor)
        try:
            requests = _requests(grad_req, names)
        except ValueError as error:
            raise MXNetError(f"simple_bind: {error}") from None
        nodes = topological(self._heads)
        given = {n: dtypes.resolve(t) for n, t in (type_dict or {}).items() if n in (*names, *states)}
        found = infer.infer_types(self._heads, given)
        types = {n.name: (found[n][0] or dtypes.resolve(None)).numpy for n in nodes if n.op is None}
        shapes = {n: s for n, s in kwargs.items() if s is not None and n in (*names, *states)}
        try:
            bound = self._bind({n: s for n, s in shapes.items() if s}, types, ctx)
        except MXNetError as error:
            if is_blamed(error):
                raise
            listed = "".join(f"{n}: {s}\n" for n, s in kwargs.items())
            raise MXNetError(f"simple_bind error. Arguments:\n{listed}{error}") from None
        # MXNet takes arrays of the other executor only where there is a buffer, too.
        shared = (shared_exec, frozenset(shared_arg_names or ())) if shared_exec and shared_buffer is not None else None
        pool = Pool(ctx, shared_buffer, shared)
        stypes = {n.name: _storage_type(n) for n in nodes if n.op is None} | dict(stype_dict or {})
        few = {n.inputs[1].node.name for n in nodes if _uses_few_rows(n, stypes)}
        arrays, grads = [], []
        for name, shape, request in zip(names, bound.shapes, requests, strict=True):
            rows = stypes[name] == "row_sparse" or name in few
            grad_stype = None if request == "null" else "row_sparse" if rows else "default"
            array, grad = pool.argument(name, shape, types[name], stypes[name], grad_stype)
            arrays.append(array)
            grads.append(grad)
        auxiliary = [pool.state(n, s, types[n]) for n, s in zip(states, bound.aux_shapes, strict=True)]
        return Executor(cast("Symbol", self), bound, ctx, arrays, grads, requests, auxiliary, grad_req)

    def _bind(self, shapes: Mapping[str, tuple[int, ...]], types: Mapping[str, Any], ctx: Context) -> Bound:
        """Infer all shapes from these shapes and dtypes of variables. Raises MXNetError where they contradict each
        other, or do not suffice.
        """
        for name, shape in shapes.items():
            if not isinstance(shape, (tuple, list)) or not all(isinstance(size, integer_types) for size in shape):
                raise MXNetError(f"the shape of {name!r} must be a tuple of integers, but is {shape!r}")
        found = self._found(shapes, {name: dtypes.resolve(t).torch for name, t in types.items()})
        nodes = topological(found.heads)
        arguments, aux_states = inputs_of(nodes)
        unknown = [f"{n.name}: {found.shape(Entry(n))}" for n in (*arguments, *aux_states) if not found.knows(Entry(n))]
        if unknown:
            raise MXNetError(
                "the shapes of these arguments cannot be inferred (0 stands for an unknown size); give them: "
                + ", ".join(unknown)
            )
        for node in nodes:
            if node.op is not None and not node.op.mixed and all(e.node in found.tensors for e in node.inputs):
                try:
                    node.op.check_dtypes([found.tensors[e.node][e.index] for e in node.inputs])
                except MXNetError as error:
                    raise MXNetError(f"Error in operator {node.name}: {error}") from None
        graph = self if found.heads is self._heads else type(self)(found.heads)  # type: ignore[call-arg]
        return Bound(
            graph,
            [found.shape(Entry(n)) for n in arguments],
            [found.shape(Entry(n)) for n in aux_states],
            [_placeholder(found, head, ctx) for head in found.heads],
        )

    def _lower(self, sparse: bool) -> lower.Lowered:
        """The graph as a callable; ``sparse``: some of its inputs are."""
        key = (sparse, registry.watchers())
        lowered = self._lowered.get(key)
        if lowered is None:
            legal.check_names(self._heads)
            lowered = self._lowered[key] = lower.lower(self._heads, sparse=sparse)
        return lowered

    def _diagnose(self, error: Exception, tensors: Sequence[Any]) -> Exception:
        """The failure of a run on these inputs, with the node that it happened in: inferring shapes fails there too,
        and knows the name. What the user's own code raised stays as it is.
        """
        if is_blamed(error):
            return error
        arguments, aux_states = inputs_of(topological(self._heads))
        named = {n.name: t for n, t in zip([*arguments, *aux_states], tensors, strict=True)}
        try:
            infer.infer(
                self._heads, {n: tuple(t.shape) for n, t in named.items()}, {n: t.dtype for n, t in named.items()}
            )
        except MXNetError as found:
            return found
        return error if isinstance(error, MXNetError) else MXNetError(f"{self!r}: {error}")

    def gradient(self, wrt: Sequence[str]) -> Symbol:
        """The graph of the gradient, which MXNet 1.9.1 has not implemented either: MXNetError."""
        raise MXNetError(
            "Symbol.gradient is not implemented, as in MXNet. Bind the symbol with args_grad, and call "
            "Executor.backward, or hybridize a block and use autograd."
        )

    def optimize_for(
        self,
        backend: str,
        args: Mapping[str, NDArray] | None = None,
        aux: Mapping[str, NDArray] | None = None,
        ctx: Context | None = None,
        shape_dict: Mapping[str, tuple[int, ...]] | None = None,
        type_dict: Mapping[str, Any] | None = None,
        stype_dict: Mapping[str, str] | None = None,
        skip_infer: bool = False,
        **kwargs: Any,
    ) -> Symbol:
        """The graph prepared for a backend: a copy, since backends choose how a graph runs, not what it is.

        An unknown backend is a warning, as in MXNet; None is an AssertionError.
        """
        if not isinstance(backend, str):
            raise AssertionError(f"backend must be a name, but is {backend!r}")
        if backend not in _BACKENDS:
            warnings.warn(f"there is no backend {backend!r}; the graph stays as it is", stacklevel=2)
        return self.__copy__()

    def get_backend_symbol(self, backend: str) -> Symbol:
        """As ``optimize_for``; an unknown backend is an MXNetError."""
        if backend not in _BACKENDS:
            raise MXNetError(f"there is no backend {backend!r}; there are {', '.join(sorted(_BACKENDS))}")
        return self.__copy__()


def _context(ctx: Any) -> Context:
    if not isinstance(ctx, (Context, str)):
        raise TypeError(f"Context type error: ctx must be a Context such as mx.cpu(), but is {ctx!r}")
    return context.resolve(ctx)


def _check(what: str, value: Any, kind: type) -> None:
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{what} must be None or of type {kind.__name__}, but is {value!r}")


def _arrays(given: Any, names: Sequence[str], what: str, optional: bool = False) -> list[Any]:
    """Arrays in the order of ``names``, from a list or from a dict; with ``optional``, some may be missing."""
    if isinstance(given, Mapping):
        missing = [name for name in names if name not in given]
        if missing and not optional:
            raise ValueError(f"key `{missing[0]}` is missing in `{what}`")
        arrays = [given.get(name) for name in names]
    elif isinstance(given, (list, tuple)):
        if len(given) != len(names):
            raise ValueError(
                f"Length of {what} does not match the number of arguments: {len(given)}, but there are {list(names)}"
            )
        arrays = list(given)
    else:
        raise TypeError(f"Only accept list of NDArrays or dict of str to NDArray, but {what} is {given!r:.100}")
    for name, array in zip(names, arrays, strict=True):
        if not isinstance(array, NDArray) and not (array is None and optional):
            raise TypeError(
                f"Only accept list of NDArrays or dict of str to NDArray, but {name!r} in {what} is {array!r:.100}"
            )
    return arrays


def _requests(grad_req: Any, names: Sequence[str]) -> list[str]:
    """What happens to each argument's gradient."""
    if isinstance(grad_req, str):
        requests = [grad_req] * len(names)
    elif isinstance(grad_req, Mapping):
        requests = [grad_req.get(name, "null") for name in names]
    elif isinstance(grad_req, (list, tuple)):
        if len(grad_req) != len(names):
            raise ValueError(f"grad_req has {len(grad_req)} entries, but there are {len(names)} arguments {names}")
        requests = list(grad_req)
    else:
        raise TypeError(f"grad_req must be a string, a list or a dict, but is {grad_req!r}")
    for request in requests:
        if request not in _REQUESTS:
            raise ValueError(f"grad_req must be in {_REQUESTS}, but is {request!r}")
    return requests


def _storage_type(variable: Node) -> str:
    """The storage type that a variable was declared with."""
    return ("default", "row_sparse", "csr")[int(variable.extra.get("__storage_type__", 0))]


def _uses_few_rows(node: Node, stypes: Mapping[str, str]) -> bool:
    """Whether the gradient of a node's second input is zero in most rows: those that a batch does not name."""
    if node.op is None:
        return False
    if node.op.name == "dot":
        return stypes.get(node.inputs[0].node.name) == "csr" and not node.values.get("transpose_a")
    return bool(node.values.get("sparse_grad"))


def _placeholder(found: Found, head: Entry, ctx: Context) -> NDArray:
    """Zeros like an output that is not computed yet."""
    if not found.knows(head):
        return creation.zeros((1,), ctx)
    meta = found.tensors[head.node][head.index]
    return wrap(meta.new_zeros(meta.shape, device=ctx.torch_device), ctx)
