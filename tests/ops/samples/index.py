"""Operators that look values up by position: gather, scatter, one-hot, embedding, sorting."""

from __future__ import annotations

from .core import Family, arr, distinct, ints, lit, whole

family = Family("index")
add, error = family.add, family.error

add("take", [arr(4, 3), whole(5, low=-2, high=6)], grad=(0,))  # out of range: the nearest row
add("take", [arr(4, 3), ints(5, low=-9, high=9)], {"mode": "wrap"})
add("take", [arr(4, 3), lit([[0, 2], [1, 0]], "int64")], {"axis": 1})
add("take", [arr(2, 3, 2), lit([2.0])], {"axis": -2}, grad=(0,))
add("take", [arr(5, dtype="float64"), lit([1, 1, 4], "uint8")])
add("take", [arr(4, 2), lit([1.7, 0.2])], grad=(0,))  # cut to whole numbers
add("take", [ints(4), lit([3.0, 0.0])], grad=())
add("take", [arr(4, 2), lit([1.0, 3.0])], {"mode": "raise"}, grad=(0,))
error("take", [arr(4, 3), lit([0.0, 7.0])], {"mode": "raise"})
error("take", [arr(4, 3), lit([0.0])], {"axis": 2})
error("take", [arr(4, 3), lit([0.0])], {"mode": "nearest"})

for op in ("pick", "choose_element_0index"):
    add(op, [arr(4, 3), lit([0.0, 1.0, 2.0, 5.0])], grad=(0,))
    add(op, [arr(4, 3), lit([0, 1, 2, 0], "int32")], {"keepdims": True})
    add(op, [arr(4, 3), lit([0.0, 3.0, -1.0])], {"axis": 0, "mode": "clip"}, grad=(0,))
add("pick", [arr(4, 3), lit([0.0, 4.0, -1.0, 2.0])], {"mode": "wrap"}, grad=(0,))
add("pick", [arr(2, 3, 2), whole(2, 3, low=0, high=2)], grad=(0,))
add("pick", [arr(3, 1, dtype="float64"), lit([[0], [0], [0]], "int32")])
error("pick", [arr(4, 3), lit([0.0, 1.0])])
error("pick", [arr(4, 3), lit([0.0, 1.0, 2.0, 0.0])], {"axis": 0})

add("gather_nd", [arr(4, 3), lit([[0.0, 1.0], [1.0, 2.0]])], grad=(0,))
add("gather_nd", [arr(4, 3), lit([[0, 3, 0]], "int32")])
# MXNet loses the gradient of what negative indices pick.
add("gather_nd", [arr(4, 3), lit([[0, -1], [1, -2]], "int64")], golden_gradient=False)
add("gather_nd", [ints(2, 2, 2), lit([[1], [0], [1]], "int32")])
add("gather_nd", [arr(3, dtype="float64"), lit([[[2, 0], [1, 1]]], "int32")])
error("gather_nd", [arr(4, 3), lit([[0.0, 9.0], [1.0, 2.0]])])
error("gather_nd", [arr(4, 3), lit([[0.0], [1.0], [0.0]])])
add("scatter_nd", [arr(2), lit([[0.0, 1.0], [1.0, 2.0]])], {"shape": (2, 3)}, grad=(0,))
add("scatter_nd", [arr(2, 2), lit([[0, 2]], "int32")], {"shape": (3, 2)})
add("scatter_nd", [ints(3), lit([[4, 0, 2]], "int64")], {"shape": (5,)})
add("scatter_nd", [arr(1, dtype="float64"), lit([[1], [0]], "int32")], {"shape": (2, 2)})
error("scatter_nd", [arr(2, 2), lit([[0.0, 2.0]])], {"shape": (3, 3)})
error("scatter_nd", [arr(2), lit([[0.0, 1.0]])])

