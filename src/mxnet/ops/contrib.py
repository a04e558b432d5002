"""Element-wise operators of ``nd.contrib``: quadratic, gradients that are not derivatives, comparison within bounds."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .elementwise import round_half_away
from .own_gradient import OwnGradient
from .registry import operator

__all__: list[str] = []


@operator("_contrib_quadratic")
def quadratic(data: Tensor, *, a: float = 0.0, b: float = 0.0, c: float = 0.0) -> Tensor:
    """``a * data**2 + b * data + c``; integers are cut to integers at the end."""
    if data.is_floating_point():
        return (data * a + b) * data + c
    wide = data.double()
    return ((wide * a + b) * wide + c).to(dtype=data.dtype)


@operator("_contrib_allclose", types="T, T -> uint8", differentiable=False)
def allclose(
    a: Tensor, b: Tensor, *, rtol: float = 9.99999975e-06, atol: float = 9.99999994e-09, equal_nan: bool = True
) -> Tensor:
    """1 if ``abs(a - b) <= atol + rtol * abs(b)`` everywhere, else 0: uint8, of shape ().

    a, b: any shape, the same. ``equal_nan``: NaN is close to NaN.
    """
    if a.shape != b.shape:
        raise ValueError("a and b must have the same shape")
    return torch.isclose(a, b, rtol, atol, equal_nan).all().to(dtype=torch.uint8)


class _Scaled(OwnGradient):
    """``values``, with the gradient that ``data * scale`` would have."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, values: Tensor, scale: float) -> Tensor:
        ctx.scale = scale
        return values

    @staticmethod
    def backward(ctx: Any, *heads: Tensor) -> tuple[Tensor, None, None]:
        return heads[0] * ctx.scale, None, None


@operator("_contrib_gradientmultiplier", may_return_input=True)
def gradient_multiplier(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
    """A copy of ``data`` whose gradient is multiplied with ``scalar``; -1 reverses it (Ganin and Lempitsky, 2015).

    ``is_int`` is accepted for MXNet's sake.
    """
    return _Scaled.apply(data, data.clone(), scalar) if data.requires_grad else data


@operator("_contrib_round_ste")
def round_ste(data: Tensor) -> Tensor:
    """Nearest whole number, halves away from zero; the gradient passes as if it were ``data`` itself.

    The straight-through estimator of Bengio et al. (2013).
    """
    return _Scaled.apply(data, round_half_away(data.detach()), 1)


@operator("_contrib_sign_ste")
def sign_ste(data: Tensor) -> Tensor:
    """-1, 0 or 1, the sign; the gradient passes as if it were ``data`` itself (see ``round_ste``)."""
    return _Scaled.apply(data, torch.sign(data.detach()), 1)
