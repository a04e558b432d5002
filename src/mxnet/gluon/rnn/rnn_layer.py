"""The layers RNN, LSTM and GRU: all steps, layers and directions of a network in one operator."""

from __future__ import annotations

from typing import Any

from ... import initializer, ndarray, symbol
from ..._state import state
from ...ndarray import NDArray
from ...symbol import Symbol
from ..block import HybridBlock
from . import rnn_cell
from .cells import need_size
from .modifiers import need_rate
from .recurrent import StateError

__all__ = ["GRU", "LSTM", "RNN"]

_Init = initializer.Initializer | str | None
_GATES = {"rnn_relu": 1, "rnn_tanh": 1, "lstm": 4, "gru": 3}
_CELLS: dict[str, Any] = {
    "rnn_relu": lambda size, **kwargs: rnn_cell.RNNCell(size, activation="relu", **kwargs),
    "rnn_tanh": lambda size, **kwargs: rnn_cell.RNNCell(size, activation="tanh", **kwargs),
    "lstm": rnn_cell.LSTMCell,
    "gru": rnn_cell.GRUCell,
}


class _RNNLayer(HybridBlock):
    """What the three layers share. The parameters of layer k are ``l{k}_...`` and, backwards, ``r{k}_...``."""

    def __init__(
        self,
        hidden_size: int,
        num_layers: int,
        layout: str,
        dropout: float,
        bidirectional: bool,
        input_size: int,
        i2h_weight_initializer: _Init,
        h2h_weight_initializer: _Init,
        i2h_bias_initializer: _Init,
        h2h_bias_initializer: _Init,
        mode: str,
        projection_size: int | None,
        h2r_weight_initializer: _Init,
        lstm_state_clip_min: float | None,
        lstm_state_clip_max: float | None,
        lstm_state_clip_nan: bool,
        dtype: Any,
        use_sequence_length: bool = False,
        **kwargs: Any,
    ) -> None:
        if layout not in ("TNC", "NTC"):
            raise AssertionError(f"Invalid layout {layout}; must be one of ['TNC' or 'NTC']")
        need_size("hidden_size", hidden_size)
        need_size("num_layers", num_layers)
        need_size("input_size", input_size, least=0)
        need_rate("dropout", dropout)
        if projection_size is not None:
            need_size("projection_size", projection_size)
        if (lstm_state_clip_min is None) != (lstm_state_clip_max is None):
            raise ValueError(
                "state_clip_min and state_clip_max must be given together, but are "
                f"{lstm_state_clip_min} and {lstm_state_clip_max}."
            )
        super().__init__(**kwargs)
        self._hidden_size, self._projection_size, self._input_size = hidden_size, projection_size, input_size
        self._num_layers, self._dir, self._layout = num_layers, 2 if bidirectional else 1, layout
        self._mode, self._gates, self._dropout = mode, _GATES[mode], dropout
        self._clip = {
            "lstm_state_clip_min": lstm_state_clip_min,
            "lstm_state_clip_max": lstm_state_clip_max,
            "lstm_state_clip_nan": lstm_state_clip_nan,
        }
        self._dtype, self._use_sequence_length = dtype, use_sequence_length
        self._i2h_weight_initializer, self._h2h_weight_initializer = i2h_weight_initializer, h2h_weight_initializer
        self._i2h_bias_initializer, self._h2h_bias_initializer = i2h_bias_initializer, h2h_bias_initializer
        rows, out, width = self._gates * hidden_size, projection_size or hidden_size, input_size
        for layer in range(num_layers):
            for side in self._sides:
                shapes: list[tuple[str, tuple[int, ...], _Init]] = [
                    ("i2h_weight", (rows, width), i2h_weight_initializer),
                    ("h2h_weight", (rows, out), h2h_weight_initializer),
                    ("i2h_bias", (rows,), i2h_bias_initializer),
                    ("h2h_bias", (rows,), h2h_bias_initializer),
                ]
                if projection_size:
                    shapes.append(("h2r_weight", (projection_size, hidden_size), h2r_weight_initializer))
                for what, shape, init in shapes:
                    name = f"{side}{layer}_{what}"
                    parameter = self.params.get(name, shape=shape, init=init, allow_deferred_init=True, dtype=dtype)
                    setattr(self, name, parameter)
            width = out * self._dir

    @property
    def _sides(self) -> str:
        return "lr"[: self._dir]

    def __repr__(self) -> str:
        rows, width = self._reg_params["l0_i2h_weight"].shape
        about = f"{width or None} -> {rows // self._gates}, {self._layout}"
        if self._num_layers != 1:
            about += f", num_layers={self._num_layers}"
        if self._dropout != 0:
            about += f", dropout={self._dropout}"
        if self._dir == 2:
            about += ", bidirectional"
        return f"{type(self).__name__}({about})"

    def _collect_params_with_prefix(self, prefix: str = "") -> dict[str, Any]:
        """As if the layer were the stack of cells that ``_unfuse`` makes: so either can load what the other saved."""
        start = f"{prefix}." if prefix else ""
        found = {}
        for name, parameter in self._reg_params.items():
            side, layer, what = name[0], *name[1:].split("_", 1)
            cell = f"{layer}.{side}_cell" if self._dir == 2 else layer
            found[f"{start}_unfused.{cell}.{what}"] = parameter
        return found

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        """Shape (layers * directions, batch, width), layout and dtype of each state."""
        sizes = [self._projection_size or self._hidden_size]
        if self._mode == "lstm":
            sizes.append(self._hidden_size)
        count = self._num_layers * self._dir
        return [{"shape": (count, batch_size, size), "__layout__": "LNC", "dtype": self._dtype} for size in sizes]

    def begin_state(self, batch_size: int = 0, func: Any = ndarray.zeros, **kwargs: Any) -> list[Any]:
        """The first states, made by ``func(shape=..., **kwargs)``: mx.nd.zeros, mx.sym.zeros, mx.nd.random.normal"""
        return [
            func(name=f"{self._prefix}h0_{i}", **{**info, **kwargs})
            for i, info in enumerate(self.state_info(batch_size))
        ]

    def _unfuse(self) -> rnn_cell.HybridSequentialRNNCell:
        """The same network as a stack of cells that shares this layer's parameters.

        Raises AssertionError for layers with projection or clipping, which cells do not have.
        """
        for what, used in (("projection layer", self._projection_size), ("state clipping", any(self._clip.values()))):
            if used:
                raise AssertionError(f"_unfuse does not support {what} yet!")
        kwargs = {
            "i2h_weight_initializer": self._i2h_weight_initializer,
            "h2h_weight_initializer": self._h2h_weight_initializer,
            "i2h_bias_initializer": self._i2h_bias_initializer,
            "h2h_bias_initializer": self._h2h_bias_initializer,
        }
        make, width = _CELLS[self._mode], self._input_size
        stack = rnn_cell.HybridSequentialRNNCell(prefix=self.prefix, params=self.params)
        with stack.name_scope():
            for layer in range(self._num_layers):
                cells = [
                    make(self._hidden_size, prefix=f"{side}{layer}_", input_size=width, **kwargs)
                    for side in self._sides
                ]
                stack.add(rnn_cell.BidirectionalCell(*cells) if self._dir == 2 else cells[0])
                if self._dropout > 0 and layer + 1 < self._num_layers:
                    stack.add(rnn_cell.DropoutCell(self._dropout))
                width = self._hidden_size * self._dir
        return stack

    def cast(self, dtype: Any) -> None:
        """Convert the parameters; the first states have the same dtype from then on."""
        super().cast(dtype)
        self._dtype = dtype

    # Computing

    def __call__(self, inputs: Any, states: Any = None, sequence_length: Any = None, **kwargs: Any) -> Any:
        """``outputs``, or with ``states``, an array or a list, ``(outputs, states)``.

        inputs: (T, N, C), or (N, T, C) for layout 'NTC' · states: (layers * directions, N, hidden_size), for LSTM two ·
        sequence_length: (N,), from 1 to T, with ``use_sequence_length`` · outputs: (T, N, directions * hidden_size).
        """
        if not isinstance(inputs, (NDArray, Symbol)):
            raise ValueError(f"{self.name}: inputs must be an NDArray or a Symbol, but are of type {type(inputs)}.")
        skip = states is None
        if skip:
            states = self._first_states(inputs)
        elif isinstance(states, (NDArray, Symbol)):
            states = [states]
        if not isinstance(states, (list, tuple)):
            raise TypeError(f"{self.name} needs an array or a list of arrays as states, but got {type(states)}.")
        states = list(states)
        self._check(inputs, states, sequence_length)
        more = (sequence_length,) if self._use_sequence_length else ()
        if skip:
            kwargs["skip_states"] = True
        return super().__call__(inputs, states, *more, **kwargs)

    def _first_states(self, inputs: Any) -> list[Any]:
        if isinstance(inputs, Symbol):
            return self.begin_state(0, func=symbol.zeros)
        batch = inputs.shape[self._layout.find("N")] if inputs.ndim > 1 else 0
        if state.tracing is None:  # the name is for graphs
            made = {"ctx": inputs.context, "dtype": inputs.dtype}
            return [ndarray.zeros(info["shape"], **made) for info in self.state_info(batch)]
        return self.begin_state(batch, ctx=inputs.context, dtype=inputs.dtype)

    def _check(self, inputs: Any, states: list[Any], lengths: Any) -> None:
        """Raise StateError for inputs, states and lengths that do not fit, as far as shapes are known."""
        expected = self.state_info()
        problem = None
        if len(states) != len(expected):
            problem = f"needs {len(expected)} states, but got {len(states)}"
        elif (lengths is None) and self._use_sequence_length:
            problem = "has use_sequence_length=True, so it needs sequence_length, but got none"
        elif isinstance(inputs, NDArray):
            if inputs.ndim != 3:
                problem = f"needs inputs of layout {self._layout}, but got shape {inputs.shape}"
            else:
                wanted = [info["shape"] for info in self.state_info(inputs.shape[self._layout.find("N")])]
                shapes = [getattr(each, "shape", None) for each in states]
                if shapes != wanted:
                    problem = f"needs states of shape {wanted} for inputs {inputs.shape}, but got {shapes}"
        if problem:
            raise StateError(f"{self.name}: {self!r} {problem}.")

    def infer_shape(self, inputs: Any, *args: Any, **kwargs: Any) -> None:
        """Set the width of the input."""
        for side in self._sides:
            weight = self._reg_params[f"{side}0_i2h_weight"]
            weight.shape = (weight.shape[0], inputs.shape[2])

    def hybrid_forward(
        self,
        F: Any,
        inputs: Any,
        states: Any,
        sequence_length: Any = None,
        skip_states: bool = False,
        **kwargs: Any,
    ) -> Any:
        if self._layout == "NTC":
            inputs = F.swapaxes(inputs, dim1=0, dim2=1)
        names = [f"{side}{layer}_{{}}" for layer in range(self._num_layers) for side in self._sides]
        weights = ["i2h_weight", "h2h_weight", *(["h2r_weight"] if self._projection_size else [])]
        order = [name.format(what) for whats in (weights, ["i2h_bias", "h2h_bias"]) for name in names for what in whats]
        parameters = F._internal._rnn_param_concat(*(kwargs[name].reshape(-1) for name in order), dim=0)
        lengths = {} if sequence_length is None else {"sequence_length": sequence_length}
        outputs, *after = F.RNN(
            inputs, parameters, *states, **lengths, use_sequence_length=self._use_sequence_length,
            state_size=self._hidden_size, projection_size=self._projection_size, num_layers=self._num_layers,
            bidirectional=self._dir == 2, p=self._dropout, state_outputs=True, mode=self._mode, **self._clip,
        )  # fmt: skip
        if self._layout == "NTC":
            outputs = F.swapaxes(outputs, dim1=0, dim2=1)
        return outputs if skip_states else (outputs, after)


