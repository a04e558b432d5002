"""Operators that read regions of feature maps: ROI pooling in all kinds, deformable convolution."""

from __future__ import annotations

from typing import Any

from .core import Family, arr, distinct, ints, lit

family = Family("regions")
add, error = family.add, family.error

FLOAT = {"atol": 5e-6, "why": "order of summation"}
RANGE = {"rtol": 5e-5, "atol": 1e-5, "why": "MXNet rounds coordinates to float32 in another order"}

# ---- ROIPooling ------------------------------------------------------------------------------------------------------

WHOLE = [[0, 1, 1, 4, 4], [1, 0, 0, 5, 4], [0, 1.5, 0.5, 3.4, 2.6]]
OUTSIDE = [
    [0, 3, 3, 9, 9],
    [0, -4, -3, 1, 2],
    [1, 9, 9, 12, 12],
    [0, 4, 3, 1, 1],
    [0, 2, 2, 2, 2],
]  # also swapped, a point
NOWHERE = [[2, 1, 1, 4, 4], [-1, 1, 1, 4, 4], [1, 0, 0, 3, 3]]
POOL = "ROIPooling"


def pooled(rois: list, size: tuple, scale: float, dtype: str = "float32") -> None:
    add(
        POOL,
        [distinct(2, 2, 5, 6, dtype=dtype), lit(rois, dtype)],
        {"pooled_size": size, "spatial_scale": scale},
        grad=(0,),
    )


for rois in (WHOLE, OUTSIDE, NOWHERE):
    pooled(rois, (2, 2), 1.0)
pooled(WHOLE, (3, 2), 0.7)
pooled(OUTSIDE, (1, 1), 0.5)
pooled(WHOLE, (4, 5), 1.0)  # bins smaller than an element
pooled(WHOLE[:2], (2, 3), 1.0, "float64")
pooled(WHOLE[:2], (2, 2), 1.0, "float16")
pooled([[0, 0, 0, 9, 9]], (2, 2), 0.0)
ONE = [arr(1, 1, 4, 4), lit([[0.0, 1, 1, 2, 2]])]
SQUARE = {"pooled_size": (2, 2), "spatial_scale": 1.0}
equal = [lit([[[[1.0, 1, 0], [0, 1, 1], [1, 0, 1]]]]), lit([[0.0, 0, 0, 2, 2]])]
add(POOL, equal, SQUARE, grad=(0,), true_gradient=False)  # the first of equal ones gets the gradient
for op in (POOL, "contrib.ROIAlign"):
    error(op, ONE, {**SQUARE, "pooled_size": (2,)})
    error(op, ONE, {**SQUARE, "pooled_size": (0, 2)})
    error(op, ONE, {**SQUARE, "pooled_size": (2, 2, 2)})
    error(op, ONE, {**SQUARE, "spatial_scale": -1.0})
    error(op, ONE, {**SQUARE, "spatial_scale": 2.0})
    error(op, ONE, {"pooled_size": (2, 2)})
    error(op, ONE, {"spatial_scale": 1.0})
    error(op, [ONE[0], lit([[0.0, 1, 1, 2]])], SQUARE)
    error(op, [ONE[0], lit([0.0, 1, 1, 2, 2])], SQUARE)
    error(op, [arr(1, 4, 4), ONE[1]], SQUARE)
    error(op, [ints(1, 1, 4, 4), ints(1, 5)], SQUARE)
    error(op, [ONE[0], lit([[0, 1, 1, 2, 2]], "float64")], SQUARE)

# ---- ROIAlign, RROIAlign ---------------------------------------------------------------------------------------------

ALIGN = "contrib.ROIAlign"
FINE = [[0, 1, 1.5, 4, 3.3], [1, 0.2, 0.3, 5.6, 4.7], [0, 0.3, 0.4, 0.9, 1.2]]
BEYOND = [[0, 3, 3, 9, 9.5], [1, -4.2, -3.1, 8, 2.3], [0, 12, 12, 14, 14], [0, -0.8, -0.7, 0.4, 0.1]]


def aligned(rois: list, dtype: str = "float32", channels: int = 2, **attrs: Any) -> None:
    attrs = {"pooled_size": (2, 2), "spatial_scale": 1.0, **attrs}
    add(
        ALIGN,
        [arr(2, channels, 5, 6, dtype=dtype), lit(rois, dtype)],
        attrs,
        grad=(0,),
        **(FLOAT if dtype == "float32" else {}),
    )


for moved in (False, True):
    for ratio in (-1, 0, 1, 2, 3):
        aligned(FINE, sample_ratio=ratio, aligned=moved)
    aligned(BEYOND, aligned=moved)
    aligned(BEYOND, sample_ratio=2, spatial_scale=0.6, aligned=moved)
    aligned(FINE, pooled_size=(3, 1), aligned=moved)
