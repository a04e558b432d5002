"""Products of large matrices by oneDNN: values, gradients of both orders, and who gets them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import mxnet as mx
from mxnet import autograd, nd
from mxnet.gluon import nn
from mxnet.ndarray.cached import CachedGraph
from mxnet.ops import onednn

pytestmark = pytest.mark.skipif(not onednn._has_linear(), reason="this torch has no products of oneDNN")


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 5)])
def test_values_and_gradients(shape, bias):
    tensors = [normal(*shape), normal(4, 5, seed=1), normal(4, seed=2) if bias else None]
    found = []
    for function in (F.linear, onednn.linear):
        given = [None if t is None else t.clone().requires_grad_() for t in tensors]
        y = function(*given)
        y.backward(normal(*y.shape, seed=3))
        found.append([y.detach(), *(t.grad for t in given if t is not None)])
        with torch.no_grad():
            found[-1].append(function(*tensors))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("wanted", range(3))
@pytest.mark.parametrize(("rows", "width", "units"), [(6, 3, 5), (6, 5, 3)])
def test_gradients_one_by_one(wanted, rows, width, units):
    """Of the input, the weight or the bias alone, of weights that are high or wide; in order, for fused updates."""
    found = []
    for product in (F.linear, onednn.linear):
        given = [normal(rows, width), normal(units, width, seed=1), normal(units, seed=2)]
        given[wanted].requires_grad_()
        product(*given).square().sum().backward()
        found.append(given[wanted].grad)
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)
    assert found[1].is_contiguous()


def test_gradients_of_second_order():
    x, w = normal(3, 5).requires_grad_(), normal(4, 5, seed=1).requires_grad_()
    orders = []
    for product in (F.linear, onednn.linear):
        (first,) = torch.autograd.grad(product(x, w, None).square().sum(), x, create_graph=True)
        orders.append(torch.autograd.grad(first.square().sum(), (x, w)))
    for one, other in zip(*orders, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_only_large_products_of_float32_on_a_cpu():
    large, weight = torch.empty(512, 512), torch.empty(512, 512)
    assert onednn.multiplies(large, weight)
    assert not onednn.multiplies(torch.empty(8, 512), weight)
    assert not onednn.multiplies(large.double(), weight.double())
    assert not onednn.multiplies(large.bfloat16(), weight.bfloat16())
    assert not onednn.multiplies(large, torch.empty(512, 8))


@pytest.mark.parametrize("flatten", [True, False])
@pytest.mark.parametrize("activation", [None, "relu", "tanh"])
def test_a_layer_hybridized_and_not(monkeypatch, flatten, activation):
    monkeypatch.setattr(CachedGraph, "_interpret", lambda *args, **kwargs: pytest.fail("the code of a plan failed"))
    net = nn.HybridSequential()
    net.add(nn.Dense(512, activation, flatten=flatten, in_units=512), nn.Dense(3, flatten=flatten, in_units=512))
    net.initialize(mx.init.Normal(0.05))
    x = nd.random.normal(shape=(512, 512) if flatten else (4, 128, 512))
    x.attach_grad()
    found = []
    for turn in range(4):  # imperative, traced, by the code of a plan
        if turn == 1:
            net.hybridize()
        with autograd.record():
            y = net(x)
        y.backward()
        found.append([y.asnumpy(), x.grad.asnumpy(), net[0].weight.grad().asnumpy(), net(x).asnumpy()])
    code = net.generated_code()
    assert "onednn" in code
    assert activation is None or f"torch.{activation}_(" in code
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            torch.testing.assert_close(torch.from_numpy(two), torch.from_numpy(one), rtol=1e-4, atol=1e-4)


def test_relu_keeps_nan():
    net = nn.Dense(512, "relu", in_units=512)
    net.initialize()
    net.hybridize()
    x = nd.ones((512, 512))
    x[3, 5] = np.nan
    for _ in range(4):
        with autograd.record():
            trained = net(x)
        for y in (trained, net(x)):
            assert np.isnan(y.asnumpy()).all(1).tolist() == [row == 3 for row in range(512)]
