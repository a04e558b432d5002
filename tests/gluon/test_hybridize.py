"""Hybridized blocks: what is recorded, and that a replay does what the imperative call does."""

from __future__ import annotations

import itertools
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn
from tests.gluon.networks import NETWORKS
from tests.gluon.pairs import MODES, Pair, Waves
from tests.gluon.styles import Style, both, normal

# ---- every network, every mode ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", MODES)
@pytest.mark.parametrize("name", NETWORKS)
def test_as_imperative(name, first):
    """Shapes are inferred in the first call, whatever its mode; then all modes, twice."""
    network = NETWORKS[name]
    pair, rng = Pair(network.make), np.random.RandomState(1)

    def arrays(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: arrays(v) for k, v in value.items()}
        return nd.array(value) if isinstance(value, np.ndarray) else value

    for mode in (first, *MODES, *MODES):
        pair.check(*map(arrays, network.inputs(rng, 2)), mode=mode, grad=network.floats)


LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "Dense": (lambda: nn.Dense(3), (2, 4)),
    "Dense(relu)": (lambda: nn.Dense(3, activation="relu", flatten=False), (2, 5, 4)),
    "Dense without bias": (lambda: nn.Dense(3, use_bias=False), (2, 4, 2)),
    "Activation": (lambda: nn.Activation("softsign"), (2, 4)),
    "LeakyReLU": (lambda: nn.LeakyReLU(0.1), (2, 4)),
    "PReLU": (lambda: nn.PReLU(), (2, 4)),
    "ELU": (lambda: nn.ELU(), (2, 4)),
    "SELU": (lambda: nn.SELU(), (2, 4)),
    "GELU": (lambda: nn.GELU(), (2, 4)),
    "Swish": (lambda: nn.Swish(), (2, 4)),
    "Dropout": (lambda: nn.Dropout(0.5), (4, 5)),
    "Dropout(axes)": (lambda: nn.Dropout(0.5, axes=(0,)), (4, 5)),
    "Embedding": (lambda: nn.Embedding(4, 3), (2, 3)),
    "Flatten": (lambda: nn.Flatten(), (2, 3, 2)),
    "HybridLambda": (lambda: nn.HybridLambda(lambda F, x: F.exp(x)), (2, 3)),
    "HybridLambda by name": (lambda: nn.HybridLambda("tanh"), (2, 3)),
    "Conv1D": (lambda: nn.Conv1D(3, 2), (2, 3, 5)),
    "Conv2D": (lambda: nn.Conv2D(4, 3, strides=2, padding=1, groups=2, activation="relu"), (2, 4, 5, 5)),
    "Conv3D": (lambda: nn.Conv3D(2, 2), (1, 2, 3, 3, 3)),
    "Conv1DTranspose": (lambda: nn.Conv1DTranspose(3, 2), (2, 3, 5)),
    "Conv2DTranspose": (lambda: nn.Conv2DTranspose(4, 3, strides=2, output_padding=1, groups=2), (2, 4, 3, 3)),
    "Conv3DTranspose": (lambda: nn.Conv3DTranspose(2, 2, layout="NDHWC"), (1, 3, 3, 3, 2)),
    "MaxPool1D": (lambda: nn.MaxPool1D(2), (2, 3, 6)),
    "MaxPool2D": (lambda: nn.MaxPool2D(3, 2, 1, ceil_mode=True), (2, 3, 6, 5)),
    "MaxPool3D": (lambda: nn.MaxPool3D(2), (1, 2, 4, 4, 4)),
    "AvgPool1D": (lambda: nn.AvgPool1D(2), (2, 3, 6)),
    "AvgPool2D": (lambda: nn.AvgPool2D(3, 2, 1, count_include_pad=False), (2, 3, 6, 5)),
    "AvgPool3D": (lambda: nn.AvgPool3D(2), (1, 2, 4, 4, 4)),
    "GlobalMaxPool1D": (lambda: nn.GlobalMaxPool1D(), (2, 3, 6)),
    "GlobalMaxPool2D": (lambda: nn.GlobalMaxPool2D(), (2, 3, 6, 5)),
    "GlobalMaxPool3D": (lambda: nn.GlobalMaxPool3D(), (1, 2, 4, 4, 4)),
    "GlobalAvgPool1D": (lambda: nn.GlobalAvgPool1D(), (2, 3, 6)),
    "GlobalAvgPool2D": (lambda: nn.GlobalAvgPool2D(), (2, 3, 6, 5)),
    "GlobalAvgPool3D": (lambda: nn.GlobalAvgPool3D(), (1, 2, 4, 4, 4)),
    "ReflectionPad2D": (lambda: nn.ReflectionPad2D(1), (1, 2, 4, 4)),
    "BatchNorm": (lambda: nn.BatchNorm(), (4, 3, 2)),
    "BatchNorm(axis=-1)": (lambda: nn.BatchNorm(axis=-1, scale=False, center=False), (4, 3, 2)),
    "BatchNorm(use_global_stats)": (lambda: nn.BatchNorm(use_global_stats=True), (4, 3)),
    "BatchNormReLU": (lambda: nn.BatchNormReLU(), (4, 3, 2)),
    "LayerNorm": (lambda: nn.LayerNorm(), (2, 5)),
    "InstanceNorm": (lambda: nn.InstanceNorm(), (2, 3, 5)),
    "GroupNorm": (lambda: nn.GroupNorm(2), (2, 4, 5)),
    "HybridSequential": (lambda: nn.HybridSequential(), (2, 4)),
}


