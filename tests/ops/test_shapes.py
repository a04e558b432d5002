"""Shape arithmetic: MXNet's reshape codes, and slices without negative steps."""

from __future__ import annotations

import itertools

import pytest

from mxnet.ops.shapes import forward_slice, infer_reshape, normalize_axes

# (shape, target, reverse, what MXNet answered)
RESHAPES = (
    ((2, 3, 4), (6, 4), False, (6, 4)),
    ((2, 3, 4), (0, -1), False, (2, 12)),
    ((3, 4, 2), (-1, 12, 0), False, (1, 12, 2)),
    ((4, 6), (4, 0, -1), False, (4, 6, 1)),
    ((4, 1, 6), (0, -2), False, (4, 1, 6)),
    ((4, 4, 3), (0, -3), False, (4, 12)),
    ((6, 6, 6, 6), (-3, -1), False, (36, 36)),
    ((3, 3, 1, 4), (3, -1, 0, -2), False, (3, 3, 1, 4)),
    ((6, 6, 6), (6, 6, -4, -1, 2), False, (6, 6, 3, 2)),
    ((6, 6, 3, 3), (-4, -1, 3, 0, -2), False, (2, 3, 6, 3, 3)),
    ((4, 4, 2), (-1, 0), True, (16, 2)),
    ((3, 2, 4), (0, -1), True, (2, 12)),
    ((3, 4, 4, 1), (-2, 0), True, (3, 4, 4, 1)),
    ((2, 6, 6, 2), (0, -1, 0, 1), True, (2, 12, 6, 1)),
    ((3, 1, 4, 4), (-3, -1, 0), True, (3, 4, 4)),
    ((2, 6, 3), (2, -1, -4, 0, -1), True, (2, 1, 6, 3)),
)


@pytest.mark.parametrize(("shape", "target", "reverse", "expected"), RESHAPES)
def test_infer_reshape_as_mxnet(shape, target, reverse, expected):
    assert infer_reshape(shape, target, reverse) == expected


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ((-1, -1), "more than one -1"),
        ((5, -1), "cannot reshape 24 elements"),
        ((2, 3), "cannot reshape 24 elements"),
        ((0, 0, 0, 0), "code 0"),
        ((-2, -3), "code -3"),
        ((6, -4, 2), "code -4"),
        ((-4, 3, 3, -2), "code -4"),
        ((-4, -1, -1, -2), "code -4"),
        ((6, -5), "-5"),
    ],
)
def test_infer_reshape_refuses(target, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        infer_reshape((2, 3, 4), target)
    assert str(target) in str(caught.value)


def test_forward_slice_selects_what_python_selects():
    bounds = (None, *range(-6, 7))
    steps = (None, 1, 2, 5, -1, -2, -3, -7)
    for size in range(5):
        for parts in itertools.product(bounds, bounds, steps):
            items = list(range(size))
            key, backwards = forward_slice(slice(*parts), size)
            assert key.step is None or key.step > 0
            found = items[key][::-1] if backwards else items[key]
            assert found == items[slice(*parts)]


def test_normalize_axes():
    assert normalize_axes(-1, 3) == (2,)
    assert normalize_axes((0, -2), 3) == (0, 1)
    with pytest.raises(ValueError, match="axis 3"):
        normalize_axes((0, 3), 3)
    with pytest.raises(ValueError, match="twice"):
        normalize_axes((0, -3), 3)
