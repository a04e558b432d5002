"""The cells RNNCell, LSTMCell and GRUCell: one step of one layer."""

from __future__ import annotations

from typing import Any

from ... import initializer
from ..parameter import Parameter, ParameterDict
from .recurrent import HybridRecurrentCell, activate, check_activation, need_states

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "need_size"]

_Init = initializer.Initializer | str | None


def need_size(what: str, size: Any, least: int = 1) -> None:
    """Raise TypeError for what is no whole number, ValueError for one that is too small."""
    if not hasattr(size, "__index__"):
        raise TypeError(f"{what} must be a whole number, but is {size!r} of type {type(size).__name__}.")
    if size < least:
        raise ValueError(f"{what} must be at least {least}, but is {size}.")


class _Cell(HybridRecurrentCell):
    """A cell whose input x and last output h enter by affine maps, for all its gates at once."""

    _gates: int
    i2h_weight: Parameter
    h2r_weight: Parameter

    def __init__(
        self,
        hidden_size: int,
        i2h_weight_initializer: _Init,
        h2h_weight_initializer: _Init,
        i2h_bias_initializer: _Init,
        h2h_bias_initializer: _Init,
        input_size: int,
        prefix: str | None,
        params: ParameterDict | None,
        projection_size: int | None = None,
        h2r_weight_initializer: _Init = None,
    ) -> None:
        need_size("hidden_size", hidden_size)
        need_size("input_size", input_size, least=0)
        super().__init__(prefix, params)
        self._hidden_size, self._input_size, self._projection_size = hidden_size, input_size, projection_size
        rows = self._gates * hidden_size
        self._add("i2h_weight", (rows, input_size), i2h_weight_initializer)
        self._add("h2h_weight", (rows, projection_size or hidden_size), h2h_weight_initializer)
        if projection_size:
            self._add("h2r_weight", (projection_size, hidden_size), h2r_weight_initializer)
        self._add("i2h_bias", (rows,), i2h_bias_initializer)
        self._add("h2h_bias", (rows,), h2h_bias_initializer)

    def _add(self, name: str, shape: tuple[int, ...], init: _Init) -> None:
        setattr(self, name, self.params.get(name, shape=shape, init=init, allow_deferred_init=True))

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        return [{"shape": (batch_size, self._hidden_size), "__layout__": "NC"}]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._sizes()})"

    def _sizes(self) -> str:
        rows, width = self.i2h_weight.shape
        return f"{width or None} -> {rows}"

    def _maps(self, F: Any, inputs: Any, state: Any, i2h: tuple[Any, Any], h2h: tuple[Any, Any]) -> tuple[Any, Any]:
        """The maps, each (weight, bias), of input and last output: (N, gates * hidden_size)."""
        rows, step = self._gates * self._hidden_size, self._step
        return (
            F.FullyConnected(inputs, *i2h, num_hidden=rows, name=f"{step}i2h"),
            F.FullyConnected(state, *h2h, num_hidden=rows, name=f"{step}h2h"),
        )

    @property
    def _step(self) -> str:
        """What names in the graph of this step begin with."""
        return f"t{self._counter}_"


class RNNCell(_Cell):
    r"""Elman's cell: :math:`h' = \phi(W x + b + R h + c)`.

    x: (N, input_size) · h: (N, hidden_size) · W, R: i2h_weight, h2h_weight · b, c: i2h_bias, h2h_bias · output and
    state are h'.

    Parameters
    ----------
    hidden_size : int
        Width of h.
    activation : str, Block or function
        :math:`\phi`: 'tanh', 'relu', 'sigmoid', 'softrelu', 'softsign', or a block such as LeakyReLU.
    i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer : Initializer or str
        Own initializers; None for that of ``initialize()``.
    input_size : int
        Width of x; 0 for that of the first input.
    """

    _gates = 1

    def __init__(
        self,
        hidden_size: int,
        activation: Any = "tanh",
        i2h_weight_initializer: _Init = None,
        h2h_weight_initializer: _Init = None,
        i2h_bias_initializer: _Init = "zeros",
        h2h_bias_initializer: _Init = "zeros",
        input_size: int = 0,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None:
        check_activation(activation)
        super().__init__(
            hidden_size, i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer,
            input_size, prefix, params,
        )  # fmt: skip
        self._activation = activation

    def _alias(self) -> str:
        return "rnn"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._sizes()}, {self._activation})"

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any
    ) -> tuple[Any, list[Any]]:
        need_states(self, states, 1)
        step = self._step
        i2h, h2h = self._maps(F, inputs, states[0], (i2h_weight, i2h_bias), (h2h_weight, h2h_bias))
        total = F.elemwise_add(i2h, h2h, name=f"{step}plus0")
        output = activate(F, total, self._activation, name=f"{step}out")
        return output, [output]


