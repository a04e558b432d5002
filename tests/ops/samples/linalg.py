"""Linear algebra: products, triangles, factorizations, determinants."""

from __future__ import annotations

import itertools

from .core import Array, Family, arr, ints, lit

family = Family("linalg")
add, error = family.add, family.error

F64 = {"dtype": "float64"}
SYMMETRIC = [[4.0, 1.0, -0.5], [1.0, 3.0, 0.25], [-0.5, 0.25, 2.0]]  # positive definite
LOWER = [[2.0, 0.0, 0.0], [-0.5, 1.5, 0.0], [0.25, 1.0, 1.0]]
GENERAL = [[1.5, -0.5, 1.0], [0.5, 2.0, -1.0], [-1.0, 0.25, 1.25]]
SINGULAR = [[1.0, 2.0], [2.0, 4.0]]


def pair(matrix: list) -> Array:
    """A batch of two different matrices."""
    return lit([matrix, [[2 * x for x in row] for row in matrix]])


# ---- products --------------------------------------------------------------------------------------------------------

SHAPES = {
    (False, False): ((2, 3), (3, 4)),
    (True, False): ((3, 2), (3, 4)),
    (False, True): ((2, 3), (4, 3)),
    (True, True): ((3, 2), (4, 3)),
}
for (a, b), (left, right) in SHAPES.items():
    how = {"transpose_a": a, "transpose_b": b}
    for op, rest in (("linalg_gemm", [arr(2, 4)]), ("linalg_gemm2", [])):
        add(op, [arr(*left), arr(*right), *rest], how)
for op, more in (("linalg_gemm", 1), ("linalg_gemm2", 0)):
    scaled = {"alpha": 2.5, "beta": -0.5} if more else {"alpha": 2.5}
    add(op, [arr(2, 2, 3), arr(2, 3, 2), *[arr(2, 2, 2)] * more], scaled)
    add(op, [arr(1, 2, 2, 1, **F64), arr(1, 2, 1, 3, **F64), *[arr(1, 2, 2, 3, **F64)] * more])
    add(op, [arr(2, 4, 3), arr(3, 4, 2), *[arr(2, 4, 2)] * more], {"axis": 0})
    add(op, [arr(4, 2, 3), arr(4, 3, 2), *[arr(4, 2, 2)] * more], {"axis": 1})
    across = {"axis": -3, "transpose_a": True, "transpose_b": True}
    add(op, [arr(2, 3, 2, 2), arr(2, 4, 2, 3), *[arr(2, 2, 2, 4)] * more], across)
    error(op, [arr(2, 3), arr(2, 3), *[arr(2, 3)] * more])
    error(op, [arr(3, 2, 2), arr(1, 2, 2), *[arr(3, 2, 2)] * more])  # batch axes do not broadcast
    error(op, [arr(2, 2), arr(3, 2, 2), *[arr(3, 2, 2)] * more])
    error(op, [arr(2), arr(2), *[arr(1)] * more])
    error(op, [ints(2, 2), ints(2, 2), *[ints(2, 2)] * more])
    error(op, [arr(2, 2), arr(2, 2, **F64), *[arr(2, 2)] * more])
    for axis in (-1, 2, -4):
        error(op, [arr(2, 2, 2), arr(2, 2, 2), *[arr(2, 2, 2)] * more], {"axis": axis})
add("linalg_gemm", [arr(2, 3), arr(3, 2), arr(2, 2)], {"beta": 0.0})
error("linalg_gemm", [arr(2, 2), arr(2, 2), arr(1, 2)])  # C does not broadcast
error("linalg_gemm", [arr(2, 2), arr(2, 2)])

add("linalg_syrk", arr(2, 3))
add("linalg_syrk", arr(2, 3), {"transpose": True, "alpha": 0.5})
add("linalg_syrk", arr(2, 1, 3))
add("linalg_syrk", arr(1, 1, 2, 3, **F64), {"alpha": -2.0})
error("linalg_syrk", arr(3))
error("linalg_syrk", ints(2, 3))

for transpose, right, lower in itertools.product((False, True), repeat=3):
    how = {"transpose": transpose, "rightside": right, "lower": lower}
    triangle = lit(GENERAL)  # its other half does not count
    for op in ("linalg_trmm", "linalg_trsm"):
        add(op, [triangle, arr(2, 3) if right else arr(3, 2)], how)
        add(op, [lit([[GENERAL]], "float64"), arr(1, 1, 3, 3, **F64)], {**how, "alpha": -1.5})
for op in ("linalg_trmm", "linalg_trsm"):
    add(op, [pair(GENERAL), arr(2, 3, 1)], {"alpha": 2.0})
    add(op, [lit([[2.0]]), lit([[3.0]])])
    error(op, [arr(3, 3), arr(2, 2)])
    error(op, [arr(2, 3), arr(3, 2)])  # not square
    error(op, [arr(2, 2), arr(2, 3)], {"rightside": True})
    error(op, [arr(1, 2, 2), arr(3, 2, 2)])
    error(op, [arr(2), arr(2)])
    error(op, [ints(2, 2), ints(2, 2)])
    error(op, [arr(2, 2), arr(2, 2, **F64)])
add("linalg_trsm", [lit([[1.0, 0.0], [1.0, 0.0]]), lit([[1.0], [2.0]])], grad=())  # singular

