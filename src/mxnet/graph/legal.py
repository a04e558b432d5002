"""What a legal graph is: a table of rules, and ``check``, which holds a graph against them.

Files are checked when they are read; in the tests, every graph that is written, run or inferred.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import NamedTuple

from ..base import MXNetError
from ..ops import registry
from ..ops.custom import is_blamed
from . import bodies
from .node import Entry, Node, topological

_MOST_OUTPUTS = 1 << 16  # of one node: a file could ask for as many as fill the memory

__all__ = ["RULES", "Rule", "check", "check_heads", "check_names", "check_node"]


class Rule(NamedTuple):
    """``problem`` says what is wrong with a node, given the nodes before it; None: nothing. It may rely on the rules
    above its own, which this node and its inputs obey.
    """

    name: str
    says: str
    problem: Callable[[Node, Container[Node]], str | None]


def check(heads: Sequence[Entry]) -> None:
    """Raise MXNetError, naming node and rule, unless the graph below ``heads`` is legal."""
    before: set[Node] = set()
    for node in topological(heads):
        try:
            check_node(node, before)
            for body in node.bodies:
                check(body)
        except MXNetError as error:
            if is_blamed(error):
                raise
            raise MXNetError(f"node {node.name!r}: {error}") from None
        before.add(node)
    check_heads(heads)


def check_node(node: Node, before: Container[Node]) -> None:
    """The rules for one node, whose inputs are legal; it is not named."""
    for rule in RULES:
        try:
            problem = rule.problem(node, before)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, MXNetError) as error:
            if is_blamed(error):
                raise
            # Else attributes contradict each other, and the operator's own functions stumble.
            problem = str(error) if isinstance(error, MXNetError) else f"{node.op and node.op.name}: {error}"
        if problem:
            raise MXNetError(f"{problem} ({rule.name}: {rule.says})")


def check_heads(heads: Sequence[Entry]) -> None:
    problem = next(filter(None, map(_missing, heads)), None)
    if problem:
        raise MXNetError(f"the heads: {problem}")


def check_names(heads: Sequence[Entry]) -> None:
    """Raise MXNetError unless every variable has a name of its own, as is needed where arrays are given by name."""
    seen: set[str] = set()
    for node in topological(heads):
        if node.op is None and node.name in seen:
            raise MXNetError(f"there are two variables called {node.name!r}; arrays cannot be given by name")
        seen.update(() if node.op else (node.name,))


def _order(node: Node, before: Container[Node]) -> str | None:
    late = [e.node.name for e in node.inputs if e.node not in before]
    return f"its input {late[0]!r} is not an earlier node" if late else None


def _variable(node: Node, before: Container[Node]) -> str | None:
    if node.op is None and (node.inputs or node.bodies):
        return f"a variable, but it has inputs or subgraphs: {[e.node.name for e in node.inputs]}"
    return None


def _registered(node: Node, before: Container[Node]) -> str | None:
    return None if node.op is None or registry.get(node.op.name) is node.op else f"{node.op.name} is another operator"


def _attributes(node: Node, before: Container[Node]) -> str | None:
    if (
        node.op is not None
        and not 0 <= node.num_outputs <= (count := node.op.num_outputs(node.values)) <= _MOST_OUTPUTS
    ):
        return f"{node.op.name} cannot have {count} outputs"
    return None


def _missing(entry: Entry) -> str | None:
    count = 1 if entry.node.op is None else entry.node.op.num_outputs(entry.node.values)
    if 0 <= entry.index < count:
        return None
    return f"node {entry.node.name!r} has {count} outputs, not an output {entry.index}"


def _outputs(node: Node, before: Container[Node]) -> str | None:
    return next(filter(None, map(_missing, node.inputs)), None)


def _inputs(node: Node, before: Container[Node]) -> str | None:
    op = node.op
    if op is None or op.bodies:
        return None
    expected = node.input_names()
    if op.variadic and not op.by_name and op.count in op.attributes:
        extra = sum(wanted(**op.complete(node.values)) for wanted in op.needs.values())
        needed = 1 + extra if extra else node.values[op.count]
        if needed != len(node.inputs):
            return f"{op.name} needs {needed} inputs ({op.count}), but {len(node.inputs)} are listed"
    if len(expected) != len(node.inputs):
        return f"{op.name} needs {len(expected)} inputs {expected}, but {len(node.inputs)} are listed"
    return None


def _states(node: Node, before: Container[Node]) -> str | None:
    states = node.state_names()
    for name, entry in zip(node.input_names(), node.inputs, strict=True) if states else ():
        if name in states and entry.node.op is not None:
            return f"the state {name!r} is computed by {entry.node.name!r}"
    return None


def _bodies(node: Node, before: Container[Node]) -> str | None:
    if node.op is not None and (node.bodies or node.op.bodies):
        bodies.check(node)
    return None


RULES = (
    Rule("order", "inputs come before their users: there are no cycles", _order),
    Rule("variables", "variables have neither inputs nor subgraphs", _variable),
    Rule("operators", "every operator is registered", _registered),
    Rule("attributes", "attributes are those of the operator, and can be read", _attributes),
    Rule("outputs", "inputs are outputs that exist", _outputs),
    Rule("inputs", "there are as many inputs as the operator wants", _inputs),
    Rule("states", "auxiliary states are variables", _states),
    Rule("subgraphs", "subgraphs fit the operator and what feeds them", _bodies),
)
