"""Unrolled LSTM cells are one call of torch's LSTM; what is another recurrence, or is looked into, is left alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.graph.passes.recurrence import fuse_recurrence
from tests.graph.passes.rewriting import as_function, calls, check, code, graph_of, normal

STEPS, BATCH, WIDTH, SIZE = 4, 2, 3, 5


def tensors() -> tuple[torch.Tensor, ...]:
    """Inputs, first output and cell, and the weights."""
    shapes = [(STEPS, BATCH, WIDTH), (BATCH, SIZE), (BATCH, SIZE), (4 * SIZE, WIDTH), (4 * SIZE, SIZE), (4 * SIZE,)]
    return tuple(normal(*shape, seed=i) for i, shape in enumerate([*shapes, shapes[-1]]))


def cell(x, h, c, w, r, b, d):
    i, f, g, o = split(F.linear(x, w, b) + F.linear(h, r, d))
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def split(gates):
    parts = torch.chunk(gates, 4, 1)
    return parts[0], parts[1], parts[2], parts[3]


def over(steps: Callable) -> Callable:
    def function(x, h, c, w, r, b, d):
        outputs = []
        for step in steps(x):
            h, c = cell(step, h, c, w, r, b, d)
            outputs.append(h)
        return torch.stack(outputs), c

    return function


def unbound(x):
    parts = torch.unbind(x, 0)
    return [parts[t] for t in range(STEPS)]


FUSED = {
    "all parts": over(unbound),
    "some parts": over(lambda x: unbound(x)[:3]),
    "backwards": over(lambda x: unbound(x)[::-1]),
    "computed inputs": over(lambda x: [torch.tanh(step) for step in unbound(x)]),
}


def two_layers(x, h, c, w, r, b, d):
    outputs = over(unbound)(x, h, c, w, r, b, d)[0]
    parts = torch.unbind(outputs, 0)
    second = []
    for t in range(STEPS):
        h, c = cell(parts[t], h, c, r, r, d, b)
        second.append(h * 2)
    return torch.stack(second), h


FUSED["two layers"] = two_layers


@pytest.mark.parametrize("function", FUSED.values(), ids=FUSED)
def test_one_call(function):
    graph = graph_of(function, *tensors())
    fuse_recurrence(graph)
    assert "sigmoid" not in calls(graph)
    assert calls(graph).count("lstm") == (2 if function is two_layers else 1)
    check(function, as_function(graph), *tensors(), gradients=True)


def other_weights(x, h, c, w, r, b, d):
    for step in unbound(x):
        h, c = cell(step, h, c, w, r, b, d)
        r = r * 0.5
    return h * 1


def peephole(x, h, c, w, r, b, d):
    for step in unbound(x):
        i, f, g, o = split(F.linear(step, w, b) + F.linear(h, r, d))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o + 1) * torch.tanh(c)
    return h * 1


def other_order(x, h, c, w, r, b, d):
    for step in unbound(x):
        o, f, i, g = split(F.linear(step, w, b) + F.linear(h, r, d))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
    return h * 1


def cells_are_seen(x, h, c, w, r, b, d):
    total = c * 0
    for step in unbound(x):
        h, c = cell(step, h, c, w, r, b, d)
        total = total + c
    return total, h * 1


def kept_parts_are_seen(x, h, c, w, r, b, d):
    total = c * 0
    for step in unbound(x):
        i, f, g, o = split(F.linear(step, w, b) + F.linear(h, r, d))
        kept = torch.sigmoid(f) * c
        c = kept + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        total = total + kept
    return total, h * 1


def fed_back(x, h, c, w, r, b, d):
    """Each input depends on the output before."""
    for step in unbound(x):
        h, c = cell(step * h.sum(), h, c, w, r, b, d)
    return h * 1


def written(x, h, c, w, r, b, d):
    u = w.clone()
    for step in unbound(x):
        h, c = cell(step, h, c, u, r, b, d)
        u.mul_(0.5)
    return h * 1


def one_step(x, h, c, w, r, b, d):
    h, c = cell(unbound(x)[0], h, c, w, r, b, d)
    return h * c


LEFT_ALONE = [
    other_weights, peephole, other_order, cells_are_seen, kept_parts_are_seen, fed_back, written, one_step,
]  # fmt: skip


@pytest.mark.parametrize("function", LEFT_ALONE)
def test_left_alone(function):
    graph = graph_of(function, *tensors())
    before = code(graph)
    fuse_recurrence(graph)
    assert code(graph) == before


@pytest.mark.parametrize("number", range(3))
def test_steps_that_broadcast_are_left_alone(number):
    """An input, output or cell that all samples share: torch's kernel would read beyond its end."""
    given = list(tensors())
    given[number] = given[number][..., :1, :].clone()
    graph = graph_of(FUSED["all parts"], *given)
    fuse_recurrence(graph)
    assert calls(graph).count("lstm") == (number > 0)  # after the first step, output and cell have all samples
    check(FUSED["all parts"], as_function(graph), *given, gradients=True)


def test_steps_stay_where_they_are_not_on_a_cpu():
    function = FUSED["all parts"]
    graph = graph_of(function, *(tensor.to("meta") for tensor in tensors()))
    before = code(graph)
    fuse_recurrence(graph)
    assert code(graph) == before


def test_gradients_of_second_order():
    """Through torch's LSTM as through the steps."""

    class Unrolled(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.cell = gluon.rnn.LSTMCell(3, input_size=2)

        def hybrid_forward(self, F, x):
            return self.cell.unroll(3, x, layout="TNC", merge_outputs=True)[0]

    net, x = Unrolled(), nd.array(normal(3, 2, 2).numpy())
    net.initialize(mx.init.Xavier())
    x.attach_grad()
    found = []
    for turn in range(4):
        if turn == 1:
            net.hybridize()
        with autograd.record():
            (first,) = autograd.grad([net(x)], [x], create_graph=True, retain_graph=True)
            total = (first * first).sum()
        total.backward()
        found.append(x.grad.asnumpy())
    assert "torch.lstm" in net.generated_code()
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-4, atol=1e-6)
