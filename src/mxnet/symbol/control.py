"""Control flow in graphs: ``contrib.foreach``, ``contrib.while_loop``, ``contrib.cond`` on symbols.

Each runs the user's functions once, on variables that stand for what a step gets, and makes one node that holds the
resulting graphs. What such a graph uses from outside, it gets as further inputs of the node: a variable keeps its name,
the output of an operator becomes a variable of that output's name. Nodes made inside carry ``__subgraph_name__``.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from .. import attribute
from .. import name as names
from ..base import MXNetError
from ..graph import bodies
from ..graph.node import Entry, Node, topological
from ..ndarray.control import Nested, iterations, regroup
from ..ndarray.control import flatten as flatten_any
from ..ops import registry
from .face import face
from .symbol import Symbol

__all__ = ["cond", "foreach", "while_loop"]

_SCOPE = "__subgraph_name__"


def foreach(body: Callable, data: Nested, init_states: Nested, name: str = "foreach") -> tuple[Nested, Nested]:
    """A loop over the slices of ``data`` along axis 0: ``outputs, states = body(slice, states)``.

    data, init_states: symbols or nested lists of symbols. Returns the outputs of all steps, stacked along a new axis 0,
    and the last states, in the forms in which ``body`` returns them. Raises AssertionError for what is no symbol, for
    data and states that the body does not use or that share a name, and for states of another form.
    """
    data, data_form = _flatten(data, "foreach input")
    states, states_form = _flatten(init_states, "foreach states")
    if not data:
        raise AssertionError("foreach input must hold at least one symbol to loop over")
    with _Scope(name) as scope:
        stand_ins = [_stand_in(symbol) for symbol in (*data, *states)]
        slices, carried = stand_ins[: len(data)], stand_ins[len(data) :]
        outputs, news = body(regroup(slices, data_form), regroup(carried, states_form))
        outputs, outputs_form = _flatten(outputs, "foreach output")
        news, news_form = _flatten(news, "foreach loop_vars")
        if news_form != states_form:
            raise AssertionError("The input and output loop_vars have different format")
        made = {symbol._heads[0].node for symbol in outputs}
        heads = [_own(s, scope, stand_ins) for s in outputs]
        heads += [_own(s, scope, stand_ins, s._heads[0].node in made) for s in news]
        graph = _cut(heads, stand_ins, scope)
    places = [graph.place(symbol) for symbol in stand_ins]
    for symbol, place, what in zip(
        (*data, *states), places, ["data"] * len(data) + ["state"] * len(states), strict=True
    ):
        if place is None:
            raise AssertionError(f"the {what} arrays have to be used in the loop body, but {symbol.name!r} is not")
    free = [i for i, outer in enumerate(graph.outer) if outer is not None]
    attrs = {
        "num_outputs": len(heads), "num_out_data": len(outputs), "in_data_locs": places[: len(data)],
        "in_state_locs": places[len(data) :], "remain_locs": free,
    }  # fmt: skip
    inputs = [s._heads[0] for s in (*data, *states)] + [_entry(graph.outer[i]) for i in free]
    results = _node("_foreach", attrs, inputs, [graph])
    return regroup(results[: len(outputs)], outputs_form), regroup(results[len(outputs) :], states_form)


def while_loop(
    cond: Callable, func: Callable, loop_vars: Nested, max_iterations: int | None = None, name: str = "while_loop"
) -> tuple[Nested, Nested]:
    """Repeat ``outputs, loop_vars = func(*loop_vars)`` while ``cond(*loop_vars)``, at most ``max_iterations`` times.

    Returns the outputs of all steps, stacked along a new axis 0 of length ``max_iterations`` with zeros after the last
    step, and the last loop variables. Raises ValueError without ``max_iterations``, without loop variables, when their
    number changes, and when ``func`` does not use one of them; MXNetError for ``max_iterations`` below 1.
    """
    limit = iterations(max_iterations)
    single = isinstance(loop_vars, Symbol) and len(loop_vars) == 1
    loop_vars = [loop_vars] if single else loop_vars
    flat, form = _flatten(loop_vars, "while loop_vars")
    if not flat:
        raise ValueError("loop_vars should contain at least one element")
    with _Scope(f"{name}_cond") as scope:
        stand_ins = [_stand_in(symbol) for symbol in flat]
        condition = cond(*regroup(stand_ins, form))
        if not isinstance(condition, Symbol) or len(condition) != 1:
            raise ValueError(f"Return of cond must be a Symbol of one output, but got {condition!r}")
        graphs = [_cut([_own(condition, scope, stand_ins)], stand_ins, scope)]
        vars_of_cond = stand_ins
    with _Scope(f"{name}_func") as scope:
        stand_ins = [_stand_in(symbol) for symbol in flat]
        outputs, news = func(*regroup(stand_ins, form))
        outputs, outputs_form = _flatten([] if outputs is None else outputs, "while output")
        news, _ = _flatten([] if news is None else news, "while loop_vars")
        if len(news) != len(flat):
            raise ValueError(
                f"The number of loop_vars should be consistent during the loop: {len(flat)} != {len(news)}"
            )
        heads = [_own(symbol, scope, stand_ins) for symbol in (*outputs, *news)]
        graphs.append(_cut(heads, stand_ins, scope))
    places = [graphs[1].place(symbol) for symbol in stand_ins]
    for i, place in enumerate(places):
        if place is None:
            raise ValueError(f"The {i + 1}-th loop_var doesn't involve into the computation of func")
    inputs: list[Entry] = []
    seen: dict[Any, int] = {}
    cond_locs = _locate(graphs[0], vars_of_cond, flat, inputs, seen)
    func_locs = _locate(graphs[1], stand_ins, flat, inputs, seen)
    attrs = {
        "max_iterations": limit, "num_outputs": len(heads), "num_out_data": len(outputs), "cond_input_locs": cond_locs,
        "func_input_locs": func_locs, "func_var_locs": places,
    }  # fmt: skip
    results = _node("_while_loop", attrs, inputs, graphs)
    last = regroup(results[len(outputs) :], form)
    return regroup(results[: len(outputs)], outputs_form), last[0] if single else last


def cond(pred: Symbol, then_func: Callable[[], Nested], else_func: Callable[[], Nested], name: str = "cond") -> Nested:
    """One of two graphs: that of ``then_func()`` where ``pred``, one number, is not 0, else that of ``else_func()``.

    Both must have the same number of outputs (ValueError), in the form of ``then_func``'s.
    """
    graphs, counts, form = [], [], None
    for part, function in (("pred", lambda: pred), ("then", then_func), ("else", else_func)):
        if isinstance(function, Symbol):
            raise TypeError(f"{part}_func must be a function that returns symbols, but got {function!r}")
        with _Scope(f"{name}_{part}") as scope:
            outputs, outputs_form = _flatten(function(), "cond outputs")
            if not outputs:
                raise TypeError(f"cond: Expected a list of symbols from {part}_func, but got none")
            graphs.append(_cut([_own(symbol, scope, []) for symbol in outputs], [], scope))
        counts.append(len(outputs))
        form = outputs_form if part == "then" else form
    if counts[0] != 1:
        raise MXNetError(f"cond: pred must be one symbol of one output, but has {counts[0]}")
    if counts[1] != counts[2]:
        raise ValueError(f"Number of outputs differs between then-branch and else-branch: {counts[1]} and {counts[2]}")
    inputs: list[Entry] = []
    seen: dict[Any, int] = {}
    locs = [_locate(graph, [], [], inputs, seen) for graph in graphs]
    attrs = dict(zip(("cond_input_locs", "then_input_locs", "else_input_locs"), locs, strict=True))
    return regroup(_node("_cond", {**attrs, "num_outputs": counts[1]}, inputs, graphs), form)


# ---- what they share -------------------------------------------------------------------------------------------------

_counts: Counter[str] = Counter()
_counts_lock = threading.Lock()


class _Scope(attribute.AttrScope):
    """Nodes that are made inside belong to the graph of that name, which gets a number."""

    def __init__(self, name: str) -> None:
        outside = attribute.current_scope().get(None).get(_SCOPE)
        name = f"{outside}${name}" if outside else name
        with _counts_lock:
            number = _counts[name]
            _counts[name] += 1
        self.name = f"{name}{number}"
        super().__init__(**{_SCOPE: self.name})

    def __enter__(self) -> _Scope:
        super().__enter__()
        return self

    def holds(self, node: Node) -> bool:
        return node.extra.get(_SCOPE) == self.name


class _Graph(NamedTuple):
    """A body: its heads, and what feeds its variables from outside; None for what stands for a slice or a state."""

    heads: list[Entry]
    variables: list[Node]
    outer: list[Entry | None]

    def place(self, stand_in: Symbol) -> int | None:
        """The number of that variable; None where the body does not use it."""
        node = stand_in._heads[0].node
        return self.variables.index(node) if node in self.variables else None


def _flatten(nested: Nested, what: str) -> tuple[list[Symbol], Any]:
    """``flatten``, where a symbol of several outputs counts as a list of them."""

    def split(item: Any) -> Any:
        if isinstance(item, (list, tuple)):
            return [split(i) for i in item]
        return list(item) if isinstance(item, Symbol) and len(item) > 1 else item

    return flatten_any(split(nested), what, Symbol)


def _stand_in(symbol: Symbol) -> Symbol:
    """A variable for one slice or state."""
    node, index = symbol._heads[0]
    return Symbol([Entry(Node(None, f"{node.name}-{index}", extra=attribute.current_scope().get(None)))])


def _inside(heads: Iterable[Entry], bound: Iterable[Node], scope: _Scope) -> set[Node]:
    """The operators of a body: made inside, or on top of what only exists inside."""
    found = set(bound)
    for node in topological(heads):
        if node.op is not None and (scope.holds(node) or any(e.node in found for e in node.inputs)):
            found.add(node)
    return found.difference(bound)


def _own(symbol: Symbol, scope: _Scope, stand_ins: Sequence[Symbol], copy: bool = False) -> Entry:
    """The head of a body for an output of the user's: an operator of its own, a copy of anything else."""
    head = symbol._heads[0]
    if copy or head.node not in _inside([head], [s._heads[0].node for s in stand_ins], scope):
        return face("identity")(symbol)._heads[0]
    return head


