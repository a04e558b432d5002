"""Operators of networks: layers, normalization, activations, the softmax family, sequence masks."""

from __future__ import annotations

from typing import Any

from .core import Family, arr, distinct, ints, lit, whole

family = Family("nn")
add, error = family.add, family.error


# ---- layers ----------------------------------------------------------------------------------------------------------

add("FullyConnected", [arr(2, 3), arr(4, 3), arr(4)], {"num_hidden": 4}, deduced=(1, 2))
add("FullyConnected", [arr(2, 3, 2), arr(4, 6), arr(4)], {"num_hidden": 4}, deduced=(1, 2))
add("FullyConnected", [arr(2, 3, 2), arr(4, 2), arr(4)], {"num_hidden": 4, "flatten": False}, deduced=(1, 2))
add("FullyConnected", [arr(2, 3), arr(4, 3)], {"num_hidden": 4, "no_bias": True}, deduced=(1,))
add("FullyConnected", [arr(3), arr(2, 3), arr(2)], {"num_hidden": 2, "flatten": False})
one = {"dtype": "float64"}
add("FullyConnected", [arr(1, 1, **one), arr(1, 1, **one), arr(1, **one)], {"num_hidden": 1}, deduced=(1, 2))
error("FullyConnected", [arr(2, 3), arr(4, 3)], {"num_hidden": 4})
error("FullyConnected", [arr(2, 3), arr(4, 5), arr(4)], {"num_hidden": 4})
error("FullyConnected", [arr(2, 3), arr(4, 3), arr(5)], {"num_hidden": 4})
error("FullyConnected", [arr(2, 3), arr(4, 3), arr(4)], {"num_hidden": 6})
error("FullyConnected", [arr(2, 3), arr(4, 3), arr(4)])
error("FullyConnected", [arr(2, 3), arr(4, 3), arr(4)], {"num_hidden": 4, "no_bias": True})
error("FullyConnected", [arr(2, 3), arr(4, 3, dtype="float64"), arr(4)], {"num_hidden": 4})
error("FullyConnected", [ints(2, 3), ints(4, 3), ints(4)], {"num_hidden": 4})


def convolution(data: tuple, weight: tuple, *, dtype: str = "float32", **attrs: Any) -> None:
    """A Convolution whose bias is as wide as its weight, unless no_bias."""
    inputs = [arr(*data, dtype=dtype), arr(*weight, dtype=dtype), arr(weight[0], dtype=dtype)]
    inputs = inputs[:2] if attrs.get("no_bias") else inputs
    attrs = {"kernel": weight[2:], "num_filter": weight[0], **attrs}
    # Sums of up to 27 products: their order differs between the kernels.
    add("Convolution", inputs, attrs, deduced=tuple(range(1, len(inputs))), atol=5e-6, why="order of summation")


