"""Training with channels-last storage: nobody sees it in values, in gradients, or in the order of memory."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mxnet import autograd, nd
from mxnet.gluon import nn
from mxnet.graph.passes.channels_last import channels_last, contiguous_outputs, is_image_convolution, work
from mxnet.graph.passes.effects import is_call
from tests.gluon.pairs import Pair
from tests.graph.passes.rewriting import as_function, calls, check, code, graph_of, node_of, normal

SHAPE, WEIGHT = (2, 8, 24, 24), (16, 8, 3, 3)  # 1.3 million multiplications


def conv(x, w, b=None, stride=1, padding=1, dilation=1, groups=1):
    return torch.conv2d(x, w, b, stride, padding, dilation, groups)


def image(*shape: int, seed: int = 0) -> torch.Tensor:
    return normal(*(shape or SHAPE), seed=seed)


def kernel(*shape: int, seed: int = 1) -> torch.Tensor:
    """Weights that keep the size of numbers."""
    shape = shape or WEIGHT
    return normal(*shape, seed=seed) / (shape[1] * shape[2] * shape[3]) ** 0.5


def conversions(graph) -> list[str]:
    """How inputs of convolutions are converted: to channels-last order or back."""
    last = {True: "last", False: "first"}
    return [
        last[node.kwargs.get("memory_format") is torch.channels_last]
        for node in graph.nodes
        if is_call(node, "contiguous", "clone") and any(user.op != "output" for user in node.users)
    ]


FUNCTIONS = {
    "plain": lambda x, w: conv(x, w),
    "strided, grouped, dilated": lambda x, w: conv(x, w[:, :4], None, 2, 2, 2, 2) + conv(x, w).mean(),
    "norm, relu, pool, flatten": lambda x, w: torch.max_pool2d(
        torch.relu(torch.batch_norm(conv(x, w), None, None, None, None, True, 0.1, 1e-3, True)), 2
    ).flatten(1),
    "viewed": lambda x, w: conv(x, w).view(2, -1) * 2,
    "five dimensions": lambda x, w: conv(x, w).unsqueeze(0),
    "split dimensions": lambda x, w: conv(x, w).unflatten(1, (4, 4)),
    "stacked": lambda x, w: torch.stack([conv(x, w), conv(x, w)]),
    "reductions": lambda x, w: (conv(x, w).sum(0), conv(x, w).amax((2, 3)), conv(x, w).mean(1)),
    "cloned": lambda x, w: conv(x, w).clone(),
    "like": lambda x, w: torch.ones_like(conv(x, w)) * x.sum(),
    "transposed": lambda x, w: conv(x, w).transpose(1, 3).contiguous(),
    "sum and concatenation": lambda x, w: torch.cat([conv(x, w) + conv(x * 2, w), conv(x, w)], 1),
    "softmax": lambda x, w: torch.log_softmax(conv(x, w), 1),
    "view as": lambda x, w: conv(x, w).view_as(conv(x, w)),
    "pixel shuffle": lambda x, w: F.pixel_shuffle(conv(x, w), 2),
    "group norm": lambda x, w: torch.group_norm(conv(x, w), 2).view(2, 16, 576),
    "items": lambda x, w: conv(x, w)[:, 1:3][..., ::2].contiguous(),
    "padded": lambda x, w: F.pad(conv(x, w), (1, 1, 1, 1), "reflect"),
    "interpolated": lambda x, w: F.interpolate(conv(x, w), scale_factor=2.0, mode="bilinear"),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_values_gradients_and_order(function):
    tensors = image(), kernel()
    graph = graph_of(function, *tensors)
    channels_last(graph)
    assert conversions(graph)[0] == "last"
    check(function, as_function(graph), *tensors, gradients=True, rtol=1e-4, atol=1e-3, others=1)


def test_the_order_is_handed_on():
    """One conversion serves a chain."""

    def function(x, v, w):
        y = torch.relu(torch.batch_norm(conv(x, v), None, None, None, None, True, 0.1, 1e-3, True))
        y = torch.max_pool2d(y, 2)
        return conv(torch.relu(conv(y, w) + y), w)

    tensors = image(), kernel(), kernel(16, 16, 3, 3)
    graph = graph_of(function, *tensors)
    channels_last(graph)
    assert conversions(graph) == ["last"]
    assert calls(graph)[-1] == "contiguous"
    check(function, as_function(graph), *tensors, gradients=True, rtol=1e-4, atol=1e-3, others=1)


def test_where_weights_are_larger_than_images_the_ordinary_order_returns():
    def function(x, v, w):
        y = conv(x, v)
        return conv(conv(torch.max_pool2d(y, 6), w), w)  # 4 x 4 pixels

    tensors = image(), kernel(), kernel(16, 16, 3, 3)
    graph = graph_of(function, *tensors)
    channels_last(graph)
    assert conversions(graph) == ["last", "first"]
    check(function, as_function(graph), *tensors, gradients=True, rtol=1e-4, atol=1e-3, others=1)


def test_one_channel_is_in_any_order():
    """``contiguous`` would not do anything, and torch not know which order is meant."""

    def function(x, w):
        return conv(x, w)

    tensors = image(2, 1, 64, 64), kernel(32, 1, 3, 3)
    graph = graph_of(function, *tensors)
    channels_last(graph)
    converted = node_of(graph, "clone")
    assert converted.kwargs["memory_format"] is torch.channels_last
    check(function, as_function(graph), *tensors, gradients=True, rtol=1e-4, atol=1e-3, others=1)


def test_bfloat16():
    tensors = image().bfloat16(), kernel().bfloat16()
    graph = graph_of(lambda x, w: conv(x, w), *tensors)
    channels_last(graph)
    assert conversions(graph) == ["last"]
    check(lambda x, w: conv(x, w), as_function(graph), *tensors, rtol=0.05, atol=0.05)


LEFT_ALONE = {
    "too little work": (lambda x, w: conv(x, w), image(1, 2, 8, 8), kernel(2, 2, 3, 3)),
    "float64": (lambda x, w: conv(x, w), image().double(), kernel().double()),
    "float16": (lambda x, w: conv(x, w), image().half(), kernel().half()),
    "one dimension": (lambda x, w: torch.conv1d(x, w, None, 1, 1, 1, 1), normal(4, 64, 128), normal(64, 64, 3)),
    "three dimensions": (
        lambda x, w: torch.conv3d(x, w, None, 1, 1, 1, 1), normal(1, 8, 12, 12, 12), normal(16, 8, 3, 3, 3),
    ),
    "no batch": (lambda x, w: conv(x, w), normal(8, 32, 32), kernel(16, 8, 3, 3)),
    "transposed": (lambda x, w: F.conv_transpose2d(x, w), image(), kernel(8, 16, 3, 3)),
    "no convolution": (lambda x, w: F.linear(x, w), normal(64, 1024), normal(1024, 1024)),
}  # fmt: skip


@pytest.mark.parametrize("case", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_left_alone(case):
    function, *tensors = case
    graph = graph_of(function, *tensors)
    before = code(graph)
    channels_last(graph)
    assert code(graph) == before


def test_other_devices_are_left_alone():
    graph = graph_of(lambda x, w: conv(x, w), image(), kernel())
    node = node_of(graph, "conv2d")
    assert is_image_convolution(node, (torch.float32,))
    node.meta["info"] = node.meta["info"]._replace(device=torch.device("cuda", 0))
    assert not is_image_convolution(node, (torch.float32,))
    before = code(graph)
    channels_last(graph)
    assert code(graph) == before


def test_work():
    """Multiplications of a convolution, also of one whose weight is computed."""
    graph = graph_of(lambda x, w: conv(x, w, None, 1, 1, 1, 2), normal(2, 8, 5, 6), normal(4, 4, 3, 3))
    assert work(node_of(graph, "conv2d")) == 2 * 4 * 5 * 6 * 4 * 9
    joined = graph_of(lambda x, w: conv(x, torch.cat([w, w])), normal(2, 8, 5, 6), normal(4, 8, 3, 3))
    assert work(node_of(joined, "conv2d")) == 2 * 8 * 5 * 6 * 8 * 9


def test_outputs_that_were_put_in_order_are_left_so():
    def function(x, w):
        return conv(x, w).clone(memory_format=torch.contiguous_format), x.sum()

    graph = graph_of(function, image(), kernel())
    contiguous_outputs(graph)
    assert calls(graph) == ["conv2d", "clone", "sum", "contiguous"]


def test_a_network_trains_the_same():
    def make(**kwargs):
        net = nn.HybridSequential(**kwargs)
        with net.name_scope():
            net.add(
                nn.Conv2D(16, 3, padding=1, in_channels=8), nn.BatchNorm(in_channels=16), nn.Activation("relu"),
                nn.MaxPool2D(2), nn.Conv2D(8, 3, in_channels=16), nn.Activation("tanh"),
            )  # fmt: skip
        return net

    pair = Pair(make)
    for _ in range(4):
        pair.check(nd.random.normal(shape=SHAPE), mode="record")
    assert "channels_last" in pair.net.generated_code()
    x = nd.random.normal(shape=SHAPE)
    x.attach_grad()
    with autograd.record():
        out = pair.net(x)
    out.backward()
    arrays = [out, x.grad, *(p.grad() for p in pair.parameters if p.grad_req != "null")]
    assert all(array._data.is_contiguous() for array in arrays)
