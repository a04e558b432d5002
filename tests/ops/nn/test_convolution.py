"""Convolution, its transpose and its columns beyond the samples: layouts, and what MXNet lacks, against one another."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx


@pytest.mark.parametrize(("layout", "first"), [("NHWC", "NCHW"), ("NDHWC", "NCDHW")])
@pytest.mark.parametrize("groups", [1, 2])
def test_convolution_with_channels_last(layout, first, groups):
    """MXNet has it on GPUs only."""
    n = len(layout) - 2
    x, w, b = np.random.randn(2, *(5, 4, 6)[:n], 4), np.random.randn(6, *(2, 3, 2)[:n], 4 // groups), np.random.randn(6)
    data, weight, bias = (mx.nd.array(v, dtype="float64") for v in (x, w, b))
    for a in (data, weight, bias):
        a.attach_grad()
    a = {"kernel": w.shape[1:-1], "num_filter": 6, "num_group": groups, "stride": (2, 1, 1)[:n], "pad": (1,) * n}
    with mx.autograd.record():
        last = mx.nd.Convolution(data, weight, bias, layout=layout, **a)
    last.backward()
    moved = [mx.nd.array(np.moveaxis(v, -1, 1), dtype="float64") for v in (x, w)]
    for m in moved:
        m.attach_grad()
    with mx.autograd.record():
        usual = mx.nd.Convolution(*moved, bias.detach(), layout=first, **a)
    usual.backward()
    np.testing.assert_allclose(last.asnumpy(), np.moveaxis(usual.asnumpy(), 1, -1), atol=1e-12)
    for got, expected in zip((data, weight), moved, strict=True):
        np.testing.assert_allclose(got.grad.asnumpy(), np.moveaxis(expected.grad.asnumpy(), 1, -1), atol=1e-12)


def test_shapes_of_parameters_follow_the_layout():
    data = mx.sym.Variable("data")
    conv = mx.sym.Convolution(data, kernel=(3, 2), num_filter=6, num_group=2, layout="NHWC", name="conv")
    shapes, outputs, _ = conv.infer_shape(data=(1, 8, 9, 4))
    assert dict(zip(conv.list_arguments(), shapes, strict=True)) == {
        "data": (1, 8, 9, 4), "conv_weight": (6, 3, 2, 2), "conv_bias": (6,),
    }  # fmt: skip
    assert outputs == [(1, 6, 8, 6)]


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"kernel": (3, 3), "stride": (2,)}, "stride must have 2 sizes"),
        ({"kernel": (3, 3), "num_group": 0}, "num_group=0 must divide 4 channels"),
        ({"kernel": (3, 3), "num_group": 3}, "num_group=3 must divide 4 channels"),
        ({"kernel": (3, 3), "layout": "NCW"}, "layout 'NCW' does not fit"),
        ({"kernel": (2, 2)}, r"weight must have shape \(6, 4, 2, 2\), but has \(6, 4, 3, 3\)"),
        ({"kernel": (3, 3, 3)}, "wants data of 5 dimensions"),
        ({"kernel": (3, 3), "no_bias": True}, "in spite of no_bias"),
    ],
)
def test_convolution_says_what_is_wrong(attributes, message):
    data, weight, bias = mx.nd.zeros((1, 4, 5, 5)), mx.nd.zeros((6, 4, 3, 3)), mx.nd.zeros((6,))
    with pytest.raises(mx.base.MXNetError, match=message):
        mx.nd.Convolution(data, weight, bias, num_filter=6, **attributes)


# ---- Deconvolution ---------------------------------------------------------------------------------------------------


def apply(op: str, x: np.ndarray, w: np.ndarray, **attributes) -> np.ndarray:
    return getattr(mx.nd, op)(mx.nd.array(x, dtype="float64"), mx.nd.array(w, dtype="float64"), **attributes).asnumpy()


WINDOWS = [
    # space, kernel, stride, pad, dilate
    ((7,), (3,), (2,), (1,), (2,)),
    ((5, 6), (3, 2), (1, 1), (0, 0), (1, 1)),
    ((8, 7), (2, 3), (3, 2), (1, 2), (2, 1)),
    ((5, 4, 6), (2, 1, 3), (2, 1, 2), (1, 0, 1), (2, 1, 1)),  # MXNet cannot dilate in three dimensions
]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("space", "kernel", "stride", "pad", "dilate"), WINDOWS)
def test_deconvolution_is_the_transpose_of_convolution(space, kernel, stride, pad, dilate, groups):
    """<convolution(x), y> = <x, deconvolution(y)>, where adj makes up for what the stride left over."""
    x, w = np.random.randn(2, 4, *space), np.random.randn(6, 4 // groups, *kernel)
    a = {"kernel": kernel, "stride": stride, "pad": pad, "dilate": dilate, "num_group": groups}
    y = apply("Convolution", x, w, num_filter=6, no_bias=True, **a)
    z = np.random.randn(*y.shape)
    spans = zip(space, kernel, stride, pad, dilate, strict=True)
    adj = tuple((n + 2 * p - d * (k - 1) - 1) % s for n, k, s, p, d in spans)
    back = apply("Deconvolution", z, w, num_filter=4, adj=adj, **a)
    assert back.shape == x.shape
    np.testing.assert_allclose((y * z).sum(), (x * back).sum())
    target = apply("Deconvolution", z, w, num_filter=4, target_shape=space, **a)
    assert target.shape == x.shape


@pytest.mark.parametrize(("size", "before", "after"), [(7, 0, 7), (6, 1, 7), (5, 1, 6), (4, 2, 6)])
def test_target_shape_cuts_both_ends(size, before, after):
    """One more at the start, where the rest is odd."""
    x, w = np.random.randn(1, 2, 3), np.random.randn(2, 2, 3)
    whole = apply("Deconvolution", x, w, kernel=(3,), stride=(2,), num_filter=2)
    part = apply("Deconvolution", x, w, kernel=(3,), stride=(2,), num_filter=2, target_shape=(size,), pad=(1,))
    np.testing.assert_allclose(part, whole[:, :, before:after])


@pytest.mark.parametrize(("layout", "first"), [("NHWC", "NCHW"), ("NDHWC", "NCDHW")])
@pytest.mark.parametrize("groups", [1, 2])
def test_deconvolution_with_channels_last(layout, first, groups):
    """MXNet has it on GPUs only."""
    n = len(layout) - 2
    x, w = np.random.randn(2, *(3, 4, 2)[:n], 4), np.random.randn(4, *(2, 3, 2)[:n], 6 // groups)
    a = {"kernel": w.shape[1:-1], "num_filter": 6, "num_group": groups, "stride": (2, 1, 1)[:n], "adj": (1, 0, 0)[:n]}
    last = apply("Deconvolution", x, w, layout=layout, **a)
    usual = apply("Deconvolution", *(np.moveaxis(v, -1, 1) for v in (x, w)), layout=first, **a)
    np.testing.assert_allclose(last, np.moveaxis(usual, 1, -1))
    symbol = mx.sym.Deconvolution(mx.sym.Variable("data"), layout=layout, no_bias=False, name="d", **a)
    shapes, outputs, _ = symbol.infer_shape(data=x.shape)
    assert shapes == [x.shape, w.shape, (6,)]
    assert outputs == [last.shape]


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"adj": (1, 1)}, r"adj \(1, 1\) must be smaller than stride \(1, 1\)"),
        ({"target_shape": (6, 3)}, r"target_shape must have 2 sizes between 1 and \(5, 5\), but is \(6, 3\)"),
        ({"num_group": 2}, "num_group=2 must divide 4 channels and num_filter=3"),
        ({"num_filter": 2}, r"weight must have shape \(4, 2, 3, 3\), but has \(4, 3, 3, 3\)"),
        ({"stride": (2,)}, "stride must have 2 sizes"),
        ({"stride": (2, 0)}, "non-positive stride"),
        ({"pad": (0, -1)}, "negative padding"),
        ({"no_bias": False}, "bias is missing"),
    ],
)
def test_deconvolution_says_what_is_wrong(attributes, message):
    data, weight = mx.nd.zeros((1, 4, 3, 3)), mx.nd.zeros((4, 3, 3, 3))
    with pytest.raises(mx.base.MXNetError, match=message):
        mx.nd.Deconvolution(data, weight, **{"kernel": (3, 3), "num_filter": 3, **attributes})


# ---- columns, Convolution_v1 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("space", "kernel", "stride", "pad", "dilate"), WINDOWS[1:3])
def test_columns_times_weight_are_the_convolution(space, kernel, stride, pad, dilate):
    x, w = np.random.randn(2, 3, *space), np.random.randn(4, 3, *kernel)
    a = {"kernel": kernel, "stride": stride, "pad": pad, "dilate": dilate}
    columns = mx.nd.im2col(mx.nd.array(x, dtype="float64"), **a)
    expected = apply("Convolution", x, w, num_filter=4, no_bias=True, **a)
    np.testing.assert_allclose(w.reshape(4, -1) @ columns.asnumpy(), expected.reshape(2, 4, -1))
    image = mx.nd.col2im(columns, output_size=space, **a)
    counts = mx.nd.col2im(mx.nd.im2col(mx.nd.ones(x.shape, dtype="float64"), **a), output_size=space, **a)
    np.testing.assert_allclose(image.asnumpy(), x * counts.asnumpy())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: mx.nd.im2col(x, kernel=(5, 5)), r"kernel \(5, 5\) exceeds the space \(3, 3\)"),
        (lambda x: mx.nd.im2col(x, kernel=(2, 2, 2)), "only two dimensions"),
        (
            lambda x: mx.nd.col2im(x, kernel=(2, 2), output_size=(3, 3)),
            r"data must be \(N, C \* prod\(kernel\), windows\)",
        ),
        (lambda x: mx.nd.col2im(x[0], kernel=(2, 2), output_size=(3,)), "output_size must have 2 sizes"),
    ],
)
def test_columns_say_what_is_wrong(call, message):
    with pytest.raises(mx.base.MXNetError, match=message):
        call(mx.nd.zeros((1, 2, 3, 3)))


def test_old_convolution_of_volumes_is_convolution():
    """MXNet accepts the call and cannot compute it."""
    x, w = np.random.randn(1, 2, 3, 4, 3), np.random.randn(3, 2, 2, 2, 2)
    a = {"kernel": (2, 2, 2), "num_filter": 3, "no_bias": True}
    np.testing.assert_array_equal(apply("Convolution_v1", x, w, **a), apply("Convolution", x, w, **a))
