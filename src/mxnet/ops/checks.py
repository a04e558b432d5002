"""Checks that several operators make of their inputs, where torch would compute on or fail obscurely."""

from __future__ import annotations

from collections.abc import Sequence

import torch

__all__ = ["need_bias", "need_count", "need_float", "need_numbers", "need_shape"]


def need_float(data: torch.Tensor) -> None:
    """Raise ValueError unless ``data`` is floating-point."""
    if not data.is_floating_point():
        raise ValueError("only floating-point data is supported; convert it with .astype('float32')")


def need_numbers(data: torch.Tensor) -> None:
    """Raise ValueError for an array of bool."""
    if data.dtype is torch.bool:
        raise ValueError("bool arrays have no mathematics; convert with .astype('float32')")


def need_bias(bias: torch.Tensor | None, no_bias: bool) -> None:
    """Raise ValueError unless a bias is given exactly when ``no_bias`` is false."""
    if (bias is None) is not no_bias:
        raise ValueError(
            "bias is missing; give it, or no_bias=True" if bias is None else "a bias is given in spite of no_bias"
        )


def need_shape(name: str, tensor: torch.Tensor, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless the input of that name has that shape."""
    if tensor.shape != shape:
        raise ValueError(f"{name} must have shape {tuple(shape)}, but has {tuple(tensor.shape)}")


def need_count(name: str, number: int, tensors: Sequence[torch.Tensor], each: int = 1, more: int = 0) -> None:
    """Raise ValueError unless there are ``number``, the attribute of that name, times ``each`` inputs, and ``more``."""
    if number < 1 or len(tensors) != number * each + more:
        raise ValueError(f"{name}={number} stands for {max(number, 0) * each + more} inputs, but {len(tensors)} came")
