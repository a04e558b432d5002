"""Positions and bins, and the operators that MXNet's own code and passes call."""

from __future__ import annotations

from .core import Family, arr, ints, lit, whole

family = Family("internal")
add, error = family.add, family.error

# Operators that MXNet computes only into an `out` that is no input, or only on sparse arrays; see test_internal.py.
UNSAMPLED = ("_copyto", "_set_value", "_square_sum", "_zeros_without_dtype")

# ---- positions and bins ----------------------------------------------------------------------------------------------

for op in ("ravel_multi_index", "_ravel_multi_index"):
    add(op, lit([[1.0, 0.0], [2.0, 3.0]]), {"shape": (3, 5)}, grad=())
add("ravel_multi_index", lit([[1, 0, 1], [2, 3, 0], [1, 1, 0]], "int64"), {"shape": (2, 4, 2)})
add("ravel_multi_index", lit([[1, 0], [2, 3]], "uint8"), {"shape": (-1, 5)})  # the first size does not matter
add("ravel_multi_index", lit([[1.7, 0.0], [2.6, 3.0]], "float64"), {"shape": (3, 5)}, grad=())
add("ravel_multi_index", lit([[7.0, -1.0], [9.0, 2.0]]), {"shape": (3, 5)}, grad=())  # not checked
add("ravel_multi_index", ints(1, 3), {"shape": (5,)})
error("ravel_multi_index", ints(2, 2))
error("ravel_multi_index", ints(2, 2), {"shape": ()})
error("ravel_multi_index", ints(2, 2), {"shape": (3, 5, 2)})
error("ravel_multi_index", ints(2), {"shape": (3, 5)})
error("ravel_multi_index", ints(2, 2, 2), {"shape": (3, 5)})

for op in ("unravel_index", "_unravel_index"):
    add(op, lit([7.0, 3.0, 14.0]), {"shape": (3, 5)}, grad=())
add("unravel_index", lit([15, 0, 6], "int64"), {"shape": (2, 4, 2)})
add("unravel_index", lit([7], "uint8"), {"shape": (-1, 5)})
add("unravel_index", lit([7.6, 17.0, -3.0], "float64"), {"shape": (3, 5)}, grad=())
add("unravel_index", ints(3), {"shape": (5,)})
error("unravel_index", ints(2))
error("unravel_index", ints(2), {"shape": ()})

VALUES = [0.5, 1.0, 2.0, 2.5, 3.0, -1.0, 4.0]
alone = {"grad": ()}
add("_histogram", [lit(VALUES), lit([0.0, 1.0, 2.0, 3.0])], **alone)
add("_histogram", lit(VALUES), {"bin_cnt": 3, "range": (0.0, 3.0)}, **alone)
add("_histogram", lit(VALUES, "float64"), {"bin_cnt": 4, "range": (-1.0, 2.0)}, **alone)
add("_histogram", lit([1, 2, 3], "int32"), {"bin_cnt": 2, "range": (0.5, 3.5)})  # edges are cut to whole numbers
add("_histogram", whole(2, 3, 2), {"bin_cnt": 5, "range": (0, 4)}, **alone)
add("_histogram", [lit([1.0, 1.0, 2.0]), lit([0.0, 1.0, 1.0, 2.0])], **alone)
add("_histogram", lit([1.0, 1.5, 2.0]), {"bin_cnt": 2, "range": (1.0, 1.0)}, **alone)
error("_histogram", arr(3))
error("_histogram", arr(3), {"bin_cnt": 3})
error("_histogram", arr(3), {"bin_cnt": 3, "range": (3.0, 0.0)})
error("_histogram", arr(3), {"bin_cnt": 3, "range": (0.0, 1.0, 2.0)})
error("_histogram", [arr(3), lit([0.0, 1.0])], {"bin_cnt": 3, "range": (0.0, 1.0)})
error("_histogram", [arr(3), lit([0.0])])
error("_histogram", [arr(3), lit([[0.0, 1.0], [2.0, 3.0]])])
error("_histogram", [arr(3), lit([0.0, 1.0], "float64")])

both = {"pure": False, "grad": ()}
add("histogram", lit(VALUES), {"bins": 3, "range": (0, 3)}, **both)
add("histogram", lit([1, 2, 3], "int64"), {"bins": 2, "range": (1, 3)}, **both)
add("histogram", [lit(VALUES), lit([0.0, 1.0, 4.0])], pure=False, grad=())
error("histogram", lit(VALUES), {"bins": "many"})
error("histogram", lit(VALUES), {"bins": [0, 1, 2]})
error("histogram", lit(VALUES), {"bins": 3, "range": (3, 0)})

# ---- what MXNet calls itself -----------------------------------------------------------------------------------------

add("_grad_add", [arr(2, 3), arr(2, 3)], grad=())
add("_grad_add", [arr(1, dtype="float64"), arr(1, dtype="float64")], grad=())
add("_grad_add", [ints(3), ints(3)])
add("_scatter_elemwise_div", [arr(2, 3), arr(2, 3, low=0.5)])
add("_scatter_elemwise_div", [arr(1, dtype="float64"), arr(1, low=0.5, dtype="float64")])
add("_scatter_elemwise_div", [lit([7, -7], "int32"), lit([2, 2], "int32")])
for op in ("_grad_add", "_scatter_elemwise_div"):
    error(op, [arr(2, 3), arr(3)])
    error(op, [arr(3), arr(3, dtype="float64")])
