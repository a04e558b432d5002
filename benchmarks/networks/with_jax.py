"""The networks in JAX: a whole step is one jitted function whose parameters, momenta and averages are donated.

Images and kernels are stored as JAX's own libraries store them, NHWC and HWIO.
"""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from networks import (
    AVERAGE,
    EPSILON,
    LEARNING_RATE,
    MOMENTUM,
    NETWORKS,
    STAGES,
    Work,
    averages,
    batch,
    parameters,
)

Arrays = list[jax.Array]


def version() -> str:
    return jax.__version__


class Run:
    """One pass through a network: hands out parameters and averages in their order, collects the new averages."""

    def __init__(self, weights: Arrays, moving: Arrays, training: bool) -> None:
        self.weights: Iterator[jax.Array] = iter(weights)
        self.moving: Iterator[jax.Array] = iter(moving)
        self.training = training
        self.moved: Arrays = []

    def dense(self, x: jax.Array) -> jax.Array:
        return x @ next(self.weights) + next(self.weights)

    def conv(self, x: jax.Array, stride: int = 1, pad: int = 0) -> jax.Array:
        dimensions = ("NHWC", "HWIO", "NHWC")
        padding = [(pad, pad), (pad, pad)]
        return lax.conv_general_dilated(x, next(self.weights), (stride, stride), padding, dimension_numbers=dimensions)

    def norm(self, x: jax.Array) -> jax.Array:
        gamma, beta, mean, variance = *(next(self.weights) for _ in "gb"), *(next(self.moving) for _ in "mv")
        if self.training:
            old = mean, variance
            mean = x.mean((0, 1, 2))
            variance = jnp.square(x).mean((0, 1, 2)) - jnp.square(mean)
            self.moved += [AVERAGE * was + (1 - AVERAGE) * now for was, now in zip(old, (mean, variance), strict=True)]
        return (x - mean) * (gamma * lax.rsqrt(variance + EPSILON)) + beta

    def basic(self, x: jax.Array, stride: int) -> jax.Array:
        """Two convolutions of 3x3 beside a shortcut (He et al., 2016)."""
        y = jax.nn.relu(self.norm(self.conv(x, stride, 1)))
        y = self.norm(self.conv(y, 1, 1))
        return jax.nn.relu(y + (x if stride == 1 else self.norm(self.conv(x, stride))))


def _max_pool(x: jax.Array, size: int, stride: int, pad: int = 0) -> jax.Array:
    if size == stride and not pad:  # a LeNet step takes four fifths of the time that it takes with reduce_window
        n, h, w, c = x.shape
        return x.reshape(n, h // size, size, w // size, size, c).max((2, 4))
    padding = [(0, 0), (pad, pad), (pad, pad), (0, 0)]
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, stride, stride, 1), padding)


def forward(name: str, run: Run, x: jax.Array) -> jax.Array:
    if name in ("perceptron", "mlp_step"):
        return run.dense(jax.nn.relu(run.dense(x)))
    if name == "deep":
        for _ in range(40):
            x = jax.nn.relu(run.dense(x))
        return x
    if name == "lenet_step":
        for _ in range(2):
            x = _max_pool(jax.nn.relu(run.conv(x) + next(run.weights)), 2, 2)
        return run.dense(jax.nn.relu(run.dense(x.reshape(len(x), -1))))
    if name == "resnet18_step":
        x = jax.nn.relu(run.norm(run.conv(x, 1, 1)))
    else:
        x = _max_pool(jax.nn.relu(run.norm(run.conv(x, 2, 3))), 3, 2, 1)
    for _, _, stride in STAGES:
        x = run.basic(run.basic(x, stride), 1)
    return run.dense(x.mean((1, 2)))


def _stored(name: str) -> Arrays:
    """The parameters as JAX wants them: HWIO, and matrices from inputs to outputs."""
    values = parameters(name)
    if name == "lenet_step":  # its first matrix reads a flattened NHWC
        values[4] = values[4].reshape(500, 50, 4, 4).transpose(0, 2, 3, 1).reshape(500, 800)
    orders = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
    return [jnp.asarray(np.ascontiguousarray(value.transpose(orders[value.ndim]))) for value in values]


def build(name: str) -> Work:
    weights, moving = _stored(name), [jnp.asarray(value) for value in averages(name)]
    data, labels = batch(name)
    x = jnp.asarray(data if data.ndim < 4 else data.transpose(0, 2, 3, 1).copy())
    y = jnp.asarray(labels)
    if not NETWORKS[name].trains:
        predict = jax.jit(lambda weights, moving, x: forward(name, Run(weights, moving, False), x))
        check = np.asarray(predict(weights, moving, x)).ravel()[:100].tolist()
        return Work(lambda: predict(weights, moving, x).block_until_ready(), check)

    def loss_fn(weights: Arrays, moving: Arrays, x: jax.Array, y: jax.Array) -> tuple[jax.Array, Arrays]:
        run = Run(weights, moving, True)
        logits = jax.nn.log_softmax(forward(name, run, x))
        return -jnp.take_along_axis(logits, y[:, None], 1).mean(), run.moved

    def update(state: tuple[Arrays, Arrays, Arrays], x: jax.Array, y: jax.Array) -> tuple[jax.Array, object]:
        weights, momenta, moving = state
        (loss, moved), slopes = jax.value_and_grad(loss_fn, has_aux=True)(weights, moving, x, y)
        momenta = [MOMENTUM * m - LEARNING_RATE * g for m, g in zip(momenta, slopes, strict=True)]
        return loss, ([w + m for w, m in zip(weights, momenta, strict=True)], momenta, moved)

    jitted = jax.jit(update, donate_argnums=0)
    state = weights, [jnp.zeros_like(weight) for weight in weights], moving

    def step() -> jax.Array:
        nonlocal state
        loss, state = jax.block_until_ready(jitted(state, x, y))
        return loss

    check = [float(step()) for _ in range(3)]
    return Work(step, check + [float(array.sum()) for array in state[2][::2]])
