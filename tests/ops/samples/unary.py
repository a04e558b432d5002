"""Operators of one array, element by element: mathematics, rounding, casting, gradient stops."""

from __future__ import annotations

from .core import Family, arr, ints, lit

family = Family("unary")
add, error = family.add, family.error

INF, NAN = float("inf"), float("nan")

# name -> interval on which the function is smooth and its float32 kernel accurate
SMOOTH = {
    "abs": (-2, 2),
    "square": (-2, 2),
    "sqrt": (0.1, 4),
    "rsqrt": (0.1, 4),
    "cbrt": (-4, 4),
    "rcbrt": (0.1, 4),
    "exp": (-2, 2),
    "expm1": (-2, 2),
    "log": (0.1, 4),
    "log10": (0.1, 4),
    "log2": (0.1, 4),
    "log1p": (-0.8, 4),
    "sin": (-4, 4),
    "cos": (-4, 4),
    "tan": (-1.3, 1.3),
    "arcsin": (-0.9, 0.9),
    "arccos": (-0.9, 0.9),
    "arctan": (-4, 4),
    "sinh": (-2, 2),
    "cosh": (-2, 2),
    "tanh": (-2, 2),
    "arcsinh": (-4, 4),
    "arccosh": (1.1, 4),
    "arctanh": (-0.9, 0.9),
    "degrees": (-4, 4),
    "radians": (-180, 180),
    "relu": (-2, 2),
    "sigmoid": (-4, 4),
    "softsign": (-4, 4),
    "reciprocal": (0.2, 4),
    "negative": (-2, 2),
    "erf": (-2, 2),
    "gamma": (0.5, 4),
    "gammaln": (0.5, 4),
}
FLOAT32_INSIDE = {"degrees", "radians", "erf", "gamma", "gammaln"}
GROWING = ("exp", "expm1", "sinh", "cosh", "gamma")
STEPS = ("sign", "round", "rint", "ceil", "floor", "trunc", "fix")  # gradient 0 wherever there is one

for name, (low, high) in SMOOTH.items():
    add(name, arr(2, 3, low=low, high=high))
    add(name, arr(1, 1, low=low, high=high))
    inexact = {"rtol": 1e-6, "why": "MXNet has float32 constants or functions in it"} if name in FLOAT32_INSIDE else {}
    add(name, arr(4, low=low, high=high, dtype="float64"), **inexact)
    error(name, [])
    error(name, [arr(3), arr(2)])  # the second one is `out`
    if name not in ("abs", "negative", "relu", "square"):  # whole results, and results cut to whole numbers
        numbers = [[1, 2, 3], [4, 5, 8]] if name in GROWING else [[1, 2, 8], [27, 64, 100]]
        add(name, lit(numbers, "int32"))
        add(name, lit([1, 3, 4], "uint8"))
for name in STEPS:
    error(name, [])
    error(name, [arr(3), arr(2)])  # the second one is `out`
    add(name, lit([[1, -2, 5]], "int64"))
    add(name, arr(3, 4))
    add(name, arr(5, low=-9, high=9, dtype="float64"))
    # Halves and signed zeros: MXNet rounds half away from zero in round, to the floor in rint.
    add(name, lit([0.5, -0.5, 1.5, -1.5, 2.5, 3.5, -2.5, 0.0, 4.0]), true_gradient=False)

# Integer arrays stay integer: the result is cut to the dtype.
for name in ("abs", "sign", "square", "relu", "negative", "round", "floor", "exp", "sigmoid", "softsign", "degrees"):
    add(name, lit([1, -2, 5], "int32"))
for name in ("abs", "sign", "square", "sqrt", "relu", "negative"):
    add(name, lit([1, 200, 5], "uint8"))
for name in ("exp", "sigmoid", "tanh", "sqrt", "square", "abs"):
    add(name, arr(4, low=0.2, high=2, dtype="float16"), rtol=2e-3, atol=1e-3, why="half precision: 2**-11 per rounding")

# The edges of the domains.
add("log", lit([0.0, -1.0, INF]), true_gradient=False)
add("sqrt", lit([0.0, -1.0, INF]), true_gradient=False)
add("reciprocal", lit([0.0, INF, -INF]), true_gradient=False)
add("arctanh", lit([1.0, 2.0, -1.0]), grad=())
add("arccosh", lit([1.0, 0.5]), grad=())
add("gamma", lit([0.5, -1.5, 5.0, 1.0]))
add("gamma", lit([0.0, -0.0]), grad=())  # infinities of both signs
add("gammaln", lit([0.0, -1.5, 5.0, 1.0]), grad=())
add("relu", lit([NAN, -0.0, 1.0, INF]), grad=())
add("relu", lit([0.0, -0.0, 1.0, INF]), true_gradient=False)
add("sign", lit([NAN, -0.0, -INF]), grad=())
add("abs", lit([0.0, -3.0, NAN]), true_gradient=False)
add("sigmoid", lit([-100.0, 100.0, 0.0]))
add("tanh", lit([-100.0, 100.0, 0.0]))
add("softsign", lit([-1e6, 0.0, 1e6]))
add("erf", lit([-5.0, 0.0, 5.0]))

add("hard_sigmoid", arr(2, 3, low=-4, high=4))
add("hard_sigmoid", arr(2, 3, low=-4, high=4), {"alpha": 0.1, "beta": 0.3})
add("hard_sigmoid", arr(4, dtype="float64"), rtol=1e-6, why="MXNet's alpha is a float32")

for values in ([0.0, 2.0, -1.0], [[0.0], [NAN]]):
    add("logical_not", lit(values), grad=())
