"""Operators on images, signals and volumes: transposed and old convolutions, resampling, spatial transformers."""

from __future__ import annotations

from typing import Any

from .core import Array, Family, arr, distinct, ints, lit

family = Family("spatial")
add, error = family.add, family.error
DOUBLE = {"dtype": "float64"}


# ---- Deconvolution, Convolution_v1 -----------------------------------------------------------------------------------


def convolution(op: str, data: tuple, weight: tuple, *, filters: int, dtype: str = "float32", **attrs: Any) -> None:
    """A convolution; it has a bias unless no_bias, which is Deconvolution's default."""
    inputs = [arr(*data, dtype=dtype), arr(*weight, dtype=dtype), arr(filters, dtype=dtype)]
    inputs = inputs[: 2 if attrs.get("no_bias", op == "Deconvolution") else 3]
    attrs = {"kernel": weight[2:], "num_filter": filters, **attrs}
    add(op, inputs, attrs, deduced=tuple(range(1, len(inputs))), atol=5e-6, why="order of summation")


convolution("Deconvolution", (1, 2, 4), (2, 3, 3), filters=3)
convolution("Deconvolution", (2, 2, 3, 3), (2, 1, 2, 2), filters=1)
convolution("Deconvolution", (1, 2, 2, 3), (2, 3, 3, 2), filters=3, stride=(2, 3), adj=(1, 2))
convolution("Deconvolution", (1, 2, 3, 3), (2, 2, 3, 3), filters=2, stride=(2, 2), pad=(1, 1), no_bias=False)
convolution("Deconvolution", (1, 2, 3, 3), (2, 2, 2, 2), filters=2, stride=(2, 2), dilate=(2, 1))
convolution("Deconvolution", (1, 2, 3), (2, 2, 2), filters=2, stride=(2,), dilate=(3,), pad=(1,), adj=(1,))
convolution("Deconvolution", (1, 4, 2, 3), (4, 3, 2, 2), filters=6, num_group=2)
convolution("Deconvolution", (1, 3, 3, 3), (3, 1, 2, 2), filters=3, num_group=3, stride=(2, 2))  # depthwise
convolution(
    "Deconvolution", (1, 2, 2, 2, 2), (2, 2, 2, 2, 2), filters=2, stride=(2, 1, 2), pad=(1, 0, 0), no_bias=False
)
# In float32 MXNet fails where target_shape needs padding.
convolution("Deconvolution", (1, 2, 3, 3), (2, 2, 3, 3), filters=2, stride=(2, 2), target_shape=(6, 5), **DOUBLE)
convolution("Deconvolution", (1, 1, 3), (1, 1, 4), filters=1, stride=(3,), target_shape=(7,), **DOUBLE)
ignored = {"pad": (3, 3), "adj": (5, 5)}
convolution("Deconvolution", (1, 1, 2, 2), (1, 1, 3, 3), filters=1, target_shape=(2, 2), **ignored, **DOUBLE)
convolution("Deconvolution", (1, 1, 2, 2), (1, 1, 2, 2), filters=1, target_shape=(0, 0))
unused = {"workspace": 1, "cudnn_tune": "off", "cudnn_off": True}
convolution("Deconvolution", (1, 1, 2, 2), (1, 1, 2, 2), filters=1, layout="NCHW", **unused)
convolution("Deconvolution", (1, 1, 3), (1, 1, 2), filters=1, layout="NCW", cudnn_tune="fastest")
convolution(
    "Deconvolution", (1, 1, 1, 1, 1), (1, 1, 1, 2, 1), filters=1, layout="NCDHW", cudnn_tune="limited_workspace"
)
DECONV = {"kernel": (3, 3), "num_filter": 3}
for wrong in (
    {"adj": (1, 1)},
    {"adj": (1,), "stride": (2, 2)},
    {"stride": (2,)},
    {"stride": (0, 1)},
    {"target_shape": (9, 9)},
    {"target_shape": (4,)},
    {"layout": "NCW"},
    {"layout": "NWC"},
    {"num_filter": 4},
    {"num_group": 2},
    {"pad": (4, 4)},
    {"no_bias": False},
    {"cudnn_tune": "best"},
):
    error("Deconvolution", [arr(1, 2, 3, 3), arr(2, 3, 3, 3)], {**DECONV, **wrong})
