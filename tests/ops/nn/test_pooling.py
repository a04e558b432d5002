"""Pooling beyond the samples: layouts, and windows that torch's kernels refuse, against plain loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import mxnet as mx


def reference_pooling(x: np.ndarray, kernel, stride, pad, kind: str, convention: str, include_pad: bool) -> np.ndarray:
    """Pooling from its definition. ``pad``: (before, after) for each dimension."""
    space = x.shape[2:]
    counts = [
        (math.ceil if convention == "full" else math.floor)((n + b + a - k) / s) + 1
        for n, k, s, (b, a) in zip(space, kernel, stride, pad, strict=True)
    ]
    out = np.empty((*x.shape[:2], *counts))
    for place in itertools.product(*map(range, counts)):
        starts = [i * s - b for i, s, (b, _) in zip(place, stride, pad, strict=True)]
        ends = [min(p + k, n + a) for p, k, n, (_, a) in zip(starts, kernel, space, pad, strict=True)]
        inside = tuple(slice(max(p, 0), max(min(e, n), 0)) for p, e, n in zip(starts, ends, space, strict=True))
        window = x[(slice(None), slice(None), *inside)].reshape(*x.shape[:2], -1)
        size = np.prod([max(e - p, 0) for p, e in zip(starts, ends, strict=True)]) if include_pad else window.shape[-1]
        if kind == "max":
            empty = np.full(x.shape[:2], np.finfo(x.dtype).min)
            answer = window.max(-1) if window.shape[-1] else empty
        else:
            answer = window.sum(-1) / (max(size, 1) if kind == "avg" else 1)
        out[(slice(None), slice(None), *place)] = answer
    return out


WINDOWS = [
    # space, kernel, stride, pad
    ((7, 6), (3, 3), (2, 2), (2, 2)),  # more than half a window of padding
    ((6, 6), (2, 2), (3, 3), (1, 1)),  # "full": windows beyond the padded space
    ((5, 8), (4, 2), (3, 4), (3, 0)),
    ((4, 4), (1, 1), (3, 3), (0, 0)),
    ((9,), (4,), (3,), (3,)),
    ((4, 5, 6), (3, 2, 4), (2, 3, 3), (2, 1, 3)),
]


@pytest.mark.parametrize("include_pad", [True, False])
@pytest.mark.parametrize("convention", ["valid", "full"])
@pytest.mark.parametrize("kind", ["max", "avg", "sum"])
@pytest.mark.parametrize(("space", "kernel", "stride", "pad"), WINDOWS)
def test_pooling_with_unusual_windows(space, kernel, stride, pad, kind, convention, include_pad):
    x = np.random.uniform(-1, 1, (2, 3, *space))
    got = mx.nd.Pooling(
        mx.nd.array(x, dtype="float64"), kernel=kernel, stride=stride, pad=pad, pool_type=kind,
        pooling_convention=convention, count_include_pad=include_pad,
    )  # fmt: skip
    both = [(p, p) for p in pad]
    np.testing.assert_allclose(got.asnumpy(), reference_pooling(x, kernel, stride, both, kind, convention, include_pad))


@pytest.mark.parametrize("kind", ["max", "avg", "sum"])
@pytest.mark.parametrize(("size", "kernel", "stride"), [(6, 3, 2), (7, 3, 2), (7, 2, 1), (5, 1, 3), (4, 4, 1)])
def test_same_keeps_the_size_but_for_the_stride(size, kernel, stride, kind):
    """MXNet means this for one dimension, and fails there."""
    x = np.random.uniform(-1, 1, (1, 2, size, size))
    a = {"kernel": (kernel,) * 2, "stride": (stride,) * 2, "pool_type": kind, "pooling_convention": "same"}
    got = mx.nd.Pooling(mx.nd.array(x, dtype="float64"), count_include_pad=False, **a).asnumpy()
    windows = math.ceil(size / stride)
    assert got.shape == (1, 2, windows, windows)
    total = max((windows - 1) * stride + kernel - size, 0)
    pad = [(total // 2, total - total // 2)] * 2
    np.testing.assert_allclose(got, reference_pooling(x, a["kernel"], a["stride"], pad, kind, "valid", False))


@pytest.mark.parametrize("p", [1, 2, 3])
def test_norm_of_nothing_has_gradient_zero(p):
    x = mx.nd.array([[[0.0, 0.0, 1.0, 2.0]]])
    x.attach_grad()
    with mx.autograd.record():
        y = mx.nd.Pooling(x, kernel=(2,), stride=(2,), pool_type="lp", p_value=p)
    y.backward()
    root = (1 + 2**p) ** (1 / p)
    np.testing.assert_allclose(y.asnumpy().ravel(), [0, root], rtol=1e-6)
    expected = [(v / root) ** (p - 1) for v in (1.0, 2.0)]
    np.testing.assert_allclose(x.grad.asnumpy().ravel(), [p == 1, p == 1, *expected], rtol=1e-6)


def test_among_equals_the_gradient_of_max_goes_to_the_first():
    for attributes in ({"kernel": (2, 2), "stride": (2, 2)}, {"global_pool": True}):
        x = mx.nd.zeros((1, 1, 2, 2))
        x.attach_grad()
        with mx.autograd.record():
            y = mx.nd.Pooling(x, **attributes)
        y.backward()
        np.testing.assert_array_equal(x.grad.asnumpy().ravel(), [1, 0, 0, 0])


@pytest.mark.parametrize(("layout", "shape"), [("NWC", (2, 6, 3)), ("NHWC", (2, 6, 5, 3)), ("NDHWC", (2, 4, 5, 6, 3))])
@pytest.mark.parametrize("attributes", [{"global_pool": True}, {"kernel": (2, 3, 2), "stride": (2, 1, 2)}])
def test_pooling_with_channels_last(layout, shape, attributes):
    n = len(shape) - 2
    a = {k: v if v is True else v[:n] for k, v in attributes.items()}
    x = np.random.randn(*shape)
    for kind in ("max", "avg"):
        last = mx.nd.Pooling(mx.nd.array(x), layout=layout, pool_type=kind, **a).asnumpy()
        usual = mx.nd.Pooling(mx.nd.array(np.moveaxis(x, -1, 1)), pool_type=kind, **a).asnumpy()
        np.testing.assert_allclose(last, np.moveaxis(usual, 1, -1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["max", "avg", "sum"])
def test_old_pooling_of_volumes(kind):
    """MXNet accepts the call and cannot compute it. Padding is zeros, which count."""
    x = np.random.randn(1, 2, 3, 4, 3)
    got = mx.nd.Pooling_v1(mx.nd.array(x, dtype="float64"), kernel=(2, 2, 2), pad=(1, 0, 1), pool_type=kind)
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 0), (1, 1)])
    none = [(0, 0)] * 3
    expected = reference_pooling(padded, (2, 2, 2), (1, 1, 1), none, kind, "valid", True)
    np.testing.assert_allclose(got.asnumpy(), expected)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"kernel": (7, 2)}, r"kernel \(7, 2\) exceeds the space \(5, 5\)"),
        ({"kernel": (2, 2), "pad": (2, 2)}, r"pad \(2, 2\) must be smaller than kernel"),
        ({"kernel": (2, 2), "stride": (0, 1)}, "stride must have sizes of at least 1"),
        ({"kernel": (2, 2), "pad": (-1, 1)}, "pad must have sizes of at least 0"),
        ({"kernel": (2, 2), "layout": "NCW"}, "layout 'NCW' does not fit data of 4 dimensions"),
        ({"global_pool": True, "layout": "NCW"}, "layout 'NCW' does not fit data of 4 dimensions"),
        ({"kernel": (2,)}, "wants data of 3 dimensions"),
        ({}, "kernel must have 1 to 3 sizes"),
        ({"kernel": (2, 2), "pool_type": "lp"}, "needs p_value=1, 2 or 3, but it is None"),
    ],
)
def test_pooling_says_what_is_wrong(attributes, message):
    with pytest.raises(mx.base.MXNetError, match=message):
        mx.nd.Pooling(mx.nd.zeros((1, 2, 5, 5)), **attributes)


@pytest.mark.parametrize("size", [(-1, 2), (1, 2, 3), (0,)])
def test_adaptive_pooling_says_what_is_wrong(size):
    with pytest.raises(mx.base.MXNetError, match="output_size must be one or two sizes of at least 1"):
        mx.nd.contrib.AdaptiveAvgPooling2D(mx.nd.zeros((1, 2, 5, 5)), output_size=size)


@pytest.mark.parametrize("kind", ["max", "avg", "sum"])
@pytest.mark.parametrize(
    ("space", "kernel", "stride"),
    [
        ((64, 65), (2, 2), (2, 2)),
        ((70, 33), (3, 2), (2, 1)),
        ((40, 41), (5, 5), ()),
        ((20, 16, 18), (2, 3, 1), (2, 1, 3)),
    ],
)
def test_large_maps_take_another_way_without_a_gradient_and_agree(space, kernel, stride, kind):
    x = np.random.uniform(-1, 1, (4, 5, *space))
    array = mx.nd.array(x, dtype="float64")
    got = mx.nd.Pooling(array, kernel=kernel, stride=stride, pool_type=kind)
    none = [(0, 0)] * len(space)
    expected = reference_pooling(x, kernel, stride or (1,) * len(space), none, kind, "valid", True)
    np.testing.assert_allclose(got.asnumpy(), expected)
    array.attach_grad()
    with mx.autograd.record():
        recorded = mx.nd.Pooling(array, kernel=kernel, stride=stride, pool_type=kind)
    np.testing.assert_allclose(recorded.asnumpy(), expected)