def _cut(heads: Sequence[Entry], stand_ins: Sequence[Symbol], scope: _Scope) -> _Graph:
    """The body below ``heads``: a copy of what is inside, with variables for what is not."""
    bound = {symbol._heads[0].node for symbol in stand_ins}
    inside = _inside(heads, bound, scope)
    copies: dict[Node, Node] = {}
    cuts: dict[Entry, Node] = {}

    def moved(entry: Entry) -> Entry:
        node = entry.node
        if node in bound:
            return entry
        if node in inside:
            return Entry(copies[node], entry.index)
        if entry not in cuts:
            own = node.op is None and scope.holds(node)
            cuts[entry] = Node(
                None, node.output_names()[entry.index], node.attrs if own else {}, (), node.extra if own else {}
            )
        return Entry(cuts[entry])

    for node in topological(heads):
        if node in inside:
            copies[node] = node.copy(moved(e) for e in node.inputs)
    heads = [moved(head) for head in heads]
    variables = bodies.variables(heads)
    labels = [v.name for v in variables]
    if len(set(labels)) != len(labels):
        raise AssertionError(f"The inputs of the subgraph don't have unique names: {labels}")
    outer = {variable: entry for entry, variable in cuts.items()}
    return _Graph(heads, variables, [outer.get(variable) for variable in variables])


