"""Recording: what a HybridBlock computes, written down as a graph.

There are two ways. A tree of blocks that all define ``hybrid_forward(F, x, ...)`` is *composed*: it runs once with
``F = mx.sym`` on symbols, and the graph is right for inputs of all shapes. Where a block of the tree overrides
``forward(x, ...)``, the tree *runs* once on arrays that note what operators do with them (``ndarray/traced.py``); the
graph is right for inputs of these shapes.
"""

from __future__ import annotations

import traceback
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ... import symbol
from ..._state import state
from ...base import MXNetError, NotImplementedForSymbol
from ...context import Context
from ...graph.backends import Backend
from ...graph.node import Node
from ...ndarray import NDArray
from ...ndarray.cached import CachedGraph
from ...ndarray.traced import (
    Recorder,
    RecordingError,
    TracedArray,
    Versions,
    cannot_record,
    refusal,
    user_line,
)
from ...symbol import Symbol
from ..parameter import Parameter
from .nested import flatten, items, rebuild

if TYPE_CHECKING:
    from .base import Block
    from .hybrid import HybridBlock

__all__ = ["Recording", "compose", "own", "runs", "trace", "tree"]


class Recording:
    """A recorded graph and how to call it.

    Parameters
    ----------
    graph : Symbol
        All outputs.
    form : hashable
        How they are nested (see ``nested.py``).
    inputs : list of Node
        The variables that stand for the arrays of a call.
    parameters : list of (Parameter or NDArray, Node)
        The other variables.
    met : list of Block
        All blocks that took part.
    watched : Versions
        Arrays that it depends on in other ways: it is out of date when they change.
    reads_mode : bool
        It is right for the mode alone, training or not, recording or not, in which it was made.
    backend : callable
        How its code runs (``graph/backends``).
    """

    def __init__(
        self,
        graph: Symbol,
        form: Hashable,
        inputs: Sequence[Node],
        parameters: Sequence[tuple[Parameter | NDArray, Node]],
        met: Sequence[Block],
        watched: Versions,
        reads_mode: bool,
        backend: Backend,
    ) -> None:
        self.graph, self.form, self.met, self.watched, self.reads_mode = graph, form, met, watched, reads_mode
        self.inputs, self.parameters = list(inputs), list(parameters)
        owners = [owner for owner, _ in self.parameters]

        def arrays(ctx: Context) -> list[NDArray]:
            return [owner.data(ctx) if isinstance(owner, Parameter) else owner for owner in owners]

        nodes = [node for _, node in self.parameters]
        self.cached = CachedGraph(graph._heads, self.inputs, nodes, arrays, backend, watched.guards)

    def regroup(self, outputs: list[NDArray]) -> Any:
        """The outputs as the block nests them."""
        return rebuild(self.form, iter(outputs))


class _Composer:
    """``state.tracing`` while blocks compose symbols."""

    of_arrays = False

    def __init__(self, block: Block) -> None:
        self.reads_mode = False
        self.blocks: list[Block] = [block]
        self.met: list[Block] = []

    def refuse(self, what: str, instead: str | None = None) -> RecordingError:
        """The error for using ``what`` in the line of the user's that is being run."""
        return refusal(what, self.blocks[-1].name, instead)


def runs(block: Block) -> bool:
    """Whether the tree has to be recorded by running it: some block has a ``forward`` that knows no symbols."""
    return any(not getattr(type(each).forward, "takes_symbols", False) for each in tree(block))


def compose(block: HybridBlock, form: Hashable, arrays: Sequence[NDArray]) -> Recording:
    """Record by composing symbols. Raises RecordingError, with the line, for what symbols cannot do."""
    inputs = block._variables(len(arrays))
    args, kwargs = rebuild(form, iter(inputs))
    composer = state.tracing = _Composer(block)
    try:
        outputs = block.forward(*args, **kwargs)
    except Exception as error:
        raise _explained(error, composer) from None
    finally:
        state.tracing = None
    found: list[Symbol] = []
    nested = flatten(_split(outputs), lambda item: isinstance(item, Symbol), found)
    if not found:
        raise _no_results(f"{block.name}: hybrid_forward returned {outputs!r:.200}, which holds no Symbol.", outputs)
    graph = symbol.Group(found)
    nodes = [entry._heads[0].node for entry in inputs]
    owners = _parameters(block)
    parameters = []
    for node in graph._nodes():
        if node.op is None and node not in nodes:
            if node.name not in owners:
                raise AssertionError(
                    f"Unknown input to HybridBlock {block.name}: {node.name!r} is neither an input nor one of its "
                    "parameters. Every input of an operator must be given."
                )
            parameters.append((owners[node.name], node))
    met, watched = composer.met, Versions(_attributes(block))
    return Recording(graph, nested, nodes, parameters, met, watched, composer.reads_mode, block._backend)


