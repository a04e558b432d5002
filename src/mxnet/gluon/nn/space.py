"""Windows over one, two or three dimensions of space, and checks of sizes: what layers share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...base import MXNetError, numeric_types

__all__ = [
    "LAYOUTS",
    "CountError",
    "Sizes",
    "WindowError",
    "check_counts",
    "check_pooling",
    "check_windows",
    "describe_windows",
    "sizes",
    "whole",
]

Sizes = int | Sequence[int]
LAYOUTS = {1: ("NCW", "NWC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}


class WindowError(MXNetError, ValueError):
    """Settings of a convolution that no input would fit. MXNet raises the one or the other, by when it notices."""


class CountError(MXNetError, TypeError):
    """A number of channels that is no integer. MXNet raises the one or the other, by who notices."""


def check_counts(block: Any, **counts: Any) -> None:
    """Raise CountError for numbers of channels and the like that are no integers, AssertionError for negative ones."""
    for name, count in counts.items():
        if not whole((count,), None):
            raise CountError(f"{type(block).__name__} {block.name}: {name} must be an integer, but is {count!r}.")
        if count < 0:
            raise AssertionError(f"{type(block).__name__} {block.name}: {name} must not be negative, but is {count}.")


def sizes(value: Sizes, dims: int, what: str | None = None) -> Any:
    """One number for every dimension, or what was given; with a name, its type and length are checked."""
    if isinstance(value, numeric_types):
        return (value,) * dims
    if what and not hasattr(value, "__len__"):
        raise TypeError(f"{what} must be a number or a list of {dims} ints, but got {value!r}.")
    if what and len(value) != dims:
        raise AssertionError(f"{what} must be a number or a list of {dims} ints, but got {value!r}.")
    return value


def check_windows(block: Any, settings: dict[str, Any], in_channels: int) -> None:
    """Raise WindowError for settings of a convolution that no input would fit, CountError for another in_channels."""
    check_counts(block, in_channels=in_channels)
    channels, groups = settings["num_filter"], settings["num_group"]
    problem = _misfit(settings, "kernel_size")
    if not whole((channels,), 1):
        problem = f"channels must be a positive integer, but is {channels!r}"
    elif not whole((groups,), 1) or channels % groups:
        problem = f"groups must divide channels, but {channels} channels make no {groups} groups"
    elif in_channels % groups:
        problem = f"groups must divide in_channels, but {in_channels} in_channels make no {groups} groups"
    elif not problem and any(o >= s for o, s in zip(settings.get("adj", ()), settings["stride"], strict=False)):
        problem = f"output_padding must be smaller than strides {settings['stride']}, but is {settings['adj']}"
    if problem:
        raise WindowError(f"{type(block).__name__} {block.name}: {problem}.")


def check_pooling(block: Any, settings: dict[str, Any]) -> None:
    """Raise WindowError for settings of a pooling layer that no input would fit."""
    if problem := _misfit(settings, "pool_size"):
        raise WindowError(f"{type(block).__name__} {block.name}: {problem}.")


def _misfit(settings: dict[str, Any], kernel_name: str) -> str | None:
    """What is wrong with the sizes of a window. Empty strides, padding and dilation stand for the defaults."""
    kernel = settings["kernel"]
    for name, what, least in (("strides", "stride", 1), ("dilation", "dilate", 1), ("padding", "pad", 0),
                              ("output_padding", "adj", 0), (kernel_name, "kernel", 1)):  # fmt: skip
        values = settings.get(what, ())
        if not isinstance(values, (list, tuple)) or len(values) not in (len(kernel), 0):
            return f"{name} must be a number, or one for each dimension of the kernel {kernel}, but is {values!r}"
        if not whole(values, least):
            return f"{name} must be integers of at least {least}, but is {values!r}"
    return None


def whole(values: Any, least: int | None) -> bool:
    """Whether all values are integers, of at least that size."""
    return all(
        isinstance(v, (int, np.integer)) and not isinstance(v, bool) and (least is None or v >= least) for v in values
    )


def describe_windows(block: Any, settings: dict[str, Any], weight: Sequence[int]) -> str:
    """The text of a convolution, from its settings and the shape of its weight."""
    zero, one = (0,) * len(settings["kernel"]), (1,) * len(settings["kernel"])
    parts = [
        f"{weight[1] or None} -> {weight[0]}",  # MXNet's rule: off for groups, transposes, and C as the last axis
        f"kernel_size={settings['kernel']}",
        f"stride={settings['stride']}",
        *([f"padding={settings['pad']}"] if settings["pad"] != zero else []),
        *([f"dilation={settings['dilate']}"] if settings["dilate"] != one else []),
        *([f"groups={settings['num_group']}"] if settings["num_group"] != 1 else []),
        *(["bias=False"] if settings["no_bias"] else []),
        *([repr(block.act)] if block.act else []),
    ]
    return f"{type(block).__name__}({', '.join(parts)})"
