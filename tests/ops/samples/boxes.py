"""Operators on boxes: overlap, suppression, matching, the anchors of detectors, proposals."""

from __future__ import annotations

from typing import Any

import numpy as np

from .core import Array, Family, arr, distinct, ints, lit

family = Family("boxes")
add, error = family.add, family.error


def boxes(*shape: int, seed: int = 0, size: float = 10.0, dtype: str = "float32") -> Array:
    """Random boxes (..., 4), "corner", with sides of a third of ``size`` at least, so that many overlap."""
    rng = np.random.RandomState(seed)
    low = rng.uniform(0, size / 3, (*shape, 2))
    high = low + rng.uniform(size / 3, size * 2 / 3, (*shape, 2))
    return lit(np.concatenate([low, high], -1).round(3).tolist(), dtype)


def sized(*shape: int, seed: int = 0, dtype: str = "float32") -> Array:
    """Random boxes (..., 4), "center"."""
    x1, y1, x2, y2 = np.moveaxis(np.array(boxes(*shape, seed=seed).values), -1, 0)
    return lit(np.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], -1).round(3).tolist(), dtype)


# ---- box_iou ---------------------------------------------------------------------------------------------------------

IOU = "contrib.box_iou"
add(IOU, [boxes(3), boxes(2, seed=1)], grad=())
add(IOU, [boxes(2, 2), boxes(1, 3, seed=1)], grad=())
add(IOU, [sized(2), sized(3, seed=1)], {"format": "center"}, grad=())
add(IOU, [boxes(2, dtype="float64"), boxes(2, seed=1, dtype="float64")], {"format": "corner"}, grad=())
add(IOU, [boxes(2, dtype="float16"), boxes(1, seed=1, dtype="float16")], grad=())
touching = [[0.0, 0, 1, 1], [1, 0, 2, 1], [2, 2, 0, 0], [3, 3, 3, 3], [0, 0, 4, 4]]
add(IOU, [lit(touching), lit(touching)], grad=())  # beside each other, swapped corners, without area, inside
error(IOU, [arr(4), arr(2, 4)])
error(IOU, [arr(2, 3), arr(2, 4)])
error(IOU, [arr(2, 4), arr(2, 5)])
error(IOU, [ints(2, 4), ints(2, 4)])
error(IOU, [arr(2, 4), arr(2, 4, dtype="float64")])
error(IOU, [arr(2, 4), arr(2, 4)], {"format": "corners"})


# ---- box_nms ---------------------------------------------------------------------------------------------------------

NMS = "contrib.box_nms"
ROWS = [
    # class, score, box
    [0, 0.5, 0.1, 0.1, 0.2, 0.2],
    [1, 0.4, 0.1, 0.1, 0.2, 0.2],
    [0, 0.3, 0.1, 0.1, 0.14, 0.14],
    [2, 0.6, 0.5, 0.5, 0.7, 0.8],
    [1, 0.45, 0.11, 0.1, 0.2, 0.2],
    [0, -0.1, 0.8, 0.8, 0.9, 0.9],
    [2, 0.45, 0.1, 0.1, 0.19, 0.2],
]


def nms(rows: list, dtype: str = "float32", smooth: bool = True, **attrs: Any) -> None:
    """box_nms. A step of finite differences turns classes and ties into others, so they do not judge there."""
    add(NMS, lit(rows, dtype), attrs, true_gradient=smooth and "id_index" not in attrs)


