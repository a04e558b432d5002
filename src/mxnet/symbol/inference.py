"""What a symbol knows about shapes and dtypes before it runs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import dtypes
from ..base import MXNetError, integer_types
from ..graph import infer, partial
from ..graph.node import Entry, Node, inputs_of, topological

__all__ = ["Found", "Inferring"]

_Shape = tuple[int, ...]


class Found(NamedTuple):
    """What was found about a graph: shapes of all entries that are asked for, and meta tensors where they are whole."""

    heads: list[Entry]  # of the graph, or of one whose open shapes are filled in
    shapes: dict[Node, list[_Shape | None]]
    tensors: dict[Node, list[Any]]

    def shape(self, entry: Entry) -> _Shape:
        """The shape, with 0 for an unknown size; () where nothing is known, and that of a scalar."""
        tensors = self.tensors.get(entry.node)
        if tensors is not None and tensors[entry.index] is not None:
            return tuple(tensors[entry.index].shape)
        return self.shapes.get(entry.node, [None] * (entry.index + 1))[entry.index] or ()

    def knows(self, entry: Entry) -> bool:
        return entry.node in self.tensors and self.tensors[entry.node][entry.index] is not None


class Inferring:
    """The methods of Symbol that infer."""

    __slots__ = ()

    if TYPE_CHECKING:
        _heads: list[Entry]

    def infer_shape(self, *args: Any, **kwargs: Any) -> tuple[list | None, list | None, list | None]:
        """Shapes of arguments, outputs and auxiliary states from some that are known, by position or by name.

        A 0 in a shape stands for a size that is not known. Returns three lists, or three None with a warning where
        shapes stay unknown. Raises MXNetError, naming the node, where shapes contradict each other, TypeError for what
        is no shape.
        """
        found, arguments, aux_states = self._infer_shape(args, kwargs)
        unknown = [f"{n.name}: {found.shape(Entry(n))}" for n in arguments if not found.knows(Entry(n))]
        if not unknown and not all(map(found.knows, found.heads)):
            nodes = topological(found.heads)
            unknown = [f"{n.name} (its shape depends on values)" for n in nodes if not found.knows(Entry(n))]
        if unknown:
            _warn("shape", " (0s in shape means unknown dimensions)", unknown)
            return None, None, None
        return _shapes(found, arguments, aux_states)

    def infer_shape_partial(self, *args: Any, **kwargs: Any) -> tuple[list, list, list]:
        """As ``infer_shape``; sizes that stay unknown are 0, shapes of which nothing is known ()."""
        return _shapes(*self._infer_shape(args, kwargs))

    def _infer_shape(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Found, list[Node], list[Node]]:
        arguments, aux_states = inputs_of(topological(self._heads))
        given = _given([n.name for n in arguments], args, kwargs, "shapes")
        shapes = {name: _shape(name, value) for name, value in given.items()}
        known = [n.name for n in (*arguments, *aux_states)]
        for name in shapes:
            if name not in known:
                raise MXNetError(
                    f"infer_shape: argument name {name} not found. Candidate arguments: {', '.join(known)}"
                )
        return self._found({name: shape for name, shape in shapes.items() if shape}), arguments, aux_states

    def _found(self, shapes: Mapping[str, _Shape], types: Mapping[str, Any] | None = None) -> Found:
        """What follows from shapes and torch dtypes of variables."""
        heads = self._heads
        nodes = topological(heads)
        tensors: dict[Node, list[Any]] = {}
        if any(map(partial.is_open, nodes)):
            known, _ = infer.infer([Entry(n) for n in nodes if n.op is None], shapes)
        else:
            known, tensors = infer.infer(heads, shapes, types)
            if all(node in tensors for node in nodes):
                return Found(heads, {}, tensors)
        found = partial.infer_partial(heads, known)
        whole = {n.name: s for n in nodes if n.op is None and (s := found[n][0]) is not None and s and all(s)}
        settled = partial.settled(heads, found)
        if not any(map(partial.is_open, topological(settled))):
            _, tensors = infer.infer(settled, {**shapes, **whole}, types)
        return Found(settled, found, tensors)

    def _infer_variables(self) -> dict[str, _Shape]:
        """Shapes of variables, from those that were declared; what is not needed for that does not run."""
        known, _ = infer.infer(self._heads, {}, outputs=False)
        return {node.name: shape for node, shape in known.items()}

    def infer_type(self, *args: Any, **kwargs: Any) -> tuple[list | None, list | None, list | None]:
        """Dtypes of arguments, outputs and auxiliary states, from some that are known, by position or by name.

        Returns three lists, or three None with a warning where dtypes stay unknown.
        """
        lists = self.infer_type_partial(*args, **kwargs)
        names = [n.name for n in inputs_of(topological(self._heads))[0]]
        unknown = [f"{name}: None" for name, dtype in zip(names, lists[0], strict=True) if dtype is None]
        if unknown or any(dtype is None for found in lists for dtype in found):
            _warn("type", "", unknown)
            return None, None, None
        return lists

    def infer_type_partial(self, *args: Any, **kwargs: Any) -> tuple[list, list, list]:
        """As ``infer_type``; what stays unknown is None."""
        arguments, aux_states = inputs_of(topological(self._heads))
        known = {n.name for n in (*arguments, *aux_states)}
        given = {}
        for name, value in _given([n.name for n in arguments], args, kwargs, "types").items():
            if name not in known:
                raise MXNetError(f"infer_type: argument name {name} not found. Candidate arguments: {sorted(known)}")
            given[name] = dtypes.resolve(value)
        types = infer.infer_types(self._heads, given)
        lists = ([Entry(n) for n in arguments], self._heads, [Entry(n) for n in aux_states])
        found = [[None if (t := types[e.node][e.index]) is None else t.numpy for e in entries] for entries in lists]
        return found[0], found[1], found[2]


def _given(names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any], what: str) -> dict[str, Any]:
    """What was given, by name."""
    if args and kwargs:
        raise ValueError(f"Can only specify known argument {what} either by positional or kwargs way.")
    if len(args) > len(names):
        raise MXNetError(f"{len(args)} {what} were given for the {len(names)} arguments {list(names)}")
    given = dict(zip(names, args, strict=False)) if args else kwargs
    return {name: value for name, value in given.items() if value is not None}


def _shape(name: str, value: Any) -> _Shape:
    if isinstance(value, (tuple, list)) and all(isinstance(v, integer_types) for v in value):
        return tuple(int(v) for v in value)
    raise TypeError(f"Arguments need to be shapes (tuples of integers), but {name!r} is {value!r}.")


def _shapes(found: Found, arguments: Sequence[Node], aux_states: Sequence[Node]) -> tuple[list, list, list]:
    return (
        [found.shape(Entry(n)) for n in arguments],
        [found.shape(e) for e in found.heads],
        [found.shape(Entry(n)) for n in aux_states],
    )


def _warn(what: str, hint: str, unknown: Sequence[str]) -> None:
    warnings.warn(
        f"Cannot decide {what} for the following arguments{hint}. Consider providing them as input:\n\t"
        + "\n\t".join(unknown),
        stacklevel=3,
    )
