"""oneDNN's fused convolutions, which torch has for its compiler and does not document: this is the one place that knows
them. Where they are missing, ``available`` is false and nothing is fused.
"""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["available", "convolution", "convolution_add_", "pack"]


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
