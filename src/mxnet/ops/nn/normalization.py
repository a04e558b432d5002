"""Normalization without states: LayerNorm, InstanceNorm, GroupNorm, L2Normalization, LRN, and moments."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F

from ..attributes import Shape
from ..checks import need_float, need_shape
from ..registry import operator
from ..shapes import normalize_axes, normalize_axis

__all__: list[str] = []


@operator(
    "LayerNorm",
    outputs=lambda output_mean_var, **_: 3 if output_mean_var else 1,
    output_names=("output", "mean", "std"),
    precision="float32",
)
def layer_norm(
    data: torch.Tensor,
    gamma: torch.Tensor,
    beta: torch.Tensor,
    *,
    axis: int = -1,
    eps: float = 1e-5,
    output_mean_var: bool = False,
) -> torch.Tensor | tuple[torch.Tensor, ...]:
    """``(data - mean) / sqrt(var + eps) * gamma + beta`` with mean and variance along ``axis`` (Ba et al., 2016).

    data: any shape with C elements along ``axis`` · gamma, beta: (C,) · returns data's shape; with ``output_mean_var``
    also the mean and sqrt(var + eps), of size 1 along ``axis``, which carry no gradient.
    """
    if axis == -1 and gamma.dim() == 1 and not output_mean_var:
        try:
            return torch.layer_norm(data, gamma.shape, gamma, beta, eps)
        except RuntimeError:
            pass  # what is wrong is said better below
    need_float(data)
    axis = normalize_axis(axis, data.dim())
    need_shape("gamma", gamma, data.shape[axis : axis + 1])
    need_shape("beta", beta, data.shape[axis : axis + 1])
    last = axis == data.dim() - 1
    x = data if last else data.movedim(axis, -1)
    if not output_mean_var:
        out = torch.layer_norm(x, gamma.shape, gamma, beta, eps)
        return out if last else out.movedim(-1, axis).contiguous()
    outputs = torch.native_layer_norm(x, gamma.shape, gamma, beta, eps)
    out, mean, inverse_std = outputs if last else (o.movedim(-1, axis).contiguous() for o in outputs)
    return out, mean.detach(), inverse_std.detach().reciprocal()


@layer_norm.infers
def _(data: tuple, *, axis: int, **_: Any) -> dict[str, tuple]:
    return dict.fromkeys(("gamma", "beta"), (data[axis],))


@operator("InstanceNorm", types="T=float32, T, T -> T", precision="float32")
def instance_norm(data: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor, *, eps: float = 1e-3) -> torch.Tensor:
    """``(data - mean) / sqrt(var + eps) * gamma + beta`` for each example and channel (Ulyanov et al., 2016).

    data: (N, C, *space), at least one dimension of space · gamma, beta: (C,) · returns data's shape.
    """
    if not (data.dim() > 2 and gamma.shape == beta.shape == data.shape[1:2] and data.is_floating_point()):
        _need_space(data)
        need_shape("gamma", gamma, data.shape[1:2])
        need_shape("beta", beta, data.shape[1:2])
    return torch.group_norm(data, data.size(1), gamma, beta, eps)


def _need_space(data: torch.Tensor) -> None:
    need_float(data)
    if data.dim() < 3:
        raise ValueError(f"data must be (N, C, *space), but has shape {tuple(data.shape)}")


@instance_norm.infers
def _(data: tuple, **_: Any) -> dict[str, tuple]:
    return dict.fromkeys(("gamma", "beta"), (data[1],))


@operator(
    "GroupNorm",
    outputs=lambda output_mean_var, **_: 3 if output_mean_var else 1,
    output_names=("output", "mean", "std"),
    precision="float32",
)
def group_norm(
    data: torch.Tensor,
    gamma: torch.Tensor,
    beta: torch.Tensor,
    *,
    num_groups: int = 1,
    eps: float = 1e-5,
    output_mean_var: bool = False,
) -> torch.Tensor | tuple[torch.Tensor, ...]:
    """``(data - mean) / sqrt(var + eps) * gamma + beta`` for each example and group of channels (Wu and He, 2018).

    data: (N, C, *space), at least one dimension of space · gamma, beta: (num_groups,) · returns data's shape; with
    ``output_mean_var`` also the mean and sqrt(var + eps), (N, num_groups) each, which carry no gradient.
    """
    shape = data.shape
    if not (
        data.dim() > 2
        and num_groups > 0
        and shape[1] % num_groups == 0
        and gamma.shape == beta.shape == (num_groups,)
        and data.is_floating_point()
    ):
        _need_space(data)
        if num_groups < 1 or shape[1] % num_groups:
            raise ValueError(f"{shape[1]} channels cannot be divided into {num_groups} groups of equal size")
        need_shape("gamma", gamma, (num_groups,))
        need_shape("beta", beta, (num_groups,))
    # To torch a group is one channel, because gamma and beta are one number for each group.
    groups = data.reshape(shape[0], num_groups, shape[1] // num_groups, *shape[2:])
    if not output_mean_var:
        return torch.group_norm(groups, num_groups, gamma, beta, eps).view(shape)
    size = groups.shape[2:].numel()
    outputs = torch.native_group_norm(groups.contiguous(), gamma, beta, shape[0], num_groups, size, num_groups, eps)
    out, mean, inverse_std = outputs
    return out.view(shape), mean.detach(), inverse_std.detach().reciprocal()


@group_norm.infers
def _(data: tuple, *, num_groups: int, **_: Any) -> dict[str, tuple]:
    return dict.fromkeys(("gamma", "beta"), (num_groups,))


@operator("L2Normalization", precision="float32")
def l2_normalization(
    data: torch.Tensor, *, eps: float = 1e-10, mode: Literal["channel", "instance", "spatial"] = "instance"
) -> torch.Tensor:
    """``data / sqrt(sum(data**2) + eps)``, the sum being over all of an example, over its channels, or over its space.

    data: (N, ...) for the mode "instance", (N, C, *space) for "channel" and "spatial" · returns the same shape.
    """
    if not data.is_floating_point():
        need_float(data)
    if mode == "instance":
        axes = tuple(range(1, data.dim()))
    elif data.dim() < 3:
        raise ValueError(f"mode {mode!r} needs data (N, C, *space), but it has shape {tuple(data.shape)}")
    else:
        axes = (1,) if mode == "channel" else tuple(range(2, data.dim()))
    squares = data.square()
    sums = squares.sum(axes, keepdim=True) if axes else squares  # torch takes no axes for all of them
    return data * (sums + eps).rsqrt()


@operator("LRN", precision="float32")
def lrn(data: torch.Tensor, *, alpha: float = 1e-4, beta: float = 0.75, knorm: float = 2.0, nsize: int) -> torch.Tensor:
    """``data / (knorm + alpha / nsize * sum(data**2)) ** beta``, the sum being over ``nsize`` neighbouring channels.

    Local response normalization (Krizhevsky et al., 2012). data: (N, C, H, W) · returns the same shape.
    """
    need_float(data)
    if data.dim() != 4:
        raise ValueError(f"data must be (N, C, H, W), but has shape {tuple(data.shape)}")
    if nsize < 1:
        raise ValueError(f"nsize must be at least 1, but is {nsize}")
    window = nsize - 1 + nsize % 2  # an even one covers as many channels on both sides, but is divided by nsize
    return F.local_response_norm(data.flatten(2), window, alpha * window / nsize, beta, knorm).view_as(data)


@operator("moments", outputs=2, precision="float32")
def moments(
    data: torch.Tensor, *, axes: Shape | None = None, keepdims: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and variance (over the count, not over the count - 1) along ``axes``; of all axes, (1,) each."""
    need_float(data)
    if not axes:
        raise ValueError("axes must name at least one axis; for the moments of everything, name all of them")
    variance, mean = torch.var_mean(data, normalize_axes(axes, data.dim()), correction=0, keepdim=keepdims)
    return (mean, variance) if mean.dim() else (mean.reshape(1), variance.reshape(1))
