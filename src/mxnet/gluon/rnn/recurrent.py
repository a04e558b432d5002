"""RecurrentCell and HybridRecurrentCell: one step of a recurrent network, and how steps become a sequence."""

from __future__ import annotations

from typing import Any

from ... import ndarray
from ..._state import state
from ...base import MXNetError
from ..block import Block, HybridBlock
from ..nn import LeakyReLU
from ..parameter import ParameterDict
from .sequences import Sequence, begin_states, format_sequence, mask_sequence

__all__ = ["HybridRecurrentCell", "RecurrentCell", "StateError", "activate", "check_activation", "need_states"]

_BY_NAME = ("tanh", "relu", "sigmoid", "softsign")  # are operators, too
_ACTIVATIONS = (*_BY_NAME, "softrelu")


class StateError(MXNetError, ValueError):
    """States that are not those of the cell or layer."""


def _keeps(block: Block) -> bool:
    return getattr(block, "_keeps", False) or any(map(_keeps, block._children.values()))


def need_states(block: Block, states: Any, count: int) -> None:
    """Raise StateError unless ``states`` is a list of so many."""
    if not isinstance(states, (list, tuple)) or len(states) != count:
        got = f"{len(states)} states" if isinstance(states, (list, tuple)) else f"{type(states).__name__}"
        raise StateError(
            f"{block.name}: {block!r} needs a list of {count} states, as begin_state() gives, but got {got}."
        )


def check_activation(activation: Any) -> None:
    """Raise ValueError for an unknown name, TypeError for what can be neither name nor function."""
    if isinstance(activation, str):
        if activation not in _ACTIVATIONS:
            raise ValueError(f"activation must be one of {', '.join(_ACTIVATIONS)}, or a block, but is {activation!r}.")
    elif not callable(activation):
        raise TypeError(f"activation must be a name, a block or a function, but is {activation!r}.")


def activate(F: Any, inputs: Any, activation: Any, **kwargs: Any) -> Any:
    """An activation by its name, as a block, or as a function; ``kwargs`` name the operator in the graph."""
    if isinstance(activation, str):
        if activation in _BY_NAME:
            return getattr(F, activation)(inputs, **kwargs)
        return F.Activation(inputs, act_type=activation, **kwargs)
    if isinstance(activation, LeakyReLU):
        return F.LeakyReLU(inputs, act_type="leaky", slope=activation._alpha, **kwargs)
    return activation(inputs) if isinstance(activation, Block) else activation(inputs, **kwargs)


class RecurrentCell(Block):
    """Base class of recurrent cells: ``output, states = cell(input, states)``.

    Subclasses define ``state_info``, what states they need, and ``forward``.
    """

    _modified = False  # a modifier has taken it over
    _keeps = False  # arrays from one step to the next, beside the states
    _init_counter = _counter = -1  # of begin states and of steps, for names in graphs

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix, params)
        self.reset()

    def reset(self) -> None:
        """Begin another sequence: forget what was kept of the last one."""
        self._note(_init_counter=-1, _counter=-1)
        for cell in self._children.values():
            if isinstance(cell, RecurrentCell):
                cell.reset()

    def _note(self, **attributes: Any) -> None:
        """Set attributes without being changed: graphs that were recorded stay as they are."""
        self.__dict__.update(attributes)

    def _need_unmodified(self) -> None:
        if self._modified:
            raise AssertionError(
                "After applying modifier cells (e.g. ZoneoutCell) the base cell cannot be called directly. Call the "
                "modifier cell instead."
            )

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        """Shape and layout of each state."""
        raise NotImplementedError(f"{type(self).__name__} must define state_info(self, batch_size=0).")

    def begin_state(self, batch_size: int = 0, func: Any = ndarray.zeros, **kwargs: Any) -> list[Any]:
        """The first states, made by ``func(shape=..., **kwargs)``: mx.nd.zeros, mx.sym.zeros, mx.nd.random.uniform ...

        AssertionError for a cell that a modifier has taken over.
        """
        self._need_unmodified()
        states = []
        for info in self.state_info(batch_size):
            self._note(_init_counter=self._init_counter + 1)
            states.append(func(name=f"{self._prefix}begin_state_{self._init_counter}", **{**(info or {}), **kwargs}))
        return states

    def unroll(
        self,
        length: int | None,
        inputs: Sequence,
        begin_state: list[Any] | None = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Sequence, list[Any]]:
        """Make ``length`` steps. Returns the outputs of all and the last states.

        Parameters
        ----------
        inputs : NDArray, Symbol or list of these
            One array of that ``layout``, or one (N, ...) for each step.
        begin_state : list, optional
            Zeros by default.
        merge_outputs : bool, optional
            Whether the outputs become one array of that layout, or a list. By default a list, but one array with
            ``valid_length``.
        valid_length : NDArray or Symbol (N,), optional
            How many steps of each sequence count: later outputs are 0, and the states are those after the last one
            that counts.

        AssertionError where the inputs have another number of steps.
        """
        self.reset()
        inputs, axis, F, batch_size = format_sequence(length, inputs, layout, False)
        states = begin_states(self, F, begin_state, inputs, batch_size)
        outputs, after = [], []
        for step in inputs:
            output, states = self(step, states)
            outputs.append(output)
            after.append(states)
        if valid_length is not None:
            use = {"sequence_length": valid_length, "use_sequence_length": True, "axis": 0}
            states = [F.SequenceLast(F.stack(*each, axis=0), **use) for each in zip(*after, strict=True)]
            outputs = mask_sequence(F, outputs, len(inputs), valid_length, axis, True)
        return format_sequence(len(inputs), outputs, layout, merge_outputs)[0], states

    def forward(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        """One step."""
        self._note(_counter=self._counter + 1)
        return super().forward(inputs, states)

    forward.takes_symbols = True  # type: ignore[attr-defined]


class HybridRecurrentCell(RecurrentCell, HybridBlock):
    """Base class of cells that can be hybridized; subclasses define ``hybrid_forward(F, inputs, states, **params)``."""

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix, params)

    def _compute(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        if self._active and state.tracing is None and _keeps(self):
            return self.forward(*args, **kwargs)  # a graph has no memory; those of the cells below run
        return super()._compute(args, kwargs)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} must define hybrid_forward(self, F, inputs, states, **params)."
        )
