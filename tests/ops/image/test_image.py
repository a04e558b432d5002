"""Operators on images, against mathematics: what MXNet computes wrongly, leaves to chance, or needs a library for."""

from __future__ import annotations

import colorsys
import itertools

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet import autograd, nd
from mxnet.ops.image import codec as image_codec
from mxnet.ops.image import color as image_color

from ..samples.image import IMAGES

image = nd.image
RNG = np.random.RandomState(3)
COLOURS = RNG.randint(0, 256, (5, 7, 3)).astype(np.float64)


def as_nd(values: np.ndarray) -> nd.NDArray:
    return nd.array(values, dtype=values.dtype)


def gradient(function, values: np.ndarray, head: np.ndarray) -> np.ndarray:
    x = as_nd(values)
    x.attach_grad()
    with autograd.record():
        y = function(x)
    y.backward(as_nd(head))
    return x.grad.asnumpy()


# ---- what MXNet gets wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 5, 3), (1, 1, 1), (4, 3, 1), (5, 2, 3)])
def test_flips_of_odd_sizes(shape):
    values = RNG.randint(0, 256, shape).astype("uint8")
    np.testing.assert_array_equal(image.flip_left_right(as_nd(values)).asnumpy(), values[:, ::-1])
    np.testing.assert_array_equal(image.flip_top_bottom(as_nd(values)).asnumpy(), values[::-1])


def test_gradients_are_true_ones():
    head = RNG.uniform(-1, 1, COLOURS.shape)
    np.testing.assert_array_equal(gradient(image.flip_left_right, COLOURS, head), head[:, ::-1])
    np.testing.assert_allclose(gradient(lambda x: image.random_brightness(x, 0.25, 0.25), COLOURS, head), head / 4)
    moved = gradient(image.to_tensor, COLOURS, head.transpose(2, 0, 1).astype("float32"))
    np.testing.assert_allclose(moved, head / 255, rtol=1e-6)


@pytest.mark.parametrize("factor", [0.0, 0.4, 1.0, 2.3])
def test_saturation_leaves_the_brightness_of_every_pixel(factor):
    gray = COLOURS @ [[0.299], [0.587], [0.114]]
    result = image.random_saturation(as_nd(COLOURS), factor, factor).asnumpy()
    np.testing.assert_allclose(result, COLOURS * np.float32(factor) + gray * (1 - np.float32(factor)), rtol=1e-6)
    small = image.random_saturation(as_nd(COLOURS.astype("uint8")), factor, factor).asnumpy()
    np.testing.assert_allclose(small, result.clip(0, 255), atol=1)


def test_gray_images_have_no_hue_and_no_lighting():
    gray = as_nd(RNG.randint(0, 256, (2, 3, 1)).astype("uint8"))
    for result in (
        image.random_hue(gray, 0.3, 0.3),
        image.adjust_lighting(gray, (1, 2, 3)),
        image.random_lighting(gray),
    ):
        assert result is not gray
        np.testing.assert_array_equal(result.asnumpy(), gray.asnumpy())


def test_small_integers_are_cut_to_their_range():
    bright = as_nd(np.full((1, 1, 3), 100, "int8"))
    assert (image.random_brightness(bright, 2, 2).asnumpy() == 127).all()
    assert (image.adjust_lighting(bright, (-5, 0, 0)).asnumpy() == 127).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: image.crop(x, x=-1, y=0, width=2, height=2), "must lie within the image, 7 wide and 5 high"),
        (lambda x: image.resize(x, size=()), r"size must be \(width, height\).*got \(\)"),
        (lambda x: image.resize(x, size=3, interp=7), "interp must be 0 .nearest., 1 .bilinear.*got 7"),
        (
            lambda x: image.resize(x.astype("int32"), size=3),
            "uint8, float32 and float64.*\nReceived: .* int32",
        ),
        (lambda x: image.normalize(x, mean=0, std=1), "with 1 or 3 channels"),
        (lambda x: image.random_hue(x, -1, 1), "must not be negative"),
        (lambda x: nd._internal._cvcopyMakeBorder(x, top=1, bot=1, left=1, right=1, type=9), "type be 0, 1, 2, 3 or 4"),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises(mx.MXNetError, match=message):
        call(as_nd(COLOURS))


