"""Operators of ``nd.contrib``: attention, positions, Hawkes processes, and the element-wise ones."""

from __future__ import annotations

from typing import Any

from .core import Family, Input, arr, ints, lit

# Operators that MXNet computes on GPUs only; see test_sketch.py.
ON_GPUS = ("_contrib_count_sketch", "_contrib_fft", "_contrib_ifft")

family = Family("contrib")
error = family.error


def add(operator: str, inputs: Any, attrs: dict | None = None, **checks: Any) -> None:
    family.add(f"contrib.{operator}", inputs, attrs, **checks)


# ---- attention -------------------------------------------------------------------------------------------------------

SELF_QK, SELF_VALUES = "interleaved_matmul_selfatt_qk", "interleaved_matmul_selfatt_valatt"
CROSS_QK, CROSS_VALUES = "interleaved_matmul_encdec_qk", "interleaved_matmul_encdec_valatt"
double = {"dtype": "float64"}
for heads in (1, 2):
    attrs = {"heads": heads}
    add(SELF_QK, arr(3, 2, 12), attrs)
    add(SELF_VALUES, [arr(3, 2, 12), arr(2 * heads, 3, 3)], attrs)
    add(CROSS_QK, [arr(2, 2, 4), arr(3, 2, 8)], attrs)
    add(CROSS_VALUES, [arr(3, 2, 8), arr(2 * heads, 2, 3)], attrs)
three = {"heads": 3}
add(SELF_QK, arr(1, 1, 9), three)
add(SELF_VALUES, [arr(1, 1, 9), arr(3, 1, 1)], three)
add(CROSS_QK, [arr(1, 2, 3), arr(2, 2, 6)], three)
add(CROSS_VALUES, [arr(2, 1, 6), arr(3, 1, 2)], three)
two = {"heads": 2}
error("contrib." + SELF_QK, arr(3, 2, 12))
error("contrib." + SELF_QK, arr(3, 12), two)
error("contrib." + SELF_VALUES, [arr(3, 2, 12), arr(4, 3, 4)], two)
error("contrib." + SELF_VALUES, [arr(3, 2, 12), arr(3, 3)], two)
error("contrib." + SELF_VALUES, [arr(3, 2, 12), arr(4, 3, 3, **double)], two)
error("contrib." + CROSS_QK, [arr(2, 2, 4), arr(3, 2, 4)], two)
error("contrib." + CROSS_QK, [arr(2, 2, 4), arr(3, 1, 8)], two)
error("contrib." + CROSS_VALUES, [arr(3, 2, 8), arr(4, 2, 2)], two)
error("contrib." + CROSS_VALUES, [arr(3, 2, 8), arr(3, 2, 3)], two)

add("div_sqrt_dim", arr(2, 3))
add("div_sqrt_dim", arr(4, **double))
add("div_sqrt_dim", arr(2, 1, 2, dtype="float16"))
add("div_sqrt_dim", ints(2, 4, low=-9, high=9))

# ---- element by element ----------------------------------------------------------------------------------------------

add("quadratic", arr(3), {"a": 1.5, "b": -2.0, "c": 0.5})
add("quadratic", arr(2, 3))
add("quadratic", arr(2, 2, **double), {"a": 0.25, "c": 3})
add("quadratic", lit([1, 2, 3], "int32"), {"a": 1.5, "b": 2.0, "c": 0.5})
add("quadratic", lit([1, 2, 3], "int8"), {"a": 1.5})
error("contrib.quadratic", arr(3), {"a": "steep"})

add("allclose", [lit([1.0, 2.0]), lit([1.0, 2.0])], grad=())
add("allclose", [lit([1.0]), lit([1.1])], {"rtol": 0.095, "atol": 0.0}, grad=())  # the bound is relative to b
add("allclose", [lit([1.1]), lit([1.0])], {"rtol": 0.095, "atol": 0.0}, grad=())
add("allclose", [lit([1.1]), lit([1.0])], {"atol": 0.2}, grad=())
for equal in (True, False):
    add("allclose", [lit([[float("nan"), 1.0]])] * 2, {"equal_nan": equal}, grad=())
add("allclose", [lit([1, 2], "int32"), lit([1, 3], "int32")], {"rtol": 0.5})
add("allclose", [arr(2, 3, **double), arr(2, 3, **double)], grad=())
error("contrib.allclose", [arr(3), arr(1)])
error("contrib.allclose", [arr(3), arr(3, **double)])

STEPS = [-2.5, -1.5, -0.5, -0.2, 0.0, 0.2, 0.5, 1.5]
for op in ("round_ste", "sign_ste"):
    straight = {"true_gradient": False}
    add(op, lit(STEPS), **straight)
    add(op, arr(2, 3, **double), **straight)
    add(op, ints(4, low=-3, high=3))
    add(op, arr(3, dtype="float16"), **straight)
add("gradientmultiplier", arr(3))
add("gradientmultiplier", arr(2, 3), {"scalar": 2.5}, true_gradient=False)
add("gradientmultiplier", arr(3, **double), {"scalar": -0.1, "is_int": False}, true_gradient=False)
add("gradientmultiplier", ints(3), {"scalar": 2.0})

# ---- positions -------------------------------------------------------------------------------------------------------

