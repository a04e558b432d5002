"""How weights follow gradients: SGD and Adam, as operators on one weight and as functions on many at once.

The operators are MXNet's (``nd.sgd_update`` ...): they return the new weight and write to their states. The functions
``sgd`` and ``adam`` are for ``mxnet.optimizer``: they update lists of weights and states, tensors that require no
gradients, in place, in one call of torch's fused kernels, which read and write everything once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

import torch

from ..checks import need_float
from ..registry import Operator, operator
from .multi_tensor import gradients, need_alike

try:  # private in torch, and so used here alone; without them, the same formulas one weight at a time
    from torch import _fused_adam_, _fused_sgd_

    _fused = True
except ImportError:  # pragma: no cover - tests switch _fused off instead
    _fused = False

__all__ = ["adam", "clipped", "infer_like_weight", "scaled", "sgd"]

_Tensors = Sequence[torch.Tensor]
_FUSED_DEVICES = ("cpu", "cuda")
_IN_CACHE = 2**17  # elements
_dtype, _kind = attrgetter("dtype"), attrgetter("dtype", "device")


# ---- the rules -------------------------------------------------------------------------------------------------------


def clipped(grad: torch.Tensor, clip: float | None) -> torch.Tensor:
    return grad if clip is None or clip < 0 else grad.clamp(-clip, clip)


def scaled(grad: torch.Tensor, rescale: float) -> torch.Tensor:
    return grad if rescale == 1 else grad * rescale


def _sgd(weight: torch.Tensor, grad: torch.Tensor, lr: float, wd: float, rescale: float, clip: float | None) -> Any:
    """The change of the weight. Weight decay is not clipped."""
    need_float(weight)
    return (clipped(scaled(grad, rescale), clip) + wd * weight) * -lr


def _adam(
    weight: torch.Tensor, grad: torch.Tensor, mean: torch.Tensor, var: torch.Tensor,
    lr: float, wd: float, beta1: float, beta2: float, epsilon: float, rescale: float, clip: float | None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:  # fmt: skip
    """The change of the weight, and the new states. Weight decay is clipped with the gradient."""
    need_float(weight)
    grad = clipped(scaled(grad, rescale) + wd * weight, clip)
    mean = beta1 * mean + (1 - beta1) * grad
    var = beta2 * var + (1 - beta2) * grad.square()
    return mean / (var.sqrt() + epsilon) * -lr, mean, var


# ---- many weights at once --------------------------------------------------------------------------------------------


def sgd(
    weights: _Tensors,
    grads: _Tensors,
    momenta: _Tensors | None,
    lrs: Sequence[float],
    wds: Sequence[float],
    *,
    momentum: float = 0.0,
    rescale: float = 1.0,
    clip: float | None = None,
) -> None:
    """Stochastic gradient descent, in place, on the weights and their momenta (None: without).

    ``step = -lr * (clip(rescale * grad) + wd * weight)``; then ``weight += step``, or with momenta
    ``mom = momentum * mom + step`` and ``weight += mom``. ``clip``: the largest magnitude, None for any. Gradients stay
    as they are.
    """
    clip = None if clip is None or clip < 0 else clip
    for (lr, wd), (w, g, m) in _groups(lrs, wds, weights, grads, momenta):
        if rescale and (momentum or m is None) and _can_fuse(w, g, m or ()):
            scale = rescale if clip is None else 1.0
            # torch: grad += weight_decay * w; buf = momentum * buf + (1 - dampening) * grad; w -= lr * buf
            common = {"weight_decay": wd / scale, "nesterov": False, "maximize": False, "is_first_step": False}
            for ws, gs, ms in [(w, g, m)] if clip is None else _runs(w, g, m):
                gs = gs if clip is None else gradients(gs, rescale, clip)
                if ms is None:
                    _fused_sgd_(ws, gs, [], momentum=0.0, lr=lr * scale, dampening=0.0, **common)
                else:
                    _fused_sgd_(ws, gs, ms, momentum=momentum, lr=-1.0, dampening=1 + lr * scale, **common)
            _changed(w, m or ())
            continue
        for i in range(len(w)):
            step = _sgd(w[i], g[i], lr, wd, rescale, clip)
            w[i].add_(step if m is None else m[i].mul_(momentum).add_(step))


def adam(
    weights: _Tensors,
    grads: _Tensors,
    means: _Tensors,
    variances: _Tensors,
    lrs: Sequence[float],
    wds: Sequence[float],
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    rescale: float = 1.0,
    clip: float | None = None,
) -> None:
    """Adam, in place, on the weights and their running means and variances (Kingma and Ba, 2015).

    ``g = clip(rescale * grad + wd * weight)``; ``mean = beta1 * mean + (1 - beta1) * g``;
    ``var = beta2 * var + (1 - beta2) * g**2``; ``weight -= lr * mean / (sqrt(var) + epsilon)``. The correction for the
    states' start at zero is up to the caller, as part of ``lrs``. Gradients stay as they are.
    """
    clip = None if clip is None or clip < 0 else clip
    for (lr, wd), (w, g, m, v) in _groups(lrs, wds, weights, grads, means, variances):
        if beta1 < 1 and beta2 < 1 and _can_fuse(w, g, m, v):
            common = {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": epsilon, "amsgrad": False, "maximize": False}
            plain, steps = rescale == 1 and clip is None, _many_steps(w[0].device)
            for ws, gs, ms, vs in [(w, g, m, v)] if plain else _runs(w, g, m, v):
                if not plain:
                    gs = gradients(gs, rescale, clip, ws, [wd] * len(ws))
                decay = wd if plain else 0.0
                _fused_adam_(ws, gs, ms, vs, [], [steps] * len(ws), weight_decay=decay, **common)
            _changed(w, m, v)
            continue
        for i in range(len(w)):
            step, mean, var = _adam(w[i], g[i], m[i], v[i], lr, wd, beta1, beta2, epsilon, rescale, clip)
            w[i].add_(step)
            m[i].copy_(mean)
            v[i].copy_(var)


def _groups(lrs: Sequence[float], wds: Sequence[float], *lists: _Tensors | None) -> Iterator[tuple]:
    """The lists, divided into groups that share learning rate, weight decay, dtype and device."""
    kinds = list(map(_kind, lists[0] or ()))
    if len(set(kinds)) == 1 and lrs.count(lrs[0]) == len(lrs) and wds.count(wds[0]) == len(wds):
        yield (lrs[0], wds[0]), lists
        return
    found: dict[tuple, list[int]] = {}
    for i, key in enumerate(zip(lrs, wds, kinds, strict=True)):
        found.setdefault(key, []).append(i)
    for (lr, wd, _), places in found.items():
        yield (lr, wd), [None if tensors is None else [tensors[i] for i in places] for tensors in lists]


def _can_fuse(weights: _Tensors, *others: _Tensors) -> bool:
    """Whether torch's fused kernels take these: they read memory from start to end, whatever the strides say."""
    if not _fused or weights[0].device.type not in _FUSED_DEVICES:
        return False
    dtypes = {weights[0].dtype}
    lists = [tensors for tensors in (weights, *others) if tensors]
    return all(set(map(_dtype, one)) == dtypes and all(map(torch.Tensor.is_contiguous, one)) for one in lists)


