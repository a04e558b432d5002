"""The pass that shares casts, on small graphs of torch's calls: what it may merge, and what it must not."""

from __future__ import annotations

import pytest
import torch
import torch.fx as fx

from mxnet import gluon, nd
from mxnet.graph.passes.casts import share_casts
from mxnet.graph.trace import Info

BF16, F16, F32, F64 = torch.bfloat16, torch.float16, torch.float32, torch.float64


class Calls:
    """A graph of one input; each call runs, too, so that dtypes are known."""

    def __init__(self, dtype=F32):
        self.graph = fx.Graph()
        self.values = {}
        self.x = self.note(self.graph.placeholder("x"), torch.linspace(-3, 3, 12).to(dtype))

    def note(self, node, value):
        self.values[node] = value
        info = Info(tuple(value.shape), value.dtype, value.device, value.stride(), value.requires_grad)
        node.meta["info"] = info
        return node

    def call(self, name, node, *args, **kwargs):
        value = getattr(self.values[node].clone() if name.endswith("_") else self.values[node], name)(*args, **kwargs)
        return self.note(self.graph.call_method(name, (node, *args), kwargs), value)

    def to(self, node, dtype):
        return self.call("to", node, dtype=dtype)

    def casts(self, *outputs):
        """The number of casts that are left; the results must stay the same."""
        self.graph.output(outputs)
        run = fx.GraphModule({}, self.graph)
        before = run(self.values[self.x].clone())
        share_casts(self.graph)
        self.graph.lint()
        after = fx.GraphModule({}, self.graph)(self.values[self.x].clone())
        assert all(b.dtype == a.dtype and torch.equal(b, a) for b, a in zip(before, after, strict=True))
        return sum(node.target == "to" for node in self.graph.nodes)


def test_the_same_cast_twice():
    calls = Calls()
    one, other, third = calls.to(calls.x, BF16), calls.to(calls.x, BF16), calls.to(calls.x, F16)
    assert calls.casts(calls.call("sin", one), calls.call("cos", other), third) == 2


def test_a_cast_to_the_dtype_that_is_there():
    calls = Calls(BF16)
    assert calls.casts(calls.call("sin", calls.to(calls.x, BF16))) == 0


@pytest.mark.parametrize("start", [BF16, F16])
@pytest.mark.parametrize("wide", [F32, F64])
def test_a_detour_through_a_wider_dtype_loses_nothing(start, wide):
    calls = Calls(start)
    there = calls.to(calls.x, wide)
    assert calls.casts(calls.call("sin", calls.to(there, start)), there) == 1


@pytest.mark.parametrize(("start", "narrow"), [(F32, BF16), (F32, F16), (F64, F32), (BF16, F16), (F16, BF16)])
def test_a_detour_through_a_narrower_dtype_is_a_computation(start, narrow):
    calls = Calls(start)
    back = calls.to(calls.to(calls.x, narrow), start)
    assert calls.casts(calls.call("sin", back)) == 2


@pytest.mark.parametrize("view", [False, True])
def test_a_write_in_between(view):
    calls = Calls()
    before = calls.to(calls.x, BF16)
    target = calls.call("view", calls.x, 12) if view else calls.x
    calls.call("mul_", target, 2.0)
    assert calls.casts(before, calls.to(calls.x, BF16)) == 2


def test_a_write_into_the_copy():
    calls = Calls()
    first = calls.to(calls.x, BF16)
    changed = calls.call("mul_", first, 2.0)
    assert calls.casts(changed, calls.to(calls.x, BF16)) == 2


def test_a_write_elsewhere_does_not_matter():
    calls = Calls()
    first = calls.to(calls.x, BF16)
    calls.call("mul_", calls.call("sin", calls.x), 2.0)
    assert calls.casts(calls.call("sin", first), calls.call("cos", calls.to(calls.x, BF16))) == 1


@pytest.mark.parametrize("which", [0, 1])
def test_a_write_into_one_copy_afterwards(which):
    calls = Calls()
    copies = calls.to(calls.x, BF16), calls.to(calls.x, BF16)
    calls.call("mul_", copies[which], 2.0)
    assert calls.casts(*(calls.call("sin", copy) for copy in copies)) == 2


@pytest.mark.parametrize("view", [False, True])
@pytest.mark.parametrize("detour", [False, True])
def test_outputs_have_memory_of_their_own(detour, view):
    class Twice(gluon.HybridBlock):
        def hybrid_forward(self, F, x):
            y = F.cast(F.cast(x, "float32" if detour else "float16"), "float16")
            return F.cast(x, "float16"), F.reshape(y, shape=(-1,)) if view else y, F.cast(x, "float16")

    net, x = Twice(), nd.ones((2, 3), dtype="float16" if detour else "float32")
    net.hybridize()
    for _ in range(4):  # traced, then by the code of a plan
        outputs = net(x)
        for i, output in enumerate(outputs):
            assert (output.asnumpy() == 1).all()
            output[:] = i + 2
        assert (x.asnumpy() == 1).all()
