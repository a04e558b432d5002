"""Pooling of regions of interest (ROIs): each becomes a small map of fixed size.

An ROI is a row (image, left, top, right, bottom) in pixels of the input; ``spatial_scale`` is the size of the feature
map over that of the input. One whose image does not exist, or that is not finite, gives zeros. ROIs get no gradients.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..attributes import Shape
from ..checks import need_float
from ..elementwise import round_half_away
from ..registry import operator
from .boxes import accurate
from .sampling import pair, table, taps, weighted_rows

__all__: list[str] = []

_AT_ONCE = 1 << 20  # elements of an intermediate array: more ROIs than make so many are computed in several parts


def _need_rois(data: Tensor, rois: Tensor, spatial_scale: float, columns: int = 5) -> None:
    """Raise ValueError unless data is a batch of maps and rois are ROIs."""
    need_float(data)
    if data.dim() != 4:
        raise ValueError(f"data must have shape (N, C, H, W), but has {tuple(data.shape)}")
    if rois.dim() != 2 or rois.size(1) != columns:
        raise ValueError(f"rois must have shape (R, {columns}), but has {tuple(rois.shape)}")
    if not 0 <= spatial_scale <= 1:
        raise ValueError(f"spatial_scale must lie in 0 ... 1, but is {spatial_scale}")


def _need_size(pooled_size: tuple) -> None:
    if len(pooled_size) != 2 or min(pooled_size) < 1:
        raise ValueError(f"pooled_size must be two positive numbers, (height, width), but is {pooled_size}")


def _read(rois: Tensor, images: int) -> tuple[Tensor, Tensor, Tensor]:
    """From ROIs: the images (R,), the other numbers (R, ...), and which ROIs are legal (R,); zeros for the others."""
    rois = accurate(rois.detach())
    image = rois[:, 0].trunc()
    legal = rois.isfinite().all(1) & (image >= 0) & (image < images)
    rois = torch.where(legal[:, None], rois, 0)
    return rois[:, 0].long(), rois[:, 1:], legal


def _idle(data: Tensor, rois: Tensor) -> bool:
    """Whether there is nothing to compute."""
    return data.is_meta or not rois.numel() or not data.numel()


def _nothing(data: Tensor, *shape: int) -> Tensor:
    """The result then: zeros, which belong to the graph of data where there are none."""
    return data.new_zeros(shape) if shape[0] else data.flatten()[:0].view(shape)


def _in_parts(pool: Callable[..., Tensor], costs: int, *inputs: Tensor) -> Tensor:
    """``pool(*inputs)``, computed for as many ROIs at once as an intermediate array of ``costs`` each allows."""
    step = max(_AT_ONCE // max(costs, 1), 1)
    if len(inputs[0]) <= step:
        return pool(*inputs)
    return torch.cat([pool(*part) for part in zip(*(i.split(step) for i in inputs), strict=True)])


def _maps(out: Tensor, legal: Tensor, data: Tensor) -> Tensor:
    """From (R, height, width, channels) to what a pooling operator returns."""
    return torch.where(legal[:, None, None, None], out, 0).permute(0, 3, 1, 2).contiguous().to(dtype=data.dtype)


# ---- bins of whole elements ------------------------------------------------------------------------------------------


def _bins(size: Tensor, count: int, start: Tensor | float = 0.0) -> tuple[Tensor, Tensor]:
    """Where the ``count`` bins of a range of that size begin and end, in whole elements: (R, count) each."""
    steps = torch.arange(count, device=size.device, dtype=size.dtype)
    step = (size / count)[:, None]
    return (steps * step + start).floor(), ((steps + 1) * step + start).ceil()


def _members(low: Tensor, high: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The elements from low to high of an axis: indices and whether they are inside, (R, bins, K) each.

    K is the length of the longest bin; shorter ones repeat their last element.
    """
    low, high = low.clamp(0, size).long(), high.clamp(0, size).long()
    length = high - low
    steps = torch.arange(max(int(length.max()), 1), device=low.device)
    index = torch.minimum(low[:, :, None] + steps, high[:, :, None] - 1)
    return index.clamp(0, size - 1), steps < length[:, :, None]


