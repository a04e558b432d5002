"""Cells that change another cell's steps, and DropoutCell, which only drops."""

from __future__ import annotations

from typing import Any

from ... import symbol
from ..._state import state as thread
from ...base import numeric_types
from ..block import Block
from ..parameter import ParameterDict
from .recurrent import HybridRecurrentCell, RecurrentCell
from .sequences import Sequence, format_sequence, is_merged, mask_sequence, merges
from .stacks import BidirectionalCell

__all__ = ["DropoutCell", "Kept", "ModifierCell", "ResidualCell", "ZoneoutCell", "has_bidirectional", "need_rate"]


def need_rate(what: str, rate: Any) -> None:
    """Raise AssertionError for what is no number, ValueError for one that is no probability."""
    if not isinstance(rate, numeric_types):
        raise AssertionError(f"{what} must be a number, but is {rate!r}.")
    if not 0 <= float(rate) <= 1:
        raise ValueError(f"{what} is a probability, from 0 to 1, but is {rate}.")


def has_bidirectional(cell: Any) -> bool:
    """Whether some cell of a tree can only be unrolled."""
    return isinstance(cell, BidirectionalCell) or (
        isinstance(cell, Block) and any(map(has_bidirectional, cell._children.values()))
    )


class Kept:
    """What a cell keeps from step to step, arrays or symbols by name: only within one recording, or outside of any."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._where: Any = None

    def get(self, name: str, like: Any) -> Any:
        """What is kept; None where that is of another kind than ``like``, an input of this step."""
        value = self._values.get(name)
        return value if self._where is thread.tracing and type(value) is type(like) else None

    def keep(self, name: str, value: Any) -> Any:
        if self._where is not thread.tracing:
            self._values, self._where = {}, thread.tracing
        self._values[name] = value
        return value

    def __getstate__(self) -> dict[str, Any]:
        return {"_values": {}, "_where": None}


class DropoutCell(HybridRecurrentCell):
    """Drops elements of the input with probability ``rate`` in training; it has no states.

    Parameters
    ----------
    rate : float
        Share that is dropped.
    axes : tuple of int
        Axes along which one mask is shared.
    """

    def __init__(
        self,
        rate: float,
        axes: tuple[int, ...] = (),
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None:
        need_rate("rate", rate)
        super().__init__(prefix, params)
        self._rate, self._axes = rate, axes

    def __repr__(self) -> str:
        return f"{type(self).__name__}(rate={self._rate}, axes={self._axes})"

    def _alias(self) -> str:
        return "dropout"

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        return []

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> tuple[Any, Any]:
        if self._rate > 0:
            inputs = F.Dropout(inputs, p=self._rate, axes=self._axes, name=f"t{self._counter}_fwd")
        return inputs, states

    def unroll(
        self,
        length: int | None,
        inputs: Sequence,
        begin_state: list[Any] | None = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Sequence, list[Any]]:
        """``RecurrentCell.unroll``; a merged sequence is dropped from at once."""
        self.reset()
        inputs, _, F, _ = format_sequence(length, inputs, layout, merge_outputs)
        if is_merged(inputs):
            return self.hybrid_forward(F, inputs, begin_state or [])
        return super().unroll(length, inputs, begin_state, layout, merge_outputs)


class ModifierCell(HybridRecurrentCell):
    """Base class of cells that change what another one, ``base_cell``, does. Parameters and states are that cell's;
    from now on it can be used through the modifier only.
    """

    def __init__(self, base_cell: Any) -> None:
        if not isinstance(base_cell, RecurrentCell):
            raise AttributeError(f"{type(self).__name__} modifies a cell, but got {base_cell!r:.200}.")
        super().__init__(base_cell.prefix + self._alias(), None)
        self.base_cell = base_cell
        base_cell._note(_modified=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_cell!r})"

    @property
    def params(self) -> ParameterDict:
        return self.base_cell.params

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        return self.base_cell.state_info(batch_size)

    def begin_state(self, func: Any = symbol.zeros, **kwargs: Any) -> list[Any]:
        """The first states of the base cell; ``func`` makes symbols by default."""
        self._need_unmodified()
        with _Free(self.base_cell):
            return self.base_cell.begin_state(func=func, **kwargs)

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define hybrid_forward(self, F, inputs, states).")


class _Free:
    """``with _Free(cell):`` the cell may be used directly, though it is modified."""

    def __init__(self, cell: RecurrentCell) -> None:
        self._cell = cell

    def __enter__(self) -> None:
        self._cell._note(_modified=False)

    def __exit__(self, *exc_info: object) -> None:
        self._cell._note(_modified=True)


class ZoneoutCell(ModifierCell):
    """Zoneout (Krueger et al., 2017, arXiv:1606.01305): in training, each element of an output or state keeps its value
    of the last step with some probability.

    Parameters
    ----------
    base_cell : HybridRecurrentCell
        The cell. AssertionError for a BidirectionalCell, which makes no steps.
    zoneout_outputs, zoneout_states : float
        The probabilities for outputs and states. The output before the first one is 0.
    """

    def __init__(self, base_cell: Any, zoneout_outputs: float = 0.0, zoneout_states: float = 0.0) -> None:
        need_rate("zoneout_outputs", zoneout_outputs)
        need_rate("zoneout_states", zoneout_states)
        if has_bidirectional(base_cell):
            raise AssertionError(
                "BidirectionalCell doesn't support zoneout since it doesn't support step. Please add ZoneoutCell to "
                "the cells underneath instead."
            )
        super().__init__(base_cell)
        self.zoneout_outputs, self.zoneout_states = zoneout_outputs, zoneout_states

    def __repr__(self) -> str:
        rates = f"p_out={self.zoneout_outputs}, p_state={self.zoneout_states}"
        return f"{type(self).__name__}({rates}, {self.base_cell!r})"

    def _alias(self) -> str:
        return "zoneout"

    _kept: Kept

    @property
    def _keeps(self) -> bool:
        return self.zoneout_outputs > 0

    def reset(self) -> None:
        super().reset()
        self._note(_kept=Kept())

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        output, news = self.base_cell(inputs, states)

        def new_or(last: Any, new: Any, p: float) -> Any:
            return F.where(F.Dropout(F.ones_like(new), p=p), new, last)

        if self.zoneout_outputs:
            last = self._kept.get("output", inputs)
            output = new_or(F.zeros_like(output) if last is None else last, output, self.zoneout_outputs)
            self._kept.keep("output", output)
        if self.zoneout_states:
            news = [new_or(last, new, self.zoneout_states) for new, last in zip(news, states, strict=True)]
        return output, news


class ResidualCell(ModifierCell):
    """Adds the input to the output (Wu et al., 2016, arXiv:1609.08144); both need one width."""

    def __init__(self, base_cell: Any) -> None:
        super().__init__(base_cell)

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        output, states = self.base_cell(inputs, states)
        return F.elemwise_add(output, inputs, name=f"t{self._counter}_fwd"), states

    def unroll(
        self,
        length: int | None,
        inputs: Sequence,
        begin_state: list[Any] | None = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Sequence, list[Any]]:
        """``RecurrentCell.unroll``; the base cell is unrolled in its own way, which may be a faster one."""
        self.reset()
        with _Free(self.base_cell):
            outputs, states = self.base_cell.unroll(length, inputs, begin_state, layout, merge_outputs, valid_length)
        merge = merges(outputs, merge_outputs)
        inputs, axis, F, _ = format_sequence(length, inputs, layout, merge)
        if valid_length is not None:
            inputs = mask_sequence(F, inputs, length or len(inputs), valid_length, axis, merge)
        if merge:
            return F.elemwise_add(outputs, inputs), states
        return [F.elemwise_add(output, step) for output, step in zip(outputs, inputs, strict=True)], states
