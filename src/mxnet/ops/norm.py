"""Normalization: BatchNorm, LayerNorm, InstanceNorm, GroupNorm and L2Normalization."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F

from .checks import need_float, need_shape
from .registry import operator

__all__: list[str] = []


def _channel_axis(data: torch.Tensor, axis: int) -> int:
    if not -data.dim() <= axis < data.dim():
        raise ValueError(f"axis {axis} is out of range for data of {data.dim()} dimensions")
    return axis % data.dim()


@operator(
    "BatchNorm",
    outputs=3,
    visible=lambda output_mean_var, **_: 3 if output_mean_var else 1,
    output_names=("output", "mean", "var"),
    aux=("moving_mean", "moving_var"),
    mixed=True,
    may_return_input=True,
)
def batch_norm(
    data: torch.Tensor,
    gamma: torch.Tensor,
    beta: torch.Tensor,
    moving_mean: torch.Tensor,
    moving_var: torch.Tensor,
    *,
    eps: float = 1e-3,
    momentum: float = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    axis: int = 1,
    cudnn_off: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
    _train: bool,
    _recording: bool,
) -> tuple[torch.Tensor | None, ...]:
    """``(data - mean) / sqrt(var + eps) * gamma + beta`` for each channel (Ioffe and Szegedy, 2015).

    data: any shape with C elements along ``axis`` · gamma, beta, moving_mean, moving_var: (C,), float32 also for
    float16 data · returns data's shape; with ``output_mean_var`` also the mean and 1 / sqrt(var + eps), (C,) each,
    which carry no gradient.

    In training, mean and variance (over the count, not over the count - 1) are the batch's, and the moving ones
    become ``momentum * moving + (1 - momentum) * batch``; in prediction, and with ``use_global_stats``, they are the
    moving ones. The moving ones change only while gradients are recorded. ``fix_gamma``: gamma counts as 1 and its
    gradient is 0. ``cudnn_off`` and the calibration range are accepted for MXNet's sake.
    """
    need_float(data)
    axis = _channel_axis(data, axis)
    x = data if axis == 1 else data.movedim(axis, 1)
    channels = (x.size(1),)
    if not gamma.shape == beta.shape == moving_mean.shape == moving_var.shape == channels:
        for name, tensor in zip(_STATISTICS, (gamma, beta, moving_mean, moving_var), strict=True):
            need_shape(name, tensor, channels)
    if not fix_gamma:
        weight = gamma
    elif gamma.requires_grad:  # a 1 that sends gradients of 0 to gamma
        weight = torch.where(torch.ones_like(gamma, dtype=torch.bool), 1.0, gamma)
    else:
        weight = None
    new_mean = new_var = None
    if not _train or use_global_stats:
        out, _, _ = torch.native_batch_norm(x, weight, beta, moving_mean, moving_var, False, 0.0, eps)
        mean, inverse_std = moving_mean, (moving_var + eps).rsqrt_() if output_mean_var else moving_var
    elif not _recording:
        out, mean, inverse_std = torch.native_batch_norm(x, weight, beta, None, None, True, 0.0, eps)
    else:
        new_mean, new_var = moving_mean.clone(), moving_var.clone()
        out, mean, inverse_std = torch.native_batch_norm(x, weight, beta, new_mean, new_var, True, 1 - momentum, eps)
        count = x.numel() // channels[0]
        if count > 1:  # torch divided the batch's variance by count - 1
            new_var = torch.add(new_var * (1 - 1 / count), moving_var, alpha=momentum / count)
        else:
            new_var = moving_var * momentum
    out = out if axis == 1 else out.movedim(1, axis).contiguous()
    return out, mean, inverse_std, new_mean, new_var


_STATISTICS = ("gamma", "beta", "moving_mean", "moving_var")


@batch_norm.infers
def _(data: tuple, *, axis: int, **_: Any) -> dict[str, tuple]:
    return dict.fromkeys(_STATISTICS, (data[axis],))


@operator(
    "LayerNorm",
    outputs=lambda output_mean_var, **_: 3 if output_mean_var else 1,
    output_names=("output", "mean", "std"),
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
    need_float(data)
    axis = _channel_axis(data, axis)
    last = axis == data.dim() - 1
    x = data if last else data.movedim(axis, -1)
    width = x.shape[-1:]
    need_shape("gamma", gamma, width)
    need_shape("beta", beta, width)
    if not output_mean_var:
        out = torch.layer_norm(x, width, gamma, beta, eps)
        return out if last else out.movedim(-1, axis).contiguous()
    outputs = torch.native_layer_norm(x, width, gamma, beta, eps)
    out, mean, inverse_std = outputs if last else (o.movedim(-1, axis).contiguous() for o in outputs)
    return out, mean.detach(), inverse_std.detach().reciprocal()


@layer_norm.infers
def _(data: tuple, *, axis: int, **_: Any) -> dict[str, tuple]:
    return dict.fromkeys(("gamma", "beta"), (data[axis],))


@operator("InstanceNorm")
def instance_norm(data: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor, *, eps: float = 1e-3) -> torch.Tensor:
    """``(data - mean) / sqrt(var + eps) * gamma + beta`` for each example and channel (Ulyanov et al., 2016).

    data: (N, C, *space), at least one dimension of space · gamma, beta: (C,) · returns data's shape.
    """
    need_float(data)
    if data.dim() < 3:
        raise ValueError(f"data must be (N, C, *space), but has shape {tuple(data.shape)}")
    need_shape("gamma", gamma, data.shape[1:2])
    need_shape("beta", beta, data.shape[1:2])
    return F.group_norm(data, data.size(1), gamma, beta, eps)


@instance_norm.infers
def _(data: tuple, **_: Any) -> dict[str, tuple]:
    return dict.fromkeys(("gamma", "beta"), (data[1],))


@operator(
    "GroupNorm",
    outputs=lambda output_mean_var, **_: 3 if output_mean_var else 1,
    output_names=("output", "mean", "std"),
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
    need_float(data)
    if data.dim() < 3:
        raise ValueError(f"data must be (N, C, *space), but has shape {tuple(data.shape)}")
    batch, channels = data.shape[:2]
    if num_groups < 1 or channels % num_groups:
        raise ValueError(f"{channels} channels cannot be divided into {num_groups} groups of equal size")
    need_shape("gamma", gamma, (num_groups,))
    need_shape("beta", beta, (num_groups,))
    weight, bias = (t.repeat_interleave(channels // num_groups) for t in (gamma, beta))
    if not output_mean_var:
        return F.group_norm(data, num_groups, weight, bias, eps)
    size = data[0, 0].numel() if batch and channels else 0
    out, mean, inverse_std = torch.native_group_norm(data, weight, bias, batch, channels, size, num_groups, eps)
    return out, mean.detach(), inverse_std.detach().reciprocal()


@group_norm.infers
def _(data: tuple, *, num_groups: int, **_: Any) -> dict[str, tuple]:
    return dict.fromkeys(("gamma", "beta"), (num_groups,))


@operator("L2Normalization")
def l2_normalization(
    data: torch.Tensor, *, eps: float = 1e-10, mode: Literal["channel", "instance", "spatial"] = "instance"
) -> torch.Tensor:
    """``data / sqrt(sum(data**2) + eps)``, the sum being over all of an example, over its channels, or over its space.

    data: (N, ...) for the mode "instance", (N, C, *space) for "channel" and "spatial" · returns the same shape.
    """
    need_float(data)
    if mode == "instance":
        rows = data.flatten(1) if data.dim() > 1 else data.unsqueeze(-1)
        return (rows * (rows.square().sum(1, keepdim=True) + eps).rsqrt()).view_as(data)
    if data.dim() < 3:
        raise ValueError(f"mode {mode!r} needs data (N, C, *space), but it has shape {tuple(data.shape)}")
    axes = (1,) if mode == "channel" else tuple(range(2, data.dim()))
    return data * (data.square().sum(axes, keepdim=True) + eps).rsqrt()