@operator("ROIPooling")
def roi_pooling(data: Tensor, rois: Tensor, *, pooled_size: Shape, spatial_scale: float) -> Tensor:
    """The maximum in each bin of an ROI (Girshick, 2015, "Fast R-CNN").

    data: (N, C, H, W) · rois: (R, 5) · returns (R, C, *pooled_size). Corners are rounded to whole elements, both
    inclusive; an ROI is at least one element large. Bins are rounded outwards, so they overlap; one that lies outside
    the map is 0.
    """
    _need_rois(data, rois, spatial_scale)
    _need_size(pooled_size)
    batch, channels, height, width = data.shape
    if _idle(data, rois):
        return _nothing(data, len(rois), channels, *pooled_size)
    image, box, legal = _read(rois, batch)
    corners = round_half_away(box * spatial_scale)
    size = (corners[:, 2:] - corners[:, :2] + 1).clamp(min=1)
    ends = [
        (end + corners[:, axis, None]).clamp(0, extent)
        for axis, extent in ((1, height), (0, width))
        for end in _bins(size[:, axis], pooled_size[1 - axis])
    ]
    rows = table(data, channels)
    values = accurate(rows.detach())

    def pool(image: Tensor, top: Tensor, bottom: Tensor, left: Tensor, right: Tensor) -> Tensor:
        """The maxima, or where a gradient is wanted, their places: those of the first of equal ones."""
        (y, _), (x, _) = _members(top, bottom, height), _members(left, right, width)
        place = (y[:, :, None, :, None] * width + x[:, None, :, None, :]).flatten(3)
        place = place + (image * (height * width))[:, None, None, None]
        members = F.embedding(place, values)
        most = members.amax(3)
        if not rows.requires_grad:
            return most
        count = place.size(3)
        rank = torch.arange(count, 0, -1, device=place.device, dtype=most.dtype)[:, None]
        first = count - members.eq_(most[..., None, :]).mul_(rank).amax(3).clamp(min=1)
        return torch.gather(place, 3, first.long())

    lengths = [int((high - low).max()) for low, high in (ends[:2], ends[2:])]
    costs = math.prod(pooled_size) * max(math.prod(lengths), 1) * channels
    out = _in_parts(pool, costs, image, *ends)
    if rows.requires_grad:
        out = torch.gather(rows, 0, out.reshape(-1, channels)).reshape(out.shape)
    full = (ends[1] > ends[0])[:, :, None] & (ends[3] > ends[2])[:, None, :]
    return _maps(torch.where(full[..., None], out, 0), legal, data)


def _need_groups(data: Tensor, output_dim: int, pooled_size: int, group_size: int) -> None:
    """Raise ValueError unless data has the channels of ``group_size`` ** 2 groups."""
    if output_dim < 1 or pooled_size < 1 or group_size < 1:
        raise ValueError("output_dim, pooled_size and group_size must be positive")
    if data.size(1) < output_dim * group_size**2:
        raise ValueError(
            f"data must have output_dim * group_size ** 2 = {output_dim * group_size**2} channels, "
            f"but has {data.size(1)}"
        )


def _groups(pooled: int, groups: int, device: torch.device) -> Tensor:
    """Which group each bin takes its channels from, (pooled, pooled)."""
    index = torch.arange(pooled, device=device) * groups // pooled
    return index[:, None] * groups + index


