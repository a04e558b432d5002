"""Operators that move elements without changing them: reshaping, joining, splitting, slicing, padding."""

from __future__ import annotations

from .core import Family, arr, ints, lit

family = Family("shape")
add, error = family.add, family.error

RESHAPES = (
    (6, 4),
    (0, -1),  # 0 keeps the size at its place, -1 takes what is left
    (-2,),  # -2 keeps all the remaining axes
    (0, -3),  # -3 merges two axes
    (-3, 0),
    (-4, 1, 2, -2),  # -4 splits one axis into the two that follow
    (-4, -1, 2, 0, 0),
    (-1,),
    (2, 3, 2, -1),
    (0, 0, 0, 1),
)
for codes in RESHAPES:
    add("reshape", arr(2, 3, 4), {"shape": codes})
add("Reshape", arr(2, 3, 4), {"shape": (-1, 0), "reverse": True})  # the codes are read from the right
add("reshape", arr(2, 3, 4), {"shape": (-1, 0), "reverse": False})
add("reshape", arr(10, 5, 4), {"shape": (-1, 0), "reverse": True}, grad=())
add("reshape", arr(2, 3, 4), {"shape": (0, -4, -1, 3, 0)})
add("reshape", ints(4, 1), {"shape": 4})
add("reshape", arr(2, 2, dtype="float64"), {"shape": (4,)})
error("reshape", arr(2, 3, 4), {"shape": (-1, -1)})
# No error samples of sizes that do not fit, (5, 5) or (5, -1): MXNet does not check them and touches foreign memory.

add("reshape_like", [arr(6), arr(2, 3)], grad=(0,))
add("reshape_like", [arr(6, 2), arr(2, 3, 4)], {"lhs_begin": 0, "lhs_end": 1, "rhs_begin": 0, "rhs_end": 2}, grad=(0,))
add("reshape_like", [arr(4, 6), arr(5, 2, 3)], {"lhs_begin": -1, "rhs_begin": -2}, grad=(0,))
add("reshape_like", [ints(4), arr(2, 2)], grad=())
error("reshape_like", [arr(6, 2), arr(2, 3, 4)])

for op in ("flatten", "Flatten"):
    add(op, arr(2, 3, 4))
    add(op, arr(3))
    add(op, ints(2, 1, 2))

add("transpose", arr(2, 3, 4))
add("transpose", arr(2, 3, 4), {"axes": (1, 0, 2)})
add("transpose", arr(2, 3, 4, 2), {"axes": (0, 2, 3, 1)})
add("transpose", arr(5))
add("transpose", arr(2, 3, dtype="float64"), {"axes": ()})
add("transpose", ints(2, 3), {"axes": (1, 0)})
error("transpose", arr(2, 3, 4), {"axes": (0, 1)})
error("transpose", arr(2, 3, 4), {"axes": (-1, 0, 1)})
error("transpose", arr(2, 3), {"axes": (0, 2)})

add("expand_dims", arr(2, 3), {"axis": 0})
add("expand_dims", arr(2, 3), {"axis": -1})
add("expand_dims", ints(3), {"axis": 1})
add("expand_dims", arr(2, 3, dtype="float64"), {"axis": -3})
error("expand_dims", arr(2, 3), {"axis": 3})
error("expand_dims", arr(2, 3))
add("squeeze", arr(1, 3, 1))
add("squeeze", arr(1, 3, 1), {"axis": 0})
add("squeeze", arr(1, 3, 1), {"axis": (0, -1)})
add("squeeze", arr(1, 1))
add("squeeze", ints(2, 1), {"axis": -1})
error("squeeze", arr(1, 3, 1), {"axis": 1})
error("squeeze", arr(1, 3, 1), {"axis": 3})
for op in ("swapaxes", "SwapAxis"):
    add(op, arr(2, 3, 4), {"dim1": 0, "dim2": 2})
    add(op, arr(2, 3, 4), {"dim1": -1, "dim2": 1})
    add(op, arr(2, 3), {"dim1": 1, "dim2": 1})
    add(op, ints(2, 3), {"dim1": 0, "dim2": 1})
error("swapaxes", arr(2, 3, 4), {"dim1": 0, "dim2": 3})
for op in ("flip", "reverse"):
    add(op, arr(2, 3, 4), {"axis": 1})
    add(op, arr(2, 3, 4), {"axis": (0, 2)})
    add(op, ints(4), {"axis": 0})
add("flip", arr(3), {"axis": ()})
error("flip", arr(2, 3), {"axis": 2})
error("flip", arr(2, 3), {"axis": -1})
error("flip", arr(2, 3))

add("tile", arr(2, 3), {"reps": (2, 2)})
add("tile", arr(3), {"reps": (2, 2)})
add("tile", arr(2, 3, 2), {"reps": 2})
add("tile", ints(3), {"reps": ()})
add("tile", arr(1, dtype="float64"), {"reps": (3,)})
error("tile", arr(3), {"reps": (-1,)})
error("tile", arr(3))
add("repeat", arr(2, 3), {"repeats": 2})
add("repeat", arr(2, 3), {"repeats": 2, "axis": 1})
add("repeat", arr(2, 3), {"repeats": 3, "axis": -2})
add("repeat", ints(3), {"repeats": 1, "axis": 0})
error("repeat", arr(2, 3), {"repeats": 2, "axis": 5})
error("repeat", arr(2, 3))

