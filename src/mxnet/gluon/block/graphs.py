"""Graphs: what was recorded of one hybridized block, and the calls that run it."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ... import dtypes
from ..._state import changes, state
from ...base import MXNetError
from ...graph import infer
from ...graph.node import Entry, Node
from ...graph.partial import is_open
from ...graph.precision import without_casts
from ...ndarray import NDArray
from ...ops import precision
from ...symbol import Symbol
from ..parameter import DeferredInitializationError, Parameter
from .nested import ARRAY
from .recording import Recording, compose, own, runs, trace, tree

if TYPE_CHECKING:
    from .base import Block
    from .hybrid import HybridBlock

__all__ = ["Graphs", "ShapeInferenceError", "finish", "set_shapes"]

_MOST = 128  # recordings that one block keeps


class ShapeInferenceError(MXNetError, ValueError):
    """The first input does not tell the shapes of a block's parameters, or contradicts them."""

    @classmethod
    def of(cls, name: str, inputs: Iterable[Any], reason: object) -> ShapeInferenceError:
        """The error for a block and what it was called with."""
        shown = ", ".join(str(x.shape) if isinstance(x, NDArray) else repr(x) for x in inputs)
        return cls(
            f"Deferred initialization of {name} failed because shapes cannot be inferred from inputs {shown}: {reason}"
        )


class Graphs:
    """The recordings of a block by form of call; and where blocks have to run to be recorded, by shapes and mode.

    Whatever may change what a block computes increases ``changes.count``: then the blocks of the tree are compared with
    those that were recorded.
    """

    def __init__(self, block: HybridBlock) -> None:
        self._block = block
        self._recordings: dict[Hashable, Recording] = {}
        self._stamp = -1
        self._seen: list[Any] = []
        self._met: dict[int, Block] = {}  # blocks that took part in recordings, those outside of the tree included
        self._runs = False
        self._lock = threading.RLock()
        self.last: Recording | None = None

    def call(self, form: Any, arrays: Sequence[NDArray]) -> Any:
        """The block's outputs for arrays, nested as ``form`` says."""
        seen = changes.count
        with self._lock:
            if seen != self._stamp:
                self._check()
                self._stamp = seen
            recording, outputs = self._find(form, arrays)
        recording.cached.hook = self._block._op_hook
        if outputs is None:
            try:
                outputs = recording.cached.run(arrays, seen)
            except DeferredInitializationError:
                outputs = self._first(recording, arrays)
        self.last = recording
        block = self._block
        plain = all(item is ARRAY for item in form[2][0][2]) and not form[2][1][1]
        watched = block._forward_hooks or block._forward_pre_hooks
        block.__dict__["_latest"] = recording if plain and not watched else None
        return recording.regroup(outputs)

    def _check(self) -> None:
        """Forget everything if the tree has changed."""
        if self._versions() != self._seen:
            self._recordings.clear()
            self._met.clear()
            self._seen = self._versions()
            self._runs = runs(self._block)

    def _versions(self) -> list[Any]:
        blocks = (*tree(self._block), *self._met.values())
        return [precision.policy, *((id(block), block.__dict__.get("_version", 0)) for block in blocks)]

    def _keep(self, key: Hashable, recording: Recording) -> None:
        if len(self._recordings) >= _MOST:
            del self._recordings[next(iter(self._recordings))]
        self._recordings[key] = recording
        self._met.update((id(block), block) for block in recording.met)
        self._seen = self._versions()

    def _find(self, form: Hashable, arrays: Sequence[NDArray]) -> tuple[Recording, list[NDArray] | None]:
        """The recording for a call; also the outputs, if recording it gave them."""
        mode = (form, state.training, state.recording)
        shapes = (*mode, *((a.shape, a.dtype, a.stype, a._ctx) for a in arrays)) if self._runs else None
        found = self._recordings.get(shapes) if self._runs else self._recordings.get(form) or self._recordings.get(mode)
        if found is not None and not found.watched.changed():
            return found, None
        if self._runs:
            with _waiting_again(parameter for block in tree(self._block) for parameter in own(block)):
                recording, outputs = trace(self._block, form, arrays)
            self._keep(shapes, recording)
            return recording, outputs
        recording = compose(self._block, form, arrays)
        self._keep(mode if recording.reads_mode else form, recording)
        return recording, None

    def _first(self, recording: Recording, arrays: Sequence[NDArray]) -> list[NDArray]:
        """Initialize the parameters that waited for the shapes of the first inputs, and run; on failure they wait
        again.
        """
        owners = [owner for owner, _ in recording.parameters if isinstance(owner, Parameter)]
        with self._lock, _waiting_again(owners):
            set_shapes(self._block.name, recording, arrays)
            for owner in owners:
                finish(self._block.name, owner)
            return recording.cached.run(arrays, -1)


@contextmanager
def _waiting_again(parameters: Iterable[Parameter]) -> Iterator[None]:
    """After an error inside, parameters that waited for their shapes wait again."""
    before = [(parameter, parameter._waiting()) for parameter in parameters]
    try:
        yield
    except BaseException:
        for parameter, waiting in before:
            parameter._wait_again(waiting)
        raise


def set_shapes(name: str, recording: Recording, arrays: Sequence[NDArray]) -> None:
    """Set the unknown shapes of a block's parameters, from the shapes of its inputs.

    Raises ShapeInferenceError, where the operators refuse the inputs.
    """
    shapes = {node.name: array.shape for node, array in zip(recording.inputs, arrays, strict=True)}
    types = {node.name: dtypes.resolve(array.dtype).torch for node, array in zip(recording.inputs, arrays, strict=True)}
    try:
        variables = [node for _, node in recording.parameters]
        graph = Symbol(without_casts(recording.graph._heads))  # casts change no shape, and shapes pass them slowly
        known: Mapping[Node, Any] = {}
        if not any(map(is_open, graph._nodes())):
            known, _ = infer.infer(graph._heads, shapes, types, outputs=False)
        if not all(all(known.get(node) or (0,)) for node in variables):
            found = graph._found(shapes, types)
            known = {node: found.shape(Entry(node)) for node in variables}
    except Exception as error:
        raise ShapeInferenceError.of(name, arrays, error) from None
    for owner, node in recording.parameters:
        if isinstance(owner, Parameter) and node in known:
            owner.shape = known[node]


def finish(name: str, parameter: Parameter) -> None:
    """Make the values of a block's parameter, if it waited for its shape. ShapeInferenceError where that is unknown."""
    if parameter._deferred_init and not parameter._shape_is_known():
        raise ShapeInferenceError(
            f"Deferred initialization of {name} failed: the inputs do not tell the shape of Parameter "
            f"'{parameter.name}', which is {parameter.shape}. Every size must be positive."
        )
    parameter._finish_deferred_init()