@both
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, forward):
    """All layers infer their shapes through the recorded graph, alone and within a block of either style."""
    make, shape = LAYERS[name]
    pair = Style(make, compute=lambda self, F, x: self.layers[0](x) * 2).pair(forward)
    x = nd.abs(normal(*shape)) if name == "Embedding" else normal(*shape)
    for mode in ("record", "predict", "train", "record_predict", "record", "predict"):
        pair.check(x, mode=mode, grad=name != "Embedding")


def test_all_layers_are_here():
    hybrid = {n for n in nn.__all__ if isinstance(getattr(nn, n), type) and issubclass(getattr(nn, n), nn.HybridBlock)}
    assert hybrid - {"HybridBlock", "SymbolBlock"} == {n.split("(")[0].split(" ")[0] for n in LAYERS}


# ---- arguments and results -------------------------------------------------------------------------------------------

Point = namedtuple("Point", "x y")

CALLS: dict[str, tuple[Any, list[tuple[tuple, dict]]]] = {
    "several inputs": (lambda self, F, a, b, c: a * b + c, [((1, 2, 3), {})]),
    "several outputs": (lambda self, F, a: (a, a * 2, [a + 1, (a,)]), [((1,), {})]),
    "an operator of several outputs": (lambda self, F, a: F.split(a, num_outputs=2, axis=1), [((1,), {})]),
    "nested lists": (lambda self, F, a, b: [a[0] + b, [a[1][0] * b]], [(([1, (2, 3)], 4), {}), (((1, [2]), 4), {})]),
    "dicts": (lambda self, F, a: {"x": a["q"] + a["p"], "y": [a["p"]]}, [(({"q": 1, "p": 2},), {}),
                                                                       (({"p": 1, "q": 2},), {})]),
    "named tuples": (lambda self, F, p: Point(p.x + p.y, p.x), [((Point(1, 2),), {})]),
    "None": (lambda self, F, a, b=None: a if b is None else a * b, [((1,), {}), ((1, None), {}), ((1, 2), {})]),
    "None in results": (lambda self, F, a: (a * 2, None, [None]), [((1,), {})]),
    "keywords": (lambda self, F, a, k=None, n=1: a * n if k is None else a * n + k,
                 [((1,), {}), ((1,), {"k": 2}), ((1,), {"k": 2, "n": "3"}), ((1,), {"n": "2"}), ((1,), {"n": "3"})]),
    "numbers": (lambda self, F, a, n: a * n, [((1, "2"), {}), ((1, "3"), {}), ((1, "2"), {}), ((1, "2.0"), {}),
                                              ((1, "-2"), {})]),
    "zeros with a sign": (lambda self, F, a, n: (a * 0 + 1) / n, [((1, "0.0"), {}), ((1, "-0.0"), {})]),
    "True and 1": (lambda self, F, a, n: a * (5 if n is True else 7), [((1, "1"), {}), ((1, "True"), {})]),
    "text": (lambda self, F, a, what: getattr(F, what)(a), [((1, "'exp'"), {}), ((1, "'tanh'"), {})]),
    "one input twice": (lambda self, F, a, b: a * 2 + b, [((1, 1), {}), ((1, 2), {}), ((2, 2), {}), ((2, 1), {})]),
    "inputs that are not used": (lambda self, F, a, b: b * 2, [((1, 2), {}), ((2, 1), {})]),
    "inputs as results": (lambda self, F, a, b: [b, a, a], [((1, 2), {}), ((2, 1), {})]),
}  # fmt: skip


