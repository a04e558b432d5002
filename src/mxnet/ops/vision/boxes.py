"""Boxes, (x1, y1, x2, y2) each: overlap, non-maximum suppression, offsets to anchors, matching.

"corner" is (left, top, right, bottom), "center" is (x, y, width, height). MXNet sends no gradients through these
operators, only through the rows that ``box_nms`` keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from ..checks import need_float, need_shape
from ..own_gradient import OwnGradient
from ..registry import operator

__all__ = ["accurate", "as_center", "as_corner", "by_score", "match", "overlap", "survivors"]

_BLOCK = 256  # boxes whose mutual overlaps are computed at once


# ---- geometry --------------------------------------------------------------------------------------------------------


def accurate(data: Tensor) -> Tensor:
    """The same numbers in a dtype that holds areas: float16 ends at 255 x 255 pixels."""
    return data.float() if data.dtype in (torch.float16, torch.bfloat16) else data


def as_corner(boxes: Tensor) -> Tensor:
    """(..., 4) from "center" to "corner"."""
    center, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat([center - half, center + half], -1)


def as_center(boxes: Tensor) -> Tensor:
    """(..., 4) from "corner" to "center"."""
    low, high = boxes[..., :2], boxes[..., 2:]
    return torch.cat([(low + high) / 2, high - low], -1)


def overlap(a: Tensor, b: Tensor, pixel: int = 0) -> Tensor:
    """Intersection over union of each box in ``a`` (..., M, 4) with each in ``b`` (..., N, 4): (..., M, N).

    0 where they do not meet, as for NaN and for boxes with swapped corners. With ``pixel`` = 1 the right and bottom
    coordinates are those of the last pixel inside.
    """
    left, top, right, bottom = a[..., :, None, :].unbind(-1)
    left_b, top_b, right_b, bottom_b = b[..., None, :, :].unbind(-1)
    width = torch.minimum(right, right_b).sub_(torch.maximum(left, left_b)).add_(pixel).clamp_(min=0)
    height = torch.minimum(bottom, bottom_b).sub_(torch.maximum(top, top_b)).add_(pixel).clamp_(min=0)
    common = width.mul_(height)
    area = (right - left + pixel) * (bottom - top + pixel)
    area_b = (right_b - left_b + pixel) * (bottom_b - top_b + pixel)
    return torch.where(common > 0, common / (area + area_b - common), 0)


def by_score(scores: Tensor) -> Tensor:
    """The places of (N,) scores from the highest down; equal ones stay in order."""
    return torch.sort(scores, descending=True, stable=True).indices


def survivors(boxes: Tensor, suppresses: Callable[[Tensor, Tensor], Tensor], limit: int | None = None) -> Tensor:
    """Greedy non-maximum suppression of boxes, the best first: the indices of those that stay, in order.

    A box stays unless one before it, which stays itself, suppresses it. ``suppresses(i, j)`` says for index vectors
    (M,) and (N,) which of the boxes i would suppress which of the boxes j, (M, N). Stops at ``limit`` survivors.
    """
    every = torch.arange(len(boxes), device=boxes.device)
    kept = every[:0]
    for block in every.split(_BLOCK) if len(every) else ():
        if len(kept):
            block = block[~suppresses(kept, block).any(0)]
        beats = suppresses(block, block).triu(1)
        stays = torch.ones_like(block, dtype=torch.bool)
        while True:  # each round settles at least one more box, and mostly all of them
            settled = ~(beats & stays[:, None]).any(0)
            if torch.equal(settled, stays):
                break
            stays = settled
        kept = torch.cat([kept, block[stays]])
        if limit is not None and len(kept) >= limit:
            return kept[:limit]
    return kept


# ---- box_iou, box_nms ------------------------------------------------------------------------------------------------


def _need_boxes(name: str, boxes: Tensor, ndim: int | None = None) -> None:
    """Raise ValueError unless the last axis holds boxes; ``ndim`` axes, or at least two."""
    if boxes.shape[-1:] != (4,) or not (boxes.dim() >= 2 if ndim is None else boxes.dim() == ndim):
        axes = "(..., N, 4)" if ndim is None else "(B, N, 4)"
        raise ValueError(f"{name} must have shape {axes}, but has {tuple(boxes.shape)}")


@operator("_contrib_box_iou", differentiable=False, precision="widest")
@torch.no_grad()
def box_iou(lhs: Tensor, rhs: Tensor, *, format: Literal["center", "corner"] = "corner") -> Tensor:
    """Intersection over union of every box in ``lhs`` with every box in ``rhs``.

    lhs: (..., 4) · rhs: (..., 4), two axes or more each · returns lhs's shape and rhs's, both without the last axis.
    """
    need_float(lhs)
    _need_boxes("lhs", lhs)
    _need_boxes("rhs", rhs)
    a, b = accurate(lhs.reshape(-1, 4)), accurate(rhs.reshape(-1, 4))
    if format == "center":
        a, b = as_corner(a), as_corner(b)
    return overlap(a, b).to(dtype=lhs.dtype).reshape(lhs.shape[:-1] + rhs.shape[:-1])


class _Converted(OwnGradient):
    """``value`` in place of ``data``, whose gradient it sends on unchanged."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, value: Tensor) -> Tensor:
        return value

    @staticmethod
    def backward(ctx: Any, *heads: Tensor) -> tuple[Tensor, None]:
        return heads[0], None