convolution((1, 2, 7), (3, 2, 3))
convolution((2, 2, 7), (2, 2, 3), stride=(2,), pad=(1,), dilate=(2,))
convolution((1, 2, 5, 4), (3, 2, 3, 2))
convolution((1, 2, 5, 5), (2, 2, 3, 3), stride=(2, 2), pad=(1, 1))
convolution((1, 2, 6, 5), (2, 2, 2, 2), dilate=(2, 3))
convolution((1, 4, 4, 4), (4, 2, 3, 3), num_group=2)
convolution((1, 3, 4, 4), (3, 1, 3, 3), num_group=3, pad=(1, 1))  # depthwise
convolution((1, 2, 4, 4), (3, 2, 1, 1), no_bias=True)
convolution((1, 1, 4, 4), (1, 1, 2, 2), dtype="float64")
convolution((1, 2, 3, 4, 3), (2, 2, 2, 2, 2))
convolution((1, 1, 4, 4, 4), (1, 1, 2, 2, 2), stride=(1, 2, 2), pad=(0, 1, 0), no_bias=True)
convolution((1, 1, 3), (1, 1, 2), layout="NCW", cudnn_tune="off", cudnn_off=True, workspace=1)
convolution((1, 1, 3, 3), (1, 1, 2, 2), layout="NCHW", cudnn_tune="fastest")
convolution((1, 1, 2, 2, 2), (1, 1, 2, 2, 2), layout="NCDHW", cudnn_tune="limited_workspace")
CONV = {"kernel": (3, 3), "num_filter": 2}
error("Convolution", [arr(2, 3, 4, 4), arr(2, 3, 3, 3)], CONV)
error("Convolution", [arr(2, 3, 4, 4), arr(2, 2, 3, 3), arr(2)], CONV)
error("Convolution", [arr(2, 3, 4, 4), arr(2, 3, 3, 3), arr(3)], CONV)
error("Convolution", [arr(2, 3), arr(2, 3, 3, 3), arr(2)], CONV)
error("Convolution", [arr(2, 3, 2, 2), arr(2, 3, 3, 3), arr(2)], CONV)  # the kernel exceeds the input
error("Convolution", [arr(2, 3, 4, 4), arr(2, 3, 3, 3), arr(2)], {**CONV, "num_group": 2})
error("Convolution", [arr(2, 3, 4, 4), arr(2, 3, 3, 3), arr(2)], {"kernel": (3, 3)})
error("Convolution", [arr(2, 3, 4, 4), arr(2, 3, 3, 3), arr(2)], {"num_filter": 2})
error("Convolution", [ints(2, 3, 4, 4), ints(2, 3, 3, 3), ints(2)], CONV)
for wrong in ({"stride": (1,)}, {"stride": (0, 1)}, {"dilate": (0, 1)}, {"layout": "NWC"}, {"cudnn_tune": "best"}):
    error("Convolution", [arr(2, 3, 4, 4), arr(2, 3, 3, 3), arr(2)], {**CONV, **wrong})


def pooling(shape: tuple, dtype: str = "float32", **attrs: Any) -> None:
    """Pooling of values without ties, in training mode: in predict mode MXNet's gradient of max is not reproducible."""
    # Where the last window reaches beyond the input, MXNet's forward and backward divide by different counts.
    cut = attrs.get("pooling_convention") == "full" and "pad" not in attrs and attrs["pool_type"] == "avg"
    add("Pooling", distinct(*shape, dtype=dtype), attrs, train=True, golden_gradient=not cut)


for pool in ("max", "avg", "sum"):
    pooling((1, 2, 4, 4), kernel=(2, 2), pool_type=pool)
    pooling((1, 2, 5, 5), kernel=(3, 2), stride=(2, 2), pad=(1, 1), pool_type=pool)
    full = {"kernel": (3, 3), "stride": (2, 2), "pool_type": pool, "pooling_convention": "full"}
    pooling((1, 1, 6, 6), **full)
    pooling((1, 1, 6, 6), **full, pad=(1, 1))
    pooling((2, 2, 3, 3), global_pool=True, pool_type=pool)
    pooling((1, 2, 6), kernel=(3,), stride=(2,), pad=(1,), pool_type=pool)
    pooling((1, 1, 3, 4, 3), kernel=(2, 2, 2), pool_type=pool)
    pooling((1, 1, 4, 4), "float64", kernel=(2, 2), stride=(2, 2), pool_type=pool)
    pooling((1, 2, 6), global_pool=True, kernel=(1,), pool_type=pool)
for include in (True, False):
    padded = {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1), "pool_type": "avg", "count_include_pad": include}
    pooling((1, 1, 5, 5), **padded)
    pooling((1, 1, 6, 6), **padded, pooling_convention="full")
# Not the convention "same": MXNet has it in one dimension only, and fails there too.
add("Pooling", arr(1, 1, 3, 3, low=0.2, high=2), {"kernel": (2, 2), "pool_type": "lp", "p_value": 2})
add("Pooling", arr(1, 2, 4, 4), {"kernel": (2, 2), "stride": (2, 2)}, grad=())
for pool in ("avg", "sum"):  # a window that fits only together with the padding
    add("Pooling", arr(1, 1, 1, 3, 4), {"kernel": (3, 3, 3), "pad": (1, 0, 1), "pool_type": pool}, train=True)