@both
@pytest.mark.parametrize("name", CALLS)
def test_calls(name, forward):
    """A number stands for an array of its own, text for what it says."""
    compute, calls = CALLS[name]
    pair = Style(compute=compute).pair(forward)
    shared = {i: normal(2, 4, seed=i) for i in range(5)}

    def made(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: made(v) for k, v in value.items()}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(made, value))
        if isinstance(value, (list, tuple)):
            return type(value)(map(made, value))
        return eval(value) if isinstance(value, str) else None if value is None else shared[value]

    for _ in range(3):
        for args, kwargs in calls:
            for mode in ("predict", "record"):
                given = made(kwargs)
                pair.check(*made(args), mode=mode, what=f"{args} {kwargs}", **given)


@both
def test_inputs_that_are_parameters(forward):
    """A later call with another array in that place must not find the parameter there."""
    make = Style(lambda: nn.Dense(4, in_units=4, use_bias=False), compute=lambda self, F, x: self.layers[0](x))
    pair = make.pair(forward)
    weight = pair.parameters[0].data()
    for x in (weight, normal(4, 4), weight, normal(4, 4, seed=1)):
        pair.check(x, grad=False)


@both
@pytest.mark.parametrize(
    "value", [np.ones(2), {1, 2}, object(), [np.zeros(1)], bytearray(2)], ids=lambda v: type(v).__name__
)
def test_arguments_that_may_change(value, forward):
    """MXNet refuses whatever is no array; here numbers and text may be given, which stay what they are."""
    net = Style(compute=lambda self, F, x, y: x).make(forward)
    net.hybridize()
    with pytest.raises(ValueError, match="When hybridized, the inputs of a HybridBlock must be NDArrays"):
        net(nd.ones(2), value)


@both
@pytest.mark.parametrize(("value", "kind"), [(3, ValueError), ([], ValueError), (None, TypeError)])
def test_results_without_arrays(value, kind, forward):
    net = Style(compute=lambda self, F, x: value).make(forward)
    net.hybridize()
    with pytest.raises(kind, match="which holds no"):
        net(nd.ones(2))


# ---- Python runs once ------------------------------------------------------------------------------------------------


@both
def test_forward_is_skipped(forward, capsys):
    def compute(self: Any, F: Any, x: Any) -> Any:
        self.count.append(1)
        print("hello")  # noqa: T201
        return self.layers[0](x) + 1

    pair = Style(lambda: nn.Dense(3), compute=compute).pair(forward)
    x, net = normal(2, 4), pair.net
    first = net(x)
    runs = len(net.count)
    assert capsys.readouterr().out == "hello\n" * runs
    for _ in range(5):
        np.testing.assert_array_equal(net(x).asnumpy(), first.asnumpy())
    assert len(net.count) == runs
    assert capsys.readouterr().out == ""
    assert "addmm" in net.generated_code() or "linear" in net.generated_code()


