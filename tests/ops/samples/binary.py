"""Operators of two arrays, or of an array and a number: arithmetic, comparison, logic, broadcasting, selection."""

from __future__ import annotations

from .core import Family, arr, distinct, ints, lit

family = Family("binary")
add, error = family.add, family.error

INF, NAN = float("inf"), float("nan")
ARITHMETIC = ("add", "sub", "mul", "div", "mod", "power", "maximum", "minimum", "hypot")
COMPARISON = ("equal", "not_equal", "greater", "greater_equal", "lesser", "lesser_equal")
LOGIC = ("logical_and", "logical_or", "logical_xor")


def positive(*shape: int, dtype: str = "float32"):
    """Bases and divisors, away from zero."""
    return arr(*shape, low=0.3, high=3, dtype=dtype)


for name in ARITHMETIC:
    op = f"broadcast_{name}"
    add(op, [positive(2, 3), positive(2, 3)])
    add(op, [positive(2, 1, 3), positive(1, 4, 3)])
    add(op, [positive(3, dtype="float64"), positive(2, 3, dtype="float64")])
    add(op, [positive(1), positive(2, 2)])
    add(op, [lit([[1, 7, -5], [4, 2, 9]], "int32"), lit([[2, 3, 4]], "int32")])
    error(op, [arr(2, 3), arr(2, 2)])
    error(op, [arr(2, 3), ints(2, 3)])
for name in (*COMPARISON, *LOGIC):
    op = f"broadcast_{name}"
    add(op, [arr(3, 1), arr(1, 4)], grad=())
    add(op, [lit([0.0, 1.0, -2.0, NAN]), lit([0.0, 0.0, -2.0, NAN])], grad=())
    add(op, [lit([[0, 1, 2]], "int32"), lit([[0], [2]], "int32")])
    add(op, [lit([0.5, 0, 3], "float64"), lit([0.5], "float64")], grad=())
    error(op, [arr(2, 3), arr(2, 2)])

add("broadcast_mod", [lit([5.0, -5.0, 5.0, -5.0, 1.0]), lit([3.0, 3.0, -3.0, -3.0, 0.0])], grad=())
add("broadcast_mod", [lit([5, -5, 5, -5], "int32"), lit([3, 3, -3, -3], "int32")])
add("broadcast_div", [lit([7, -7, 7], "int32"), lit([2, 2, -2], "int32")])
add("broadcast_div", [lit([1.0, -1.0, 0.0]), lit([0.0, 0.0, 0.0])], true_gradient=False)
add("broadcast_power", [lit([2, 3, -2], "int32"), lit([3, 0, 3], "int32")])
add("broadcast_power", [lit([0.0, 2.0, -2.0]), lit([2.0, -1.0, 3.0])], grad=(0,))
add("broadcast_maximum", [lit([NAN, 0.0, 1.0]), lit([1.0, NAN, 1.0])], grad=())
add("broadcast_minimum", [lit([NAN, 0.0, 1.0]), lit([1.0, NAN, 1.0])], grad=())
add("broadcast_sub", [lit([3, 200], "uint8"), lit([5, 100], "uint8")])
error("broadcast_add", [arr(3)])

for name in ("add", "sub", "mul", "div"):
    op = f"elemwise_{name}"
    add(op, [arr(2, 3), positive(2, 3)])
    add(op, [arr(1, dtype="float64"), positive(1, dtype="float64")])
    add(op, [lit([7, -7, 3], "int32"), lit([2, 2, 5], "int32")])
    error(op, [arr(2, 3), arr(1, 3)])
    error(op, [arr(3), arr(3, dtype="float64")])

for op in ("_mod", "_hypot"):
    add(op, [positive(2, 3), positive(2, 3)])
    add(op, [positive(1, dtype="float64"), positive(1, dtype="float64")])
    add(op, [lit([7, -7, 3], "int32"), lit([2, 2, 5], "int32")])
    error(op, [arr(2, 3), arr(1, 3)])

for op in ("_power", "_maximum", "_minimum", *(f"_{name}" for name in (*COMPARISON, *LOGIC))):
    flat = {} if op in ("_power", "_maximum", "_minimum") else {"grad": ()}
    add(op, [lit([[0.5, 1.0, 2.0]], "float64"), lit([[1.5, 1.25, 0.5]], "float64")], **flat)
    add(op, [lit([0, 1, 2], "int32"), lit([1, 1, 1], "int32")])
    error(op, [arr(2, 3), arr(1, 3)])
    error(op, [arr(3), arr(3, dtype="float64")])
    error(op, [arr(3)])

