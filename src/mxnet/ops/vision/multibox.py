"""The Single Shot MultiBox Detector (Liu et al., 2016): its anchors, what to train them for, what they detected.

Boxes are (left, top, right, bottom) in fractions of the image. MXNet sends no gradients through these operators.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..attributes import Floats
from ..checks import need_float, need_shape
from ..registry import operator
from .boxes import accurate, as_center, as_corner, by_score, match, overlap, survivors

__all__: list[str] = []


@operator("_contrib_MultiBoxPrior", types="T=float32 -> T", differentiable=False, precision="float32")
@torch.no_grad()
def multibox_prior(
    data: Tensor,
    *,
    sizes: Floats = (1.0,),
    ratios: Floats = (1.0,),
    clip: bool = False,
    steps: Floats = (-1.0, -1.0),
    offsets: Floats = (0.5, 0.5),
) -> Tensor:
    """The anchors around each place of a feature map: ``len(sizes) + len(ratios) - 1`` of them.

    data: (N, C, H, W), of which only H and W count · returns (1, H * W * anchors, 4). An anchor of size s and ratio r
    is s * sqrt(r) wide, in heights of the map, and s / sqrt(r) high; they have all the sizes with the first ratio, then
    the first size with the other ratios. Centers lie ``offsets`` (y, x) into the cells of the map, whose sides are
    ``steps`` (y, x), or 1/H and 1/W unless both are positive. ``clip`` cuts the anchors at the image's border.
    """
    need_float(data)
    if data.dim() < 4:
        raise ValueError(f"data must have shape (N, C, H, W), but has {tuple(data.shape)}")
    if not sizes or not ratios:
        raise ValueError("sizes and ratios must have at least one number each")
    if len(steps) != 2 or len(offsets) != 2 or steps[0] * steps[1] < 0:
        raise ValueError(f"steps and offsets must be two numbers, (y, x), but are {steps} and {offsets}")
    height, width = data.shape[2:4]
    exact = torch.promote_types(data.dtype, torch.float32)
    kind = {"dtype": exact, "device": data.device}
    if min(steps) <= 0:
        steps = 1 / height, 1 / width
    y, x = ((torch.arange(n, **kind) + at) * step for n, at, step in zip((height, width), offsets, steps, strict=True))
    size = torch.tensor(sizes + sizes[:1] * (len(ratios) - 1), **kind)
    root = torch.tensor(ratios[:1] * len(sizes) + ratios[1:], **kind).sqrt()
    half = torch.stack([size * root * (height / width), size / root], -1) / 2
    center = torch.stack([x.expand(height, width), y[:, None].expand(height, width)], -1)[:, :, None]
    anchors = torch.cat([center - half, center + half], -1).reshape(1, -1, 4)
    return (anchors.clamp(0, 1) if clip else anchors).to(dtype=data.dtype)


def _need_anchors(anchor: Tensor, variances: tuple) -> int:
    """The number of anchors. Raises ValueError unless they have shape (1, A, 4), and variances are four numbers."""
    if anchor.dim() != 3 or anchor.size(0) != 1 or anchor.size(2) != 4:
        raise ValueError(f"anchor must have shape (1, A, 4), but has {tuple(anchor.shape)}")
    if len(variances) != 4:
        raise ValueError(f"variances must be four numbers, but are {variances}")
    return anchor.size(1)


# ---- MultiBoxTarget --------------------------------------------------------------------------------------------------


@operator(
    "_contrib_MultiBoxTarget",
    types="T=float32, T, T -> T, T, T",
    outputs=3,
    output_names=("loc_target", "loc_mask", "cls_target"),
    differentiable=False,
    precision="float32",
)
@torch.no_grad()
def multibox_target(
    anchor: Tensor,
    label: Tensor,
    cls_pred: Tensor,
    *,
    overlap_threshold: float = 0.5,
    ignore_label: float = -1.0,
    negative_mining_ratio: float = -1.0,
    negative_mining_thresh: float = 0.5,
    minimum_negative_samples: int = 0,
    variances: Floats = (0.1, 0.1, 0.2, 0.2),
) -> tuple[Tensor, Tensor, Tensor]:
    """What the anchors should predict for labelled images.

    anchor: (1, A, 4) · label: (B, M, 5 or more), (class, left, top, right, bottom, ...) for each object, rows of -1
    after the last one · cls_pred: (B, classes + 1, A), scores with the background first · returns loc_target
    (B, 4 A), the offsets from anchors to objects divided by ``variances``; loc_mask (B, 4 A), 1 for anchors with an
    object; cls_target (B, A), the class + 1, 0 for background, or ``ignore_label``.

    Each object takes an anchor, the pair with the highest intersection over union first; then each anchor that
    overlaps an object by more than ``overlap_threshold``, if that is positive, takes the one that it overlaps most.
    Other anchors are background. With a positive ``negative_mining_ratio``, only that many for each anchor with an
    object are, namely the ones whose predicted probability of background is lowest and whose overlap is below
    ``negative_mining_thresh``, and the rest is ignored. An image without objects is ignored.
    ``minimum_negative_samples`` has no effect, as in MXNet.
    """
    need_float(anchor)
    count = _need_anchors(anchor, variances)
    if label.dim() != 3 or label.size(2) < 5:
        raise ValueError(f"label must have shape (B, M, 5 or more), but has {tuple(label.shape)}")
    if cls_pred.dim() != 3 or cls_pred.size(2) != count:
        raise ValueError(f"cls_pred must have shape (B, classes + 1, {count}), but has {tuple(cls_pred.shape)}")
    mining = negative_mining_ratio > 0
    if mining and negative_mining_thresh <= 0:
        raise ValueError(f"negative_mining_thresh must be positive, but is {negative_mining_thresh}")
    if mining:
        need_shape("cls_pred", cls_pred, (len(label), *cls_pred.shape[1:]))
    ends = label[:, :, 0] == -1
    passed = ends.cumsum(1)
    exists = passed == 0
    if not label.is_meta and bool((label[:, :, 1:5] != -1)[ends & (passed == 1)].any()):
        raise ValueError("label must have coordinates of -1 beside the first class of -1, which ends the objects")
    boxes = accurate(anchor[0])
    if not label.size(1):  # as if there were one row of -1
        label, exists = label.new_full((len(label), 1, 5), -1), exists.new_zeros(len(label), 1)
    shared = torch.where(exists[:, None], overlap(boxes, accurate(label[:, :, 1:5])), -1)  # (B, A, M)
    taken, _ = match(shared, 1e-6)
    most, nearest = shared.max(2)
    positive = taken >= 0
    if overlap_threshold > 0:
        positive = positive | (most > overlap_threshold)
    chosen = torch.where(taken >= 0, taken, nearest)[:, :, None]
    matched = torch.gather(label[:, :, :5], 1, chosen.expand(-1, -1, 5))
    background = ~positive
    if mining:
        wanted = (positive.sum(1, keepdim=True) * negative_mining_ratio).long()
        background = _hardest(cls_pred, background & (most < negative_mining_thresh), wanted)
    background = background & exists[:, :1]
    cls_target = torch.where(background, 0, torch.where(positive, matched[:, :, 0] + 1, ignore_label))
    anchors, objects = as_center(boxes), as_center(accurate(matched[:, :, 1:]))
    shift = (objects[..., :2] - anchors[:, :2]) / anchors[:, 2:]
    offsets = torch.cat([shift, torch.log(objects[..., 2:] / anchors[:, 2:])], -1) / boxes.new_tensor(variances)
    mask = positive[:, :, None].expand_as(offsets)
    loc_target = torch.where(mask, offsets, 0)
    kind = anchor.dtype
    return loc_target.flatten(1).to(kind), mask.flatten(1).to(kind), cls_target.to(kind)


def _hardest(cls_pred: Tensor, candidates: Tensor, wanted: Tensor) -> Tensor:
    """Those of the ``candidates`` (B, A) that look least like background, ``wanted`` (B, 1) in each image: (B, A)."""
    background = torch.softmax(accurate(cls_pred), 1)[:, 0].nan_to_num(0)
    order = torch.sort(torch.where(candidates, background, 2), dim=1, stable=True).indices
    rank = torch.empty_like(order).scatter_(1, order, torch.arange(order.size(1), device=order.device).expand_as(order))
    return candidates & (rank < wanted)


# ---- MultiBoxDetection -----------------------------------------------------------------------------------------------


@operator("_contrib_MultiBoxDetection", types="T=float32, T, T -> T", differentiable=False, precision="float32")
@torch.no_grad()
def multibox_detection(
    cls_prob: Tensor,
    loc_pred: Tensor,
    anchor: Tensor,
    *,
    clip: bool = True,
    threshold: float = 0.01,
    background_id: int = 0,
    nms_threshold: float = 0.5,
    force_suppress: bool = False,
    variances: Floats = (0.1, 0.1, 0.2, 0.2),
    nms_topk: int = -1,
) -> Tensor:
    """The objects that were detected.

    cls_prob: (B, classes + 1, A), probabilities with the background first · loc_pred: (B, 4 A), offsets as
    MultiBoxTarget has them · anchor: (1, A, 4) · returns (B, A, 6), a row (class, score, left, top, right, bottom) for
    each anchor whose best class reaches ``threshold``, by score, and rows of -1 after them; the class is -1 where a row
    was suppressed.

    A box suppresses the worse ones of its class, or all with ``force_suppress``, with which its intersection over
    union reaches ``nms_threshold``; only the ``nms_topk`` best, if that is positive, can stay. With ``nms_threshold``
    outside (0, 1] the rows stay in the order of the anchors. ``clip`` cuts boxes at the image's border.
    ``background_id`` has no effect, as in MXNet.
    """
    need_float(cls_prob)
    count = _need_anchors(anchor, variances)
    if cls_prob.dim() != 3 or cls_prob.size(1) < 1 or cls_prob.size(2) != count:
        raise ValueError(f"cls_prob must have shape (B, classes + 1, {count}), but has {tuple(cls_prob.shape)}")
    batch = len(cls_prob)
    need_shape("loc_pred", loc_pred, (batch, 4 * count))
    out = anchor.new_full((batch, count, 6), -1)
    if out.is_meta or cls_prob.size(1) == 1:
        return out
    score, label = cls_prob[:, 1:].nan_to_num(-1).max(1)
    anchors = as_center(accurate(anchor))
    offsets = accurate(loc_pred).reshape(batch, count, 4) * anchors.new_tensor(variances)
    center = offsets[..., :2] * anchors[..., 2:] + anchors[..., :2]
    boxes = as_corner(torch.cat([center, offsets[..., 2:].exp() * anchors[..., 2:]], -1))
    boxes = boxes.clamp(0, 1) if clip else boxes
    rows = torch.cat([label[:, :, None].to(boxes), score[:, :, None].to(boxes), boxes], 2)
    for image, result in zip(rows, out, strict=True):
        found = image[image[:, 1] >= threshold]
        if 0 < nms_threshold <= 1:
            found = _suppress(found, nms_threshold, force_suppress, nms_topk if nms_topk > 0 else len(found))
        result[: len(found)] = found
    return out


def _suppress(found: Tensor, threshold: float, force: bool, topk: int) -> Tensor:
    """The rows (class, score, box) by score, with class -1 where suppressed. MXNet sorts the first ``topk`` alone."""
    order = by_score(found[:, 1])
    order[topk:] = torch.arange(len(found), device=order.device)[topk:]
    found = found[order]

    def suppresses(i: Tensor, j: Tensor) -> Tensor:
        near = overlap(found[i, 2:], found[j, 2:]) >= threshold
        return near if force else near & (found[i, :1] == found[j, 0])

    suppressed = torch.ones(len(found), dtype=torch.bool, device=found.device)
    suppressed[survivors(found[:topk], suppresses)] = False
    found[:, 0] = torch.where(suppressed, -1, found[:, 0])
    return found
