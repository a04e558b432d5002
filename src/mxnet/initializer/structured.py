"""Initializers for one kind of parameter: upsampling kernels, the bias of an LSTM, the flat vector of a fused RNN."""

from __future__ import annotations

import math
from typing import Any

from ..ndarray import NDArray
from .base import InitDesc, Initializer, create, register

GATES = {
    "rnn_relu": ("",),
    "rnn_tanh": ("",),
    "lstm": ("_i", "_f", "_c", "_o"),
    "gru": ("_r", "_z", "_o"),
}


@register
class Bilinear(Initializer):
    """Bilinear interpolation for the (out, in, height, width) weights of a Conv2DTranspose that enlarges its input."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, name: str, arr: NDArray) -> None:
        self._init_bilinear(name, arr)


@register
class LSTMBias(Initializer):
    """Zeros, and ``forget_bias`` in the forget gate: the second quarter of the bias of an LSTM cell."""

    def __init__(self, forget_bias: float = 1.0) -> None:
        super().__init__(forget_bias=forget_bias)
        self.forget_bias = forget_bias

    def _init_weight(self, _: str, arr: NDArray) -> None:
        arr[:] = 0.0
        num_hidden = arr.shape[0] // 4
        arr[num_hidden : 2 * num_hidden] = self.forget_bias


@register
class FusedRNN(Initializer):
    """The one flat parameter vector of the fused RNN operator, piece by piece.

    Every gate's weight and bias is filled by ``init`` (an Initializer, a name, what ``dumps`` returned), or by the
    network's initializer where it is None; the biases of an LSTM's forget gates are ``forget_bias``. mode: "lstm",
    "gru", "rnn_relu" or "rnn_tanh". The vector holds all weights, then all biases; each by layer, direction,
    input-to-hidden before hidden-to-hidden, gate. ValueError when its length fits no width of the input.
    """

    def __init__(
        self,
        init: Initializer | str | None,
        num_hidden: int,
        num_layers: int,
        mode: str,
        bidirectional: bool = False,
        forget_bias: float = 1.0,
    ) -> None:
        if mode not in GATES:
            raise ValueError(f"FusedRNN: mode must be one of {', '.join(GATES)}, got {mode!r}.")
        if num_hidden < 1 or num_layers < 1:
            raise ValueError(f"FusedRNN: sizes must be positive, got num_hidden={num_hidden}, num_layers={num_layers}.")
        self._init: Initializer | None = None if init is None else create(init)
        super().__init__(
            init=self._init and self._init.dumps(),
            num_hidden=num_hidden,
            num_layers=num_layers,
            mode=mode,
            bidirectional=bidirectional,
            forget_bias=forget_bias,
        )
        self._num_hidden = num_hidden
        self._num_layers = num_layers
        self._mode = mode
        self._bidirectional = bidirectional
        self._forget_bias = forget_bias

    def _init_weight(self, desc: InitDesc, arr: NDArray) -> None:
        fill: Any = self._init or desc.global_init
        start = 0
        for name, shape in self._pieces(arr.size):
            stop = start + math.prod(shape)
            piece = arr[start:stop].reshape(shape)
            if name.endswith("_f_bias"):
                piece[:] = self._forget_bias
            else:
                fill(InitDesc(name, global_init=desc.global_init), piece)
            start = stop

    def _pieces(self, size: int) -> list[tuple[str, tuple[int, ...]]]:
        """Name and shape of every gate's weight and bias, in the order of a flat vector of ``size`` elements."""
        gates, hidden, layers = GATES[self._mode], self._num_hidden, self._num_layers
        directions = ("l", "r") if self._bidirectional else ("l",)
        outputs = len(directions) * hidden
        # Per row of a weight matrix: its own width, twice a bias. Solve for the width that the first layer sees.
        rows = len(gates) * outputs
        width, rest = divmod(size, rows)
        num_input = width - layers * (hidden + 2) - (layers - 1) * outputs
        if rest or num_input < 1:
            raise ValueError(
                f"FusedRNN: {size} elements do not fit {self._mode!r} with num_layers={layers}, num_hidden={hidden}, "
                f"bidirectional={self._bidirectional}, whatever the width of its input."
            )
        matrices = [
            (f"{direction}{layer}_{source}{gate}", columns)
            for layer in range(layers)
            for direction in directions
            for source, columns in (("i2h", outputs if layer else num_input), ("h2h", hidden))
            for gate in gates
        ]
        weights = [(f"{name}_weight", (hidden, columns)) for name, columns in matrices]
        return weights + [(f"{name}_bias", (hidden,)) for name, _ in matrices]