for op in ("_scatter_plus_scalar", "_scatter_minus_scalar"):
    add(op, arr(2, 3), {"scalar": 2.5})
    add(op, arr(1, 1, dtype="float64"), {"scalar": -0.5})
    add(op, ints(3), {"scalar": 2.5})
    add(op, arr(2))
    error(op, arr(3), {"scalar": "two"})

like = "_identity_with_attr_like_rhs"
add(like, [arr(2, 3), arr(2, 3)], grad=(0,), deduced=(1,))
add(like, [arr(1, dtype="float64"), arr(1, dtype="float64")], grad=(0,))
add(like, [ints(2, 1, 2), ints(2, 1, 2)])
error(like, [arr(2, 3), arr(3, 2)])
error(like, [arr(3), ints(3)])

imperative = {"symbol": False, "pure": False, "grad": ()}  # functions of MXNet 0.x
add("_onehot_encode", [lit([0.0, 2.0]), arr(2, 3)], **imperative)
add("_onehot_encode", [lit([5.0, -1.0, 0.7]), arr(3, 2)], **imperative)
add("_onehot_encode", [lit([0.0]), arr(1, 1)], **imperative)
add("onehot_encode", [lit([1.0, 0.0]), arr(2, 3)], **imperative)
error("_onehot_encode", [lit([0.0, 1.0, 2.0]), arr(2, 3)])
add("fill_element_0index", [arr(2, 3), arr(2), lit([0.0, 2.0])], **imperative)
add("fill_element_0index", [arr(3, 1), arr(3), lit([0.0, 0.0, 0.0])], **imperative)
add("fill_element_0index", [arr(1, 4), arr(1), lit([3.0])], **imperative)
error("fill_element_0index", [arr(2, 3), arr(3), arr(3)])
error("fill_element_0index", [arr(3), arr(3), arr(3)])

written = {"into": (0,), "pure": False, "symbol": False, "grad": ()}  # MXNet's indexing writes into an array
add("_scatter_set_nd", [arr(2, 3), arr(2), lit([[0.0, 1.0], [1.0, 2.0]])], {"shape": (2, 3)}, **written)
add("_scatter_set_nd", [arr(2, 3), arr(1, 3), lit([[1]], "int64")], {"shape": (2, 3)}, **written)
add("_scatter_set_nd", [ints(4), ints(1), lit([[3]], "int32")], {"shape": (4,)}, **written)
error("_scatter_set_nd", [arr(2, 3), arr(2), lit([[0.0, 1.0], [1.0, 2.0]])], {"shape": (3, 3)}, into=(0,))
error("_scatter_set_nd", [arr(2, 3), arr(2), lit([[0.0, 1.0], [1.0, 2.0]])], into=(0,))

# In MXNet a graph of it crashes.
gone = {"symbol": False, "pure": False, "grad": ()}
add("reset_arrays", arr(2, 3), {"num_arrays": 1}, states=(0,), **gone)
add("reset_arrays", [arr(3), arr(2, 1, dtype="float64")], {"num_arrays": 2}, states=(0, 1), **gone)
add("reset_arrays", [arr(2, dtype="float16"), arr(1)], {"num_arrays": 2}, states=(0, 1), **gone)
error("reset_arrays", arr(2), {"num_arrays": 2})
error("reset_arrays", arr(2))

zipfian = "_sample_unique_zipfian"
add(zipfian, [], {"range_max": 20, "shape": (2, 5)}, chance=True)
add(zipfian, [], {"range_max": 5, "shape": (1, 5)}, chance=True)
add(zipfian, [], {"range_max": 1, "shape": (3, 1)}, chance=True)
error(zipfian, [], {"range_max": 3, "shape": (1, 5)})
error(zipfian, [], {"range_max": 20})
error(zipfian, [], {"range_max": 20, "shape": (5,)})
error(zipfian, [], {"shape": (1, 5)})

# ---- functions of contrib --------------------------------------------------------------------------------------------

plain = {"symbol": False, "pure": False, "grad": ()}
for name in ("contrib.isnan", "contrib.isinf", "contrib.isfinite"):
    add(name, lit([1.0, float("nan"), float("inf"), -float("inf"), 0.0]), **plain)
    add(name, lit([[1.0, float("nan")]], "float64"), **plain)
    add(name, lit([1, 2], "int32"), **plain)
    add(name, lit([1.0, float("inf")], "float16"), **plain)
draw = {"chance": True, "pure": False}
add("contrib.rand_zipfian", lit([3, 0], "int64"), {"num_sampled": 4, "range_max": 5}, **draw)
add("contrib.rand_zipfian", lit([[3.0, 0.0], [1.0, 2.0]]), {"num_sampled": 3, "range_max": 5}, **draw)
error("contrib.rand_zipfian", lit([3.0]), {"num_sampled": 0, "range_max": 5})
