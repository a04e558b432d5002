"""Region operators beyond the samples: against plain loops and what must hold by their definition, and hostile ROIs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import mxnet as mx
from mxnet.ops.vision import roi

nd = mx.nd


def array(values: object, dtype: str = "float64") -> mx.nd.NDArray:
    return nd.array(np.asarray(values), dtype=dtype)


def around(value: float) -> int:
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def random_rois(rng: np.random.RandomState, count: int, images: int, extent: float) -> np.ndarray:
    """(image, left, top, right, bottom), partly outside of 0 ... extent."""
    ends = np.sort(rng.uniform(-0.2 * extent, 1.2 * extent, (count, 2, 2)), 1)
    return np.concatenate([rng.randint(0, images, (count, 1)), ends.reshape(count, 4)], 1)


# ---- plain loops -----------------------------------------------------------------------------------------------------


def reference_pool(data: np.ndarray, rois: np.ndarray, size: tuple, scale: float) -> np.ndarray:
    out = np.zeros((len(rois), data.shape[1], *size))
    for r, (image, *box) in enumerate(rois):
        left, top, right, bottom = (around(v * scale) for v in box)
        tall, wide = max(bottom - top + 1, 1) / size[0], max(right - left + 1, 1) / size[1]
        for i, j in np.ndindex(*size):
            y = [max(min(v + top, data.shape[2]), 0) for v in (math.floor(i * tall), math.ceil((i + 1) * tall))]
            x = [max(min(v + left, data.shape[3]), 0) for v in (math.floor(j * wide), math.ceil((j + 1) * wide))]
            window = data[int(image), :, y[0] : y[1], x[0] : x[1]]
            if window.size:
                out[r, :, i, j] = window.max((1, 2))
    return out


def test_roi_pooling_against_loops():
    rng = np.random.RandomState(1)
    data, rois = rng.normal(size=(3, 4, 13, 17)), random_rois(rng, 40, 3, 34)
    got = nd.ROIPooling(array(data), array(rois), pooled_size=(4, 3), spatial_scale=0.5)
    np.testing.assert_array_equal(got.asnumpy(), reference_pool(data, rois, (4, 3), 0.5))


def bilinear(image: np.ndarray, y: float, x: float, pad: bool) -> np.ndarray:
    """Interpolated channels of (C, H, W); beyond the border zeros, or the border again."""
    _, height, width = image.shape
    if not pad:
        y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    out = np.zeros(image.shape[0])
    for i, j in itertools.product((0, 1), repeat=2):
        row, column = math.floor(y) + i, math.floor(x) + j
        if 0 <= row < height and 0 <= column < width:
            out += image[:, row, column] * (1 - abs(y - row)) * (1 - abs(x - column))
    return out


def reference_deformable(data, offset, mask, weight, stride, pad, dilate, sets) -> np.ndarray:
    batch, channels, height, width = data.shape
    filters, _, tall, wide = weight.shape
    out = np.zeros((batch, filters, *offset.shape[2:]))
    each = channels // sets
    for n, i, j, s, a, b in np.ndindex(batch, *offset.shape[2:], sets, tall, wide):
        at = (s * tall + a) * wide + b
        y = i * stride - pad + a * dilate + offset[n, 2 * at, i, j]
        x = j * stride - pad + b * dilate + offset[n, 2 * at + 1, i, j]
        least = -1 if mask is not None else 0
        inside = least <= y < height and least <= x < width
        if inside:
            part = slice(s * each, (s + 1) * each)
            value = bilinear(data[n, part], y, x, pad=mask is not None)
            out[n, :, i, j] += weight[:, part, a, b] @ value * (1 if mask is None else mask[n, at, i, j])
    return out


@pytest.mark.parametrize("modulated", [False, True])
@pytest.mark.parametrize(("stride", "pad", "dilate"), [(1, 1, 1), (2, 0, 2)])
def test_deformable_convolution_against_loops(stride, pad, dilate, modulated):
    rng = np.random.RandomState(2)
    data, weight = rng.normal(size=(2, 4, 7, 7)), rng.normal(size=(3, 4, 3, 3))
    out = (7 + 2 * pad - 2 * dilate - 1) // stride + 1
    offset, mask = rng.normal(0, 2, (2, 36, out, out)), rng.uniform(0, 1, (2, 18, out, out))
    mask = mask if modulated else None
    operator = nd.contrib.ModulatedDeformableConvolution if modulated else nd.contrib.DeformableConvolution
    inputs = [data, offset, *([mask] if modulated else []), weight]
    got = operator(
        *map(array, inputs), kernel=(3, 3), num_filter=3, stride=(stride,) * 2, pad=(pad,) * 2, dilate=(dilate,) * 2,
        num_deformable_group=2, no_bias=True,
    )  # fmt: skip
    expected = reference_deformable(data, offset, mask, weight, stride, pad, dilate, 2)
    np.testing.assert_allclose(got.asnumpy(), expected, rtol=1e-10, atol=1e-12)


def test_deformable_convolution_without_offsets_is_convolution():
    rng = np.random.RandomState(3)
    data, weight, bias = (array(rng.normal(size=s)) for s in ((2, 4, 8, 7), (6, 2, 3, 3), (6,)))
    attrs = {"kernel": (3, 3), "num_filter": 6, "num_group": 2, "pad": (1, 1), "stride": (2, 1)}
    expected = nd.Convolution(data, weight, bias, **attrs).asnumpy()
    still, ones = nd.zeros((2, 18, 4, 7), dtype="float64"), nd.ones((2, 9, 4, 7), dtype="float64")
    first = nd.contrib.DeformableConvolution(data, still, weight, bias, **attrs)
    second = nd.contrib.ModulatedDeformableConvolution(data, still, ones, weight, bias, **attrs)
    np.testing.assert_allclose(first.asnumpy(), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(second.asnumpy(), expected, rtol=1e-10, atol=1e-12)


# ---- what must hold --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [-1, 1, 3])
def test_roi_align_of_a_plane_is_its_value_in_the_middle_of_each_bin(ratio):
    y, x = np.mgrid[:12, :15].astype(float)
    plane = (3 * y - 2 * x + 1)[None, None]
    left, top, right, bottom = 1.3, 2.1, 11.9, 9.7
    got = nd.contrib.ROIAlign(
        array(plane), array([[0, left, top, right, bottom]]), pooled_size=(3, 2), spatial_scale=1.0, sample_ratio=ratio
    )
    rows = top + (bottom - top) * (np.arange(3) + 0.5) / 3
    columns = left + (right - left) * (np.arange(2) + 0.5) / 2
    np.testing.assert_allclose(got.asnumpy()[0, 0], 3 * rows[:, None] - 2 * columns + 1)


def test_turned_rois():
    """Without an angle RROIAlign is ROIAlign; a quarter of a turn turns the result."""
    data = np.random.RandomState(4).normal(size=(1, 2, 9, 9))
    settings = {"pooled_size": (3, 3), "spatial_scale": 1.0}
    straight = nd.contrib.ROIAlign(array(data), array([[0, 2, 2, 6, 6]]), **settings).asnumpy()
    for angle, turns in ((0, 0), (360, 0), (90, 1), (180, 2), (-90, 3)):
        got = nd.contrib.RROIAlign(array(data), array([[0, 4, 4, 4, 4, angle]]), **settings).asnumpy()
        np.testing.assert_allclose(got, np.rot90(straight, -turns, (2, 3)), atol=1e-9)


def test_psroi_pooling_averages_the_channels_of_each_bin():
    rng = np.random.RandomState(5)
    data, rois = rng.normal(size=(2, 2 * 9, 8, 10)), random_rois(rng, 25, 2, 20)
    got = nd.contrib.PSROIPooling(array(data), array(rois), spatial_scale=0.5, output_dim=2, pooled_size=3).asnumpy()
    for r, (image, *box) in enumerate(rois):
        left, top = (around(v) * 0.5 for v in box[:2])
        right, bottom = ((around(v) + 1) * 0.5 for v in box[2:])
        tall, wide = max(bottom - top, 0.1) / 3, max(right - left, 0.1) / 3
        for d, i, j in np.ndindex(2, 3, 3):
            y = [min(max(v, 0), 8) for v in (math.floor(i * tall + top), math.ceil((i + 1) * tall + top))]
            x = [min(max(v, 0), 10) for v in (math.floor(j * wide + left), math.ceil((j + 1) * wide + left))]
            window = data[int(image), (d * 3 + i) * 3 + j, y[0] : y[1], x[0] : x[1]]
            assert got[r, d, i, j] == pytest.approx(window.mean() if window.size else 0, abs=1e-12)


def test_bins_that_move_by_whole_elements_see_a_moved_map():
    rng = np.random.RandomState(6)
    data = rng.normal(size=(1, 4, 20, 20))
    rois = array([[0, 6, 6, 11, 11]])
    attrs = {
        "spatial_scale": 1.0, "output_dim": 1, "group_size": 2, "pooled_size": 2, "sample_per_part": 3, "trans_std": 1.0
    }  # fmt: skip
    move = np.zeros((1, 2, 2, 2))
    move[:, 0], move[:, 1] = 3 / 6, 2 / 6  # of an ROI of 6 x 6: three to the right, two down
    got = nd.contrib.DeformablePSROIPooling(array(data), rois, array(move), **attrs)
    moved = np.roll(data, (-2, -3), (2, 3))
    expected = nd.contrib.DeformablePSROIPooling(array(moved), rois, no_trans=True, **attrs)
    np.testing.assert_allclose(got.asnumpy(), expected.asnumpy(), atol=1e-9)


# ---- hostile ROIs ----------------------------------------------------------------------------------------------------

POOLS = {
    "ROIPooling": (nd.ROIPooling, 4, {"pooled_size": (2, 2)}),
    "ROIAlign": (nd.contrib.ROIAlign, 4, {"pooled_size": (2, 2)}),
    "ROIAlign aligned": (nd.contrib.ROIAlign, 4, {"pooled_size": (2, 2), "aligned": True}),
    "ROIAlign sensitive": (
        nd.contrib.ROIAlign, 4, {"pooled_size": (2, 2), "position_sensitive": True, "sample_ratio": 2}
    ),
    "RROIAlign": (nd.contrib.RROIAlign, 5, {"pooled_size": (2, 2)}),
    "PSROIPooling": (nd.contrib.PSROIPooling, 4, {"output_dim": 1, "pooled_size": 2}),
    "DeformablePSROIPooling": (
        nd.contrib.DeformablePSROIPooling, 4,
        {"output_dim": 1, "pooled_size": 2, "group_size": 2, "no_trans": True, "sample_per_part": 2},
    ),
}  # fmt: skip
over_pools = pytest.mark.parametrize("name", POOLS)


def pool(name: str, rois: list, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The result, and the gradient of its sum with respect to data of ones."""
    operator, numbers, attrs = POOLS[name]
    rows = np.array([[image, *box, *[10] * (numbers - 4)] for image, *box in rois]).reshape(-1, numbers + 1)
    data = nd.ones((2, 4, 5, 5), dtype="float64")
    data.attach_grad()
    with mx.autograd.record():
        out = operator(data, array(rows), spatial_scale=scale, **attrs)
    out.backward()
    return out.asnumpy(), data.grad.asnumpy()


