"""Recurrent networks: RNN runs all layers, directions and steps in torch's own fused kernels.

All parameters of a network lie in one vector. Its parts, as views, are what the kernels want, and on a GPU the vector
has the layout of cuDNN, so nothing is copied there either.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from ..checks import need_float, need_shape
from ..registry import operator
from .layers import dropout

__all__: list[str] = []

_GATES = {"rnn_relu": 1, "rnn_tanh": 1, "lstm": 4, "gru": 3}
_LARGE = 10_000
_KERNELS: dict[str, Any] = {
    "rnn_relu": torch.rnn_relu,
    "rnn_tanh": torch.rnn_tanh,
    "lstm": torch.lstm,
    "gru": torch.gru,
}


class _Layout(NamedTuple):
    """How the parameters of a network lie in their vector: the weights of all layers, then the biases of all layers.

    Each layer has, for each direction, the weights (G * H, C) of its input, (G * H, R) of its last output and, if it is
    projected, (R, H); and two biases (G * H,). H is the size of the state, R that of the output of a direction, C that
    of the input; G counts the gates, in the order i f g o (lstm) or r z n (gru).
    """

    sizes: tuple[int, ...]  # lengths of the parts
    order: tuple[tuple[int, tuple[int, int] | None], ...]  # the parts in torch's order, cell by cell; shapes of weights
    weights: int  # elements of all weights
    total: int

    def parts(self, parameters: Tensor) -> list[Tensor]:
        """Views of the vector, in torch's order."""
        pieces = parameters.split_with_sizes(self.sizes)
        return [pieces[i] if shape is None else pieces[i].view(shape) for i, shape in self.order]


@lru_cache(maxsize=256)
def _layout(mode: str, layers: int, directions: int, width: int, size: int, projection: int | None) -> _Layout:
    """The layout for input of that width and states of that size."""
    if layers < 1 or size < 1:
        raise ValueError(f"num_layers and state_size must be at least 1, but are {layers} and {size}")
    if projection is not None and (mode != "lstm" or projection < 1):
        raise ValueError(f"projection_size={projection} must be at least 1, and is for mode 'lstm' only")
    rows, out = _GATES[mode] * size, projection or size
    shapes: list[tuple[int, int]] = []
    for _ in range(layers):
        shapes += [(rows, width), (rows, out), *([(out, size)] if projection else [])] * directions
        width = out * directions
    order: list[tuple[int, tuple[int, int] | None]] = []
    bias = len(shapes)
    for first in range(0, len(shapes), 3 if projection else 2):
        order += [(first, shapes[first]), (first + 1, shapes[first + 1]), (bias, None), (bias + 1, None)]
        order += [(first + 2, shapes[first + 2])] if projection else []
        bias += 2
    sizes = [a * b for a, b in shapes]
    weights = sum(sizes)
    sizes += [rows] * (2 * directions * layers)
    return _Layout(tuple(sizes), tuple(order), weights, sum(sizes))