nms(ROWS)
nms(ROWS, overlap_thresh=0.1)
nms(ROWS, overlap_thresh=0.85, id_index=0)
nms(ROWS, overlap_thresh=0.1, id_index=0)
nms(ROWS, overlap_thresh=0.1, id_index=0, force_suppress=True)
nms(ROWS, overlap_thresh=0.1, id_index=0, background_id=0)
nms(ROWS, overlap_thresh=-1.0)  # the best one alone
nms(ROWS, valid_thresh=0.4)
nms(ROWS, valid_thresh=-1.0, id_index=0)
nms(ROWS, valid_thresh=2.0)  # nothing is left
nms(ROWS, topk=0)
nms(ROWS, topk=3, id_index=0)
nms(ROWS, topk=99)
nms(ROWS, smooth=False, coord_start=0, score_index=5, overlap_thresh=0.3)
nms(ROWS, in_format="center", out_format="center")
# Where the format changes, the gradient passes as if it did not.
nms(ROWS, smooth=False, in_format="center", overlap_thresh=0.3)
nms(ROWS, smooth=False, out_format="center", id_index=0)
add("contrib.box_non_maximum_suppression", lit([ROWS, ROWS[::-1]]), {"id_index": 0, "topk": 4}, true_gradient=False)
nms([[ROWS[:3]], [ROWS[3:6]]], overlap_thresh=0.1)
nms([row[1:] for row in ROWS[:2]], coord_start=1, score_index=0)  # no class
nms(ROWS[:1], "float64")  # one box
nms(ROWS[:4], "float64", id_index=0)
nms((np.array(ROWS[:4]) * 8).tolist(), "float16", id_index=0)
nms([[*row, i] for i, row in enumerate(ROWS)], overlap_thresh=0.1)  # another column
chain = [[0, 0.9, 0, 0, 10, 10], [0, 0.8, 3, 0, 13, 10], [0, 0.7, 6, 0, 16, 10], [0, 0.6, 9, 0, 19, 10]]
nms(chain, overlap_thresh=0.4)  # what is suppressed suppresses nothing
nms([[0, 0.9, 0, 0, 1, 1], [1, 0.9, 2, 0, 3, 1], [2, 0.9, 4, 0, 5, 1], [3, 0.95, 6, 0, 7, 1]], smooth=False)  # ties
odd = [[0, 0.5, 0, 0, 1, 1], [0.5, 0.4, 0, 0, 1, 1], [-1, 0.7, 0, 0, 1, 1], [-1.5, 0.6, 0, 0, 1, 1]]
nms(odd, id_index=0)  # classes are cut to whole numbers; -1 is the background
nms([[0, 0.5, 0, 0, 9, 9], [1, 0.4, 9, 9, 0, 0], [1, 0.7, 3, 3, 3, 3], [1, 0.6, 3, 3, 3, 3]])  # flat, swapped
error(NMS, lit(ROWS), {"coord_start": 3})
error(NMS, lit(ROWS), {"coord_start": -1})
error(NMS, lit(ROWS), {"score_index": 7})
error(NMS, lit(ROWS), {"score_index": -1})
error(NMS, lit(ROWS), {"score_index": 2})
error(NMS, lit(ROWS), {"id_index": 9})
error(NMS, lit(ROWS), {"id_index": 3})
error(NMS, arr(6, 4))
error(NMS, arr(6))
error(NMS, ints(3, 6))
error(NMS, lit(ROWS), {"in_format": "edges"})


# ---- box_encode, box_decode ------------------------------------------------------------------------------------------

ENCODE, DECODE = "contrib.box_encode", "contrib.box_decode"
MEANS, STDS = lit([0.1, 0.0, -0.2, 0.3]), lit([0.1, 0.1, 0.2, 0.2])
SAMPLES, MATCHES = lit([[1.0, 0, -1, 1]]), lit([[0.0, 1, 1, 1]])
LOOSE = {"atol": 5e-6, "why": "differences of coordinates, divided by standard deviations of 0.1"}
add(ENCODE, [SAMPLES, MATCHES, boxes(1, 4), boxes(1, 2, seed=1), MEANS, STDS], grad=(), **LOOSE)
add(ENCODE, [lit([[0.5, 0.6, 2]]), lit([[9.0, 1.7, 0]]), boxes(1, 3), boxes(1, 2), MEANS, STDS], grad=(), **LOOSE)
two = [lit([[1.0, -1], [0, 1]]), lit([[2.0, 0], [0, 1]])]
add(ENCODE, [*two, boxes(2, 2), boxes(2, 3, seed=2), lit([0.0] * 4), STDS], grad=(), **LOOSE)
wide = {"dtype": "float64"}
double = [lit([[1.0]], **wide), lit([[0.0]], **wide), boxes(1, 1, **wide), boxes(1, 1, seed=1, **wide)]
add(ENCODE, [*double, lit([0.0] * 4, **wide), lit([0.5, 0.5, 2, 2], **wide)], grad=())
error(ENCODE, [SAMPLES, MATCHES, boxes(1, 4), boxes(1, 2), lit([0.0, 0]), STDS])
error(ENCODE, [lit([1.0]), lit([1.0]), boxes(1), boxes(1), MEANS, STDS])
error(ENCODE, [SAMPLES, ints(1, 4), boxes(1, 4), boxes(1, 2), MEANS, STDS])
error(ENCODE, [SAMPLES, MATCHES, boxes(1, 3), boxes(1, 2), MEANS, STDS])