@over_pools
@pytest.mark.parametrize("image", [-1, 2, 1e9, -1e30, np.nan, np.inf])
def test_an_image_that_does_not_exist(name, image):
    """MXNet reads foreign memory, for most of them."""
    out, grad = pool(name, [[image, 1, 1, 3, 3], [1, 1, 1, 3, 3]])
    assert not out[0].any()
    np.testing.assert_allclose(out[1], 1)
    assert not grad[0].any()
    assert grad[1].any()


@over_pools
def test_boxes_that_are_no_boxes(name):
    nan, inf = np.nan, np.inf
    boxes = [
        [nan, 1, 3, 3], [1, nan, 3, 3], [1, 1, inf, 3], [-inf, 1, 3, 3], [1e30, 1e30, 2e30, 2e30],
        [-1e18, -1e18, 1e18, 1e18], [3, 3, 1, 1], [1e9, 1e9, -1e9, -1e9], [2, 2, 2, 2],
    ]  # fmt: skip
    out, grad = pool(name, [[0, *box] for box in boxes])
    assert ((out >= 0) & (out <= 1 + 1e-9)).all()
    assert np.isfinite(grad).all()
    assert not grad[1].any()


@over_pools
def test_no_rois(name):
    out, grad = pool(name, [])
    assert out.shape == (0, 1 if "PS" in name or "sensitive" in name else 4, 2, 2)
    assert not grad.any()
    operator, numbers, attrs = POOLS[name]
    none = operator(array(np.zeros((0, 4, 5, 5))), array(np.zeros((3, numbers + 1))), spatial_scale=1.0, **attrs)
    assert none.shape == (3, *out.shape[1:])
    assert not none.asnumpy().any()


