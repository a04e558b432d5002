"""How weights follow their gradients, beyond SGD, Adam and LAMB: a rule per optimizer, for many weights at once.

A rule takes lists of tensors that require no gradients, and writes to the weights and to the states, which stand behind
weights and gradients; gradients stay as they are. ``lrs`` and ``wds``, learning rates and weight decays, have a number
for each weight. Everywhere ``g = clip(rescale * grad)``, where ``clip`` is the largest magnitude, None or negative for
any. Operators (``descent.py``) apply the same rules to copies of one weight and its states.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .multi_tensor import decay, gradients, move, run_mean, run_mean_square

__all__ = [
    "adadelta",
    "adagrad",
    "adamax",
    "dcasgd",
    "ftml",
    "ftrl",
    "group_adagrad",
    "nadam",
    "nag",
    "rmsprop",
    "rmsprop_centered",
    "sgld",
    "signsgd",
    "signum",
]

_Tensors = Sequence[Tensor]
_Numbers = Sequence[float]


def _each(function: Any, *numbers: _Numbers) -> list[float]:
    """A number for each weight from such numbers."""
    return [float(function(*row)) for row in zip(*numbers, strict=True)]


def _minus(numbers: _Numbers) -> list[float]:
    return [-float(number) for number in numbers]


def _roots(tensors: Sequence[Tensor], epsilon: float) -> tuple[Tensor, ...]:
    """``sqrt(tensor + epsilon)``."""
    result = torch._foreach_add(tensors, epsilon)
    torch._foreach_sqrt_(result)
    return result


def _bound(weights: _Tensors, limit: float | None) -> None:
    if limit is not None and limit >= 0:
        torch._foreach_clamp_min_(weights, -limit)
        torch._foreach_clamp_max_(weights, limit)


# ---- momentum --------------------------------------------------------------------------------------------------------


def nag(
    weights: _Tensors, grads: _Tensors, momenta: _Tensors, *,
    lrs: _Numbers, wds: _Numbers, momentum: float, rescale: float = 1.0, clip: float | None = None,
    decay_by_new: bool = False,
) -> None:  # fmt: skip
    """Nesterov's momentum: ``step = -lr * (g + wd * weight)``; ``mom = momentum * mom + step``;
    ``weight += momentum * mom + step``.

    ``decay_by_new``: the step in the momentum that is kept has the decay of the new weight. MXNet's kernel reads the
    weight again after it has written to it, so all its trainings in place were that way.
    """
    steps = decay(gradients(grads, rescale, clip), weights, wds)
    torch._foreach_mul_(steps, _minus(lrs))
    torch._foreach_mul_(momenta, momentum)
    torch._foreach_add_(momenta, steps)
    torch._foreach_add_(steps, momenta, alpha=momentum)
    torch._foreach_add_(weights, steps)
    if decay_by_new and any(wds):
        torch._foreach_add_(momenta, torch._foreach_mul(steps, _each(lambda lr, wd: -lr * wd, lrs, wds)))


def signsgd(
    weights: _Tensors, grads: _Tensors, *, lrs: _Numbers, wds: _Numbers, rescale: float = 1.0
) -> None:  # fmt: skip
    """``weight = (1 - lr * wd) * weight - lr * sign(rescale * grad)``; a bound on magnitudes would change no sign."""
    steps = torch._foreach_sign(gradients(grads, rescale, None))
    torch._foreach_mul_(weights, _each(lambda lr, wd: 1 - lr * wd, lrs, wds))
    torch._foreach_sub_(weights, torch._foreach_mul(steps, list(map(float, lrs))))


def signum(
    weights: _Tensors, grads: _Tensors, momenta: _Tensors, *,
    lrs: _Numbers, wds: _Numbers, momentum: float, wd_lh: float = 0.0, rescale: float = 1.0, clip: float | None = None,
) -> None:  # fmt: skip
    """``mom = momentum * mom - (1 - momentum) * (g + wd * weight)``; ``weight = (1 - lr * wd_lh) * weight +
    lr * sign(mom)``. ``wd_lh`` is decay apart from the momentum.
    """
    run_mean(momenta, torch._foreach_neg(decay(gradients(grads, rescale, clip), weights, wds)), momentum)
    if wd_lh:
        torch._foreach_mul_(weights, _each(lambda lr: 1 - lr * wd_lh, lrs))
    torch._foreach_add_(weights, torch._foreach_mul(torch._foreach_sign(momenta), list(map(float, lrs))))


def dcasgd(
    weights: _Tensors, grads: _Tensors, previous: _Tensors, momenta: _Tensors | None = None, *,
    lrs: _Numbers, wds: _Numbers, momentum: float = 0.0, lamda: float = 0.04,
    rescale: float = 1.0, clip: float | None = None,
) -> None:  # fmt: skip
    """SGD for gradients that arrive late: ``step = -lr * (g + wd * weight + lamda * g**2 * (weight - previous))``.

    ``previous`` is the weight before the last step. Then ``weight += step``, or as in SGD with momenta.
    """
    g = gradients(grads, rescale, clip)
    late = torch._foreach_sub(weights, previous)
    torch._foreach_mul_(late, g)
    torch._foreach_mul_(late, g)
    torch._foreach_add_(decay(g, weights, wds), late, alpha=lamda)
    torch._foreach_mul_(g, _minus(lrs))
    torch._foreach_copy_(previous, weights)
    move(weights, g, momenta, momentum)


def sgld(
    weights: _Tensors, grads: _Tensors, noise: _Tensors, *,
    lrs: _Numbers, wds: _Numbers, rescale: float = 1.0, clip: float | None = None,
) -> None:  # fmt: skip
    """``weight += noise - lr / 2 * (g + wd * weight)``; noise: of the variance lr."""
    g = decay(gradients(grads, rescale, clip), weights, wds)
    torch._foreach_mul_(g, _each(lambda lr: -lr / 2, lrs))
    torch._foreach_add_(weights, g)
    torch._foreach_add_(weights, noise)


# ---- running means of squared gradients ------------------------------------------------------------------------------


def rmsprop(
    weights: _Tensors, grads: _Tensors, n: _Tensors, *, lrs: _Numbers, wds: _Numbers, gamma1: float, epsilon: float,
    rescale: float = 1.0, clip: float | None = None, clip_weights: float | None = None,
) -> None:  # fmt: skip
    """``g = clip(rescale * grad + wd * weight)``; ``n = gamma1 * n + (1 - gamma1) * g**2``;
    ``weight = clip(weight - lr * g / sqrt(n + epsilon))``.
    """
    g = gradients(grads, rescale, clip, weights, wds)
    run_mean_square(n, g, gamma1)
    torch._foreach_addcdiv_(weights, g, _roots(n, epsilon), _minus(lrs))
    _bound(weights, clip_weights)


def rmsprop_centered(
    weights: _Tensors, grads: _Tensors, n: _Tensors, means: _Tensors, deltas: _Tensors, *,
    lrs: _Numbers, wds: _Numbers, gamma1: float, gamma2: float, epsilon: float,
    rescale: float = 1.0, clip: float | None = None, clip_weights: float | None = None,
) -> None:  # fmt: skip
    """As ``rmsprop``, with the variance instead of the mean square, and momentum: ``weight = clip(weight + delta)``.

    ``delta = gamma2 * delta - lr * g / sqrt(n - mean**2 + epsilon)``.
    """
    g = gradients(grads, rescale, clip, weights, wds)
    run_mean_square(n, g, gamma1)
    run_mean(means, g, gamma1)
    variances = torch._foreach_sub(n, torch._foreach_mul(means, means))
    torch._foreach_mul_(deltas, gamma2)
    torch._foreach_addcdiv_(deltas, g, _roots(variances, epsilon), _minus(lrs))
    torch._foreach_add_(weights, deltas)
    _bound(weights, clip_weights)


def adadelta(
    weights: _Tensors, grads: _Tensors, squares: _Tensors, deltas: _Tensors, *,
    wds: _Numbers, rho: float, epsilon: float, rescale: float = 1.0, clip: float | None = None,
) -> None:  # fmt: skip
    """``square = rho * square + (1 - rho) * g**2``; ``step = sqrt(delta + epsilon) / sqrt(square + epsilon) * g``;
    ``delta = rho * delta + (1 - rho) * step**2``; ``weight -= step + wd * weight``. There is no learning rate.
    """
    g = gradients(grads, rescale, clip)
    run_mean_square(squares, g, rho)
    steps = torch._foreach_div(_roots(deltas, epsilon), _roots(squares, epsilon))
    torch._foreach_mul_(steps, g)
    run_mean_square(deltas, steps, rho)
    torch._foreach_sub_(weights, decay(steps, weights, wds))


def adamax(
    weights: _Tensors, grads: _Tensors, means: _Tensors, largest: _Tensors, *,
    lrs: _Numbers, wds: _Numbers, beta1: float, beta2: float, rescale: float = 1.0, clip: float | None = None,
) -> None:  # fmt: skip
    """``g = clip(rescale * grad + wd * weight)``; ``mean = beta1 * mean + (1 - beta1) * g``;
    ``largest = max(beta2 * largest, abs(g))``; ``weight -= lr * mean / largest``, where ``largest`` is not 0.
    """
    g = gradients(grads, rescale, clip, weights, wds)
    run_mean(means, g, beta1)
    torch._foreach_mul_(largest, beta2)
    torch._foreach_maximum_(largest, torch._foreach_abs(g))
    steps = torch._foreach_div(means, largest)
    for step, large in zip(steps, largest, strict=True):
        step.masked_fill_(large == 0, 0)
    torch._foreach_add_(weights, torch._foreach_mul(steps, _minus(lrs)))


def nadam(
    weights: _Tensors, grads: _Tensors, means: _Tensors, variances: _Tensors, *,
    lrs: _Numbers, wds: _Numbers, parts: Sequence[_Numbers], beta1: float, beta2: float, epsilon: float,
    rescale: float = 1.0, clip: float | None = None,
) -> None:  # fmt: skip
    """Adam with Nesterov's momentum: ``weight -= lr * (a * g + b * mean) / (sqrt(c * var) + epsilon)``.

    ``g = clip(rescale * grad + wd * weight)``; mean and var are running means of g and of its square. ``parts``: the
    numbers a, b and c, each for every weight.
    """
    g = gradients(grads, rescale, clip, weights, wds)
    run_mean(means, g, beta1)
    run_mean_square(variances, g, beta2)
    of_gradient, of_mean, of_variance = parts
    torch._foreach_mul_(g, of_gradient)
    torch._foreach_add_(g, torch._foreach_mul(means, of_mean))
    roots = torch._foreach_mul(variances, of_variance)
    torch._foreach_sqrt_(roots)
    torch._foreach_add_(roots, epsilon)
    torch._foreach_addcdiv_(weights, g, roots, _minus(lrs))


def ftml(
    weights: _Tensors, grads: _Tensors, d: _Tensors, v: _Tensors, z: _Tensors, *,
    lrs: _Numbers, wds: _Numbers, counts: Sequence[int], beta1: float, beta2: float, epsilon: float,
    rescale: float = 1.0, clip: float | None = None,
) -> None:  # fmt: skip
    """Follow the moving leader: ``weight = -z / d``. ``counts``: the steps of each weight, from 1.

    ``g = clip(rescale * grad + wd * weight)``; ``v = beta2 * v + (1 - beta2) * g**2``;
    ``d' = (1 - beta1**t) / lr * (sqrt(v / (1 - beta2**t)) + epsilon)``;
    ``z = beta1 * z + (1 - beta1) * g - (d' - beta1 * d) * weight``.
    """
    g = gradients(grads, rescale, clip, weights, wds)
    run_mean_square(v, g, beta2)
    new = torch._foreach_div(v, [1 - beta2**t for t in counts])
    torch._foreach_sqrt_(new)
    torch._foreach_add_(new, epsilon)
    torch._foreach_mul_(new, _each(lambda t, lr: (1 - beta1**t) / lr, counts, lrs))
    torch._foreach_mul_(d, -beta1)
    torch._foreach_add_(d, new)
    run_mean(z, g, beta1)
    torch._foreach_addcmul_(z, d, weights, value=-1)
    torch._foreach_copy_(d, new)
    torch._foreach_copy_(weights, torch._foreach_div(z, d))
    torch._foreach_neg_(weights)


# ---- sums of squared gradients ---------------------------------------------------------------------------------------


def ftrl(
    weights: _Tensors, grads: _Tensors, z: _Tensors, n: _Tensors, *,
    lrs: _Numbers, wds: _Numbers, lamda1: float, beta: float, rescale: float = 1.0, clip: float | None = None,
) -> None:  # fmt: skip
    """Follow the regularized leader: ``weight = -(z - sign(z) * lamda1) / ((beta + sqrt(n)) / lr + wd)``.

    It is 0 where ``abs(z) <= lamda1``. Before that
    ``z += g - (sqrt(n + g**2) - sqrt(n)) * weight / lr``, ``n += g**2``.
    """
    g = gradients(grads, rescale, clip)
    before = torch._foreach_sqrt(n)
    torch._foreach_addcmul_(n, g, g)
    roots = torch._foreach_sqrt(n)
    torch._foreach_sub_(before, roots)
    torch._foreach_div_(before, list(map(float, lrs)))
    torch._foreach_add_(z, g)
    torch._foreach_addcmul_(z, before, weights)
    torch._foreach_add_(roots, beta)
    torch._foreach_div_(roots, list(map(float, lrs)))
    torch._foreach_add_(roots, list(map(float, wds)))
    towards = torch._foreach_clamp_min(z, -lamda1)
    torch._foreach_clamp_max_(towards, lamda1)
    torch._foreach_sub_(towards, z)
    torch._foreach_copy_(weights, torch._foreach_div(towards, roots))


def adagrad(
    weights: _Tensors, grads: _Tensors, history: _Tensors, *,
    lrs: _Numbers, wds: _Numbers, epsilon: float, rescale: float = 1.0, clip: float | None = None,
) -> None:  # fmt: skip
    """``history += g**2``; ``weight -= lr * (g / sqrt(history + epsilon) + wd * weight)``."""
    g = gradients(grads, rescale, clip)
    torch._foreach_addcmul_(history, g, g)
    steps = decay(list(torch._foreach_div(g, _roots(history, epsilon))), weights, wds)
    torch._foreach_add_(weights, torch._foreach_mul(steps, _minus(lrs)))


def group_adagrad(
    weights: _Tensors, grads: _Tensors, history: _Tensors, *,
    lrs: _Numbers, epsilon: float, rescale: float = 1.0, clip: float | None = None,
) -> None:  # fmt: skip
    """AdaGrad with one rate for each row: ``history += mean(g**2)`` of it; ``weight -= lr * g / sqrt(history +
    epsilon)``. weight, grad: (N, ...) · history: N numbers, in any shape that begins with N.
    """
    for weight, grad, sums, lr in zip(weights, gradients(grads, rescale, clip), history, lrs, strict=True):
        sums += grad.square().reshape(len(grad), -1).mean(1).reshape(sums.shape)
        rates = (sums + epsilon).rsqrt().reshape(-1, *(1,) * (grad.dim() - 1))
        weight -= lr * rates * grad
