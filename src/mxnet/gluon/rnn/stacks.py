"""Cells made of cells: one above the other, or one for each direction of time."""

from __future__ import annotations

from typing import Any

from ..block import Block
from ..parameter import ParameterDict
from .recurrent import HybridRecurrentCell, RecurrentCell, need_states
from .sequences import (
    Sequence,
    begin_states,
    format_sequence,
    mask_sequence,
    merges,
    reverse_sequence,
)

__all__ = ["BidirectionalCell", "HybridSequentialRNNCell", "SequentialRNNCell"]


def _cells(compound: RecurrentCell) -> list[Any]:
    return list(compound._children.values())


class _Compound(RecurrentCell):
    """A cell made of cells. The states are those of all of them in one list."""

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        return [info for cell in _cells(self) for info in cell.state_info(batch_size)]

    def begin_state(self, **kwargs: Any) -> list[Any]:
        """The first states of all cells; takes the keywords of ``RecurrentCell.begin_state``."""
        self._need_unmodified()
        return [state for cell in _cells(self) for state in cell.begin_state(**kwargs)]


class _Stack(_Compound):
    """What SequentialRNNCell and HybridSequentialRNNCell share."""

    def __repr__(self) -> str:
        children = self._children.items()
        cells = "\n".join(f"({name}): {repr(cell).replace(chr(10), chr(10) + '  ')}" for name, cell in children)
        return f"{type(self).__name__}(\n{cells}\n)"

    def add(self, cell: Any) -> None:
        """Add a cell on top."""
        self.register_child(cell)

    def __getitem__(self, i: int | str) -> Block:
        """A cell by its number. KeyError where there is none."""
        return self._children[str(i)]

    def __len__(self) -> int:
        return len(self._children)

    def unroll(
        self,
        length: int | None,
        inputs: Sequence,
        begin_state: list[Any] | None = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Sequence, list[Any]]:
        """``RecurrentCell.unroll``, cell by cell: each makes all its steps before the next one begins."""
        self.reset()
        inputs, _, F, batch_size = format_sequence(length, inputs, layout, None)
        states = begin_states(self, F, begin_state, inputs, batch_size)
        need_states(self, states, len(self.state_info()))
        after: list[Any] = []
        for i, cell in enumerate(_cells(self)):
            count = len(cell.state_info())
            mine, states = states[:count], states[count:]
            merge = merge_outputs if i + 1 == len(self) else None
            inputs, mine = cell.unroll(length, inputs, mine, layout, merge, valid_length)
            after += mine
        return inputs, after

    def _advance(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        """One step of all cells."""
        need_states(self, states, len(self.state_info()))
        after: list[Any] = []
        for cell in _cells(self):
            count = len(cell.state_info())
            inputs, mine = cell(inputs, list(states[:count]))
            states = states[count:]
            after += mine
        return inputs, after


class SequentialRNNCell(_Stack):
    """Cells one above the other: the output of each is the input of the next."""

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix, params)

    def forward(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        self._note(_counter=self._counter + 1)
        return self._advance(inputs, states)


class HybridSequentialRNNCell(_Stack, HybridRecurrentCell):
    """Cells one above the other, all of which can be hybridized: the output of each is the input of the next."""

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix, params)

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        return self._advance(inputs, states)


class BidirectionalCell(_Compound, HybridRecurrentCell):
    """Two cells, of which the second goes backwards through the sequence. They can only be unrolled.

    An output is that of ``l_cell`` and, beside it, that of ``r_cell`` for the same step; the states are those of
    ``l_cell``, then those of ``r_cell``, which begins at the end of each sequence (see ``valid_length``).

    Parameters
    ----------
    l_cell, r_cell : HybridRecurrentCell
        The cells for the two directions.
    output_prefix : str
        What names of outputs in graphs begin with.
    """

    def __init__(self, l_cell: Any, r_cell: Any, output_prefix: str = "bi_") -> None:
        super().__init__("", None)
        self.register_child(l_cell, "l_cell")
        self.register_child(r_cell, "r_cell")
        self._output_prefix = output_prefix

    def __repr__(self) -> str:
        cells = self._children
        return f"{type(self).__name__}(forward={cells['l_cell']!r}, backward={cells['r_cell']!r})"

    def __call__(self, inputs: Any, states: Any) -> Any:
        raise NotImplementedError("Bidirectional cannot be stepped. Please use unroll")

    def unroll(
        self,
        length: int | None,
        inputs: Sequence,
        begin_state: list[Any] | None = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Sequence, list[Any]]:
        """``RecurrentCell.unroll`` of both cells, the second one backwards."""
        self.reset()
        inputs, axis, F, batch_size = format_sequence(length, inputs, layout, False)
        steps = len(inputs)
        backwards = reverse_sequence(F, inputs, valid_length)
        states = begin_states(self, F, begin_state, inputs, batch_size)
        need_states(self, states, len(self.state_info()))
        left: Any = self._children["l_cell"]
        right: Any = self._children["r_cell"]
        count = len(left.state_info(batch_size))
        ahead, l_states = left.unroll(steps, inputs, states[:count], layout, merge_outputs, valid_length)
        back, r_states = right.unroll(steps, backwards, states[count:], layout, False, valid_length)
        back = reverse_sequence(F, back, valid_length)
        merge = merges(ahead, merge_outputs)
        ahead, back = (format_sequence(None, each, layout, merge)[0] for each in (ahead, back))
        if merge:
            outputs = F.concat(ahead, back, dim=2, name=f"{self._output_prefix}out")
        else:
            outputs = [
                F.concat(one, other, dim=1, name=f"{self._output_prefix}t{i}")
                for i, (one, other) in enumerate(zip(ahead, back, strict=True))
            ]
        if valid_length is not None:
            outputs = mask_sequence(F, outputs, steps, valid_length, axis, merge)
        return outputs, l_states + r_states