aligned([[0, 4, 4, 1, 1], [0, 2, 2, 2, 2]])  # at least one element large
aligned([[0, -30, -30, 80, 70]], sample_ratio=-1)
aligned(FINE[:2], "float64", spatial_scale=0.5)
aligned(WHOLE[:2], "float16", sample_ratio=2)
aligned(FINE, channels=8, position_sensitive=True)
aligned(FINE[:2], channels=6, position_sensitive=True, pooled_size=(2, 3), sample_ratio=2, aligned=True)
error(ALIGN, [arr(1, 6, 4, 4), ONE[1]], {**SQUARE, "position_sensitive": True})

# MXNet has no gradient here; finite differences judge ours.
ROTATED = "contrib.RROIAlign"
TURNED = [[0, 2.5, 2.5, 3, 2, 30], [1, 2, 3, 3.3, 2.4, -45], [0, 1, 1, 2, 2, 90], [1, 3, 2, 2, 4, 200]]


def rotated(rois: list, dtype: str = "float32", **attrs: Any) -> None:
    attrs = {"pooled_size": (2, 2), "spatial_scale": 1.0, **attrs}
    inputs = [arr(2, 2, 5, 6, dtype=dtype), lit(rois, dtype)]
    # MXNet's number pi is a float's, in float64 too.
    loose = RANGE if dtype == "float32" else {"rtol": 1e-6, "atol": 1e-6, "why": "MXNet's pi has few digits"}
    add(ROTATED, inputs, attrs, grad=(0,), golden_gradient=False, **loose)


for ratio in (-1, 0, 1, 2):
    rotated(TURNED, sampling_ratio=ratio)
rotated(TURNED, pooled_size=(1, 3), spatial_scale=0.7)
rotated([[0, 0.3, 0.2, 8, 9, 10], [0, 20, 20, 3, 3, 5], [0, 2.5, 2.5, 0.2, -3, 10]])  # beyond, outside, too small
rotated(TURNED[:2], "float64")
error(ROTATED, ONE, SQUARE)
error(ROTATED, [ONE[0], lit([[0.0, 1, 1, 2, 2, 9]])], {**SQUARE, "pooled_size": (2,)})
error(ROTATED, [ONE[0], lit([[0.0, 1, 1, 2, 2, 9]])], {**SQUARE, "spatial_scale": 3.0})

# ---- position-sensitive pooling --------------------------------------------------------------------------------------

SENSITIVE = "contrib.PSROIPooling"


def sensitive(channels: int, rois: list, dtype: str = "float32", **attrs: Any) -> None:
    loose = FLOAT if dtype == "float32" else {"rtol": 1e-6, "atol": 1e-6, "why": "MXNet computes bins in float32"}
    attrs = {"spatial_scale": 1.0, **attrs}
    add(SENSITIVE, [arr(2, channels, 5, 6, dtype=dtype), lit(rois, dtype)], attrs, grad=(0,), **loose)


sensitive(8, WHOLE, output_dim=2, pooled_size=2)
sensitive(4, OUTSIDE, output_dim=1, pooled_size=2, spatial_scale=0.6)
sensitive(8, WHOLE, output_dim=2, pooled_size=3, group_size=2)
sensitive(9, WHOLE, output_dim=1, pooled_size=2, group_size=3)
sensitive(5, WHOLE, output_dim=1, pooled_size=2)  # a channel too many
sensitive(1, [[0, 0, 0, 1e9, 1e9]], output_dim=1, pooled_size=1)
sensitive(4, WHOLE, "float64", output_dim=1, pooled_size=2)

SHIFTING = "contrib.DeformablePSROIPooling"


def shifting(channels: int, rois: list, trans: tuple | None, dtype: str = "float32", **attrs: Any) -> None:
    inputs = [arr(2, channels, 5, 6, dtype=dtype), lit(rois, dtype)]
    inputs += [] if trans is None else [arr(len(rois), *trans, low=-1, high=1, dtype=dtype)]
    attrs = {"spatial_scale": 0.9, **attrs} | ({"no_trans": True} if trans is None else {"trans_std": 0.1})
    loose = FLOAT if dtype == "float32" else {"rtol": 1e-6, "atol": 1e-6, "why": "MXNet computes positions in float32"}
    grad = (0,) if trans is None else (0, 2)
    add(SHIFTING, inputs, attrs, grad=grad, **loose)


shifting(8, WHOLE, None, output_dim=2, pooled_size=2, group_size=2)
shifting(8, WHOLE, None, output_dim=2, pooled_size=3, group_size=2, sample_per_part=3, part_size=2)
shifting(8, WHOLE, (2, 2, 2), output_dim=2, pooled_size=2, group_size=2, sample_per_part=2)
shifting(8, WHOLE, (4, 2, 2), output_dim=2, pooled_size=2, group_size=2, sample_per_part=2)  # two classes
shifting(8, WHOLE, (2, 2, 2), output_dim=2, pooled_size=3, group_size=2, part_size=2, sample_per_part=2)
shifting(1, WHOLE, (2, 1, 1), output_dim=1, pooled_size=3, group_size=1, part_size=1, sample_per_part=4)
shifting(4, OUTSIDE, None, output_dim=1, pooled_size=2, group_size=2, sample_per_part=4)
shifting(4, WHOLE, (2, 2, 2), "float64", output_dim=1, pooled_size=2, group_size=2, sample_per_part=2)
BINS = {"spatial_scale": 1.0, "output_dim": 1, "group_size": 1, "pooled_size": 1}
error(SHIFTING, ONE, BINS)
error(SHIFTING, [*ONE, arr(1, 2, 1, 1)], {**BINS, "no_trans": True})

