"""Arithmetic on lists of tensors, one kernel for many where the device has such: what optimizers' updates share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..checks import need_count, need_float

__all__ = [
    "columns",
    "copies",
    "copy_all",
    "decay",
    "gradients",
    "move",
    "need_alike",
    "need_each",
    "on_copies",
    "one_per_weight",
    "places",
    "results",
    "run_mean",
    "run_mean_square",
]


def gradients(
    grads: Sequence[Tensor],
    rescale: float | Tensor,
    clip: float | None,
    weights: Sequence[Tensor] = (),
    wds: Sequence[float] = (),
) -> list[Tensor]:
    """``clip(rescale * grad + wd * weight)``, as new tensors; ``clip``: the largest magnitude, negative for any."""
    result = decay(list(torch._foreach_mul(grads, rescale)), weights, wds)
    if clip is not None and clip >= 0:
        torch._foreach_clamp_min_(result, -clip)
        torch._foreach_clamp_max_(result, clip)
    return result


def decay(grads: list[Tensor], weights: Sequence[Tensor], wds: Sequence[float]) -> list[Tensor]:
    """``grad += wd * weight``, in place; ``wds``: a number for each weight, none for no decay."""
    first = wds[0] if wds else 0.0
    if any(wd != first for wd in wds):
        torch._foreach_add_(grads, torch._foreach_mul(weights, list(map(float, wds))))
    elif first:
        torch._foreach_add_(grads, weights, alpha=first)
    return grads


def move(weights: Sequence[Tensor], steps: Sequence[Tensor], momenta: Sequence[Tensor] | None, momentum: float) -> None:
    """``weight += step``, or with momenta ``mom = momentum * mom + step`` and ``weight += mom``, in place."""
    if momenta is not None:
        torch._foreach_mul_(momenta, momentum)
        torch._foreach_add_(momenta, steps)
    torch._foreach_add_(weights, steps if momenta is None else momenta)


def copy_all(targets: Sequence[Tensor], sources: Sequence[Tensor]) -> None:
    """Write values into tensors, which may be of another dtype."""
    torch._foreach_copy_(targets, sources)


def on_copies(rule: Callable[..., None], weight: Tensor, grad: Tensor, *states: Tensor, **settings: Any) -> tuple:
    """(new weight, *new states): what a rule that writes to lists does to one weight, which stays as it is."""
    lists = [[weight.clone()], [grad], *([state.clone()] for state in states)]
    rule(*lists, **settings)
    return (lists[0][0], *(state for (state,) in lists[2:]))


def copies(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [tensor.clone() for tensor in tensors]


def run_mean(means: Sequence[Tensor], values: Sequence[Tensor], beta: float) -> None:
    """``mean = beta * mean + (1 - beta) * value``, in place."""
    torch._foreach_mul_(means, beta)
    torch._foreach_add_(means, values, alpha=1 - beta)


def run_mean_square(means: Sequence[Tensor], values: Sequence[Tensor], beta: float) -> None:
    """``mean = beta * mean + (1 - beta) * value**2``, in place."""
    torch._foreach_mul_(means, beta)
    torch._foreach_addcmul_(means, values, values, value=1 - beta)


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
