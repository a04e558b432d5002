"""Hybridized blocks while they run: first calls, all kinds of parameters, gradients, threads, memory, copies."""

from __future__ import annotations

import copy
import pickle
import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn
from tests.gluon.networks import NETWORKS
from tests.gluon.pairs import MODES, Pair, Waves
from tests.gluon.styles import Style, both, normal

# ---- deferred initialization -----------------------------------------------------------------------------------------


class Custom(gluon.HybridBlock):
    """Deferred parameters of its own, next to a child's."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.child = nn.Dense(3, flatten=False)
            self.weight = self.params.get("weight", shape=(5, 0), allow_deferred_init=True)
            self.filters = self.params.get("filters", shape=(2, 0, 1), allow_deferred_init=True)

    def hybrid_forward(self, F: Any, x: Any, weight: Any, filters: Any) -> Any:
        h = F.FullyConnected(self.child(x), weight, no_bias=True, num_hidden=5, flatten=False)
        return F.Convolution(h, filters, no_bias=True, num_filter=2, kernel=(1,))


@pytest.mark.parametrize("mode", MODES)
def test_custom_deferred_parameters(mode):
    pair = Pair(Custom)
    for _ in range(3):
        pair.check(normal(2, 4, 6), mode=mode)
    assert [p.shape for p in pair.parameters] == [(5, 3), (2, 4, 1), (3, 6), (3,)]


def test_parameters_whose_shapes_nothing_tells():
    class Net(gluon.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            self.weight = self.params.get("weight", shape=(0,), allow_deferred_init=True)

        def hybrid_forward(self, F: Any, x: Any, weight: Any) -> Any:
            return F.broadcast_add(x, F.sum(weight))

    net = Net()
    net.initialize()
    net.hybridize()
    with pytest.raises(ValueError, match=r"Deferred initialization of net0 failed.*net0_weight"):
        net(nd.ones(2))


def test_failed_first_calls_leave_everything_as_it_was():
    def compute(self: Any, F: Any, x: Any) -> Any:
        return self.layers[2](self.layers[1](self.layers[0](x)))

    style = Style(lambda: nn.Dense(3), nn.BatchNorm, lambda: nn.Dense(2, in_units=7), compute=compute)
    for forward in (False, True):
        net = style.make(forward)
        net.initialize(Waves())
        net.hybridize()
        for _ in range(2):
            with pytest.raises(mx.MXNetError):
                net(nd.ones((1, 4)))
            assert net.layers[0].weight.shape == (3, 0)
            with pytest.raises(gluon.parameter.DeferredInitializationError):
                net.layers[0].weight.data()
            with pytest.raises(gluon.parameter.DeferredInitializationError):
                net.layers[1].running_mean.data()
        net.layers[2] = nn.Dense(2)
        net.register_child(net.layers[2], "2")
        net.layers[2].initialize(Waves())
        assert net(nd.ones((1, 9))).shape == (1, 2)
        assert net.layers[0].weight.shape == (3, 9)


def test_first_calls_without_values():
    net = nn.Dense(2)
    net.hybridize()
    with pytest.raises(RuntimeError, match="has not been initialized"):
        net(nd.ones((1, 2)))
    net.initialize()
    assert net(nd.ones((1, 2))).shape == (1, 2)


# ---- parameters of other kinds ---------------------------------------------------------------------------------------


@both
def test_parameters_that_do_not_lie_in_order(forward):
    """Set before the first call, to an array whose memory is turned; written to afterwards."""
    turned = nd.from_dlpack(nd.array(np.arange(12.0).reshape(4, 3)))
    turned._data = turned._data.t()
    pair = Style(lambda: nn.Dense(3, use_bias=False), compute=lambda self, F, x: self.layers[0](x)).pair(forward)
    weight = pair.parameters[0]
    weight.set_data(turned)
    for mode in ("predict", "record"):
        for _ in range(6):
            pair.check(nd.ones((1, 4)), mode=mode)
        for change in (lambda: weight.data().__setitem__(0, 7), lambda: weight.data().__imul__(2)):
            change()
            pair.check(nd.ones((1, 4)), mode=mode)


def test_lazy_updates_of_sparse_gradients():
    def make(**kwargs: Any) -> nn.HybridSequential:
        net = nn.HybridSequential(**kwargs)
        with net.name_scope():
            net.add(nn.Embedding(9, 3, sparse_grad=True), nn.Dense(2))
        return net

    nets = [make(prefix="net_") for _ in range(2)]
    for net in nets:
        net.initialize(Waves())
    nets[0].hybridize()
    trainers = [
        gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.1, "lazy_update": True}) for net in nets
    ]
    for step in range(6):
        words = nd.array([[step, step + 1], [3, 8]])
        for net, trainer in zip(nets, trainers, strict=True):
            for _ in range(3):
                net(words)
            with autograd.record():
                loss = (net(words) ** 2).sum()
            loss.backward()
            trainer.step(2)
        for one, other in zip(*(net.collect_params().values() for net in nets), strict=True):
            assert one.grad().stype == other.grad().stype
            np.testing.assert_allclose(one.data().asnumpy(), other.data().asnumpy(), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(nets[0](words).asnumpy(), nets[1](words).asnumpy(), rtol=1e-4, atol=1e-6)


@both
def test_sparse_inputs(forward):
    """Of one shape, dense and sparse in turn."""
    pair = Style(compute=lambda self, F, x, y: F.dot(x, y)).pair(forward)
    dense, other = nd.array([[0, 1.0], [2, 0]]), normal(2, 3)
    for _ in range(3):
        for stype in ("default", "csr"):
            pair.check(dense.tostype(stype), other)
            pair.check(dense.tostype(stype), other, mode="record", grad=False)


# ---- gradients -------------------------------------------------------------------------------------------------------


@both
def test_gradient_requests(forward):
    pair = Style(lambda: nn.Dense(3, in_units=4), compute=lambda self, F, x: F.tanh(self.layers[0](x))).pair(forward)
    x = normal(2, 4)
    for request in ("write", "add", "null", "add", "write"):
        pair.net.collect_params().setattr("grad_req", request)
        for _ in range(3):
            pair.check(x, mode="record", grad=request != "null")


@both
def test_second_order(forward):
    def compute(self: Any, F: Any, x: Any) -> Any:
        return F.sum(F.tanh(self.layers[0](x)) * x)

    pair = Style(lambda: nn.Dense(4, in_units=4), compute=compute).pair(forward)
    found = []
    for net in (pair.net, pair.net, pair.net, pair.twin):
        x = normal(2, 4)
        x.attach_grad()
        weight = pair.parameters[0]
        with autograd.record():
            y = net(x)
            (slope,) = autograd.grad(y, [x], create_graph=True, retain_graph=True)
            z = (slope * slope).sum()
        z.backward()
        found.append([x.grad.asnumpy(), weight.grad().asnumpy(), slope.asnumpy()])
    for other in found[:-1]:
        for a, b in zip(found[-1], other, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5)


@both
def test_a_graph_can_be_walked_twice(forward):
    net = Style(lambda: nn.Dense(4, in_units=4), compute=lambda self, F, x: F.exp(self.layers[0](x))).make(forward)
    net.initialize(Waves())
    net.hybridize()
    x = normal(2, 4)
    x.attach_grad()
    for _ in range(3):
        with autograd.record():
            y = net(x)
        y.backward(retain_graph=True)
        first = x.grad.asnumpy()
        y.backward()
        np.testing.assert_array_equal(first, x.grad.asnumpy())
        with pytest.raises(mx.MXNetError):
            y.backward()


@both
def test_replay_inside_a_recorded_computation(forward):
    """Gradients flow through several replays of one net, and through what is around them."""
    net = Style(lambda: nn.Dense(4, in_units=4), compute=lambda self, F, x: F.tanh(self.layers[0](x))).make(forward)
    net.initialize(Waves())
    found = []
    for active in (False, True, True, True):
        net.hybridize(active) if active != net._active else None
        x = normal(2, 4)
        x.attach_grad()
        with autograd.record():
            y = net(net(x * 2) + x)
        y.backward()
        found.append([x.grad.asnumpy(), net.layers[0].weight.grad().asnumpy()])
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)


# ---- results are nobody else's ---------------------------------------------------------------------------------------


@both
def test_results_have_memory_of_their_own(forward):
    def compute(self: Any, F: Any, x: Any, y: Any) -> Any:
        return [x, x.reshape((-1,)), x.reshape((-1,)), F.identity(y), self.layers[0](x)]

    net = Style(lambda: nn.Dense(4, in_units=4), compute=compute).make(forward)
    net.initialize(Waves())
    net.hybridize()
    x, y = normal(2, 4), normal(3)
    net(x, y)
    for _ in range(4):
        before, results = x.asnumpy(), net(x, y)
        values = [r.asnumpy() for r in results]
        for i, result in enumerate(results):
            result[:] = 77
            for j, other in enumerate(results):
                if j > i:
                    np.testing.assert_array_equal(other.asnumpy(), values[j])
        np.testing.assert_array_equal(x.asnumpy(), before)


# ---- threads, memory, copies -----------------------------------------------------------------------------------------


def test_threads():
    """Eight threads in several modes, from the first call on; each result is compared."""
    pair = Pair(NETWORKS["dropped"].make)
    pair.net(normal(2, 4)), pair.twin(normal(2, 4))
    pair.net.hybridize()
    net, twin = pair.net, pair.twin
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(60):
                x = normal(2 + (i + number) % 3, 4, seed=number * 100 + i)
                if number % 2:
                    with autograd.record(train_mode=False):
                        found = net(x)
                    with autograd.pause(train_mode=False):
                        expected = twin(x)
                    assert found._graph is not None
                else:
                    found, expected = net(x), twin(x)
                    assert found._graph is None
                np.testing.assert_allclose(found.asnumpy(), expected.asnumpy(), rtol=1e-5, atol=1e-6)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


def test_threads_that_are_first():
    """Shapes that are not known yet, asked for by several threads at once."""
    style = Style(nn.BatchNorm, lambda: nn.Dense(4), compute=lambda self, F, x: self.layers[1](self.layers[0](x)))
    for i in range(20):
        net = style.make(forward=bool(i % 2))
        net.initialize(Waves())
        net.hybridize()
        results: list[Any] = []
        barrier = threading.Barrier(6)

        def work(net: Any = net, results: list = results, barrier: Any = barrier) -> None:
            barrier.wait()
            try:
                results.append(net(nd.ones((2, 3))).asnumpy())
            except BaseException as error:
                results.append(error)

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for result in results:
            assert isinstance(result, np.ndarray), result
            np.testing.assert_allclose(result, results[0], rtol=1e-5)


def test_memory_stays_flat():
    net = NETWORKS["convolutions"].make(prefix="net_")
    net.initialize(Waves())
    net.hybridize()
    x = normal(1, 2, 4, 4)

    def calls(number: int) -> None:
        for i in range(number):
            if i % 10:
                net(x)
            else:
                with autograd.record():
                    y = net(x)
                y.backward()

    calls(200)
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    calls(10_000)
    after = tracemalloc.take_snapshot()
    tracemalloc.stop()
    grown = sum(difference.size_diff for difference in after.compare_to(before, "filename"))
    assert grown < 200_000


def test_many_kinds_of_calls_are_forgotten():
    for forward in (False, True):
        net = Style(compute=lambda self, F, x: F.exp(x)).make(forward)
        net.hybridize()
        for n in range(1, 300):
            assert net(nd.zeros(n)).sum().asscalar() == n
        assert len(net._recorded._recordings) <= 128
        assert all(len(r.cached._plans) <= 256 for r in net._recorded._recordings.values())


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_copies_are_independent(how):
    net = nn.HybridSequential()
    net.add(nn.Dense(3, activation="relu"), nn.BatchNorm(), nn.Dense(2))
    net.initialize(Waves())
    net.hybridize()
    x = normal(2, 4)
    expected = [net(x).asnumpy() for _ in range(5)][-1]
    other = copy.deepcopy(net) if how == "deepcopy" else pickle.loads(pickle.dumps(net))
    for _ in range(4):
        np.testing.assert_allclose(other(x).asnumpy(), expected, rtol=1e-6)
    other[0].weight.data()[:] = 0.25
    changed = other(x).asnumpy()
    assert not np.allclose(changed, expected)
    np.testing.assert_allclose(net(x).asnumpy(), expected, rtol=1e-6)
    net[0].weight.data()[:] = 0.75
    assert not np.allclose(net(x).asnumpy(), expected)
    np.testing.assert_allclose(other(x).asnumpy(), changed, rtol=1e-6)
