"""Arithmetic on lists of tensors, one kernel for many where the device has such: what optimizers' updates share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..checks import need_count, need_float

__all__ = ["columns", "gradients", "moments", "need_alike", "need_each", "one_per_weight", "places", "results"]


def gradients(
    grads: Sequence[Tensor],
    rescale: float | Tensor,
    clip: float | None,
    weights: Sequence[Tensor] = (),
    wd: float = 0.0,
) -> list[Tensor]:
    """``clip(rescale * grad + wd * weight)``, as new tensors; ``clip``: the largest magnitude, negative for any."""
    result = list(torch._foreach_mul(grads, rescale))
    if wd:
        torch._foreach_add_(result, weights, alpha=wd)
    if clip is not None and clip >= 0:
        torch._foreach_clamp_min_(result, -clip)
        torch._foreach_clamp_max_(result, clip)
    return result


def moments(
    means: Sequence[Tensor], variances: Sequence[Tensor], grads: Sequence[Tensor], beta1: float, beta2: float
) -> tuple[list[Tensor], list[Tensor]]:
    """Running means of gradients and of their squares, after one more step: new tensors."""
    means, variances = torch._foreach_mul(means, beta1), torch._foreach_mul(variances, beta2)
    torch._foreach_add_(means, grads, alpha=1 - beta1)
    torch._foreach_addcmul_(variances, grads, grads, value=1 - beta2)
    return list(means), list(variances)


def columns(
    data: Sequence[Tensor], names: Sequence[str], attribute: str, number: int, more: int = 0
) -> list[list[Tensor]]:
    """The inputs ``weight0, grad0, ..., weight1, grad1, ...`` of a multi-tensor operator, sorted into a list per name.

    number: how many weights there are, which the attribute of that name says · more: inputs that follow behind them.
    Raises ValueError for another number of inputs, another shape than the weight's, another dtype: that of all is one,
    but where there is a "weight32", states are float32.
    """
    need_count(attribute, number, data, len(names), more)
    data = data[: len(data) - more]
    need_float(data[0])
    for i, tensor in enumerate(data):
        place = i % len(names)
        weight, name = data[i - place], f"{names[place]} {i // len(names)}"
        dtype = torch.float32 if place > 1 and "weight32" in names else data[0].dtype
        if tensor.shape != weight.shape:
            raise ValueError(
                f"{name} must have its weight's shape {tuple(weight.shape)}, but has {tuple(tensor.shape)}"
            )
        if tensor.dtype is not dtype and not tensor.is_meta:  # shapes are inferred before dtypes are known
            raise ValueError(f"{name} must have dtype {dtype}, but has {tensor.dtype}")
    return [list(data[i :: len(names)]) for i in range(len(names))]


def need_alike(**arrays: Tensor) -> None:
    """Raise ValueError unless the inputs of an operator on one weight fit one another, as ``columns`` wants them."""
    columns(tuple(arrays.values()), tuple(arrays), "num_weights", 1)


def need_each(name: str, values: Sequence[float], number: int) -> None:
    """Raise ValueError unless the attribute of that name has a value for each weight."""
    if len(values) != number:
        raise ValueError(f"{name} must have a value for each of {number} weights, but has {len(values)}")


def results(weights: Sequence[Tensor], *states: Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
    """What a multi-tensor operator returns: new weights, then all states of the first one, of the second ..."""
    everything = [*weights, *(state for row in zip(*states, strict=True) for state in row)]
    return tuple(everything) if len(everything) > 1 else everything[0]


def places(names: Sequence[str], more: int = 0) -> Callable[[int], list[int]]:
    """Where the states, all after weight and gradient, stand among the inputs, from their number: an operator's aux."""
    return lambda given: [i for i in range(given - more) if i % len(names) > 1]


def one_per_weight(*, num_weights: int, **_: Any) -> int:
    """The number of outputs of an operator on ``num_weights`` weights."""
    return num_weights
