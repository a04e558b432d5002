"""VariationalDropoutCell, LSTMPCell, and ``dynamic_unroll``, which loops inside of the graph."""

from __future__ import annotations

from typing import Any

from .... import initializer
from ....ndarray import NDArray
from ...parameter import ParameterDict, tensor_types  # noqa: F401 - MXNet has the types here, too
from ...rnn.cells import _Cell, need_size
from ...rnn.modifiers import Kept, ModifierCell, has_bidirectional, need_rate
from ...rnn.recurrent import need_states
from ...rnn.sequences import Sequence, begin_states, format_sequence, is_merged, mask_sequence, merges

__all__ = ["LSTMPCell", "VariationalDropoutCell", "dynamic_unroll"]

_Init = initializer.Initializer | str | None


class VariationalDropoutCell(ModifierCell):
    """Dropout with one mask for all steps of a sequence (Gal and Ghahramani, 2016, arXiv:1512.05287).

    A mask is drawn at the first step and lasts until ``reset()``, which ``unroll`` calls.

    Parameters
    ----------
    base_cell : HybridRecurrentCell
        The cell. AssertionError for one that makes no steps, if states are dropped.
    drop_inputs, drop_states, drop_outputs : float
        Probabilities for inputs, for the first state, and for outputs.
    """

    def __init__(
        self, base_cell: Any, drop_inputs: float = 0.0, drop_states: float = 0.0, drop_outputs: float = 0.0
    ) -> None:
        need_rate("drop_inputs", drop_inputs)
        need_rate("drop_states", drop_states)
        need_rate("drop_outputs", drop_outputs)
        if drop_states and has_bidirectional(base_cell):
            raise AssertionError(
                "BidirectionalCell doesn't support variational state dropout. Please add VariationalDropoutCell to the "
                "cells underneath instead."
            )
        super().__init__(base_cell)
        self.drop_inputs, self.drop_states, self.drop_outputs = drop_inputs, drop_states, drop_outputs

    _keeps = True
    _kept: Kept

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p_out = {self.drop_outputs}, p_state = {self.drop_states})"

    def _alias(self) -> str:
        return "vardrop"

    def reset(self) -> None:
        super().reset()
        self._note(_kept=Kept())

    def _dropped(self, F: Any, what: str, array: Any, rate: float) -> Any:
        if not rate:
            return array
        mask = self._kept.get(what, array)
        if mask is None:
            mask = self._kept.keep(what, F.Dropout(F.ones_like(array), p=rate))
        return array * mask

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        states = list(states)
        if self.drop_states:
            states[0] = self._dropped(F, "states", states[0], self.drop_states)
        inputs = self._dropped(F, "inputs", inputs, self.drop_inputs)
        output, states = self.base_cell(inputs, states)
        return self._dropped(F, "outputs", output, self.drop_outputs), states

    def unroll(
        self,
        length: int | None,
        inputs: Sequence,
        begin_state: list[Any] | None = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Sequence, list[Any]]:
        """``RecurrentCell.unroll``; unless states are dropped, inputs and outputs are dropped from all at once."""
        if self.drop_states:
            return super().unroll(length, inputs, begin_state, layout, merge_outputs, valid_length)
        self.reset()
        inputs, axis, F, batch_size = format_sequence(length, inputs, layout, True)
        states = begin_states(self, F, begin_state, inputs, batch_size)
        if self.drop_inputs:
            inputs = F.Dropout(inputs, p=self.drop_inputs, axes=(axis,))
        outputs, states = self.base_cell.unroll(length, inputs, states, layout, True, valid_length)
        if self.drop_outputs:
            outputs = F.Dropout(outputs, p=self.drop_outputs, axes=(axis,))
        merge = merges(outputs, merge_outputs)
        outputs = format_sequence(length, outputs, layout, merge)[0]
        if valid_length is not None:
            outputs = mask_sequence(F, outputs, length or len(outputs), valid_length, axis, merge)
        return outputs, states