# The functions of mx.nd that take arrays and numbers alike. mx.sym has only some of them.
FUNCTIONS = ("add", "subtract", "multiply", "divide", "modulo", "power", "maximum", "minimum", "true_divide")
for name in FUNCTIONS:
    both = {"pure": False, "symbol": name in ("power", "maximum", "minimum")}
    add(name, [positive(2, 3), positive(2, 3)], **both)
    add(name, [positive(2, 3), 2.5], **both)
    add(name, [2.5, positive(2, 3)], **both)
    add(name, [lit([7, -7, 3], "int32"), 2], **both)
    add(name, [positive(2, 1), positive(1, 3)], pure=False, symbol=False)  # symbols do not broadcast here
    add(name, [7.0, 2.0], pure=False, symbol=False)
    error(name, [arr(3), "a"])
    error(name, [arr(3), ints(3)])
for name in (*COMPARISON, *LOGIC):
    plain = {"pure": False, "symbol": False, "grad": ()}
    add(name, [lit([[0.0, 1.0], [2.0, 3.0]]), lit([2.0, 1.0])], **plain)
    add(name, [lit([0.0, 1.0, 2.0]), 1.0], **plain)
    add(name, [1.0, lit([0.0, 1.0, 2.0])], **plain)
    add(name, [lit([0, 1, 2], "int32"), 1], **plain)

# Python's own operators.
OPERATORS = ("add", "sub", "mul", "truediv", "mod", "pow")
for name in OPERATORS:
    op = f"operator.{name}"
    add(op, [positive(2, 3), positive(2, 3)], pure=False)
    add(op, [positive(2, 1), positive(3)], pure=False, symbol=False)  # symbols do not broadcast here
    add(op, [positive(2, 3), 2.5], pure=False)
    add(op, [2.5, positive(2, 3)], pure=False)
    add(op, [lit([7, -7, 3], "int32"), 2], pure=False)
    add(op, [lit([7, -7, 3], "int32"), 2.5], pure=False)
    add(op, [7, lit([2, 3, -3], "int32")], pure=False)
    add(op, [positive(2, dtype="float64"), 3], pure=False)
    error(op, [arr(3), arr(2)])
    error(op, [arr(3), ints(3)])
    error(op, [arr(3), "a"])
for name in ("eq", "ne", "gt", "ge", "lt", "le"):
    op = f"operator.{name}"
    add(op, [lit([0.0, 1.0, 2.0, NAN]), lit([1.0, 1.0, 1.0, NAN])], grad=(), pure=False)
    add(op, [lit([0.0, 1.0, 2.0]), 1], grad=(), pure=False)
    add(op, [lit([0, 1, 2], "int32"), 0.5], pure=False)
    add(op, [arr(2, 1), arr(3)], grad=(), pure=False, symbol=False)
    error(op, [arr(3), arr(2)])
    error(op, [arr(3), arr(3, dtype="float16")])
add("operator.neg", arr(2, 3), pure=False)
add("operator.neg", lit([1, 0, -3], "int32"), pure=False)
add("operator.abs", arr(2, 3), pure=False)
add("operator.sub", [lit([5, 200], "uint8"), 6], pure=False)
add("operator.sub", [3, lit([5, 200], "uint8")], pure=False)
add("operator.mod", [-7, lit([2, 3, -3], "int32")], pure=False)
add("operator.mod", [lit([5.5, -5.5]), -3.0], pure=False)
add("operator.add", [lit([True, False], "bool"), 1], pure=False)
error("operator.floordiv", [arr(3), 2])
error("operator.eq", [arr(3), "a"])

# The operators behind array-with-number expressions.
SCALAR = {
    "_plus_scalar": 1.5,
    "_minus_scalar": 1.5,
    "_rminus_scalar": 1.5,
    "_mul_scalar": -1.5,
    "_div_scalar": 2.5,
    "_rdiv_scalar": 2.5,
    "_mod_scalar": 0.7,
    "_rmod_scalar": 5.5,
    "_power_scalar": 2.5,
    "_rpower_scalar": 2.5,
    "_maximum_scalar": 1.1,
    "_minimum_scalar": 1.1,
    "_hypot_scalar": 1.5,
}
for op, scalar in SCALAR.items():
    add(op, positive(2, 3), {"scalar": scalar})
    add(op, positive(2, 1, 2, dtype="float64"), {"scalar": scalar})
    add(op, lit([7, 2, 3], "int32"), {"scalar": 2.0})
    add(op, positive(3), {"scalar": scalar, "is_int": False})
    add(op, lit([[7, 2, 3]], "int32"), {"scalar": 2.5, "is_int": False})  # the array becomes float64
    add(op, lit([True, False], "bool"), {"scalar": 2.0}) if not op.startswith("_r") else None
    error(op, arr(3), {"scalar": "two"})
    error(op, [])