@operator(
    "_contrib_box_nms",
    aliases=["_contrib_box_non_maximum_suppression"],
    output_names=("output0",),
    may_return_input=True,
    precision="widest",
)
def box_nms(
    data: Tensor,
    *,
    overlap_thresh: float = 0.5,
    valid_thresh: float = 0,
    topk: int = -1,
    coord_start: int = 2,
    score_index: int = 1,
    id_index: int = -1,
    background_id: int = -1,
    force_suppress: bool = False,
    in_format: Literal["center", "corner"] = "corner",
    out_format: Literal["center", "corner"] = "corner",
) -> Tensor:
    """Non-maximum suppression: the boxes that no better one overlaps, the best first.

    data: (..., N, K), K >= 5 numbers for each of N boxes, four coordinates from ``coord_start`` on and a score at
    ``score_index`` among them · returns the same shape: the rows that stay, by score, and rows of -1 after them.

    Boxes take part whose score exceeds ``valid_thresh`` and whose class, at ``id_index`` if that is not negative, is
    not ``background_id``; of these the ``topk`` best, if that is positive. A box suppresses those of its class, or all
    with ``force_suppress`` or without classes, with which its intersection over union exceeds ``overlap_thresh``.
    With ``topk`` = 0 data comes back as it is.

    The gradient of a row that stays goes to its place in data, also where the format changes.
    """
    need_float(data)
    _need_columns(data, coord_start, score_index, id_index)
    if topk == 0 or not data.numel():
        return data
    if data.is_meta:
        return torch.empty_like(data)
    rows = data.reshape(-1, *data.shape[-2:])
    places = torch.full(rows.shape[:2], -1, device=data.device)
    for image, order in zip(rows.detach(), places, strict=True):
        score = image[:, score_index]
        valid = score > valid_thresh
        if id_index >= 0:
            valid &= image[:, id_index] != background_id
        chosen = valid.nonzero()[:, 0]
        chosen = chosen[by_score(score[chosen])]
        chosen = chosen[:topk] if topk > 0 else chosen
        boxes = accurate(image[chosen, coord_start : coord_start + 4])
        boxes = as_corner(boxes) if in_format == "center" else boxes
        labels = None if force_suppress or id_index < 0 else image[chosen, id_index].long()

        def suppresses(i: Tensor, j: Tensor, boxes: Tensor = boxes, labels: Tensor | None = labels) -> Tensor:
            worse = overlap(boxes[i], boxes[j]) > overlap_thresh
            return worse if labels is None else worse & (labels[i][:, None] == labels[j])

        kept = chosen[survivors(boxes, suppresses)]
        order[: len(kept)] = kept
    picked = torch.gather(rows, 1, places.clamp(min=0)[:, :, None].expand_as(rows))
    if in_format != out_format:
        convert = as_corner if in_format == "center" else as_center
        value = picked.detach().clone()
        value[..., coord_start : coord_start + 4] = convert(value[..., coord_start : coord_start + 4])
        picked = _Converted.apply(picked, value)
    return torch.where(places[:, :, None] >= 0, picked, -1).reshape(data.shape)


