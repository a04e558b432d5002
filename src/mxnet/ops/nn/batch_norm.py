"""Batch normalization: BatchNorm and its relatives."""

from __future__ import annotations

from typing import Any

import torch

from ..checks import need_float, need_shape
from ..registry import operator
from ..shapes import normalize_axis

__all__: list[str] = []


def _shown(output_mean_var: bool, **_: Any) -> int:
    return 3 if output_mean_var else 1


_STATISTICS = ("gamma", "beta", "moving_mean", "moving_var")
_PROPERTIES: dict[str, Any] = {
    "outputs": 3,
    "visible": _shown,
    "output_names": ("output", "mean", "var"),
    "aux": _STATISTICS[2:],
    "mixed": True,
    "types": "T, float32(T), float32(T), float32(T), float32(T) -> T, float32(T), float32(T)",
}


@operator("BatchNorm", **_PROPERTIES)
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
    predict = not _train or use_global_stats
    statistics = (gamma, beta, moving_mean, moving_var)
    vectors = gamma.dim() == beta.dim() == moving_mean.dim() == moving_var.dim() == 1
    if not (predict and axis == 1 and vectors and gamma.numel() == beta.numel()):  # else torch compares the rest itself
        axis = _checked_axis(data, statistics, axis)
    # A vector is a batch of one example.
    x = data if axis == 1 else data.movedim(axis, 1) if data.dim() > 1 else data.unsqueeze(0)
    if not fix_gamma:
        weight = gamma
    elif gamma.requires_grad:  # a 1 that sends gradients of 0 to gamma
        weight = torch.where(torch.ones_like(gamma, dtype=torch.bool), 1.0, gamma)
    else:
        weight = None
    new_mean = new_var = None
    if predict:
        try:
            out = torch.batch_norm(x, weight, beta, moving_mean, moving_var, False, 0.0, eps, True)
        except RuntimeError:
            _checked_axis(data, statistics, axis)
            raise
        mean, inverse_std = moving_mean, moving_var
        if output_mean_var:
            mean, inverse_std = moving_mean.clone(), (moving_var + eps).rsqrt_()
    elif not _recording:
        out, mean, inverse_std = torch.native_batch_norm(x, weight, beta, None, None, True, 0.0, eps)
    else:
        new_mean, new_var = moving_mean.clone(), moving_var.clone()
        out, mean, inverse_std = torch.native_batch_norm(x, weight, beta, new_mean, new_var, True, 1 - momentum, eps)
        count = x.numel() // x.size(1)
        if count > 1:  # torch divided the batch's variance by count - 1
            new_var = torch.add(new_var * (1 - 1 / count), moving_var, alpha=momentum / count)
        else:
            new_var = moving_var * momentum
    out = out if axis == 1 else out.movedim(1, axis).contiguous().view(data.shape)
    return out, mean, inverse_std, new_mean, new_var


def _checked_axis(data: torch.Tensor, statistics: tuple[torch.Tensor, ...], axis: int) -> int:
    """The axis of the channels, counted from the front. Raises ValueError for inputs that do not fit it."""
    need_float(data)
    axis = normalize_axis(axis, data.dim())
    kinds = (data.dtype, torch.float32) if data.dtype.itemsize == 2 else (data.dtype,)
    for name, tensor in zip(_STATISTICS, statistics, strict=True):
        need_shape(name, tensor, data.shape[axis : axis + 1])
        if tensor.dtype not in kinds and not tensor.is_meta:  # shapes are inferred before dtypes are known
            raise ValueError(f"{name} must be {kinds[-1]} for data of {data.dtype}, but is {tensor.dtype}")
    return axis


@operator("_contrib_BatchNormWithReLU", signature=batch_norm.fn, doc="relu of BatchNorm, which see.", **_PROPERTIES)
def batch_norm_with_relu(*inputs: torch.Tensor, **how: Any) -> tuple[torch.Tensor | None, ...]:
    out, *others = batch_norm.fn(*inputs, **how)
    return torch.relu(out), *others


@operator("_contrib_SyncBatchNorm", **_PROPERTIES, precision="float32")
def sync_batch_norm(
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
    ndev: int = 1,
    key: str,
    _train: bool,
    _recording: bool,
) -> tuple[torch.Tensor | None, ...]:
    """BatchNorm over axis 1; with ``output_mean_var`` it shows the variance itself.

    The statistics are those of the batch that the call gets: ``ndev``, the number of devices that share a batch, and
    ``key``, the name under which they meet, are accepted for MXNet's sake.
    """
    return _with_variance(
        data, gamma, beta, moving_mean, moving_var, eps=eps, momentum=momentum, fix_gamma=fix_gamma,
        use_global_stats=use_global_stats, output_mean_var=output_mean_var, _train=_train, _recording=_recording,
    )  # fmt: skip


@operator("BatchNorm_v1", **_PROPERTIES)
def batch_norm_v1(
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
    _train: bool,
    _recording: bool,
) -> tuple[torch.Tensor | None, ...]:
    """MXNet's old BatchNorm over axis 1; with ``output_mean_var`` it shows the variance itself."""
    return _with_variance(
        data, gamma, beta, moving_mean, moving_var, eps=eps, momentum=momentum, fix_gamma=fix_gamma,
        use_global_stats=use_global_stats, output_mean_var=output_mean_var, _train=_train, _recording=_recording,
    )  # fmt: skip


def _with_variance(
    *inputs: torch.Tensor, eps: float, output_mean_var: bool, _train: bool, use_global_stats: bool, **how: Any
) -> tuple[torch.Tensor | None, ...]:
    """BatchNorm, but the variance where that shows the inverse of the standard deviation."""
    out, mean, shown, *states = batch_norm.fn(
        *inputs, eps=eps, output_mean_var=output_mean_var, _train=_train, use_global_stats=use_global_stats, **how
    )
    if output_mean_var:
        shown = shown.pow(-2) - eps if _train and not use_global_stats else inputs[-1].clone()
    return out, mean, shown, *states


@sync_batch_norm.infers
@batch_norm_v1.infers
@batch_norm_with_relu.infers
@batch_norm.infers
def _(data: tuple, *, axis: int = 1, **_: Any) -> dict[str, tuple]:
    return dict.fromkeys(_STATISTICS, (data[axis],))