class RNN(_RNNLayer):
    r"""Elman's network of several layers: :math:`h' = \phi(W x + b + R h + c)`, see `RNNCell`.

    Parameters
    ----------
    hidden_size : int
        Width of h.
    num_layers : int
        Layers; each gets the outputs of the one below.
    activation : str
        :math:`\phi`: 'relu' or 'tanh'. KeyError for others.
    layout : str
        'TNC' or 'NTC': the axes of inputs and outputs, time, batch and features.
    dropout : float
        Share of the outputs of every layer but the last that is dropped in training.
    bidirectional : bool
        Whether there are cells for both directions; their outputs lie beside each other.
    i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer : Initializer or str
        Own initializers of W, R, b and c; None for that of ``initialize()``.
    input_size : int
        Width of the input; 0 for that of the first batch.
    dtype : str or numpy dtype
        Of parameters, input and states.
    use_sequence_length : bool
        Whether calls give ``sequence_length``: outputs after the end of a sequence are 0, and states are those at it.
    """

    def __init__(
        self,
        hidden_size: int,
        num_layers: int = 1,
        activation: str = "relu",
        layout: str = "TNC",
        dropout: float = 0,
        bidirectional: bool = False,
        i2h_weight_initializer: _Init = None,
        h2h_weight_initializer: _Init = None,
        i2h_bias_initializer: _Init = "zeros",
        h2h_bias_initializer: _Init = "zeros",
        input_size: int = 0,
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        if activation not in ("relu", "tanh"):
            raise KeyError(f"activation must be 'relu' or 'tanh', but is {activation!r}")
        super().__init__(
            hidden_size, num_layers, layout, dropout, bidirectional, input_size,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer,
            f"rnn_{activation}", None, None, None, None, False, dtype, **kwargs,
        )  # fmt: skip


class LSTM(_RNNLayer):
    r"""Long short-term memory of several layers, see `LSTMCell`; with ``projection_size`` h is projected to that width
    (Sak et al., 2014, arXiv:1402.1128): :math:`h' = P (o \tanh(c'))`, P: h2r_weight.

    Parameters
    ----------
    projection_size : int, optional
        Width of the outputs and of the first state.
    h2r_weight_initializer : Initializer or str, optional
        Of P.
    state_clip_min, state_clip_max : float, optional
        Bounds of c'. With state_clip_nan, a NaN in it becomes the lower bound.

    The others: as for `RNN`.
    """

    def __init__(
        self,
        hidden_size: int,
        num_layers: int = 1,
        layout: str = "TNC",
        dropout: float = 0,
        bidirectional: bool = False,
        input_size: int = 0,
        i2h_weight_initializer: _Init = None,
        h2h_weight_initializer: _Init = None,
        i2h_bias_initializer: _Init = "zeros",
        h2h_bias_initializer: _Init = "zeros",
        projection_size: int | None = None,
        h2r_weight_initializer: _Init = None,
        state_clip_min: float | None = None,
        state_clip_max: float | None = None,
        state_clip_nan: bool = False,
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            hidden_size, num_layers, layout, dropout, bidirectional, input_size,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer,
            "lstm", projection_size, h2r_weight_initializer, state_clip_min, state_clip_max, state_clip_nan,
            dtype, **kwargs,
        )  # fmt: skip


class GRU(_RNNLayer):
    """Gated recurrent units in several layers, see `GRUCell`. Parameters: as for `RNN`."""

    def __init__(
        self,
        hidden_size: int,
        num_layers: int = 1,
        layout: str = "TNC",
        dropout: float = 0,
        bidirectional: bool = False,
        input_size: int = 0,
        i2h_weight_initializer: _Init = None,
        h2h_weight_initializer: _Init = None,
        i2h_bias_initializer: _Init = "zeros",
        h2h_bias_initializer: _Init = "zeros",
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            hidden_size, num_layers, layout, dropout, bidirectional, input_size,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer,
            "gru", None, None, None, None, False, dtype, **kwargs,
        )  # fmt: skip