@operator("_contrib_PSROIPooling", precision="widest")
def psroi_pooling(
    data: Tensor, rois: Tensor, *, spatial_scale: float, output_dim: int, pooled_size: int, group_size: int = 0
) -> Tensor:
    """Position-sensitive average pooling of ROIs (Dai et al., 2016, "R-FCN"): each bin has channels of its own.

    data: (N, output_dim * G * G, H, W), G being ``group_size`` or else ``pooled_size`` · rois: (R, 5) · returns (R,
    output_dim, pooled_size, pooled_size). The bin in row i, column j averages the channels (d, i * G // pooled_size,
    j * G // pooled_size). Corners are rounded before they are scaled, bins are rounded outwards.
    """
    groups = group_size or pooled_size
    _need_rois(data, rois, spatial_scale)
    _need_groups(data, output_dim, pooled_size, groups)
    batch, _, height, width = data.shape
    if _idle(data, rois):
        return _nothing(data, len(rois), output_dim, pooled_size, pooled_size)
    image, box, legal = _read(rois, batch)
    corners = round_half_away(box)
    start = corners[:, :2] * spatial_scale
    size = ((corners[:, 2:] + 1) * spatial_scale - start).clamp(min=0.1)
    axes = []
    for axis, extent in ((1, height), (0, width)):
        index, inside = _members(*_bins(size[:, axis], pooled_size, start[:, axis, None]), extent)
        axes += [index, inside / inside.sum(2, keepdim=True).clamp(min=1).to(dtype=size.dtype)]
    rows = table(accurate(data[:, : output_dim * groups**2]), output_dim, groups**2)
    group = _groups(pooled_size, groups, data.device)

    def pool(image: Tensor, y: Tensor, in_y: Tensor, x: Tensor, in_x: Tensor) -> Tensor:
        place, weight = pair((y[:, :, None], in_y[:, :, None]), (x[:, None], in_x[:, None]), width)
        map_ = (image * groups**2)[:, None, None] + group
        return weighted_rows(rows, place + map_[..., None] * (height * width), weight)

    costs = pooled_size**2 * axes[0].size(2) * axes[2].size(2)
    return _maps(_in_parts(pool, costs, image, *axes), legal, data)


# ---- samples between elements ----------------------------------------------------------------------------------------


def _samples(
    start: Tensor, size: Tensor, bins: int, ratio: int, low: Tensor | float, high: Tensor | float
) -> tuple[Tensor, Tensor]:
    """Positions of the samples along an axis, (R, bins, K), and how many a bin has, (R,).

    A bin has ``ratio`` samples, or if that is not positive, one for each element that it begins. NaN stands for none;
    samples outside [low, high] may be left out, so that the largest ROI makes no more than the map has room for.
    """
    step = size / bins
    count = torch.full_like(step, ratio) if ratio > 0 else step.ceil().clamp(min=1)
    gap = (step / count)[:, None]
    begin = start[:, None] + torch.arange(bins, device=step.device) * step[:, None]
    last = count[:, None] - 1
    ends = ((low - begin) / gap - 1.5, (high - begin) / gap + 0.5)
    first, final = (torch.minimum(end.nan_to_num(0).ceil().clamp(min=0), last) for end in ends)
    k = first[:, :, None] + torch.arange(int((final - first).max()) + 1, device=step.device)
    position = begin[:, :, None] + (k + 0.5) * gap[:, :, None]
    return torch.where(k <= last[:, :, None], position, torch.nan), count