def _need_columns(data: Tensor, coord_start: int, score_index: int, id_index: int) -> None:
    """Raise ValueError unless each row of data has its columns, and none of them twice."""
    width = data.shape[-1] if data.dim() else 0
    if data.dim() < 2 or width < 5 + (id_index >= 0):
        raise ValueError(f"data must have shape (..., N, K) with K of {5 + (id_index >= 0)} at least")
    if not 0 <= coord_start <= width - 4:
        raise ValueError(f"coord_start={coord_start} must leave four of the {width} columns")
    coordinates = range(coord_start, coord_start + 4)
    for name, place in (("score_index", score_index), ("id_index", id_index)):
        if name == "id_index" and place < 0:
            continue
        if not 0 <= place < width or place in coordinates:
            raise ValueError(f"{name}={place} must be one of {width} columns, and none of the coordinates")
    if score_index == id_index:
        raise ValueError(f"score_index and id_index are both {id_index}")


# ---- offsets to anchors ----------------------------------------------------------------------------------------------


@operator("_contrib_box_encode", outputs=2, output_names=("output0", "output1"), differentiable=False)
@torch.no_grad()
def box_encode(
    samples: Tensor, matches: Tensor, anchors: Tensor, refs: Tensor, means: Tensor, stds: Tensor
) -> tuple[Tensor, Tensor]:
    """What a detector should predict: offsets from anchors to the objects that they match (Ren et al., 2015).

    samples: (B, N), above 0.5 where an anchor has an object · matches: (B, N), which · anchors: (B, N, 4) · refs:
    (B, M, 4), the objects' boxes; all "corner" · means, stds: (4,) · returns (B, N, 4) the offsets

        ((rx - ax) / aw, (ry - ay) / ah, log(rw / aw), log(rh / ah)), less means, divided by stds,

    and (B, N, 4) ones; zeros both for anchors without an object.
    """
    need_float(samples)
    _need_boxes("anchors", anchors, 3)
    _need_boxes("refs", refs, 3)
    need_shape("samples", samples, anchors.shape[:2])
    need_shape("matches", matches, anchors.shape[:2])
    need_shape("refs", refs, (len(anchors), *refs.shape[1:]))
    need_shape("means", means, (4,))
    need_shape("stds", stds, (4,))
    chosen, index, count = samples > 0.5, matches.trunc(), refs.size(1)
    if not samples.is_meta and bool((chosen & ~((index >= 0) & (index < count))).any()):
        raise ValueError(f"matches must lie in 0 ... {count - 1} where samples are positive: there are {count} refs")
    if not count:
        return torch.zeros_like(anchors), torch.zeros_like(anchors)
    index = index.long().clamp(0, count - 1)
    matched = torch.gather(refs, 1, index[:, :, None].expand_as(anchors))
    anchor, object_ = as_center(accurate(anchors)), as_center(accurate(matched))
    shift = (object_[..., :2] - anchor[..., :2]) / anchor[..., 2:]
    growth = torch.log(object_[..., 2:] / anchor[..., 2:])
    targets = (torch.cat([shift, growth], -1) - means) / stds
    mask = chosen[:, :, None].expand_as(anchors)
    return torch.where(mask, targets, 0).to(dtype=anchors.dtype), mask.to(dtype=anchors.dtype)