@over_pools
def test_many_rois_are_pooled_in_parts(name, monkeypatch):
    rng = np.random.RandomState(7)
    rois = random_rois(rng, 9, 2, 5).tolist()
    whole = pool(name, rois)
    monkeypatch.setattr(roi, "_AT_ONCE", 1)
    for got, expected in zip(pool(name, rois), whole, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("modulated", [False, True])
def test_offsets_that_lead_nowhere(modulated, bad):
    inputs = [np.ones((1, 1, 4, 4)), np.full((1, 2, 4, 4), bad), *([np.ones((1, 1, 4, 4))] if modulated else [])]
    inputs = [array(i) for i in [*inputs, np.ones((1, 1, 1, 1))]]
    for i in inputs:
        i.attach_grad()
    operator = nd.contrib.ModulatedDeformableConvolution if modulated else nd.contrib.DeformableConvolution
    with mx.autograd.record():
        out = operator(*inputs, kernel=(1, 1), num_filter=1, no_bias=True)
    out.backward()
    assert not out.asnumpy().any()
    assert not inputs[0].grad.asnumpy().any()


# ---- errors ----------------------------------------------------------------------------------------------------------


def test_errors_say_what_is_wrong():
    data, rois = array(np.ones((1, 3, 4, 4))), array([[0, 1, 1, 2, 2]])
    with pytest.raises(mx.MXNetError, match=r"output_dim \* group_size \*\* 2 = 4 channels, but has 3"):
        nd.contrib.PSROIPooling(data, rois, spatial_scale=1, output_dim=1, pooled_size=2)
    with pytest.raises(mx.MXNetError, match=r"trans must have shape \(1, 2 \* classes, 2, 2\), not \(2, 2, 2, 2\)"):
        nd.contrib.DeformablePSROIPooling(
            data, rois, array(np.ones((2, 2, 2, 2))), spatial_scale=1, output_dim=3, group_size=1, pooled_size=2
        )
    with pytest.raises(mx.MXNetError, match=r"offset must have shape \(1, 18, 2, 2\)"):
        nd.contrib.DeformableConvolution(
            data, array(np.ones((2, 18, 2, 2))), array(np.ones((1, 3, 3, 3))), kernel=(3, 3), num_filter=1, no_bias=True
        )
    with pytest.raises(mx.MXNetError, match=r"rois must have shape \(R, 6\), but has \(1, 5\)"):
        nd.contrib.RROIAlign(data, rois, pooled_size=(2, 2), spatial_scale=1)
