"""Windows over one, two or three dimensions of space, and checks of sizes: what layers share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...base import MXNetError, numeric_types

__all__ = ["LAYOUTS", "Sizes", "WindowError", "check_counts", "check_windows", "describe_windows", "sizes"]

Sizes = int | Sequence[int]
LAYOUTS = {1: ("NCW", "NWC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}


class WindowError(MXNetError, ValueError):
    """Settings of a convolution that no input would fit. MXNet raises the one or the other, by when it notices."""


def check_counts(block: Any, **counts: Any) -> None:
    """Raise AssertionError for negative numbers of channels and the like."""
    for name, count in counts.items():
        if isinstance(count, (int, float, np.integer)) and count < 0:
            raise AssertionError(f"{type(block).__name__} {block.name}: {name} must not be negative, but is {count}.")


def sizes(value: Sizes, dims: int, what: str | None = None) -> Any:
    """One number for every dimension, or what was given; its length is checked when it has a name."""
    if isinstance(value, numeric_types):
        return (value,) * dims
    if what and len(value) != dims:
        raise AssertionError(f"{what} must be a number or a list of {dims} ints, but got {value!r}.")
    return value


def check_windows(block: Any, settings: dict[str, Any], in_channels: int) -> None:
    """Raise WindowError for settings of a convolution that no input would fit."""
    kernel, channels, groups = settings["kernel"], settings["num_filter"], settings["num_group"]
    problem = None
    for name, what, least in (("strides", "stride", 1), ("dilation", "dilate", 1), ("padding", "pad", 0),
                              ("output_padding", "adj", 0), ("kernel_size", "kernel", 1)):  # fmt: skip
        values = settings.get(what, kernel)
        if len(values) != len(kernel):
            problem = f"{name} must have as many dimensions as the kernel {kernel}, but is {values}"
        elif not _whole(values, least):
            problem = f"{name} must be integers of at least {least}, but is {values}"
    if not _whole((channels,), 1):
        problem = f"channels must be a positive integer, but is {channels!r}"
    elif not _whole((groups,), 1) or channels % groups:
        problem = f"groups must divide channels, but {channels} channels make no {groups} groups"
    elif in_channels % groups:
        problem = f"groups must divide in_channels, but {in_channels} in_channels make no {groups} groups"
    elif not problem and any(o >= s for o, s in zip(settings.get("adj", ()), settings["stride"], strict=False)):
        problem = f"output_padding must be smaller than strides {settings['stride']}, but is {settings['adj']}"
    if problem:
        raise WindowError(f"{type(block).__name__} {block.name}: {problem}.")


def _whole(values: Any, least: int) -> bool:
    return all(isinstance(v, (int, np.integer)) and v >= least for v in values)


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