class LSTMPCell(_Cell):
    r"""LSTM with a projection (Sak et al., 2014, arXiv:1402.1128): :math:`i, f, o = \sigma(W x + b + R h + c)`,
    :math:`g = \tanh(W x + b + R h + c)`, :math:`c' = f c + i g`, :math:`h' = P (o \tanh(c'))`.

    x: (N, input_size) · h: (N, projection_size) · c: (N, hidden_size) · W, R, P: i2h_weight, h2h_weight, h2r_weight ·
    output: h' · states: [h', c'].

    Parameters
    ----------
    hidden_size, projection_size : int
        Widths of c and h.
    i2h_weight_initializer, h2h_weight_initializer, h2r_weight_initializer, i2h_bias_initializer, h2h_bias_initializer
        Own initializers; None for that of ``initialize()``.
    input_size : int
        Width of x; 0 for that of the first input.
    """

    _gates = 4

    def __init__(
        self,
        hidden_size: int,
        projection_size: int,
        i2h_weight_initializer: _Init = None,
        h2h_weight_initializer: _Init = None,
        h2r_weight_initializer: _Init = None,
        i2h_bias_initializer: _Init = "zeros",
        h2h_bias_initializer: _Init = "zeros",
        input_size: int = 0,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None:
        need_size("projection_size", projection_size)
        super().__init__(
            hidden_size, i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer,
            input_size, prefix, params, projection_size, h2r_weight_initializer,
        )  # fmt: skip

    def _alias(self) -> str:
        return "lstmp"

    def _sizes(self) -> str:
        return f"{super()._sizes()} -> {self.h2r_weight.shape[0]}"

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        sizes = self._projection_size, self._hidden_size
        return [{"shape": (batch_size, size), "__layout__": "NC"} for size in sizes]

    def hybrid_forward(
        self,
        F: Any,
        inputs: Any,
        states: Any,
        i2h_weight: Any,
        h2h_weight: Any,
        h2r_weight: Any,
        i2h_bias: Any,
        h2h_bias: Any,
    ) -> tuple[Any, list[Any]]:
        need_states(self, states, 2)
        step = self._step
        i2h, h2h = self._maps(F, inputs, states[0], (i2h_weight, i2h_bias), (h2h_weight, h2h_bias))
        parts = F.SliceChannel(i2h + h2h, num_outputs=4, name=f"{step}slice")
        i = F.Activation(parts[0], act_type="sigmoid", name=f"{step}i")
        f = F.Activation(parts[1], act_type="sigmoid", name=f"{step}f")
        g = F.Activation(parts[2], act_type="tanh", name=f"{step}c")
        o = F.Activation(parts[3], act_type="sigmoid", name=f"{step}o")
        c = F.elemwise_add(f * states[1], i * g, name=f"{step}state")
        hidden = F.elemwise_mul(o, F.Activation(c, act_type="tanh"), name=f"{step}hidden")
        h = F.FullyConnected(hidden, h2r_weight, num_hidden=self._projection_size, no_bias=True, name=f"{step}out")
        return h, [h, c]


def dynamic_unroll(
    cell: Any,
    inputs: Any,
    begin_state: Any,
    drop_inputs: float = 0,
    drop_outputs: float = 0,
    layout: str = "TNC",
    valid_length: Any = None,
) -> tuple[Any, list[Any]]:
    """Unroll a cell with ``contrib.foreach``: the graph holds one step and a loop, and is right for any length.

    Parameters
    ----------
    cell : RecurrentCell
        What makes the steps.
    inputs : NDArray or Symbol
        All steps in one, of that ``layout``; time is the first or the second axis.
    begin_state : list
        The first states.
    drop_inputs, drop_outputs : float
        Variational dropout: shares of inputs and outputs that are dropped in training, the same in all steps.
    valid_length : NDArray or Symbol (N,), optional
        How many steps of each sequence count, see ``RecurrentCell.unroll``.

    Returns outputs in the layout, and the last states. Raises AssertionError for inputs in a list.
    """
    need_rate("drop_inputs", drop_inputs)
    need_rate("drop_outputs", drop_outputs)
    if not is_merged(inputs):
        raise AssertionError(f"dynamic_unroll takes all steps in one array, but got {type(inputs).__name__}.")
    inputs, axis, F, _ = format_sequence(None, inputs, layout, None)
    need_states(cell, begin_state, len(begin_state) if isinstance(begin_state, (list, tuple)) else 1)
    axes = list(range(len(layout)))
    axes[0], axes[axis] = axes[axis], axes[0]
    if axis:
        inputs = F.transpose(inputs, axes=axes)
    if drop_inputs:
        inputs = F.Dropout(inputs, p=drop_inputs, axes=(0,))
    states = list(begin_state)
    if valid_length is None:
        outputs, states = F.contrib.foreach(cell, inputs, states)
    else:

        def step(data: Any, states: list[Any]) -> tuple[Any, list[Any]]:
            *olds, time = states
            output, news = cell(data, olds)
            news = [
                F.where(F.broadcast_greater(valid_length, time), new, old) for new, old in zip(news, olds, strict=True)
            ]
            return output, [*news, time + 1]

        kind = {"ctx": inputs.context, "dtype": valid_length.dtype} if isinstance(inputs, NDArray) else {}
        outputs, (*states, _) = F.contrib.foreach(step, inputs, [*states, F.zeros(1, **kind)])
    if drop_outputs:
        outputs = F.Dropout(outputs, p=drop_outputs, axes=(0,))
    if axis:
        outputs = F.transpose(outputs, axes=axes)
    if valid_length is not None:
        outputs = F.SequenceMask(outputs, sequence_length=valid_length, use_sequence_length=True, axis=axis)
    return outputs, list(states)