def _runs(*lists: _Tensors | None) -> Iterator[list]:
    """The lists, cut into runs: new gradients of one run stay in the cache of a CPU until they have been used."""
    first = lists[0] or ()
    start, elements = 0, 0
    for end, tensor in enumerate(first, 1):
        elements += tensor.numel()
        if end == len(first) or (elements >= _IN_CACHE and tensor.device.type == "cpu"):
            yield [None if tensors is None else tensors[start:end] for tensors in lists]
            start, elements = end, 0


@cache
def _many_steps(device: torch.device) -> torch.Tensor:
    """A count of steps so large that torch's Adam, which corrects for the states' start, finds nothing to correct."""
    return torch.full((), 1e9, device=device)


def _changed(*lists: _Tensors) -> None:
    """Tell torch of writes that its fused kernels do not note: graphs and caches look at version counters."""
    for tensors in lists:
        torch.autograd.graph.increment_version(tensors)


# ---- operators on one weight -----------------------------------------------------------------------------------------


@operator("sgd_update", differentiable=False)
def sgd_update(
    weight: torch.Tensor,
    grad: torch.Tensor,
    *,
    lr: float,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    lazy_update: bool = True,
) -> torch.Tensor:
    """``weight - lr * (clip(rescale_grad * grad) + wd * weight)``.

    ``clip_gradient``: the largest magnitude; negative for any. ``lazy_update`` is about sparse gradients.
    """
    need_alike(weight=weight, grad=grad)
    return weight + _sgd(weight, grad, lr, wd, rescale_grad, clip_gradient)