for p in (1, 2, 3):
    norm = {"pool_type": "lp", "p_value": p}
    add("Pooling", arr(1, 1, 5, 5, low=0.2, high=2), {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1), **norm})
    add("Pooling", arr(1, 2, 3, 3, low=0.2, high=2), {"global_pool": True, **norm})
    add("Pooling", arr(1, 1, 5, low=0.2, high=2), {"kernel": (3,), "pooling_convention": "valid", **norm})
for layout, shape in (("NWC", (1, 4, 2)), ("NHWC", (1, 3, 3, 2)), ("NDHWC", (1, 2, 3, 2, 2))):
    first = layout[0] + layout[-1] + layout[1:-1]
    for pool in ("max", "avg"):
        window = {"kernel": (2, 2, 2)[: len(shape) - 2], "pool_type": pool}
        pooling(shape, **window, layout=layout)
        pooling((1, 2, *shape[1:-1]), **window, layout=first)
        pooling(shape, global_pool=True, pool_type=pool, layout=layout, cudnn_off=True)
error("Pooling", arr(2, 3, 4, 4), {"kernel": (5, 5)})
error("Pooling", arr(2, 3, 4, 4), {"kernel": (3, 3), "pad": (3, 3)})
error("Pooling", arr(2, 3, 4, 4), {"kernel": (2, 2), "pool_type": "median"})
error("Pooling", arr(2, 3, 4, 4), {"kernel": (2, 2), "pooling_convention": "exact"})
error("Pooling", arr(2, 3, 4, 4))
error("Pooling", arr(2, 3, 4, 4), {"kernel": (2, 2, 2)})
error("Pooling", arr(2, 3), {"kernel": (2, 2)})
for wrong in (
    {"stride": (0, 1)},
    {"stride": (1,)},
    {"kernel": (0, 0)},
    {"pad": (-1, 0)},
    {"layout": "NCW"},
    {"layout": "NCHX"},
    {"pool_type": "lp"},
    {"pool_type": "lp", "p_value": 4},
):
    error("Pooling", arr(2, 3, 4, 4), {"kernel": (2, 2), **wrong})
error("Pooling", ints(2, 3, 4, 4), {"kernel": (2, 2)})
error("Pooling", arr(2, 3, 4), {"global_pool": True, "layout": "NCHW"})


# ---- normalization ---------------------------------------------------------------------------------------------------


def batch_norm(
    shape: tuple,
    *,
    channels: int,
    op: str = "BatchNorm",
    dtype: str = "float32",
    train: bool = False,
    checks: dict[str, Any] = {},  # noqa: B006 - never written
    **attrs: Any,
) -> None:
    """An operator of BatchNorm's family with its two auxiliary states."""
    wide = {"dtype": dtype}
    inputs = [arr(*shape, **wide), arr(channels, low=0.5, high=2, **wide), arr(channels, **wide)]
    inputs += [arr(channels, low=-0.5, high=0.5, **wide), arr(channels, low=0.5, high=2, **wide)]
    loose = {"rtol": 5e-5, "atol": 5e-6, "why": "float32 variance: MXNet sums squares in another order"}
    checks = {"deduced": (1, 2, 3, 4), "heads": 1, **loose, **checks}
    add(op, inputs, attrs, train=train, states=(3, 4), **checks)


