"""Chains of small dense layers with their biases in the weights."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

from mxnet import nd
from mxnet.gluon import nn
from mxnet.graph.passes.affine import transpose_once
from mxnet.graph.passes.fold import fold
from mxnet.graph.passes.homogeneous import join_biases, joined
from mxnet.graph.passes.in_place import activate_in_place
from tests.gluon.pairs import Pair
from tests.graph.passes.rewriting import as_function, calls, check, code, graph_of, normal, whole


def four(x, a, b, c, d, s, t, u, v):
    x = torch.relu(F.linear(x, a, s))
    x = torch.relu(F.linear(x, b, t))
    x = F.linear(x, c, u)
    return F.linear(x, d, v)


def weights(*sizes: int, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    """Weights between layers of these sizes, then biases."""
    pairs = list(pairwise(sizes))
    return [
        *(normal(after, before, seed=i, dtype=dtype) / before**0.5 for i, (before, after) in enumerate(pairs)),
        *(normal(after, seed=20 + i, dtype=dtype) for i, (_, after) in enumerate(pairs)),
    ]


def rewritten(function, *tensors):
    graph = graph_of(function, *tensors)
    transpose_once(graph)
    before = code(graph)
    join_biases(graph)
    return graph, code(graph) != before


def test_joined():
    """``[x 1] @ joined(w, b) = [x @ w + b, 1]``."""
    x, w, b = normal(3, 4), normal(4, 5, seed=1), normal(5, seed=2)
    ones = torch.ones(3, 1)
    left = torch.cat([x, ones], 1)
    torch.testing.assert_close(left @ joined(w, b, True), torch.cat([x @ w + b, ones], 1))
    torch.testing.assert_close(left @ joined(w, b, False), x @ w + b)
    torch.testing.assert_close(left @ joined(w, None, True), torch.cat([x @ w, ones], 1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sizes", [(8, 8, 8, 8, 8), (3, 5, 2, 7, 1), (64, 64, 1, 64, 64)])
@pytest.mark.parametrize("rows", [1, 2, 32])
def test_a_chain(sizes, rows, dtype):
    tensors = normal(rows, sizes[0], seed=9, dtype=dtype), *weights(*sizes, dtype=dtype)
    graph, changed = rewritten(four, *tensors)
    assert changed
    assert "addmm" not in calls(graph)
    check(four, as_function(graph), *tensors, rtol=1e-4, atol=1e-4)
    activate_in_place(graph)
    folded = fold(graph, 1, only_views=False)
    assert calls(folded.main) == ["pad", "mm", "relu_", "mm", "relu_", "mm", "mm"]
    assert folded.sources == list(range(8))
    check(four, whole(folded, 1), *tensors, rtol=1e-4, atol=1e-4)


def test_some_have_no_bias():
    def function(x, a, b, c, d, s, t, u, v):
        x = F.linear(torch.relu(F.linear(x, a, None)), b, t)
        return torch.relu(F.linear(torch.relu(F.linear(x, c, None)), d, v))

    tensors = normal(3, 6), *weights(6, 5, 4, 5, 3)
    graph, changed = rewritten(function, *tensors)
    assert changed
    check(function, as_function(graph), *tensors)


def test_one_weight_in_all_layers():
    def function(x, w, b):
        for _ in range(5):
            x = torch.relu(F.linear(x, w, b))
        return x

    tensors = normal(3, 6), *weights(6, 6)
    graph, changed = rewritten(function, *tensors)
    assert changed
    check(function, as_function(graph), *tensors)


def test_no_numbers_stay_no_numbers():
    tensors = normal(3, 6), *weights(6, 5, 4, 5, 3)
    tensors[0][1, 2] = torch.nan
    graph, _ = rewritten(four, *tensors)
    check(four, as_function(graph), *tensors, others=0)


def test_two_chains_and_what_is_between():
    """A value that others use ends a chain, and another one starts there."""

    def function(x, a, b, c, d, s, t, u, v):
        y = four(x, a, b, c, d, s, t, u, v)
        return y + four(torch.tanh(y), a, b, c, d, s, t, u, v), four(y, a, b, c, d, s, t, u, v)

    tensors = normal(3, 6), *weights(6, 5, 4, 5, 6)
    graph, changed = rewritten(function, *tensors)
    assert changed
    assert calls(graph).count("pad") == 3
    check(function, as_function(graph), *tensors, rtol=1e-4)


def branches(x, a, b, c, d, s, t, u, v):
    x = torch.relu(F.linear(x, a, s))
    y = torch.relu(F.linear(x, b, t))
    return F.linear(F.linear(y, c, u), d, v) + y.sum() + x.mean()


def another_activation(x, a, b, c, d, s, t, u, v):
    x = torch.sigmoid(F.linear(x, a, s))
    x = torch.sigmoid(F.linear(x, b, t))
    return F.linear(F.linear(x, c, u), d, v)


def computed_weights(x, a, b, c, d, s, t, u, v):
    return F.linear(F.linear(F.linear(F.linear(x, a * 2, s), b * 2, t), c * 2, u), d, v)


def computed_biases(x, a, b, c, d, s, t, u, v):
    return F.linear(F.linear(F.linear(F.linear(x, a, s * x.sum()), b, t), c, u * 2), d, v)


def outputs_too(x, a, b, c, d, s, t, u, v):
    y = F.linear(F.linear(x, a, s), b, t)
    return F.linear(F.linear(y, c, u), d, v), y


def weight_of_another_layer(x, a, b, c, d, s, t, u, v):
    y = F.linear(F.linear(x, a, s), b, t)
    return torch.mm(F.linear(y, c, u), F.linear(y, c, u).t())


@pytest.mark.parametrize(
    "function",
    [branches, another_activation, computed_weights, computed_biases, outputs_too, weight_of_another_layer],
)
def test_left_alone(function):
    _, changed = rewritten(function, normal(3, 6), *weights(6, 5, 4, 5, 3))
    assert not changed


@pytest.mark.parametrize(
    ("rows", "sizes", "dtype"),
    [
        (3, (8, 8, 8, 8, 65), torch.float32),
        (3, (65, 8, 8, 8, 8), torch.float32),
        (33, (8, 8, 8, 8, 8), torch.float32),
        (3, (8, 8, 8, 8, 8), torch.float16),
        (3, (8, 8, 8, 8, 8), torch.bfloat16),
    ],
)
def test_large_layers_and_other_dtypes_are_left_alone(rows, sizes, dtype):
    _, changed = rewritten(four, normal(rows, sizes[0], dtype=dtype), *weights(*sizes, dtype=dtype))
    assert not changed


def test_short_chains_are_left_alone():
    def three(x, a, b, c, s, t, u):
        return F.linear(torch.relu(F.linear(torch.relu(F.linear(x, a, s)), b, t)), c, u)

    _, changed = rewritten(three, normal(3, 6), *weights(6, 5, 4, 5))
    assert not changed


def test_a_network():
    def make(**kwargs):
        net = nn.HybridSequential(**kwargs)
        with net.name_scope():
            for i in range(6):
                net.add(nn.Dense(8, in_units=8, activation="relu", use_bias=i != 2))
        return net

    pair = Pair(make)
    for i in range(14):
        pair.check(nd.random.normal(shape=(2, 8)))
        if i == 5:
            for parameter in pair.parameters:
                parameter.set_data(parameter.data() * 0.9 + 0.01)
    assert pair.net.generated_code().count("torch.mm(") == 6
