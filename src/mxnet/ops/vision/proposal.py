"""Proposal and MultiProposal: regions from a region proposal network (Ren et al., 2015, "Faster R-CNN").

MXNet sends no gradients through them.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ..attributes import Floats
from ..checks import need_float, need_shape
from ..registry import operator
from .boxes import accurate, by_score, overlap, survivors

__all__: list[str] = []


def _base_anchors(scales: tuple, ratios: tuple, stride: int) -> list[list[float]]:
    """The anchors of the first cell, around its middle: each ratio in each scale, in whole pixels before scaling."""
    middle = (stride - 1) / 2
    sides = []
    for ratio in ratios:
        width = math.floor(math.sqrt(math.floor(stride * stride / ratio)) + 0.5)
        height = math.floor(width * ratio + 0.5)
        sides += [((width * scale - 1) / 2, (height * scale - 1) / 2) for scale in scales]
    return [[middle - x, middle - y, middle + x, middle + y] for x, y in sides]


def _boxes(anchors: Tensor, deltas: Tensor, iou_loss: bool) -> Tensor:
    """Anchors moved by what the network predicted: center and logarithm of size, or with ``iou_loss`` the corners."""
    if iou_loss:
        return anchors + deltas
    size = anchors[..., 2:] - anchors[..., :2] + 1
    center = anchors[..., :2] + (size - 1) / 2 + deltas[..., :2] * size
    half = (deltas[..., 2:].exp() * size - 1) / 2
    return torch.cat([center - half, center + half], -1)


def _choose(boxes: Tensor, score: Tensor, before: int, after: int, threshold: float) -> Tensor:
    """The ``after`` best boxes that non-maximum suppression leaves of the ``before`` best; repeated, if too few."""
    order = by_score(score)
    order = order[:before] if before > 0 else order
    best = boxes[order]
    kept = survivors(best, lambda i, j: overlap(best[i], best[j], pixel=1) > threshold, after)
    return order[kept[torch.arange(after, device=kept.device) % len(kept)]]


@operator(
    "_contrib_MultiProposal",
    types="T=float32, T, T -> T, T",
    outputs=2,
    visible=lambda output_score, **_: 2 if output_score else 1,
    output_names=("output", "score"),
    differentiable=False,
    precision="widest",
)
@torch.no_grad()
def multi_proposal(
    cls_prob: Tensor,
    bbox_pred: Tensor,
    im_info: Tensor,
    *,
    rpn_pre_nms_top_n: int = 6000,
    rpn_post_nms_top_n: int = 300,
    threshold: float = 0.7,
    rpn_min_size: int = 16,
    scales: Floats = (4.0, 8.0, 16.0, 32.0),
    ratios: Floats = (0.5, 1.0, 2.0),
    feature_stride: int = 16,
    output_score: bool = False,
    iou_loss: bool = False,
) -> tuple[Tensor, Tensor]:
    """Regions of images that may hold an object: what a region proposal network predicted, without duplicates.

    cls_prob: (B, 2 K, H, W), for each of K = len(ratios) * len(scales) anchors the probability of background, then
    for each that of an object · bbox_pred: (B, 4 K, H, W), the offsets of centers, in sizes of the anchor, and the
    logarithms of the growth of sizes; with ``iou_loss`` the offsets of corners, in pixels · im_info: (B, 3), height
    and width in pixels, and scale · returns (B * rpn_post_nms_top_n, 5), rows (image, left, top, right, bottom), the
    best of each image first, and with ``output_score`` also (B * rpn_post_nms_top_n, 1), their scores.

    Anchors stand ``feature_stride`` pixels apart; a scale is in units of that. Boxes are cut at the image's border. The
    score becomes -1 outside the image, and for boxes with a side shorter than ``rpn_min_size`` times the image's
    scale, which grow by that much. Of the ``rpn_pre_nms_top_n`` best (all, if not positive) a box suppresses the worse
    ones with which its intersection over union exceeds ``threshold``; too few survivors are repeated.
    """
    kinds = len(scales) * len(ratios)
    need_float(cls_prob)
    if cls_prob.dim() != 4 or cls_prob.size(1) != 2 * kinds:
        raise ValueError(
            f"cls_prob must have shape (B, {2 * kinds}, H, W), two numbers for each of {kinds} anchors, which are "
            f"{len(scales)} scales in {len(ratios)} ratios, but has {tuple(cls_prob.shape)}"
        )
    batch, _, height, width = cls_prob.shape
    need_shape("bbox_pred", bbox_pred, (batch, 4 * kinds, height, width))
    need_shape("im_info", im_info, (batch, 3))
    after, stride = rpn_post_nms_top_n, feature_stride
    if after < 0 or stride < 1 or min(ratios, default=1) <= 0:
        raise ValueError("rpn_post_nms_top_n must not be negative, feature_stride and ratios must be positive")
    regions, scores = cls_prob.new_zeros(batch, after, 5), cls_prob.new_zeros(batch, after, 1)
    if regions.is_meta or not cls_prob.numel():
        return regions.flatten(0, 1), scores.flatten(0, 1)
    exact = accurate(cls_prob)
    base = exact.new_tensor(_base_anchors(scales, ratios, stride))
    y, x = (torch.arange(n, device=base.device, dtype=base.dtype) * stride for n in (height, width))
    corner = torch.stack([x.expand(height, width), y[:, None].expand(height, width)], -1)
    anchors = corner.repeat(1, 1, 2)[:, :, None] + base  # (H, W, K, 4)
    deltas = accurate(bbox_pred).reshape(batch, kinds, 4, height, width).permute(0, 3, 4, 1, 2)
    predicted = _boxes(anchors, deltas, iou_loss)
    objects = exact[:, kinds:].permute(0, 2, 3, 1).clone()
    for i, (tall, wide, scale) in enumerate(im_info.tolist()):
        if not (0 < tall < (height + 1) * stride and 0 < wide < (width + 1) * stride):
            raise ValueError(
                f"im_info gives image {i} {tall:g} x {wide:g} pixels, but {height} x {width} cells of {stride} pixels "
                "are predicted; a map from a larger image needs a larger feature_stride"
            )
        score, least = objects[i], rpn_min_size * scale
        score[int(tall // stride) :] = -1
        score[:, int(wide // stride) :] = -1
        boxes = torch.minimum(predicted[i].clamp(min=0), base.new_tensor([wide, tall, wide, tall]) - 1)
        small = ((boxes[..., 2:] - boxes[..., :2] + 1) < least).any(-1)
        score[small] = -1
        grown = boxes + base.new_tensor([-1, -1, 1, 1]) * (least / 2)
        boxes, score = torch.where(small[..., None], grown, boxes).reshape(-1, 4), score.reshape(-1)
        chosen = _choose(boxes, score, rpn_pre_nms_top_n, after, threshold)
        regions[i, :, 0] = i
        regions[i, :, 1:] = boxes[chosen]
        scores[i, :, 0] = score[chosen]
    return regions.flatten(0, 1), scores.flatten(0, 1)


@operator(
    "_contrib_Proposal",
    types="T=float32, T, T -> T, T",
    outputs=2,
    visible=multi_proposal.visible,
    output_names=multi_proposal.output_names,
    differentiable=False,
    signature=multi_proposal.fn,
    precision="widest",
)
def proposal(cls_prob: Tensor, bbox_pred: Tensor, im_info: Tensor, **settings: Any) -> tuple[Tensor, Tensor]:
    if len(cls_prob) != 1:
        raise ValueError(f"cls_prob must be that of one image, not {len(cls_prob)}; MultiProposal takes several")
    return multi_proposal.fn(cls_prob, bbox_pred, im_info, **settings)


@proposal.infers
@multi_proposal.infers
def _(cls_prob: tuple, **_: Any) -> dict[str, tuple]:
    batch, channels, height, width = cls_prob
    return {"bbox_pred": (batch, 2 * channels, height, width), "im_info": (batch, 3)}