def test_one_composition_for_all_shapes_and_modes():
    counts = []
    net = Style(compute=lambda self, F, x: counts.append(1) or F.exp(x)).make(False)
    net.hybridize()
    for shape in ((2,), (3, 4), (2, 2, 2)):
        net(nd.ones(shape))
        with autograd.record():
            net(nd.ones(shape, dtype="float64"))
    assert len(counts) == 1


def test_one_run_for_each_shape_and_mode():
    counts = []
    net = Style(compute=lambda self, F, x: counts.append(1) or F.exp(x)).make(True)
    net.hybridize()
    for _ in range(3):
        for shape in ((2,), (3, 4)):
            net(nd.ones(shape))
            with autograd.record():
                net(nd.ones(shape))
    assert len(counts) == 4


def test_a_child_that_is_called_on_its_own():
    net = nn.HybridSequential()
    net.add(nn.Dense(3), nn.Dense(2))
    net.initialize(Waves())
    net.hybridize()
    x = normal(2, 4)
    whole = net(x)
    np.testing.assert_allclose(net[1](net[0](x)).asnumpy(), whole.asnumpy(), rtol=1e-6)
    np.testing.assert_allclose(net[1](net[0](x)).asnumpy(), net(x).asnumpy(), rtol=1e-6)


# ---- blocks in blocks ------------------------------------------------------------------------------------------------


def test_plain_blocks_with_hybrid_ones_inside():
    class Net(gluon.Block):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            with self.name_scope():
                self.first, self.second = nn.Dense(4, activation="relu"), nn.BatchNorm()

        def forward(self, x: nd.NDArray) -> nd.NDArray:
            h = self.first(x)
            return self.second(h) if float(h.sum().asscalar()) > -1e9 else h

    pair = Pair(Net)
    for mode in (*MODES, *MODES):
        pair.check(normal(3, 4), mode=mode)
    assert pair.net.first.generated_code()


@pytest.mark.parametrize("how", ["attribute", "register_child", "add", "hybridize"])
def test_plain_blocks_inside_hybrid_ones(how):
    class Plain(gluon.Block):
        def forward(self, x: nd.NDArray) -> nd.NDArray:
            return x

    net, plain = nn.HybridSequential(), Plain()
    ways = {
        "attribute": lambda: setattr(net, "child", plain),
        "register_child": lambda: net.register_child(plain),
        "add": lambda: net.add(plain),
        "hybridize": net.hybridize,
    }
    if how == "hybridize":
        net._children["child"] = plain  # as some networks do
    with pytest.raises(ValueError, match=r"Children of HybridBlock must also be HybridBlock, but Plain"):
        ways[how]()


@both
def test_children_in_lists_that_change(forward):
    """Blocks that took part but are not registered: their changes count, too."""

    class Scale(gluon.HybridBlock):
        factor = 2

        def hybrid_forward(self, F: Any, x: Any) -> Any:
            return x * self.factor

    net = Style(compute=lambda self, F, x: self.hidden[0](x)).make(forward)
    net.hidden = [Scale()]
    net.hybridize()
    assert net(nd.ones(1)).asscalar() == 2
    net.hidden[0].factor = 5
    assert net(nd.ones(1)).asscalar() == 5


def test_shared_blocks_and_parameters():
    shared = nn.Dense(4, in_units=4, activation="tanh")
    net = nn.HybridSequential()
    net.add(shared, nn.Activation("relu"), shared, nn.Dense(4, in_units=4, params=shared.params), shared)
    net.initialize(Waves())
    x = normal(2, 4)
    expected = net(x).asnumpy()
    net.hybridize()
    for _ in range(4):
        np.testing.assert_allclose(net(x).asnumpy(), expected, rtol=1e-5)
    shared.weight.data()[0] = 0.5
    found = net(x).asnumpy()
    net.hybridize(False)
    np.testing.assert_allclose(found, net(x).asnumpy(), rtol=1e-5)
    assert not np.allclose(found, expected)


def test_two_parameters_of_one_name():
    net = nn.HybridSequential(prefix="")
    net.add(nn.Dense(2, prefix="a_"), nn.Dense(2, prefix="a_"))
    for child in net:
        child.initialize()
    net.hybridize()
    with pytest.raises(mx.MXNetError, match="two parameters called 'a_weight'"):
        net(nd.ones((1, 2)))


