"""BatchNorm in prediction disappears into the layer before it."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mxnet import autograd, nd
from mxnet.gluon import nn
from mxnet.graph.passes.batch_norm import fold_batch_norms
from mxnet.graph.passes.fold import fold
from tests.gluon.pairs import Pair
from tests.graph.passes.rewriting import as_function, calls, check, code, graph_of, node_of, normal, whole


def norm(y, gamma, beta, mean, var, train=False, eps=1e-3):
    return torch.batch_norm(y, gamma, beta, mean, var, train, 0.1, eps, True)


def statistics(channels: int, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    """gamma, beta, mean, var."""
    made = [normal(channels, seed=20 + i, dtype=dtype) for i in range(4)]
    return [*made[:3], made[3].abs() + 0.1]


LAYERS = {
    "conv1d": (lambda x, w, b: torch.conv1d(x, w, b, 1, 1, 1, 1), (2, 4, 8), (6, 4, 3)),
    "conv2d": (lambda x, w, b: torch.conv2d(x, w, b, 2, 1, 1, 1), (2, 4, 8, 8), (6, 4, 3, 3)),
    "conv2d of groups, dilated": (lambda x, w, b: torch.conv2d(x, w, b, 1, 2, 2, 2), (2, 4, 8, 8), (6, 2, 3, 3)),
    "conv3d": (lambda x, w, b: torch.conv3d(x, w, b, 1, 0, 1, 1), (2, 4, 5, 5, 5), (6, 4, 3, 3, 3)),
    "linear": (lambda x, w, b: F.linear(x, w, b), (3, 4), (6, 4)),
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_with_everything(layer, dtype):
    apply, *shapes = LAYERS[layer]

    def function(x, w, b, gamma, beta, mean, var):
        return norm(apply(x, w, b), gamma, beta, mean, var)

    x, w = normal(*shapes[0], dtype=dtype), normal(*shapes[1], seed=1, dtype=dtype)
    tensors = [x, w, normal(6, seed=2, dtype=dtype), *statistics(6, dtype)]
    graph = graph_of(function, *tensors)
    fold_batch_norms(graph)
    assert "batch_norm" not in calls(graph)
    check(function, as_function(graph), *tensors, rtol=1e-4)
    folded = fold(graph, 1, only_views=False)
    assert calls(folded.main) == [layer.split()[0]]
    assert folded.sources == list(range(6))
    check(function, whole(folded, 1), *tensors, rtol=1e-4)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("gamma", [True, False])
@pytest.mark.parametrize("beta", [True, False])
def test_without_some(bias, gamma, beta):
    def function(x, w, b, g, s, mean, var):
        y = torch.conv2d(x, w, b if bias else None, 1, 0, 1, 1)
        return norm(y, g if gamma else None, s if beta else None, mean, var, False, 1e-5)

    tensors = [normal(2, 3, 5, 5), normal(4, 3, 3, 3, seed=1), normal(4, seed=2), *statistics(4)]
    graph = graph_of(function, *tensors)
    fold_batch_norms(graph)
    assert "batch_norm" not in calls(graph)
    check(function, as_function(graph), *tensors, rtol=1e-4)


def test_what_is_known_of_the_new_tensors():
    def function(x, w, b, gamma, beta, mean, var):
        return norm(torch.conv2d(x, w, b, 1, 0, 1, 1), gamma, beta, mean, var)

    tensors = [normal(2, 3, 5, 5), normal(4, 3, 3, 3, seed=1), normal(4, seed=2), *statistics(4)]
    graph = graph_of(function, *tensors)
    fold_batch_norms(graph)
    _, weight, bias, *_ = node_of(graph, "conv2d").args
    assert weight.meta["info"].shape == (4, 3, 3, 3)
    assert bias.meta["info"].shape == (4,)


def test_two_in_a_row_and_shared_statistics():
    """The second one of a pair has no layer before it."""

    def function(x, w, gamma, beta, mean, var):
        y = norm(norm(F.linear(x, w, None), gamma, beta, mean, var), gamma, beta, mean, var)
        return norm(F.linear(y, w, None), gamma, beta, mean, var)

    tensors = [normal(3, 4), normal(4, 4, seed=1), *statistics(4)]
    graph = graph_of(function, *tensors)
    fold_batch_norms(graph)
    assert calls(graph).count("batch_norm") == 1
    check(function, as_function(graph), *tensors, rtol=1e-4, atol=1e-4)


def test_numbers_that_are_none():
    """A variance of 0, and inputs that are infinite or no numbers."""

    def function(x, w, gamma, beta, mean, var):
        return norm(F.linear(x, w, None), gamma, beta, mean, var)

    gamma, beta, mean, _ = statistics(4)
    x = normal(3, 4)
    x[0, 0], x[1, 1] = torch.nan, torch.inf
    graph = graph_of(function, x, torch.eye(4) + 1, gamma, beta, mean, torch.zeros(4))
    fold_batch_norms(graph)
    assert "batch_norm" not in calls(graph)
    tensors = x, torch.eye(4) + 1, gamma, beta, mean, torch.zeros(4)
    check(function, as_function(graph), *tensors, others=0, rtol=1e-4, atol=1e-3)


def used_twice(x, w, g, s, m, v):
    y = F.linear(x, w, None)
    return norm(y, g, s, m, v) + y


def output_too(x, w, g, s, m, v):
    y = F.linear(x, w, None)
    return norm(y, g, s, m, v), y


LEFT_ALONE = {
    "training": lambda x, w, g, s, m, v: torch.batch_norm(F.linear(x, w, None), g, s, None, None, True, 0.1, 0.1, True),
    "statistics of the batch": lambda x, w, g, s, m, v: torch.native_batch_norm(
        F.linear(x, w, None), g, s, None, None, True, 0.1, 0.1
    )[0],
    "used twice": used_twice,
    "an output": output_too,
    "another layer": lambda x, w, g, s, m, v: norm(torch.mm(x, w), g, s, m, v),
    "something between": lambda x, w, g, s, m, v: norm(torch.relu(F.linear(x, w, None)), g, s, m, v),
    "two arguments": lambda x, w, g, s, m, v: norm(F.linear(x, w), g, s, m, v),  # no operator calls it so
    "keywords": lambda x, w, g, s, m, v: norm(F.linear(x, w, bias=None), g, s, m, v),
    "no layer": lambda x, w, g, s, m, v: norm(x, g, s, m, v),
    "a weight that is computed": lambda x, w, g, s, m, v: norm(F.linear(x, w * 2, None), g, s, m, v),
    "a gamma that is computed later": lambda x, w, g, s, m, v: norm(F.linear(x, w, None), g.exp(), s, m, v),
    "a gamma of the input": lambda x, w, g, s, m, v: norm(F.linear(x, w, None), x.mean(0), s, m, v),
    "torch's other form": lambda x, w, g, s, m, v: F.batch_norm(F.linear(x, w, None), m, v, g, s, False, 0.1, 0.1),
    "transposed": lambda x, w, g, s, m, v: norm(F.conv_transpose1d(x[..., None], w[..., None]), g, s, m, v),
}  # fmt: skip


@pytest.mark.parametrize("function", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_left_alone(function):
    graph = graph_of(function, normal(3, 4), normal(4, 4, seed=1), *statistics(4))
    before = code(graph)
    fold_batch_norms(graph)
    assert code(graph) == before


def test_norms_over_another_axis_are_left_alone():
    """Of (N, T, C), torch normalizes T, though there may be as many of both."""

    def function(x, w, g, s, m, v):
        return norm(F.linear(x, w, None), g, s, m, v)

    tensors = normal(2, 4, 4), normal(4, 4, seed=1), *statistics(4)
    graph = graph_of(function, *tensors)
    before = code(graph)
    fold_batch_norms(graph)
    assert code(graph) == before


def test_mixed_dtypes_are_left_alone():
    """float16 layers have norms in float32."""

    def function(x, w, g, s, m, v):
        return norm(torch.conv2d(x, w, None, 1, 0, 1, 1), g, s, m, v)

    half = torch.float16
    graph = graph_of(function, normal(2, 3, 5, 5, dtype=half), normal(4, 3, 3, 3, seed=1, dtype=half), *statistics(4))
    before = code(graph)
    fold_batch_norms(graph)
    assert code(graph) == before


@pytest.mark.parametrize(
    ("layer", "norm_of", "shape", "folds"),
    [
        (lambda: nn.Conv2D(6, 3, in_channels=3), {}, (2, 3, 6, 6), True),
        (lambda: nn.Conv2D(6, 3, in_channels=3), {"scale": False, "center": False}, (2, 3, 6, 6), True),
        (lambda: nn.Conv1D(6, 3, in_channels=3, use_bias=False), {}, (2, 3, 6), True),
        (lambda: nn.Conv3D(6, 3, in_channels=3), {}, (2, 3, 4, 4, 4), True),
        (lambda: nn.Dense(6, in_units=4), {}, (2, 4), True),
        (lambda: nn.Dense(6, in_units=4, flatten=False), {}, (2, 6, 4), False),
        (lambda: nn.Dense(6, in_units=4, flatten=False), {"axis": -1}, (2, 6, 4), False),
        (lambda: nn.Conv2D(6, 3, in_channels=3), {"axis": 2, "in_channels": 4}, (2, 3, 6, 6), False),
    ],
)
def test_layers_of_gluon(layer, norm_of, shape, folds):
    def make(**kwargs):
        net = nn.HybridSequential(**kwargs)
        with net.name_scope():
            net.add(layer(), nn.BatchNorm(**{"in_channels": 6, **norm_of}))
        return net

    pair = Pair(make)
    for name, parameter in pair.net.collect_params(".*(gamma|beta|running).*").items():
        parameter.set_data(nd.random.uniform(0.5, 2, shape=parameter.shape) * (1 if "var" in name else -1))
    for _ in range(6):
        pair.check(nd.random.normal(shape=shape))
    assert ("batch_norm" not in pair.net.generated_code()) is folds


def test_training_in_between():
    """Statistics move in every training call; what was folded of them is made anew."""
    net = nn.HybridSequential()
    net.add(nn.Conv2D(6, 3, in_channels=3), nn.BatchNorm(in_channels=6))
    net.initialize()
    net.hybridize()
    conv, bn = net
    for calls_between in (1, 4, 9, 1):
        for _ in range(calls_between):
            x = nd.random.normal(shape=(2, 3, 6, 6))
            y = nd.Convolution(x, conv.weight.data(), conv.bias.data(), kernel=(3, 3), num_filter=6).asnumpy()
            mean, var = bn.running_mean.data().asnumpy(), bn.running_var.data().asnumpy()
            wanted = (y - mean[:, None, None]) / (var[:, None, None] + 1e-5) ** 0.5
            torch.testing.assert_close(
                torch.from_numpy(net(x).asnumpy()), torch.from_numpy(wanted), rtol=1e-4, atol=1e-4
            )
        with autograd.record():
            net(nd.random.normal(1, 2, shape=(2, 3, 6, 6)))
