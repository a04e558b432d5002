"""What nobody needs is left out; what writes, draws random numbers or switches a mode stays."""

from __future__ import annotations

import torch
import torch.fx as fx

from mxnet import autograd, nd
from mxnet.gluon import nn
from mxnet.graph.passes.dead_code import remove_dead_code
from tests.graph.passes.rewriting import as_function, calls, check, graph_of, normal


def test_chains_and_items_of_results():
    def function(x, w):
        unused = torch.exp(x * 3)
        torch.sigmoid(unused)
        kept, _, _ = (both := torch.split(x, 1))[0], both[1], torch.topk(x, 1)[0]
        return kept + w

    tensors = normal(2, 3), normal(1, 3, seed=1)
    graph = graph_of(function, *tensors)
    remove_dead_code(graph)
    assert calls(graph) == ["split", "getitem", "add"]
    assert len([node for node in graph.nodes if node.op == "placeholder"]) == 2
    check(function, as_function(graph), *tensors)


def test_nothing_is_dead():
    def function(x):
        return torch.relu(x), x.sum()

    graph = graph_of(function, normal(2, 3))
    remove_dead_code(graph)
    assert calls(graph) == ["relu", "sum"]


def test_what_a_call_needs_stays_with_it():
    """A write keeps what is written; both vanish only if neither is there for its effect."""

    def function(x, state):
        new = state * 0.5 + x.mean()
        state.copy_(new)
        return x + 1

    x, state = normal(4), torch.ones(())
    graph = graph_of(function, x, state)
    remove_dead_code(graph)
    assert calls(graph) == ["mul", "mean", "add", "copy_", "add"]
    as_function(graph)(x, state)
    torch.testing.assert_close(state, 0.5 + x.mean())


def test_random_numbers_are_drawn_though_nobody_looks():
    """The next draw depends on it."""
    graph = fx.Graph()
    x, rng = graph.placeholder("x"), graph.placeholder("_rng")
    empty = graph.call_function(torch.empty, ((3,),))
    drawn = graph.call_method("uniform_", (empty,), {"generator": rng})
    graph.call_function(torch.relu, (drawn,))
    graph.output((graph.call_function(torch.add, (x, 1)),))
    remove_dead_code(graph)
    assert calls(graph) == ["empty", "uniform_", "add"]


def test_modes_stay():
    graph = fx.Graph()
    x = graph.placeholder("x")
    graph.call_function(torch._C._set_grad_enabled, (False,))
    graph.call_function(torch.relu, (x,))
    graph.output((x,))
    remove_dead_code(graph)
    assert calls(graph) == ["_set_grad_enabled"]


def test_writes_with_out_and_by_items_stay():
    graph = fx.Graph()
    x, y = graph.placeholder("x"), graph.placeholder("y")
    graph.call_function(torch.add, (x, x), {"out": y})
    graph.call_function(torch.add, (x, x), {"out": None})
    graph.call_method("__setitem__", (y, 0, x))
    graph.output((x,))
    remove_dead_code(graph)
    assert calls(graph) == ["add", "__setitem__"]


def test_long_chains():
    graph = fx.Graph()
    x = node = graph.placeholder("x")
    for _ in range(5000):
        node = graph.call_function(torch.relu, (node,))
    graph.output((x,))
    remove_dead_code(graph)
    assert calls(graph) == []


def test_statistics_that_are_not_asked_for():
    """BatchNorm gives three results; in prediction nobody computes the other two."""
    net = nn.BatchNorm(in_channels=3)
    net.initialize()
    net.hybridize()
    x = nd.random.normal(shape=(4, 3, 2, 2))
    for _ in range(3):
        net(x)
    assert "rsqrt" not in net.generated_code().split("batch_norm")[0]
    before = net.running_mean.data().asnumpy()
    for _ in range(3):
        with autograd.record():
            net(x)
    assert (net.running_mean.data().asnumpy() != before).all()  # the write is there for its effect