error("Deconvolution", [arr(1, 2, 3, 3), arr(3, 2, 3, 3)], DECONV)
error("Deconvolution", [arr(1, 2, 3, 3), arr(2, 3, 3, 3), arr(3)], DECONV)
error("Deconvolution", [arr(1, 2, 3), arr(2, 3, 3, 3)], DECONV)
error("Deconvolution", [arr(1, 2, 3, 3), arr(2, 3, 3, 3)], {"kernel": (3, 3)})
error("Deconvolution", [ints(1, 2, 3, 3), ints(2, 3, 3, 3)], DECONV)

convolution("Convolution_v1", (1, 2, 4, 4), (3, 2, 3, 3), filters=3)
convolution("Convolution_v1", (1, 2, 4, 3), (4, 1, 3, 2), filters=4, num_group=2, stride=(2, 1), pad=(1, 1))
convolution("Convolution_v1", (1, 2, 5, 5), (2, 2, 2, 2), filters=2, dilate=(2, 3), no_bias=True, layout="NCHW")
error("Convolution_v1", [arr(1, 2, 4), arr(3, 2, 3), arr(3)], {"kernel": (3,), "num_filter": 3})
nhwc = {"kernel": (3, 3), "num_filter": 3, "layout": "NHWC"}
error("Convolution_v1", [arr(1, 4, 4, 2), arr(3, 3, 3, 2), arr(3)], nhwc)
error("Convolution_v1", [arr(1, 2, 2, 2), arr(3, 2, 3, 3), arr(3)], {"kernel": (3, 3), "num_filter": 3})
error("Convolution_v1", [arr(1, 2, 4, 4), arr(3, 2, 3, 3)], {"kernel": (3, 3), "num_filter": 3})


# ---- im2col, col2im --------------------------------------------------------------------------------------------------

odd = {"kernel": (2, 3), "stride": (2, 1), "pad": (1, 0), "dilate": (2, 1)}
add("im2col", arr(2, 2, 3, 3), {"kernel": (2, 2)})
add("im2col", arr(1, 2, 4, 4), odd)
add("im2col", arr(1, 1, 2, 2, **DOUBLE), {"kernel": (1, 1)})
for wrong in (
    {"kernel": (5, 5)},
    {"kernel": (2, 2), "stride": (1,)},
    {"kernel": (0, 2)},
    {"kernel": (2, 2), "stride": (0, 1)},
    {},
):
    error("im2col", arr(1, 2, 3, 3), wrong)
error("im2col", arr(1, 2, 3), {"kernel": (2,)})
error("im2col", ints(1, 2, 3, 3), {"kernel": (2, 2)})
add("col2im", arr(2, 8, 4), {"kernel": (2, 2), "output_size": (3, 3)})
add("col2im", arr(1, 12, 4), {"output_size": (4, 4), **odd})
add("col2im", arr(1, 4, 4, **DOUBLE), {"kernel": (2, 2), "output_size": (4, 4), "stride": (2, 2)})
COL = {"kernel": (2, 2), "output_size": (3, 3)}
error("col2im", arr(1, 8, 5), COL)
error("col2im", arr(1, 7, 4), COL)
error("col2im", arr(1, 2, 4, 4), COL)
error("col2im", arr(1, 8, 4), {**COL, "output_size": (3,)})
error("col2im", arr(1, 8, 4), {"output_size": (3, 3)})
error("col2im", ints(1, 8, 4), COL)


# ---- pooling ---------------------------------------------------------------------------------------------------------

for pool in ("max", "avg", "sum"):
    for convention in ("valid", "full"):
        window = {"kernel": (3, 2), "stride": (2, 2), "pool_type": pool, "pooling_convention": convention}
        add("Pooling_v1", distinct(1, 1, 6, 5), window)
        add("Pooling_v1", distinct(1, 1, 4, 5, low=-1.9), {**window, "pad": (1, 1)})  # no tie with the padding
    add("Pooling_v1", distinct(1, 2, 3, 3), {"global_pool": True, "pool_type": pool})
