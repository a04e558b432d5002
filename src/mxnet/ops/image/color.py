"""Colours of images: pixels to tensors, normalization, brightness, contrast, saturation, hue, lighting.

Images are (H, W, C), with 1 or 3 channels in the order red, green, blue; values lie in 0 ... 255 where it matters.
Integer images stay integers: results are cut to whole numbers, those of 8 bits to their range. A random operator draws
its numbers from the context's generator and hands them to a plain function of the image.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..attributes import Floats
from ..registry import operator

__all__: list[str] = []

# Brightness as the eye sees it (ITU-R BT.601).
_LUMA = (0.299, 0.587, 0.114)

# Principal components of the colours of ImageNet, each times its eigenvalue (Krizhevsky et al., 2012); a row a channel.
_LIGHTING = (
    (55.46 * -0.5675, 4.794 * 0.7192, 1.148 * 0.4009),
    (55.46 * -0.5808, 4.794 * -0.0045, 1.148 * -0.8140),
    (55.46 * -0.5836, 4.794 * -0.6948, 1.148 * 0.4203),
)


def need_image(data: Tensor) -> None:
    """Raise ValueError unless ``data`` is one image of numbers, (H, W, C), with 1 or 3 channels."""
    if data.dim() != 3 or data.shape[-1] not in (1, 3) or data.dtype is torch.bool:
        raise ValueError("data must be an image of shape (height, width, channels) with 1 or 3 channels, not of bool")


# ---- to numbers that networks like -----------------------------------------------------------------------------------


@operator("_image_to_tensor", types="T -> float32")
def to_tensor(data: Tensor) -> Tensor:
    """An image (H, W, C), or several (N, H, W, C), with values in 0 ... 255 as float32 (C, H, W) in 0 ... 1."""
    if data.dim() not in (3, 4) or data.dtype is torch.bool:
        raise ValueError("data must be images of shape (H, W, C) or (N, H, W, C), not of bool")
    return data.movedim(-1, -3).contiguous().to(dtype=torch.float32) / 255


@operator("_image_normalize")
def normalize(data: Tensor, *, mean: Floats = (0.0, 0.0, 0.0, 0.0), std: Floats = (1.0, 1.0, 1.0, 1.0)) -> Tensor:
    """``(data - mean) / std`` for each channel of (C, H, W) or (N, C, H, W), with 1 or 3 channels.

    mean, std: one number, or as many as there are channels; the defaults suit no image and must be replaced.
    """
    if data.dim() not in (3, 4) or data.shape[-3] not in (1, 3):
        raise ValueError("data must have shape (C, H, W) or (N, C, H, W), with 1 or 3 channels")
    for name, values in (("mean", mean), ("std", std)):
        if len(values) not in (1, data.shape[-3]):
            raise ValueError(f"{name} must have 1 number, or one for each of the {data.shape[-3]} channels")
    wide = _wide(data)
    shift, scale = (torch.tensor(v, dtype=wide.dtype, device=data.device).view(-1, 1, 1) for v in (mean, std))
    return ((wide - shift) / scale).to(dtype=data.dtype)


# ---- colours, changed by given amounts -------------------------------------------------------------------------------


def _wide(data: Tensor) -> Tensor:
    """The image in a type to compute in."""
    return data if data.dtype in (torch.float32, torch.float64) else data.to(dtype=torch.float32)


def _narrow(result: Tensor, like: Tensor) -> Tensor:
    """A result in the dtype of the image that it came from."""
    if like.dtype in (torch.uint8, torch.int8):
        limits = torch.iinfo(like.dtype)
        result = torch.clamp(result, limits.min, limits.max)
    return result.to(dtype=like.dtype)


def _luma(wide: Tensor) -> Tensor:
    """What each channel adds to the brightness of a pixel."""
    return torch.tensor(_LUMA if wide.shape[-1] == 3 else (1.0,), dtype=wide.dtype, device=wide.device)


def adjust_brightness(data: Tensor, factor: Tensor) -> Tensor:
    """``factor * data``."""
    return _narrow(_wide(data) * factor, data)


def adjust_contrast(data: Tensor, factor: Tensor) -> Tensor:
    """From the image's mean brightness (0) over the image (1) to beyond."""
    wide = _wide(data)
    return _narrow(wide * factor + wide.mean((0, 1)) @ _luma(wide) * (1 - factor), data)


def adjust_saturation(data: Tensor, factor: Tensor) -> Tensor:
    """From the gray image (0) over the image (1) to beyond: ``factor * data + (1 - factor) * gray``."""
    if data.shape[-1] == 1:
        return data
    wide = _wide(data)
    mix = torch.eye(3, dtype=wide.dtype, device=wide.device) * factor + _luma(wide).unsqueeze(1) * (1 - factor)
    return _narrow(wide @ mix, data)