for train in (False, True):
    batch_norm((4, 3, 2, 2), channels=3, train=train)
    batch_norm((4, 3, 2, 2), channels=3, train=train, fix_gamma=False)
    batch_norm((4, 3), channels=3, train=train, fix_gamma=False, eps=1e-5, momentum=0.6)
    batch_norm((4, 3, 2), channels=3, train=train, fix_gamma=False, use_global_stats=True)
    batch_norm((3, 2, 4), channels=4, train=train, fix_gamma=False, axis=-1)
    batch_norm((3, 2, 2), channels=2, train=train, fix_gamma=False, output_mean_var=True)
    batch_norm((4, 2, 2), channels=2, train=train, fix_gamma=False, dtype="float64")
    batch_norm((3, 2, 2), channels=3, train=train, fix_gamma=False, axis=0)
    batch_norm((2, 2, 3, 2), channels=3, train=train, fix_gamma=False, axis=-2, cudnn_off=True)
    batch_norm((3, 2), channels=2, train=train, min_calib_range=-1.0, max_calib_range=1.0)
    batch_norm((3,), channels=3, train=train, fix_gamma=False, axis=0)  # one example

    sync = {"op": "contrib.SyncBatchNorm", "key": "sync", "train": train}
    batch_norm((4, 3, 2, 2), channels=3, **sync)
    batch_norm((4, 3), channels=3, fix_gamma=False, eps=1e-2, momentum=0.6, ndev=1, **sync)
    batch_norm((4, 3, 2), channels=3, fix_gamma=False, use_global_stats=True, **sync)
    # MXNet's nd cannot call it without states, its sym not with them.
    old = {"op": "BatchNorm_v1", "train": train, "checks": {"deduced": ()}}
    batch_norm((4, 3, 2, 2), channels=3, **old)
    batch_norm((4, 3), channels=3, fix_gamma=False, eps=1e-2, momentum=0.6, output_mean_var=True, **old)
    batch_norm((2, 3, 2, 2), channels=3, fix_gamma=False, use_global_stats=True, **old)
    # In prediction MXNet's gradient is not reproducible. It has 4 dimensions and axis 1 only.
    relu = {"op": "contrib.BatchNormWithReLU", "train": train, "checks": {"golden_gradient": train}}
    batch_norm((4, 3, 2, 2), channels=3, **relu)
    batch_norm((2, 3, 2, 2), channels=3, fix_gamma=False, eps=1e-2, momentum=0.6, output_mean_var=True, **relu)
    batch_norm((2, 2, 2, 2), channels=2, fix_gamma=False, use_global_stats=True, **relu)
batch_norm((4, 3), channels=3, op="contrib.SyncBatchNorm", key="a", output_mean_var=True, train=True)
BN = [arr(2, 3, 4, 4), arr(3), arr(3), arr(3), arr(3)]
error("contrib.SyncBatchNorm", BN)
error("contrib.SyncBatchNorm", BN[:3], {"key": "a"})
error("BatchNorm_v1", BN[:3])
error("contrib.BatchNormWithReLU", BN[:3])
error("BatchNorm", BN[:3])
error("BatchNorm", [BN[0], *[arr(3, dtype="float16")] * 4])
error("BatchNorm", [BN[0], *[arr(3, dtype="float64")] * 4])
error("BatchNorm", BN, {"axis": 7})
error("BatchNorm", BN, {"momentum": "slow"})
error("BatchNorm", [ints(2, 3), arr(3), arr(3), arr(3), arr(3)])

LN = {"rtol": 5e-5, "atol": 5e-6, "why": "float32 variance: MXNet sums squares in another order"}
add("LayerNorm", [arr(3, 4), arr(4), arr(4)], deduced=(1, 2), **LN)
add("LayerNorm", [arr(2, 3, 4), arr(3), arr(3)], {"axis": 1}, deduced=(1, 2), **LN)
add("LayerNorm", [arr(2, 4), arr(4), arr(4)], {"eps": 0.1}, deduced=(1, 2), **LN)
add("LayerNorm", [arr(2, 4), arr(4), arr(4)], {"output_mean_var": True}, heads=1, **LN)
add("LayerNorm", [arr(2, 3, dtype="float64"), arr(3, dtype="float64"), arr(3, dtype="float64")], deduced=(1, 2))
add("LayerNorm", [arr(3, 2, 2), arr(3), arr(3)], {"axis": 0, "output_mean_var": True}, heads=1, deduced=(1, 2), **LN)
add("LayerNorm", [arr(2, 3, 2), arr(3), arr(3)], {"axis": -2}, deduced=(1, 2), **LN)
error("LayerNorm", [arr(3, 4), arr(3), arr(4)])
error("LayerNorm", [arr(3, 4), arr(4), arr(1)])
error("LayerNorm", [ints(3, 4), ints(4), ints(4)])
error("LayerNorm", [arr(3, 4), arr(4, dtype="float64"), arr(4)])
error("LayerNorm", [arr(3, 4), arr(4), arr(4)], {"axis": 5})
error("LayerNorm", [arr(3, 4)])