add("Pooling_v1", distinct(1, 1, 3, 3, low=-3, high=-1), {"kernel": (2, 2), "pad": (2, 2)})  # the padding wins
error("Pooling_v1", arr(1, 1, 3, 3), {"kernel": (4, 4)})
error("Pooling_v1", arr(1, 1, 3), {"kernel": (2,)})
error("Pooling_v1", arr(1, 1, 3, 3), {"kernel": (2, 2), "pool_type": "lp"})

for size in ((), 1, (2,), (2, 3), (5, 6)):
    add("contrib.AdaptiveAvgPooling2D", arr(1, 2, 3, 4), {"output_size": size} if size else {})
add("contrib.AdaptiveAvgPooling2D", arr(1, 1, 2, 2, **DOUBLE), {"output_size": 3})
error("contrib.AdaptiveAvgPooling2D", arr(2, 3, 4), {"output_size": 2})
error("contrib.AdaptiveAvgPooling2D", arr(1, 2, 2, 3, 4), {"output_size": 2})
error("contrib.AdaptiveAvgPooling2D", ints(1, 2, 3, 4), {"output_size": 2})


# ---- UpSampling, BilinearResize2D, Crop ------------------------------------------------------------------------------


def upsampling(*inputs: Array, sample_type: str = "nearest", **attrs: Any) -> None:
    count = {"num_args": len(inputs)} if len(inputs) > 1 else {}
    add("UpSampling", list(inputs), {"sample_type": sample_type, **attrs, **count})


upsampling(arr(1, 2, 2, 3), scale=2)
upsampling(arr(1, 1, 2, 2), scale=1)
upsampling(arr(2, 1, 2, 1, **DOUBLE), scale=3, workspace=1)
upsampling(arr(1, 1, 2, 2), arr(1, 2, 4, 4), arr(1, 1, 1, 1), scale=2)
upsampling(arr(1, 1, 2, 2), arr(1, 1, 1, 1), scale=2, multi_input_mode="concat")
upsampling(arr(1, 2, 2, 2), arr(1, 2, 4, 4), scale=2, multi_input_mode="sum")
for scale in (1, 2, 3):
    size = 2 * scale - scale % 2
    upsampling(arr(1, 2, 2, 3), arr(2, 1, size, size), sample_type="bilinear", scale=scale, num_filter=2)
UP = {"scale": 2, "sample_type": "nearest"}
error("UpSampling", [arr(1, 1, 2, 2), arr(1, 2, 1, 1)], {**UP, "num_args": 2, "multi_input_mode": "sum"})
error("UpSampling", [arr(1, 1, 2, 2), arr(1, 1, 3, 3)], {**UP, "num_args": 2})
error("UpSampling", [arr(1, 1, 2, 2), arr(2, 1, 2, 2)], {**UP, "num_args": 2})
error("UpSampling", [arr(1, 1, 2, 2), arr(1, 1, 3, 3)], {"scale": 2, "sample_type": "bilinear", "num_filter": 1})
error("UpSampling", arr(1, 1, 2, 2), {"scale": 2, "sample_type": "bilinear", "num_filter": 1})
error("UpSampling", arr(1, 1, 2, 2), {**UP, "scale": 0})
error("UpSampling", arr(1, 1, 2, 2), {**UP, "sample_type": "cubic"})
error("UpSampling", arr(1, 1, 2, 2), {"sample_type": "nearest"})
error("UpSampling", arr(1, 1, 2, 2), {"scale": 2})
error("UpSampling", arr(1, 2, 2), UP)
error("UpSampling", ints(1, 1, 2, 2), UP)

