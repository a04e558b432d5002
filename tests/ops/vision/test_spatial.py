"""Spatial transformers and Correlation against plain loops, and where MXNet divides by zero."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import mxnet as mx


def double(*arrays: np.ndarray) -> list[mx.nd.NDArray]:
    return [mx.nd.array(a, dtype="float64") for a in arrays]


def reference_sampling(image: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """BilinearSampler from its definition."""
    batch, channels, height, width = image.shape
    out = np.zeros((batch, channels, *grid.shape[2:]))
    for n, i, j in np.ndindex(batch, *grid.shape[2:]):
        x, y = (grid[n, 0, i, j] + 1) * (width - 1) / 2, (grid[n, 1, i, j] + 1) * (height - 1) / 2
        left, top = math.floor(x), math.floor(y)
        for row, column in itertools.product((top, top + 1), (left, left + 1)):
            if 0 <= row < height and 0 <= column < width:
                out[n, :, i, j] += image[n, :, row, column] * (1 - abs(y - row)) * (1 - abs(x - column))
    return out


@pytest.mark.parametrize("size", [(3, 4), (1, 5), (4, 1), (6, 6)])
def test_sampler_interpolates_and_is_zero_outside(size):
    image, grid = np.random.randn(2, 3, *size), np.random.uniform(-1.6, 1.6, (2, 2, 4, 3))
    got = mx.nd.BilinearSampler(*double(image, grid))
    np.testing.assert_allclose(got.asnumpy(), reference_sampling(image, grid), atol=1e-12)


@pytest.mark.parametrize("target", [(2, 3), (4, 4), (1, 3), (1, 1)])
def test_spatial_transformer_is_sampler_at_the_places_of_the_generator(target):
    """Along an axis of one pixel the place is the middle; MXNet gets NaN there."""
    image, loc = np.random.randn(2, 3, 4, 5), np.random.uniform(-0.7, 0.7, (2, 6))
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in target), indexing="ij")
    places = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    grid = (loc.reshape(2, 2, 3) @ places).reshape(2, 2, *target)
    data, matrix = double(image, loc)
    got = mx.nd.GridGenerator(matrix, transform_type="affine", target_shape=target)
    np.testing.assert_allclose(got.asnumpy(), grid, atol=1e-12)
    a = {"transform_type": "affine", "sampler_type": "bilinear", "target_shape": target}
    moved = mx.nd.SpatialTransformer(data, matrix, **a)
    np.testing.assert_allclose(moved.asnumpy(), reference_sampling(image, grid), atol=1e-12)


@pytest.mark.parametrize("size", [(3, 4), (1, 4), (3, 1)])
def test_no_displacement_gives_the_image_itself(size):
    """MXNet divides by zero along an axis of one pixel."""
    image = np.random.randn(2, 3, *size)
    data, flow = double(image, np.zeros((2, 2, *size)))
    grid = mx.nd.GridGenerator(flow, transform_type="warp")
    np.testing.assert_allclose(mx.nd.BilinearSampler(data, grid).asnumpy(), image, atol=1e-12)


def test_displacements_are_in_pixels():
    image = np.random.randn(1, 1, 4, 5)
    flow = np.zeros((1, 2, 4, 5))
    flow[:, 0], flow[:, 1] = 2, -1  # two to the right, one up
    data, moved = double(image, flow)
    got = mx.nd.BilinearSampler(data, mx.nd.GridGenerator(moved, transform_type="warp")).asnumpy()
    np.testing.assert_allclose(got[:, :, 1:, :3], image[:, :, :3, 2:], atol=1e-12)
    np.testing.assert_allclose(got[:, :, 0], 0, atol=1e-12)


def reference_correlation(a, b, kernel, reach, pad, stride, step, product) -> np.ndarray:
    """Correlation from its definition."""
    a, b = (np.pad(v, [(0, 0), (0, 0), (pad, pad), (pad, pad)]) for v in (a, b))
    border = reach + kernel // 2
    height, width = (math.ceil((n - 2 * border) / stride) for n in a.shape[2:])
    shifts = [d * step for d in range(-(reach // step), reach // step + 1)]
    out = np.zeros((a.shape[0], len(shifts) ** 2, height, width))
    for (c, (down, right)), i, j in itertools.product(
        enumerate(itertools.product(shifts, shifts)), range(height), range(width)
    ):
        y, x = i * stride + reach, j * stride + reach
        one = a[:, :, y : y + kernel, x : x + kernel]
        other = b[:, :, y + down : y + down + kernel, x + right : x + right + kernel]
        out[:, c, i, j] = (one * other if product else abs(one - other)).mean((1, 2, 3))
    return out


@pytest.mark.parametrize("product", [True, False])
@pytest.mark.parametrize(
    ("size", "kernel", "reach", "pad", "stride", "step"),
    [
        ((5, 6), 1, 1, 0, 1, 1),
        ((7, 9), 3, 2, 3, 2, 2),
        ((9, 7), 3, 3, 1, 1, 2),
        ((8, 8), 5, 4, 6, 3, 3),
        ((4, 3), 1, 0, 1, 2, 1),
    ],
)
def test_correlation_is_its_formula(size, kernel, reach, pad, stride, step, product):
    a, b = np.random.randn(2, 3, *size), np.random.randn(2, 3, *size)
    attributes = {"kernel_size": kernel, "max_displacement": reach, "pad_size": pad, "stride1": stride, "stride2": step}
    got = mx.nd.Correlation(*double(a, b), is_multiply=product, **attributes)
    expected = reference_correlation(a, b, kernel, reach, pad, stride, step, product)
    np.testing.assert_allclose(got.asnumpy(), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"kernel_size": 2}, "kernel_size must be an odd number, but is 2"),  # MXNet reads beyond the image
        ({"max_displacement": 3}, r"the image \(4, 4\) has no room for max_displacement and kernel_size"),
        ({"stride2": 0}, "stride1 and stride2 must be at least 1"),
        ({"pad_size": -1}, "max_displacement and pad_size at least 0"),
    ],
)
def test_correlation_says_what_is_wrong(attributes, message):
    x = mx.nd.zeros((1, 2, 4, 4))
    with pytest.raises(mx.base.MXNetError, match=message):
        mx.nd.Correlation(x, x, **attributes)


def test_images_of_different_shapes_are_not_correlated():
    """MXNet reads beyond the smaller one."""
    with pytest.raises(mx.base.MXNetError, match=r"data2 must have shape \(1, 2, 4, 4\), but has \(1, 2, 4, 3\)"):
        mx.nd.Correlation(mx.nd.zeros((1, 2, 4, 4)), mx.nd.zeros((1, 2, 4, 3)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: mx.nd.GridGenerator(x, transform_type="warp"), r"data must be \(N, 2, H, W\), displacements"),
        (lambda x: mx.nd.GridGenerator(x, transform_type="affine"), r"data must be \(N, 6\)"),
        (
            lambda x: mx.nd.GridGenerator(mx.nd.zeros((1, 6)), transform_type="affine", target_shape=(3,)),
            r"target_shape must be \(height, width\), but is \(3,\)",
        ),
        (lambda x: mx.nd.BilinearSampler(x, x), r"grid must have shape \(1, 2, h, w\), but has \(1, 3, 4, 4\)"),
        (
            lambda x: mx.nd.SpatialTransformer(
                x, mx.nd.zeros((2, 6)), transform_type="affine", sampler_type="bilinear", target_shape=(2, 2)
            ),
            r"grid must have shape \(1, 2, h, w\), but has \(2, 2, 2, 2\)",
        ),
    ],
)
def test_wrong_calls_say_what_is_wrong(call, message):
    with pytest.raises(mx.base.MXNetError, match=message):
        call(mx.nd.zeros((1, 3, 4, 4)))
