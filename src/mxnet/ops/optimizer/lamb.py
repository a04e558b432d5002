"""LAMB (You et al., 2019, https://arxiv.org/abs/1904.00962): Adam whose steps are as long as the weights are.

In two phases, between which the caller takes the norms of weight and direction; or at once, for several weights.
Half-precision weights ("mp") have a float32 copy, and float32 states.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..attributes import Floats, Shape
from ..checks import need_shape
from ..registry import operator
from .multi_tensor import columns, copies, gradients, need_each, places, results, run_mean, run_mean_square

__all__ = ["lamb"]

PLAIN = ("weight", "grad", "mean", "var")
MASTER = ("weight", "grad", "mean", "var", "weight32")

_Tensors = Sequence[Tensor]
_Numbers = Sequence[float]


# ---- the rule --------------------------------------------------------------------------------------------------------


def _directions(
    weights: _Tensors, grads: _Tensors, means: _Tensors, variances: _Tensors, wds: _Numbers, counts: Sequence[int],
    beta1: float, beta2: float, epsilon: float, bias_correction: bool, rescale: float, clip: float | None,
) -> _Tensors:  # fmt: skip
    """``mean / (sqrt(var) + epsilon) + wd * weight``; running means and variances of gradients are written in place."""
    grads = gradients(grads, rescale, clip)
    run_mean(means, grads, beta1)
    run_mean_square(variances, grads, beta2)
    result, roots = means, variances
    if bias_correction:
        result = torch._foreach_div(result, [1 - beta1**t for t in counts])
        roots = torch._foreach_div(roots, [1 - beta2**t for t in counts])
    roots = torch._foreach_sqrt(roots)
    torch._foreach_add_(roots, epsilon)
    result = torch._foreach_div(result, roots)
    torch._foreach_add_(result, torch._foreach_mul(weights, wds))
    return result


def _ratio(weight: Tensor, direction: Tensor, lower: float, upper: float) -> Tensor:
    """The norm of the weight, within bounds (negative: none), over that of the direction; 1 where one of them is 0."""
    weight = (
        weight.clamp(lower if lower >= 0 else None, upper if upper >= 0 else None) if max(lower, upper) >= 0 else weight
    )
    return torch.where((weight != 0) & (direction != 0), weight / direction, 1.0)


def lamb(
    weights: _Tensors, grads: _Tensors, means: _Tensors, variances: _Tensors, *,
    lrs: _Numbers, wds: _Numbers, counts: Sequence[int], beta1: float, beta2: float, epsilon: float,
    bias_correction: bool, bounds: tuple[float, float], rescale: float = 1.0, clip: float | None = None,
    measured: _Tensors | None = None,
) -> None:  # fmt: skip
    """One step of several weights, in place, as are their running means and variances.

    ``weight -= lr * ratio * direction``, where the ratio is that of the norms of weight and direction; ``measured``:
    where norms of weights come from, if not from the weights. ``counts``: the steps of each weight, from 1.
    """
    settings = (beta1, beta2, epsilon, bias_correction, rescale, clip)
    directions = _directions(weights, grads, means, variances, wds, counts, *settings)
    kind = torch.float64 if weights[0].dtype is torch.float64 else torch.float32  # half-precision squares overflow
    sources = (weights if measured is None else measured, directions)
    norms = [torch.stack(torch._foreach_norm(tensors, 2, dtype=kind)) for tensors in sources]
    rates = torch._foreach_mul(_ratio(*norms, *bounds).unbind(), lrs)
    torch._foreach_sub_(weights, torch._foreach_mul(directions, rates))


# ---- one weight, in two phases ---------------------------------------------------------------------------------------


@operator("lamb_update_phase1", aux=("mean", "var"), differentiable=False)
def lamb_update_phase1(
    weight: Tensor,
    grad: Tensor,
    mean: Tensor,
    var: Tensor,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-6,
    t: int,
    bias_correction: bool = True,
    wd: float,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
) -> tuple[Tensor, ...]:
    """The direction of the step: ``mean / (sqrt(var) + epsilon) + wd * weight``; running mean and variance are kept.

    They become ``beta1 * mean + (1 - beta1) * g`` and ``beta2 * var + (1 - beta2) * g**2``, where
    ``g = clip(rescale_grad * grad)``. With ``bias_correction`` they are divided by ``1 - beta**t`` in the formula.
    """
    weights, grads, *states = columns((weight, grad, mean, var), PLAIN, "num_tensors", 1)
    means, variances = map(copies, states)
    settings = (beta1, beta2, epsilon, bias_correction, rescale_grad, clip_gradient)
    (direction,) = _directions(weights, grads, means, variances, (wd,), (t,), *settings)
    return direction, *means, *variances


@operator(
    "mp_lamb_update_phase1",
    types="T, T, float32, float32, float32 -> float32",
    aux=("mean", "var"),
    mixed=True,
    differentiable=False,
)
def mp_lamb_update_phase1(
    weight: Tensor,
    grad: Tensor,
    mean: Tensor,
    var: Tensor,
    weight32: Tensor,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-6,
    t: int,
    bias_correction: bool = True,
    wd: float,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
) -> tuple[Tensor, ...]:
    """lamb_update_phase1 for a half-precision weight, from its float32 copy; the direction is float32 too."""
    _, _, *states, master = columns((weight, grad, mean, var, weight32), MASTER, "num_tensors", 1)
    means, variances = map(copies, states)
    settings = (beta1, beta2, epsilon, bias_correction, rescale_grad, clip_gradient)
    (direction,) = _directions(master, [grad.float()], means, variances, (wd,), (t,), *settings)
    return direction, *means, *variances


@operator("lamb_update_phase2", differentiable=False)
def lamb_update_phase2(
    weight: Tensor,
    g: Tensor,
    r1: Tensor,
    r2: Tensor,
    *,
    lr: float,
    lower_bound: float = -1.0,
    upper_bound: float = -1.0,
) -> Tensor:
    """``weight - lr * r1 / r2 * g``, where ``g`` is the direction, ``r1`` and ``r2`` the norms of weight and direction.

    ``r1`` is kept within the bounds, of which negative ones do not count; where one norm is 0, ``r1 / r2`` is 1.
    """
    need_shape("g", g, weight.shape)
    need_shape("r1", r1, (1,))
    need_shape("r2", r2, (1,))
    return weight - lr * _ratio(r1, r2, lower_bound, upper_bound) * g


@operator(
    "mp_lamb_update_phase2",
    types="T, float32, float32, float32, float32 -> T",
    aux=("weight32",),
    mixed=True,
    differentiable=False,
)
def mp_lamb_update_phase2(
    weight: Tensor,
    g: Tensor,
    r1: Tensor,
    r2: Tensor,
    weight32: Tensor,
    *,
    lr: float,
    lower_bound: float = -1.0,
    upper_bound: float = -1.0,
) -> tuple[Tensor, Tensor]:
    """lamb_update_phase2 for a half-precision weight, computed on and kept in ``weight32``."""
    need_shape("weight32", weight32, weight.shape)
    weight32 = lamb_update_phase2.fn(weight32, g, r1, r2, lr=lr, lower_bound=lower_bound, upper_bound=upper_bound)
    return weight32.to(dtype=weight.dtype), weight32


# ---- several weights, at once ----------------------------------------------------------------------------------------


def _lamb(
    names: Sequence[str], data: _Tensors, number: int, lrs: Floats, wds: Floats, counts: Sequence[int], **settings: Any
) -> Any:  # fmt: skip
    """New weights, then new states."""
    weights, grads, means, variances, *master = columns(data, names, "num_tensors", number)
    need_each("learning_rates", lrs, number)
    need_each("wds", wds, number)
    need_each("step_count", counts, number)
    new, means, variances = map(copies, (master[0] if master else weights, means, variances))
    grads = [g.float() for g in grads] if master else grads
    lamb(new, grads, means, variances, lrs=lrs, wds=wds, counts=counts, measured=weights, **settings)
    if not master:
        return results(new, means, variances)
    return results([n.to(dtype=w.dtype) for n, w in zip(new, weights, strict=True)], means, variances, new)


def _tensors(*, num_tensors: int, **_: Any) -> int:
    """The number of outputs."""
    return num_tensors


@operator("_multi_lamb_update", outputs=_tensors, aux=places(PLAIN), differentiable=False)
def multi_lamb_update(
    *data: Tensor,
    learning_rates: Floats,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-6,
    wds: Floats,
    rescale_grad: float = 1.0,
    lower_bound: float = -1.0,
    upper_bound: float = -1.0,
    clip_gradient: float = -1.0,
    bias_correction: bool = True,
    step_count: Shape,
    num_tensors: int = 1,
) -> tuple[Tensor, ...]:
    """Both phases for ``num_tensors`` weights. data: weight, grad, mean, var of each; ``step_count``: its ``t``."""
    return _lamb(
        PLAIN, data, num_tensors, learning_rates, wds, step_count, beta1=beta1, beta2=beta2, epsilon=epsilon,
        bias_correction=bias_correction, bounds=(lower_bound, upper_bound), rescale=rescale_grad, clip=clip_gradient,
    )  # fmt: skip


@operator(
    "_multi_mp_lamb_update",
    types="[T, T, float32, float32, float32]* -> [T]*",
    outputs=_tensors,
    aux=places(MASTER),
    mixed=True,
    differentiable=False,
)
def multi_mp_lamb_update(
    *data: Tensor,
    learning_rates: Floats,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-6,
    wds: Floats,
    rescale_grad: float = 1.0,
    lower_bound: float = -1.0,
    upper_bound: float = -1.0,
    clip_gradient: float = -1.0,
    bias_correction: bool = True,
    step_count: Shape,
    num_tensors: int = 1,
) -> tuple[Tensor, ...]:
    """_multi_lamb_update of half-precision weights. data: weight, grad, mean, var, weight32 of each."""
    return _lamb(
        MASTER, data, num_tensors, learning_rates, wds, step_count, beta1=beta1, beta2=beta2, epsilon=epsilon,
        bias_correction=bias_correction, bounds=(lower_bound, upper_bound), rescale=rescale_grad, clip=clip_gradient,
    )  # fmt: skip


@lamb_update_phase1.infers
@mp_lamb_update_phase1.infers
@lamb_update_phase2.infers
@mp_lamb_update_phase2.infers
def _(weight: tuple, **_: Any) -> dict[str, tuple]:
    return {**dict.fromkeys(("grad", "mean", "var", "weight32", "g"), weight), "r1": (1,), "r2": (1,)}