@operator("_contrib_box_decode", differentiable=False)
@torch.no_grad()
def box_decode(
    data: Tensor,
    anchors: Tensor,
    *,
    std0: float = 1.0,
    std1: float = 1.0,
    std2: float = 1.0,
    std3: float = 1.0,
    clip: float = -1.0,
    format: Literal["center", "corner"] = "center",
) -> Tensor:
    """The boxes that a detector predicted: ``box_encode`` the other way.

    data: (B, N, 4), offsets · anchors: (1, N, 4) in ``format`` · returns (B, N, 4), "corner". The offsets are
    multiplied by ``std0`` to ``std3``; those of width and height are at most ``clip``, if that is positive.
    """
    need_float(data)
    _need_boxes("data", data, 3)
    need_shape("anchors", anchors, (1, *data.shape[1:]))
    anchor = accurate(anchors)
    anchor = as_center(anchor) if format == "corner" else anchor
    growth = data[..., 2:] * data.new_tensor([std2, std3])
    growth = growth.clamp(max=clip) if clip > 0 else growth
    center = data[..., :2] * data.new_tensor([std0, std1]) * anchor[..., 2:] + anchor[..., :2]
    return as_corner(torch.cat([center, growth.exp() * anchor[..., 2:]], -1)).to(dtype=data.dtype)


# ---- matching --------------------------------------------------------------------------------------------------------


def match(scores: Tensor, threshold: float, limit: int | None = None) -> tuple[Tensor, Tensor]:
    """Pair rows and columns of (B, N, M) scores greedily: the highest score above ``threshold`` first.

    Returns for each row its column, (B, N), and for each column its row, (B, M); -1 where there is none. At most
    ``limit`` pairs.
    """
    batch, height, width = scores.shape
    rows = torch.full((batch, height), -1, device=scores.device)
    columns = torch.full((batch, width), -1, device=scores.device)
    if scores.is_meta or not scores.numel():
        return rows, columns
    left = torch.where(scores > threshold, scores, -torch.inf)
    each = torch.arange(batch, device=scores.device)
    for _ in range(min(height, width, height if limit is None else limit)):
        best, place = left.reshape(batch, -1).max(1)
        found = best > -torch.inf
        if not bool(found.any()):
            break
        row, column = place // width, place % width
        rows[each, row] = torch.where(found, column, rows[each, row])
        columns[each, column] = torch.where(found, row, columns[each, column])
        left[each, row] = -torch.inf
        left[each, :, column] = -torch.inf
    return rows, columns


@operator("_contrib_bipartite_matching", outputs=2, output_names=("output0", "output1"), differentiable=False)
@torch.no_grad()
def bipartite_matching(
    data: Tensor, *, is_ascend: bool = False, threshold: float, topk: int = -1
) -> tuple[Tensor, Tensor]:
    """Pair rows and columns greedily: the best score of those left makes the next pair.

    data: (..., N, M), scores · returns (..., N) with the column of each row, and (..., M) with the row of each column;
    -1 where there is none. The best is the highest, and must exceed ``threshold``; with ``is_ascend`` the lowest, and
    must lie below it. A positive ``topk`` allows one pair more than it says, as in MXNet.
    """
    need_float(data)
    if data.dim() < 2:
        raise ValueError(f"data must have shape (..., N, M), but has {tuple(data.shape)}")
    scores = data.unsqueeze(0).flatten(0, -3)
    sign = -1 if is_ascend else 1
    rows, columns = match(scores * sign, threshold * sign, topk + 1 if topk > 0 else None)
    rows, columns = rows.reshape(data.shape[:-1]), columns.reshape(data.shape[:-2] + data.shape[-1:])
    return rows.to(dtype=data.dtype), columns.to(dtype=data.dtype)