add(DECODE, [arr(1, 3, 4), sized(1, 3)], grad=())
add(
    DECODE,
    [arr(2, 3, 4), boxes(1, 3)],
    {"std0": 0.1, "std1": 0.2, "std2": 0.3, "std3": 0.4, "format": "corner"},
    grad=(),
)
add(DECODE, [arr(2, 2, 4), boxes(1, 2)], {"clip": 0.5, "format": "corner"}, grad=())
add(DECODE, [arr(2, 2, 4), sized(1, 2)], {"clip": 0.0, "format": "center"}, grad=())
add(DECODE, [arr(1, 1, 4, dtype="float64"), sized(1, 1, dtype="float64")], grad=())
add(DECODE, [arr(1, 2, 4, dtype="float16"), sized(1, 2, dtype="float16")], grad=(), rtol=5e-3, why="sums in float16")
error(DECODE, [arr(2, 3, 4), sized(2, 3)])
error(DECODE, [arr(3, 4), sized(3)])
error(DECODE, [arr(2, 3, 5), sized(1, 3)])
error(DECODE, [arr(2, 3, 4), sized(1, 2)])
error(DECODE, [ints(1, 1, 4), ints(1, 1, 4)])
error(DECODE, [arr(1, 1, 4), sized(1, 1)], {"format": "corners"})


# ---- bipartite_matching ----------------------------------------------------------------------------------------------

MATCH = "contrib.bipartite_matching"
for ascend in (False, True):
    add(MATCH, distinct(4, 3, low=0, high=1), {"threshold": 0.3, "is_ascend": ascend}, grad=())
    add(MATCH, distinct(2, 3, 4, low=0, high=1), {"threshold": 0.7, "is_ascend": ascend}, grad=())
    add(MATCH, distinct(4, 5, low=0, high=1), {"threshold": 0.5, "is_ascend": ascend, "topk": 1}, grad=())
    add(MATCH, lit([[0.5] * 3] * 2), {"threshold": 0.5 if ascend else 0.4, "is_ascend": ascend}, grad=())
for topk in (0, 2, 9):
    add(MATCH, distinct(5, 4, low=0, high=1), {"threshold": 0.01, "topk": topk}, grad=())
add(MATCH, distinct(2, 1, 2, 3, dtype="float64"), {"threshold": -3.0}, grad=())
add(MATCH, distinct(3, 2, dtype="float16"), {"threshold": 0.0}, grad=())
add(MATCH, arr(1, 1), {"threshold": 3.0}, grad=())
error(MATCH, arr(3), {"threshold": 0.1})
error(MATCH, arr(3, 2))
error(MATCH, ints(3, 2), {"threshold": 0.1})


# ---- MultiBox --------------------------------------------------------------------------------------------------------

PRIOR, TARGET, DETECT = (f"contrib.MultiBox{name}" for name in ("Prior", "Target", "Detection"))
add(PRIOR, arr(1, 3, 2, 3), grad=())
add(PRIOR, arr(2, 1, 2, 1), {"sizes": (0.5, 0.25), "ratios": (1, 2, 0.5)}, grad=())
add(PRIOR, arr(1, 1, 2, 2), {"sizes": (0.9,), "ratios": (2, 3), "clip": True}, grad=())
add(PRIOR, arr(1, 1, 3, 2), {"steps": (0.3, 0.4), "offsets": (0.1, 0.7), "sizes": 0.4}, grad=())
add(PRIOR, arr(1, 1, 2, 2), {"steps": (0, 0.4), "clip": False}, grad=())
error(PRIOR, arr(1, 1, 2, 2), {"steps": (0.3, -1)})
error(PRIOR, arr(1, 1, 2, 2), {"steps": (0.3,)})
error(PRIOR, arr(1, 1, 2, 2), {"offsets": (0.3,)})
error(PRIOR, arr(1, 1, 2, 2), {"sizes": ()})
error(PRIOR, arr(1, 1, 2, 2), {"ratios": ()})
error(PRIOR, arr(3, 2, 2))
error(PRIOR, ints(1, 1, 2, 2))