@operator("_contrib_ROIAlign", precision="widest")
def roi_align(
    data: Tensor,
    rois: Tensor,
    *,
    pooled_size: Shape,
    spatial_scale: float,
    sample_ratio: int = -1,
    position_sensitive: bool = False,
    aligned: bool = False,
) -> Tensor:
    """The average of interpolated samples in each bin of an ROI, without rounding (He et al., 2017, "Mask R-CNN").

    data: (N, C, H, W) · rois: (R, 5) · returns (R, C, *pooled_size); with ``position_sensitive``, where each bin has
    channels of its own, (R, C / bins, *pooled_size), and channel c of bin b comes from channel c * bins + b.

    A bin has ``sample_ratio`` x ``sample_ratio`` samples, or if that is not positive, about one for each element.
    Samples more than one element outside the map count as 0. ``aligned`` moves ROIs by half an element, so that
    coordinates mean the corners of pixels; an ROI without area is then 0, else ROIs are at least one element large.
    """
    _need_rois(data, rois, spatial_scale)
    _need_size(pooled_size)
    batch, channels, height, width = data.shape
    bins = math.prod(pooled_size)
    groups = bins if position_sensitive else 1
    if channels % groups:
        raise ValueError(f"position_sensitive needs data whose channels {bins} bins divide, not {channels}")
    if _idle(data, rois):
        return _nothing(data, len(rois), channels // groups, *pooled_size)
    image, box, legal = _read(rois, batch)
    box = box * spatial_scale - (0.5 if aligned else 0)
    size = box[:, 2:] - box[:, :2]
    legal = legal & (size > 0).all(1) if aligned else legal
    size = size.clamp(min=0 if aligned else 1)
    axes = []
    for axis, extent in ((1, height), (0, width)):
        position, count = _samples(box[:, axis], size[:, axis], pooled_size[1 - axis], sample_ratio, -1, extent)
        index, weight = taps(position, extent)
        inside = (position >= -1) & (position <= extent)
        weight = torch.where(inside[..., None], weight, 0) / count[:, None, None, None]
        axes += [index.flatten(2), weight.flatten(2)]
    rows = table(accurate(data), channels // groups, groups)
    group = torch.arange(groups, device=data.device)
    group = group.view(pooled_size) if position_sensitive else group[:, None]

    def pool(image: Tensor, y: Tensor, of_y: Tensor, x: Tensor, of_x: Tensor) -> Tensor:
        place, weight = pair((y[:, :, None], of_y[:, :, None]), (x[:, None], of_x[:, None]), width)
        map_ = (image * groups)[:, None, None] + group
        return weighted_rows(rows, place + map_[..., None] * (height * width), weight)

    return _maps(_in_parts(pool, bins * axes[0].size(2) * axes[2].size(2), image, *axes), legal, data)


@operator("_contrib_RROIAlign", precision="widest")
def rroi_align(
    data: Tensor, rois: Tensor, *, pooled_size: Shape, spatial_scale: float, sampling_ratio: int = -1
) -> Tensor:
    """ROIAlign of rotated ROIs (Ma et al., 2018).

    data: (N, C, H, W) · rois: (R, 6), (image, x, y, width, height, angle) with the center and, in degrees, the angle by
    which the ROI is turned counterclockwise · returns (R, C, *pooled_size). ROIs are at least one element large.
    """
    _need_rois(data, rois, spatial_scale, columns=6)
    _need_size(pooled_size)
    batch, channels, height, width = data.shape
    if _idle(data, rois):
        return _nothing(data, len(rois), channels, *pooled_size)
    image, box, legal = _read(rois, batch)
    center = box[:, :2] * spatial_scale
    size = (box[:, 2:4] * spatial_scale).clamp(min=1)
    turn = torch.deg2rad(box[:, 4])
    cos, sin = turn.cos()[:, None], turn.sin()[:, None]
    # The map's corners as the turned ROIs see them: what lies beyond them need not be sampled.
    x, y = (box.new_tensor(ends) - center[:, axis, None] for axis, ends in
            ((0, [-1, width, -1, width]), (1, [-1, -1, height, height])))  # fmt: skip
    seen = x * cos - y * sin, x * sin + y * cos
    positions, counts = [], []
    for axis in (1, 0):
        low, high = (end(1).values[:, None] for end in (seen[axis].min, seen[axis].max))
        length = size[:, axis]
        position, count = _samples(-length / 2, length, pooled_size[1 - axis], sampling_ratio, low, high)
        positions.append(position)
        counts.append(count)
    rows = table(accurate(data), channels)

    def pool(image: Tensor, down: Tensor, right: Tensor, center: Tensor, cos: Tensor, sin: Tensor, each: Tensor):
        down, right = down[:, :, None, :, None], right[:, None, :, None, :]
        cos, sin, x, y = (v.view(-1, 1, 1, 1, 1) for v in (cos, sin, center[:, 0], center[:, 1]))
        x, y = x + right * cos + down * sin, y + down * cos - right * sin
        inside = (x >= -1) & (x <= width) & (y >= -1) & (y <= height)
        place, weight = pair(taps(y, height), taps(x, width), width)
        weight = torch.where(inside[..., None], weight, 0).flatten(3) / each[:, None, None, None]
        return weighted_rows(rows, place.flatten(3) + (image * (height * width))[:, None, None, None], weight)

    costs = 4 * math.prod(pooled_size) * positions[0].size(2) * positions[1].size(2)
    out = _in_parts(pool, costs, image, *positions, center, cos, sin, counts[0] * counts[1])
    return _maps(out, legal, data)


@operator("_contrib_DeformablePSROIPooling", needs={"trans": lambda no_trans, **_: not no_trans}, precision="float32")
def deformable_psroi_pooling(
    data: Tensor,
    rois: Tensor,
    trans: Tensor | None = None,
    *,
    spatial_scale: float,
    output_dim: int,
    group_size: int,
    pooled_size: int,
    part_size: int = 0,
    sample_per_part: int = 1,
    trans_std: float = 0.0,
    no_trans: bool = False,
) -> Tensor:
    """Position-sensitive pooling of ROIs whose bins move (Dai et al., 2017, "Deformable Convolutional Networks").

    data: (N, output_dim * G * G, H, W), G being ``group_size`` · rois: (R, 5) · trans: (R, 2 * classes, P, P), how far
    bins move in x and y, for each class, P being ``part_size`` or else ``pooled_size``; in units of the ROI's size
    times ``trans_std``; left out with ``no_trans`` · returns (R, output_dim, pooled_size, pooled_size).

    A bin averages ``sample_per_part`` x ``sample_per_part`` interpolated samples; those outside the map do not count.
    The channels of the output are divided among the classes. Gradients go to data and trans.
    """
    _need_rois(data, rois, spatial_scale)
    _need_groups(data, output_dim, pooled_size, group_size)
    if (trans is None) is not no_trans:
        raise ValueError(
            "trans is missing; give it, or no_trans=True" if trans is None else "trans in spite of no_trans"
        )
    part, samples, groups = part_size or pooled_size, sample_per_part, group_size**2
    batch, _, height, width = data.shape
    classes = 1 if trans is None else trans.size(1) // 2 if trans.dim() == 4 else 0
    if part < 1 or samples < 1 or classes < 1 or output_dim % classes:
        raise ValueError(
            "part_size, sample_per_part and half of trans's channels must be positive, and divide output_dim"
        )
    if trans is not None and (len(trans) != len(rois) or min(trans.shape[2:]) < part):
        raise ValueError(f"trans must have shape ({len(rois)}, 2 * classes, {part}, {part}), not {tuple(trans.shape)}")
    if _idle(data, rois):
        return _nothing(data, len(rois), output_dim, pooled_size, pooled_size)
    image, box, legal = _read(rois, batch)
    corners = round_half_away(box)
    start = corners[:, :2] * spatial_scale - 0.5
    size = ((corners[:, 2:] + 1) * spatial_scale - 0.5 - start).clamp(min=0.1)
    bins = torch.arange(pooled_size, device=data.device)
    if trans is None:
        moves = size.new_zeros(len(rois), 1, 2, 1, 1)
    else:
        moves = accurate(trans[:, : 2 * classes]).unflatten(1, (classes, 2))
        moves = moves[..., (bins * part // pooled_size)[:, None], bins * part // pooled_size] * trans_std
    rows = table(accurate(data[:, : output_dim * groups]), output_dim // classes, groups, classes)
    first = torch.arange(classes, device=data.device)[:, None, None] * groups
    first = first + _groups(pooled_size, group_size, data.device)

    def pool(image: Tensor, start: Tensor, size: Tensor, moves: Tensor) -> Tensor:
        axes = []
        for axis, extent, along in ((1, height, bins[:, None]), (0, width, bins)):
            step, length = (v[:, axis, None, None, None] for v in (size / pooled_size, size))
            begin = along * step + start[:, axis, None, None, None] + moves[:, :, axis] * length
            steps = torch.arange(samples, device=data.device) * (step / samples)[..., None]
            position = begin[..., None] + steps  # (R, classes, pooled, pooled, samples)
            inside = (position >= -0.5) & (position <= extent - 0.5)
            index, weight = taps(position, extent)
            share = inside / inside.sum(-1, keepdim=True).clamp(min=1)
            weight = torch.where(inside[..., None], weight, 0) * share[..., None].to(dtype=weight.dtype)
            axes.append((index.flatten(-2), weight.flatten(-2)))
        place, weight = pair(*axes, width)
        map_ = (image * (classes * groups))[:, None, None, None] + first
        return weighted_rows(rows, place + map_[..., None] * (height * width), weight)

    out = _in_parts(pool, classes * pooled_size**2 * 4 * samples**2, image, start, size, moves)
    return _maps(out.permute(0, 2, 3, 1, 4).flatten(3), legal, data)