def adjust_hue(data: Tensor, turn: Tensor) -> Tensor:
    """Every colour moved along the circle of hues by ``turn`` (1: once around); lightness and saturation stay.

    The largest and the smallest channel of a pixel keep their values then, whichever channels they become, so that
    the hue alone (0 ... 6: red 0, green 2, blue 4) says how far each channel lies between them.
    """
    if data.shape[-1] == 1:
        return data
    red, green, blue = _wide(data.movedim(-1, 0).contiguous())
    high, low = torch.maximum(torch.maximum(red, green), blue), torch.minimum(torch.minimum(red, green), blue)
    span = high - low
    unit = torch.where(span > 0, span, 1.0)
    place = torch.where(
        red == high,
        (green - blue) / unit,
        torch.where(green == high, (blue - red) / unit + 2, (red - green) / unit + 4),
    )
    place = torch.remainder(place + 6 * turn, 6)
    shares = ((place - 3).abs() - 1, 2 - (place - 2).abs(), 2 - (place - 4).abs())
    return _narrow(torch.stack([low + span * share.clamp(0, 1) for share in shares], -1), data)


def adjust_colors(data: Tensor, alpha: Tensor) -> Tensor:
    """Colours shifted along the principal components of natural images, by ``alpha`` (3,)."""
    if data.shape[-1] == 1:
        return data
    wide = _wide(data)
    components = torch.tensor(_LIGHTING, dtype=wide.dtype, device=wide.device)
    return _narrow(wide + components @ alpha.to(dtype=wide.dtype), data)


# ---- colours, changed by chance --------------------------------------------------------------------------------------


def uniform(data: Tensor, low: float, high: float, rng: torch.Generator | None) -> Tensor:
    """One number between ``low`` and ``high``, on the device of the image."""
    return torch.rand((), device=data.device, generator=rng) * (high - low) + low


def _define(name: str, change: Callable[[Tensor, Tensor], Tensor], doc: str) -> None:
    """Define ``_image_random_<name>``, which draws the amount of a change uniformly."""

    def apply(data: Tensor, *, min_factor: float, max_factor: float, _rng: torch.Generator | None) -> Tensor:
        need_image(data)
        if min_factor < 0 or max_factor < 0:
            raise ValueError("min_factor and max_factor must not be negative")
        return change(data, uniform(data, min_factor, max_factor, _rng))

    doc = f"{doc}, drawn between ``min_factor`` and ``max_factor``."
    operator(f"_image_random_{name}", doc=doc, may_return_input=True)(apply)


_define("brightness", adjust_brightness, "The image times a factor")
_define("contrast", adjust_contrast, "The image's contrast times a factor: 0 leaves its mean brightness")
_define("saturation", adjust_saturation, "The image's saturation times a factor: 0 makes it gray")
_define("hue", adjust_hue, "The image's hues turned by a part of the circle")


@operator("_image_random_color_jitter", may_return_input=True)
def random_color_jitter(
    data: Tensor,
    *,
    brightness: float,
    contrast: float,
    saturation: float,
    hue: float,
    _rng: torch.Generator | None,
) -> Tensor:
    """Brightness, contrast and saturation times factors, hue turned, in random order.

    The factors are drawn from 1 - x to 1 + x, x being the attribute; the turn from -hue to hue. What is 0 is left out.
    """
    need_image(data)
    order = torch.randperm(4, device=data.device, generator=_rng)
    for i in range(4) if data.is_meta else order.tolist():
        amount, middle, change = (
            (brightness, 1, adjust_brightness),
            (contrast, 1, adjust_contrast),
            (saturation, 1, adjust_saturation),
            (hue, 0, adjust_hue),
        )[i]
        if amount:
            data = change(data, uniform(data, middle - amount, middle + amount, _rng))
    return data


@operator("_image_adjust_lighting", may_return_input=True)
def adjust_lighting(data: Tensor, *, alpha: Floats) -> Tensor:
    """Colours shifted along the principal components of natural images, by the three numbers ``alpha``."""
    need_image(data)
    if len(alpha) < 3:
        raise ValueError(f"alpha must have 3 numbers, but got {alpha}")
    return adjust_colors(data, torch.tensor(alpha[:3], dtype=torch.float64).to(data.device, _wide(data).dtype))


@operator("_image_random_lighting", may_return_input=True)
def random_lighting(data: Tensor, *, alpha_std: float = 0.05, _rng: torch.Generator | None) -> Tensor:
    """``adjust_lighting`` by three numbers from the normal distribution around 0 with deviation ``alpha_std``."""
    need_image(data)
    return adjust_colors(data, torch.randn(3, device=data.device, generator=_rng) * alpha_std)