for align in (True, False):
    for height, width in ((2, 2), (4, 5), (3, 4), (1, 3)):
        resize = {"height": height, "width": width, "align_corners": align}
        add("contrib.BilinearResize2D", arr(1, 2, 3, 4), resize, atol=2e-6, why="float32 weights of neighbours")
    for mode in ("size", "odd_scale"):
        scales = {"scale_height": 0.7, "scale_width": 1.5, "mode": mode, "align_corners": align}
        add("contrib.BilinearResize2D", arr(1, 1, 5, 4), scales, atol=2e-6, why="float32 weights of neighbours")
    for mode in ("to_even_down", "to_even_up", "to_odd_down", "to_odd_up"):
        add("contrib.BilinearResize2D", arr(1, 1, 3, 4), {"mode": mode, "align_corners": align})
    add("contrib.BilinearResize2D", [arr(1, 1, 3, 4), arr(2, 1, 2, 5)], {"mode": "like", "align_corners": align})
add("contrib.BilinearResize2D", arr(1, 1, 3, 4))
add("contrib.BilinearResize2D", arr(1, 1, 1, 1, **DOUBLE), {"height": 2, "width": 3})
error("contrib.BilinearResize2D", arr(1, 1, 3, 4), {"mode": "like"})
error("contrib.BilinearResize2D", [arr(1, 1, 3, 4), arr(1, 1, 2, 2)], {})
error("contrib.BilinearResize2D", [arr(1, 1, 3, 4), arr(2, 2)], {"mode": "like"})
error("contrib.BilinearResize2D", arr(1, 1, 3, 4), {"mode": "odd_scale"})
error("contrib.BilinearResize2D", arr(1, 1, 3, 4), {"mode": "half"})
error("contrib.BilinearResize2D", arr(1, 1, 3, 4), {"scale_height": 2.0})
error("contrib.BilinearResize2D", arr(1, 1, 3, 4), {"height": 0, "width": 2})
error("contrib.BilinearResize2D", arr(1, 3, 4), {"height": 2, "width": 2})
error("contrib.BilinearResize2D", ints(1, 1, 3, 4), {"height": 2, "width": 2})

for window in ({}, {"offset": (1, 2)}, {"center_crop": True}, {"center_crop": True, "offset": (1, 1)}):
    add("Crop", arr(1, 2, 4, 5), {"h_w": (2, 3), **window})
    add("Crop", [arr(1, 2, 4, 5), arr(1, 3, 2, 2)], {"num_args": 2, **window})
add("Crop", arr(1, 1, 2, 2), {"h_w": (2, 2)})
for wrong in (
    {},
    {"h_w": (5, 5)},
    {"h_w": (0, 2)},
    {"h_w": (2,)},
    {"h_w": (2, 2), "offset": (3, 0)},
    {"h_w": (2, 2), "offset": (-1, 0)},
):
    error("Crop", arr(1, 2, 4, 5), wrong)
error("Crop", [arr(1, 1, 3, 4), arr(1, 1, 9, 2)], {"num_args": 2})
error("Crop", [arr(1, 1, 3, 4), arr(1, 1, 2, 2), arr(1, 1, 2, 2)], {"num_args": 3})
error("Crop", arr(2, 3, 4), {"h_w": (2, 2)})


# ---- spatial transformers, Correlation -------------------------------------------------------------------------------

GRID = {"transform_type": "affine", "target_shape": (2, 3)}
add("GridGenerator", arr(2, 6), GRID)
add("GridGenerator", lit([[1, 0, 0, 0, 1, 0]]), {"transform_type": "affine", "target_shape": (3, 2)})
add("GridGenerator", arr(2, 2, 2, 3), {"transform_type": "warp"})
add("GridGenerator", arr(1, 2, 2, 2), {"transform_type": "warp", "target_shape": (5, 5)})
error("GridGenerator", arr(2, 5), GRID)
error("GridGenerator", arr(2, 2, 3), GRID)
error("GridGenerator", ints(2, 6), GRID)
error("GridGenerator", arr(2, 6), {**GRID, "target_shape": 2})
error("GridGenerator", arr(2, 6), {"transform_type": "affine"})
error("GridGenerator", arr(2, 6), {**GRID, "transform_type": "spline"})
error("GridGenerator", arr(2, 6), {"target_shape": (2, 2)})
error("GridGenerator", arr(1, 3, 2, 2), {"transform_type": "warp"})
error("GridGenerator", arr(2, 2, 2), {"transform_type": "warp"})