for name in (*COMPARISON, *LOGIC):
    op = f"_{name}_scalar"
    add(op, lit([0.0, 1.0, 2.0, NAN]), {"scalar": 1.0}, grad=())
    add(op, lit([[0.0], [1.0]], "float64"), {"scalar": 0.0}, grad=())
    add(op, lit([0, 1, 2], "int32"), {"scalar": 1.0})
    add(op, lit([0, 1, 2], "int8"), {"scalar": 0.5, "is_int": False})
    error(op, arr(3), {"scalar": "one"})
    error(op, [])

for op in ("add_n", "ElementWiseSum"):
    add(op, [arr(2, 3), arr(2, 3), arr(2, 3)])
    add(op, arr(4))
    add(op, [ints(3), ints(3)])
    add(op, [arr(1, 2, dtype="float64")] * 2)
    error(op, [arr(3), arr(2)])
error("add_n", [])

add("where", [lit([[1.0, 0.0], [0.0, -2.0]]), arr(2, 2), arr(2, 2)], grad=(1, 2))
add("where", [lit([1.0, 0.0]), arr(2, 3), arr(2, 3)], grad=(1, 2))  # a vector picks rows
add("where", [lit([1, 0, 3], "int32"), arr(3, dtype="float64"), arr(3, dtype="float64")])
add("where", [lit([1.0, 0.0, NAN]), ints(3), ints(3)], grad=())
error("where", [lit([1.0, 0.0, 1.0]), arr(2, 3), arr(2, 3)])
error("where", [arr(2), arr(2), arr(3)])
error("where", [arr(2), arr(2), ints(2)])

for op in ("broadcast_axis", "broadcast_axes"):
    add(op, arr(2, 1, 3), {"axis": 1, "size": 4})
    add(op, arr(1, 2, 1), {"axis": (0, 2), "size": (2, 3)})
    add(op, arr(1, dtype="float64"), {"axis": 0, "size": 5})
error("broadcast_axis", arr(2, 1), {"axis": 0, "size": 3})
error("broadcast_axis", arr(2, 1), {"axis": -1, "size": 3})
error("broadcast_axis", arr(2, 1), {"axis": (0, 1), "size": 3})
add("broadcast_to", arr(2, 1), {"shape": (2, 3)})
add("broadcast_to", arr(1, 2, 1), {"shape": (3, 0, 2)})  # 0 keeps the input's size
add("broadcast_to", ints(1), {"shape": (4,)})
error("broadcast_to", arr(2, 1), {"shape": (3, 3)})
error("broadcast_to", arr(2, 1), {"shape": (1, 2, 3)})
add("broadcast_like", [arr(2, 1), arr(2, 3)], grad=(0,))
add("broadcast_like", [arr(2, 1), arr(5, 3)], {"lhs_axes": (1,), "rhs_axes": (1,)}, grad=(0,))
add("broadcast_like", [arr(1, 2), arr(4, 7)], {"lhs_axes": (-2,), "rhs_axes": (-1,)}, grad=(0,))
add("broadcast_like", [arr(1, 1, dtype="float64"), ints(2, 3)], grad=(0,))
error("broadcast_like", [arr(2, 1), arr(5, 3)])

# Ties: which side the gradient of a maximum takes.
add("broadcast_maximum", [lit([1.0, 2.0]), lit([1.0, 0.0])], true_gradient=False)
add("broadcast_minimum", [lit([1.0, 2.0]), lit([1.0, 3.0])], true_gradient=False)
add("_maximum_scalar", lit([1.0, 2.0, 0.0]), {"scalar": 1.0}, true_gradient=False)
add("_minimum_scalar", lit([1.0, 2.0, 0.0]), {"scalar": 1.0}, true_gradient=False)
add("broadcast_maximum", [distinct(2, 3), distinct(2, 3, low=-1.9, high=2.1)])