@operator(
    "RNN",
    types="T, T, T, T, L=T -> T*",
    outputs=lambda mode, state_outputs, **_: (3 if mode == "lstm" else 2) if state_outputs else 1,
    output_names=("output", "state_output", "statecell_output"),
    needs={
        "state_cell": lambda mode, **_: mode == "lstm",
        "sequence_length": lambda use_sequence_length, **_: use_sequence_length,
    },
    mixed=True,
    precision="low",
)
def rnn(
    data: Tensor,
    parameters: Tensor,
    state: Tensor,
    state_cell: Tensor | None = None,
    sequence_length: Tensor | None = None,
    *,
    state_size: int,
    num_layers: int,
    bidirectional: bool = False,
    mode: Literal["gru", "lstm", "rnn_relu", "rnn_tanh"],
    p: float = 0.0,
    state_outputs: bool = False,
    projection_size: int | None = None,
    lstm_state_clip_min: float | None = None,
    lstm_state_clip_max: float | None = None,
    lstm_state_clip_nan: bool = False,
    use_sequence_length: bool = False,
    _train: bool,
    _rng: torch.Generator | None,
) -> Tensor | tuple[Tensor, ...]:
    """A recurrent network of ``num_layers`` layers of H = ``state_size`` cells, in one or both directions of time.

    rnn_relu, rnn_tanh: h' = relu or tanh of (W x + b + R h + c) ·
    lstm (Hochreiter and Schmidhuber, 1997): i, f, o = sigmoid(...), g = tanh(...), c' = f * c + i * g,
    h' = o * tanh(c') · gru (Cho et al., 2014): r, z = sigmoid(...), n = tanh(W x + b + r * (R h + c)),
    h' = (1 - z) * n + z * h.

    data: (T, N, C) · parameters: one vector, the weights of all layers and directions, then their biases · state,
    state_cell (lstm only): (num_layers * D, N, H) · sequence_length: (N,), 1 to T, with ``use_sequence_length`` ·
    returns (T, N, D * H), with ``state_outputs`` also the last state and, for lstm, the last cell. D is 2 if
    ``bidirectional``, else 1.

    After the end of a sequence the output is 0; the last state is that at its end, where the other direction begins.
    ``p``: in training, the output of every layer but the last is dropped with that probability. ``projection_size``
    (lstm only): h' is multiplied with one more matrix, (projection_size, H), so that output and state have that size
    (Sak et al., 2014). ``lstm_state_clip_min``, ``lstm_state_clip_max``: bounds of c'; with ``lstm_state_clip_nan`` a
    NaN in it becomes the lower bound.
    """
    if mode != "lstm" and sequence_length is None and use_sequence_length:
        state_cell, sequence_length = None, state_cell  # without a cell, MXNet's fourth input is the lengths
    if data.dim() != 3:
        raise ValueError(f"data must be (T, N, C), but has shape {tuple(data.shape)}")
    steps, batch, width = data.shape
    directions = 2 if bidirectional else 1
    layout = _layout(mode, num_layers, directions, width, state_size, projection_size)
    out = projection_size or state_size
    need_shape("parameters", parameters, (layout.total,))
    need_shape("state", state, (num_layers * directions, batch, out))
    hidden = [state]
    if mode == "lstm":
        if state_cell is None:
            raise ValueError("state_cell is missing; mode 'lstm' needs it")
        need_shape("state_cell", state_cell, (num_layers * directions, batch, state_size))
        hidden.append(state_cell)
    elif state_cell is not None:
        raise ValueError(f"state_cell is for mode 'lstm', not {mode!r}")
    _need_dtype(data, parameters, hidden)
    if (sequence_length is None) is use_sequence_length:
        raise ValueError("sequence_length must be given with use_sequence_length=True, and only then")
    if not 0 <= p <= 1:
        raise ValueError(f"p is a probability, but is {p}")
    clip = None
    if mode == "lstm" and (lstm_state_clip_min is not None or lstm_state_clip_max is not None):
        clip = _Clip.checked(lstm_state_clip_min, lstm_state_clip_max, lstm_state_clip_nan)
    if sequence_length is not None:
        need_shape("sequence_length", sequence_length, (batch,))
    if data.is_meta:
        results = [data.new_empty(steps, batch, directions * out), *map(torch.empty_like, hidden)]
        return tuple(results) if state_outputs else results[0]

    lengths = None if sequence_length is None else _checked_lengths(sequence_length, steps)
    stepwise = clip is not None or projection_size == state_size  # torch takes equal sizes for no projection
    if projection_size and lengths is None and data.device.type == "cpu":
        lengths = torch.full((batch,), steps)  # packed: else torch warns that oneDNN has no projections
    run: Run
    if stepwise:
        run = _Steps(directions, lengths, clip)
    else:
        gradient = data.requires_grad or parameters.requires_grad or any(h.requires_grad for h in hidden)
        run = _Fused(mode, bidirectional, gradient and torch.is_grad_enabled())
        if lengths is not None:
            run = _Packed(run, lengths)
    drop = p if _train and num_layers > 1 else 0.0
    if drop or stepwise:
        widths = [width] + [directions * out] * (num_layers - 1)
        layouts = [_layout(mode, 1, directions, w, state_size, projection_size) for w in widths]
        parts = _compact(parameters, layouts) if data.is_cuda else _cut(layout.parts(parameters), num_layers)
        result, hidden = _by_layer(data, hidden, parts, run, drop, _rng)
    else:
        result, hidden = run(data, hidden, layout.parts(parameters), num_layers)
    return (result, *hidden) if state_outputs else result


