"""Where the pixels of images are: crops, mirrors, borders."""

from __future__ import annotations

import torch
from torch import Tensor

from ..attributes import Floats
from ..registry import operator
from .color import need_image

__all__: list[str] = []


@operator("_image_crop", returns_view=True)
def crop(data: Tensor, *, x: int, y: int, width: int, height: int) -> Tensor:
    """The part of an image (H, W, C), or of several (N, H, W, C), whose upper left corner is at column x, row y."""
    if data.dim() not in (3, 4) or data.shape[-1] not in (1, 3):
        raise ValueError("data must have shape (H, W, C) or (N, H, W, C), with 1 or 3 channels")
    rows, columns = data.shape[-3:-1]
    if min(width, height) < 1 or min(x, y) < 0 or x + width > columns or y + height > rows:
        raise ValueError(f"the part must lie within the image, {columns} wide and {rows} high, and not be empty")
    return data[..., y : y + height, x : x + width, :]


@operator("_image_flip_left_right")
def flip_left_right(data: Tensor) -> Tensor:
    """The mirror image of (H, W, C): right is left."""
    need_image(data)
    return torch.flip(data, (1,))


@operator("_image_flip_top_bottom")
def flip_top_bottom(data: Tensor) -> Tensor:
    """The image (H, W, C) upside down."""
    need_image(data)
    return torch.flip(data, (0,))


def _perhaps_flip(data: Tensor, axis: int, rng: torch.Generator | None) -> Tensor:
    need_image(data)
    coin = torch.rand((), device=data.device, generator=rng) < 0.5
    places = torch.arange(data.shape[axis], device=data.device)
    return data.index_select(axis, torch.where(coin, places.flip(0), places))


@operator("_image_random_flip_left_right")
def random_flip_left_right(data: Tensor, *, _rng: torch.Generator | None) -> Tensor:
    """The image (H, W, C), or with equal chance its mirror image."""
    return _perhaps_flip(data, 1, _rng)


@operator("_image_random_flip_top_bottom")
def random_flip_top_bottom(data: Tensor, *, _rng: torch.Generator | None) -> Tensor:
    """The image (H, W, C), or with equal chance upside down."""
    return _perhaps_flip(data, 0, _rng)


@operator("_cvcopyMakeBorder", differentiable=False)
def copy_make_border(
    src: Tensor,
    *,
    top: int,
    bot: int,
    left: int,
    right: int,
    type: int = 0,
    value: float = 0.0,
    values: Floats = (),
) -> Tensor:
    """An image (H, W, C) with margins.

    ``type`` says what they hold, as in OpenCV: 0 a constant, ``value``, or ``values`` channel by channel; 1 the nearest
    pixel; 2 the image mirrored at its edge, 4 at its outermost pixels; 3 the image again. Constants are rounded and cut
    to the range of integer images; channels without one get 0.
    """
    if src.dim() != 3:
        raise ValueError("src must be an image of shape (height, width, channels)")
    if min(top, bot, left, right) < 0 or type not in range(5):
        raise ValueError("top, bot, left and right must not be negative, and type be 0, 1, 2, 3 or 4")
    height, width, channels = src.shape
    if type:
        rows, columns = (_sources(*side, type, src.device) for side in ((height, top, bot), (width, left, right)))
        return src.index_select(0, rows).index_select(1, columns)
    numbers = (*values, *[0.0] * channels)[:channels] if values else (value,) * channels
    fill = torch.tensor(numbers, dtype=torch.float64, device=src.device)
    if not src.is_floating_point():
        limits = torch.iinfo(src.dtype)
        fill = fill.round().clamp(limits.min, limits.max)
    result = fill.to(dtype=src.dtype).expand(height + top + bot, width + left + right, channels).contiguous()
    result[top : top + height, left : left + width] = src
    return result


def _sources(size: int, before: int, after: int, kind: int, device: torch.device) -> Tensor:
    """For every place along an axis with margins, the place in the image that its pixel comes from."""
    places = torch.arange(-before, size + after, device=device)
    if kind == 1:
        return places.clamp(0, size - 1)
    if kind == 3:
        return places.remainder(size)
    period = 2 * size if kind == 2 else max(2 * size - 2, 1)
    places = places.remainder(period)
    return torch.minimum(places, period - (kind == 2) - places)
