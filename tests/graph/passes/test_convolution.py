"""Convolutions in prediction, fused with what follows, where nobody else looks at what is written over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F

from mxnet import nd
from mxnet.gluon import nn
from mxnet.graph.passes import for_constants
from mxnet.graph.passes.convolution import fuse_convolutions
from mxnet.ops import onednn
from tests.gluon.pairs import Pair
from tests.graph.passes.rewriting import as_function, calls, check, code, graph_of, normal, whole
from tests.graph.passes.test_channels_last import FUNCTIONS, SHAPE, conv, image, kernel

needs_onednn = pytest.mark.skipif(not onednn.available(), reason="this torch has no fused convolutions of oneDNN")
SQUARE = (8, 8, 3, 3)


def small(*names: str) -> list[torch.Tensor]:
    """x, and weights that keep its shape."""
    return [image(2, 8, 32, 32), *(kernel(*SQUARE, seed=i + 1) for i in range(len(names)))]


def fused(function: Callable, *tensors: torch.Tensor) -> list[str]:
    """Check the pass alone, and all passes; returns the calls of the pass."""
    graph = graph_of(function, *tensors)
    fuse_convolutions(graph, 1)
    check(function, as_function(graph), *tensors, rtol=1e-4, atol=1e-4)
    check(function, whole(for_constants(graph_of(function, *tensors), 1), 1), *tensors, rtol=1e-4, atol=1e-4)
    return [name for name in calls(graph) if name not in ("pack", "contiguous")]


@needs_onednn
@pytest.mark.parametrize("activation", [None, torch.relu, torch.sigmoid, torch.tanh])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"),
    [(1, 1, 1, 1), (2, 0, 1, 1), ((1, 2), (2, 1), (2, 1), 1), (1, 1, 1, 2), (1, 2, 2, 8)],
)
def test_one_call(activation, bias, stride, padding, dilation, groups):
    def function(x, w, b):
        y = torch.conv2d(x, w, b if bias else None, stride, padding, dilation, groups)
        return y if activation is None else activation(y)

    tensors = image(4, 8, 48, 48), kernel(16, 8 // groups, 3, 3), normal(16, seed=2)
    assert fused(function, *tensors) == ["convolution"]


@needs_onednn
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_values_and_order(function):
    assert "convolution" in fused(function, image(), kernel())


@needs_onednn
@pytest.mark.parametrize("swapped", [True, False])
@pytest.mark.parametrize(
    ("activation", "names"),
    [
        (None, []),
        (torch.relu, []),
        (torch.sigmoid, ["sigmoid"]),  # oneDNN has only relu after a sum
        (torch.tanh, ["tanh"]),
    ],
)
def test_sums(swapped, activation, names):
    def function(x, v, w):
        one, other = conv(x, v), conv(torch.relu(conv(x, w)), w)
        total = other + one if swapped else one + other
        return total if activation is None else activation(total)

    assert fused(function, *small("v", "w")) == ["convolution", "convolution", "convolution_add_", *names]


def residual(x, v, w):
    """What ResNets are made of: y is used twice, last by the sum."""
    y = torch.relu(conv(x, v))
    y = torch.relu(y + conv(torch.relu(conv(y, w)), v))
    return torch.relu(conv(torch.relu(conv(y, v)), w) + y)


SUMMANDS = {
    "conv2d": lambda x, v: conv(x, v),
    "sum": lambda x, v: x + 1,
    "pooling": lambda x, v: torch.max_pool2d(x, 3, 1, 1),
    "relu": lambda x, v: torch.relu(x),
}


@needs_onednn
def test_residual_blocks():
    once = ["convolution", "convolution_add_"]
    assert fused(residual, *small("v", "w")) == ["convolution", *once, *once]


@needs_onednn
@pytest.mark.parametrize("summand", SUMMANDS)
def test_sums_with_what_is_given_up(summand):
    """In ordinary order in memory as well."""

    def function(x, v, w):
        return torch.relu(SUMMANDS[summand](x, v) + conv(x, w))

    assert "convolution_add_" in fused(function, *small("v", "w"))


def summand_is_used_later(x, v, w):
    y = conv(x, v)
    return torch.relu(y + conv(x, w)) * y


def summand_is_an_output(x, v, w):
    y = conv(x, v)
    return torch.relu(y + conv(x, w)), y


def summand_is_shown(x, v, w):
    y = conv(x, v)
    shown = y[0]
    return torch.relu(y + conv(x, w)) + shown


def summand_is_the_input(x, v, w):
    return torch.relu(x + conv(x, w))


def summand_is_what_is_convolved(x, v, w):
    y = torch.relu(conv(x, v))
    return torch.relu(y + conv(y, w))


def summand_is_the_convolution(x, v, w):
    y = conv(x, v)
    return torch.relu(y + y)


def summand_is_smaller(x, v, w):
    return torch.relu(conv(x, v) + conv(x, w).amax((2, 3), keepdim=True))


def summand_is_larger(x, v, w):
    return torch.relu(torch.stack([x, x]) + conv(x, v))


def summand_is_broadcast(x, v, w):
    return torch.relu(conv(x, v[:1]) + conv(x, w))


def summand_is_a_number(x, v, w):
    return torch.relu(conv(x, v) + 1.5)


def summand_is_multiplied(x, v, w):
    return torch.relu(torch.add(conv(x, v), x + 2, alpha=3))


def summand_is_a_view(x, v, w):
    y = torch.relu(x)
    return torch.relu(y.view(2, 8, 32, 32) + conv(x, v)) + y


def summand_has_another_dtype(x, v, w):
    return torch.relu(conv(x, v) + torch.max_pool2d(x.double(), 1))


NOT_GIVEN_UP = [
    summand_is_used_later, summand_is_an_output, summand_is_shown, summand_is_the_input, summand_is_what_is_convolved,
    summand_is_the_convolution, summand_is_smaller, summand_is_broadcast, summand_is_larger, summand_is_a_number,
    summand_is_multiplied, summand_is_a_view, summand_has_another_dtype,
]  # fmt: skip


@needs_onednn
@pytest.mark.parametrize("function", NOT_GIVEN_UP)
def test_sums_that_must_not_write(function):
    names = fused(function, *small("v", "w"))
    assert "convolution" in names
    assert "convolution_add_" not in names


def sum_in_between(x, v, w):
    y, other = conv(x, v), conv(x, w)
    a, c = conv(other, v), conv(y, w)
    first = y + a  # the last user of y, though c reads it too
    return torch.relu(other + c) + first


def activation_behind(x, v, w):
    y, other = conv(x, v), torch.max_pool2d(x, 3, 1, 1)
    a, c = conv(x, v), conv(y, w)
    second = other + c
    first = y + a
    return torch.relu(second) + first


@needs_onednn
@pytest.mark.parametrize("function", [sum_in_between, activation_behind])
def test_a_convolution_does_not_move_behind_a_write(function):
    """One sum writes over what the convolution of the other reads."""
    assert "convolution_add_" in fused(function, *small("v", "w"))


@needs_onednn
def test_sums_of_parameters_are_not_written_over():
    """A sum that depends on parameters alone is kept for all calls."""

    def function(x, w, a, b):
        return torch.relu((a + b) + conv(x, w))

    tensors = image(1, 8, 64, 64), kernel(*SQUARE), image(1, 8, 64, 64, seed=4), image(1, 8, 64, 64, seed=5)
    folded = for_constants(graph_of(function, *tensors), 1)
    bound, main = as_function(folded.before)(*tensors[1:]), as_function(folded.main)
    for seed in range(3):
        x = image(1, 8, 64, 64, seed=seed)
        torch.testing.assert_close(main(x, *bound)[0], function(x, *tensors[1:]), rtol=1e-4, atol=1e-4)


def activated_twice(x, v, w):
    y = conv(x, v)
    return torch.relu(y) + torch.tanh(y)


def output_before_activation(x, v, w):
    y = conv(x, v)
    return y, torch.relu(y)


@needs_onednn
@pytest.mark.parametrize("function", [activated_twice, output_before_activation])
def test_activations_that_are_not_fused(function):
    names = fused(function, *small("v", "w"))
    assert names[0] == "convolution"
    assert "relu" in names


@needs_onednn
def test_weights_are_packed_once():
    folded = for_constants(graph_of(residual, *small("v", "w")), 1)
    assert calls(folded.before).count("pack") == 5
    assert "pack" not in calls(folded.main)
    assert folded.sources == [0, 1]


@needs_onednn
def test_weights_that_are_computed():
    """Of parameters, they are packed once; of inputs, in every call."""

    def function(x, v, w):
        return conv(x, torch.cat([v, w])), conv(x, (v - v.mean((1, 2, 3), keepdim=True)) * 2)

    folded = for_constants(graph_of(function, *small("v", "w")), 1)
    assert "pack" not in calls(folded.main)
    assert fused(function, *small("v", "w")).count("convolution") == 2

    def of_inputs(x, v, w):
        return conv(x, v * x.mean()) + conv(x, w)

    fused(of_inputs, *small("v", "w"))


def test_weights_that_are_written_to():
    """Whatever is made of them is made in every call."""

    def function(x, w):
        y = conv(x, w)
        w.copy_(w * 0.5)
        return y

    x, weight = image(), kernel()
    folded = for_constants(graph_of(function, x, weight), 1)
    expected = weight.clone()
    main, before = as_function(folded.main), as_function(folded.before)
    bound = before(weight)
    for _ in range(3):
        torch.testing.assert_close(main(x, *bound)[0], conv(x, expected), rtol=1e-4, atol=1e-4)
        expected *= 0.5
    torch.testing.assert_close(weight, expected)


LEFT_ALONE = {
    "too little work": (lambda x, w: torch.relu(conv(x, w)), image(1, 2, 8, 8), kernel(2, 2, 3, 3)),
    "float64": (lambda x, w: torch.relu(conv(x, w)), image().double(), kernel().double()),
    "bfloat16": (lambda x, w: torch.relu(conv(x, w)), image().bfloat16(), kernel().bfloat16()),
    "no batch": (lambda x, w: torch.relu(conv(x, w)), normal(8, 32, 32), kernel(16, 8, 3, 3)),
    "one dimension": (lambda x, w: torch.conv1d(x, w, None, 1, 1, 1, 1), normal(4, 64, 128), normal(64, 64, 3)),
    "transposed": (lambda x, w: F.conv_transpose2d(x, w), image(), kernel(8, 16, 3, 3)),
}


@pytest.mark.parametrize("case", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_left_alone(case):
    function, *tensors = case
    graph = graph_of(function, *tensors)
    before = code(graph)
    fuse_convolutions(graph, 1)
    assert code(graph) == before


def test_a_weight_that_is_an_input_is_left_alone():
    """It would have to be packed in every call."""
    tensors = small("v", "w")[:2]
    graph = graph_of(lambda x, w: conv(x, w), *tensors)
    before = code(graph)
    fuse_convolutions(graph, 2)
    assert code(graph) == before
    fuse_convolutions(graph, 1)
    assert ("convolution" in calls(graph)) is onednn.available()


def blocks(**kwargs):
    class Residual(nn.HybridBlock):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            with self.name_scope():
                self.body = nn.Conv2D(8, 3, padding=1, in_channels=8)
                self.norm = nn.BatchNorm(in_channels=8)

        def hybrid_forward(self, F, x):
            return F.relu(self.norm(self.body(F.relu(x))) + x)

    net = nn.HybridSequential(**kwargs)
    with net.name_scope():
        net.add(nn.Conv2D(8, 3, padding=1, in_channels=8), Residual(), Residual(), nn.GlobalAvgPool2D(), nn.Dense(3))
    return net


@needs_onednn
def test_a_network():
    pair = Pair(blocks)
    for i in range(12):
        pair.check(nd.random.normal(shape=SHAPE))
        if i == 5:
            for parameter in pair.parameters:
                parameter.set_data(parameter.data() * 0.9)
    assert "convolution_add_" in pair.net.generated_code()
    assert "batch_norm" not in pair.net.generated_code()


def without_attribute(monkeypatch):
    real = torch.ops.mkldnn

    class Ops:
        def __getattr__(self, name):
            if name == "_convolution_pointwise":
                raise AttributeError(name)
            return getattr(real, name)

    monkeypatch.setattr(torch.ops, "mkldnn", Ops())


MISSING = {
    "no oneDNN": lambda monkeypatch: monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False),
    "no fused convolutions": without_attribute,
    "not available": lambda monkeypatch: monkeypatch.setattr(onednn, "available", lambda: False),
}


@pytest.mark.parametrize("missing", MISSING.values(), ids=MISSING)
def test_without_onednn_everything_works(monkeypatch, missing):
    missing(monkeypatch)
    assert not onednn.available()
    graph = graph_of(residual, *small("v", "w"))
    before = code(graph)
    fuse_convolutions(graph, 1)
    assert code(graph) == before
    pair = Pair(blocks)
    for _ in range(6):
        pair.check(nd.random.normal(shape=SHAPE))
    assert "convolution" not in pair.net.generated_code().replace("conv2d", "")
    assert "batch_norm" not in pair.net.generated_code()  # the other passes do without
    for _ in range(3):
        pair.check(nd.random.normal(shape=SHAPE), mode="record")
