"""What operators whose windows slide over signals, images and volumes have in common: layouts, and checks of the
windows' attributes.
"""

from __future__ import annotations

import torch

from ..checks import need_float

__all__ = ["CHANNELS_LAST", "edges", "need_layout", "need_rank", "need_room", "need_sizes", "need_window"]

CHANNELS_LAST = ("NWC", "NHWC", "NDHWC")


def need_window(data: torch.Tensor, kernel: tuple, layout: str | None, **windows: tuple) -> None:
    """Raise ValueError unless data, layout and the window's attributes (stride=, pad= ...) fit one another."""
    need_float(data)
    need_sizes(data.dim(), kernel, layout, **windows)


def need_sizes(ndim: int, kernel: tuple, layout: str | None, **windows: tuple) -> None:
    """As ``need_window``, for data of that many dimensions."""
    n = len(kernel)
    if not 1 <= n <= 3 or min(kernel) < 1:
        raise ValueError(f"kernel must have 1 to 3 sizes of at least 1, but is {kernel}")
    need_rank(ndim, kernel)
    need_layout(ndim, layout)
    for name, value in windows.items():
        if len(value) not in (0, n):
            raise ValueError(f"{name} must have {n} sizes, like kernel {kernel}, but is {value}")
        least = 1 if name in ("stride", "dilate") else 0
        if min(value, default=least) < least:
            raise ValueError(f"{name} must have sizes of at least {least}, but is {value}")


def need_rank(ndim: int, kernel: tuple) -> None:
    """Raise ValueError unless data of that many dimensions has as many of space as the kernel."""
    if ndim != len(kernel) + 2:
        raise ValueError(
            f"kernel {kernel} wants data of {len(kernel) + 2} dimensions (batch, channels, space), but it has {ndim}"
        )


def need_layout(ndim: int, layout: str | None) -> None:
    """Raise ValueError unless the layout is one for data of that many dimensions."""
    if layout is not None and len(layout) != ndim:
        raise ValueError(f"layout {layout!r} does not fit data of {ndim} dimensions")


def need_room(space: tuple, kernel: tuple, dilate: tuple, pad: tuple) -> None:
    """Raise ValueError unless the window fits into the padded space; () stands for the defaults 1 and 0."""
    for i, (size, k) in enumerate(zip(space, kernel, strict=True)):
        if (k - 1) * (dilate[i] if dilate else 1) >= size + 2 * (pad[i] if pad else 0):
            raise ValueError(f"kernel {kernel} exceeds the space {tuple(space)} with its padding {pad or 0}")


def edges(before: list[int] | tuple[int, ...], behind: list[int] | tuple[int, ...]) -> list[int]:
    """Widths of padding in the order of F.pad: last axis first."""
    return [width for pair in zip(reversed(before), reversed(behind), strict=True) for width in pair]
