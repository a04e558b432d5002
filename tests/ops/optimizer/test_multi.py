"""Operators on several weights do what those on one weight do; their states, and ``out`` of all_finite; AMP's casts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet import nd
from mxnet.graph.lower import lower
from mxnet.ops import registry

SHAPES = [(2, 3), (4,), (1,)]
LRS, WDS, ETAS = (0.1, 0.02, 0.3), (0.01, 0.0, 0.1), (1.0, 0.5, 0.2)


def arrays(seed: int, dtype: str = "float32", low: float = -1.0) -> list[nd.NDArray]:
    rng = np.random.RandomState(seed)
    return [nd.array(rng.uniform(low, 1, shape), dtype=dtype) for shape in SHAPES]


def copies(*lists: list[nd.NDArray]) -> list[list[nd.NDArray]]:
    return [[a.copy() for a in one] for one in lists]


def by_weight(*lists: list[nd.NDArray]) -> list[nd.NDArray]:
    return [a for row in zip(*lists, strict=True) for a in row]


def assert_same(one: list, other: list) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("preloaded", [False, True])
@pytest.mark.parametrize("name", ["sgd", "sgd_mom", "mp_sgd", "mp_sgd_mom"])
def test_multi_sgd_is_sgd_of_each_weight(name, preloaded):
    half = "float16" if "mp" in name else "float32"
    lists = [arrays(1, half), arrays(2, half)]
    lists += [arrays(3)] * ("mom" in name) + [arrays(4)] * ("mp" in name)
    one_by_one, together = copies(*lists), copies(*lists)
    attrs = {"rescale_grad": 0.5, "clip_gradient": 0.3, **({"momentum": 0.9} if "mom" in name else {})}
    for i, row in enumerate(zip(*one_by_one, strict=True)):
        getattr(nd, f"{name}_update")(*row, lr=LRS[i], wd=WDS[i], out=row[0], **attrs)
    if preloaded:
        data = [*by_weight(*together), nd.array(LRS), nd.array(WDS)]
        getattr(nd, f"preloaded_multi_{name}_update")(*data, num_weights=3, out=together[0], **attrs)
    else:
        data = by_weight(*together)
        getattr(nd, f"multi_{name}_update")(*data, lrs=LRS, wds=WDS, num_weights=3, out=together[0], **attrs)
    for one, other in zip(one_by_one, together, strict=True):
        assert_same(one, other)
    assert_same(together[1], lists[1])  # gradients are read only


@pytest.mark.parametrize("master", [False, True])
def test_multi_adamw_is_adamw_of_each_weight(master):
    half = "float16" if master else "float32"
    lists = [arrays(1, half), arrays(2, half), arrays(3), arrays(4, low=0.1), *([arrays(5)] * master)]
    one_by_one, together = copies(*lists), copies(*lists)
    prefix = "mp_" * master
    for i, row in enumerate(zip(*one_by_one, strict=True)):
        update = getattr(nd.contrib, f"{prefix}adamw_update")
        update(*row, 0.5, lr=LRS[i], eta=ETAS[i], wd=WDS[i], beta1=0.8, clip_gradient=0.4, out=row[0])
    update = getattr(nd.contrib, f"multi_{prefix}adamw_update")
    update(*together, nd.array([0.5]), LRS, WDS, ETAS, out=together[0], beta1=0.8, clip_gradient=0.4)
    for one, other in zip(one_by_one, together, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("master", [False, True])
def test_multi_lamb_is_both_phases_of_each_weight(master):
    half = "float16" if master else "float32"
    lists = [arrays(1, half), arrays(2, half), arrays(3), arrays(4, low=0.1)]
    lists += [[w.astype("float32") for w in lists[0]]] * master
    one_by_one, together = copies(*lists), copies(*lists)
    prefix, bounds = "mp_" * master, {"lower_bound": 0.5, "upper_bound": 1.2}
    for i, (weight, *rest) in enumerate(zip(*one_by_one, strict=True)):
        first, second = (getattr(nd, f"{prefix}lamb_update_phase{n}") for n in (1, 2))
        g = first(weight, *rest, t=i + 1, wd=WDS[i], rescale_grad=0.5)
        norms = nd.norm(weight.astype("float32")).reshape(1), nd.norm(g).reshape(1)
        second(weight, g, *norms, *rest[3:], lr=LRS[i], out=weight, **bounds)
    update = getattr(nd.contrib, f"multi_{prefix}lamb_update")
    update(*together, [1, 2, 3], LRS, WDS, out=together[0], rescale_grad=0.5, **bounds)
    for one, other in zip(one_by_one, together, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("scale", [0.0, float("inf"), float("nan")])
@pytest.mark.parametrize("master", [False, True])
def test_an_overflow_skips_the_step_of_adamw(master, scale):
    """Mixed precision gives such a scale when gradients overflow; they hold infinities then."""
    lists = [arrays(1), arrays(2), arrays(3), arrays(4, low=0.1), *([arrays(1)] * master)]
    lists[1][0][:] = float("inf")
    before = copies(*lists)
    update = nd.contrib.multi_mp_adamw_update if master else nd.contrib.multi_adamw_update
    if master:
        lists[0], lists[1] = ([a.astype("float16") for a in one] for one in lists[:2])
    update(*lists, scale, LRS, WDS, ETAS, out=lists[0])
    for one, old in zip(lists[2:], before[2:], strict=True):
        assert_same(one, old)
    np.testing.assert_allclose(lists[0][1].asnumpy(), before[0][1].asnumpy(), rtol=1e-3)


def test_without_out_new_weights_are_returned():
    """More than MXNet does, which cannot tell their shapes then."""
    weights, grads = arrays(1), arrays(2)
    new = nd.multi_sgd_update(*by_weight(weights, grads), lrs=LRS, wds=(0.0,) * 3, num_weights=3)
    assert_same(new, [w - lr * g for w, g, lr in zip(weights, grads, LRS, strict=True)])
    one = nd.multi_sgd_update(weights[0], grads[0], lrs=0.1, wds=0.0)
    assert_same([one], [weights[0] - 0.1 * grads[0]])


def test_wrong_calls_name_what_is_wrong():
    w, g = arrays(1), arrays(2)
    with pytest.raises(mx.MXNetError, match="multi_sgd_update: num_weights=3 stands for 6 inputs, but 2 came"):
        nd.multi_sgd_update(w[0], g[0], lrs=LRS, wds=WDS, num_weights=3)
    with pytest.raises(mx.MXNetError, match="lrs must have a value for each of 1 weights, but has 3"):
        nd.multi_sgd_update(w[0], g[0], lrs=LRS, wds=0.0)
    with pytest.raises(mx.MXNetError, match=r"grad 1 must have its weight's shape \(4,\), but has \(2, 3\)"):
        nd.multi_sgd_update(w[0], g[0], w[1], g[0], lrs=LRS[:2], wds=WDS[:2], num_weights=2)
    half = w[0].astype("float16")
    with pytest.raises(mx.MXNetError, match="weight32 0 must have dtype torch.float32"):
        nd.multi_mp_sgd_update(half, half, half, lrs=0.1, wds=0.0)


# ---- states of variadic operators in graphs --------------------------------------------------------------------------


def test_a_graph_knows_the_states_of_a_variadic_operator():
    names = "abcdefgh"
    z = mx.sym.multi_mp_sgd_mom_update(
        *map(mx.sym.Variable, names), lrs=(0.1, 0.2), wds=(0, 0), num_weights=2, name="z"
    )
    assert z.list_arguments() == ["a", "b", "e", "f"]  # MXNet's answers
    assert z.list_auxiliary_states() == ["c", "d", "g", "h"]
    assert z.list_outputs() == ["z_output0", "z_output1"]
    again = mx.sym.load_json(z.tojson())
    assert again.list_auxiliary_states() == ["c", "d", "g", "h"]
    assert mx.sym.multi_sum_sq(*map(mx.sym.Variable, "ab"), num_arrays=2).list_auxiliary_states() == []


def test_a_lowered_graph_returns_new_states():
    w, g, m = (torch.tensor(v) for v in ([1.0, 2.0], [0.5, 0.5], [0.1, 0.2]))
    z = mx.sym.multi_sgd_mom_update(*map(mx.sym.Variable, "wgm"), lrs=0.1, wds=0.0, momentum=0.9, num_weights=1)
    lowered = lower(z._heads)
    assert [n.name for n in lowered.aux_states] == [n.name for n in lowered.updates] == ["m"]
    weight, mom = lowered.run(w, g, m, *[None] * len(registry.SURROUNDINGS))
    np.testing.assert_allclose(mom, [0.04, 0.13], rtol=1e-6)
    np.testing.assert_allclose(weight, [1.04, 2.13], rtol=1e-6)
    np.testing.assert_allclose(m, [0.1, 0.2])  # whoever runs it writes the states


@pytest.mark.parametrize("op", [o for o in registry.operators() if o.variadic and o.aux], ids=lambda o: o.name)
def test_states_stand_behind_weight_and_gradient(op):
    assert callable(op.aux)
    each = (
        1
        if op.name == "reset_arrays"
        else 2 + ("mp" in op.name) + ("mom" in op.name) + 2 * ("adamw" in op.name or "lamb" in op.name)
    )
    more = 2 * op.name.startswith("preloaded") + ("adamw" in op.name)
    places = list(op.aux(3 * each + more))
    assert places == [i for i in range(3 * each) if each == 1 or i % each > 1]
    assert op.aux_names(3 * each + more) == tuple(f"arg{i}" for i in places)


# ---- mixed precision -------------------------------------------------------------------------------------------------


def test_findings_accumulate_without_init_output():
    good, bad = nd.ones(3), nd.array([1, float("nan")])
    found = nd.ones(1)
    for chunk, expected in (([good, good], 1), ([good, bad], 0), ([good, good], 0)):
        result = nd.multi_all_finite(*chunk, num_arrays=2, init_output=False, out=found)
        assert result is found
        assert found.asscalar() == expected
    nd.all_finite(good, out=found)
    assert found.asscalar() == 1
    nd.all_finite(bad, init_output=False, out=found)
    assert found.asscalar() == 0


def test_all_finite_of_no_elements_and_of_large_ones():
    assert nd.multi_all_finite(nd.array(np.zeros((0, 2))), nd.ones(2), num_arrays=2).asscalar() == 1
    assert nd.all_finite(nd.array([3e38, -3e38])).asscalar() == 1  # their difference is infinite
    assert nd.all_finite(nd.array([1e300], dtype="float64")).asscalar() == 1  # infinite in float32


@pytest.mark.parametrize(
    ("given", "wide", "narrow"),
    [
        (["float16", "float32"], ["float32", "float32"], ["float16", "float16"]),
        (["float32", "float16"], ["float32", "float32"], ["float16", "float16"]),
        (["float16", "float64"], ["float16", "float64"], ["float16", "float64"]),
        (["float16", "float32", "float64"], ["float32", "float32", "float64"], ["float16", "float16", "float64"]),
        (["int32", "float16", "float32"], ["int32", "float32", "float32"], ["int32", "float16", "float16"]),
        (["int32", "float16"], ["int32", "float16"], ["int32", "float16"]),  # MXNet, wide: int32 twice
        (["float32", "bfloat16"], ["float32", "float32"], ["bfloat16", "bfloat16"]),
    ],
)
def test_amp_multicast_makes_floats_alike(given, wide, narrow):
    """MXNet's answers, recorded with MKLDNN switched off; bfloat16 follows the same rule."""
    for cast_narrow, expected in ((False, wide), (True, narrow)):
        inputs = [nd.array([1.5, -2], dtype=d) for d in given]
        for x in inputs:
            x.attach_grad()
        with mx.autograd.record():
            results = nd.amp_multicast(*inputs, num_outputs=len(inputs), cast_narrow=cast_narrow)
        assert [r.dtype for r in results] == [nd.zeros(1, dtype=d).dtype for d in expected]
        mx.autograd.backward([r for r, d in zip(results, expected, strict=True) if "float" in d])
        for x, d in zip(inputs, given, strict=True):
            if "float" in d:
                assert x.grad.dtype == x.dtype
                assert (x.grad.astype("float32").asnumpy() == 1).all()