def test_a_variable_that_is_no_parameter():
    class Net(gluon.HybridBlock):
        def hybrid_forward(self, F: Any, x: Any) -> Any:
            return F.FullyConnected(x, num_hidden=2, no_bias=True) if F is mx.sym else x

    net = Net()
    net.hybridize()
    with pytest.raises(AssertionError, match=r"Unknown input to HybridBlock.*fullyconnected0_weight"):
        net(nd.ones((1, 2)))


# ---- control flow ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["foreach", "while_loop", "cond"])
def test_control_flow_with_parameters_inside(kind):
    def compute(self: Any, F: Any, x: Any) -> Any:
        dense = self.layers[0]
        if kind == "foreach":
            zeros = F.zeros_like(dense(F.slice_axis(x, axis=0, begin=0, end=1).reshape((-3, 0))))
            return F.contrib.foreach(lambda d, s: (F.tanh(dense(d) + s), s + dense(d)), x, zeros)
        if kind == "while_loop":
            return F.contrib.while_loop(
                lambda i, h: i < 3, lambda i, h: (h * 2, [i + 1, F.tanh(dense(h))]), [F.zeros((1,)), dense(x)], 5
            )
        h = dense(x)
        return F.contrib.cond(h.sum() > 0, lambda: dense(h) * 2, lambda: h - 1)

    pair = Style(lambda: nn.Dense(4, in_units=4, flatten=False), compute=compute).pair(False)
    for seed in range(6):
        x = normal(3, 2, 4, seed=seed) if kind == "foreach" else normal(2, 4, seed=seed)
        for mode in ("predict", "record"):
            pair.check(x, mode=mode)


# ---- random numbers --------------------------------------------------------------------------------------------------


@both
def test_random_numbers(forward):
    def compute(self: Any, F: Any, x: Any) -> Any:
        noise = F.random.normal(0, 1, shape=(8, 8))
        return [F.Dropout(x, p=0.5, mode="always"), x * 0 + F.random.uniform_like(x), noise]

    net = Style(compute=compute).make(forward)
    net.hybridize()
    x = nd.ones((8, 8))
    calls = [[r.asnumpy() for r in net(x)] for _ in range(4)]
    for one, other in itertools.pairwise(calls):
        for a, b in zip(one, other, strict=True):
            assert (a != b).any()
    for _ in range(3):
        mx.random.seed(5)
        again = [[r.asnumpy() for r in net(x)] for _ in range(2)]
        mx.random.seed(5)
        for one in again:
            for a, b in zip(one, net(x), strict=True):
                np.testing.assert_array_equal(a, b.asnumpy())


def test_dropout_in_every_mode():
    net = nn.Dropout(0.5)
    net.hybridize()
    x = nd.ones((100,))
    for _ in range(3):
        np.testing.assert_array_equal(net(x).asnumpy(), x.asnumpy())
        with autograd.train_mode():
            assert set(net(x).asnumpy()) == {0, 2}
        with autograd.record():
            assert set(net(x).asnumpy()) == {0, 2}
        with autograd.record(train_mode=False):
            assert set(net(x).asnumpy()) == {1}


@both
@pytest.mark.parametrize("turned", [False, True])
def test_random_numbers_come_in_the_order_of_the_code(forward, turned):
    def compute(self: Any, F: Any, x: Any) -> Any:
        a = F.Dropout(x, p=0.5, mode="always")
        b = F.random.uniform_like(x)
        return b - a if turned else a - b

    pair = Style(compute=compute).pair(forward)
    for seed in range(4):
        for mode in ("predict", "record"):
            pair.check(nd.ones((4, 4)), mode=mode, seed=seed)


# ---- BatchNorm -------------------------------------------------------------------------------------------------------