# ---- deformable convolution ------------------------------------------------------------------------------------------

FIRST, SECOND = "contrib.DeformableConvolution", "contrib.ModulatedDeformableConvolution"
SUM = {"atol": 1e-5, "rtol": 5e-5, "why": "order of summation"}


def deformable(
    op: str,
    data: tuple,
    weight: tuple,
    out: tuple,
    *,
    move: float = 1.5,
    sets: int = 1,
    dtype: str = "float32",
    **attrs: Any,
) -> None:
    """A deformable convolution whose offsets reach ``move`` elements. MXNet has the second's gradient on GPUs only."""
    elements, wide = sets * weight[2] * weight[3], {"dtype": dtype}
    inputs = [arr(*data, **wide), arr(data[0], 2 * elements, *out, low=-move, high=move, **wide)]
    inputs += [arr(data[0], elements, *out, low=0, high=1, **wide)] if op == SECOND else []
    inputs += [arr(*weight, **wide)] + ([] if attrs.get("no_bias") else [arr(weight[0], **wide)])
    attrs = {
        "kernel": weight[2:],
        "num_filter": weight[0],
        **({"num_deformable_group": sets} if sets > 1 else {}),
        **attrs,
    }
    loose = SUM if dtype == "float32" else {}
    add(op, inputs, attrs, golden_gradient=op == FIRST, **loose)


for op in (FIRST, SECOND):
    deformable(op, (1, 2, 5, 4), (3, 2, 3, 3), (3, 2))
    deformable(op, (2, 4, 4, 4), (4, 2, 2, 2), (2, 2), num_group=2, stride=(2, 2), sets=2)
    deformable(op, (1, 2, 5, 6), (2, 2, 3, 2), (3, 7), pad=(1, 1), dilate=(2, 1), no_bias=True, move=0.9)
    deformable(op, (1, 4, 3, 3), (4, 4, 1, 1), (3, 3), sets=4, layout="NCHW", move=3)
    deformable(op, (1, 2, 4, 4), (2, 2, 3, 3), (4, 4), pad=(1, 1), dtype="float64", move=6)  # mostly outside
    deformable(op, (1, 1, 3, 1), (1, 1, 1, 1), (3, 1), workspace=1)
    inner = [arr(1, 4, 5, 5), arr(1, 18, 3, 3)] + ([arr(1, 9, 3, 3)] if op == SECOND else [])
    WEIGHT, BIAS, KERNEL = arr(6, 4, 3, 3), arr(6), {"kernel": (3, 3), "num_filter": 6}
    error(op, [*inner, WEIGHT], KERNEL)
    error(op, [*inner, WEIGHT, BIAS], {**KERNEL, "no_bias": True})
    error(op, [inner[0], arr(1, 16, 3, 3), *inner[2:], WEIGHT, BIAS], KERNEL)
    error(op, [inner[0], arr(1, 18, 3, 2), *inner[2:], WEIGHT, BIAS], KERNEL)
    error(op, [*inner, arr(6, 2, 3, 3), BIAS], KERNEL)
    error(op, [*inner, WEIGHT, arr(5)], KERNEL)
    error(op, [*inner, WEIGHT, BIAS], {**KERNEL, "num_group": 4})
    error(op, [*inner, WEIGHT, BIAS], {**KERNEL, "num_deformable_group": 3})
    error(op, [*inner, WEIGHT, BIAS], {**KERNEL, "kernel": (3, 3, 3)})
    error(op, [*inner, WEIGHT, BIAS], {**KERNEL, "kernel": (3,)})
    error(op, [*inner, WEIGHT, BIAS], {**KERNEL, "layout": "NHWC"})
    error(op, [*inner, WEIGHT, BIAS], {**KERNEL, "layout": "NCW"})
    error(op, [*inner, WEIGHT, BIAS], {**KERNEL, "pad": (1,)})
    error(op, [*inner, WEIGHT, BIAS], {**KERNEL, "stride": (0, 1)})
    error(op, [*inner, WEIGHT, BIAS], {"num_filter": 6})
deformable(SECOND, (2, 1, 3, 3), (1, 1, 2, 2), (2, 2), im2col_step=1)
error(SECOND, [*inner[:2], arr(1, 8, 3, 3), WEIGHT, BIAS], KERNEL)
