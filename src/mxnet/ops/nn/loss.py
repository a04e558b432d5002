"""Output layers with gradients of their own: they compute a prediction, and send back the gradient of a loss.

Whatever gradient reaches them from above is ignored (but see SoftmaxOutput's ``out_grad``): they are meant to stand at
the end of a network.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, Literal, NamedTuple

import torch
from torch.autograd.function import once_differentiable

from ..checks import need_float, need_shape
from ..own_gradient import OwnGradient
from ..registry import operator

__all__: list[str] = []


# ---- SoftmaxOutput ---------------------------------------------------------------------------------------------------


class _Target(NamedTuple):
    """How SoftmaxOutput compares its output (N, C, S) with the label: an attribute each, see there."""

    grad_scale: float
    ignore_label: int
    multi_output: bool
    use_ignore: bool
    normalization: str
    out_grad: bool
    smooth_alpha: float

    def gradient(self, out: torch.Tensor, label: torch.Tensor, head: torch.Tensor) -> torch.Tensor:
        if label.shape == out.shape:  # probabilities
            grad = (out - label) * self.grad_scale
            return grad * head if self.out_grad else grad
        batch, classes, space = out.shape
        label = label.long().unsqueeze(1)
        target = (torch.arange(classes, device=out.device).view(-1, 1) == label).to(dtype=out.dtype)
        if self.smooth_alpha and not self.multi_output:
            share = self.smooth_alpha / max(classes - 1, 1)
            target.mul_(1 - self.smooth_alpha - share).add_(share)
        grad = out - target
        if self.use_ignore:
            grad.masked_fill_(label == self.ignore_label, 0)
        match self.normalization:
            case "batch":
                count: Any = batch * space
            case "valid":  # MXNet leaves them out here even where use_ignore is false
                count = (label != self.ignore_label).sum().clamp(min=1)
            case _:
                count = space if self.multi_output else 1
        grad.mul_(self.grad_scale / count)
        return grad.mul_(head) if self.out_grad else grad


class _SoftmaxOutput(OwnGradient):
    """softmax over axis 1 of (N, C, S), with the gradient that ``target`` computes."""

    @staticmethod
    def forward(ctx: Any, data: torch.Tensor, label: torch.Tensor, target: _Target) -> torch.Tensor:
        out = torch.softmax(data, 1)
        ctx.save_for_backward(out, label)
        ctx.target = target
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, head: torch.Tensor) -> tuple:
        out, label = ctx.saved_tensors
        grad = ctx.target.gradient(out, label, head)
        return grad, torch.zeros_like(label) if ctx.needs_input_grad[1] else None, None


@operator("SoftmaxOutput", aliases=["Softmax"], loss=True, precision="float32")
def softmax_output(
    data: torch.Tensor,
    label: torch.Tensor,
    *,
    grad_scale: float = 1.0,
    ignore_label: float = -1.0,
    multi_output: bool = False,
    use_ignore: bool = False,
    preserve_shape: bool = False,
    normalization: Literal["batch", "null", "valid"] = "null",
    out_grad: bool = False,
    smooth_alpha: float = 0.0,
) -> torch.Tensor:
    """softmax with the gradient of the cross entropy, ``(softmax(data) - one_hot(label)) * grad_scale``.

    data: (N, C) and label: (N,), class numbers; with ``preserve_shape`` data: (..., C) and label: (...); with
    ``multi_output`` data: (N, C, *space) and label: (N, *space), space possibly flattened. Or label: data's shape, the
    probabilities themselves. Returns the softmax over the axis of C, in data's shape.

    ``use_ignore``: no gradient where label is ``ignore_label``. ``normalization``: divide the gradient by the number
    of labels ("batch"), by the number of those that are not ``ignore_label`` ("valid"), or by 1, with
    ``multi_output`` by the size of space ("null"). ``smooth_alpha``: share of the target that the other classes
    divide among themselves, without ``multi_output``. ``out_grad``: multiply with the gradient from above.
    """
    need_float(data)
    if data.dim() < 2:
        raise ValueError(f"data must have at least 2 dimensions, but has shape {tuple(data.shape)}")
    if multi_output:
        shape = (data.size(0), data.size(1), prod(data.shape[2:]))
        fits = label.dim() and label.size(0) == shape[0] and label.numel() == shape[0] * shape[2]
    elif preserve_shape:
        shape = (prod(data.shape[:-1]), data.size(-1), 1)
        fits = label.shape == data.shape[:-1]
    else:
        shape = (data.size(0), prod(data.shape[1:]), 1)
        fits = label.shape == data.shape[:1]
    if label.shape == data.shape:
        label = label.reshape(shape)
    elif fits:
        label = label.reshape(shape[0], shape[2])
    else:
        rows = (
            (data.size(0), *data.shape[2:]) if multi_output else data.shape[:-1] if preserve_shape else data.shape[:1]
        )
        hint = "" if multi_output or preserve_shape or data.dim() == 2 else " (or give multi_output or preserve_shape)"
        raise ValueError(f"label must have shape {tuple(rows)}{hint} or that of data, but has {tuple(label.shape)}")
    target = _Target(grad_scale, int(ignore_label), multi_output, use_ignore, normalization, out_grad, smooth_alpha)
    return _SoftmaxOutput.apply(data.reshape(shape), label, target).view(data.shape)


@softmax_output.infers
def _(data: tuple, *, multi_output: bool, preserve_shape: bool, **_: Any) -> dict[str, tuple]:
    if multi_output:
        return {"label": (data[0], prod(data[2:])) if len(data) > 2 else data[:1]}
    return {"label": data[:-1] if preserve_shape else data[:1]}


# ---- regression ------------------------------------------------------------------------------------------------------


class _RegressionOutput(OwnGradient):
    """``link(data)``; backward, ``slope(prediction - label) * scale``."""

    @staticmethod
    def forward(
        ctx: Any, data: torch.Tensor, label: torch.Tensor, link: Callable, slope: Callable, scale: float
    ) -> torch.Tensor:
        out = link(data)
        ctx.save_for_backward(out, label)
        ctx.slope, ctx.scale = slope, scale
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, head: torch.Tensor) -> tuple:
        out, label = ctx.saved_tensors
        grad = ctx.slope(out - label.view_as(out)).mul_(ctx.scale)
        return grad, torch.zeros_like(label) if ctx.needs_input_grad[1] else None, None, None, None


def _regress(
    data: torch.Tensor, label: torch.Tensor, grad_scale: float, link: Callable, slope: Callable
) -> torch.Tensor:
    need_float(data)
    if label.shape[:1] != data.shape[:1] or label.numel() != data.numel():
        need_shape("label", label, data.shape)
    width = max(prod(data.shape[1:]), 1)
    return _RegressionOutput.apply(data, label, link, slope, grad_scale / width)


def _label_like_data(data: tuple, **_: Any) -> dict[str, tuple]:
    return {"label": data[:1] if len(data) == 2 and data[1] == 1 else data}


@operator("LinearRegressionOutput", loss=True, precision="float32")
def linear_regression_output(data: torch.Tensor, label: torch.Tensor, *, grad_scale: float = 1.0) -> torch.Tensor:
    """``data``, with the gradient of the squared error: ``(data - label) * grad_scale / outputs per example``.

    data: (N, ...) · label: the same shape, or (N, ...) with as many elements · returns data's shape.
    """
    return _regress(data, label, grad_scale, torch.clone, lambda error: error)


@operator("LogisticRegressionOutput", loss=True, precision="float32")
def logistic_regression_output(data: torch.Tensor, label: torch.Tensor, *, grad_scale: float = 1.0) -> torch.Tensor:
    """``sigmoid(data)``, with the gradient of the binary cross entropy.

    The gradient is ``(sigmoid(data) - label) * grad_scale / outputs per example``.

    data: (N, ...) · label: the same shape, or (N, ...) with as many elements · returns data's shape.
    """
    return _regress(data, label, grad_scale, torch.sigmoid, lambda error: error)


@operator("MAERegressionOutput", loss=True, precision="float32")
def mae_regression_output(data: torch.Tensor, label: torch.Tensor, *, grad_scale: float = 1.0) -> torch.Tensor:
    """``data``, with the gradient of the absolute error: ``sign(data - label) * grad_scale / outputs per example``.

    data: (N, ...) · label: the same shape, or (N, ...) with as many elements · returns data's shape.
    """
    return _regress(data, label, grad_scale, torch.clone, torch.sign)


for _operator in (linear_regression_output, logistic_regression_output, mae_regression_output):
    _operator.infers(_label_like_data)


# ---- SVMOutput -------------------------------------------------------------------------------------------------------


class _SVMOutput(OwnGradient):
    """``data``; backward, the slope of the hinge loss of each score, or of its square, times ``scale``."""

    @staticmethod
    def forward(
        ctx: Any, data: torch.Tensor, label: torch.Tensor, margin: float, scale: float, linear: bool
    ) -> torch.Tensor:
        ctx.save_for_backward(data, label)
        ctx.margin, ctx.scale, ctx.linear = margin, scale, linear
        return data.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, head: torch.Tensor) -> tuple:
        data, label = ctx.saved_tensors
        right = label.long().unsqueeze(-1) == torch.arange(data.size(-1), device=data.device)
        sign = torch.where(right, -1.0, 1.0).to(dtype=data.dtype)  # of a score in its loss
        missing = ctx.margin + sign * data
        size = torch.ones_like(missing) if ctx.linear else 2 * missing
        grad = torch.where(missing > 0, sign * size, 0.0).mul_(ctx.scale)
        return grad, torch.zeros_like(label) if ctx.needs_input_grad[1] else None, None, None, None


@operator("SVMOutput", loss=True, precision="float32")
def svm_output(
    data: torch.Tensor,
    label: torch.Tensor,
    *,
    margin: float = 1.0,
    regularization_coefficient: float = 1.0,
    use_linear: bool = False,
) -> torch.Tensor:
    """``data``, with the gradient of the squared hinge loss; of the hinge loss itself with ``use_linear``.

    The score of the right class should exceed ``margin``, those of the others should be below ``-margin``; what is
    missing is the loss, weighted with ``regularization_coefficient``.

    data: (..., C), scores · label: (...), class numbers · returns data's shape.
    """
    need_float(data)
    if data.dim() < 2:
        raise ValueError(f"data must have at least 2 dimensions, but has shape {tuple(data.shape)}")
    need_shape("label", label, data.shape[:-1])
    return _SVMOutput.apply(data, label, margin, regularization_coefficient, use_linear)


@svm_output.infers
def _(data: tuple, **_: Any) -> dict[str, tuple]:
    return {"label": data[:-1]}


# ---- IdentityAttachKLSparseReg ---------------------------------------------------------------------------------------


class _SparsePenalty(OwnGradient):
    """``data``; backward, ``slope`` is added to the gradient from above."""

    @staticmethod
    def forward(ctx: Any, data: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(slope)
        return data.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, head: torch.Tensor) -> tuple:
        (slope,) = ctx.saved_tensors
        return head + slope, None


@operator("IdentityAttachKLSparseReg", aux=("moving_avg",), may_return_input=True, precision="float32")
def identity_attach_kl_sparse_reg(
    data: torch.Tensor,
    moving_avg: torch.Tensor,
    *,
    sparseness_target: float = 0.1,
    penalty: float = 0.001,
    momentum: float = 0.9,
    _recording: bool,
) -> tuple[torch.Tensor | None, ...]:
    """``data``, units between 0 and 1, with the gradient of a penalty that keeps them near 0 most of the time.

    data: (N, C) · moving_avg: (C,) · returns data's shape. While gradients are recorded, ``moving_avg`` becomes
    ``momentum * moving_avg + (1 - momentum) * mean(data)``; the gradient is that of ``penalty`` times the
    Kullback-Leibler divergence between coins that fall with probability ``sparseness_target`` and ``moving_avg``.
    """
    need_float(data)
    if data.dim() != 2:
        raise ValueError(f"data must be (N, C), but has shape {tuple(data.shape)}")
    need_shape("moving_avg", moving_avg, data.shape[1:])
    if not (0 < sparseness_target < 1 and penalty >= 0):
        raise ValueError("sparseness_target must lie between 0 and 1, and penalty must not be negative")
    if not _recording:
        return data, None
    with torch.no_grad():
        average = momentum * moving_avg + (1 - momentum) * data.mean(0)
        slope = penalty * ((1 - sparseness_target) / (1 - average) - sparseness_target / average)
    return _SparsePenalty.apply(data, slope), average


@identity_attach_kl_sparse_reg.infers
def _(data: tuple, **_: Any) -> dict[str, tuple]:
    return {"moving_avg": data[1:2]}
