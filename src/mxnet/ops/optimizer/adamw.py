"""AdamW: Adam with weight decay apart from the gradient, for one weight or several.

Loshchilov and Hutter, https://arxiv.org/abs/1711.05101. Half-precision weights ("mp") have a float32 copy, and float32
states. The scale of the gradients is an array, ``rescale_grad``; where it is 0, infinite or nan, as after an overflow
in mixed precision, nothing changes, and nobody waits for a GPU to find that out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..attributes import Floats
from ..registry import operator
from .multi_tensor import (
    columns,
    copies,
    gradients,
    need_each,
    one_per_weight,
    places,
    results,
    run_mean,
    run_mean_square,
)

__all__: list[str] = []

PLAIN = ("weight", "grad", "mean", "var")
MASTER = ("weight", "grad", "mean", "var", "weight32")


def _adamw(
    names: Sequence[str],
    data: Sequence[Tensor],
    number: int,
    lrs: Floats,
    etas: Floats,
    wds: Floats,
    beta1: float,
    beta2: float,
    epsilon: float,
    clip: float,
) -> Any:
    """New weights, then new states; ``data`` ends with the scale."""
    weights, grads, means, variances, *master = columns(data, names, "num_weights", number, more=1)
    need_each("lrs", lrs, number)
    need_each("etas", etas, number)
    need_each("wds", wds, number)
    scale = data[-1]
    if scale.numel() < 1 or (scale.dtype is not torch.float32 and not scale.is_meta):
        raise ValueError(f"rescale_grad must be one float32 number, but is {tuple(scale.shape)} {scale.dtype}")
    scale = scale.reshape(-1)[0]
    old = master[0] if master else weights
    grads = gradients([g.float() for g in grads] if master else grads, scale, clip)
    new_means, new_variances = copies(means), copies(variances)
    run_mean(new_means, grads, beta1)
    run_mean_square(new_variances, grads, beta2)
    roots = torch._foreach_sqrt(new_variances)
    torch._foreach_add_(roots, epsilon)
    steps = torch._foreach_mul(torch._foreach_div(new_means, roots), lrs)
    torch._foreach_add_(steps, torch._foreach_mul(old, wds))
    torch._foreach_mul_(steps, etas)
    new = torch._foreach_sub(old, steps)
    legal = scale.isfinite() & (scale != 0)

    def chosen(after: Sequence[Tensor], before: Sequence[Tensor]) -> list[Tensor]:
        return [torch.where(legal, a, b) for a, b in zip(after, before, strict=True)]

    states = [chosen(new_means, means), chosen(new_variances, variances)]
    if master:
        states.append(chosen(new, old))
        new = [n.to(dtype=w.dtype) for n, w in zip(new, weights, strict=True)]
    return results(chosen(new, weights), *states)


@operator("_adamw_update", types="T, T, T, T, S=float32 -> T", aux=("mean", "var"), mixed=True, differentiable=False)
def adamw_update(
    weight: Tensor,
    grad: Tensor,
    mean: Tensor,
    var: Tensor,
    rescale_grad: Tensor,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    wd: float = 0.0,
    eta: float,
    clip_gradient: float = -1.0,
) -> tuple[Tensor, ...]:
    """``weight - eta * (lr * mean / (sqrt(var) + epsilon) + wd * weight)``; running mean and variance are kept.

    They become ``beta1 * mean + (1 - beta1) * g`` and ``beta2 * var + (1 - beta2) * g**2``, where
    ``g = clip(rescale_grad * grad)``. Nothing changes where ``rescale_grad``, float32 (1,), is 0 or not finite.
    """
    data = (weight, grad, mean, var, rescale_grad)
    return _adamw(PLAIN, data, 1, (lr,), (eta,), (wd,), beta1, beta2, epsilon, clip_gradient)


@operator(
    "_mp_adamw_update",
    types="T, T, float32, float32, float32, S=float32 -> T",
    aux=("mean", "var", "weight32"),
    mixed=True,
    differentiable=False,
)
def mp_adamw_update(
    weight: Tensor,
    grad: Tensor,
    mean: Tensor,
    var: Tensor,
    weight32: Tensor,
    rescale_grad: Tensor,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    wd: float = 0.0,
    eta: float,
    clip_gradient: float = -1.0,
) -> tuple[Tensor, ...]:
    """_adamw_update for a half-precision weight, computed on and kept in ``weight32``; all states are float32."""
    data = (weight, grad, mean, var, weight32, rescale_grad)
    return _adamw(MASTER, data, 1, (lr,), (eta,), (wd,), beta1, beta2, epsilon, clip_gradient)


@operator("_multi_adamw_update", outputs=one_per_weight, aux=places(PLAIN, 1), mixed=True, differentiable=False)
def multi_adamw_update(
    *data: Tensor,
    lrs: Floats,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    wds: Floats,
    etas: Floats,
    clip_gradient: float = -1.0,
    num_weights: int = 1,
) -> tuple[Tensor, ...]:
    """_adamw_update for ``num_weights`` weights. data: weight, grad, mean, var of each; rescale_grad."""
    return _adamw(PLAIN, data, num_weights, lrs, etas, wds, beta1, beta2, epsilon, clip_gradient)


@operator(
    "_multi_mp_adamw_update",
    types="[T, T, float32, float32, float32]*, S=float32 -> [T]*",
    outputs=one_per_weight,
    aux=places(MASTER, 1),
    mixed=True,
    differentiable=False,
)
def multi_mp_adamw_update(
    *data: Tensor,
    lrs: Floats,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    wds: Floats,
    etas: Floats,
    clip_gradient: float = -1.0,
    num_weights: int = 1,
) -> tuple[Tensor, ...]:
    """_mp_adamw_update for ``num_weights`` weights. data: weight, grad, mean, var, weight32 of each; rescale_grad."""
    return _adamw(MASTER, data, num_weights, lrs, etas, wds, beta1, beta2, epsilon, clip_gradient)


@adamw_update.infers
@mp_adamw_update.infers
def _(weight: tuple, **_: Any) -> dict[str, tuple]:
    return {**dict.fromkeys(("grad", "mean", "var", "weight32"), weight), "rescale_grad": (1,)}
