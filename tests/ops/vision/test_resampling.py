"""Images of another size, against interpolation written out in NumPy, and as networks in files have them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import mxnet as mx


def weights(old: int, new: int, align_corners: bool) -> np.ndarray:
    """The matrix (new, old) of bilinear interpolation along one axis."""
    if new == 1:
        places = np.zeros(1)
    elif align_corners:
        places = np.arange(new) * (old - 1) / (new - 1)
    else:
        places = ((np.arange(new) + 0.5) * old / new - 0.5).clip(0)
    left = np.minimum(places.astype(int), old - 1)
    right = np.minimum(left + 1, old - 1)
    matrix = np.zeros((new, old))
    np.add.at(matrix, (np.arange(new), left), 1 - (places - left))
    np.add.at(matrix, (np.arange(new), right), places - left)
    return matrix


@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (7, 1), (2, 3), (9, 11), (5, 4)])
def test_bilinear_resize_is_a_matrix_for_each_axis(size, align_corners):
    """Where one pixel is left, it is the first one."""
    x = np.random.randn(2, 3, 5, 4)
    a = {"height": size[0], "width": size[1], "align_corners": align_corners}
    got = mx.nd.contrib.BilinearResize2D(mx.nd.array(x, dtype="float64"), **a)
    rows, columns = (weights(o, n, align_corners) for o, n in zip((5, 4), size, strict=True))
    np.testing.assert_allclose(got.asnumpy(), rows @ x @ columns.T, atol=1e-12)


@pytest.mark.parametrize(("size", "scale", "even", "odd"), [(100, 0.29, 29, 29), (7, 1.7, 11, 11), (9, 0.5, 4, 5)])
def test_scales_multiply_in_float32(size, scale, even, odd):
    """In float64 100 * 0.29 is less than 29."""
    x, scales = mx.nd.zeros((1, 1, size, size)), {"scale_height": scale, "scale_width": scale}
    assert mx.nd.contrib.BilinearResize2D(x, **scales).shape[2:] == (even, even)
    assert mx.nd.contrib.BilinearResize2D(x, mode="odd_scale", **scales).shape[2:] == (odd, odd)


def test_like_may_have_another_dtype_and_gets_no_gradient():
    x, like = mx.nd.random.normal(shape=(1, 2, 3, 4)), mx.nd.zeros((5, 1, 2, 2), dtype="int32")
    assert mx.nd.contrib.BilinearResize2D(x, like, mode="like").shape == (1, 2, 2, 2)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_upsampling_with_bilinear_weights_interpolates(scale):
    """Away from the border, where nothing is added from outside."""
    size = 2 * scale - scale % 2
    weight = mx.nd.zeros((1, 1, size, size))
    mx.init.Bilinear()(mx.init.InitDesc("weight"), weight)
    y, x = np.meshgrid(np.arange(6.0), np.arange(5.0), indexing="ij")
    plane = 2 * x - 3 * y + 1
    image = mx.nd.array(plane[None, None])
    got = mx.nd.UpSampling(image, weight, scale=scale, sample_type="bilinear", num_filter=1).asnumpy()[0, 0]
    at = lambda n: (np.arange(n * scale) + 0.5) / scale - 0.5  # noqa: E731
    fine = 2 * at(5)[None, :] - 3 * at(6)[:, None] + 1
    inside = (slice(scale, -scale), slice(scale, -scale))
    np.testing.assert_allclose(got[inside], fine[inside], rtol=1e-5)


def test_nearest_pixels_are_exact_at_any_scale():
    x = np.arange(41.0)
    for scale in (1, 3, 7, 49):
        got = mx.nd.UpSampling(mx.nd.array(x.reshape(1, 1, 1, 41)), scale=scale, sample_type="nearest")
        np.testing.assert_array_equal(got.asnumpy()[0, 0, 0], x.repeat(scale))


def test_a_graph_makes_the_weight_of_upsampling_itself():
    symbol = mx.sym.UpSampling(mx.sym.Variable("x"), scale=2, sample_type="bilinear", num_filter=3, name="up")
    assert symbol.list_arguments() == ["x", "up_weight"]
    assert symbol.infer_shape(x=(2, 3, 4, 5)) == ([(2, 3, 4, 5), (3, 1, 4, 4)], [(2, 3, 8, 10)], [])
    nodes = {node["name"]: node for node in json.loads(symbol.tojson())["nodes"]}
    assert nodes["up_weight"]["attrs"]["__init__"] == '["bilinear", {}]'
    assert nodes["up"]["attrs"]["num_args"] == "1"
    again = mx.sym.load_json(symbol.tojson())
    assert again.infer_shape(x=(2, 3, 4, 5))[1] == [(2, 3, 8, 10)]
    nearest = mx.sym.UpSampling(mx.sym.Variable("x"), scale=2, sample_type="nearest")
    assert nearest.list_arguments() == ["x"]


def test_a_crop_is_a_copy():
    x = mx.nd.zeros((1, 1, 3, 3))
    for size in ((2, 2), (3, 3)):
        part = mx.nd.Crop(x, h_w=size)
        part[:] = 1
        np.testing.assert_array_equal(x.asnumpy(), 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: mx.nd.Crop(x, h_w=(4, 2)), r"h_w must be two sizes between 1 and \(3, 3\), but is \(4, 2\)"),
        (lambda x: mx.nd.Crop(x, h_w=(2, 2), offset=(2, 0)), "reach beyond the image"),
        (lambda x: mx.nd.Crop(x, x, x), "one or two inputs are needed, but got 3"),
        (lambda x: mx.nd.UpSampling(scale=2, sample_type="nearest"), "at least one image is needed"),
        (lambda x: mx.nd.UpSampling(x, scale=0, sample_type="nearest"), "scale must be at least 1"),
        (
            lambda x: mx.nd.UpSampling(x, scale=2, sample_type="bilinear"),
            "needs two inputs, data and weight, but got 1",
        ),
        (
            lambda x: mx.nd.UpSampling(x, x, scale=2, sample_type="bilinear"),
            "num_filter must be the number of channels, 2",
        ),
        (lambda x: mx.nd.contrib.BilinearResize2D(x, mode="odd_scale"), "needs both scale_height and scale_width"),
        (lambda x: mx.nd.contrib.BilinearResize2D(x, height=0), r"the result would have the size \(0, 1\)"),
        (lambda x: mx.nd.contrib.BilinearResize2D(x, mode="like"), "needs the input like"),
    ],
)
def test_wrong_calls_say_what_is_wrong(call, message):
    with pytest.raises(mx.base.MXNetError, match=message):
        call(mx.nd.zeros((1, 2, 3, 3)))
