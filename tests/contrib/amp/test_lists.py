"""Lists of operators: taken from the registry, they say of every name what MXNet's say for float16."""

from __future__ import annotations

import json

import pytest

from mxnet.contrib import amp
from mxnet.contrib.amp.lists import symbol_bf16, symbol_fp16
from mxnet.ops import absent, registry

from .cases import GOLDEN

WANTED = json.loads(GOLDEN.read_text())["lists"]
# Parts of MXNet's engine, which are no operators here.
INTERNAL = {"_split_v2_backward", "_broadcast_backward", "_CachedOp", "_CrossDeviceCopy", "_CustomFunction",
            "_NDArray", "_Native", "_NoGradient", "_TensorRT", "_imdecode", "CuDNNBatchNorm"}  # fmt: skip
KINDS = ("list_lp16_ops", "list_fp32_ops", "list_lp16_fp32_ops", "list_widest_type_cast")
# elemwise_add under its other names is in another list of MXNet's.
ELSEWHERE = {"_add"}


@pytest.mark.parametrize("kind", KINDS)
def test_each_name_of_mxnet_is_in_the_same_list(kind):
    mine = set(getattr(amp, kind)("float16"))
    wanted = set(WANTED["float16"][kind]) - ELSEWHERE
    missing = wanted - mine
    left_out = {name for name in missing if absent.reason(name) or name in INTERNAL}
    # MXNet has a second operator for some that know sparse arrays; here it is the same one.
    assert {name.removeprefix("_sparse_") for name in missing - left_out} <= set(registry.names())
    assert all(name.startswith("_sparse_") for name in missing - left_out)
    assert wanted & mine


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_each_operator_is_in_one_list(dtype):
    conditional = {name for name, _, _ in amp.list_conditional_fp32_ops(dtype)}
    lists = [set(getattr(amp, kind)(dtype)) for kind in KINDS] + [conditional]
    assert set.union(*lists) == set(registry.names())
    assert sum(map(len, lists)) == len(set.union(*lists))


def test_conditional_operators_and_losses_are_those_of_mxnet():
    for dtype in ("float16", "bfloat16"):
        conditions = [list(row) for row in amp.list_conditional_fp32_ops(dtype)]
        assert sorted(conditions) == sorted(WANTED[dtype]["list_conditional_fp32_ops"])
        assert sorted(amp.list_loss_output_functions(dtype)) == sorted(WANTED[dtype]["list_loss_output_functions"])


def test_parameters_that_stay_float32():
    mine = amp.list_lp16_use_fp32_params("bfloat16")
    assert mine is not None
    for name, inputs in WANTED["bfloat16"]["list_lp16_use_fp32_params"].items():
        assert mine[name] == inputs
    assert amp.list_lp16_use_fp32_params("float16") is None


def test_a_list_is_a_copy():
    amp.list_lp16_ops("float16").clear()
    assert "Convolution" in symbol_fp16.FP16_FUNCS
    assert amp.list_lp16_ops("float16") == symbol_bf16.BF16_FUNCS


@pytest.mark.parametrize("wrong", [None, "float32", "x", 3])
def test_there_are_lists_for_two_dtypes(wrong):
    with pytest.raises(AssertionError, match="not supported type"):
        amp.list_fp32_ops(wrong)