class LSTMCell(_Cell):
    r"""Long short-term memory (Hochreiter and Schmidhuber, 1997): :math:`i, f, o = \sigma(W x + b + R h + c)`,
    :math:`g = \phi(W x + b + R h + c)`, :math:`c' = f c + i g`, :math:`h' = o\, \phi(c')`.

    x: (N, input_size) · h, c: (N, hidden_size) · W, R: i2h_weight, h2h_weight, the rows of i, f, g and o one below the
    other · output: h' · states: [h', c'].

    Parameters
    ----------
    hidden_size : int
        Width of h and c.
    activation, recurrent_activation : str, Block or function
        :math:`\phi` and :math:`\sigma`, as for `RNNCell`.
    i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer : Initializer or str
        Own initializers; None for that of ``initialize()``.
    input_size : int
        Width of x; 0 for that of the first input.
    """

    _gates = 4

    def __init__(
        self,
        hidden_size: int,
        i2h_weight_initializer: _Init = None,
        h2h_weight_initializer: _Init = None,
        i2h_bias_initializer: _Init = "zeros",
        h2h_bias_initializer: _Init = "zeros",
        input_size: int = 0,
        prefix: str | None = None,
        params: ParameterDict | None = None,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
    ) -> None:
        check_activation(activation)
        check_activation(recurrent_activation)
        super().__init__(
            hidden_size, i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer,
            input_size, prefix, params,
        )  # fmt: skip
        self._activation, self._recurrent_activation = activation, recurrent_activation

    def _alias(self) -> str:
        return "lstm"

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        return super().state_info(batch_size) + super().state_info(batch_size)

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any
    ) -> tuple[Any, list[Any]]:
        need_states(self, states, 2)
        step, inner, gate = self._step, self._activation, self._recurrent_activation
        i2h, h2h = self._maps(F, inputs, states[0], (i2h_weight, i2h_bias), (h2h_weight, h2h_bias))
        total = F.elemwise_add(i2h, h2h, name=f"{step}plus0")
        parts = F.SliceChannel(total, num_outputs=4, name=f"{step}slice")
        i = activate(F, parts[0], gate, name=f"{step}i")
        f = activate(F, parts[1], gate, name=f"{step}f")
        g = activate(F, parts[2], inner, name=f"{step}c")
        o = activate(F, parts[3], gate, name=f"{step}o")
        kept, new = F.elemwise_mul(f, states[1], name=f"{step}mul0"), F.elemwise_mul(i, g, name=f"{step}mul1")
        c = F.elemwise_add(kept, new, name=f"{step}state")
        if isinstance(inner, str):
            shown = F.Activation(c, act_type=inner, name=f"{step}activation0")
        else:
            shown = activate(F, c, inner, name=f"{step}activation0")
        h = F.elemwise_mul(o, shown, name=f"{step}out")
        return h, [h, c]


class GRUCell(_Cell):
    r"""Gated recurrent unit (Cho et al., 2014, arXiv:1406.1078): :math:`r, z = \sigma(W x + b + R h + c)`,
    :math:`n = \tanh(W x + b + r (R h + c))`, :math:`h' = (1 - z) n + z h`.

    x: (N, input_size) · h: (N, hidden_size) · W, R: i2h_weight, h2h_weight, the rows of r, z and n one below the
    other · output and state are h'. Parameters: as for `LSTMCell`.
    """

    _gates = 3

    def __init__(
        self,
        hidden_size: int,
        i2h_weight_initializer: _Init = None,
        h2h_weight_initializer: _Init = None,
        i2h_bias_initializer: _Init = "zeros",
        h2h_bias_initializer: _Init = "zeros",
        input_size: int = 0,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None:
        super().__init__(
            hidden_size, i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer,
            input_size, prefix, params,
        )  # fmt: skip

    def _alias(self) -> str:
        return "gru"

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any
    ) -> tuple[Any, list[Any]]:
        need_states(self, states, 1)
        step, last = self._step, states[0]
        i2h, h2h = self._maps(F, inputs, last, (i2h_weight, i2h_bias), (h2h_weight, h2h_bias))
        i2h_r, i2h_z, i2h_n = F.SliceChannel(i2h, num_outputs=3, name=f"{step}i2h_slice")
        h2h_r, h2h_z, h2h_n = F.SliceChannel(h2h, num_outputs=3, name=f"{step}h2h_slice")
        r = F.Activation(F.elemwise_add(i2h_r, h2h_r, name=f"{step}plus0"), act_type="sigmoid", name=f"{step}r_act")
        z = F.Activation(F.elemwise_add(i2h_z, h2h_z, name=f"{step}plus1"), act_type="sigmoid", name=f"{step}z_act")
        reset = F.elemwise_mul(r, h2h_n, name=f"{step}mul0")
        n = F.Activation(F.elemwise_add(i2h_n, reset, name=f"{step}plus2"), act_type="tanh", name=f"{step}h_act")
        rest = F.elemwise_sub(F.ones_like(z, name=f"{step}ones_like0"), z, name=f"{step}minus0")
        new, kept = F.elemwise_mul(rest, n, name=f"{step}mul1"), F.elemwise_mul(z, last, name=f"{step}mul20")
        h = F.elemwise_add(new, kept, name=f"{step}out")
        return h, [h]