ANCHORS = lit(
    [[
        [0.1, 0.1, 0.3, 0.3], [0.2, 0.2, 0.5, 0.5], [0.5, 0.5, 0.9, 0.9], [0, 0, 0.1, 0.1], [0.6, 0.6, 0.8, 0.8],
        [0.1, 0.7, 0.2, 0.8], [0.7, 0.1, 0.9, 0.2],
    ]]
)  # fmt: skip
NONE = [-1.0] * 5
OBJECTS = [[1, 0.1, 0.1, 0.32, 0.3], [0, 0.55, 0.5, 0.9, 0.85], NONE]
SCORES = distinct(1, 3, 7)
LOG = {"atol": 5e-6, "why": "logarithms of ratios near 1, divided by variances of 0.2"}


def target(objects: list, **attrs: Any) -> None:
    """MultiBoxTarget of one image."""
    add(TARGET, [ANCHORS, lit([objects]), SCORES], attrs, grad=(), **LOG)


target(OBJECTS)
for threshold in (0.1, 0.95, 0.0, -1.0):
    target(OBJECTS, overlap_threshold=threshold)
for ratio in (0.4, 0.5, 1.0, 1.5, 2.0, 9.0):
    target(OBJECTS, negative_mining_ratio=ratio)
target(OBJECTS, negative_mining_ratio=1.5, negative_mining_thresh=0.1)
target(OBJECTS, negative_mining_ratio=2.0, negative_mining_thresh=0.1, overlap_threshold=0.0)
target(OBJECTS, negative_mining_ratio=0.5, minimum_negative_samples=4)
target(OBJECTS, negative_mining_ratio=1.0, ignore_label=-7.0)
target(OBJECTS, variances=(0.5, 0.6, 0.7, 0.8))
target([NONE])
target([NONE, NONE], ignore_label=-7.0)
target([NONE, [1, 0.1, 0.1, 0.3, 0.3]])  # nothing counts after the first class of -1
target([[1, 2, 2, 3, 3]])  # overlaps no anchor
target([[1, 2, 2, 3, 3]], negative_mining_ratio=3.0)
target([[0, 0.1, 0.1, 0.3, 0.3, 5], [1, 0.1, 0.1, 0.3, 0.3, 6], [2, 0.1, 0.1, 0.3, 0.3, 7]])  # one after the other
target([[0.5, 0.1, 0.1, 0.3, 0.3], [-2, 0.2, 0.2, 0.5, 0.5]])
add(TARGET, [ANCHORS, lit([OBJECTS, [OBJECTS[1], NONE, NONE]]), distinct(2, 2, 7)], {"negative_mining_ratio": 1.0},
    grad=(), **LOG)  # fmt: skip
add(
    TARGET, [ANCHORS, lit([OBJECTS]), lit(np.zeros((1, 2, 7)).tolist())], {"negative_mining_ratio": 0.5}, grad=(), **LOG
)
error(TARGET, [ANCHORS, lit([OBJECTS]), SCORES], {"variances": (0.1, 0.1, 0.2)})
error(TARGET, [ANCHORS, lit([OBJECTS]), SCORES], {"negative_mining_ratio": 1.0, "negative_mining_thresh": 0.0})
error(TARGET, [ANCHORS, lit([[row[:4] for row in OBJECTS]]), SCORES])
error(TARGET, [ANCHORS, lit([OBJECTS]), arr(1, 3, 5)])
error(TARGET, [boxes(7), lit([OBJECTS]), SCORES])
error(TARGET, [boxes(2, 7), lit([OBJECTS]), SCORES])
error(TARGET, [ANCHORS, lit([[[1, 0.1, 0.1, 0.3, 0.3], [-1, 0, -1, -1, -1]]]), SCORES])
error(TARGET, [ANCHORS, lit([OBJECTS], "float64"), SCORES])

PROBABILITIES = lit([[[0.1, 0.2, 0.3, 0.9, 0.1], [0.6, 0.5, 0.2, 0.05, 0.4], [0.3, 0.3, 0.5, 0.05, 0.5]]])
NEAR = lit(
    [[[0.1, 0.1, 0.3, 0.3], [0.12, 0.1, 0.32, 0.3], [0.5, 0.5, 0.9, 0.9], [0, 0, 0.1, 0.1], [0.55, 0.5, 0.9, 0.9]]]
)
STILL = lit([[0.0] * 20])
for attrs in (
    {},
    {"force_suppress": True},
    {"threshold": 0.3},
    {"threshold": 0.99},
    {"background_id": 1},
    {"nms_threshold": 0.9},
    {"nms_threshold": 0.0},
    {"nms_threshold": 1.0},
    {"nms_threshold": 2.0},
    {"nms_topk": 0},
    {"nms_topk": 1},
    {"nms_topk": 3},
    {"nms_topk": 50},
):
    add(DETECT, [PROBABILITIES, STILL, NEAR], attrs, grad=())