def _split(value: Any) -> Any:
    """A symbol of several outputs as a list of them, which is what the imperative operator returns."""
    if isinstance(value, Symbol):
        return list(value) if len(value) > 1 else value
    if isinstance(value, dict):
        return type(value)(zip(value, map(_split, value.values()), strict=True))
    if isinstance(value, (list, tuple)):
        inside = map(_split, value)
        return type(value)(*inside) if hasattr(value, "_fields") else type(value)(inside)
    return value


def _parameters(block: Block) -> dict[str, Parameter]:
    """All parameters of a tree by name, those of other blocks that it uses included."""
    found: dict[str, Parameter] = {}
    for each in tree(block):
        for parameter in own(each):
            if found.setdefault(parameter.name, parameter) is not parameter:
                raise MXNetError(
                    f"{block.name} has two parameters called {parameter.name!r}; names in a graph must be unique. Give "
                    "one of the blocks another prefix."
                )
    return found


def own(block: Block) -> Iterator[Parameter]:
    """A block's own parameters."""
    yield from block._params.values()
    yield from block._reg_params.values()


def tree(block: Block) -> Iterator[Block]:
    """A block and all below it."""
    yield block
    for child in block._children.values():
        yield from tree(child)


def trace(block: HybridBlock, form: Hashable, arrays: Sequence[NDArray]) -> tuple[Recording, list[NDArray]]:
    """Record by running on arrays; also returns the outputs. Raises RecordingError for what would escape the graph."""
    recorder = Recorder()
    recorder.blocks.append(block)
    variables = block._variables(len(arrays))
    inputs = [recorder.stand_in(a, v._heads[0]) for a, v in zip(arrays, variables, strict=True)]
    args, kwargs = rebuild(form, iter(inputs))
    before = Versions(_attributes(block))
    state.tracing = recorder
    try:
        outputs = block.forward(*args, **kwargs)
    finally:
        state.tracing = None
    recorder.check_constants()
    _check_attributes(block, before)
    found: list[NDArray] = []
    nested = flatten(outputs, lambda item: isinstance(item, NDArray), found)
    if not found:
        raise _no_results(f"{block.name}: forward returned {outputs!r:.200}, which holds no array.", outputs)
    graph = Symbol([recorder.entry(array) for array in found])
    owners = [*recorder.parameters, *recorder.constants.values()]
    used = set(graph._nodes())
    nodes = [array._entry.node for array in inputs]
    parameters = [(owner, node) for owner, node in owners if node in used]
    watched = Versions(_attributes(block))
    recording = Recording(graph, nested, nodes, parameters, recorder.met, watched, True, block._backend)
    return recording, [recorder.value(array) for array in found]


def _attributes(block: Block) -> Iterator[NDArray]:
    """The arrays that blocks of a tree keep, in attributes of their own. What a recording computes from their values
    alone is a constant in it.
    """
    for each in tree(block):
        for value in each.__dict__.values():
            yield from (item for item in items(value) if isinstance(item, NDArray))


def _check_attributes(block: Block, before: Versions) -> None:
    """Raise RecordingError where ``forward`` has changed an array that a block keeps, or keeps one of the graph."""
    if before.changed():
        raise cannot_record("writes to an array of its own", block.name, "", "return the new values as outputs")
    for each in tree(block):
        for name, value in each.__dict__.items():
            if any(isinstance(item, TracedArray) for item in items(value)):
                raise cannot_record(f"the attribute {name!r} to keep an array", each.name, "", "return it as an output")


def _no_results(message: str, outputs: Any) -> Exception:
    return TypeError(message) if outputs is None else ValueError(message)


class _NoSuchAttribute(RecordingError, AttributeError):
    """An attribute that arrays have and symbols do not."""


# What Python says of symbols -> which method is missing.
_REFUSALS = {
    "item assignment": "__setitem__",
    "int()": "__int__",
    "real number": "__float__",
    "integer": "__index__",
    "ufuncs": "__array__",
}


def _explained(error: Exception, composer: _Composer) -> Exception:
    """An error of the user's code, on symbols, with the line and what to write instead, if that is the reason."""
    what = None
    if isinstance(error, RecordingError):
        return error
    if isinstance(error, NotImplementedForSymbol):
        what = str(error).split()[1]
    elif isinstance(error, AttributeError) and isinstance(getattr(error, "obj", None), Symbol):
        what = error.name if hasattr(NDArray, error.name or "") else None
    elif isinstance(error, TypeError) and "Symbol" in str(error):
        text = str(error)
        what = next((name for words, name in _REFUSALS.items() if words in text), None)
    if what is None:
        return error
    frames = [(f.filename, f.lineno or 0) for f in reversed(traceback.extract_tb(error.__traceback__))]
    explained = cannot_record(what, composer.blocks[-1].name, user_line(frames))
    return _NoSuchAttribute(str(explained)) if isinstance(error, AttributeError) else explained
