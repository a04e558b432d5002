"""The softmax family, and the cross entropy that belongs to it."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F

from ...dtypes import by_name
from ..attributes import Dtype
from ..checks import need_float, need_shape
from ..registry import operator

__all__: list[str] = []


def _scores(data: torch.Tensor, axis: int, temperature: float | None) -> torch.Tensor:
    need_float(data)
    if not -data.dim() <= axis < data.dim():
        raise ValueError(f"axis {axis} is out of range for data of {data.dim()} dimensions")
    return data if temperature is None else data / temperature


def _result_type(dtype: str | None) -> torch.dtype | None:
    if dtype is None:
        return None
    result = by_name[dtype].torch
    if not result.is_floating_point:
        raise ValueError(f"dtype must be a floating-point type, but is {dtype}")
    return result


@operator(
    "softmax",
    types=lambda dtype, **_: f"T={dtype}, L -> {dtype or 'T'}",
    needs={"length": lambda use_length, **_: use_length},
    mixed=True,
    precision="float32",
)
def softmax(
    data: torch.Tensor,
    length: torch.Tensor | None = None,
    *,
    axis: int = -1,
    temperature: float | None = None,
    dtype: Dtype | None = None,
    use_length: bool | None = False,
) -> torch.Tensor:
    """``exp(data / temperature)``, normalized to the sum 1 along ``axis``.

    data: any shape · length: integers, data's shape without ``axis``, given with ``use_length``: elements at and
    beyond it take no part, their result is 0 · returns data's shape, of type ``dtype`` (data's by default).
    """
    scores = _scores(data, axis, temperature)
    if (length is not None) is not bool(use_length):
        raise ValueError("use_length=True needs length" if use_length else "length is given without use_length=True")
    result_type = _result_type(dtype)
    if length is None:
        return torch.softmax(scores, axis, result_type)
    if length.is_floating_point() and not length.is_meta:  # where shapes are inferred, its type may not be known
        raise ValueError("length must be of an integer type; convert it with .astype('int32')")
    axis %= data.dim()
    need_shape("length", length, data.shape[:axis] + data.shape[axis + 1 :])
    places = torch.arange(data.size(axis), device=data.device).view(-1, *(1,) * (data.dim() - 1 - axis))
    beyond = places >= length.unsqueeze(axis)
    return torch.softmax(scores.masked_fill(beyond, -torch.inf), axis, result_type).masked_fill(beyond, 0)


@softmax.infers
def _(data: tuple, *, axis: int, **_: Any) -> dict[str, tuple]:
    axis %= len(data)
    return {"length": data[:axis] + data[axis + 1 :]}


def _no_lengths(use_length: bool | None) -> None:
    """MXNet lists the attribute here too, and fails when it is set."""
    if use_length:
        raise ValueError("use_length is available for softmax alone")


@operator("log_softmax", types=lambda dtype, **_: f"T={dtype} -> {dtype or 'T'}", precision="float32")
def log_softmax(
    data: torch.Tensor,
    *,
    axis: int = -1,
    temperature: float | None = None,
    dtype: Dtype | None = None,
    use_length: bool | None = False,
) -> torch.Tensor:
    """The logarithm of softmax, computed without overflow."""
    _no_lengths(use_length)
    return torch.log_softmax(_scores(data, axis, temperature), axis, _result_type(dtype))


@operator("softmin", types=lambda dtype, **_: f"T={dtype} -> {dtype or 'T'}", precision="float32")
def softmin(
    data: torch.Tensor,
    *,
    axis: int = -1,
    temperature: float | None = None,
    dtype: Dtype | None = None,
    use_length: bool | None = False,
) -> torch.Tensor:
    """softmax of ``-data``."""
    _no_lengths(use_length)
    return torch.softmax(-_scores(data, axis, temperature), axis, _result_type(dtype))


@operator("SoftmaxActivation", precision="float32")
def softmax_activation(data: torch.Tensor, *, mode: Literal["channel", "instance"] = "instance") -> torch.Tensor:
    """softmax over the last axis ("instance") or over axis 1 ("channel"); MXNet's old name of softmax.

    data: any shape, with "channel" (N, C, *space) · returns the same shape.
    """
    need_float(data)
    if mode == "instance":
        return torch.softmax(data, -1)
    if data.dim() < 3:
        raise ValueError(f"mode 'channel' needs data (N, C, *space), but it has shape {tuple(data.shape)}")
    return torch.softmax(data, 1)


@operator("softmax_cross_entropy", precision="float32")
def softmax_cross_entropy(data: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """Sum over the batch of ``-log(softmax(data)[label])``.

    data: (N, C) · label: (N,), class numbers of data's type · returns (1,).
    """
    need_float(data)
    if data.dim() != 2:
        raise ValueError(f"data must be (N, C), but has shape {tuple(data.shape)}")
    need_shape("label", label, data.shape[:1])
    return F.cross_entropy(data, label.detach().long(), reduction="sum").reshape(1)


@softmax_cross_entropy.infers
def _(data: tuple, **_: Any) -> dict[str, tuple]:
    return {"label": data[:1]}
