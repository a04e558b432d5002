"""Functions of mx.nd that are no operators: of two arrays or numbers, and small helpers. One case a line."""

from __future__ import annotations

from collections.abc import Iterator

BINARY = (
    "add subtract multiply divide true_divide modulo power maximum minimum equal not_equal greater greater_equal "
    "lesser lesser_equal logical_and logical_or logical_xor"
).split()

CASES = """
nd.moveaxis(t, 0, 2), nd.moveaxis(t, -1, 0), nd.moveaxis(t, 0, 0), nd.moveaxis(t, [0, 1], [1, 2]), nd.moveaxis(t, (2, \
0), (0, 1))
nd.moveaxis(t, [0, 1, 2], [-1, -2, -3]), nd.moveaxis(tensor=x, source=0, destination=1), nd.moveaxis(t, 1, -1)
attempts(lambda a: nd.moveaxis(t, *a), (3, 0), (0, 3), (-4, 0), ([0, 1], [0]), ([0, 0], [1, 2]), ([0, 1], [1, 1]), \
("a", 0))
attempts(lambda a: nd.moveaxis(t, *a), (0.5, 0), (None, 0), ([], []))
nd.moveaxis(5, 0, 1)
nd.concatenate([x, x]), nd.concatenate([x, x], axis=1), nd.concatenate([v, one]), nd.concatenate([x]), \
nd.concatenate([i, i])
nd.concatenate([x], always_copy=False) is x, nd.concatenate([x]) is x, shares(nd.concatenate([x]), x)
nd.concatenate([t, t[:1]]), nd.concatenate([t, t[:, :1]], 1), nd.concatenate([t, t], axis=2)
nd.concatenate([])
nd.concatenate([x, v])
nd.concatenate([x, i])
nd.concatenate([x, t[0]])
nd.concatenate(x)
nd.concatenate(5)
nd.concatenate([5])
nd.concatenate([5], always_copy=False)
nd.concatenate([x, x], axis=2)
nd.concatenate([x, x.astype("float64")])
nd.concatenate([nd.ones((1, 2), mx.cpu(1)), nd.ones((2, 2), mx.cpu(1))])
nd.split_v2(x, 3, axis=1), nd.split_v2(x, 2), nd.split_v2(x, (1,), axis=1), nd.split_v2(x, (1, 2), axis=1), \
nd.split_v2(x, 1)
nd.split_v2(x, 3, axis=1, squeeze_axis=True), nd.split_v2(x, (1, 2), 1, True), nd.split_v2(v, (1,)), nd.split_v2(t, \
2, axis=-1)
nd.split_v2(t, 2, axis=-1)[0].shape, nd.split_v2(t, (1, 3), axis=2)[1], nd.split_v2(x, 3, axis=-1), \
type(nd.split_v2(x, 1)).__name__
attempts(lambda s: nd.split_v2(x, s, axis=1), 2, [1, 2], "a", None, 1.5, (1,), (0, 1), (2, 1), (5,), (-1,), -3, ())
nd.split_v2(x, 2, axis=2)
nd.split_v2(5, 2)
nd.histogram(v, bins=3, range=(0, 3)), nd.histogram(x, 2, (-4, 4)), nd.histogram(v, bins=nd.array([0, 1.5, 4]))
nd.histogram(nd.array([1, 2, 2, 3], dtype="int32"), bins=3, range=(1, 4)), nd.histogram(nd.array([1.0, 9, -9, 2]), 2, \
(0, 4))
nd.histogram(x.astype("float64"), 2, (-4, 4)), nd.histogram(nd.array([np.nan, 1, np.inf]), 2, (0, 2)), \
nd.histogram(v, 2, [0, 3])
nd.histogram(v, bins=nd.array([0, 1.5, 4], dtype="float64"))
nd.histogram(v, bins=nd.array([1]))
nd.histogram(v, bins=np.int64(2), range=(0.5, 2.7)), nd.histogram(i, bins=nd.array([0, 1, 3], dtype="int32"))
nd.histogram(v, bins=2.5)
nd.histogram(v, bins=[0, 1, 2])
nd.histogram(v, bins="a")
nd.histogram(v, bins=3, range=(3, 0))
nd.histogram(v, bins=3, range=5)
nd.histogram([1, 2], bins=3, range=(0, 3))
a = nd.zeros((2, 3)); nd.onehot_encode(nd.array([0, 2]), a) is a, a
a = nd.ones((2, 2)); nd.onehot_encode(nd.array([0, 5]), a)
a = nd.ones((3, 2)); nd.onehot_encode(nd.array([0, 1]), a)
nd.waitall()
nd.waitall() is None
"""


def generated() -> Iterator[str]:
    for name in BINARY:
        f = f"nd.{name}"
        yield f"{f}(x, x), {f}(x, v), {f}(v, x), {f}(x, 2), {f}(2, x), {f}(x, 0.5), {f}(0.5, x), {f}(x, True)"
        yield f"{f}(i, i * 0 + 2), {f}(i, 2), {f}(i * 0 + 3, 2.0), {f}(7, i * 0 + 2), {f}(i, np.float32(2))"
        yield f"{f}(7, 2), {f}(2, 2), {f}(2.5, 2), {f}(-7, 2.0), {f}(True, 2), {f}(1, 0.5)"
        yield f"{f}(x, i)"
        yield f"{f}(x, nd.ones((2,)))"
        yield f"attempts(lambda s: {f}(x, s), None, 'a', [1, 2, 3], np.ones(3), 1j)"
        yield f"{f}('a', 'b')"
        yield f"{f}(lhs=x, rhs=2)" if name != "power" else f"{f}(base=x, exp=2)"
