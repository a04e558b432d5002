"""Operators on boxes beyond the samples: algorithms against plain loops, the papers' own figures, hostile input."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx

nd = mx.nd


def boxes(rng: np.random.RandomState, *shape: int) -> np.ndarray:
    """Random boxes in a square of 100, with sides up to 40."""
    low = rng.uniform(0, 60, (*shape, 2))
    return np.concatenate([low, low + rng.uniform(1, 40, (*shape, 2))], -1)


def iou(a: np.ndarray, b: np.ndarray, pixel: int = 0) -> float:
    """Intersection over union of two boxes."""
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]) + pixel
    if (sides <= 0).any():
        return 0.0
    common = sides.prod()
    return common / ((a[2:] - a[:2] + pixel).prod() + (b[2:] - b[:2] + pixel).prod() - common)


def array(values: np.ndarray, dtype: str = "float64") -> mx.nd.NDArray:
    return nd.array(values, dtype=dtype)


# ---- box_iou, box_nms ------------------------------------------------------------------------------------------------


def reference_nms(rows: np.ndarray, threshold: float, topk: int, labels: bool) -> np.ndarray:
    """Rows (class, score, box): the best one stays, what it overlaps goes, and so on."""
    left = [i for i in np.argsort(-rows[:, 1], kind="stable") if rows[i, 1] > 0][: topk if topk > 0 else None]
    out, count = np.full_like(rows, -1), 0
    while left:
        best = left.pop(0)
        out[count] = rows[best]
        count += 1
        left = [
            i for i in left
            if (labels and rows[i, 0] != rows[best, 0]) or iou(rows[i, 2:], rows[best, 2:]) <= threshold
        ]  # fmt: skip
    return out


@pytest.mark.parametrize(("threshold", "topk", "labels"), [(0.1, -1, False), (0.5, 400, True), (0.02, -1, True)])
def test_nms_is_the_greedy_one(threshold, topk, labels):
    rng = np.random.RandomState(3)
    rows = np.concatenate([rng.randint(0, 3, (2, 600, 1)), rng.uniform(-0.2, 1, (2, 600, 1)), boxes(rng, 2, 600)], -1)
    rows[..., 1] = rows[..., 1].round(2)  # ties
    got = nd.contrib.box_nms(
        array(rows), overlap_thresh=threshold, topk=topk, id_index=0 if labels else -1, background_id=-5
    )
    expected = [reference_nms(image, threshold, topk, labels) for image in rows]
    np.testing.assert_array_equal(got.asnumpy(), expected)


def test_nms_of_a_long_chain():
    """Each box overlaps the next one alone: every second one stays, through all blocks."""
    count = 700
    start = np.arange(count)[:, None] * 4.0
    rows = np.concatenate(
        [np.linspace(0.9, 0.1, count)[:, None], start, np.zeros((count, 1)), start + 6, np.ones((count, 1))], 1
    )
    got = nd.contrib.box_nms(array(rows), overlap_thresh=0.1, coord_start=1, score_index=0).asnumpy()
    np.testing.assert_array_equal(got[: count // 2], rows[::2])
    assert (got[count // 2 :] == -1).all()


def test_nms_survives_nan_and_infinity():
    inf, nan = np.inf, np.nan
    rows = np.array([
        [0, 0.9, nan, 0, 5, 5], [0, nan, 0, 0, 5, 5], [0, 0.8, 0, 0, inf, 5], [0, 0.7, -inf, -inf, inf, inf],
        [0, 0.6, 0, 0, 5, 5], [nan, 0.5, 0, 0, 5, 5],
    ])  # fmt: skip
    got = nd.contrib.box_nms(array(rows), overlap_thresh=0.5).asnumpy()
    np.testing.assert_array_equal(got[:4], rows[[0, 2, 3, 4]])  # NaN overlaps nothing; a score of NaN does not count
    assert (got[4:] == -1).all()
    nd.contrib.box_nms(array(rows), id_index=0).wait_to_read()


def test_areas_of_float16_boxes_do_not_overflow():
    big = np.array([[0, 0, 400, 400], [0, 0, 400, 300]])
    got = nd.contrib.box_iou(array(big, "float16"), array(big, "float16"))
    np.testing.assert_allclose(got.asnumpy(), [[1, 0.75], [0.75, 1]], rtol=1e-3)


def test_no_boxes():
    none = array(np.zeros((2, 0, 6)))
    assert nd.contrib.box_nms(none).shape == (2, 0, 6)
    assert nd.contrib.box_iou(array(np.zeros((0, 4))), array(np.zeros((3, 4)))).shape == (0, 3)
    assert nd.contrib.box_decode(array(np.zeros((2, 0, 4))), array(np.zeros((1, 0, 4)))).shape == (2, 0, 4)
    rows, columns = nd.contrib.bipartite_matching(array(np.zeros((2, 0, 3))), threshold=0.5)
    assert (rows.shape, columns.asnumpy().tolist()) == ((2, 0), [[-1] * 3] * 2)


def test_boxes_get_no_gradient_but_do_not_stop_others():
    x, y = array(np.ones((1, 1))), array(np.array([[0.0, 0, 2, 2]]))
    x.attach_grad()
    y.attach_grad()
    with mx.autograd.record():
        weighted = x * nd.contrib.box_iou(y, array(np.array([[0.0, 0, 1, 2]])))
    weighted.backward()
    assert (x.grad.asscalar(), y.grad.asnumpy().tolist()) == (0.5, [[0] * 4])


# ---- box_encode, box_decode, bipartite_matching ----------------------------------------------------------------------


def test_decode_undoes_encode():
    rng = np.random.RandomState(4)
    anchors, objects = boxes(rng, 1, 5), boxes(rng, 1, 3)
    matches = np.array([[0, 1, 2, 1, 0]])
    stds = np.array([0.1, 0.2, 0.3, 0.4])
    targets, mask = nd.contrib.box_encode(
        array(np.ones((1, 5))), array(matches), array(anchors), array(objects), array(np.zeros(4)), array(stds)
    )
    assert (mask.asnumpy() == 1).all()
    deviations = dict(zip(("std0", "std1", "std2", "std3"), stds, strict=True))
    back = nd.contrib.box_decode(targets, array(anchors), **deviations, format="corner")
    np.testing.assert_allclose(back.asnumpy(), objects[:, matches[0]], rtol=1e-10)


@pytest.mark.parametrize("match", [-1, 2, 1e9, np.nan])
def test_a_match_that_does_not_exist(match):
    """MXNet reads foreign memory."""
    anchors, objects = array(np.ones((1, 1, 4))), array(np.ones((1, 2, 4)))
    rest = array(np.full((1, 1), match)), anchors, objects, array(np.zeros(4)), array(np.ones(4))
    nd.contrib.box_encode(array(np.zeros((1, 1))), *rest)  # where there is no object it does not matter
    with pytest.raises(mx.MXNetError, match="matches must lie in 0 ... 1 where samples are positive"):
        nd.contrib.box_encode(array(np.ones((1, 1))), *rest)


@pytest.mark.parametrize("ascend", [False, True])
def test_bipartite_matching_takes_the_best_pair_first(ascend):
    rng = np.random.RandomState(6)
    scores = rng.uniform(0, 1, (3, 20, 12)).round(2)  # ties
    scores[0, 3] = np.nan
    threshold = 0.9 if ascend else 0.2
    got = nd.contrib.bipartite_matching(array(scores), threshold=threshold, is_ascend=ascend)
    for image, rows, columns in zip(scores, *(g.asnumpy() for g in got), strict=True):
        expected = np.full(20, -1), np.full(12, -1)
        order = np.argsort((image if ascend else -image).ravel(), kind="stable")
        for i, j in zip(*np.unravel_index(order, image.shape), strict=True):
            good = image[i, j] < threshold if ascend else image[i, j] > threshold
            if good and expected[0][i] < 0 and expected[1][j] < 0:
                expected[0][i], expected[1][j] = j, i
        np.testing.assert_array_equal(rows, expected[0])
        np.testing.assert_array_equal(columns, expected[1])


# ---- MultiBox --------------------------------------------------------------------------------------------------------

ANCHORS = np.array([[[0.1, 0.1, 0.4, 0.4], [0.12, 0.1, 0.4, 0.4], [0.6, 0.6, 0.9, 0.9], [0.1, 0.6, 0.3, 0.9]]])


def test_multibox_detection_undoes_target():
    label = np.array([[[2, 0.1, 0.15, 0.38, 0.42], [0, 0.58, 0.6, 0.95, 0.88]]])
    scores = np.zeros((1, 4, 4))
    offsets, mask, classes = nd.contrib.MultiBoxTarget(array(ANCHORS), array(label), array(scores))
    assert classes.asnumpy().tolist() == [[3, 3, 1, 0]] or classes.asnumpy().tolist() == [[3, 0, 1, 0]]
    probabilities = np.eye(4)[classes.asnumpy().astype(int)].transpose(0, 2, 1)
    found = nd.contrib.MultiBoxDetection(array(probabilities), offsets * mask, array(ANCHORS), nms_threshold=0.5)
    rows = found.asnumpy()[0]
    rows = rows[rows[:, 0] >= 0]
    np.testing.assert_allclose(rows[np.argsort(-rows[:, 0])][:, [0, 2, 3, 4, 5]], label[0], atol=1e-12)


def test_multibox_target_without_labels():
    outputs = nd.contrib.MultiBoxTarget(array(ANCHORS), array(np.zeros((2, 0, 5))), array(np.zeros((2, 3, 4))))
    assert [o.shape for o in outputs] == [(2, 16), (2, 16), (2, 4)]
    assert (outputs[2].asnumpy() == -1).all()


def test_multibox_target_with_fewer_negatives_than_wanted():
    """MXNet fails."""
    label = np.array([[[0, 0.1, 0.1, 0.4, 0.4], [1, 0.1, 0.5, 0.3, 0.9]]])
    mined = nd.contrib.MultiBoxTarget(
        array(ANCHORS), array(label), array(np.zeros((1, 3, 4))), overlap_threshold=0.99, negative_mining_ratio=9,
        negative_mining_thresh=0.5,
    )  # fmt: skip
    assert mined[2].asnumpy().tolist() == [[1, -1, 0, 2]]  # the second overlaps too much for a negative


def test_multibox_target_needs_predictions_for_each_image_to_mine():
    inputs = array(ANCHORS), array(np.full((2, 1, 5), -1)), array(np.zeros((1, 3, 4)))
    assert nd.contrib.MultiBoxTarget(*inputs)[2].shape == (2, 4)
    with pytest.raises(mx.MXNetError, match=r"cls_pred must have shape \(2, 3, 4\)"):
        nd.contrib.MultiBoxTarget(*inputs, negative_mining_ratio=3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_multibox_survives_hostile_numbers(bad):
    label, scores = np.full((1, 2, 5), bad), np.full((1, 3, 4), bad)
    anchors = array(np.full_like(ANCHORS, bad))
    nd.contrib.MultiBoxTarget(anchors, array(label), array(scores), negative_mining_ratio=1)[0].wait_to_read()
    nd.contrib.MultiBoxDetection(array(scores), array(np.full((1, 16), bad)), anchors).wait_to_read()


# ---- Proposal --------------------------------------------------------------------------------------------------------


def test_anchors_of_the_paper():
    """The nine anchors of "Faster R-CNN", as its authors published them (there from 1, and one pixel to the left)."""
    from mxnet.ops.vision.proposal import _base_anchors

    expected = [
        [-83, -39, 100, 56], [-175, -87, 192, 104], [-359, -183, 376, 200],
        [-55, -55, 72, 72], [-119, -119, 136, 136], [-247, -247, 264, 264],
        [-35, -79, 52, 96], [-79, -167, 96, 184], [-167, -343, 184, 360],
    ]  # fmt: skip
    np.testing.assert_array_equal(_base_anchors((8, 16, 32), (0.5, 1, 2), 16), np.array(expected) - 1)


def reference_proposal(scores, deltas, info, anchors, stride, pre, post, threshold, least) -> tuple:
    """Algorithm of the paper, for one image: scores (H, W, K), deltas (H, W, K, 4)."""
    rows = []
    for y, x, k in np.ndindex(*scores.shape):
        a = anchors[k] + np.array([x, y, x, y]) * stride
        size = a[2:] - a[:2] + 1
        center = a[:2] + (size - 1) / 2 + deltas[y, x, k, :2] * size
        half = (np.exp(deltas[y, x, k, 2:]) * size - 1) / 2
        box = np.concatenate([center - half, center + half])
        box = np.clip(box, 0, np.array([info[1], info[0]] * 2) - 1)
        score = scores[y, x, k]
        if ((box[2:] - box[:2] + 1) < least * info[2]).any():
            box, score = box + np.array([-1, -1, 1, 1]) * least * info[2] / 2, -1
        rows.append((score, box))
    rows = [rows[i] for i in np.argsort([-score for score, _ in rows], kind="stable")][:pre]
    kept = []
    for score, box in rows:
        if all(iou(box, other, pixel=1) <= threshold for _, other in kept):
            kept.append((score, box))
    kept = [kept[i % min(len(kept), post)] for i in range(post)]
    return np.array([box for _, box in kept]), np.array([score for score, _ in kept])


def test_multi_proposal_is_the_algorithm_of_the_paper():
    from mxnet.ops.vision.proposal import _base_anchors

    rng = np.random.RandomState(8)
    height, width, stride, kinds = 9, 11, 8, 6
    scales, ratios = (2.0, 4.0), (0.5, 1.0, 2.0)
    probabilities = rng.uniform(0, 1, (2, 2 * kinds, height, width))
    deltas = rng.normal(0, 0.3, (2, 4 * kinds, height, width))
    info = np.array([[height * stride, width * stride, 1.0], [height * stride, width * stride, 1.5]])
    regions, scores = nd.contrib.MultiProposal(
        array(probabilities), array(deltas), array(info), rpn_pre_nms_top_n=500, rpn_post_nms_top_n=60, threshold=0.5,
        rpn_min_size=10, scales=scales, ratios=ratios, feature_stride=stride, output_score=True,
    )  # fmt: skip
    regions, scores = regions.asnumpy().reshape(2, 60, 5), scores.asnumpy().reshape(2, 60)
    anchors = np.array(_base_anchors(scales, ratios, stride))
    for i in range(2):
        expected = reference_proposal(
            probabilities[i, kinds:].transpose(1, 2, 0),
            deltas[i].reshape(kinds, 4, height, width).transpose(2, 3, 0, 1),
            info[i], anchors, stride, 500, 60, 0.5, 10,
        )  # fmt: skip
        np.testing.assert_allclose(regions[i, :, 1:], expected[0], atol=1e-9)
        np.testing.assert_allclose(scores[i], expected[1])
        assert (regions[i, :, 0] == i).all()


@pytest.mark.parametrize("size", [(64, 32), (32, -1), (np.nan, 32), (np.inf, 32)])
@pytest.mark.parametrize("name", ["Proposal", "MultiProposal"])
def test_proposal_refuses_an_image_that_its_map_does_not_cover(name, size):
    """MultiProposal ends MXNet's process."""
    maps = array(np.zeros((1, 2, 2, 2))), array(np.zeros((1, 4, 2, 2)))
    with pytest.raises(mx.MXNetError, match="im_info gives image 0"):
        getattr(nd.contrib, name)(*maps, array(np.array([[*size, 1]])), scales=(1,), ratios=(1,))


def test_proposal_survives_nan():
    maps = array(np.full((1, 2, 2, 2), np.nan)), array(np.full((1, 4, 2, 2), np.nan))
    regions = nd.contrib.Proposal(*maps, array(np.array([[32.0, 32, 1]])), scales=(1,), ratios=(1,))
    assert regions.shape == (300, 5)