add(DETECT, [PROBABILITIES, arr(1, 20), NEAR], {"clip": False, "variances": (0.5, 0.6, 0.7, 0.8)}, grad=())
add(DETECT, [PROBABILITIES, arr(1, 20, low=-4, high=4), NEAR], {"clip": True}, grad=())
add(DETECT, [distinct(2, 3, 5, low=0, high=1), arr(2, 20), NEAR], grad=())
add(DETECT, [lit([[[0.3] * 5] * 3]), STILL, NEAR], grad=())
add(DETECT, [lit([[[0.5] * 5]]), STILL, NEAR], grad=())  # background alone
halves = lit([[[0, 0, 1, 1], [0, 0, 1, 0.5]]])
add(DETECT, [lit([[[0.0, 0], [0.5, 0.5]]]), lit([[0.0] * 8]), halves], {"threshold": 0.5}, grad=())  # both are reached
error(DETECT, [PROBABILITIES, STILL, NEAR], {"variances": (0.1, 0.1, 0.2)})
error(DETECT, [PROBABILITIES, arr(1, 16), NEAR])
error(DETECT, [PROBABILITIES, arr(1, 5, 4), NEAR])
error(DETECT, [arr(3, 5), STILL, NEAR])
error(DETECT, [PROBABILITIES, STILL, boxes(2, 5)])


# ---- Proposal --------------------------------------------------------------------------------------------------------

MAPS = [distinct(1, 6, 2, 3, low=0, high=1), arr(1, 12, 2, 3, low=-0.5, high=0.5), lit([[32.0, 48, 1]])]
SMALL = {"scales": (1,), "rpn_pre_nms_top_n": 18, "rpn_post_nms_top_n": 8}
PIXELS = {"atol": 5e-6, "why": "coordinates up to 50"}
for op in ("contrib.Proposal", "contrib.MultiProposal"):
    add(op, MAPS, {**SMALL, "rpn_min_size": 0}, grad=(), deduced=(1, 2), **PIXELS)
    for attrs in (
        {"rpn_min_size": 0, "threshold": 0.3},
        {"rpn_min_size": 12, "threshold": 0.5},
        {"rpn_min_size": 99},  # all are too small
        {"rpn_min_size": 0, "threshold": 1.0, "rpn_post_nms_top_n": 18},  # all stay
        {"rpn_min_size": 0, "rpn_pre_nms_top_n": 3},  # repeated
        {"rpn_min_size": 0, "rpn_pre_nms_top_n": -1},
        {"rpn_min_size": 0, "iou_loss": True},
        {"rpn_min_size": 0, "feature_stride": 20},
        {"rpn_min_size": 4, "scales": (1.5,), "ratios": (0.4, 1, 3)},
        {"rpn_min_size": 4, "scales": (1, 2, 0.5), "ratios": (1,)},
    ):
        add(op, MAPS, {**SMALL, "output_score": True, **attrs}, grad=(), **PIXELS)
    add(op, [*MAPS[:2], lit([[20.0, 30, 2]])], {**SMALL, "rpn_min_size": 3, "output_score": True}, grad=(), **PIXELS)
    error(op, [*MAPS[:2], lit([[32.0, 48]])])
    error(op, MAPS, {**SMALL, "scales": (1, 2)})
    error(op, [MAPS[0], arr(1, 8, 2, 3), MAPS[2]], SMALL)
batch = [distinct(2, 6, 2, 3, low=0, high=1), arr(2, 12, 2, 3), lit([[32.0, 48, 1], [22, 33, 0.7]])]
add("contrib.MultiProposal", batch, {**SMALL, "rpn_min_size": 8, "output_score": True}, grad=(), **PIXELS)
error("contrib.Proposal", batch, SMALL)
error("contrib.Proposal", [*MAPS[:2], lit([[64.0, 48, 1]])], SMALL)  # MultiProposal ends MXNet's process here
