"""Matrix products."""

from __future__ import annotations

from .core import Family, arr, ints

family = Family("matrix")
add, error = family.add, family.error

add("dot", [arr(2, 3), arr(3, 4)])
add("dot", [arr(3, 2), arr(3, 4)], {"transpose_a": True})
add("dot", [arr(2, 3), arr(4, 3)], {"transpose_b": True})
add("dot", [arr(3, 2), arr(4, 3)], {"transpose_a": True, "transpose_b": True})
add("dot", [arr(5), arr(5)])
add("dot", [arr(2, 3), arr(3)])
add("dot", [arr(3), arr(3, 2)])
add("dot", [arr(2, 2, 3), arr(3, 2)])
add("dot", [arr(2, 3), arr(3, 2, 2)])
add("dot", [arr(2, 2, 3), arr(3, 2, 2)])
add("dot", [arr(3, 2, 2), arr(3, 4)], {"transpose_a": True})
add("dot", [arr(2, 3), arr(2, 2, 3)], {"transpose_b": True})
add("dot", [arr(1, 3, dtype="float64"), arr(3, 1, dtype="float64")])
for stype in ("default", "csr", "row_sparse"):
    add("dot", [arr(2, 3), arr(3, 2)], {"forward_stype": stype})
    add("batch_dot", [arr(1, 2, 3), arr(1, 3, 2)], {"forward_stype": stype})
add("dot", [arr(2, 2, 3), arr(3)])
add("dot", [arr(3), arr(3, 2, 2)])
add("dot", [arr(3, 2, 2), arr(4, 2, 3)], {"transpose_a": True, "transpose_b": True})
add("dot", [arr(1), arr(1)])
add("dot", [arr(2, 3), arr(3)], {"transpose_b": True})
error("dot", [arr(2, 3), arr(3)], {"transpose_a": True})
error("dot", [arr(3), arr(3)], {"transpose_a": True})
error("dot", [arr(2, 3), arr(3, 2)], {"forward_stype": "dense"})
error("dot", [arr(2, 3), arr(2, 3)])
error("dot", [arr(3), arr(4)])
error("dot", [arr(2, 3), arr(3, 2, dtype="float64")])
error("dot", [ints(2, 3), ints(3, 2)])
error("dot", [arr(2, 3)])

add("batch_dot", [arr(2, 2, 3), arr(2, 3, 4)])
add("batch_dot", [arr(2, 3, 2), arr(2, 3, 4)], {"transpose_a": True})
add("batch_dot", [arr(2, 2, 3), arr(2, 4, 3)], {"transpose_b": True})
add("batch_dot", [arr(2, 3, 2), arr(2, 4, 3)], {"transpose_a": True, "transpose_b": True})
add("batch_dot", [arr(2, 2, 2, 3), arr(2, 2, 3, 1)])
add("batch_dot", [arr(1, 1, 3, dtype="float64"), arr(1, 3, 1, dtype="float64")])
error("batch_dot", [arr(2, 2, 3), arr(3, 3, 1)])
error("batch_dot", [arr(1, 2, 3), arr(2, 3, 1)])
error("batch_dot", [arr(2, 3), arr(3, 1)])
error("batch_dot", [arr(2, 2, 3), arr(2, 2, 1)])
error("batch_dot", [arr(1, 2, 3), arr(1, 3, 2)], {"transpose_a": True})
error("batch_dot", [ints(1, 2, 3), ints(1, 3, 2)])
error("batch_dot", [arr(1, 2, 3), arr(1, 3, 2, dtype="float64")])