add("logical_not", lit([0, 3, -1], "int32"))
add("logical_not", lit([[0.0, 0.5]], "float64"), grad=())

for name in ("identity", "_copy"):
    add(name, arr(2, 3))
    add(name, lit([True, False], "bool"))
    add(name, ints(2, 1, 3, dtype="int64"))
for name in ("BlockGrad", "stop_gradient"):
    add(name, arr(2, 3), true_gradient=False)
    add(name, ints(4))
    add(name, arr(1, dtype="float64"), true_gradient=False)
add("make_loss", arr(2, 3), true_gradient=False)
add("make_loss", arr(1), true_gradient=False)
add("make_loss", arr(3, dtype="float64"), true_gradient=False)
add("MakeLoss", arr(2, 3), true_gradient=False)
add("MakeLoss", arr(2, 3), {"grad_scale": 0.5, "normalization": "batch"}, true_gradient=False)
add("MakeLoss", arr(4), {"grad_scale": 0.5, "normalization": "batch"}, true_gradient=False)  # one row
add("MakeLoss", arr(2, 3, 2), {"normalization": "batch"}, true_gradient=False)  # six rows
add("MakeLoss", arr(4), {"valid_thresh": 0.5, "normalization": "valid"}, true_gradient=False)

add("erfinv", arr(2, 3, low=-0.9, high=0.9), rtol=1e-4, why="MXNet approximates it")
add("erfinv", arr(4, low=-0.9, high=0.9, dtype="float64"), rtol=1e-4, why="MXNet approximates it")
add("erfinv", lit([0.0, 1.0, -1.0, 2.0]), grad=())

for name in ("cast", "amp_cast"):
    add(name, arr(3, 2), {"dtype": "float16"}, true_gradient=False, rtol=1e-3, why="half precision")
    add(name, arr(2, 1), {"dtype": "float32"})
add("amp_cast", arr(3, dtype="float16"), {"dtype": "float32"}, true_gradient=False)
add("cast", arr(2, 3), {"dtype": "float64"})
add("cast", arr(2, 3, dtype="float64"), {"dtype": "float32"}, true_gradient=False)
add("Cast", lit([1.7, -1.7, 127.0]), {"dtype": "int8"}, grad=())
add("cast", lit([1.7, 0.0, 255.0]), {"dtype": "uint8"}, grad=())
add("cast", lit([-0.5, 0.0, NAN]), {"dtype": "bool"}, grad=())
add("cast", lit([True, False], "bool"), {"dtype": "float32"})
add("cast", ints(2, 2, low=-9, high=9), {"dtype": "int64"})

add("clip", arr(3, 4), {"a_min": -1.0, "a_max": 1.0})
add("clip", lit([1.0, -2.0, 5.0]), {"a_min": -2.0, "a_max": 1.0}, true_gradient=False)  # gradient on the bounds
add("clip", lit([1.0, -3.0, INF, NAN]), {"a_min": -2.0, "a_max": 1.0}, grad=())
add("clip", lit([1, -2, 5], "int32"), {"a_min": 0, "a_max": 2})
add("clip", arr(4, dtype="float64"), {"a_min": 0.5, "a_max": INF})

add("smooth_l1", arr(3, 4))
add("smooth_l1", arr(3, 4), {"scalar": 2.0})
add("smooth_l1", lit([1.0, -1.0, 0.0, 0.25]), {"scalar": 1.0})
add("smooth_l1", arr(4, dtype="float64"), {"scalar": 0.5})

for name in ("zeros_like", "ones_like"):
    add(name, arr(2, 3))
    add(name, ints(3, dtype="int8"))
    add(name, arr(1, 2, 1, dtype="float64"))
for name in ("shape_array", "size_array"):
    add(name, arr(2, 3), grad=())
    add(name, ints(4, 1, 1), grad=())
    add(name, arr(7, dtype="float64"), grad=())

for name in ("identity", "BlockGrad", "make_loss", "MakeLoss", "zeros_like", "ones_like", "shape_array", "size_array"):
    error(name, [])
    error(name, [arr(3), arr(2)])  # the second one is `out`
for name in ("erfinv", "logical_not", "hard_sigmoid", "smooth_l1"):
    error(name, [])
add("identity", arr(1, 2, dtype="float64"))
add("make_loss", ints(3))
add("MakeLoss", arr(2, dtype="float64"), {"grad_scale": 2.0}, true_gradient=False)
error("MakeLoss", arr(2), {"normalization": "mean"})
add("smooth_l1", ints(3, low=-3), {"scalar": 1.0})
add("smooth_l1", arr(3), {"scalar": 1e-25})
error("amp_cast", arr(3))
error("amp_cast", arr(3), {"dtype": "float99"})
add("clip", lit([1, 2, 5], "int32"), {"a_min": 1.5, "a_max": 3.7})
add("clip", lit([16777217, -16777217], "int32"), {"a_min": -INF, "a_max": 1e9})  # float32 has no such numbers
add("clip", lit([-7, -4, 5], "int8"), {"a_min": -4.5, "a_max": 300.0})
error("exp", [2.5])
error("cast", arr(3))
error("cast", arr(3), {"dtype": "foo"})
add("clip", lit([1, -2, 5], "float16"), {"a_min": -1e6, "a_max": 3.0})  # a bound beyond float16 bounds nothing
error("clip", arr(3), {"a_min": 0.0})
error("clip", arr(3), {"a_min": "low", "a_max": 1.0})
error("hard_sigmoid", ints(3))
error("logical_not", lit([True], "bool"))
error("smooth_l1", arr(3), {"scalar": "wide"})
