"""Whole networks to time in several libraries: what they compute, from which weights, on which data.

``with_gluon.py`` writes them for any MXNet, ours or the original; ``with_torch.py`` and ``with_jax.py`` for the others.
Only NumPy is imported here, because each library may need an environment of its own. Every contender takes the weights
in the order of :func:`parameters` and must find the same ``check``: outputs, or the losses of three steps and the
moving means after them (the moving variances are of two kinds: torch's is that of an unbiased estimate).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

LEARNING_RATE, MOMENTUM = 0.01, 0.9
EPSILON, AVERAGE = 1e-5, 0.9  # of BatchNorm: new average = AVERAGE * old + (1 - AVERAGE) * batch
STAGES = ((64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2))  # channels in, channels out, stride

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Network:
    """``data``: shape of the input; ``trains``: a training step is timed, or else a forward pass in prediction mode;
    ``target``: what our time may be, over that of the best of the others. ``like``: it is that network, computed by us
    in bfloat16 and by the others in float32.
    """

    title: str
    data: Shape
    trains: bool
    target: float
    like: str | None = None


NETWORKS = {
    "perceptron": Network("perceptron 20-256-10 forward, batch 2", (2, 20), False, 0.6),
    "deep": Network("40 Dense(8) and relu forward, batch 2", (2, 8), False, 0.6),
    "mlp_step": Network("perceptron 784-256-10 training step, batch 64", (64, 784), True, 0.85),
    "lenet_step": Network("LeNet training step, batch 64", (64, 1, 28, 28), True, 0.8),
    "resnet18_step": Network("ResNet-18 training step, batch 16 of 32x32", (16, 3, 32, 32), True, 0.9),
    "resnet18_predict": Network("ResNet-18 prediction, batch 1 of 224x224", (1, 3, 224, 224), False, 0.75),
    "lstm_step": Network("LSTM language model training step, 35 x 20", (35, 20), True, 0.9),
    "cells_step": Network("LSTM cell unrolled 35 steps, training step", (35, 20), True, 0.7),
    "encoder_step": Network("transformer encoder training step, 8 x 128", (8, 128, 256), True, 0.9),
    "lstm_amp": Network("LSTM language model, ours in bfloat16", (35, 20), True, 0.6, "lstm_step"),
    "encoder_amp": Network("transformer encoder, ours in bfloat16", (8, 128, 256), True, 0.6, "encoder_step"),
    "resnet18_amp": Network("ResNet-18 training step, ours in bfloat16", (16, 3, 32, 32), True, 0.6, "resnet18_step"),
    "adam": Network("Adam update of 160 tensors, 10 M parameters", (), True, 0.9),
}

WORDS, WIDTH = 1000, 200  # of the language models
HEADS, LAYERS, MODEL, HIDDEN = 4, 4, 256, 1024  # of the transformer


@dataclass(frozen=True)
class Work:
    """A network that a contender has built: ``call`` does the work once and waits for its results."""

    call: Callable[[], object]
    check: list[float]
    finish: Callable[[], object] = lambda: None  # waits for what calls have only started
    context: Callable[[], AbstractContextManager[object]] = nullcontext  # calls are made inside it


def _dense(*sizes: int) -> list[Shape]:
    return [shape for n, m in pairwise(sizes) for shape in ((m, n), (m,))]


def _norm(channels: int) -> list[Shape]:
    """Gamma and beta."""
    return [(channels,), (channels,)]


def _resnet18(stem: int, classes: int) -> list[Shape]:
    """Convolutions without bias; in each block two with their norms, then those of the shortcut where it has any."""
    shapes: list[Shape] = [(64, 3, stem, stem), *_norm(64)]
    for before, after, stride in STAGES:
        shapes += [(after, before, 3, 3), *_norm(after), (after, after, 3, 3), *_norm(after)]
        if stride > 1:
            shapes += [(after, before, 1, 1), *_norm(after)]
        shapes += 2 * [(after, after, 3, 3), *_norm(after)]
    return shapes + _dense(512, classes)


def _language_model(layers: int) -> list[Shape]:
    """Embedding; of each layer the weights of input and state, in the order i f g o, and two biases; the decoder."""
    lstm: list[Shape] = [(4 * WIDTH, WIDTH), (4 * WIDTH, WIDTH), (4 * WIDTH,), (4 * WIDTH,)]
    return [(WORDS, WIDTH), *layers * lstm, *_dense(WIDTH, WORDS)]


def _encoder_layer() -> list[Shape]:
    """Queries, keys and values in one matrix; their output; a norm; two layers; a norm (Vaswani et al., 2017)."""
    attention = [*_dense(MODEL, 3 * MODEL), *_dense(MODEL, MODEL), *_norm(MODEL)]
    return [*attention, *_dense(MODEL, HIDDEN, MODEL), *_norm(MODEL)]


SHAPES: dict[str, list[Shape]] = {
    "perceptron": _dense(20, 256, 10),
    "deep": _dense(*41 * [8]),
    "mlp_step": _dense(784, 256, 10),
    "lenet_step": [(20, 1, 5, 5), (20,), (50, 20, 5, 5), (50,), *_dense(800, 500, 10)],
    "resnet18_step": _resnet18(3, 10),
    "resnet18_predict": _resnet18(7, 1000),
    "lstm_step": _language_model(2),
    "cells_step": _language_model(1),
    "encoder_step": LAYERS * _encoder_layer() + _dense(MODEL, 10),
    "adam": 80 * [(350, 350), (2500,)],
}


def parameters(name: str) -> list[np.ndarray]:
    """Weights by He's rule; vectors near 1 for a gamma, near 0 for a beta or a bias."""
    rng = np.random.RandomState(0)
    values = []
    shapes = SHAPES[name]
    for before, shape, after in zip([(), *shapes], shapes, [*shapes[1:], ()], strict=False):
        if len(shape) > 1:
            value = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        else:
            gamma = len(before) == 4 or (name == "encoder_step" and after == shape and len(before) == 1)
            value = rng.uniform(-0.1, 0.1, shape) + gamma
        values.append(value.astype("float32"))
    return values


def averages(name: str) -> list[np.ndarray]:
    """Moving mean and variance of each BatchNorm."""
    rng = np.random.RandomState(1)
    channels = [shape[0] for shape in SHAPES[name] if len(shape) == 4] if name.startswith("resnet") else []
    values = [value for c in channels for value in (rng.uniform(-0.5, 0.5, c), rng.uniform(0.5, 1.5, c))]
    return [value.astype("float32") for value in values]


def batch(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The input and a label for each of its rows, of a language model for each of its words."""
    rng = np.random.RandomState(2)
    shape = NETWORKS[name].data
    if len(shape) == 2 and SHAPES[name][0] == (WORDS, WIDTH):
        return rng.randint(0, WORDS, shape), rng.randint(0, WORDS, shape)
    return rng.uniform(-1, 1, shape).astype("float32"), rng.randint(0, 10, shape[0])


def gradients(name: str) -> list[np.ndarray]:
    """Of each parameter."""
    rng = np.random.RandomState(3)
    return [rng.uniform(-1, 1, shape).astype("float32") for shape in SHAPES[name]]
