"""Count sketches and Fourier transforms, which MXNet computes on GPUs only, against their definitions in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd, sym

C = nd.contrib
SHAPES = [(3, 6), (1, 1), (2, 5), (2, 1, 3, 4)]


def gradient(operator, data: np.ndarray, head: np.ndarray) -> np.ndarray:
    x = nd.array(data, dtype=data.dtype)
    x.attach_grad()
    with autograd.record():
        y = operator(x)
    y.backward(nd.array(head, dtype=head.dtype))
    return x.grad.asnumpy()


def fourier(size: int) -> np.ndarray:
    """The matrix (2 * size, size) that takes a row to its interleaved transform."""
    angle = -2 * np.pi * np.outer(np.arange(size), np.arange(size)) / size
    return np.stack([np.cos(angle), np.sin(angle)], 1).reshape(2 * size, size)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_fft_and_its_gradient(shape, dtype):
    tolerance = {"rtol": 1e-4, "atol": 1e-5} if dtype == "float32" else {"rtol": 1e-10, "atol": 1e-12}
    matrix, data = fourier(shape[-1]), np.random.uniform(-1, 1, shape).astype(dtype)
    result = C.fft(nd.array(data, dtype=dtype), compute_size=2)
    assert result.dtype == data.dtype
    np.testing.assert_allclose(result.asnumpy(), data @ matrix.T, **tolerance)
    complex_result = np.fft.fft(data)
    np.testing.assert_allclose(result.asnumpy()[..., ::2], complex_result.real, **tolerance)
    np.testing.assert_allclose(result.asnumpy()[..., 1::2], complex_result.imag, **tolerance)
    head = np.random.uniform(-1, 1, result.shape).astype(dtype)
    np.testing.assert_allclose(gradient(C.fft, data, head), head @ matrix, **tolerance)


@pytest.mark.parametrize("shape", SHAPES)
def test_ifft_and_its_gradient(shape):
    """The real part of the inverse, not divided by the size: the transpose of fft."""
    matrix, data = fourier(shape[-1]), np.random.uniform(-1, 1, (*shape[:-1], 2 * shape[-1]))
    result = C.ifft(nd.array(data, dtype="float64"))
    np.testing.assert_allclose(result.asnumpy(), data @ matrix, rtol=1e-10, atol=1e-12)
    numpy_result = np.fft.ifft(data[..., ::2] + 1j * data[..., 1::2]).real * shape[-1]
    np.testing.assert_allclose(result.asnumpy(), numpy_result, rtol=1e-10, atol=1e-12)
    head = np.random.uniform(-1, 1, shape)
    np.testing.assert_allclose(gradient(C.ifft, data, head), head @ matrix.T, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [*SHAPES, (2, 40)])
def test_count_sketch_and_its_gradient(shape):
    size, width = shape[-1], 7
    places, signs = np.random.randint(0, width, (1, size)), np.random.choice([-1.0, 1.0], (1, size))
    matrix = np.zeros((size, width))
    matrix[np.arange(size), places[0]] = signs[0]
    data, h, s = np.random.uniform(-1, 1, shape), nd.array(places, dtype="float64"), nd.array(signs, dtype="float64")

    def operator(x):
        return C.count_sketch(x, h, s, out_dim=width, processing_batch_size=2)

    result = operator(nd.array(data, dtype="float64"))
    np.testing.assert_allclose(result.asnumpy(), data @ matrix, rtol=1e-10, atol=1e-12)
    head = np.random.uniform(-1, 1, result.shape)
    np.testing.assert_allclose(gradient(operator, data, head), head @ matrix.T, rtol=1e-10, atol=1e-12)


def test_compact_bilinear_pooling():
    """The sketch of an outer product is the circular convolution of two sketches."""
    x, y, width = np.random.uniform(-1, 1, (2, 6)), np.random.uniform(-1, 1, (2, 6)), 9
    hashes = [np.random.randint(0, width, (1, 6)) for _ in "xy"]
    signs = [np.random.choice([-1.0, 1.0], (1, 6)) for _ in "xy"]
    sketches = [
        C.count_sketch(
            nd.array(v, dtype="float64"), nd.array(h, dtype="float64"), nd.array(s, dtype="float64"), out_dim=width
        )
        for v, h, s in zip((x, y), hashes, signs, strict=True)
    ]
    a, b = (C.fft(v).reshape((2, width, 2)) for v in sketches)
    real = a[:, :, 0] * b[:, :, 0] - a[:, :, 1] * b[:, :, 1]
    imaginary = a[:, :, 0] * b[:, :, 1] + a[:, :, 1] * b[:, :, 0]
    pooled = C.ifft(nd.stack(real, imaginary, axis=2).reshape((2, -1))) / width
    outer = nd.array(np.einsum("ni,nj->nij", x, y).reshape(2, -1), dtype="float64")
    place = nd.array((hashes[0].T + hashes[1]).reshape(1, -1) % width, dtype="float64")
    sign = nd.array((signs[0].T * signs[1]).reshape(1, -1), dtype="float64")
    expected = C.count_sketch(outer, place, sign, out_dim=width)
    np.testing.assert_allclose(pooled.asnumpy(), expected.asnumpy(), rtol=1e-9, atol=1e-12)


def test_shapes_in_graphs():
    """As MXNet infers them."""
    for shape in ((2, 4), (2, 3, 4, 6)):
        rows = shape[:-1]
        assert sym.contrib.fft(sym.var("a")).infer_shape(a=shape)[1] == [(*rows, 2 * shape[-1])]
        assert sym.contrib.ifft(sym.var("a")).infer_shape(a=shape)[1] == [(*rows, shape[-1] // 2)]
        sketch = sym.contrib.count_sketch(sym.var("a"), sym.var("h"), sym.var("s"), out_dim=3)
        hashes = (1, shape[-1])
        assert sketch.infer_shape(a=shape, h=hashes, s=hashes)[1] == [(*rows, 3)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: C.fft(nd.ones(4)), "data must have 2 or 4 axes"),
        (lambda: C.fft(nd.ones((2, 4), dtype="int32")), "only floating-point data"),
        (lambda: C.ifft(nd.ones((2, 5))), "pairs of numbers along the last axis, but its size is 5"),
        (lambda: C.count_sketch(nd.ones((2, 4)), nd.ones((1, 5)), nd.ones((1, 4)), out_dim=3), "h must have shape"),
        (lambda: C.count_sketch(nd.ones((2, 4)), nd.ones((1, 4)), nd.ones((4,)), out_dim=3), "s must have shape"),
        (lambda: C.count_sketch(nd.ones((2, 4)), nd.ones((1, 4)) * 3, nd.ones((1, 4)), out_dim=3), "h must lie in 0"),
        (lambda: C.count_sketch(nd.ones((2, 4)), nd.zeros((1, 4)), nd.ones((1, 4)), out_dim=0), "out_dim must be"),
    ],
)
def test_errors_tell_what_is_wrong(call, message):
    with pytest.raises(mx.MXNetError, match=message):
        call()