# ---- mathematics -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [0.0, 0.1, 0.35, 0.5, 0.8, 1.0, 2.25])
def test_hue_turns_as_in_colorsys(turn):
    def turned(pixel: np.ndarray) -> tuple:
        hue, lightness, saturation = colorsys.rgb_to_hls(*pixel / 255)
        return colorsys.hls_to_rgb((hue + turn) % 1, lightness, saturation)

    expected = np.apply_along_axis(turned, 2, COLOURS) * 255
    result = image.random_hue(as_nd(COLOURS), turn, turn).asnumpy()
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-3)
    gray = np.full((2, 2, 3), 77.0)
    np.testing.assert_array_equal(image.random_hue(as_nd(gray), turn, turn).asnumpy(), gray)


@pytest.mark.parametrize(("kind", "mode"), [(1, "edge"), (2, "symmetric"), (3, "wrap"), (4, "reflect")])
@pytest.mark.parametrize("shape", [(2, 3, 3), (1, 1, 1), (3, 1, 2)])
def test_borders_as_numpy_pads(kind, mode, shape):
    values = RNG.randint(0, 256, shape).astype("uint8")
    border = nd._internal._cvcopyMakeBorder(as_nd(values), top=7, bot=4, left=5, right=8, type=kind).asnumpy()
    np.testing.assert_array_equal(border, np.pad(values, ((7, 4), (5, 8), (0, 0)), mode))


def test_nearest_takes_pixels_whole_whatever_their_type():
    for values in (COLOURS.astype("float16"), COLOURS.astype("int64"), RNG.rand(5, 7, 5)):
        rows, columns = np.arange(9) * 5 // 9, np.arange(4) * 7 // 4
        result = image.resize(as_nd(values), size=(4, 9), interp=0).asnumpy()
        np.testing.assert_array_equal(result, values[rows][:, columns])


