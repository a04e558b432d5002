"""Operators to time: each is called on ``mx.nd`` of any MXNet, ours or the original, and on raw torch.

Only NumPy is imported here, because the real MXNet needs an environment of its own. ``SIZES`` are element counts of the
main input: one where overhead decides, two where the kernel does. ``build`` makes of them works for ``worker.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from networks import Work

SIZES = {"tiny": 64, "1e5": 100_000, "1e6": 1_000_000}

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Operator:
    """One row: ``inputs(n)`` makes arrays of about n elements, ``ours(nd, *arrays)`` and ``torch(torch, *tensors)``
    compute with them.
    """

    name: str
    inputs: Callable[[int], Arrays]
    ours: Callable[..., Any]
    torch: Callable[..., Any]
    kernel: str  # what torch computes it with


_RNG = np.random.RandomState(0)


def _floats(*shape: int) -> np.ndarray:
    return _RNG.uniform(-1, 1, shape).astype("float32")


def _positive(*shape: int) -> np.ndarray:
    return _RNG.uniform(0.5, 1.5, shape).astype("float32")


def _numbers(high: int, *shape: int) -> np.ndarray:
    return _RNG.randint(0, high, shape).astype("float32")


def _rows(n: int) -> tuple[int, int]:
    """A matrix of about n elements with at most 1000 columns."""
    columns = max(8, min(1000, round(n**0.5)))
    return max(1, n // columns), columns


def _matrix(n: int) -> Arrays:
    return [_floats(*_rows(n))]


def _side(n: int) -> int:
    return max(8, round(n**0.5))


def _image(n: int, channels: int) -> tuple[int, int, int, int]:
    side = max(4, min(32, int((n / channels) ** 0.5)))
    return max(1, n // (channels * side * side)), channels, side, side


def _conv(n: int) -> Arrays:
    return [_floats(*_image(n, 16)), _floats(16, 16, 3, 3), _floats(16)]


def _batch_norm(n: int) -> Arrays:
    return [_floats(*_image(n, 16)), _positive(16), _floats(16), _floats(16), _positive(16)]


def _lstm(n: int) -> Arrays:
    """data (T, N, C), packed parameters, state, cell: one layer."""
    steps, hidden = 8, max(8, min(256, _side(n) // 4))
    batch = max(1, n // (steps * hidden))
    size = 4 * hidden * (hidden + hidden + 2)
    return [_floats(steps, batch, hidden), _floats(size) * 0.1, _floats(1, batch, hidden), _floats(1, batch, hidden)]


def _torch_lstm(torch: Any, data: Any, parameters: Any, state: Any, cell: Any) -> Any:
    hidden = data.shape[2]
    square = 4 * hidden * hidden
    w_ih, w_hh = parameters[:square].view(-1, hidden), parameters[square : 2 * square].view(-1, hidden)
    b_ih, b_hh = parameters[2 * square : 2 * square + 4 * hidden], parameters[2 * square + 4 * hidden :]
    return torch.lstm(data, (state, cell), [w_ih, w_hh, b_ih, b_hh], True, 1, 0.0, False, False, False)


OPERATORS = [
    Operator(
        "a + b", lambda n: [*_matrix(n), *_matrix(n)], lambda nd, a, b: a + b, lambda t, a, b: a + b, "TensorIterator"
    ),
    Operator(
        "broadcast_mul, row", lambda n: [_floats(*_rows(n)), _floats(1, _rows(n)[1])],
        lambda nd, a, b: nd.broadcast_mul(a, b), lambda t, a, b: t.mul(a, b), "TensorIterator",
    ),
    Operator("a * 2", _matrix, lambda nd, a: a * 2, lambda t, a: a * 2, "TensorIterator"),
    Operator("relu", _matrix, lambda nd, a: nd.relu(a), lambda t, a: t.relu(a), "TensorIterator"),
    Operator("exp", _matrix, lambda nd, a: nd.exp(a), lambda t, a: t.exp(a), "vectorized (SLEEF)"),
    Operator("tanh", _matrix, lambda nd, a: nd.tanh(a), lambda t, a: t.tanh(a), "vectorized (SLEEF)"),
    Operator("sum, axis 1", _matrix, lambda nd, a: nd.sum(a, axis=1), lambda t, a: t.sum(a, 1), "TensorIterator"),
    Operator("mean", _matrix, lambda nd, a: nd.mean(a), lambda t, a: t.mean(a), "TensorIterator"),
    Operator("max, axis 0", _matrix, lambda nd, a: nd.max(a, axis=0), lambda t, a: t.amax(a, 0), "TensorIterator"),
    Operator(
        "argmax, axis 1", _matrix,
        lambda nd, a: nd.argmax(a, axis=1), lambda t, a: t.argmax(a, 1).float(), "TensorIterator",
    ),
    Operator(
        "dot", lambda n: [_floats(_side(n), _side(n)), _floats(_side(n), _side(n))],
        lambda nd, a, b: nd.dot(a, b), lambda t, a, b: t.mm(a, b), "MKL gemm",
    ),
    Operator(
        "batch_dot", lambda n: [_floats(8, _side(n // 8), _side(n // 8)) for _ in "ab"],
        lambda nd, a, b: nd.batch_dot(a, b), lambda t, a, b: t.bmm(a, b), "MKL batched gemm",
    ),
    Operator(
        "FullyConnected", lambda n: [_floats(*_rows(n)), _floats(64, _rows(n)[1]), _floats(64)],
        lambda nd, x, w, b: nd.FullyConnected(x, w, b, num_hidden=64),
        lambda t, x, w, b: t.nn.functional.linear(x, w, b), "addmm (MKL)",
    ),
    Operator(
        "Convolution 3x3", _conv,
        lambda nd, x, w, b: nd.Convolution(x, w, b, kernel=(3, 3), pad=(1, 1), num_filter=16),
        lambda t, x, w, b: t.conv2d(x, w, b, 1, 1), "oneDNN convolution",
    ),
    Operator(
        "Pooling max 2x2", lambda n: [_floats(*_image(n, 16))],
        lambda nd, x: nd.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max"),
        lambda t, x: t.max_pool2d(x, 2, 2), "max_pool2d",
    ),
    Operator(
        "BatchNorm", _batch_norm, lambda nd, x, g, b, m, v: nd.BatchNorm(x, g, b, m, v, fix_gamma=False),
        lambda t, x, g, b, m, v: t.batch_norm(x, g, b, m, v, False, 0.1, 1e-3, True), "native_batch_norm",
    ),
    Operator(
        "LayerNorm", lambda n: [_floats(*_rows(n)), _positive(_rows(n)[1]), _floats(_rows(n)[1])],
        lambda nd, x, g, b: nd.LayerNorm(x, g, b),
        lambda t, x, g, b: t.layer_norm(x, g.shape, g, b), "native_layer_norm",
    ),
    Operator("softmax", _matrix, lambda nd, a: nd.softmax(a), lambda t, a: t.softmax(a, -1), "fused softmax"),
    Operator(
        "log_softmax", _matrix, lambda nd, a: nd.log_softmax(a), lambda t, a: t.log_softmax(a, -1), "fused softmax"
    ),
    Operator("transpose", _matrix, lambda nd, a: nd.transpose(a), lambda t, a: a.t().contiguous(), "copy"),
    Operator("reshape", _matrix, lambda nd, a: nd.reshape(a, (-1,)), lambda t, a: a.reshape(-1).clone(), "copy"),
    Operator(
        "concat of 3", lambda n: [_floats(*_rows(n // 3 + 8)) for _ in "abc"],
        lambda nd, a, b, c: nd.concat(a, b, c, dim=1), lambda t, a, b, c: t.cat((a, b, c), 1), "cat",
    ),
    Operator(
        "slice_axis", _matrix, lambda nd, a: nd.slice_axis(a, axis=0, begin=0, end=-1),
        lambda t, a: a[:-1].clone(), "copy",
    ),
    Operator(
        "take", lambda n: [_floats(*_rows(n)), _numbers(_rows(n)[0], _rows(n)[0])],
        lambda nd, a, i: nd.take(a, i),
        lambda t, a, i: t.index_select(a, 0, i.long().clamp_(0, a.shape[0] - 1)), "index_select",
    ),
    Operator(
        "Embedding", lambda n: [_numbers(1000, max(1, n // 64)), _floats(1000, 64)],
        lambda nd, i, w: nd.Embedding(i, w, input_dim=1000, output_dim=64),
        lambda t, i, w: t.nn.functional.embedding(i.long().clamp_(0, 999), w), "embedding",
    ),
    Operator(
        "where", lambda n: [_numbers(2, *_rows(n)), _floats(*_rows(n)), _floats(*_rows(n))],
        lambda nd, c, a, b: nd.where(c, a, b), lambda t, c, a, b: t.where(c.bool(), a, b), "TensorIterator",
    ),
    Operator(
        "topk 5, values", _matrix, lambda nd, a: nd.topk(a, k=5, ret_typ="value"), lambda t, a: t.topk(a, 5)[0], "topk"
    ),
    Operator(
        "pick", lambda n: [_floats(*_rows(n)), _numbers(_rows(n)[1], _rows(n)[0])], lambda nd, a, i: nd.pick(a, i),
        lambda t, a, i: a.gather(1, i.long().clamp_(0, a.shape[1] - 1).unsqueeze(1)).squeeze(1), "gather",
    ),
    Operator(
        "RNN, LSTM of 8 steps", _lstm,
        lambda nd, x, p, h, c: nd.RNN(x, p, h, c, mode="lstm", state_size=h.shape[2], num_layers=1),
        _torch_lstm, "oneDNN or native LSTM",
    ),
]  # fmt: skip


def version() -> str:
    import mxnet as mx

    return mx.__version__


def build(name: str) -> Work:
    """The work ``NUMBER SIZE``: a call on the ``mx.nd`` that is installed."""
    import mxnet as mx

    number, size = name.split()
    operator = OPERATORS[int(number)]
    arrays = [mx.nd.array(a) for a in operator.inputs(SIZES[size])]
    return Work(lambda: operator.ours(mx.nd, *arrays), [], mx.nd.waitall)
