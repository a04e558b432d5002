"""Initializers that draw: uniform, normal, and those whose scale follows from the parameter's shape.

They draw from `mxnet.random` on the array's own context, so ``mx.random.seed`` makes them repeatable.
"""

from __future__ import annotations

import math

import numpy as np

from .. import random
from ..ndarray import NDArray
from .base import Initializer, register


@register
class Uniform(Initializer):
    """Uniform in [-scale, scale)."""

    def __init__(self, scale: float = 0.07) -> None:
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, _: str, arr: NDArray) -> None:
        random.uniform(-self.scale, self.scale, out=arr)


@register
class Normal(Initializer):
    """Normal with mean 0 and standard deviation ``sigma``."""

    def __init__(self, sigma: float = 0.01) -> None:
        super().__init__(sigma=sigma)
        self.sigma = sigma

    def _init_weight(self, _: str, arr: NDArray) -> None:
        random.normal(0, self.sigma, out=arr)


@register
class Orthogonal(Initializer):
    """``scale`` times an orthogonal matrix, with the array seen as (shape[0], all other axes).

    Rows are orthonormal where there are no more rows than columns, columns otherwise. rand_type: "uniform" or "normal",
    the distribution that the matrix is made from. Saxe, McClelland & Ganguli, "Exact solutions to the nonlinear
    dynamics of learning in deep linear neural networks" (2013).
    """

    def __init__(self, scale: float = 1.414, rand_type: str = "uniform") -> None:
        super().__init__(scale=scale, rand_type=rand_type)
        if rand_type not in ("uniform", "normal"):
            raise ValueError(f'Orthogonal: rand_type must be "uniform" or "normal", got {rand_type!r}.')
        self.scale = scale
        self.rand_type = rand_type

    def _init_weight(self, _: str, arr: NDArray) -> None:
        shape = (arr.shape[0], math.prod(arr.shape[1:]))
        if self.rand_type == "uniform":
            sample = random.uniform(-1.0, 1.0, shape, ctx=arr.context)
        else:
            sample = random.normal(0.0, 1.0, shape, ctx=arr.context)
        left, _singular_values, right = np.linalg.svd(sample.asnumpy(), full_matrices=False)
        arr[:] = self.scale * (left if left.shape == shape else right).reshape(arr.shape)


@register
class Xavier(Initializer):
    r"""Keeps the scale of the signal about the same in all layers.

    Uniform in :math:`[-c, c)` (rnd_type "uniform") or normal with standard deviation :math:`c` ("gaussian"), where
    :math:`c = \sqrt{magnitude / n}`. With :math:`r` the size of the receptive field, the product of all axes after the
    second: :math:`n` is :math:`shape_1 r` (factor_type "in"), :math:`shape_0 r` ("out"), or the mean of both ("avg").
    An array of fewer than two axes is a ValueError. Glorot & Bengio, "Understanding the difficulty of training deep
    feedforward neural networks" (2010).
    """

    def __init__(self, rnd_type: str = "uniform", factor_type: str = "avg", magnitude: float = 3) -> None:
        super().__init__(rnd_type=rnd_type, factor_type=factor_type, magnitude=magnitude)
        if rnd_type not in ("uniform", "gaussian"):
            raise ValueError(f'Unknown random type: rnd_type must be "uniform" or "gaussian", got {rnd_type!r}.')
        if factor_type not in ("avg", "in", "out"):
            raise ValueError(f'Incorrect factor type: factor_type must be "avg", "in" or "out", got {factor_type!r}.')
        self.rnd_type = rnd_type
        self.factor_type = factor_type
        self.magnitude = float(magnitude)
        if self.magnitude < 0:
            raise ValueError(f"{type(self).__name__}: magnitude must not be negative, got {magnitude}.")

    def _init_weight(self, name: str, arr: NDArray) -> None:
        shape = arr.shape
        if len(shape) < 2:
            raise ValueError(
                f"{type(self).__name__} initializer cannot be applied to vector {name}. It requires at least 2D, "
                f"the shape is {shape}. Give this parameter another initializer, such as mx.init.Normal()."
            )
        receptive_field = math.prod(shape[2:])
        fan_in, fan_out = shape[1] * receptive_field, shape[0] * receptive_field
        factor = {"avg": (fan_in + fan_out) / 2.0, "in": fan_in, "out": fan_out}[self.factor_type]
        scale = math.sqrt(self.magnitude / factor)
        if self.rnd_type == "uniform":
            random.uniform(-scale, scale, out=arr)
        else:
            random.normal(0, scale, out=arr)


@register
class MSRAPrelu(Xavier):
    r"""Xavier, gaussian, with magnitude :math:`2 / (1 + slope^2)`: for layers before a (leaky) ReLU of that slope.

    He, Zhang, Ren & Sun, "Delving deep into rectifiers" (2015).
    """

    def __init__(self, factor_type: str = "avg", slope: float = 0.25) -> None:
        super().__init__("gaussian", factor_type, 2.0 / (1 + slope**2))
        self._kwargs = {"factor_type": factor_type, "slope": slope}