still = {"grad": ()}
add("arange_like", arr(2, 3), **still)
add("arange_like", arr(2, 3), {"axis": 1}, **still)
add("arange_like", arr(2, 3), {"axis": -2, "start": 2.0, "step": 0.5, "ctx": "cpu(0)"}, **still)
add("arange_like", arr(2, 3, **double), {"start": 0.25, "step": -1.5, "repeat": 2}, **still)
add("arange_like", arr(2, 3), {"axis": 1, "repeat": 2}, **still)
add("arange_like", arr(3), {"repeat": 5}, **still)
add("arange_like", ints(2, 3), {"start": -1.2, "step": 2.7})
add("arange_like", ints(2, 3, dtype="uint8"), {"start": 1.5})
add("arange_like", arr(2, 3, dtype="float16"), {"step": 2.0}, **still)  # MXNet cuts 0.5 to 0
error("contrib.arange_like", arr(2, 3), {"axis": 2})
error("contrib.arange_like", arr(2, 3), {"step": "wide"})

for axes in (None, (1,), (1, 0), (-1,), (1, 1), ()):
    add("index_array", arr(2, 3), {"axes": axes}, **still)
add("index_array", ints(3))
add("index_array", arr(1, 2, 2, **double), {"axes": 2}, **still)

rows = {"grad": (0, 2)}
add("index_copy", [arr(4, 2), lit([3, 1], "int32"), arr(2, 2)], **rows)
add("index_copy", [arr(4, 2), lit([3.7, 1.2]), arr(2, 2)], **rows)
add("index_copy", [arr(3, 2, 2, **double), lit([1], "int64"), arr(1, 2, 2, **double)], **rows)
add("index_copy", [arr(4), lit([0, 2], "int32"), arr(2)], **rows)
add("index_copy", [ints(4, 2), lit([2], "uint8"), ints(1, 2)])
error("contrib.index_copy", [arr(4, 2), lit([1, 2, 3], "int32"), arr(2, 2)])
error("contrib.index_copy", [arr(4, 2), lit([1, 2], "int32"), arr(2, 3)])
error("contrib.index_copy", [arr(4, 2), lit([1], "int32"), arr(2)])
error("contrib.index_copy", [arr(4, 2), lit([[1, 2]], "int32"), arr(2, 2)])
error("contrib.index_copy", [arr(4, 2), lit([1, 2], "int32"), arr(2, 2, **double)])

chosen = {"grad": (0,), "symbol": False}  # its shape depends on values; test_positions.py has the symbol
add("boolean_mask", [arr(3, 2), lit([0.0, 1.0, 1.0])], **chosen)
add("boolean_mask", [arr(3, 2), lit([0, 2, -1], "int32")], {"axis": 0}, **chosen)
add("boolean_mask", [arr(3), lit([0.2, 0.0, float("nan")])], **chosen)
add("boolean_mask", [arr(2, 1, 2, **double), lit([0, 1], "int64")], **chosen)
add("boolean_mask", [arr(3, 2), lit([0.0, 0.0, 0.0])], **chosen)
add("boolean_mask", [ints(3, 2), lit([1, 0, 1], "uint8")], symbol=False)
error("contrib.boolean_mask", [arr(3, 2), lit([0.0, 1.0])])
error("contrib.boolean_mask", [arr(3, 2), arr(3, 2)])
error("contrib.boolean_mask", [arr(3, 2), lit([0.0, 1.0])], {"axis": 1})

# ---- Hawkes processes ------------------------------------------------------------------------------------------------


def hawkes(marks: list, lengths: list, processes: int, dtype: str = "float32") -> None:
    """The likelihood of events; ``marks`` names the process of each."""
    batch, steps, wide = len(marks), len(marks[0]), {"dtype": dtype}
    inputs: list[Input] = [arr(batch, processes, low=0.5, high=1, **wide), arr(processes, low=0.1, high=0.5, **wide)]
    inputs += [arr(processes, low=1, high=3, **wide), arr(batch, processes, low=0, high=1, **wide)]
    inputs += [arr(batch, steps, low=0.1, high=1, **wide), lit(marks, "int32"), lit(lengths, dtype)]
    inputs += [arr(batch, low=steps, high=steps + 2, **wide)]
    loose = {"rtol": 5e-5, "atol": 5e-6, "why": "sums of logarithms in another order"}
    if dtype == "float64":
        loose = {"rtol": 1e-6, "why": "MXNet takes the logarithm in float32"}
    add("hawkesll", inputs, grad=(0, 1, 2), heads=1, **loose)


hawkes([[0, 1, 2, 1], [2, 0, 0, 1]], [4.0, 3.0], 3)
hawkes([[0, 1, 1], [1, 1, -1]], [3.0, 2.0], 2, "float64")
hawkes([[0, 0], [0, 0], [0, 0]], [0.0, 1.0, 2.0], 1)
MU, KINDS, LAGS, MARKS, ENDS = (
    arr(2, 3, low=0.5),
    arr(3, low=0.1),
    arr(2, 4, low=0.1),
    ints(2, 4, high=3),
    arr(2, low=5, high=6),
)
LENGTHS = lit([4.0, 3.0])
error("contrib.hawkesll", [MU, KINDS, KINDS, MU, LAGS, MARKS, LENGTHS])
error("contrib.hawkesll", [KINDS, KINDS, KINDS, MU, LAGS, MARKS, LENGTHS, ENDS])
error("contrib.hawkesll", [MU, arr(1), KINDS, MU, LAGS, MARKS, LENGTHS, ENDS])
error("contrib.hawkesll", [MU, KINDS, KINDS, arr(2, 2), LAGS, MARKS, LENGTHS, ENDS])
error("contrib.hawkesll", [MU, KINDS, KINDS, MU, arr(2, 2), MARKS, LENGTHS, ENDS])
error("contrib.hawkesll", [MU, KINDS, KINDS, MU, LAGS, arr(2, 4), LENGTHS, ENDS])
error("contrib.hawkesll", [MU, KINDS, KINDS, MU, LAGS, MARKS, lit([4, 3], "int32"), ENDS])
error("contrib.hawkesll", [MU, KINDS, KINDS, MU, LAGS, MARKS, LENGTHS, arr(1)])
