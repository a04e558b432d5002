"""Dense layers in prediction: transposed weights are views that are made once, and never out of date."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mxnet import nd
from mxnet.gluon import nn
from mxnet.graph.passes.affine import transpose_once
from mxnet.graph.passes.fold import fold
from tests.graph.passes.rewriting import as_function, calls, check, code, graph_of, normal, whole


def with_bias(x, w, b):
    return F.linear(x, w, b)


def without_bias(x, w):
    return F.linear(x, w, None)


@pytest.mark.parametrize("function", [with_bias, without_bias])
@pytest.mark.parametrize(("rows", "before", "after"), [(5, 4, 3), (1, 1, 1), (0, 4, 3), (3, 0, 2)])
def test_linear_becomes_a_product(function, rows, before, after):
    tensors = [normal(rows, before), normal(after, before, seed=1), normal(after, seed=2)]
    tensors = tensors[: function.__code__.co_argcount]
    graph = graph_of(function, *tensors)
    transpose_once(graph)
    assert calls(graph) == (["t", "addmm"] if function is with_bias else ["t", "mm"])
    check(function, as_function(graph), *tensors)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_other_dtypes(dtype):
    tensors = [normal(3, 4, dtype=dtype), normal(5, 4, seed=1, dtype=dtype), normal(5, seed=2, dtype=dtype)]
    graph = graph_of(with_bias, *tensors)
    transpose_once(graph)
    assert calls(graph) == ["t", "addmm"]
    tolerance = 1e-12 if dtype is torch.float64 else 0.05
    check(with_bias, as_function(graph), *tensors, rtol=tolerance, atol=tolerance)


def test_two_layers_of_one_weight():
    def function(x, w, b):
        return F.linear(torch.relu(F.linear(x, w, b)), w, b), F.linear(x, w, b)

    tensors = normal(3, 4), normal(4, 4, seed=1), normal(4, seed=2)
    graph = graph_of(function, *tensors)
    transpose_once(graph)
    assert "linear" not in calls(graph)
    check(function, as_function(graph), *tensors)


def test_the_transposed_weight_is_folded_and_shows_the_weight():
    tensors = normal(3, 4), normal(5, 4, seed=1), normal(5, seed=2)
    graph = graph_of(with_bias, *tensors)
    transpose_once(graph)
    folded = fold(graph, 1, only_views=True)
    assert calls(folded.before) == ["t"]
    assert calls(folded.main) == ["addmm"]
    assert folded.sources == []  # nothing has to be guarded
    check(with_bias, whole(folded, 1), *tensors)
    x, weight, bias = tensors
    bound = as_function(folded.before)(weight, bias)
    weight.mul_(-2)
    bias.add_(1)
    torch.testing.assert_close(as_function(folded.main)(x, *bound)[0], F.linear(x, weight, bias))


def test_left_alone():
    """More dimensions than two, weights that are computed, and other functions."""
    w, b = normal(5, 4, seed=1), normal(5, seed=2)
    cases = [
        (with_bias, normal(2, 3, 4), w, b),
        (with_bias, normal(4), w, b),
        (lambda x, w, b: F.linear(x, w * 2, b), normal(2, 4), w, b),
        (lambda x, w, b: F.linear(x, w) + b, normal(2, 4), w, b),  # no operator calls it with two arguments
        (lambda x, w, b: F.linear(x, w, bias=b), normal(2, 4), w, b),
        (lambda x, w, b: F.bilinear(x, x, w, b), normal(2, 4), normal(5, 4, 4), b),
    ]
    for function, *tensors in cases:
        graph = graph_of(function, *tensors)
        before = code(graph)
        transpose_once(graph)
        assert code(graph) == before


@pytest.mark.parametrize("flatten", [True, False])
def test_a_dense_layer(flatten):
    layer = nn.Dense(3, in_units=8 if flatten else 4, flatten=flatten)
    layer.initialize()
    layer.hybridize()
    for _ in range(4):
        x = nd.random.normal(shape=(2, 2, 4))
        weight, bias = layer.weight.data().asnumpy(), layer.bias.data().asnumpy()
        expected = x.asnumpy().reshape(2, -1) @ weight.T + bias if flatten else x.asnumpy() @ weight.T + bias
        torch.testing.assert_close(torch.from_numpy(layer(x).asnumpy()), torch.from_numpy(expected))
        layer.weight.set_data(nd.random.normal(shape=weight.shape))
    assert ("addmm" in layer.generated_code()) is flatten
    assert ("linear" in layer.generated_code()) is not flatten