add("InstanceNorm", [arr(2, 3, 4), arr(3), arr(3)], deduced=(1, 2), **LN)
add("InstanceNorm", [arr(2, 3, 2, 2), arr(3), arr(3)], {"eps": 0.1}, deduced=(1, 2), **LN)
add("InstanceNorm", [arr(1, 1, 5), arr(1), arr(1)], **LN)
error("InstanceNorm", [arr(2, 3, 4), arr(4), arr(3)])
error("InstanceNorm", [arr(2, 3), arr(3), arr(3)])
add("GroupNorm", [arr(2, 4, 3), arr(2), arr(2)], {"num_groups": 2}, deduced=(1, 2), **LN)
add("GroupNorm", [arr(2, 4, 2, 2), arr(1), arr(1)], deduced=(1, 2), **LN)
add("GroupNorm", [arr(2, 4, 3), arr(4), arr(4)], {"num_groups": 4, "eps": 0.1, "output_mean_var": True}, heads=1, **LN)
add(
    "GroupNorm", [arr(1, 2, 2, dtype="float64"), arr(1, dtype="float64"), arr(1, dtype="float64")], rtol=1e-8, why="eps"
)
error("GroupNorm", [arr(2, 4, 3), arr(4), arr(4)], {"num_groups": 3})
error("GroupNorm", [arr(2, 4, 3), arr(4), arr(4)], {"num_groups": 2})
error("GroupNorm", [arr(2, 4), arr(1), arr(1)])

for mode in ("instance", "channel", "spatial"):
    add("L2Normalization", arr(2, 3, 2, 2), {"mode": mode})
    add("L2Normalization", arr(2, 3, 2), {"mode": mode, "eps": 0.5})
add("L2Normalization", arr(4))
add("L2Normalization", arr(2, 3, dtype="float64"))
error("L2Normalization", ints(2, 3))
error("L2Normalization", arr(2, 3), {"mode": "channel"})
error("L2Normalization", arr(2, 3), {"mode": "batch"})

for size in (1, 2, 3, 4, 5, 9):  # even windows, too, and wider ones than there are channels
    add("LRN", arr(1, 5, 1, 2), {"nsize": size, "alpha": 1.0, "beta": 0.6, "knorm": 1.5})
add("LRN", arr(2, 3, 2, 1), {"nsize": 3})
error("LRN", arr(1, 5, 2), {"nsize": 3})
error("LRN", arr(1, 5, 2, 2))
error("LRN", ints(1, 5, 2, 2), {"nsize": 3})

for axes in ((1,), 0, (0, -1), (2, 0), (0, 1, 2)):
    add("moments", arr(2, 3, 2), {"axes": axes})
add("moments", arr(2, 3, 2), {"axes": (0, 2), "keepdims": True})
add("moments", arr(1, 3, dtype="float64"), {"axes": (0,)})
error("moments", arr(2, 3))
error("moments", arr(2, 3), {"axes": ()})
error("moments", arr(2, 3), {"axes": (0, 0)})
error("moments", arr(2, 3), {"axes": (5,)})

# Only what Dropout does without chance; test_random.py has the rest.
add("Dropout", arr(2, 3), {"p": 0.5})
add("Dropout", arr(2, 3), {"p": 0.0}, train=True)
add("Dropout", arr(2, 3), {"p": 0.0, "mode": "always"})
add("Dropout", arr(3, dtype="float64"), {"p": 0.9, "axes": (0,)})
error("Dropout", arr(3), {"p": 1.5})
error("Dropout", arr(3), {"p": -0.1})
error("Dropout", arr(3), {"mode": "sometimes"})
error("Dropout", ints(3), {"p": 0.5, "mode": "always"})