for op in ("pad", "Pad"):
    add(op, arr(1, 2, 3, 3), {"mode": "constant", "pad_width": (0, 0, 0, 0, 1, 1, 0, 2), "constant_value": 3.5})
    add(op, arr(1, 2, 3, 3), {"mode": "edge", "pad_width": (0, 0, 0, 0, 1, 2, 0, 3)})
    add(op, arr(1, 2, 3, 3), {"mode": "reflect", "pad_width": (0, 0, 0, 0, 2, 1, 0, 2)})
add("pad", arr(1, 1, 2, 2, 3), {"mode": "constant", "pad_width": (0, 0, 0, 0, 1, 0, 0, 1, 1, 1)})
add("pad", arr(1, 1, 2, 2, 3, dtype="float64"), {"mode": "edge", "pad_width": (0, 0, 0, 0, 1, 0, 0, 1, 1, 1)})
add("pad", arr(1, 1, 2, 2, 3), {"mode": "reflect", "pad_width": (0, 0, 0, 0, 1, 0, 0, 1, 1, 2)})
error("pad", arr(1, 1, 2, 2), {"mode": "constant", "pad_width": (0, 0, 1, 0, 1, 1, 0, 2)})
error("pad", arr(2, 2), {"mode": "constant", "pad_width": (0, 0, 1, 0)})
error("pad", arr(1, 1, 2, 2), {"mode": "reflect", "pad_width": (0, 0, 0, 0, 2, 2, 0, 2)})
error("pad", arr(1, 1, 2, 2), {"mode": "wrap", "pad_width": (0, 0, 0, 0, 1, 1, 1, 1)})
error("pad", arr(1, 1, 2, 2), {"mode": "edge", "pad_width": (0, 0, 0, 0, 2, 2)})
error("pad", ints(1, 1, 2, 2), {"mode": "edge", "pad_width": (0, 0, 0, 0, 1, 1, 0, 0)})

for op in ("concat", "Concat"):
    add(op, [arr(2, 3), arr(2, 2)])
    add(op, [arr(2, 3), arr(1, 3), arr(3, 3)], {"dim": 0})
    add(op, [arr(1, 2, 2), arr(1, 2, 1)], {"dim": -1})
    add(op, [ints(2), ints(3)], {"dim": 0})
add("concat", arr(2, 3))
error("concat", [arr(3), arr(3)])
error("concat", [arr(3), ints(3)], {"dim": 0})
error("concat", [arr(2, 2), arr(3, 3)], {"dim": 0})
error("concat", [], {"dim": 0})
add("stack", [arr(2, 3), arr(2, 3)])
add("stack", [arr(2, 3), arr(2, 3), arr(2, 3)], {"axis": 1})
add("stack", [arr(3), arr(3)], {"axis": -1})
add("stack", [ints(2), ints(2)])
add("stack", arr(1, dtype="float64"))
error("stack", [arr(3), arr(3)], {"axis": 2})
error("stack", [arr(3), ints(3)])
error("stack", [arr(3), arr(2)])

for op in ("split", "SliceChannel"):
    add(op, arr(2, 4, 3), {"num_outputs": 2})
    add(op, arr(2, 4), {"num_outputs": 2, "axis": -1})
    add(op, arr(2, 3), {"num_outputs": 3, "axis": 1, "squeeze_axis": True})
    add(op, arr(2, 3), {"num_outputs": 1})
    add(op, ints(4), {"num_outputs": 2, "axis": 0})
error("split", arr(2, 3), {"num_outputs": 2})
error("split", arr(2, 4), {"num_outputs": 2, "axis": 2})
error("split", arr(2, 4), {"num_outputs": 2, "axis": 1, "squeeze_axis": True})
error("split", arr(2, 4))
for attrs in ({"indices_or_sections": 2}, {"indices_or_sections": (1, 3)}, {"indices_or_sections": ()}):
    add("split_v2", arr(2, 3, 4), {**attrs, "axis": 2}, pure=False)
add("split_v2", arr(2, 3), {"indices_or_sections": 3, "axis": 1, "squeeze_axis": True}, pure=False)
add("split_v2", ints(4, 2), {"indices_or_sections": (1,)}, pure=False)
error("split_v2", arr(2, 3), {"indices_or_sections": [1, 3], "axis": 1})
error("split_v2", arr(2, 3), {"indices_or_sections": 2, "axis": 1})
error("split_v2", arr(2, 3), {"indices_or_sections": 1.5, "axis": 1})
error("split_v2", arr(2, 4), {"indices_or_sections": (3, 1), "axis": 1})
error("split_v2", arr(2, 4), {"indices_or_sections": (2, 9), "axis": 1})
add("_split_v2", arr(2, 4), {"indices": (0, 1, 3), "axis": 1})  # the first index is where the first part begins
add("_split_v2", arr(2, 4), {"indices": (), "axis": 1, "sections": 2})
add("_split_v2", arr(3, 2, dtype="float64"), {"indices": (), "axis": 0, "sections": 3, "squeeze_axis": True})

