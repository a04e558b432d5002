"""SGD of several weights in one call, and what LARS needs for it: sums of squares, and learning rates from them.

The inputs come weight by weight: weight, gradient, its momentum, and its float32 copy where the weight is one of half
precision ("mp"). The new weights are returned; momenta and copies are written in place. "preloaded" operators take
learning rates and weight decays as two arrays at the end, which may stay on a GPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..attributes import Floats
from ..checks import need_count, need_float, need_shape
from ..registry import operator
from .multi_tensor import columns, copies, gradients, move, need_each, one_per_weight, places, results

__all__ = ["descend", "lars"]

PLAIN = ("weight", "grad")
MOMENTUM = ("weight", "grad", "mom")
MASTER = ("weight", "grad", "weight32")
BOTH = ("weight", "grad", "mom", "weight32")


def descend(
    weights: Sequence[Tensor],
    grads: Sequence[Tensor],
    momenta: Sequence[Tensor] | None,
    *,
    lrs: Sequence[Any],
    wds: Sequence[Any],
    momentum: float = 0.0,
    rescale: float = 1.0,
    clip: float | None = None,
) -> None:
    """``weight += step``, ``step = -lr * (clip(rescale * grad) + wd * weight)``, in place.

    lrs, wds: numbers, or tensors of one number, for each weight. With momenta
    ``mom = momentum * mom + step`` and ``weight += mom``.
    """
    steps = gradients(grads, rescale, clip)
    torch._foreach_add_(steps, torch._foreach_mul(weights, wds))
    torch._foreach_mul_(steps, [-lr for lr in lrs])
    move(weights, steps, momenta, momentum)


def _sgd(
    names: Sequence[str],
    data: Sequence[Tensor],
    rates: tuple[Floats, Floats] | None,
    rescale: float,
    clip: float,
    number: int,
    momentum: float = 0.0,
) -> Tensor | tuple[Tensor, ...]:
    """New weights, then new states. rates: learning rates and weight decays; None where they are the last inputs."""
    lists = columns(data, names, "num_weights", number, more=0 if rates else 2)
    table = dict(zip(names, lists, strict=True))
    grads, weights = table["grad"], copies(table.get("weight32", table["weight"]))
    if "weight32" in table:
        grads = [g.float() for g in grads]
    lrs, wds = _given(rates, number) if rates else _preloaded(data, number)
    momenta = copies(table["mom"]) if "mom" in table else None
    descend(weights, grads, momenta, lrs=lrs, wds=wds, momentum=momentum, rescale=rescale, clip=clip)
    states = [] if momenta is None else [momenta]
    if "weight32" in table:
        states.append(weights)
        weights = [n.to(dtype=w.dtype) for n, w in zip(weights, table["weight"], strict=True)]
    return results(weights, *states)


def _given(rates: tuple[Floats, Floats], number: int) -> Any:
    need_each("lrs", rates[0], number)
    need_each("wds", rates[1], number)
    return rates


def _preloaded(data: Sequence[Tensor], number: int) -> Any:
    """Learning rates and weight decays as lists of scalar tensors."""
    need_shape("lrs", data[-2], (number,))
    need_shape("wds", data[-1], (number,))
    return data[-2].unbind(), data[-1].unbind()


# ---- learning rates as numbers -------------------------------------------------------------------------------------


@operator("multi_sgd_update", outputs=one_per_weight, differentiable=False)
def multi_sgd_update(
    *data: Tensor,
    lrs: Floats,
    wds: Floats,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    num_weights: int = 1,
) -> Tensor | tuple[Tensor, ...]:
    """sgd_update for ``num_weights`` weights. data: weight, grad of each."""
    return _sgd(PLAIN, data, (lrs, wds), rescale_grad, clip_gradient, num_weights)


@operator("multi_sgd_mom_update", outputs=one_per_weight, aux=places(MOMENTUM), differentiable=False)
def multi_sgd_mom_update(
    *data: Tensor,
    lrs: Floats,
    wds: Floats,
    momentum: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    num_weights: int = 1,
) -> Tensor | tuple[Tensor, ...]:
    """sgd_mom_update for ``num_weights`` weights. data: weight, grad, mom of each."""
    return _sgd(MOMENTUM, data, (lrs, wds), rescale_grad, clip_gradient, num_weights, momentum)


@operator(
    "multi_mp_sgd_update",
    types="[T, T, float32]* -> [T]*",
    outputs=one_per_weight,
    aux=places(MASTER),
    mixed=True,
    differentiable=False,
)
def multi_mp_sgd_update(
    *data: Tensor,
    lrs: Floats,
    wds: Floats,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    num_weights: int = 1,
) -> Tensor | tuple[Tensor, ...]:
    """mp_sgd_update for ``num_weights`` weights. data: weight, grad, weight32 of each."""
    return _sgd(MASTER, data, (lrs, wds), rescale_grad, clip_gradient, num_weights)


@operator(
    "multi_mp_sgd_mom_update",
    types="[T, T, float32, float32]* -> [T]*",
    outputs=one_per_weight,
    aux=places(BOTH),
    mixed=True,
    differentiable=False,
)
def multi_mp_sgd_mom_update(
    *data: Tensor,
    lrs: Floats,
    wds: Floats,
    momentum: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    num_weights: int = 1,
) -> Tensor | tuple[Tensor, ...]:
    """mp_sgd_mom_update for ``num_weights`` weights. data: weight, grad, mom, weight32 of each."""
    return _sgd(BOTH, data, (lrs, wds), rescale_grad, clip_gradient, num_weights, momentum)


# ---- learning rates as arrays --------------------------------------------------------------------------------------


@operator(
    "preloaded_multi_sgd_update",
    types="[T, T]*, R=float32, W=float32 -> [T]*",
    outputs=one_per_weight,
    mixed=True,
    differentiable=False,
)
def preloaded_multi_sgd_update(
    *data: Tensor,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    num_weights: int = 1,
) -> Tensor | tuple[Tensor, ...]:
    """multi_sgd_update with ``lrs`` and ``wds``, arrays (num_weights,), as the last two inputs."""
    return _sgd(PLAIN, data, None, rescale_grad, clip_gradient, num_weights)


@operator(
    "preloaded_multi_sgd_mom_update",
    types="[T, T, T]*, R=float32, W=float32 -> [T]*",
    outputs=one_per_weight,
    aux=places(MOMENTUM, 2),
    mixed=True,
    differentiable=False,
)
def preloaded_multi_sgd_mom_update(
    *data: Tensor,
    momentum: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    num_weights: int = 1,
) -> Tensor | tuple[Tensor, ...]:
    """multi_sgd_mom_update with ``lrs`` and ``wds``, arrays (num_weights,), as the last two inputs."""
    return _sgd(MOMENTUM, data, None, rescale_grad, clip_gradient, num_weights, momentum)


@operator(
    "preloaded_multi_mp_sgd_update",
    types="[T, T, float32]*, R=float32, W=float32 -> [T]*",
    outputs=one_per_weight,
    aux=places(MASTER, 2),
    mixed=True,
    differentiable=False,
)
def preloaded_multi_mp_sgd_update(
    *data: Tensor,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    num_weights: int = 1,
) -> Tensor | tuple[Tensor, ...]:
    """multi_mp_sgd_update with ``lrs`` and ``wds``, arrays (num_weights,), as the last two inputs."""
    return _sgd(MASTER, data, None, rescale_grad, clip_gradient, num_weights)


@operator(
    "preloaded_multi_mp_sgd_mom_update",
    types="[T, T, float32, float32]*, R=float32, W=float32 -> [T]*",
    outputs=one_per_weight,
    aux=places(BOTH, 2),
    mixed=True,
    differentiable=False,
)
def preloaded_multi_mp_sgd_mom_update(
    *data: Tensor,
    momentum: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    num_weights: int = 1,
) -> Tensor | tuple[Tensor, ...]:
    """multi_mp_sgd_mom_update with ``lrs`` and ``wds``, arrays (num_weights,), as the last two inputs."""
    return _sgd(BOTH, data, None, rescale_grad, clip_gradient, num_weights, momentum)


# ---- LARS ------------------------------------------------------------------------------------------------------------


@operator("multi_sum_sq", types="T* -> float32", differentiable=False)
def multi_sum_sq(*data: Tensor, num_arrays: int) -> Tensor:
    """The sum of squares of each of ``num_arrays`` arrays, as float32 (num_arrays,)."""
    need_count("num_arrays", num_arrays, data)
    need_float(data[0])
    kind = torch.float64 if data[0].dtype is torch.float64 else torch.float32
    return torch.stack(torch._foreach_norm(data, 2, dtype=kind)).square().float()


@operator("multi_lars", differentiable=False)
def multi_lars(
    lrs: Tensor,
    weights_sum_sq: Tensor,
    grads_sum_sq: Tensor,
    wds: Tensor,
    *,
    eta: float,
    eps: float,
    rescale_grad: float = 1.0,
) -> Tensor:
    """Learning rates by the norms of weights and gradients (LARS; You et al., 2017, https://arxiv.org/abs/1708.03888).

    ``lrs * eta * w / (g + wds * w + eps)``, where ``w = sqrt(weights_sum_sq)``, ``g = rescale_grad *
    sqrt(grads_sum_sq)``; ``lrs`` where one of these is 0. All are float32 of one shape.
    """
    for name, array in (("weights_sum_sq", weights_sum_sq), ("grads_sum_sq", grads_sum_sq), ("wds", wds)):
        need_shape(name, array, lrs.shape)
    if lrs.dtype is not torch.float32 and not lrs.is_meta:
        raise ValueError(f"all inputs must be float32, but are {lrs.dtype}")
    w, g = weights_sum_sq.sqrt(), grads_sum_sq.sqrt() * rescale_grad
    return torch.where((w > 0) & (g > 0), lrs * eta * w / (g + wds * w + eps), lrs)


def lars(
    weights: Sequence[Tensor],
    grads: Sequence[Tensor],
    *,
    lrs: Sequence[float],
    wds: Sequence[float],
    adaptive: Sequence[bool],
    eta: float,
    eps: float,
    rescale: float = 1.0,
) -> tuple[Tensor, ...]:
    """The learning rates of ``multi_lars`` as scalars, for weights that are ``adaptive``; of others as they are."""
    device = weights[0].device
    rates = torch.tensor(lrs, dtype=torch.float32, device=device)
    chosen = [i for i, is_one in enumerate(adaptive) if is_one]
    if chosen:
        squares = [multi_sum_sq.fn(*(arrays[i] for i in chosen), num_arrays=len(chosen)) for arrays in (weights, grads)]
        decays = torch.tensor([wds[i] for i in chosen], dtype=torch.float32, device=device)
        rates[chosen] = multi_lars.fn(rates[chosen], *squares, decays, eta=eta, eps=eps, rescale_grad=rescale)
    return rates.unbind()


@multi_lars.infers
def _(lrs: tuple, **_: Any) -> dict[str, tuple]:
    return dict.fromkeys(("weights_sum_sq", "grads_sum_sq", "wds"), lrs)