# ---- activations -----------------------------------------------------------------------------------------------------

for kind in ("relu", "sigmoid", "tanh", "softrelu", "softsign"):
    add("Activation", arr(2, 3, low=-4, high=4), {"act_type": kind})
    add("Activation", arr(5, dtype="float64"), {"act_type": kind})
    add("Activation", lit([-100.0, 0.5, 100.0]), {"act_type": kind})
error("Activation", arr(3), {"act_type": "swish"})
error("Activation", arr(3))
error("Activation", ints(3), {"act_type": "relu"})

add("LeakyReLU", arr(2, 3))
add("LeakyReLU", arr(2, 3), {"act_type": "leaky", "slope": 0.1})
add("LeakyReLU", arr(2, 3), {"act_type": "elu", "slope": 0.5})
add("LeakyReLU", arr(2, 3), {"act_type": "selu"}, golden_gradient=False)  # MXNet's lacks a factor
add("LeakyReLU", arr(2, 3), {"act_type": "gelu"})
for kind in ("leaky", "elu", "gelu"):
    add("LeakyReLU", arr(4, dtype="float64"), {"act_type": kind}, rtol=1e-6, why="MXNet computes in float32")
add("LeakyReLU", [arr(4), lit([0.3])], {"act_type": "prelu"})
add("LeakyReLU", [arr(2, 3, 2), arr(3, low=0.1, high=0.5)], {"act_type": "prelu"}, deduced=(1,))
add("LeakyReLU", [arr(2, 3), lit([0.2])], {"act_type": "prelu", "slope": 0.7})
for kind, more in (("leaky", {"slope": 0.0}), ("elu", {"slope": 2.0}), ("gelu", {})):
    add("LeakyReLU", lit([-100.0, -1.0, 0.0, 1.0, 100.0]), {"act_type": kind, **more}, true_gradient=kind == "gelu")
# In training the random numbers of MXNet end the process here; in prediction the mask holds whatever was there.
add("LeakyReLU", arr(2, 3), {"act_type": "rrelu", "lower_bound": 0.1, "upper_bound": 0.5}, chance=True)
error("LeakyReLU", arr(3), {"act_type": "swish"})
error("LeakyReLU", ints(3))
error("LeakyReLU", arr(3), {"act_type": "prelu"})
error("LeakyReLU", [arr(3), arr(1)], {"act_type": "leaky"})


# ---- softmax ---------------------------------------------------------------------------------------------------------

for op in ("softmax", "log_softmax", "softmin"):
    fast = {"atol": 5e-6, "why": "MXNet's logarithm is a fast one"} if op == "log_softmax" else {}
    add(op, arr(2, 3), **fast)
    add(op, arr(2, 3, 2), {"axis": 1}, **fast)
    add(op, arr(2, 3), {"axis": 0, "temperature": 2.0}, **fast)
    add(op, lit([[1000.0, 0.0, -1000.0]]), **fast)
    add(op, arr(4, dtype="float64"))
    add(op, arr(2, 2), {"dtype": "float64"}, rtol=1e-6, why="MXNet computes in the input's float32")
    add(op, arr(2, 3), {"dtype": "float32", "temperature": 0.5, "axis": -2}, **fast)
    # Finite differences would be those of float16.
    add(op, arr(2, 3, dtype="float64"), {"dtype": "float16"}, grad=())
    error(op, arr(2, 3), {"axis": 2})
    error(op, arr(2, 3), {"axis": -3})
    error(op, ints(2, 3))
    error(op, arr(2, 3), {"dtype": "int32"})
