"""One harness tests a layer whole: names, text, parameters, symbols, summary, values, gradients, files, hybridize."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet.gluon import HybridBlock
from tests.gluon.samples import layers, load, values
from tests.gluon.samples.check import assert_close
from tests.gluon.samples.layers import Layer

GOLDEN = load("layers")


def every(samples: list[Layer]) -> pytest.MarkDecorator:
    """Parametrize a test over samples."""
    return pytest.mark.parametrize("layer", samples, ids=[layer.id for layer in samples])


def check_golden(layer: Layer) -> None:
    """The layer answers as MXNet's."""
    want, got = GOLDEN[layer.id], layers.answer(mx, layer)
    assert got.keys() == want.keys()
    for what in ("name", "before", "after", "symbols", "summary"):
        assert got.get(what) == want.get(what), what
    for what in ("predicted", "trained"):
        if what in want:
            assert_close(want[what], got[what], what)
    for what in ("initialized", "gradients"):
        for name, array in want.get(what, {}).items():
            assert_close(array, got[what][name], f"{what} {name}", tolerance=1e-4)


def check_gradients(layer: Layer, epsilon: float = 1e-6) -> None:
    """Gradients with respect to the input and all trained parameters are those of finite differences, in float64."""
    net = layer.make(mx)
    net.cast("float64")
    x = mx.nd.array(values(f"{layer.id} x", layer.shape, layer.dtype), dtype="float64")
    net.initialize()
    net(x)
    layers.fill(mx, net)
    head = mx.nd.array(values(f"{layer.id} head", net(x).shape), dtype="float64")
    arrays = {k: p.data() for k, p in net._collect_params_with_prefix().items() if p.grad_req != "null"}
    if "Embedding" not in layer.call:
        arrays["x"] = x
        x.attach_grad()
    statistics = {k: p.data().copy() for k, p in net._collect_params_with_prefix().items() if p.grad_req == "null"}

    def objective() -> float:
        with mx.autograd.train_mode():
            total = (net(x) * head).sum().asscalar()
        for name, saved in statistics.items():
            net._collect_params_with_prefix()[name].set_data(saved)
        return total

    with mx.autograd.record():
        y = (net(x) * head).sum()
    y.backward()
    for name, saved in statistics.items():
        net._collect_params_with_prefix()[name].set_data(saved)
    for name, array in arrays.items():
        base, numeric = array.asnumpy(), np.zeros(array.shape)
        for index in np.ndindex(*base.shape):
            moved = []
            for step in (epsilon, -epsilon):
                shifted = base.copy()
                shifted[index] += step
                array[:] = mx.nd.array(shifted, dtype="float64")
                moved.append(objective())
            numeric[index] = (moved[0] - moved[1]) / (2 * epsilon)
        array[:] = mx.nd.array(base, dtype="float64")
        np.testing.assert_allclose(array.grad.asnumpy(), numeric, rtol=1e-4, atol=1e-6, err_msg=name)


def check_files(layer: Layer, path: str) -> None:
    """Saved and loaded into a new layer, also a lazy one, the layer predicts the same; so does a hybridized one."""
    net, x = layer.make(mx), layer.input(mx)
    net.initialize(mx.init.Uniform(1.0))
    expected = net(x).asnumpy()
    net.save_parameters(path)
    other = layer.make(mx)
    other.load_parameters(path)
    np.testing.assert_array_equal(other(x).asnumpy(), expected)
    if isinstance(other, HybridBlock):
        other.hybridize()
        np.testing.assert_array_equal(other(x).asnumpy(), expected)
