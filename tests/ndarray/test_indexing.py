"""Reading and writing parts of arrays: against MXNet's answers, and against NumPy where MXNet is wrong."""

from __future__ import annotations

import random

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd

from .cases.replay import check, golden

S = np.s_
# With None beside index arrays, or negative indices in arrays that are written to, MXNet errs.
NUMPY_KEYS = [
    S[[0, 1], None], S[None, [0, 1]], S[[0, 1], :, None], S[:, None, [0, 2]], S[None, 1, [0, 2], None],
    S[[0], None, [1]], S[None, [0, 1], :, [0, 3]], S[..., None, [0, 3]], S[[0, 1], ..., None], S[::-1, None, [2, 0]],
    S[None, ::-1, [[0, 1]], ::-2],
    S[[-1]], S[[-1, 0]], S[:, [-1, -3]], S[[-1], [-2], [-3]], S[..., [-1, 1]], S[[-1], ::-1], S[0, ::-1, [-1, 2]],
    S[np.array([[-1], [0]]), [-1, 0]], S[1, :, [-1, 0]], S[[1, 0], 1:, -1], S[::-1, -1, ::-2], S[::-2, ::-2, ::-3],
]  # fmt: skip
BASIC_KEYS = [0, -1, S[1, 2], S[0:1], S[:, 1:3], S[::-1], S[..., ::2], S[None, 1], S[:]]
over_numpy_keys = pytest.mark.parametrize("key", NUMPY_KEYS, ids=str)


def both():
    values = np.arange(24.0, dtype="float32").reshape(2, 3, 4)
    return nd.array(values), values


@golden("indexing")
def test_golden(source, expected):
    check(source, expected)


@over_numpy_keys
def test_read_is_numpys(key):
    x, values = both()
    np.testing.assert_array_equal(x[key].asnumpy(), values[key])


@over_numpy_keys
def test_write_is_numpys(key):
    x, values = both()
    new = -np.arange(1, values[key].size + 1).reshape(values[key].shape)
    x[key], values[key] = nd.array(new), new
    np.testing.assert_array_equal(x.asnumpy(), values)
    x[key], values[key] = 0.5, 0.5
    np.testing.assert_array_equal(x.asnumpy(), values)


@pytest.mark.parametrize("key", [*BASIC_KEYS, *NUMPY_KEYS], ids=str)
def test_gradient_of_read(key):
    """Each element gets the sum of the head gradients of its copies."""
    x, values = both()
    x.attach_grad()
    with mx.autograd.record():
        part = x[key]
    head = np.arange(1.0, part.size + 1, dtype="float32").reshape(part.shape)
    part.backward(nd.array(head))
    expected = np.zeros_like(values)
    np.add.at(expected, key, head.reshape(values[key].shape))
    np.testing.assert_array_equal(x.grad.asnumpy(), expected)


def random_key(chance, shape):
    """A key for some of the axes; its index arrays, if any, have one shape."""
    arrays = chance.choice([None, (2,), (2, 1), (1,)])

    def part(size):
        numbers = [chance.choice([None, chance.randint(-size - 2, size + 2)]) for _ in range(2)]
        if chance.random() < 0.3:
            return chance.randint(-size, size - 1)
        if arrays is None or chance.random() < 0.5:
            return slice(*numbers, chance.choice([None, 1, 2, -1, -2, 3]))
        index = np.array([chance.randint(-size, size - 1) for _ in range(np.prod(arrays))]).reshape(arrays)
        return chance.choice([index, index.tolist(), nd.array(index)])

    key = [part(size) for size in shape[: chance.randint(1, len(shape))]]
    if chance.random() < 0.3:
        key.append(Ellipsis)
    if chance.random() < 0.3:
        key.insert(chance.randint(0, len(key)), None)
    return tuple(key)


@pytest.mark.parametrize("seed", range(8))
def test_random_keys_are_numpys(seed):
    chance = random.Random(seed)
    for _ in range(50):
        shape = tuple(chance.randint(1, 4) for _ in range(chance.randint(1, 4)))
        key = random_key(chance, shape)
        same = tuple(k.asnumpy().astype(int) if isinstance(k, nd.NDArray) else k for k in key)
        values = np.arange(np.prod(shape), dtype="float32").reshape(shape)
        x, expected = nd.array(values), values[same]
        np.testing.assert_array_equal(x[key].asnumpy(), expected if expected.ndim else expected.reshape(1), str(key))
        x[key] = values[same] = -1 - np.arange(expected.size).reshape(expected.shape)
        np.testing.assert_array_equal(x.asnumpy(), values, str(key))


def test_results_are_compact():
    """Whatever is read, its memory is in order, so that views of it write through."""
    x, _ = both()
    for key in NUMPY_KEYS:
        part = x[key]
        part.reshape((-1,))[0] = 99
        assert part.asnumpy().ravel()[0] == 99


@pytest.mark.parametrize("key", [S[[5]], S[[0, -3]], S[:, [3]], S[nd.array([2])]], ids=str)
def test_an_index_out_of_range_is_named_and_nothing_written(key):
    x, values = both()
    with pytest.raises(IndexError, match=r"index -?\d is out of bounds for axis \d with size \d"):
        x[key]
    with pytest.raises(IndexError, match="out of bounds"):
        x[key] = 5
    np.testing.assert_array_equal(x.asnumpy(), values)


def test_overlapping_pieces_of_one_memory():
    for target, source in ((S[1:], S[:-1]), (S[:-1], S[1:]), (S[:, 0], S[0, :2]), (S[:], S[0]), (S[0:2], S[1:3])):
        x, values = nd.arange(12).reshape((3, 4)), np.arange(12.0).reshape(3, 4)
        value = np.resize(values[source], values[target].shape) if target == S[:, 0] else values[source]
        x[target], values[target] = nd.array(value) if target == S[:, 0] else x[source], value.copy()
        np.testing.assert_array_equal(x.asnumpy(), values)


def test_values_of_every_kind_of_number():
    x = nd.zeros((1,), dtype="float64")
    for value in (0.1, np.float32(0.25), np.float64(0.1), 3, True, np.int8(-3), 2**70, 1e300, float("-inf")):
        x[0] = value
        assert x.asscalar() == float(value)
    x = nd.zeros((1,), dtype="int32")
    with pytest.raises(OverflowError):
        x[:] = 2**70
    assert x.asscalar() == 0


def test_read_only_and_foreign_memory_as_value():
    x = nd.zeros((2, 3))
    x[:] = np.broadcast_to(np.arange(3), (2, 3))
    x[0] = np.arange(3, dtype=">f8")[::-1]
    assert x.asnumpy().tolist() == [[2, 1, 0], [0, 1, 2]]


@pytest.mark.parametrize("key", [S[0], S[0, 1], S[:, 1], S[[0]]], ids=str)
def test_a_partial_write_while_recording_is_an_error(key):
    x = nd.ones((2, 3))
    x.attach_grad()
    with mx.autograd.record():
        y = x * 2
        for array in (x, y):
            with pytest.raises(mx.MXNetError, match="recording"):
                array[key] = 0
    y.backward()
    assert x.asnumpy().tolist() == x.grad.asnumpy().tolist() * 0 + [[1] * 3] * 2