def bilinear(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear interpolation between the centres of the pixels, in float64."""
    for axis, new in ((0, height), (1, width)):
        size = values.shape[axis]
        place = ((np.arange(new) + 0.5) * size / new - 0.5).clip(0, size - 1)
        low = np.floor(place).astype(int)
        part = (place - low).reshape([-1 if a == axis else 1 for a in range(3)])
        values = values.take(low, axis) * (1 - part) + values.take((low + 1).clip(max=size - 1), axis) * part
    return values


@pytest.mark.parametrize(("width", "height"), [(3, 4), (20, 11), (7, 9), (1, 1), (14, 10)])
def test_bilinear_resize(width, height):
    exact = bilinear(COLOURS, height, width)
    for interp in (1, 5):
        result = image.resize(as_nd(COLOURS), size=(width, height), interp=interp).asnumpy()
        np.testing.assert_allclose(result, exact, rtol=1e-5, atol=1e-4)
        small = image.resize(as_nd(COLOURS.astype("uint8")), size=(width, height), interp=interp)
        assert np.abs(small.asnumpy() - exact).max() < 1.1  # weights of 11 bits, cut products


def test_area_resize_is_the_mean_of_what_is_covered():
    values = RNG.randint(0, 256, (6, 8, 3)).astype(np.float64)
    blocks = values.reshape(2, 3, 2, 4, 3).mean((1, 3))
    np.testing.assert_allclose(image.resize(as_nd(values), size=2, interp=3).asnumpy(), blocks, rtol=1e-6)
    fine = values.repeat(5, 0).repeat(3, 1)  # every pixel as 5 x 3 little ones: whole numbers of them per output pixel
    thirds = fine.reshape(5, 6, 3, 8, 3).mean((1, 3))
    np.testing.assert_allclose(image.resize(as_nd(values), size=(3, 5), interp=3).asnumpy(), thirds, rtol=1e-5)


@pytest.mark.parametrize("interp", range(6))
def test_resize_keeps_flat_images_flat_and_copies(interp):
    flat = as_nd(np.full((5, 7, 3), 93, "uint8"))
    assert (image.resize(flat, size=(12, 4), interp=interp).asnumpy() == 93).all()
    same = image.resize(flat, size=(7, 5), interp=interp)
    same[:] = 0
    assert (flat.asnumpy() == 93).all()


# ---- chance ----------------------------------------------------------------------------------------------------------

RANDOM = {
    "random_brightness": {"min_factor": 0.5, "max_factor": 1.5},
    "random_contrast": {"min_factor": 0.5, "max_factor": 1.5},
    "random_saturation": {"min_factor": 0.5, "max_factor": 1.5},
    "random_hue": {"min_factor": 0.0, "max_factor": 1.0},
    "random_lighting": {"alpha_std": 1.0},
    "random_color_jitter": {"brightness": 0.5, "contrast": 0.5, "saturation": 0.5, "hue": 0.5},
    "random_flip_left_right": {},
    "random_flip_top_bottom": {},
}


@pytest.mark.parametrize("name", RANDOM)
def test_the_seed_decides(name):
    def draws() -> np.ndarray:
        return np.stack([getattr(image, name)(as_nd(COLOURS), **RANDOM[name]).asnumpy() for _ in range(12)])

    mx.random.seed(5)
    first = draws()
    assert not (first == first[0]).all()
    mx.random.seed(5)
    np.testing.assert_array_equal(draws(), first)
    assert not (draws() == first).all()


def is_uniform(values: np.ndarray, low: float, high: float) -> bool:
    """Kolmogorov's test at about one in ten thousand."""
    ordered = (np.sort(values) - low) / (high - low)
    steps = np.arange(len(values) + 1) / len(values)
    distance = max((steps[1:] - ordered).max(), (ordered - steps[:-1]).max())
    return distance * np.sqrt(len(values)) < 2.2


@pytest.mark.parametrize(
    ("name", "attrs", "low", "high"),
    [
        ("random_brightness", {"min_factor": 0.2, "max_factor": 0.8}, 0.2, 0.8),
        ("random_contrast", {"min_factor": 0.2, "max_factor": 1.8}, 0.2, 1.8),
        ("random_saturation", {"min_factor": 0.0, "max_factor": 2.0}, 0.0, 2.0),
        ("random_color_jitter", {"brightness": 0.3, "contrast": 0, "saturation": 0, "hue": 0}, 0.7, 1.3),
        ("random_color_jitter", {"brightness": 0, "contrast": 0.3, "saturation": 0, "hue": 0}, 0.7, 1.3),
        ("random_color_jitter", {"brightness": 0, "contrast": 0, "saturation": 0.3, "hue": 0}, 0.7, 1.3),
    ],
)
def test_factors_are_uniform(name, attrs, low, high):
    """All three changes scale the difference of two channels of a pixel by the factor."""
    mx.random.seed(11)
    pixel = as_nd(np.array([[[10.0, 60.0, 110.0]]]))
    factors = [np.ptp(getattr(image, name)(pixel, **attrs).asnumpy()) / 100 for _ in range(400)]
    assert is_uniform(np.array(factors), low, high)


def test_jitter_turns_the_hue_both_ways():
    mx.random.seed(2)
    pixel = as_nd(np.array([[[200.0, 100.0, 0.0]]]))
    turned = [
        colorsys.rgb_to_hls(*image.random_color_jitter(pixel, 0, 0, 0, 0.25).asnumpy()[0, 0] / 200)[0]
        for _ in range(300)
    ]
    turns = (np.array(turned) - 1 / 12 + 0.5) % 1 - 0.5
    assert is_uniform(turns, -0.25, 0.25)


def test_jitter_does_everything_in_any_order(monkeypatch):
    """With the amounts fixed, results are those of the 24 orders, which pixels of 8 bits tell apart."""
    monkeypatch.setattr(image_color, "uniform", lambda data, low, high, rng: torch.tensor(high))
    amounts = {"brightness": 0.25, "contrast": 0.5, "saturation": 0.5, "hue": 0.2}
    pixels = torch.from_numpy(COLOURS.astype("uint8"))
    orders = {}
    for order in itertools.permutations(amounts):
        result = pixels
        for name in order:
            amount = torch.tensor(amounts[name] + (name != "hue"))
            result = getattr(image_color, f"adjust_{name}")(result, amount)
        orders[result.numpy().tobytes()] = order
    assert len(orders) > 12
    mx.random.seed(8)
    seen = {
        image.random_color_jitter(as_nd(COLOURS.astype("uint8")), **amounts).asnumpy().tobytes() for _ in range(300)
    }
    assert seen == set(orders)
    nothing = image.random_color_jitter(as_nd(COLOURS), 0, 0, 0, 0)
    np.testing.assert_array_equal(nothing.asnumpy(), COLOURS)


def test_lighting_is_normal_along_the_principal_components():
    mx.random.seed(4)
    black = nd.zeros((1, 1, 3), dtype="float64")
    basis = np.stack([image.adjust_lighting(black, alpha).asnumpy().ravel() for alpha in np.eye(3)], 1)
    draws = np.stack([image.random_lighting(black, alpha_std=0.5).asnumpy().ravel() for _ in range(800)])
    alphas = np.linalg.solve(basis, draws.T)
    np.testing.assert_allclose(alphas.mean(1), 0, atol=0.07)
    np.testing.assert_allclose(np.cov(alphas), 0.25 * np.eye(3), atol=0.05)


@pytest.mark.parametrize(("name", "axis"), [("random_flip_left_right", 1), ("random_flip_top_bottom", 0)])
def test_random_flips_are_fair(name, axis):
    mx.random.seed(9)
    results = [getattr(image, name)(as_nd(COLOURS)).asnumpy() for _ in range(400)]
    flipped = [(r == np.flip(COLOURS, axis)).all() for r in results]
    kept = [(r == COLOURS).all() for r in results]
    assert all(a != b for a, b in zip(flipped, kept, strict=True))
    assert 150 < sum(flipped) < 250


# ---- files -----------------------------------------------------------------------------------------------------------


def test_what_is_no_image():
    whole = (IMAGES / "colour.png").read_bytes()
    for content in (b"no image", whole[:60]):
        with pytest.raises(mx.MXNetError, match="_cvimdecode: the .* bytes are no image, or a damaged one"):
            nd._internal._cvimdecode(nd.array(np.frombuffer(content, np.uint8), dtype="uint8"))
    with pytest.raises(mx.MXNetError, match="cannot read .*nowhere.png.: No such file"):
        nd._internal._cvimread(filename=str(IMAGES / "nowhere.png"))
    with pytest.raises(mx.MXNetError, match="cannot read"):
        nd._internal._cvimread(filename=str(IMAGES))


def test_without_the_library_the_error_says_how_to_get_it(monkeypatch):
    def require(module: str, extra: str) -> None:
        raise ImportError(f'This needs {module}, ... pip install "regluon[{extra}]"', name=module)

    monkeypatch.setattr(image_codec, "require", require)
    with pytest.raises(mx.MXNetError, match=r'needs cv2, .* pip install "regluon\[image\]"'):
        nd._internal._cvimread(filename=str(IMAGES / "colour.png"))


def test_graphs_cannot_know_the_shape_of_a_file():
    decoded = mx.sym._internal._cvimdecode(mx.sym.Variable("buf"))
    with pytest.raises(mx.MXNetError, match="known only when it is decoded"):
        decoded.infer_shape(buf=(10,))
    read = mx.sym._internal._cvimread(filename=str(IMAGES / "colour.png"))
    assert read.eval()[0].shape == (5, 7, 3)


def test_nd_imdecode():
    content = (IMAGES / "colour.png").read_bytes()
    pixels = nd._internal._cvimdecode(nd.array(np.frombuffer(content, np.uint8), dtype="uint8")).asnumpy()
    expected = pixels.transpose(2, 0, 1).astype("float32")
    np.testing.assert_array_equal(nd.imdecode(content).asnumpy(), expected)
    np.testing.assert_array_equal(nd.imdecode(content, clip_rect=(1, 2, 5, 4)).asnumpy(), expected[:, 2:4, 1:5])
    mean = nd.ones((3, 5, 7)) * 9
    batch = nd.zeros((2, 3, 5, 7))
    assert nd.imdecode(content, out=batch, index=1, mean=mean) is batch
    np.testing.assert_array_equal(batch.asnumpy(), np.stack([expected * 0, expected - 9]))
    one = nd.zeros((3, 5, 7))
    np.testing.assert_array_equal(nd.imdecode(content, out=one).asnumpy(), expected)
    assert nd.imdecode(content, channels=1).shape == (1, 5, 7)
    with pytest.raises(mx.MXNetError, match="no image"):
        nd.imdecode(b"nonsense")