@rnn.infers
def _(
    data: tuple,
    *,
    state_size: int,
    num_layers: int,
    bidirectional: bool,
    mode: str,
    projection_size: int | None,
    **_: Any,
) -> dict[str, tuple]:
    if len(data) != 3:
        raise ValueError(f"data must be (T, N, C), but has shape {data}")
    directions = 2 if bidirectional else 1
    layout = _layout(mode, num_layers, directions, data[2], state_size, projection_size)
    states = (num_layers * directions, data[1])
    return {
        "parameters": (layout.total,),
        "state": (*states, projection_size or state_size),
        "state_cell": (*states, state_size),
        "sequence_length": (data[1],),
    }


def _need_dtype(data: Tensor, parameters: Tensor, hidden: list[Tensor]) -> None:
    need_float(data)
    dtype = data.dtype
    for name, tensor in zip(("parameters", "state", "state_cell"), (parameters, *hidden), strict=False):
        if tensor.dtype is not dtype:
            raise ValueError(f"data, parameters and states must have one dtype, but {name} differs from data")


def _checked_lengths(sequence_length: Tensor, steps: int) -> Tensor:
    """Lengths as int64 numbers on the CPU, where torch wants them."""
    lengths = sequence_length.detach().to("cpu", torch.int64)
    if lengths.numel() and not 1 <= int(lengths.min()) <= int(lengths.max()) <= steps:
        raise ValueError(f"sequence_length must lie in 1 ... {steps}, but is {lengths.tolist()}")
    return lengths


# ---- ways to run layers ----------------------------------------------------------------------------------------------

# (input, states, parts of the parameters, number of layers) -> (output, states)
Run = Callable[[Tensor, list[Tensor], list[Tensor], int], tuple[Tensor, list[Tensor]]]


