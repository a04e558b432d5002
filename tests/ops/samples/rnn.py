"""Recurrent networks in all modes, and the concatenation of their parameters."""

from __future__ import annotations

from typing import Any

from .core import Array, Family, arr, ints, lit

family = Family("rnn")
add, error = family.add, family.error

GATES = {"rnn_relu": 1, "rnn_tanh": 1, "gru": 3, "lstm": 4}
STEPS, BATCH, WIDTH, SIZE = 3, 2, 3, 2


def inputs(mode: str, layers: int = 1, directions: int = 1, dtype: str = "float32") -> list[Array]:
    """Data, parameters and states of a network."""
    rows, width, count = GATES[mode] * SIZE, WIDTH, 0
    for _ in range(layers):
        count += directions * rows * (width + SIZE + 2)
        width = SIZE * directions
    states: list[Array] = [arr(layers * directions, BATCH, SIZE, dtype=dtype)] * (2 if mode == "lstm" else 1)
    return [arr(STEPS, BATCH, WIDTH, dtype=dtype), arr(count, low=-1, high=1, dtype=dtype), *states]


def attributes(mode: str, layers: int = 1, **more: Any) -> dict[str, Any]:
    return {"state_size": SIZE, "num_layers": layers, "mode": mode, **more}


def rnn(mode: str, layers: int = 1, directions: int = 1, dtype: str = "float32", **more: Any) -> None:
    """A network whose parameters and states can be deduced."""
    arrays = inputs(mode, layers, directions, dtype)
    how = {"bidirectional": True, **more} if directions == 2 else more
    checks: dict[str, Any] = {"deduced": tuple(range(1, len(arrays)))}
    if dtype == "float64" and mode != "lstm" and layers > 1:
        checks["golden_gradient"] = False  # MXNet's is another function's; finite differences confirm ours
    if dtype == "float64" and mode == "rnn_relu":
        checks |= {"rtol": 1e-6, "atol": 1e-6, "why": "MXNet rounds to float32"}
    if dtype == "float32":
        checks |= {"atol": 5e-6, "why": "oneDNN's exponentials, and the order of summation"}
    add("RNN", arrays, attributes(mode, layers, **how), **checks)


for mode in GATES:
    rnn(mode)
    rnn(mode, state_outputs=True)
    rnn(mode, directions=2, state_outputs=True)
    rnn(mode, layers=2, directions=2, state_outputs=True)
    rnn(mode, layers=2, dtype="float64", state_outputs=True)
    rnn(mode, layers=2, p=0.5, state_outputs=True)  # prediction: nothing is dropped
    rnn(mode, dtype="float64", directions=2)
    random = attributes(mode, 2, p=0.5, state_outputs=True)
    add("RNN", inputs(mode, 2), random, train=True, chance=True)
    add("RNN", inputs(mode), attributes(mode, p=0.9), train=True, atol=5e-6, why="as above")  # one layer: none between

# On CPUs MXNet takes lengths and bounds and ignores them. These change nothing; test_rnn.py has those that do.
full = lit([STEPS] * BATCH)
loose = {"atol": 5e-6, "why": "order of summation"}
with_lengths = {"use_sequence_length": True, "state_outputs": True}
add("RNN", [*inputs("lstm"), full], attributes("lstm", **with_lengths), grad=(0, 1, 2, 3), deduced=(1, 2, 3), **loose)
lengths = lit([STEPS] * BATCH, "int32")
add("RNN", [*inputs("lstm", 2, 2), lengths], attributes("lstm", 2, bidirectional=True, **with_lengths), **loose)
for mode in ("gru", "rnn_relu", "rnn_tanh"):  # without a cell, the lengths come fourth
    how = {"grad": (0, 1, 2), "symbol": False}
    add("RNN", [*inputs(mode), full], attributes(mode, **with_lengths), **how, **loose)
for nan in (True, False):
    wide = {
        "lstm_state_clip_min": -99.0,
        "lstm_state_clip_max": 99.0,
        "lstm_state_clip_nan": nan,
        "state_outputs": True,
    }
    add("RNN", inputs("lstm", 2, 2), attributes("lstm", 2, bidirectional=True, **wide), **loose)
add("RNN", inputs("gru"), attributes("gru", lstm_state_clip_min=-0.1, lstm_state_clip_max=0.1), **loose)
add("RNN", inputs("lstm"), attributes("lstm", projection_size=None), **loose)

LSTM = attributes("lstm")
data, parameters, state, cell = inputs("lstm")
error("RNN", [data, arr(parameters.shape[0] + 1), state, cell], LSTM)
error("RNN", [data, arr(parameters.shape[0], 1), state, cell], LSTM)
error("RNN", [data, parameters, state], LSTM)
error("RNN", [data, parameters, arr(1, 1, SIZE), cell], LSTM)
error("RNN", [data, parameters, arr(2, BATCH, SIZE), cell], LSTM)
error("RNN", [data, parameters, state, arr(1, BATCH, SIZE + 1)], LSTM)
error("RNN", [arr(BATCH, WIDTH), parameters, state, cell], LSTM)
error("RNN", [data, arr(parameters.shape[0], dtype="float64"), state, cell], LSTM)
error("RNN", [ints(*x.shape) for x in (data, parameters, state, cell)], LSTM)
error("RNN", [data, parameters, state, cell, full], LSTM)
error("RNN", [data, parameters, state, cell], {**LSTM, "use_sequence_length": True})
error("RNN", [data, parameters, state, cell, lit([1.0, 2.0, 3.0])], {**LSTM, "use_sequence_length": True})
error("RNN", [data, parameters, state, cell], {**LSTM, "p": 1.5})
error("RNN", [data, parameters, state, cell], {**LSTM, "num_layers": 0})
error("RNN", [data, parameters, state, cell], {**LSTM, "state_size": 0})
error("RNN", [data, parameters, state, cell], {**LSTM, "mode": "LSTM"})
error("RNN", [data, parameters, state, cell], {"state_size": SIZE, "num_layers": 1})
error("RNN", [data, parameters, state, cell], {"mode": "lstm", "num_layers": 1})
error("RNN", [*inputs("gru"), cell], attributes("gru"))
error("RNN", inputs("gru"), attributes("gru", projection_size=1))

add("_rnn_param_concat", [arr(3), arr(2)], {"dim": 0})
add("_rnn_param_concat", [arr(2, 1), arr(2, 3)])
add(
    "_rnn_param_concat",
    [arr(2, 1, dtype="float64"), arr(2, 2, dtype="float64"), arr(2, 1, dtype="float64")],
    {"dim": -1},
)
add("_rnn_param_concat", [ints(2), ints(3)], {"dim": 0})
add("_rnn_param_concat", [arr(2)], {"dim": 0})
error("_rnn_param_concat", [arr(3), arr(2)])
error("_rnn_param_concat", [arr(2, 3), arr(3, 3)])
error("_rnn_param_concat", [arr(3), arr(2, dtype="float64")], {"dim": 0})