# MXNet refuses to differentiate it.
add("khatri_rao", [arr(2, 3), arr(3, 3)], grad=())
add("khatri_rao", [arr(2, 2), arr(1, 2), arr(2, 2)], grad=())
add("khatri_rao", arr(2, 3), grad=())
add("khatri_rao", [arr(1, 1, **F64), arr(2, 1, **F64)], grad=())
error("khatri_rao", [])
error("khatri_rao", [arr(2, 2), arr(2, 3)])
error("khatri_rao", [arr(2), arr(2)])
error("khatri_rao", [arr(1, 2, 2), arr(1, 2, 2)])
error("khatri_rao", [arr(2, 2), arr(2, 2, **F64)])

# ---- diagonals and triangles -----------------------------------------------------------------------------------------

for offset in (0, 1, -2):
    add("linalg_extractdiag", arr(3, 3), {"offset": offset})
    add("linalg_makediag", arr(2), {"offset": offset})
    for lower in (True, False):
        add("linalg_extracttrian", arr(3, 3), {"offset": offset, "lower": lower})
        add("linalg_maketrian", arr(3), {"offset": offset, "lower": lower})
for op, shape in (
    ("linalg_extractdiag", (2, 2)),
    ("linalg_makediag", (3,)),
    ("linalg_extracttrian", (2, 2)),
    ("linalg_maketrian", (6,)),
):
    add(op, arr(2, *shape))
    add(op, arr(1, 2, *shape, **F64))
    error(op, ints(*shape))
for op in ("linalg_extractdiag", "linalg_extracttrian"):
    add(op, arr(1, 1))
    error(op, arr(3))
    error(op, arr(2, 3))
    error(op, arr(3, 3), {"offset": 3})
    error(op, arr(3, 3), {"offset": -3})
    error(op, arr(3, 3), {"offset": "up"})
error("linalg_maketrian", arr(4))
error("linalg_maketrian", arr(3, 2))

add("linalg_sumlogdiag", lit(SYMMETRIC))
add("linalg_sumlogdiag", pair(SYMMETRIC))
add("linalg_sumlogdiag", arr(1, 2, 1, 1, low=0.5, high=3.0, **F64))
add("linalg_sumlogdiag", lit([[2.0, 0.0], [0.0, -1.0]]), grad=())
error("linalg_sumlogdiag", arr(2, 3))
error("linalg_sumlogdiag", arr(3))
error("linalg_sumlogdiag", ints(2, 2, low=1))

# ---- factorizations --------------------------------------------------------------------------------------------------

# Symmetric input: its gradient is that of both halves, so finite differences of one element say nothing.
for op in ("linalg_potrf", "linalg.syevd"):
    half = {"true_gradient": False, "pure": "." not in op}
    loose = {"rtol": 1e-4, "atol": 1e-5, "why": "two implementations of LAPACK"} if "syevd" in op else {}
    add(op, lit(SYMMETRIC), **half, **loose)
    add(op, pair(SYMMETRIC), **half, **loose)
    add(op, lit([[SYMMETRIC]], "float64"), **half)
    add(op, lit([[4.0]]), **half)
    add(op, lit([[4.0, 99.0], [2.0, 5.0]]), grad=(), pure=half["pure"])  # the upper half does not count
    error(op, arr(2, 3))
    error(op, arr(3))
    error(op, lit([[4, 0], [0, 4]], "int32"))
error("linalg_potrf", lit([[1.0, 2.0], [2.0, 1.0]]))  # not positive definite
error("linalg_potrf", lit([[[4.0, 0.0], [0.0, 4.0]], [[-1.0, 0.0], [0.0, 1.0]]]))
add("linalg.syevd", lit([[2.0, 0.0], [0.0, -1.0]]), pure=False, true_gradient=False)

add("linalg_potri", lit(LOWER))
add("linalg_potri", pair(LOWER), atol=1e-5, why="two implementations of LAPACK")
add("linalg_potri", lit([[LOWER]], "float64"))
add("linalg_potri", lit([[2.0, 99.0], [1.0, 2.0]]))  # the upper half does not count
error("linalg_potri", lit([[2.0, 0.0], [1.0, 0.0]]))
error("linalg_potri", arr(2, 3))
error("linalg_potri", arr(3))
error("linalg_potri", ints(2, 2, low=1))

lapack = {"rtol": 1e-4, "atol": 1e-5, "why": "two implementations of LAPACK"}
add("linalg_gelqf", lit(GENERAL[:2]), **lapack)
add("linalg_gelqf", lit(GENERAL), **lapack)
add("linalg_gelqf", pair(GENERAL[1:]), **lapack)
add("linalg_gelqf", arr(1, 1, 1, 3, **F64))
add("linalg_gelqf", lit([[-1.0, 0.0], [0.0, 1.0]]), true_gradient=False)  # signs change if moved at all
error("linalg_gelqf", arr(3, 2))
error("linalg_gelqf", arr(3))
error("linalg_gelqf", ints(2, 2, low=1))

# ---- determinants and inverse ----------------------------------------------------------------------------------------

for op in ("linalg_inverse", "linalg_det", "linalg_slogdet"):
    add(op, lit(GENERAL), rtol=2e-5, atol=2e-6, why="two implementations of LAPACK")
    add(op, pair(GENERAL), rtol=2e-5, atol=2e-6, why="two implementations of LAPACK")
    add(op, lit([[[GENERAL]]], "float64"))
    add(op, lit([[-2.0]]))
    error(op, arr(2, 3))
    error(op, arr(3))
    error(op, ints(2, 2, low=1))
    error(op, arr(2, 2, dtype="float16"))
error("linalg_inverse", lit(SINGULAR))
add("linalg_det", lit(SINGULAR), true_gradient=False)  # 0, where mathematics has the cofactors
add("linalg_slogdet", lit(SINGULAR), true_gradient=False)
