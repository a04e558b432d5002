"""Operators that reduce axes: sums, products, extrema, norms and the positions of extrema."""

from __future__ import annotations

from .core import Family, arr, distinct, ints, lit

family = Family("reduce")
add, error = family.add, family.error

NAN = float("nan")

for op in ("sum", "mean", "prod", "nansum", "nanprod", "max", "min"):
    values = distinct if op in ("max", "min") else arr
    add(op, values(2, 3, 4))
    add(op, values(2, 3, 4), {"axis": 1})
    add(op, values(2, 3, 4), {"axis": -1, "keepdims": True})
    add(op, values(2, 3, 4), {"axis": (0, 2)})
    add(op, values(2, 3, 4), {"axis": (0,), "exclude": True})
    add(op, values(2, 3, 4), {"axis": (2, 0), "keepdims": True, "exclude": True})
    add(op, values(2, 3), {"axis": ()})  # no axis named: all of them
    add(op, values(2, 1, dtype="float64"), {"axis": 1})
    add(op, values(1))
    add(op, ints(2, 3, low=-3, high=4), {"axis": 0})
    error(op, arr(2, 3), {"axis": 2})
    error(op, arr(2, 3), {"axis": (0, 0)})
    error(op, arr(2, 3), {"axis": "rows"})
    add(op, values(2, 3), {"keepdims": True})
    add(op, values(2, 3), {"axis": (0, 1), "exclude": True})  # nothing is left to reduce
    add(op, values(2, 3), {"exclude": True})
    add(op, values(4), {"axis": 0})  # a vector keeps its axis
    add(op, values(2, 3, dtype="float16"), {"axis": 0}, rtol=2e-3, atol=2e-3, why="half precision")
    add(op, ints(2, 3, high=9, dtype="uint8"), {"axis": -1})
    error(op, arr(2, 3), {"axis": (0, -2)})
    error(op, arr(2, 3), {"axis": 1.5})
    error(op, [arr(3), arr(3)])
for op in ("sum_axis", "max_axis", "min_axis"):
    add(op, distinct(2, 3), {"axis": 1})
add("nansum", lit([[NAN, 1.0], [2.0, NAN], [NAN, NAN]]), {"axis": 1}, grad=())
add("nanprod", lit([[NAN, 3.0], [2.0, NAN], [NAN, NAN]]), {"axis": 1}, grad=())
add("sum", lit([NAN, 1.0]), true_gradient=False)
add("prod", lit([[0.0, 2.0], [3.0, 4.0]]), {"axis": 1}, golden_gradient=False)  # MXNet divides 0 by 0
add("max", lit([[1.0, 3.0, 3.0]]), {"axis": 1}, true_gradient=False)  # ties
add("min", lit([[1.0, 1.0, 3.0]]), {"axis": 1}, true_gradient=False)
add("mean", lit([1, 2, 4], "int32"))
add("sum", lit([200, 100], "uint8"))

add("norm", arr(2, 3, 4))
add("norm", arr(2, 3, 4), {"axis": 1})
add("norm", arr(2, 3, 4), {"ord": 1, "axis": -1, "keepdims": True})
add("norm", arr(2, 3, 4), {"ord": 2, "axis": (0, 2)})
add("norm", arr(2, 3), {"ord": 1})
add("norm", arr(3, 2, dtype="float64"), {"axis": 0})
add("norm", lit([[3.0, 4.0], [0.0, 0.0]]), {"axis": 1}, grad=())  # at 0, MXNet's gradient is NaN
add("norm", arr(2, 3), {"out_dtype": "float32", "axis": 1})  # MXNet accepts the input's own dtype only
add("norm", arr(2, 2, 3), {"axis": (1, 2), "keepdims": True})
add("norm", arr(2, 3), {"axis": ()})
add("norm", arr(2, 3), {"ord": 1, "keepdims": True})
add("norm", arr(4), {"axis": 0})
for kind in ("float16", "float64"):
    half = {"rtol": 1e-3, "why": "half precision"} if kind == "float16" else {}
    add("norm", arr(2, 3, dtype=kind), {"ord": 1, "axis": 1, "out_dtype": kind}, **half)
for kind in ("int8", "int32", "int64"):
    add("norm", ints(2, 3, dtype=kind), {"ord": 1, "axis": 1, "out_dtype": kind})
add("norm", ints(2, 3), {"ord": 1})
error("norm", arr(2, 3), {"ord": float("inf")})
error("norm", arr(2, 3), {"out_dtype": "float99"})
error("norm", arr(2, 3), {"axis": (0, 0)})
error("norm", arr(2, 3), {"ord": 3})
error("norm", arr(2, 3), {"axis": 5})

add("cumsum", arr(2, 3))
add("cumsum", arr(2, 3), {"axis": 0})
add("cumsum", arr(2, 1, 3, dtype="float64"), {"axis": 2})
add("cumsum", arr(2, 3), {"axis": 1, "dtype": "float64"})
add("cumsum", arr(2, 3, dtype="float16"), {"axis": 1, "dtype": "float32"}, true_gradient=False)
for kind in ("float16", "int8", "int32", "int64"):
    add("cumsum", ints(2, 3), {"axis": 0, "dtype": kind})
add("cumsum", lit([[100, 2], [100, 3]], "int8"), {"axis": 0})
add("cumsum", lit([True, False, True], "bool"))
error("cumsum", arr(2, 3), {"axis": 2})
error("cumsum", arr(2, 3), {"axis": (0, 1)})
error("cumsum", arr(2, 3), {"dtype": "float99"})
error("cumsum", [])

for op in ("argmax", "argmin"):
    add(op, distinct(2, 3, 4), {"axis": 1}, grad=())
    add(op, distinct(2, 3, 4), {"axis": -1, "keepdims": True}, grad=())
    add(op, distinct(2, 3), grad=())  # over the flat array
    add(op, distinct(2, 3), {"keepdims": True}, grad=())
    add(op, lit([[1.0, 3.0, 3.0], [1.0, 1.0, 1.0]]), {"axis": 1}, grad=())  # the first of equals
    add(op, distinct(5, dtype="float64"), {"axis": 0}, grad=())
    add(op, lit([[3, 9, 1]], "int32"), {"axis": 1})
    error(op, arr(2, 3), {"axis": 2})
    error(op, arr(2, 3), {"axis": (0, 1)})
    error(op, [arr(3), arr(3)])
error("argmax_channel", arr(3))
error("argmax_channel", [])
add("argmax_channel", ints(2, 3, dtype="int64"))
add("argmax_channel", distinct(3, 4), grad=())
add("argmax_channel", distinct(2, 3, 4), grad=())
add("argmax_channel", distinct(2, 5, dtype="float64"), grad=())
