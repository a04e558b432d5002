"""The printed form of arrays: dtypes, shapes, sizes, special values, contexts. One case a line."""

from __future__ import annotations

from collections.abc import Iterator

DTYPES = "float32 float64 float16 int8 uint8 int32 int64 bool".split()

CASES = """
repr(x), str(x), f"{x}"
repr(scalar), repr(one), repr(none), repr(nd.array([[]])), repr(nd.array([[], []]))
repr(nd.zeros((1, 1, 1, 1))), repr(nd.ones((2, 1, 3)))
repr(nd.array([np.nan, np.inf, -np.inf, 0.0, -0.0]))
repr(nd.array([[np.nan, 1], [2.5, np.inf]]))
repr(nd.array([1e-8, 1, 1e8])), repr(nd.array([1e-4, 1e4])), repr(nd.array([1e10, 1])), repr(nd.array([0.1, \
0.123456789]))
repr(nd.array([1e-45, 3.4e38])), repr(nd.array([16777216, 16777217])), repr(nd.array([1/3, 2/3, 1])), \
repr(nd.array([100000.5, 1]))
repr(nd.array([1e-310, 1e308], dtype="float64")), repr(nd.array([1/3], dtype="float64")), repr(nd.array([65504, \
6e-8], dtype="float16"))
repr(nd.array([2**62, -1], dtype="int64")), repr(nd.array([-128, 127], dtype="int8")), repr(nd.array([255, 0], \
dtype="uint8"))
repr(nd.arange(1000)), repr(nd.arange(1001)), repr(nd.arange(1001, dtype="int32"))
repr(nd.arange(2000).reshape((50, 40))), repr(nd.ones((1001, 2))), repr(nd.ones((2, 1001))), repr(nd.ones((8, 8, 17)))
repr(nd.zeros((11, 10, 10))), repr(nd.zeros((3, 7, 7, 7)))
repr(nd.arange(12).reshape((2, 2, 3)) * 1.5), repr(nd.arange(16).reshape((2, 2, 2, 2)))
repr(nd.arange(30)), repr(nd.arange(30) / 7), repr(nd.arange(100, 140, dtype="int64"))
repr(nd.ones((2,), mx.cpu(1))), repr(nd.ones((1, 2), mx.cpu_pinned())), repr(nd.ones((1,), mx.Context("cpu_shared", 0)))
repr(x[0]), repr(x[:, 0]), repr(x.T), repr(x == x), repr(x[0, 0]), repr(x[5:])
repr([one, one]), str((one,)), "%s" % one, f"{one!r:>40}", "{}".format(x)
np.set_printoptions(precision=2); r = repr(nd.array([1 / 3])); np.set_printoptions(precision=8); r
np.set_printoptions(threshold=5); r = repr(nd.arange(6)); np.set_printoptions(threshold=1000); r
x.attach_grad(); repr(x), repr(x.grad)
repr(mx.cpu()), repr(mx.cpu(3)), repr(mx.gpu(1)), repr(mx.cpu_pinned(2)), str(mx.cpu()), f"{mx.gpu()}", repr([mx.cpu()])
"""


def generated() -> Iterator[str]:
    for dtype in DTYPES:
        yield f"repr(nd.array([[1, 0, 3], [4, 5, 106]], dtype='{dtype}'))"
        yield f"[repr(nd.array(value, dtype='{dtype}')) for value in (7, [7], [])]"
        yield f"repr(nd.array(np.arange(1200) % 100, dtype='{dtype}').reshape((30, 40)))"
