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
    HEADS,
    LAYERS,
    LEARNING_RATE,
    MODEL,
    MOMENTUM,
    NETWORKS,
    STAGES,
    WIDTH,
    Work,
    averages,
    batch,
    gradients,
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

    def layer_norm(self, x: jax.Array) -> jax.Array:
        gamma, beta = next(self.weights), next(self.weights)
        mean = x.mean(-1, keepdims=True)
        variance = jnp.square(x - mean).mean(-1, keepdims=True)
        return (x - mean) * lax.rsqrt(variance + EPSILON) * gamma + beta

    def lstm(self, x: jax.Array) -> jax.Array:
        """(steps, batch, width): the inputs' part of all steps at once, then one step after the other."""
        w_input, w_state, b_input, b_state = (next(self.weights) for _ in "wwbb")
        start = jnp.zeros((x.shape[1], WIDTH))

        def step(
            state: tuple[jax.Array, jax.Array], inputs: jax.Array
        ) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
            h, c = state
            i, f, g, o = jnp.split(inputs + h @ w_state, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        return lax.scan(step, (start, start), x @ w_input + b_input + b_state)[1]

    def encoder_layer(self, x: jax.Array) -> jax.Array:
        """Attention and two layers, each followed by a norm of its sum with its input (Vaswani et al., 2017)."""
        n, steps, _ = x.shape
        q, k, v = jnp.moveaxis(self.dense(x).reshape(n, steps, 3, HEADS, MODEL // HEADS), 2, 0)
        weights = jax.nn.softmax(jnp.einsum("nqhd,nkhd->nhqk", q, k) / (MODEL // HEADS) ** 0.5)
        x = self.layer_norm(x + self.dense(jnp.einsum("nhqk,nkhd->nqhd", weights, v).reshape(n, steps, MODEL)))
        return self.layer_norm(x + self.dense(jax.nn.relu(self.dense(x))))


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
    if name in ("lstm_step", "cells_step"):
        x = next(run.weights)[x]
        for _ in range(2 if name == "lstm_step" else 1):
            x = run.lstm(x)
        return run.dense(x)
    if name == "encoder_step":
        for _ in range(LAYERS):
            x = run.encoder_layer(x)
        return run.dense(x.mean(1))
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
    table = name in ("lstm_step", "cells_step")  # of words, which stays as it is
    moved = [values[0], *(v.transpose(orders[v.ndim]) for v in values[1:])] if table else [
        v.transpose(orders[v.ndim]) for v in values
    ]  # fmt: skip
    return [jnp.asarray(np.ascontiguousarray(value)) for value in moved]


def _adam() -> Work:
    def update(state: tuple[Arrays, Arrays, Arrays], slopes: Arrays, count: jax.Array) -> tuple[Arrays, Arrays, Arrays]:
        weights, means, variances = state
        means = [0.9 * m + 0.1 * g for m, g in zip(means, slopes, strict=True)]
        variances = [0.999 * v + 0.001 * g * g for v, g in zip(variances, slopes, strict=True)]
        scale, root = 1 / (1 - 0.9**count), 1 / (1 - 0.999**count)
        weights = [
            w - LEARNING_RATE * scale * m / (jnp.sqrt(v * root) + 1e-8)
            for w, m, v in zip(weights, means, variances, strict=True)
        ]
        return weights, means, variances

    jitted = jax.jit(update, donate_argnums=0)
    state = tuple([jnp.asarray(value * keep) for value in parameters("adam")] for keep in (1, 0, 0))
    slopes, count = [jnp.asarray(value) for value in gradients("adam")], 0

    def step() -> None:
        nonlocal state, count
        count += 1
        state = jax.block_until_ready(jitted(state, slopes, float(count)))

    for _ in range(3):
        step()
    return Work(step, [float(weight.ravel()[0]) for weight in state[0]])


def build(name: str) -> Work:
    if name == "adam":
        return _adam()
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
        return -jnp.take_along_axis(logits, y[..., None], -1).mean(), run.moved

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
