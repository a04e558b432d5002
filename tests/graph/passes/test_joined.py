"""Vectors that are joined and taken apart again: the parts are used as they were, weights without being copied."""

from __future__ import annotations

import pytest
import torch

from mxnet import autograd, init, nd
from mxnet.gluon import nn, rnn
from mxnet.graph.passes.joined import separate
from tests.graph.passes.rewriting import as_function, calls, check, code, graph_of, normal


def layer(x, w, r, b):
    weights = torch.cat((w.reshape((-1,)), r.reshape((-1,)), b.reshape((-1,))), 0)
    w, r, b = weights.split_with_sizes((12, 9, 3))
    return torch.tanh(x @ w.view((3, 4)).t() + x[:, :3] @ r.view((3, 3)) + b)


def in_low_precision(x, w, r, b):
    weights = torch.cat((w.reshape((-1,)), r.reshape((-1,)), b), 0).to(dtype=torch.bfloat16)
    w, r, b = weights.split_with_sizes((12, 9, 3))
    return (x.to(torch.bfloat16) @ w.view((3, 4)).t() + b).float() + r.sum().float()


def tensors():
    return normal(5, 4), normal(3, 4, seed=1), normal(3, 3, seed=2), normal(3, seed=3)


@pytest.mark.parametrize("gradients", [False, True])
def test_parts_are_used_as_they_were(gradients):
    graph = graph_of(layer, *tensors())
    separate(graph)
    assert "split_with_sizes" not in calls(graph)
    assert "view" not in calls(graph)
    check(layer, as_function(graph), *tensors(), gradients=gradients)


@pytest.mark.parametrize("gradients", [False, True])
def test_the_cast_of_the_vector_is_done_to_its_parts(gradients):
    graph = graph_of(in_low_precision, *tensors())
    separate(graph)
    assert "split_with_sizes" not in calls(graph)
    check(in_low_precision, as_function(graph), *tensors(), gradients=gradients, rtol=0.05, atol=0.05)


def test_a_part_of_another_shape_is_a_view():
    def function(x, w):
        first, second = torch.cat((w.reshape((-1,)), x), 0).split_with_sizes((6, 4))
        return first.view((3, 2)).t() * 2, second + 1

    given = normal(4), normal(2, 3, seed=1)
    graph = graph_of(function, *given)
    separate(graph)
    assert "split_with_sizes" not in calls(graph)
    check(lambda x, w: [y.contiguous() for y in function(x, w)],
          lambda x, w: [y.contiguous() for y in as_function(graph)(x, w)], *given)  # fmt: skip


def other_sizes(x, w, r, b):
    one, other = torch.cat((w.reshape((-1,)), b), 0).split_with_sizes((5, 10))
    return one.sum() + other * 2


def another_axis(x, w, r, b):
    one, other = torch.cat((r, r), 1).split_with_sizes((2, 1), 0)
    return one.sum() + other * 2


def returned(x, w, r, b):
    one, other = torch.cat((b, b), 0).split_with_sizes((3, 3))
    return one, other * 2


def written_afterwards(x, w, r, b):
    y = x * 2
    one, other = torch.cat((y.reshape((-1,)), b), 0).split_with_sizes((20, 3))
    y.add_(1)
    return one.sum() + other, y


def pieces_written(x, w, r, b):
    one, other = torch.cat((b, b), 0).split_with_sizes((3, 3))
    one.add_(1)
    return one * other


@pytest.mark.parametrize("function", [other_sizes, another_axis, returned, written_afterwards, pieces_written])
def test_left_alone(function):
    graph = graph_of(function, *tensors())
    before = code(graph)
    separate(graph)
    assert code(graph) == before


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("dropout", [0, 0.5])
def test_recurrent_layers_copy_no_weights(bidirectional, dropout):
    net = nn.HybridSequential()
    net.add(rnn.LSTM(4, 2, dropout=dropout, bidirectional=bidirectional), nn.Dense(3, flatten=False))
    net.initialize(init.Normal(0.5))
    net.hybridize()
    x = nd.array(normal(5, 2, 3).numpy())
    for _ in range(3):
        with autograd.record():
            loss = (net(x) ** 2).sum()
        loss.backward()
        net(x)
    assert "split_with_sizes" not in net.generated_code()
    assert "torch.cat" not in net.generated_code()