@operator("sgd_mom_update", aux=("mom",), differentiable=False)
def sgd_mom_update(
    weight: torch.Tensor,
    grad: torch.Tensor,
    mom: torch.Tensor,
    *,
    lr: float,
    momentum: float = 0.0,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    lazy_update: bool = True,
) -> tuple[torch.Tensor, torch.Tensor]:
    """``weight + mom``, with ``mom = momentum * mom - lr * (clip(rescale_grad * grad) + wd * weight)``, which is kept.

    ``clip_gradient``: the largest magnitude; negative for any. ``lazy_update`` is about sparse gradients.
    """
    need_alike(weight=weight, grad=grad, mom=mom)
    mom = momentum * mom + _sgd(weight, grad, lr, wd, rescale_grad, clip_gradient)
    return weight + mom, mom


@operator("mp_sgd_update", types="T, T, float32 -> T", aux=("weight32",), mixed=True, differentiable=False)
def mp_sgd_update(
    weight: torch.Tensor,
    grad: torch.Tensor,
    weight32: torch.Tensor,
    *,
    lr: float,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    lazy_update: bool = True,
) -> tuple[torch.Tensor, torch.Tensor]:
    """sgd_update for a half-precision weight, computed on and kept in its float32 copy ``weight32``."""
    need_alike(weight=weight, grad=grad, weight32=weight32)
    weight32 = weight32 + _sgd(weight32, grad.float(), lr, wd, rescale_grad, clip_gradient)
    return weight32.to(dtype=weight.dtype), weight32


@operator(
    "mp_sgd_mom_update", types="T, T, float32, float32 -> T", aux=("mom", "weight32"), mixed=True, differentiable=False
)
def mp_sgd_mom_update(
    weight: torch.Tensor,
    grad: torch.Tensor,
    mom: torch.Tensor,
    weight32: torch.Tensor,
    *,
    lr: float,
    momentum: float = 0.0,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    lazy_update: bool = True,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """sgd_mom_update for a half-precision weight, computed on and kept in ``weight32``; both it and mom are float32."""
    need_alike(weight=weight, grad=grad, mom=mom, weight32=weight32)
    mom = momentum * mom + _sgd(weight32, grad.float(), lr, wd, rescale_grad, clip_gradient)
    weight32 = weight32 + mom
    return weight32.to(dtype=weight.dtype), mom, weight32


@operator("adam_update", aux=("mean", "var"), differentiable=False)
def adam_update(
    weight: torch.Tensor,
    grad: torch.Tensor,
    mean: torch.Tensor,
    var: torch.Tensor,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    wd: float = 0.0,
    rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
    lazy_update: bool = True,
) -> tuple[torch.Tensor, ...]:
    """``weight - lr * mean / (sqrt(var) + epsilon)``, with running mean and variance of the gradient, which are kept.

    They become ``beta1 * mean + (1 - beta1) * g`` and ``beta2 * var + (1 - beta2) * g**2``, where
    ``g = clip(rescale_grad * grad + wd * weight)``.
    ``clip_gradient``: the largest magnitude; negative for any. ``lazy_update`` is about sparse gradients.
    """
    need_alike(weight=weight, grad=grad, mean=mean, var=var)
    step, mean, var = _adam(weight, grad, mean, var, lr, wd, beta1, beta2, epsilon, rescale_grad, clip_gradient)
    return weight + step, mean, var


def infer_like_weight(op: Operator) -> None:
    op.infers(lambda weight, **_: dict.fromkeys(op.inputs[1:], weight))


for _op in (sgd_update, sgd_mom_update, mp_sgd_update, mp_sgd_mom_update, adam_update):
    infer_like_weight(_op)
