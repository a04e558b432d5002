"""How one weight follows its gradient, beyond SGD and Adam: an operator per optimizer, as MXNet has them.

Each returns the new weight; its states, behind weight and gradient, are written in place. Everywhere
``g = clip(rescale_grad * grad)``, and ``clip_gradient`` is the largest magnitude, negative for any. ``rules.py`` does
the same for many weights.
"""

from __future__ import annotations

from torch import Tensor

from ..registry import operator
from . import rules
from .multi_tensor import need_alike, on_copies
from .sgd_adam import infer_like_weight

__all__: list[str] = []


# ---- momentum --------------------------------------------------------------------------------------------------------


@operator("nag_mom_update", aux=("mom",), differentiable=False)
def nag_mom_update(
    weight: Tensor,
    grad: Tensor,
    mom: Tensor,
    *,
    lr: float,
    momentum: float = 0.0,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
) -> tuple[Tensor, Tensor]:
    """Nesterov's momentum: ``weight + momentum * mom + step``, ``step = -lr * (g + wd * weight)``.

    Before that, ``mom`` becomes ``momentum * mom + step``.
    """
    need_alike(weight=weight, grad=grad, mom=mom)
    settings = {"momentum": momentum, "rescale": rescale_grad, "clip": clip_gradient}
    return on_copies(rules.nag, weight, grad, mom, lrs=[lr], wds=[wd], **settings)