NEAR = {"low": -1.4, "high": 1.4}  # some places outside
add("BilinearSampler", [arr(2, 2, 3, 4), arr(2, 2, 2, 3, **NEAR)])
add("BilinearSampler", [arr(1, 1, 3, 3, **DOUBLE), arr(1, 2, 2, 2, **NEAR, **DOUBLE)], {"cudnn_off": True})
add("BilinearSampler", [arr(1, 2, 1, 3), arr(1, 2, 1, 2, low=-0.9, high=0.9)])  # a single row
corners = lit([[[[-1.0, 1.0]], [[1.0, -1.0]]]])  # the derivative has a jump there
add("BilinearSampler", [arr(1, 1, 3, 3), corners], {"cudnn_off": None}, true_gradient=False)
error("BilinearSampler", [arr(1, 1, 3, 4), arr(2, 2, 2, 3)])
error("BilinearSampler", [arr(1, 1, 3, 4), arr(1, 3, 2, 3)])
error("BilinearSampler", [arr(1, 3, 4), arr(1, 2, 2, 3)])
error("BilinearSampler", [ints(1, 1, 3, 4), ints(1, 2, 2, 3)])
error("BilinearSampler", [arr(1, 1, 3, 4), arr(1, 2, 2, 3, **DOUBLE)])

ST = {"transform_type": "affine", "sampler_type": "bilinear", "target_shape": (2, 3)}
add("SpatialTransformer", [arr(2, 2, 3, 4), arr(2, 6, low=-0.8, high=0.8)], ST)
small = arr(1, 6, low=-0.4, high=0.4, **DOUBLE)
add("SpatialTransformer", [arr(1, 1, 3, 3, **DOUBLE), small], {**ST, "cudnn_off": True})
add("SpatialTransformer", [arr(1, 1, 2, 3), lit([[0.9, 0, 0, 0, 0.9, 0]])], {**ST, "target_shape": (4, 2)})
error("SpatialTransformer", [arr(1, 1, 3, 4), arr(1, 5)], ST)
error("SpatialTransformer", [arr(1, 1, 3, 4), arr(1, 2, 3)], ST)
error("SpatialTransformer", [arr(1, 1, 3, 4), arr(2, 6)], ST)
error("SpatialTransformer", [arr(1, 1, 3, 4), arr(1, 6)], {**ST, "target_shape": (0, 3)})
error("SpatialTransformer", [arr(1, 1, 3, 4), arr(1, 6)], {**ST, "transform_type": "warp"})
error("SpatialTransformer", [arr(1, 1, 3, 4), arr(1, 6)], {"transform_type": "affine", "target_shape": (2, 2)})


def correlation(size: tuple, dtype: str = "float32", **attrs: Any) -> None:
    add("Correlation", [arr(1, 2, *size, dtype=dtype), arr(1, 2, *size, dtype=dtype)], attrs)


for product in (True, False):
    correlation((3, 3), is_multiply=product)
    correlation((3, 2), is_multiply=product, max_displacement=1, pad_size=1)
    wide = {"kernel_size": 3, "max_displacement": 2, "pad_size": 3, "stride1": 2, "stride2": 2}
    correlation((4, 5), is_multiply=product, **wide)
    correlation((3, 2), "float64", is_multiply=product, max_displacement=0)
    correlation((5, 5), is_multiply=product, kernel_size=3, max_displacement=3, pad_size=3, stride1=3, stride2=2)
pair = [arr(1, 1, 4, 4), arr(1, 1, 4, 4)]
error("Correlation", pair, {"max_displacement": 5})
error("Correlation", pair, {"stride1": 0})
error("Correlation", [arr(1, 2, 3), arr(1, 2, 3)])
error("Correlation", [ints(1, 1, 4, 4), ints(1, 1, 4, 4)])