add("one_hot", lit([0.0, 2.0, -1.0, 5.0]), {"depth": 3}, grad=())
add("one_hot", lit([0, 2], "int32"), {"depth": 3, "on_value": 5.0, "off_value": -1.0, "dtype": "int32"})
add("one_hot", lit([[0.0], [2.0]]), {"depth": 3, "dtype": "float64"}, grad=())
add("one_hot", lit([0.9, 1.2]), {"depth": 2}, grad=())
error("one_hot", lit([0.0]))
error("one_hot", lit([0.0]), {"depth": -1})
error("one_hot", lit([0.0]), {"depth": "many"})

add("Embedding", [whole(2, 3, high=4), arr(4, 3)], {"input_dim": 4, "output_dim": 3}, grad=(1,), deduced=(1,))
add("Embedding", [lit([0, 3, 3], "int32"), arr(4, 2)], {"input_dim": 4, "output_dim": 2}, deduced=(1,))
add("Embedding", [lit([7.0, -1.0]), arr(4, 2)], {"input_dim": 4, "output_dim": 2}, grad=(1,))  # clipped
f64 = {"input_dim": 2, "output_dim": 1, "dtype": "float64"}
add("Embedding", [lit([1, 0], "int64"), arr(2, 1, dtype="float64")], f64)
error("Embedding", [whole(2, high=4), arr(4, 3)], {"input_dim": 5, "output_dim": 3})
error("Embedding", [whole(2, high=4), arr(4, 3)])

for kind in ("value", "both", "mask"):
    add("topk", distinct(3, 5), {"k": 2, "ret_typ": kind}, grad=() if kind == "mask" else None, heads=1)
    add("topk", distinct(5, 3), {"axis": 0, "k": 2, "ret_typ": kind, "is_ascend": True}, grad=())
add("topk", distinct(3, 5), grad=())
add("topk", distinct(3, 5), {"k": 3, "ret_typ": "indices", "dtype": "int32"}, grad=())
add("topk", distinct(2, 3), {"axis": None, "k": 2}, grad=())
add("topk", distinct(2, 3), {"k": 0, "ret_typ": "value"}, grad=())  # all of them
add("topk", lit([[3, 1, 2]], "int32"), {"k": 2, "ret_typ": "both"})
add("topk", lit([[1.0, 1.0, 0.0]]), {"k": 1}, grad=())
error("topk", arr(2, 3), {"k": 9})
error("topk", arr(2, 3), {"axis": 2})
error("topk", arr(2, 3), {"ret_typ": "all"})
# MXNet cannot differentiate sort where the axis is left to its default.
add("sort", distinct(2, 4), grad=())
add("sort", distinct(2, 4), {"axis": 1})
add("sort", distinct(2, 4), {"axis": -1, "is_ascend": False})
add("sort", distinct(3, 2), {"axis": 0})
add("sort", distinct(2, 3), {"axis": None})
add("sort", lit([[3, 1, 1]], "int32"))
add("sort", distinct(4, dtype="float64"), {"axis": -1})
error("sort", arr(2, 3), {"axis": 2})
add("argsort", distinct(2, 4), grad=())
add("argsort", distinct(2, 4), {"is_ascend": False}, grad=())
add("argsort", distinct(3, 2), {"axis": 0, "dtype": "int64"}, grad=())
add("argsort", distinct(2, 3), {"axis": None}, grad=())
add("argsort", lit([[3.0, 1.0, 1.0]]), grad=())
add("argsort", distinct(4, dtype="float64"), {"dtype": "int32"}, grad=())
error("argsort", arr(2, 3), {"axis": 2})

add("batch_take", [arr(4, 3), lit([0, 1, 2, 0], "int32")], grad=())
add("batch_take", [arr(3, 2), lit([0, 5, -1], "int32")], grad=())
add("batch_take", [arr(1, 2, dtype="float64"), lit([1], "int32")], grad=())
error("batch_take", [arr(4, 3), lit([0.0, 1.0, 2.0, 0.0])])
error("batch_take", [arr(4, 3), lit([0, 1, 2], "int32")])
