"""Python's operators: every kind of array with every kind of number, with arrays, and with what does not fit."""

from __future__ import annotations

from collections.abc import Iterator

VALUES = {
    "float32": "[-7, -1.5, 2, 5]",
    "float64": "[-7, -1.5, 2, 5]",
    "float16": "[-7, -1.5, 2, 5]",
    "int32": "[-7, -1, 2, 5]",
    "int64": "[-7, -1, 2, 5]",
    "int8": "[-7, -1, 2, 127]",
    "uint8": "[0, 1, 2, 250]",
    "bool": "[0, 1, 1, 0]",
}
NUMBERS = "2, -3, 2.5, 1.0, True, np.float32(2.5), np.float64(-1.5), np.int64(2), np.uint8(3)"
ARITHMETIC = [f"{a} {operator} {s}" for a, s in ("as", "sa") for operator in ("+", "-", "*", "/", "%", "**")]
COMPARISONS = ["a == s", "a != s", "a < s", "a <= s", "a > s", "a >= s", "s < a", "s >= a", "s == a"]
IN_PLACE = ("__iadd__", "__isub__", "__imul__", "__itruediv__", "__imod__")
WRONG = "None, 'a', [1, 2, 3, 4], (1,), np.ones(4), np.array(2.0), 1j, {}, slice(None)"


def undefined(dtype: str, expression: str) -> bool:
    """Division of integers by zero, and negative powers of it, which MXNet leaves to the processor."""
    return (dtype, expression) == ("int8", "s ** a") or (
        dtype in ("uint8", "bool") and expression in ("s / a", "s % a")
    )


def generated() -> Iterator[str]:
    for dtype, values in VALUES.items():
        setup = f"a = nd.array({values}, dtype='{dtype}')"
        for expression in ARITHMETIC + COMPARISONS:
            if dtype == "bool" and expression in COMPARISONS:
                continue
            if not undefined(dtype, expression):
                yield f"{setup}; attempts(lambda s: {expression}, {NUMBERS})"
        for method in IN_PLACE:
            yield f"{setup}; attempts(lambda s: a.copy().{method}(s), {NUMBERS})"
        yield f"{setup}; -a, abs(a), a.__neg__()"
        others = ", ".join(f"nd.array([1, 2, 3, 4], dtype='{other}')" for other in VALUES if other != "bool")
        for expression in ("a + s", "a / s", "a < s", "a.copy().__imul__(s)"):
            yield f"{setup}; attempts(lambda s: {expression}, {others})"
    for expression in ("a + s", "a - s", "a * s", "a / s", "s + a", "a ** s", "a == s", "a != s", "a < s", "s >= a"):
        yield f"a = nd.array([1, 2, 3, 4]); attempts(lambda s: {expression}, {WRONG})"
    for method in IN_PLACE:
        yield f"a = nd.array([1, 2, 3, 4]); attempts(lambda s: a.{method}(s), {WRONG})"


CASES = """
a = nd.array([7, -7, 0, 3], dtype="int32"); b = nd.array([2, 2, 5, -4], dtype="int32"); a + b, a - b, a * b, a / b, \
a % b
a = nd.array([7, -7, 0, 3], dtype="int32"); b = nd.array([2, 2, 5, -4], dtype="int32"); a == b, a != b, a < b, \
a <= b, a > b
a = nd.array([7, -7, 0, 3]); b = nd.array([2, 2, 0, -4]); a + b, a - b, a * b, a / b, a % b, a ** b
a = nd.array([7, -7, 0, 3]); b = nd.array([2, 2, 0, -4]); a == b, a != b, a < b, a <= b, a > b, a >= b
a = nd.array([2, 3, 5], dtype="int64"); a ** a, a ** 2, 2 ** a, a ** 0.5, a ** -1
a = nd.array([200, 100], dtype="uint8"); b = nd.array([100, 200], dtype="uint8"); a + b, a - b, a * b, a / b, a % b
a = nd.array([0, 1, 5], dtype="int32"); a % 0, 5 % a
a = nd.array([0.0, 1, -1]); a / 0, 1 / a, a % 0, 0 / a, a ** -1, 0 ** a
a = nd.array([np.nan, np.inf, -np.inf]); a + 1, a * 0, a == a, a != a, a < 0, a % 2
x + v, v + x, x - v, v * x, x / v, x ** v, x < v, x % v
x + one, one - x, x * nd.array([[2], [3]]), v + nd.array([[1], [2]])
t + x
x + nd.ones((2,))
x * nd.ones((3, 3))
x == nd.ones((2,))
x - t
y = x; y += 1; y is x, x
y = x; y -= v; y is x, x
y = x; y *= nd.array([[2], [3]]); y is x, x
y = x; y /= 4; y is x, x
y = x; y %= 2; y is x, x
y = x; y **= 2; y is x, y, x
y = x[0]; y += 5; x
y = x[:, 0]; y += 5; x
x[0] += 5; x
x[:, 0] *= 10; x
x[[0, 1], [0, 1]] -= 1; x
v += x
one += v
x += nd.ones((2,))
x += x; x
x -= x; x
x *= x; x
i /= 2; i
i += 2.7; i
i *= 0.5; i
i -= nd.ones((2, 3))
i %= 4; i
a = nd.array([1, 2], dtype="uint8"); a -= 3; a
x // 1
1 // x
x @ x
x & 1
x | x
x ^ x
~x
+x
x << 1
divmod(x, 2)
divmod(2, x)
pow(x, 2)
pow(x, 2, 3)
round(x)
x //= 2
x == None
None == x
x != None
x < None
x + None
x + "a"
"a" + x
[1, 2, 3] * x
np.ones((2, 3)) + x
np.ones((2, 3)) * x
x + np.ones((2, 3))
np.float32(2) + x, np.float64(2) * x, np.int32(2) - x, np.float32(2) / x, np.float32(2) ** v, np.int64(7) % v
np.float32(2) < x, np.float32(2) == x, np.int64(1) >= x
x.__add__(v), x.__radd__(2), x.__rsub__(2), x.__mul__(2), x.__rdiv__(2), x.__div__(2), x.__rtruediv__(2), x.__rmod__(2)
x.__rpow__(2), x.__pow__(v), x.__mod__(v), x.__eq__(v), x.__ne__(1), x.__idiv__(2)
x.__rsub__(v)
x.__rtruediv__(v)
x.__rpow__(v)
x.__radd__(v), x.__rmul__(v)
bool(one), bool(nd.array([0])), bool(none), bool(scalar), bool(nd.array([[0.5]])), bool(nd.array([np.nan]))
bool(x)
not v
x and v
one and 5
5 in v
x in [x], v in [v, x]
x in [v]
x < 1e300, x > -1e300, x + 1e300, 1e300 - x, nd.maximum(x, 1e300), x < float("inf")
len(x), len(v), len(t[0]), len(none)
len(scalar)
list(x)
list(v)
list(scalar)
[row.shape for row in t]
a, b = x; a, b
[*zip(x, x)]
for row in x:\\n    row += 1\\nx
max(v), min(v), sum(v)
sorted(v)
list(reversed(v))
hash(x) == hash(x), len({x, x}), {x: 1}[x]
isinstance(x, nd.NDArray), isinstance(hash(x), int)
x.shape, x.ndim, x.size, x.dtype, x.stype, x.context, x.ctx, x.writable, x.grad
scalar.shape, scalar.ndim, scalar.size, none.shape, none.ndim, none.size
x.shape = (3, 2)
x.dtype = "int32"
x.foo
x.foo = 1
"""