@both
def test_moving_statistics_change_once_a_call(forward):
    net = Style(lambda: nn.BatchNorm(momentum=0.5), compute=lambda self, F, x: self.layers[0](x)).make(forward)
    net.initialize()
    net.hybridize()
    x, expected = normal(8, 3), np.zeros(3)
    for i in range(5):
        with autograd.record():
            net(x)
        expected = expected * 0.5 + x.asnumpy().mean(0) * 0.5
        mean = net.layers[0].running_mean
        np.testing.assert_allclose(mean.data().asnumpy(), expected, rtol=1e-5, err_msg=f"call {i}")
        net(x)  # which changes nothing
        np.testing.assert_allclose(mean.data().asnumpy(), expected, rtol=1e-5)


@both
@pytest.mark.parametrize("turned", [False, True])
def test_moving_statistics_of_a_layer_that_is_used_twice(forward, turned):
    """Each use changes them, in the order of the code."""

    def compute(self: Any, F: Any, x: Any, y: Any) -> Any:
        a = self.layers[0](x)
        b = self.layers[0](y)
        return b - self.layers[0](a) if turned else a * b

    pair = Style(lambda: nn.BatchNorm(momentum=0.5), compute=compute).pair(forward)
    for seed in range(3):
        for mode in ("record", "predict", "record", "train"):
            pair.check(normal(4, 3, seed=seed), normal(4, 3, seed=seed + 10) * 2 + 1, mode=mode)


@both
def test_moving_statistics_after_an_error(forward):
    """A call that fails behind BatchNorm; then good ones."""

    def compute(self: Any, F: Any, x: Any, y: Any) -> Any:
        return self.layers[0](x) + F.dot(x, y)

    net = Style(lambda: nn.BatchNorm(momentum=0.5, in_channels=3), compute=compute).make(forward)
    net.initialize()
    net.hybridize()
    x = normal(3, 3)
    with autograd.record():
        net(x, nd.ones((3, 3)))
    before = net.layers[0].running_mean.data().asnumpy()
    with pytest.raises(mx.MXNetError, match="dot"), autograd.record():
        net(x, nd.ones((2, 3)))
    failed = net.layers[0].running_mean.data().asnumpy()
    if not forward:  # a graph writes its states when all is computed; Python, as it goes
        np.testing.assert_array_equal(failed, before)
    with autograd.record():
        net(x, nd.ones((3, 3)))
    expected = failed * 0.5 + x.asnumpy().mean(0) * 0.5
    np.testing.assert_allclose(net.layers[0].running_mean.data().asnumpy(), expected, rtol=1e-5)


# ---- hooks -----------------------------------------------------------------------------------------------------------


def test_hooks():
    """The root's are called in every call; those of children belong to calls of their own."""
    calls: list[str] = []
    net = nn.HybridSequential()
    net.add(nn.Dense(2), nn.Dense(2))
    net.initialize(Waves())
    net.hybridize()
    x = nd.ones((1, 2))
    net(x), net(x), net(x)
    handles = [net.register_forward_hook(lambda block, args, out: calls.append(f"after {out.shape}")),
               net.register_forward_pre_hook(lambda block, args: calls.append(f"before {len(args)}")),
               net[0].register_forward_hook(lambda *_: calls.append("child"))]  # fmt: skip
    for i in range(1, 4):
        net(x)
        assert calls == ["before 1", "after (1, 2)"] * i
    net[0](x)
    assert calls.pop() == "child"
    for handle in handles:
        handle.detach()
    net(x), net(x)
    assert len(calls) == 6
    net.register_forward_hook(lambda *_: None)
    with pytest.warns(UserWarning, match="is being hybridized while still having forward hook"):
        net.hybridize()


def test_op_hooks_see_every_operator():
    seen: list[str] = []
    net = nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(nn.Dense(2, activation="relu"))
    net.initialize(Waves())
    net.hybridize()
    x = nd.ones((1, 2))
    expected = net(x).asnumpy(), net(x).asnumpy()
    net.register_op_hook(lambda name, op, array: seen.append(name), monitor_all=False)
    np.testing.assert_allclose(net(x).asnumpy(), expected[1])
    assert seen == ["net_dense0_fwd_output", "net_dense0_relu_fwd_output"]