@operator(
    "mp_nag_mom_update", types="T, T, float32, float32 -> T", aux=("mom", "weight32"), mixed=True, differentiable=False
)
def mp_nag_mom_update(
    weight: Tensor,
    grad: Tensor,
    mom: Tensor,
    weight32: Tensor,
    *,
    lr: float,
    momentum: float = 0.0,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """nag_mom_update for a half-precision weight, computed on and kept in ``weight32``; both it and mom are float32."""
    need_alike(weight=weight, grad=grad, mom=mom, weight32=weight32)
    settings = {"momentum": momentum, "rescale": rescale_grad, "clip": clip_gradient}
    weight32, mom = on_copies(rules.nag, weight32, grad.float(), mom, lrs=[lr], wds=[wd], **settings)
    return weight32.to(dtype=weight.dtype), mom, weight32


# ---- signs of gradients (Bernstein et al., 2018, https://arxiv.org/abs/1802.04434) -----------------------------------


@operator("signsgd_update", differentiable=False)
def signsgd_update(
    weight: Tensor,
    grad: Tensor,
    *,
    lr: float,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
) -> Tensor:
    """``(1 - lr * wd) * weight - lr * sign(rescale_grad * grad)``; a bound on magnitudes changes no sign."""
    need_alike(weight=weight, grad=grad)
    return on_copies(rules.signsgd, weight, grad, lrs=[lr], wds=[wd], rescale=rescale_grad)[0]


@operator("signum_update", aux=("mom",), differentiable=False)
def signum_update(
    weight: Tensor,
    grad: Tensor,
    mom: Tensor,
    *,
    lr: float,
    momentum: float = 0.0,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    wd_lh: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """``(1 - lr * wd_lh) * weight + lr * sign(mom)``.

    Before that, ``mom`` becomes ``momentum * mom - (1 - momentum) * (g + wd * weight)``. ``wd_lh`` is decay apart
    from the momentum (Loshchilov and Hutter, https://arxiv.org/abs/1711.05101).
    """
    need_alike(weight=weight, grad=grad, mom=mom)
    settings = {"momentum": momentum, "wd_lh": wd_lh, "rescale": rescale_grad, "clip": clip_gradient}
    return on_copies(rules.signum, weight, grad, mom, lrs=[lr], wds=[wd], **settings)


# ---- running means of squared gradients ------------------------------------------------------------------------------


@operator("rmsprop_update", aux=("n",), differentiable=False)
def rmsprop_update(
    weight: Tensor,
    grad: Tensor,
    n: Tensor,
    *,
    lr: float,
    gamma1: float = 0.95,
    epsilon: float = 1e-8,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    clip_weights: float = -1.0,
) -> tuple[Tensor, Tensor]:
    """RMSProp (Tieleman and Hinton, 2012): ``clip(weight - lr * g / sqrt(n + epsilon))``.

    Before that, ``n`` becomes ``gamma1 * n + (1 - gamma1) * g**2``. Here weight decay is a part of the gradient:
    ``g = clip(rescale_grad * grad + wd * weight)``.
    """
    need_alike(weight=weight, grad=grad, n=n)
    settings = {"gamma1": gamma1, "epsilon": epsilon, "clip_weights": clip_weights}
    settings |= {"rescale": rescale_grad, "clip": clip_gradient}
    return on_copies(rules.rmsprop, weight, grad, n, lrs=[lr], wds=[wd], **settings)


@operator("rmspropalex_update", aux=("n", "g", "delta"), differentiable=False)
def rmspropalex_update(
    weight: Tensor,
    grad: Tensor,
    n: Tensor,
    g: Tensor,
    delta: Tensor,
    *,
    lr: float,
    gamma1: float = 0.95,
    gamma2: float = 0.9,
    epsilon: float = 1e-8,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    clip_weights: float = -1.0,
) -> tuple[Tensor, ...]:
    """RMSProp, centred and with momentum (Graves, 2013, https://arxiv.org/abs/1308.0850): ``clip(weight + delta)``.

    ``delta = gamma2 * delta - lr * grad / sqrt(n - g**2 + epsilon)``, where ``n`` and ``g`` are running means of the
    squared gradient and of the gradient; weight decay is a part of it, as in ``rmsprop_update``.
    """
    need_alike(weight=weight, grad=grad, n=n, g=g, delta=delta)
    settings = {"gamma1": gamma1, "gamma2": gamma2, "epsilon": epsilon, "clip_weights": clip_weights}
    settings |= {"rescale": rescale_grad, "clip": clip_gradient}
    return on_copies(rules.rmsprop_centered, weight, grad, n, g, delta, lrs=[lr], wds=[wd], **settings)


@operator("ftml_update", aux=("d", "v", "z"), differentiable=False)
def ftml_update(
    weight: Tensor,
    grad: Tensor,
    d: Tensor,
    v: Tensor,
    z: Tensor,
    *,
    lr: float,
    beta1: float = 0.6,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    t: int,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_grad: float = -1.0,
) -> tuple[Tensor, ...]:
    """Follow the moving leader (Zheng and Kwok, 2017): ``-z / d``; ``t`` counts the steps from 1.

    ``v = beta2 * v + (1 - beta2) * g**2``; ``d' = (1 - beta1**t) / lr * (sqrt(v / (1 - beta2**t)) + epsilon)``;
    ``z = beta1 * z + (1 - beta1) * g - (d' - beta1 * d) * weight``. Weight decay is a part of the gradient.
    """
    need_alike(weight=weight, grad=grad, d=d, v=v, z=z)
    settings = {"counts": [t], "beta1": beta1, "beta2": beta2, "epsilon": epsilon}
    settings |= {"rescale": rescale_grad, "clip": clip_grad}
    return on_copies(rules.ftml, weight, grad, d, v, z, lrs=[lr], wds=[wd], **settings)


# ---- sums of squared gradients ---------------------------------------------------------------------------------------


@operator("ftrl_update", aux=("z", "n"), differentiable=False)
def ftrl_update(
    weight: Tensor,
    grad: Tensor,
    z: Tensor,
    n: Tensor,
    *,
    lr: float,
    lamda1: float = 0.01,
    beta: float = 1.0,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Follow the regularized leader (McMahan et al., 2013): ``-(z - sign(z) * lamda1) / ((beta + sqrt(n)) / lr + wd)``.

    It is 0 where ``abs(z) <= lamda1``. Before that ``z += g - (sqrt(n + g**2) - sqrt(n)) * weight / lr`` and
    ``n += g**2``.
    """
    need_alike(weight=weight, grad=grad, z=z, n=n)
    settings = {"lamda1": lamda1, "beta": beta, "rescale": rescale_grad, "clip": clip_gradient}
    return on_copies(rules.ftrl, weight, grad, z, n, lrs=[lr], wds=[wd], **settings)


@operator("_sparse_adagrad_update", aux=("history",), differentiable=False)
def adagrad_update(
    weight: Tensor,
    grad: Tensor,
    history: Tensor,
    *,
    lr: float,
    epsilon: float = 1e-7,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
) -> tuple[Tensor, Tensor]:
    """AdaGrad (Duchi et al., 2011): ``weight - lr * (g / sqrt(history + epsilon) + wd * weight)``.

    Before that, ``history += g**2``.
    """
    need_alike(weight=weight, grad=grad, history=history)
    settings = {"epsilon": epsilon, "rescale": rescale_grad, "clip": clip_gradient}
    return on_copies(rules.adagrad, weight, grad, history, lrs=[lr], wds=[wd], **settings)


@operator("_contrib_group_adagrad_update", aux=("history",), differentiable=False)
def group_adagrad_update(
    weight: Tensor,
    grad: Tensor,
    history: Tensor,
    *,
    lr: float,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    epsilon: float = 1e-5,
) -> tuple[Tensor, Tensor]:
    """AdaGrad with one learning rate for each row: ``weight - lr * g / sqrt(history + epsilon)``.

    Before that, ``history += mean(g**2)`` of the row. weight, grad: (N, ...) · history: (N,) or (N, 1, ...).
    """
    need_alike(weight=weight, grad=grad)
    if history.shape[:1] != weight.shape[:1] or history.numel() != weight.size(0):
        raise ValueError(
            f"history must have one number for each row of weight, but its shape is {tuple(history.shape)}"
        )
    settings = {"epsilon": epsilon, "rescale": rescale_grad, "clip": clip_gradient}
    return on_copies(rules.group_adagrad, weight, grad, history, lrs=[lr], **settings)


for _op in (
    *(nag_mom_update, mp_nag_mom_update, signsgd_update, signum_update, rmsprop_update, rmspropalex_update),
    *(ftml_update, ftrl_update, adagrad_update),
):
    infer_like_weight(_op)