add("softmax", [arr(2, 3), lit([1, 2], "int32")], {"use_length": True})
add("softmax", [arr(2, 3), lit([0, 3], "int32")], {"use_length": True})
add("softmax", [arr(2, 3), lit([2, 1, 2], "int64")], {"use_length": True, "axis": 0})
add("softmax", [arr(2, 2, 3), lit([[1, 2], [3, 2]], "int32")], {"use_length": True, "temperature": 0.5})
wide = {"use_length": True, "axis": 1, "dtype": "float64"}
add("softmax", [arr(2, 3, 2), lit([[1, 3], [2, 2]], "int64")], wide, rtol=1e-6, why="MXNet computes in float32")
error("softmax", [arr(2, 3), lit([1, 2, 3], "int32")], {"use_length": True})
error("softmax", [arr(2, 3), lit([1.0, 2.0])], {"use_length": True})
error("softmax", [arr(2, 3), lit([1, 2], "int32")])
error("softmax", arr(2, 3), {"use_length": True})

add("softmax_cross_entropy", [arr(3, 4), lit([0.0, 3.0, 1.0])], grad=(0,))
add("softmax_cross_entropy", [arr(1, 2), lit([1.0])], grad=(0,))
add("softmax_cross_entropy", [arr(2, 2, dtype="float64"), lit([1.0, 0.0], "float64")], grad=(0,))
error("softmax_cross_entropy", [arr(2, 3), lit([0.0, 2.0, 1.0])])
error("softmax_cross_entropy", [arr(2, 3, 1), lit([0.0, 2.0])])


for mode in ("instance", "channel"):
    add("SoftmaxActivation", arr(2, 3), {"mode": mode} if mode == "instance" else {})
    # In instance mode MXNet's forward normalizes the last axis, its backward all of them.
    add("SoftmaxActivation", arr(2, 3, 2), {"mode": mode}, golden_gradient=mode == "channel")
for kind in ("Linear", "Logistic", "MAE"):
    op = f"{kind}RegressionOutput"
    add(op, [arr(4, 3), arr(4, 3)], grad=(0,), true_gradient=False)
    add(op, [arr(4, 1), arr(4)], {"grad_scale": 2.0}, grad=(0,), true_gradient=False)
    add(op, [arr(2, 2, 2), arr(2, 2, 2)], grad=(0,), true_gradient=False)
    add(op, [arr(2, 3, 2), arr(2, 6)], grad=(0,), true_gradient=False)
    add(op, [arr(3, dtype="float64"), arr(3, dtype="float64")], grad=(0,), true_gradient=False)
    error(op, [arr(4, 3), arr(4, 2)])
    error(op, [arr(4, 3), arr(3, 4)])
    error(op, [arr(4, 3), arr(12)])
    error(op, [arr(4, 3), ints(4, 3)])
    error(op, [ints(4, 3), ints(4, 3)])

for hinge in (
    {},
    {"use_linear": True},
    {"margin": 0.3, "regularization_coefficient": 2.0},
    {"margin": 0.3, "regularization_coefficient": 2.0, "use_linear": True},
):
    add("SVMOutput", [arr(3, 4), lit([0.0, 2.0, 3.0])], hinge, grad=(0,), true_gradient=False)
double = {"dtype": "float64"}
add("SVMOutput", [arr(2, 2, 3, **double), whole(2, 2, high=3, **double)], grad=(0,), true_gradient=False)
error("SVMOutput", [arr(3, 4), lit([0.0, 2.0])])
error("SVMOutput", [arr(3, 4), lit([[0.0], [2.0], [1.0]])])
error("SVMOutput", [arr(3, 4), ints(3)])
error("SVMOutput", [ints(3, 4), ints(3)])

share = {"low": 0.1, "high": 0.9}
for more in ({}, {"sparseness_target": 0.3, "penalty": 0.5, "momentum": 0.4}):
    for train in (True, False):
        inputs = [arr(4, 3, **share), arr(3, **share)]
        add("IdentityAttachKLSparseReg", inputs, more, states=(1,), true_gradient=False, train=train)
error("IdentityAttachKLSparseReg", arr(4, 3))
error("IdentityAttachKLSparseReg", [arr(4, 3, **share), arr(3, **share)], {"sparseness_target": 2.0})


