"""Reading and writing parts of arrays: keys made by combining parts, and single cases that are easy to get wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

BOUNDS = (None, 0, 2, -1, -4, 9, -9)
STEPS = (None, 2, -1, -3)
PARTS = ("0", "-1", "1", ":", "1:", ":-1", "::2", "::-1", "-1::-2", "0:1", "None", "...")
ARRAYS = ("[1, 0]", "np.array([[1], [0]])", "nd.array([0, 1, 1])", "1", ":", "1:", "::-1", "...", "nd.array([1, -1])")
SHAPES = {"(6)": 1, "(3, 4)": 2, "(2, 3, 4)": 3}


def text(bound: int | None) -> str:
    return "" if bound is None else str(bound)


def slices() -> Iterator[str]:
    """Slices of a vector, in every direction and beyond its ends; MXNet refuses some that select nothing."""
    for start, stop, step in product(BOUNDS, BOUNDS, STEPS):
        if range(6)[start:stop:step]:
            yield f"{text(start)}:{text(stop)}" + (f":{step}" if step else "")


def keys(parts: tuple[str, ...], axes: int, every: int) -> Iterator[str]:
    """Combinations of parts that an array with this number of axes can take; of all of them, every so-many-th."""
    found = [
        ", ".join(key)
        for length in range(1, axes + 2)
        for key in product(parts, repeat=length)
        if key.count("...") < 2 and length - key.count("...") - key.count("None") <= axes
    ]
    yield from found[::every]


def is_advanced(key: str) -> bool:
    return "[" in key


def generated() -> Iterator[str]:
    """Reads (is the memory shared?) and writes (a number, then an array) with the same keys."""
    for key in list(slices())[::3]:
        yield f"a = arange(6); b = a[{key}]; b.asnumpy(), shares(b, a)"
    for key in list(slices())[1::9]:
        yield f"a = arange(6); a[{key}] = -1; a"
    for shape, axes in SHAPES.items():
        basic = list(keys(PARTS, axes, (1, 1, 9, 83)[axes]))
        advanced = [k for k in keys(ARRAYS, axes, (1, 1, 4, 29)[axes]) if is_advanced(k)]
        for i, key in enumerate(basic + advanced):
            yield f"a = arange{shape}; b = a[{key}]; b.asnumpy(), shares(b, a)"
            if i % 3 == 0 and "-1]" not in key:  # MXNet damages its memory there
                yield f"a = arange{shape}; a[{key}] = -1; a"
                yield f"a = arange{shape}; a[{key}] = -arange(*a[{key}].shape); a"


CASES = """
attempts(lambda k: x[k], [0, 1], [[0, 1]], [0.5], (), ((0, 1),), ((0, 1), (0, 1)), range(2), np.int64(1), [[0], [1]])
attempts(lambda k: x[k], np.array([0.0, 1.0]), nd.array([[0, 1], [1, 0]]), nd.array([1], dtype="uint8"), [-1], [-2, 1])
attempts(lambda k: x[k], True, False, [True, False], np.array([True, False]), nd.array([0, 1]) > 0, (0, True))
attempts(lambda k: x[k], nd.array([True, False], dtype="bool"))
attempts(lambda k: x[k], 2, -3, (0, 3), (0, -4), (0, 0, 0), (0, None, 0), (0, None, 0, 0), (Ellipsis, 0, 0, 0))
attempts(lambda k: x[k], "a", 0.5, 1.0, np.float32(1), np.bool_(True), {0}, (0, "a"), 1j, {"a": 1}, b"a", (0, 1.5))
attempts(lambda k: x[k], slice(0, 1.5), slice("a"), slice(None, None, 0), slice(None, None, 0.5), (0, slice(1.5, None)))
attempts(lambda k: x[k], [2], [-3], [0, 5], nd.array([7]), np.array([-9]), ([0, 1], [0, 3]), (slice(None), [3]))
attempts(lambda k: x[k], ([0, 1], [0, 1, 2]), ([0, 1], [0]), ([[0], [1]], [0, 1, 2]), ([0], [0], [0]))
x[..., ...]
x[:, ..., :]
x[0, ..., None, 1]
x[None], x[None, None], x[..., None], x[:, None, :], x[None, 0, None, 1, None]
x[0, 0], x[0, 0].shape, v[0], v[0].shape, t[1, 2, 3]
t[0, :, [0, 1]], t[[0, 1], :, 1], t[:, 0, [0, 1]], t[[0, 1], [0, 1]], t[[0, 1], :, [1, 2]], t[0, [0, 1], 1:]
t[[1, 0], ::-1], t[::-1, [0, 1]], t[:, ::-2, [3, 0]], t[::-1, [[0, 1]], ::3], t[..., [0], ::-1]
shares(x[0], x), shares(x[0, 0], x), shares(x[0:1], x), shares(x[:], x), shares(x[...], x), shares(x[()], x)
shares(x[:, 0], x), shares(x[:, 0:1], x), shares(x[::2], x), shares(x[::-1], x), shares(x[[0]], x), shares(x[None], x)
shares(x[0:1, 1:], x), shares(x[0, 1:], x), shares(x[:, :], x), shares(x[0][1:], x), shares(x[0, None], x)
a = arange(1, 3); shares(a[:, 0:2], a), shares(a[:, 1], a), shares(a[::-1], a), shares(a[::2], a), shares(a[..., 1:], a)
y = x[1]; y += 1; x
y = x[0:1].reshape((3, 1)); y[1] = 50; x
x[0] = v; x[1] = [7, 8, 9]; x
x[0] = nd.ones((1, 3)); x[1] = nd.ones((1, 1, 3)); x
x[:] = v; x
x[:] = nd.ones((1, 1, 2, 3)); x
x[:] = nd.ones((2, 1)); x
x[:] = [[1], [2]]; x
x[...] = nd.ones((2, 3), dtype="int32"); x
x[:] = np.arange(6).reshape(2, 3); x
x[:] = range(3); x
x[:] = True; x
x[:] = np.float64(3); x
x[:] = np.array(3); x
x[:] = nd.array(3); x
x[:] = nd.array([7]); x
x[:] = float("nan"); x
x[()] = 5; x
x[None] = nd.ones((1, 2, 3)); x
x[0, 1] = nd.array([[5]]); x[1, 2] = [6]; x[1, 0] = np.array(7); x[0, 0] = nd.array(8); x
x[:, 1] = [5, 6]; x
x[:, 1:2] = nd.array([[5], [6]]); x
x[::-1] = nd.array([[1, 2, 3], [4, 5, 6]]); x
x[:, ::-2] = nd.array([5, 6]); x
x[5:] = 5; x[1:1] = 5; x[:, 1:1] = 5; x
x[[0, 1], [0, 1]] = [5, 6]; x
x[[0, 0], [0, 0]] = nd.array([5, 6]); x
x[nd.array([1]), 0] = 5; x
x[[0, 1], ::-1] = v; x
x[::-1, [0, 1]] = nd.array([[1, 2], [3, 4]]); x
t[0, :, [0, 1]] = nd.array([[1, 2, 3], [4, 5, 6]]) * -1; t
t[[0, 1], 1:, ::-3] = nd.array([[1, 2], [3, 4]]) * -1; t
x[range(2)] = 5; x
x[x > 0] = 5; x
x[:] = x; x
x[0] = x[1]; x
x[:] = x[::-1]; x
x[:, 0:2] = x[:, 1:3]; x
x[:, 1:3] = x[:, 0:2]; x
x[1:] = x[:1]; x
x[0:2] = x; x
v[:-1] = v[1:]; v
v[[0, 1]] = v[[1, 2]]; v
i[:] = 1.7; i[0, 0] = -1.7; i
i[0] = [1.7, -1.7, 3]; i[1] = nd.array([1.7, -1.7, 300]); i
i[[0]] = [1.7, 2.7, 3.7]; i[[1], [2]] = 9.9; i
i[:] = True; i
a = nd.array([1, 2], dtype="uint8"); a[0] = 300; a[1] = -1; a
a = nd.array([1, 2], dtype="uint8"); a[:] = [300, -1]; a
a = nd.array([1, 2], dtype="uint8"); a[:] = nd.array([300, -1]); a
a = nd.array([1, 2], dtype="uint8"); a[:] = 3.7; a
a = nd.array([1, 2], dtype="uint8"); a[[0]] = 300; a
a = nd.array([1, 2], dtype="int8"); a[:] = nd.array([200, -200]); a
a = nd.array([1, 0], dtype="bool"); a[0] = 0; a[1] = 0.5; a
a = nd.array([1, 0], dtype="bool"); a[:] = [0, 3]; a
a = nd.array([1, 2], dtype="float16"); a[:] = 1e6; a[0] = 0.1; a
a = nd.array([1, 2], dtype="int64"); a[:] = [2**60 + 7, 1]; a
a = nd.ones((2, 3), mx.cpu(1)); a[:] = x; a[0] = v; a[1, 1] = 7; a
a = nd.ones((2, 3), mx.cpu(1)); x[:] = a; x
a = nd.ones((2, 3), mx.cpu(1)); a[0], a[:, 1], a[[0, 1]]
x[:] = nd.ones((3, 2))
x[:] = nd.ones((2,))
x[:] = nd.ones((2, 2, 3))
x[:] = [1, 2]
x[:] = "a"
x[:] = ["a"]
x[:] = [1, [2, 3]]
x[:] = 1j
x[:] = object()
x[:] = {1: 2}
x[0] = nd.ones((2,))
x[0] = nd.ones((2, 3))
x[0] = "a"
x[0, 1] = nd.array([5, 6])
x[:, 1] = nd.array([[5], [6]])
x[:, 1:2] = nd.array([5, 6])
x[2] = 5
x[0, 3] = 5
x[0, 0, 0] = 5
x["a"] = 5
x[0.5] = 5
x[..., ...] = 5
x[0:1.5] = 5
x[::0] = 5
x[[0, 1], [0, 1, 2]] = 5
x[[0, 1]] = "a"
x[[0, 1]] = nd.ones((3,)) * nd.ones((3, 1))
x[[0, 1], [0, 1]] = nd.array([5, 6, 7])
x[nd.array([True, False], dtype="bool")] = 5
t[0, 1:3, ::2] = [1, 2, 3]
none[:], none[0:0]
none[0]
"""
