"""Images in another size, pixel by pixel as OpenCV computes them.

Every method is separable: an output pixel is a weighted sum of some pixels of a row, then of a column. Images of 8 bits
are resized with whole numbers, the weights being cut to 11 bits, so that results agree with OpenCV's to the bit.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..attributes import Shape
from ..registry import operator

__all__: list[str] = []

_NEAREST, _LINEAR, _CUBIC, _AREA, _LANCZOS, _LINEAR_EXACT, _LINEAR_AREA = range(7)
_METHODS = "0 (nearest), 1 (bilinear), 2 (bicubic), 3 (area), 4 (Lanczos) or 5 (bilinear, exact)"


@operator("_image_resize", may_return_input=True)
def image_resize(data: Tensor, *, size: Shape = (), keep_ratio: bool = False, interp: int = 1) -> Tensor:
    """An image (H, W, C), or several (N, H, W, C), in another size.

    size: (width, height), or one number for both; with ``keep_ratio`` one number is the length of the shorter side, and
    the longer one follows · interp: 0 nearest, 1 bilinear, 2 bicubic, 3 area, 4 Lanczos, as in OpenCV.
    """
    if data.dim() not in (3, 4):
        raise ValueError("data must have shape (H, W, C) or (N, H, W, C)")
    if len(size) not in (1, 2) or min(size) < 1:
        raise ValueError(f"size must be (width, height), or one number for both, of at least 1, but got {size}")
    height, width = data.shape[-3:-1]
    if len(size) == 2:
        new_width, new_height = size
    else:
        new_width = new_height = short = int(size[0])
        if keep_ratio and height > width:
            new_height = short * height // width
        elif keep_ratio:
            new_width = short * width // height
    return resize(data, new_width, new_height, interp)


@operator("_cvimresize", may_return_input=True, differentiable=False)
def cv_resize(src: Tensor, *, w: int, h: int, interp: int = 1) -> Tensor:
    """An image (H, W, C) in the size (h, w, C); ``interp`` as in ``image.resize``."""
    if src.dim() != 3 or min(w, h) < 1:
        raise ValueError("src must be an image of shape (height, width, channels), and w and h at least 1")
    return resize(src, w, h, interp)


def resize(data: Tensor, width: int, height: int, interp: int) -> Tensor:
    """Images (..., H, W, C) as (..., height, width, C)."""
    if interp not in range(6):
        raise ValueError(f"interp must be {_METHODS}, but got {interp}")
    if data.dtype not in (torch.uint8, torch.float32, torch.float64) and interp != _NEAREST:
        raise ValueError("only images of uint8, float32 and float64 can be resized, others with interp=0 alone")
    rows, columns = data.shape[-3:-1]
    if (rows, columns) == (height, width):
        return data
    down = rows / height, columns / width  # how many pixels become one, on each axis
    halved = down == (2, 2)
    if interp == _LINEAR and halved:
        interp = _AREA
    if interp == _AREA:
        if min(down) < 1:
            interp = _LINEAR_AREA
        elif rows % height == 0 and columns % width == 0:
            return _blocks(data, rows // height, columns // width)
    if interp == _NEAREST:
        y, x = (_nearest(*sizes, data.device) for sizes in ((rows, height), (columns, width)))
        return data.index_select(-3, y).index_select(-2, x)
    channels = data.shape[-1]
    x = _each_channel(*_taps(interp, columns, width, True, data.device), channels)
    y = _taps(interp, rows, height, False, data.device)
    lines = data.reshape(*data.shape[:-3], rows, columns * channels)  # one long axis: torch is many times quicker then
    if data.dtype is torch.uint8:
        result = _resize_bytes(lines, x, y, interp)
    else:
        result = _weigh(_weigh(lines, *x, -1), *y, -2)
    return result.reshape(*data.shape[:-3], height, width, channels)


def _nearest(size: int, new: int, device: torch.device) -> Tensor:
    places = torch.arange(new, dtype=torch.float64, device=device) * (1 / (new / size))
    return places.floor().long().clamp(max=size - 1)


def _blocks(data: Tensor, down_y: int, down_x: int) -> Tensor:
    """The mean of every block of ``down_y`` times ``down_x`` pixels."""
    *batch, rows, columns, channels = data.shape
    blocks = data.reshape(*batch, rows // down_y, down_y, columns // down_x, down_x, channels)
    if data.dtype is not torch.uint8:
        return blocks.mean((-4, -2))
    total = blocks.sum((-4, -2), dtype=torch.int32)
    if down_x == down_y == 2:
        return ((total + 2) >> 2).to(dtype=torch.uint8)  # rounds halves up; all else rounds them to even
    return (total.float() * _single(1 / (down_x * down_y))).round().to(dtype=torch.uint8)


def _single(number: float) -> float:
    """The nearest number of single precision."""
    return torch.tensor(number, dtype=torch.float32).item()


_Taps = tuple[Tensor, Tensor]  # for each output pixel: where its source pixels are, and their weights; both (new, k)


def _taps(interp: int, size: int, new: int, horizontal: bool, device: torch.device) -> _Taps:
    """The source pixels of every output pixel along one axis. Beyond the edge, the outermost pixel is repeated."""
    scale = 1 / (new / size)
    places = torch.arange(new, dtype=torch.float64, device=device)
    if interp == _AREA:
        return _area_taps(places * scale, scale, size)
    if interp == _LINEAR_AREA:
        first = (places * scale).floor()
        part = ((places + 1) - (first + 1) * (new / size)).float()
        part = torch.where(part <= 0, 0.0, part - part.floor())
    else:
        centre = ((places + 0.5) * scale - 0.5).float()
        first = centre.floor()
        part = centre - first
    if interp == _CUBIC:
        before, weights = 1, _cubic(part)
    elif interp == _LANCZOS:
        before, weights = 3, _lanczos(part)
    else:
        if horizontal:  # OpenCV takes the outermost pixel itself there, not twice; whole numbers tell the difference
            part = part.masked_fill((first < 0) | (first >= size - 1), 0)
        before, weights = 0, torch.stack([1 - part, part], 1)
    offsets = torch.arange(weights.shape[1], device=device) - before
    return (first.long().unsqueeze(1) + offsets).clamp(0, size - 1), weights


def _cubic(part: Tensor) -> Tensor:
    """Weights of the cubic convolution with a = -3/4 (Keys, 1981)."""
    a, far, near = -0.75, part + 1, 1 - part
    w0 = ((a * far - 5 * a) * far + 8 * a) * far - 4 * a
    w1 = ((a + 2) * part - (a + 3)) * part * part + 1
    w2 = ((a + 2) * near - (a + 3)) * near * near + 1
    return torch.stack([w0, w1, w2, 1 - w0 - w1 - w2], 1)


def _lanczos(part: Tensor) -> Tensor:
    """Weights sinc(t) sinc(t / 4), eight of them, scaled to the sum 1."""
    t = part.double().unsqueeze(1) + torch.arange(3, -5, -1, device=part.device)
    weights = torch.sinc(t) * torch.sinc(t / 4)
    return (weights / weights.sum(1, keepdim=True)).float()


def _area_taps(start: Tensor, scale: float, size: int) -> _Taps:
    """Weights by how much of each source pixel an output pixel covers; less than 1/1000 is nothing."""
    places = start.floor().unsqueeze(1) + torch.arange(math.ceil(scale) + 1, device=start.device)
    covered = torch.minimum(places + 1, start.unsqueeze(1) + scale) - torch.maximum(places, start.unsqueeze(1))
    covered = torch.where((places < size) & (covered > 1e-3), covered, 0.0)
    weights = covered / (size - start).clamp(max=scale).unsqueeze(1)
    return places.long().clamp(max=size - 1), weights.float()


def _each_channel(places: Tensor, weights: Tensor, channels: int) -> _Taps:
    """The same taps for rows in which the channels of a pixel follow one another."""
    offsets = torch.arange(channels, device=places.device).view(1, -1, 1)
    return (places.unsqueeze(1) * channels + offsets).flatten(0, 1), weights.repeat_interleave(channels, 0)


def _weigh(lines: Tensor, places: Tensor, weights: Tensor, axis: int) -> Tensor:
    """The weighted sums of what is at ``places`` along the last axis or the one before."""
    weights = weights.to(dtype=lines.dtype).t().contiguous()
    weights = weights if axis == -1 else weights.unsqueeze(-1)
    result = None
    for place, weight in zip(places.t().contiguous(), weights, strict=True):
        part = lines.index_select(axis, place).mul_(weight)
        result = part if result is None else result.add_(part)
    assert result is not None
    return result


def _resize_bytes(lines: Tensor, x: _Taps, y: _Taps, interp: int) -> Tensor:
    """The weighted sums of 8-bit pixels, rounded as OpenCV does."""
    if interp == _AREA:
        return _to_bytes(_weigh(_weigh(lines.float(), *x, -1), *y, -2).round())
    bits = 8 if interp == _LINEAR_EXACT else 11
    rows = _weigh(lines.float(), x[0], _whole(x[1], bits), -1)  # whole numbers that float32 holds
    places, weights = y[0], _whole(y[1], bits)
    if interp == _CUBIC:
        return _to_bytes(_weigh(rows, places, weights.float() * 2.0**-22, -2).round())
    rows = rows.int()
    if interp in (_LANCZOS, _LINEAR_EXACT):
        return _to_bytes((_weigh(rows, places, weights, -2) + (1 << 2 * bits - 1)) >> 2 * bits)
    # Bilinear: each of the two products is cut to 16 bits by itself.
    rows = rows >> 4
    parts = (rows.index_select(-2, places[:, k]) * weights[:, k : k + 1] >> 16 for k in (0, 1))
    return _to_bytes((sum(parts) + 2) >> 2)


def _whole(weights: Tensor, bits: int) -> Tensor:
    """Weights as whole numbers of ``2 ** -bits``."""
    return (weights * (1 << bits)).round().int()


def _to_bytes(values: Tensor) -> Tensor:
    return values.clamp(0, 255).to(dtype=torch.uint8)
