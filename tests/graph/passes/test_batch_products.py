"""Products of all parts of an array with one weight are one product; what differs, or is written to, is left alone."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mxnet.graph.passes.batch_products import batch_products
from mxnet.ops import onednn
from tests.graph.passes.rewriting import as_function, calls, check, code, graph_of, normal


def unrolled(x, w, v, b):
    """A recurrent network of three steps."""
    outputs, steps = [], torch.unbind(x, 0)
    h = steps[0][:, :4]
    for t in range(3):
        h = torch.tanh(F.linear(steps[t], w, b) + F.linear(h, v))
        outputs.append(h)
    return torch.stack(outputs)


def tensors(axis: int = 0) -> tuple[torch.Tensor, ...]:
    shape = [2, 5]
    shape.insert(axis, 3)
    return normal(*shape), normal(4, 5, seed=1), normal(4, 4, seed=2), normal(4, seed=3)


def test_a_network_step_by_step():
    graph = graph_of(unrolled, *tensors())
    batch_products(graph)
    assert calls(graph).count("linear") == 1 + 3  # of the inputs; of the states
    check(unrolled, as_function(graph), *tensors(), gradients=True)


def by_batch(x, w, v, b):
    parts = torch.unbind(x, 1)
    return tuple(F.linear(parts[i], w) * 2 for i in range(3))


def in_another_order(x, w, v, b):
    parts = torch.unbind(x, 0)
    return F.linear(parts[2], w, b).exp(), F.linear(parts[0], w, b) * F.linear(parts[1], w, b).sum()


def two_weights(x, w, v, b):
    parts, u = torch.unbind(x, 0), w * 2
    return tuple(F.linear(parts[i], w, b) + F.linear(parts[i], u) for i in range(3))


@pytest.mark.parametrize(
    ("function", "axis", "products"), [(by_batch, 1, 1), (in_another_order, 0, 1), (two_weights, 0, 2)]
)
def test_what_is_joined(function, axis, products):
    graph = graph_of(function, *tensors(axis))
    batch_products(graph)
    assert calls(graph).count("linear") == products
    check(function, as_function(graph), *tensors(axis), gradients=True)


def some_parts(x, w, v, b):
    parts = torch.unbind(x, 0)
    return F.linear(parts[0], w, b) + F.linear(parts[2], w, b)


def outputs(x, w, v, b):
    parts = torch.unbind(x, 0)
    return tuple(F.linear(parts[i], w, b) for i in range(3))


def written_products(x, w, v, b):
    parts = torch.unbind(x, 0)
    return tuple(F.linear(parts[i], w, b).mul_(2) for i in range(3))


def by_keyword(x, w, v, b):
    parts = torch.unbind(x, dim=0)
    return tuple(F.linear(parts[i], w, b).tanh() for i in range(3))


def last_axis(x, w, v, b):
    parts = torch.unbind(x.expand(3, 2, 5), 2)
    return tuple(F.linear(parts[i], v[:, :2]) for i in range(5))


def vectors(x, w, v, b):
    parts = torch.unbind(w, 0)
    return tuple(F.linear(parts[i], w, b) for i in range(4))


def written_weight(x, w, v, b):
    parts, u = torch.unbind(x, 0), w.clone()
    first = F.linear(parts[0], u, b)
    u.mul_(2)
    return first, F.linear(parts[1], u, b), F.linear(parts[2], u, b)


def written_part(x, w, v, b):
    y = x.clone()
    parts = torch.unbind(y, 0)
    first = F.linear(parts[0], w, b)
    parts[1].mul_(2)
    return first, F.linear(parts[1], w, b), F.linear(parts[2], w, b)


@pytest.mark.parametrize(
    "function", [some_parts, outputs, written_products, by_keyword, last_axis, vectors, written_weight, written_part]
)
def test_left_alone(function):
    graph = graph_of(function, *tensors())
    before = code(graph)
    batch_products(graph)
    assert code(graph) == before


@pytest.mark.skipif(not onednn._has_linear(), reason="this torch has no products of oneDNN")
def test_large_products_go_to_onednn():
    x, w, v, b = normal(4, 64, 512), normal(512, 512, seed=1), normal(1), normal(512, seed=2)

    def function(x, w, v, b):
        parts = torch.unbind(x, 0)
        return tuple(F.linear(parts[i], w, b).tanh() for i in range(4))

    graph = graph_of(function, x, w, v, b)
    batch_products(graph)
    assert any(node.target is onednn.linear for node in graph.nodes)
    check(function, as_function(graph), x, w, v, b, others=0, rtol=1e-4, atol=1e-3)