class _Fused(NamedTuple):
    """All layers in one call of torch's kernel: oneDNN (lstm) or torch's own on a CPU, cuDNN on a GPU."""

    mode: str
    bidirectional: bool
    gradient: bool  # whether one will be asked for: cuDNN must know it

    def __call__(
        self, data: Tensor, hidden: list[Tensor], parts: list[Tensor], layers: int, sizes: Tensor | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        states = hidden if self.mode == "lstm" else hidden[0]
        options = (parts, True, layers, 0.0, self.gradient, self.bidirectional)
        kernel = _KERNELS[self.mode]
        arguments = (data, states, *options, False) if sizes is None else (data, sizes, states, *options)
        if self.gradient or data.numel() < _LARGE:
            result, *hidden = kernel(*arguments)
        else:  # in this mode torch takes oneDNN, which is a tenth faster on large data, a third slower on small
            with torch.no_grad():
                result, *hidden = kernel(*arguments)
        return result, hidden


class _Packed(NamedTuple):
    """``fused`` on sequences of several lengths, packed so that no time is spent beyond their ends."""

    fused: _Fused
    lengths: Tensor

    def __call__(
        self, data: Tensor, hidden: list[Tensor], parts: list[Tensor], layers: int
    ) -> tuple[Tensor, list[Tensor]]:
        packed = pack_padded_sequence(data, self.lengths, enforce_sorted=False)
        order, back = packed.sorted_indices, packed.unsorted_indices
        assert order is not None
        assert back is not None
        hidden = [h.index_select(1, order) for h in hidden]
        result, hidden = self.fused(packed.data, hidden, parts, layers, packed.batch_sizes)
        padded = pad_packed_sequence(PackedSequence(result, packed.batch_sizes, order, back), total_length=len(data))
        return padded[0], [h.index_select(1, back) for h in hidden]


class _Clip(NamedTuple):
    """Bounds of the cells of an LSTM."""

    low: float
    high: float
    nan: bool

    @classmethod
    def checked(cls, low: float | None, high: float | None, nan: bool) -> _Clip:
        if low is None or high is None or low > high:
            raise ValueError(
                "lstm_state_clip_min and lstm_state_clip_max must be given together, the smaller one first, but are "
                f"{low} and {high}"
            )
        return cls(low, high, nan)

    def __call__(self, cell: Tensor) -> Tensor:
        if self.nan:
            cell = torch.where(cell.isnan(), self.low, cell)
        return cell.clamp(self.low, self.high)


class _Steps(NamedTuple):
    """One layer of LSTM step by step, for what torch's kernels do not do."""

    directions: int
    lengths: Tensor | None
    clip: _Clip | None

    def __call__(
        self, data: Tensor, hidden: list[Tensor], parts: list[Tensor], layers: int
    ) -> tuple[Tensor, list[Tensor]]:
        assert layers == 1
        live = None  # (T, N, 1): whether the sequence has that step
        if self.lengths is not None:
            live = (torch.arange(len(data)).unsqueeze(1) < self.lengths).unsqueeze(2).to(data.device)
        per_cell = len(parts) // self.directions
        outputs, states, cells = [], [], []
        for d in range(self.directions):
            w_input, w_state, b_input, b_state, *projection = parts[d * per_cell : (d + 1) * per_cell]
            h, c = hidden[0][d], hidden[1][d]
            inputs = F.linear(data, w_input, b_input + b_state)
            output = [h] * len(data)
            for t in reversed(range(len(data))) if d else range(len(data)):
                i, f, g, o = torch.chunk(inputs[t] + F.linear(h, w_state), 4, 1)
                new_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
                new_c = new_c if self.clip is None else self.clip(new_c)
                new_h = torch.sigmoid(o) * torch.tanh(new_c)
                new_h = F.linear(new_h, projection[0]) if projection else new_h
                if live is None:
                    h, c, output[t] = new_h, new_c, new_h
                else:
                    h, c = torch.where(live[t], new_h, h), torch.where(live[t], new_c, c)
                    output[t] = new_h * live[t]
            outputs.append(torch.stack(output))
            states.append(h)
            cells.append(c)
        return torch.cat(outputs, 2), [torch.stack(states), torch.stack(cells)]


def _cut(parts: list[Tensor], layers: int) -> list[list[Tensor]]:
    """The parts of each layer."""
    count = len(parts) // layers
    return [parts[i : i + count] for i in range(0, len(parts), count)]


def _compact(parameters: Tensor, layouts: list[_Layout]) -> list[list[Tensor]]:
    """The parts of each layer, copied into one piece of memory, which is what cuDNN wants."""
    weights, biases = [each.weights for each in layouts], [each.total - each.weights for each in layouts]
    pieces = parameters.split_with_sizes(weights + biases)
    count = len(layouts)
    return [layout.parts(torch.cat((pieces[i], pieces[count + i]))) for i, layout in enumerate(layouts)]


def _by_layer(
    data: Tensor,
    hidden: list[Tensor],
    parts: list[list[Tensor]],
    run: Run,
    drop: float,
    rng: torch.Generator | None,
) -> tuple[Tensor, list[Tensor]]:
    """One layer after the other, with dropout between them. Torch's kernels can drop too, but with random numbers of
    torch's own.
    """
    states = len(hidden[0]) // len(parts)
    finals: list[list[Tensor]] = []
    for i, mine in enumerate(parts):
        if i and drop:
            data = dropout.fn(data, p=drop, _train=True, _rng=rng)
        start = [h[i * states : (i + 1) * states] for h in hidden]
        data, final = run(data, start, mine, 1)
        finals.append(final)
    return data, [torch.cat(ends) for ends in zip(*finals, strict=True)]


@operator("_rnn_param_concat")
def rnn_param_concat(*data: Tensor, num_args: int = 1, dim: int = 1) -> Tensor:
    """Arrays one after the other along axis ``dim``: the parameters of a network as the one vector that RNN wants."""
    return torch.cat(data, dim)