def _entry(outer: Entry | None) -> Entry:
    assert outer is not None
    return outer


def _locate(
    graph: _Graph, stand_ins: Sequence[Symbol], given: Sequence[Symbol], inputs: list[Entry], seen: dict[Any, int]
) -> list[int]:
    """The numbers, among the node's ``inputs``, of those that feed a body; new ones are added.

    Loop variables and variables of the same name are one input, ``seen`` before in another body.
    """
    origin = {s._heads[0].node: i for i, s in enumerate(stand_ins)}
    locs = []
    for variable, outer in zip(graph.variables, graph.outer, strict=True):
        if outer is None:
            key, entry = origin[variable], given[origin[variable]]._heads[0]
        else:
            key, entry = (outer.node.name if outer.node.op is None else object()), outer
        if key not in seen:
            seen[key] = len(inputs)
            inputs.append(entry)
        locs.append(seen[key])
    return locs


def _node(name: str, attrs: dict[str, Any], inputs: Sequence[Entry], graphs: Sequence[_Graph]) -> list[Symbol]:
    """The symbols of a new node's outputs."""
    attrs = {"num_args": len(inputs) + len(graphs), **attrs}
    text = {key: str(value) for key, value in attrs.items()}
    node = Node(
        registry.get(name), names.current_manager().get(None, name), text, inputs,
        attribute.current_scope().get(None), [graph.heads for graph in graphs],
    )  # fmt: skip
    bodies.check(node)
    return [Symbol([Entry(node, i)]) for i in range(node.num_outputs)]