def softmax_output(data: tuple, label: tuple, *, classes: int = 3, **attrs: Any) -> None:
    """SoftmaxOutput: its gradient is that of the cross entropy, whatever comes from above."""
    # With out_grad, MXNet multiplies with the output where the gradient from above is meant; test_loss.py has that.
    inputs = [arr(*data), whole(*label, high=classes)]
    right = not attrs.get("out_grad")
    add("SoftmaxOutput", inputs, attrs, grad=(0,), true_gradient=False, golden_gradient=right)


softmax_output((4, 3), (4,))
softmax_output((4, 3), (4,), grad_scale=0.5)
softmax_output((4, 3), (4,), normalization="batch")
softmax_output((4, 3), (4,), use_ignore=True, ignore_label=1.0)
softmax_output((4, 3), (4,), use_ignore=True, ignore_label=1.0, normalization="valid")
softmax_output((4, 3), (4,), smooth_alpha=0.1)
softmax_output((4, 3), (4,), out_grad=True)
softmax_output((2, 3, 2), (2, 2), multi_output=True)
softmax_output((2, 3, 2), (2, 2), multi_output=True, use_ignore=True, ignore_label=0.0, normalization="valid")
softmax_output((2, 2, 3), (2, 2), preserve_shape=True)
for how in ("null", "batch", "valid"):
    ignoring = {"use_ignore": True, "ignore_label": 1.0, "normalization": how, "grad_scale": 2.0}
    softmax_output((5, 3), (5,), **ignoring)
    softmax_output((2, 3, 2, 2), (2, 2, 2), multi_output=True, **ignoring)
    softmax_output((2, 3, 2, 2), (2, 4), multi_output=True, normalization=how)
    softmax_output((2, 2, 3), (2, 2), preserve_shape=True, **ignoring)
    softmax_output((3, 2), (3, 2), classes=2, normalization=how, grad_scale=0.5)
softmax_output((2, 3, 2), (2, 2), multi_output=True, smooth_alpha=0.2)
softmax_output((2, 2, 3), (2, 2), preserve_shape=True, smooth_alpha=0.2, normalization="valid")
softmax_output((2, 3, 2), (2, 3, 2), classes=2)  # a probability for each element: labels are targets
add("Softmax", [arr(2, 3), lit([0.0, 2.0])], grad=(0,), true_gradient=False)
error("SoftmaxOutput", [arr(2, 3), lit([0.0, 2.0, 1.0])])
error("SoftmaxOutput", [arr(2, 3), lit([0.0, 2.0])], {"normalization": "mean"})
error("SoftmaxOutput", [arr(2, 3), lit([[0.0], [2.0]])])
error("SoftmaxOutput", [arr(2, 3), ints(2, high=3)])
error("SoftmaxOutput", [ints(2, 3), ints(2, high=3)])


# ---- sequences -------------------------------------------------------------------------------------------------------

add("SequenceMask", arr(3, 2))
add("SequenceMask", [arr(3, 2), lit([1.0, 2.0])], {"use_sequence_length": True}, grad=(0,))
add("SequenceMask", [arr(3, 2, 2), lit([3.0, 0.0])], {"use_sequence_length": True, "value": -1.0}, grad=(0,))
add("SequenceMask", [arr(3, 2), lit([1.0, 2.0, 0.0])], {"use_sequence_length": True, "axis": 1}, grad=(0,))
add("SequenceMask", [arr(3, 2, dtype="float64"), lit([2, 1], "int32")], {"use_sequence_length": True})
HALF = [lit([[1, 2], [3, 4]], "float16"), lit([1, 2], "float16")]
add("SequenceMask", HALF, {"use_sequence_length": True, "value": -1e9}, grad=(0,), true_gradient=False)  # to -inf
error("SequenceMask", [arr(3, 2), lit([1.0, 2.0])])
error("SequenceMask", [arr(3, 2), lit([1.0, 2.0, 0.0])], {"use_sequence_length": True})
error("SequenceMask", [arr(3, 2, 2), lit([1.0, 2.0, 0.0])], {"use_sequence_length": True, "axis": 2})
error("SequenceMask", [arr(3), lit([1.0])], {"use_sequence_length": True})
