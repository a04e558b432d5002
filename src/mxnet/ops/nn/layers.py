"""Layers without windows or statistics: FullyConnected, activations, Dropout."""

from __future__ import annotations

from math import prod
from typing import Any, Literal

import torch
import torch.nn.functional as F

from .. import onednn
from ..attributes import Shape
from ..checks import need_bias, need_float, need_shape
from ..registry import operator

__all__: list[str] = []


# ---- FullyConnected --------------------------------------------------------------------------------------------------


@operator("FullyConnected", needs={"bias": lambda no_bias, **_: not no_bias}, precision="low")
def fully_connected(
    data: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    *,
    num_hidden: int,
    no_bias: bool = False,
    flatten: bool = True,
) -> torch.Tensor:
    """Affine map ``data @ weight.T + bias``.

    data: (N, ...) · weight: (num_hidden, D) · bias: (num_hidden,) · returns (N, num_hidden),
    or (..., num_hidden) when ``flatten`` is false.
    """
    if flatten and data.dim() != 2:
        data = data.flatten(1) if data.dim() > 2 else data.unsqueeze(1)
    wrong = (bias is None) is not no_bias or weight.size(0) != num_hidden or not data.is_floating_point()
    if wrong or (bias is not None and bias.size(0) != num_hidden):  # torch would spread a bias of one element
        _refuse(data, weight, bias, num_hidden, no_bias)
    try:
        if data.numel() * num_hidden >= onednn.WORTH and onednn.multiplies(data, weight):
            return onednn.linear(data, weight, bias)
        return F.linear(data, weight, bias)
    except RuntimeError:
        _refuse(data, weight, bias, num_hidden, no_bias)
        raise


@fully_connected.infers
def _(data: tuple, *, num_hidden: int, flatten: bool, **_: Any) -> dict[str, tuple]:
    return {"weight": (num_hidden, prod(data[1:]) if flatten else data[-1]), "bias": (num_hidden,)}


def _refuse(
    data: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, num_hidden: int, no_bias: bool
) -> None:
    """Say what is wrong with the inputs of FullyConnected, if it is something known."""
    need_float(data)
    need_bias(bias, no_bias)
    if weight.dim() != 2:
        raise ValueError(f"weight must be a matrix (num_hidden, D), but has shape {tuple(weight.shape)}")
    if weight.size(0) != num_hidden:
        raise ValueError(f"weight has {weight.size(0)} rows, num_hidden is {num_hidden}")
    if bias is not None:
        need_shape("bias", bias, (num_hidden,))
    if data.size(-1) != weight.size(1):
        raise ValueError(f"data has {data.size(-1)} features per row, weight expects {weight.size(1)}")


# ---- activations -----------------------------------------------------------------------------------------------------

_ACTIVATIONS = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softrelu": F.softplus,
    "softsign": F.softsign,
}


@operator("Activation", precision={"act_type": ("softrelu",)})
def activation(
    data: torch.Tensor, *, act_type: Literal["relu", "sigmoid", "softrelu", "softsign", "tanh"]
) -> torch.Tensor:
    """An activation function, element by element.

    relu: max(x, 0) · sigmoid: 1 / (1 + exp(-x)) · tanh · softrelu: log(1 + exp(x)) · softsign: x / (1 + abs(x)).
    """
    if not data.is_floating_point():
        need_float(data)
    return _ACTIVATIONS[act_type](data)


@operator(
    "LeakyReLU",
    needs={"gamma": lambda act_type, **_: act_type == "prelu"},
    outputs=lambda act_type, **_: 2 if act_type == "rrelu" else 1,
    output_names=("output", "mask"),
    precision={"act_type": ("elu", "selu")},
)
def leaky_relu(
    data: torch.Tensor,
    gamma: torch.Tensor | None = None,
    *,
    act_type: Literal["elu", "gelu", "leaky", "prelu", "rrelu", "selu"] = "leaky",
    slope: float = 0.25,
    lower_bound: float = 0.125,
    upper_bound: float = 0.334,
    _train: bool,
    _rng: torch.Generator | None,
) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
    """Activation functions that let something through where x < 0; where x > 0 all but selu and gelu give x.

    leaky: slope * x · elu: slope * (exp(x) - 1) · selu: elu, scaled so that activations keep mean 0 and variance 1 ·
    gelu: x times the normal distribution function of x · prelu: gamma * x, with gamma (1,) or (C,) that is learnt ·
    rrelu: x times a random slope between the bounds, in prediction times their mean; the second output is that slope,
    1 where x > 0, and carries no gradient.
    """
    if not data.is_floating_point():
        need_float(data)
    if (gamma is None) is (act_type == "prelu"):
        raise ValueError("gamma is missing" if gamma is None else f"gamma is for act_type='prelu', not {act_type!r}")
    if gamma is not None:
        if data.dim() == 1:  # torch takes such data for one channel
            return torch.where(data > 0, data, gamma * data)
        return torch.prelu(data, gamma)
    match act_type:
        case "leaky":
            return F.leaky_relu(data, slope)
        case "elu":
            return F.elu(data, slope)
        case "gelu":
            return F.gelu(data)
        case "selu":
            return F.selu(data)
        case _:
            if _train:
                slopes = torch.empty_like(data, requires_grad=False).uniform_(lower_bound, upper_bound, generator=_rng)
            else:
                slopes = torch.full_like(data, (lower_bound + upper_bound) / 2, requires_grad=False)
            slopes.masked_fill_(data.detach() > 0, 1)
            return data * slopes, slopes


@leaky_relu.infers
def _(data: tuple, *, act_type: str, **_: Any) -> dict[str, tuple]:
    return {"gamma": (data[1],)} if act_type == "prelu" and len(data) > 1 else {}


# ---- Dropout ---------------------------------------------------------------------------------------------------------


@operator("Dropout", may_return_input=True)
def dropout(
    data: torch.Tensor,
    *,
    p: float = 0.5,
    mode: Literal["always", "training"] = "training",
    axes: Shape = (),
    cudnn_off: bool | None = False,
    _train: bool,
    _rng: torch.Generator | None,
) -> torch.Tensor:
    """0 with probability ``p``, else ``data / (1 - p)``; in prediction ``data``, unless ``mode`` is "always".

    data: any shape · axes: along these, elements share their fate. Srivastava et al. (2014).
    """
    if not data.is_floating_point():
        need_float(data)
    if not 0 <= p <= 1:
        raise ValueError(f"p is a probability, but is {p}")
    if p == 0 or not (_train or mode == "always"):
        return data
    shape = list(data.shape)
    for axis in axes:
        if axis is None or not 0 <= axis < len(shape):
            raise ValueError(f"axes {axes} must lie between 0 and {len(shape) - 1}")
        shape[axis] = 1
    # A comparison of uniform numbers: a quarter of the time of bernoulli_.
    mask = torch.empty(shape, dtype=data.dtype, device=data.device).uniform_(generator=_rng).lt_(1 - p)
    return data * (mask if p == 1 else mask.div_(1 - p))
