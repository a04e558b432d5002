"""Activations write into what was made for them alone, and only where no gradient needs what was there."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mxnet import autograd, nd
from mxnet.gluon import nn
from mxnet.graph.passes.in_place import activate_in_place
from mxnet.ops import onednn
from tests.graph.passes.rewriting import as_function, calls, check, code, graph_of, normal

ACTIVATIONS = {"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}


# What makes the memory, and the shapes of its inputs.
PRODUCERS = {
    "conv1d": (lambda x, w: torch.conv1d(x, w), (2, 3, 8), (4, 3, 3)),
    "conv2d": (lambda x, w: torch.conv2d(x, w, None, 1, 1, 1, 1), (2, 3, 8, 8), (4, 3, 3, 3)),
    "conv3d": (lambda x, w: torch.conv3d(x, w), (2, 3, 4, 4, 4), (4, 3, 2, 2, 2)),
    "linear": (lambda x, w: F.linear(x, w, None), (4, 3), (5, 3)),
    "linear of many dimensions": (lambda x, w: F.linear(x, w, None), (2, 4, 3), (5, 3)),
    "addmm": (lambda x, w: torch.addmm(x[0, :5], x, w), (4, 6), (6, 5)),
    "mm": (lambda x, w: torch.mm(x, w), (4, 6), (6, 5)),
    "add": (lambda x, w: x + w, (4, 6), (6,)),
    "add to itself": (lambda x, w: x + x, (4, 6), (1,)),
    "add a multiple": (lambda x, w: torch.add(x, w, alpha=2), (4, 6), (6,)),
    "sub": (lambda x, w: x - w, (4, 6), (4, 1)),
    "max_pool2d": (lambda x, w: torch.max_pool2d(x, 2), (2, 3, 8, 8), (1,)),
    "batch_norm": (
        lambda x, w: torch.batch_norm(x, w, w, w.detach(), w.detach(), False, 0.0, 1e-3, True), (2, 3, 4), (3,),
    ),
    "native_batch_norm": (
        lambda x, w: torch.native_batch_norm(x, w, w, None, None, True, 0.0, 1e-3)[0], (4, 3, 4), (3,),
    ),
}  # fmt: skip


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("producer", PRODUCERS)
def test_values_and_gradients(producer, activation):
    make, *shapes = PRODUCERS[producer]
    act = ACTIVATIONS[activation]

    def function(x, w):
        return act(make(x, w)) * 2

    tensors = normal(*shapes[0]), normal(*shapes[1], seed=1).abs() + 0.1
    graph = graph_of(function, *tensors)
    activate_in_place(graph)
    assert f"{activation}_" in calls(graph)
    check(function, as_function(graph), *tensors, gradients=True)


def test_gradients_of_gradients():
    def function(x, w):
        return torch.tanh(F.linear(x, w)).sum() + torch.sigmoid(x + 1).pow(2).sum()

    x, w = normal(3, 4), normal(5, 4, seed=1)
    graph = graph_of(function, x, w)
    activate_in_place(graph)
    assert {"tanh_", "sigmoid_"} <= set(calls(graph))
    found = []
    for run in (function, lambda *args: as_function(graph)(*args)[0]):
        leaves = [x.clone().requires_grad_(), w.clone().requires_grad_()]
        first = torch.autograd.grad(run(*leaves), leaves, create_graph=True)
        found.append(torch.autograd.grad(sum(g.square().sum() for g in first), leaves))
    torch.testing.assert_close(found[1], found[0])


def other_user(x, w):
    y = x + w
    return torch.relu(y) * y


def later_view(x, w):
    y = x + w
    return torch.relu(y) + y.view(-1)[0]


def output_too(x, w):
    y = x + w
    return y, torch.relu(y)


LEFT_ALONE = {
    "a placeholder": lambda x, w: torch.relu(x),
    "a view of a placeholder": lambda x, w: torch.relu(x.view(-1)),
    "an item of a placeholder": lambda x, w: torch.relu(x[0]),
    "items of a result": lambda x, w: torch.relu(torch.split(x + w, 1)[0]),
    "another user": other_user,
    "a view that is used later": later_view,
    "an output": output_too,
    "a view of new memory": lambda x, w: torch.relu((x + w).view(-1)),
    "gradient needs the result: exp": lambda x, w: torch.relu(torch.exp(x)),
    "gradient needs the result: sigmoid": lambda x, w: torch.relu(torch.sigmoid(x)),
    "gradient needs the result: tanh of relu": lambda x, w: torch.tanh(torch.relu(x)),
    "softmax": lambda x, w: torch.relu(torch.softmax(x, 1)),
    "mul": lambda x, w: torch.relu(x * w),
    "with a keyword": lambda x, w: F.relu(x + w, inplace=False),
    "not an activation": lambda x, w: torch.abs(x + w),
    "contiguous, which may be the placeholder": lambda x, w: torch.relu(x.contiguous()),
}


@pytest.mark.parametrize("function", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_left_alone(function):
    tensors = normal(4, 3), normal(4, 3, seed=1)
    graph = graph_of(function, *tensors)
    before = code(graph)
    activate_in_place(graph)
    assert code(graph) == before


def test_integers_are_left_alone():
    """sigmoid of integers is no integer."""
    x = torch.arange(6)
    for function in (lambda x: torch.relu(x + 1), lambda x: torch.sigmoid(x + 1), lambda x: torch.tanh(x - 1)):
        graph = graph_of(function, x)
        before = code(graph)
        activate_in_place(graph)
        assert code(graph) == before


def test_the_mean_of_a_norm_is_left_alone():
    """Only the first result of native_batch_norm is not needed for its gradient."""

    def function(x, w):
        return torch.relu(torch.native_batch_norm(x, w, w, None, None, True, 0.0, 1e-3)[1])

    graph = graph_of(function, normal(4, 3, 4), normal(3, seed=1))
    activate_in_place(graph)
    assert calls(graph)[-1] == "relu"


def test_a_network_keeps_its_inputs():
    net = nn.HybridSequential()
    net.add(nn.Activation("relu"), nn.Dense(4, activation="relu", in_units=4), nn.Activation("sigmoid"))
    net.initialize()
    net.hybridize()
    x = nd.random.normal(shape=(3, 4))
    before = x.asnumpy()
    for recorded in (True, False):
        for _ in range(4):
            with autograd.record() if recorded else autograd.pause():
                out = net(x)
            assert (x.asnumpy() == before).all()
            hidden = before.clip(0) @ net[1].weight.data().asnumpy().T
            expected = torch.sigmoid(torch.relu(torch.from_numpy(hidden)))
            torch.testing.assert_close(torch.from_numpy(out.asnumpy()), expected)
    assert net.generated_code().count("torch.relu_(") == 2  # in training and in prediction


def test_large_products_are_activated_in_place():
    def function(x, w, b):
        y = onednn.linear(x, w, b)
        z = onednn.linear(x, w, None)
        return torch.relu(y), torch.tanh(z), torch.relu(onednn.linear(x, w, b) + 0)

    tensors = normal(3, 5), normal(4, 5, seed=1), normal(4, seed=2)
    graph = graph_of(function, *tensors)
    activate_in_place(graph)
    assert calls(graph) == ["linear", "linear", "relu_", "tanh_", "linear", "add", "relu_"]
    check(function, as_function(graph), *tensors, gradients=True)