for op in ("slice", "crop"):
    add(op, arr(2, 3, 4), {"begin": (0, 1), "end": (1, 3)})
    add(op, arr(2, 3, 4), {"begin": (None, 1, -3), "end": (None, None, -1)})
    add(op, arr(2, 3, 4), {"begin": (None, None, None), "end": (None, None, None), "step": (None, -1, 2)})
add("slice", arr(5), {"begin": 4, "end": 1, "step": -2})
add("slice", arr(2, 3), {"begin": (0,), "end": (5,)})
add("slice", ints(5), {"begin": (-3,), "end": (None,)})
add("slice", arr(4, dtype="float64"), {"begin": (1,), "end": (3,)})
error("slice", arr(2, 3), {"begin": (0, 0, 0), "end": (1, 1, 1)})
error("slice", arr(2, 3), {"begin": (0,), "end": (1,), "step": (0,)})
error("slice", arr(2, 3), {"begin": (0,), "end": (1, 1)})
error("slice", arr(2, 3), {"begin": (0,)})
box = {"begin": (0, 1), "end": (2, 3)}
add("_slice_assign", [arr(3, 4), arr(2, 2)], box, grad=())
add("_slice_assign", [arr(3, 4), arr(3, 2)], {"begin": (None, 3), "end": (None, None), "step": (1, -2)}, grad=())
add("_slice_assign", [ints(3), ints(1)], {"begin": (1,), "end": (2,)})
error("_slice_assign", [arr(3, 4), arr(3, 3)], box)
add("_slice_assign_scalar", arr(3, 4), {"scalar": 1.5, **box}, grad=())
add("_slice_assign_scalar", arr(3, dtype="float64"), {"scalar": -1.0, "begin": (-1,), "end": (None,)}, grad=())
add("_slice_assign_scalar", ints(5), {"scalar": 7.0, "begin": (0,), "end": (5,), "step": (2,)})
add("slice_axis", arr(2, 3, 4), {"axis": 1, "begin": 0, "end": 2})
add("slice_axis", arr(2, 3, 4), {"axis": -1, "begin": -3, "end": None})
add("slice_axis", ints(5), {"axis": 0, "begin": 1, "end": -1})
add("slice_axis", arr(3, 1, dtype="float64"), {"axis": 0, "begin": 2, "end": 3})
error("slice_axis", arr(2, 3), {"axis": 1, "begin": 0, "end": 9})
error("slice_axis", arr(2, 3), {"axis": 2, "begin": 0, "end": 1})
error("slice_axis", arr(2, 3), {"axis": 1, "begin": 2, "end": 1})
error("slice_axis", arr(2, 3), {"axis": 1, "begin": -9, "end": 1})
error("slice_axis", arr(2, 3), {"axis": 1, "begin": 0})
add("slice_like", [arr(3, 4), arr(2, 2)], grad=(0,))
add("slice_like", [arr(3, 4, 2), arr(1, 2)], {"axes": (0, 1)}, grad=(0,))
add("slice_like", [arr(3, 4), arr(9, 2)], {"axes": (-1,)}, grad=(0,))
add("slice_like", [ints(4), arr(2)], grad=())
error("slice_like", [arr(3, 4), arr(1, 2, 3)])
error("slice_like", [arr(3, 4), arr(4, 4)])

for k in (0, 1, -2):
    add("diag", arr(3), {"k": k})
    add("diag", arr(3, 4), {"k": k})
add("diag", arr(2, 3, 4))
add("diag", arr(2, 3, 4), {"k": 1, "axis1": -1, "axis2": 0})
add("diag", ints(2, 2))
error("diag", arr(2, 3, 4), {"axis1": 1, "axis2": 1})
error("diag", arr(2, 3, 4), {"axis1": 1, "axis2": 3})
add("depth_to_space", arr(1, 8, 2, 3), {"block_size": 2})
add("depth_to_space", arr(2, 9, 1, 1), {"block_size": 3})
add("depth_to_space", arr(1, 4, 2, 1, dtype="float64"), {"block_size": 2})
error("depth_to_space", arr(1, 4, 2, 2), {"block_size": 3})
error("depth_to_space", arr(4, 2, 2), {"block_size": 2})
error("depth_to_space", arr(1, 4, 2, 2), {"block_size": 0})
add("space_to_depth", arr(1, 2, 4, 6), {"block_size": 2})
add("space_to_depth", arr(2, 1, 3, 3), {"block_size": 3})
add("space_to_depth", lit([[[[1, 2], [3, 4]]]], "int32"), {"block_size": 2})
error("space_to_depth", arr(1, 1, 4, 4), {"block_size": 3})
error("space_to_depth", arr(1, 4, 4), {"block_size": 2})
