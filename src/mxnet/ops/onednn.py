"""oneDNN's convolutions and products of matrices, which torch has for its compiler and does not document: this is the
one place that knows them. Where they are missing, ``available`` and ``multiplies`` are false, and nothing is lost but
time.
"""

from __future__ import annotations

from functools import cache
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import handle_torch_function, has_torch_function

__all__ = ["WORTH", "available", "convolution", "convolution_add_", "linear", "multiplies", "pack"]

WORTH = 1 << 25  # multiplications below which torch's own product is as quick


@cache
def _has_linear() -> bool:
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def multiplies(x: Any, weight: Any) -> bool:
    """Whether ``linear`` pays, for tensors or what is known of them: float32 on a CPU, where torch takes MKL, which is
    a sixth slower on large matrices.
    """
    return (
        x.dtype is weight.dtype is torch.float32
        and x.device.type == "cpu"
        and len(weight.shape) == 2
        and prod(x.shape) * weight.shape[0] >= WORTH
        and x.shape[-1] == weight.shape[1]
        and _has_linear()
    )


def linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """``x @ weight.T + bias``, as torch's ``linear``, with its gradient.

    oneDNN could apply relu as it writes the result, but its relu makes 0 of NaN: training would go wrong unseen.
    """
    if has_torch_function((x, weight)):  # who listens to torch's calls hears this one
        return handle_torch_function(linear, (x, weight), x, weight, bias)
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, weight, bias)):
        return _Linear.apply(x, weight, bias)
    return _product(x, weight, bias)


def _product(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        result = _product(x.reshape(-1, x.size(-1)), weight, bias)
        return torch.ops.aten._unsafe_view(result, (*x.shape[:-1], weight.size(0)))  # a view could not be written to

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        rows = grads[0].reshape(-1, weight.size(0))
        for_x = for_weight = for_bias = None
        if ctx.needs_input_grad[0]:  # torch's product is what a second derivative can go through
            product = F.linear if torch.is_grad_enabled() else _product
            for_x = product(rows, weight.t(), None).view(x.shape)
        if ctx.needs_input_grad[1]:
            for_weight = _of_weight(rows, x.reshape(-1, x.size(-1)))
        if ctx.needs_input_grad[2]:
            for_bias = rows.sum(0)
        return for_x, for_weight, for_bias


def _of_weight(grad: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """``grad.T @ x``; oneDNN is quicker than torch where the result is wide, so a high one is computed transposed."""
    if torch.is_grad_enabled():
        return grad.t() @ x
    if grad.size(1) >= x.size(1):
        return _product(x.t(), grad.t(), None).t().contiguous()
    return _product(grad.t(), x.t(), None)


def available() -> bool:
    """Whether torch was built with oneDNN and its fused convolutions."""
    ops = torch.ops.mkldnn
    names = ("_convolution_pointwise", "_convolution_pointwise_", "_reorder_convolution_weight")
    return torch.backends.mkldnn.is_available() and all(hasattr(ops, name) for name in names)


def pack(weight: torch.Tensor, padding: Any, stride: Any, dilation: Any, groups: int, shape: Any) -> torch.Tensor:
    """A weight in the order that oneDNN prefers for inputs of a shape."""
    return torch.ops.mkldnn._reorder_convolution_weight(weight.contiguous(), padding, stride, dilation, groups, shape)


def convolution(
    x: torch.Tensor, weight: torch.Tensor, bias: Any, padding: Any, stride: Any, dilation: Any, groups: int, then: str
) -> torch.Tensor:
    """``then(conv2d(x, weight) + bias)`` with a packed weight; ``then`` is 'none' or an activation. The result is in
    channels-last order.
    """
    return torch.ops.mkldnn._convolution_pointwise(x, weight, bias, padding, stride, dilation, groups, then, [], "")


def convolution_add_(
    other: torch.Tensor,
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: Any,
    padding: Any,
    stride: Any,
    dilation: Any,
    groups: int,
    then: str | None,
) -> torch.Tensor:
    """``then(other + conv2d(x, weight) + bias)``, written into ``other``, which is given up; ``then``: None, 'relu'."""
    return torch.ops.mkldnn._convolution_pointwise_(
        other, x, weight, bias, padding, stride, dilation, groups, "add", 1.0, then, [], ""
    )
