"""Pooling before relu gives the same values and gradients, whatever is equal, negative, infinite or no number."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mxnet import autograd, nd
from mxnet.gluon import nn
from mxnet.graph.passes.pool_first import pool_first
from tests.graph.passes.rewriting import as_function, calls, check, code, graph_of, normal

POOLS = {
    "1d": (lambda x: torch.max_pool1d(torch.relu(x), 2), (2, 3, 8)),
    "2d": (lambda x: torch.max_pool2d(torch.relu(x), 2), (2, 3, 8, 8)),
    "2d, overlapping and padded": (lambda x: torch.max_pool2d(torch.relu(x), 3, 2, 1), (2, 3, 9, 9)),
    "2d, ceil": (lambda x: torch.max_pool2d(torch.relu(x), 2, 2, 0, 1, True), (2, 3, 7, 7)),
    "2d, dilated": (lambda x: torch.max_pool2d(torch.relu(x), 2, 1, 0, 2), (2, 3, 7, 7)),
    "3d": (lambda x: torch.max_pool3d(torch.relu(x), 2), (2, 3, 4, 4, 4)),
    "method": (lambda x: torch.max_pool2d(x.relu(), 2), (2, 3, 8, 8)),
}


@pytest.mark.parametrize("case", POOLS.values(), ids=POOLS)
def test_values_and_gradients(case):
    function, shape = case
    values = normal(*shape)
    ties = values.round()  # many zeros of both signs, and equal maxima
    infinite = torch.where(values > 1, torch.inf, torch.where(values < -1, -torch.inf, values))
    no_numbers = torch.where(values > 1.2, torch.nan, values)
    for x in (values, ties, -values.abs(), torch.zeros(shape), -torch.zeros(shape), infinite, no_numbers):
        graph = graph_of(function, x)
        pool_first(graph)
        assert [name[:8] for name in calls(graph)] == ["max_pool", "relu"]
        check(function, as_function(graph), x, gradients=True, others=0, rtol=0, atol=0)


def test_what_follows_takes_the_place():
    def function(x, y):
        pooled = torch.max_pool2d(torch.relu(x + y), 2)
        return pooled * 2, torch.relu(pooled), pooled.flatten()

    tensors = normal(1, 2, 4, 4), normal(1, 2, 4, 4, seed=1)
    graph = graph_of(function, *tensors)
    pool_first(graph)
    assert calls(graph) == ["add", "max_pool2d", "relu", "mul", "relu", "flatten"]
    check(function, as_function(graph), *tensors, gradients=True)
    shapes = {node.name: tuple(node.meta["info"].shape) for node in graph.nodes if "info" in node.meta}
    assert shapes["relu"] == shapes["max_pool2d"] == (1, 2, 2, 2)


def test_two_in_a_row():
    def function(x):
        return torch.max_pool2d(torch.relu(torch.max_pool2d(torch.relu(x), 2)), 2)

    x = normal(1, 2, 8, 8)
    graph = graph_of(function, x)
    pool_first(graph)
    assert sorted(calls(graph)) == ["max_pool2d", "max_pool2d", "relu", "relu"]
    check(function, as_function(graph), x, gradients=True)


def used_twice(x):
    y = torch.relu(x)
    return torch.max_pool2d(y, 2) + y[..., :2, :2]


def output_too(x):
    y = torch.relu(x)
    return y, torch.max_pool2d(y, 2)


LEFT_ALONE = {
    "used twice": used_twice,
    "an output": output_too,
    "no relu": lambda x: torch.max_pool2d(torch.abs(x), 2),
    "sigmoid": lambda x: torch.max_pool2d(torch.sigmoid(x), 2),
    "average": lambda x: F.avg_pool2d(torch.relu(x), 2),
    "with places": lambda x: F.max_pool2d(torch.relu(x), 2, return_indices=True)[1],
    "relu after": lambda x: torch.relu(torch.max_pool2d(x, 2)),
    "pool of an input": lambda x: torch.max_pool2d(x, 2),
    "something between": lambda x: torch.max_pool2d(torch.relu(x).neg(), 2),
    "leaky": lambda x: torch.max_pool2d(F.leaky_relu(x, -0.5), 2),
}


@pytest.mark.parametrize("function", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_left_alone(function):
    graph = graph_of(function, normal(1, 2, 4, 4))
    before = code(graph)
    pool_first(graph)
    assert code(graph) == before


@pytest.mark.parametrize("pool", [nn.MaxPool2D(2), nn.MaxPool2D(3, 2, 1, ceil_mode=True), nn.MaxPool2D(2, 1)])
def test_a_network(pool):
    net, twin = nn.HybridSequential(), nn.HybridSequential()
    for one in (net, twin):
        one.add(nn.Activation("relu"), pool)
    net.hybridize()
    x = nd.random.normal(shape=(2, 3, 7, 7)).round()
    for i in range(4):
        found = []
        for one in (net, twin):
            x.attach_grad()
            with autograd.record():
                out = one(x * i)
            out.backward(nd.arange(out.size).reshape(out.shape))
            found.append((out.asnumpy(), x.grad.asnumpy()))
        (values, slopes), (expected, expected_slopes) = found
        assert (values == expected).all()
        assert (slopes == expected_slopes).all()
    text = net.generated_code()
    assert text.index("max_pool2d") < text.index("relu")
