"""Autograd: what is recorded, what backward does, and what is refused. Error classes were asked of MXNet 1.9.1."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet import autograd, nd
from mxnet.ndarray import gradient


def leaf(*values: float) -> nd.NDArray:
    x = nd.array(values)
    x.attach_grad()
    return x


def test_gradient_of_a_formula():
    x = leaf(1, 2, 3)
    with autograd.record():
        y = (x * x + 2 * x).sum()
    y.backward()
    assert x.grad.asnumpy().tolist() == [4, 6, 8]


def test_gradients_without_torchs_private_engine(monkeypatch):
    monkeypatch.setattr(gradient, "_engine", None)
    test_gradient_of_a_formula()
    test_backward_without_a_graph_or_twice()


def test_heads_that_are_no_scalars_get_ones_or_what_is_given():
    x = leaf(1, 2)
    with autograd.record():
        y = x * x
    y.backward(nd.array([10.0, 100.0]))
    assert x.grad.asnumpy().tolist() == [20, 400]
    with autograd.record():
        y, z = x * 2, x * 3
    autograd.backward([y, z], [None, nd.array([1.0, 10.0])])
    assert x.grad.asnumpy().tolist() == [5, 32]
    with autograd.record():
        y = x * x
    with pytest.raises(mx.MXNetError, match=r"head 0 must have its shape \(2,\), but has \(3,\)"):
        y.backward(nd.ones(3))


@pytest.mark.parametrize(("request_", "expected"), [("write", 2), ("add", 6)])
def test_grad_req(request_, expected):
    x = nd.ones(1)
    x.attach_grad(request_)
    buffer = x.grad
    for _ in range(3):
        with autograd.record():
            y = 2 * x
        y.backward()
    assert x.grad is buffer
    assert buffer.asscalar() == expected


def test_grad_req_null_and_unknown():
    x = nd.ones(1)
    x.attach_grad("null")
    assert x.grad.asscalar() == 0
    with autograd.record():
        assert (x * 2)._graph is None
    with pytest.raises(KeyError):
        x.attach_grad("sometimes")


def test_nothing_is_tracked_outside_of_record_whatever_torch_says():
    x = leaf(1.0)
    for mode in (True, False):
        with torch.set_grad_enabled(mode):
            assert (x * 2)._graph is None
            with autograd.record():
                y = x * 2
                assert y._graph is not None
                with autograd.pause():
                    assert (y * 2)._graph is None
                assert (y * 2)._graph is not None
            assert (y * 2)._graph is None
            assert torch.is_grad_enabled() is mode


def test_modes_nest_and_return():
    assert (autograd.is_recording(), autograd.is_training()) == (False, False)
    with autograd.record():
        assert (autograd.is_recording(), autograd.is_training()) == (True, True)
        with autograd.predict_mode():
            assert (autograd.is_recording(), autograd.is_training()) == (True, False)
        with autograd.pause(train_mode=True):
            assert (autograd.is_recording(), autograd.is_training()) == (False, True)
    with autograd.record(train_mode=False):
        assert (autograd.is_recording(), autograd.is_training()) == (True, False)
    with autograd.train_mode():
        assert (autograd.is_recording(), autograd.is_training()) == (False, True)
    assert autograd.set_recording(True) is False
    assert autograd.set_training(True) is False
    assert autograd.set_recording(False) is True
    assert autograd.set_training(False) is True
    with pytest.raises(RuntimeError, match="inside"), autograd.record():
        raise RuntimeError("inside")
    assert not autograd.is_recording()


def test_modes_are_per_thread():
    seen = []
    with autograd.record():
        thread = threading.Thread(target=lambda: seen.append((autograd.is_recording(), (leaf(1.0) * 2)._graph)))
        thread.start()
        thread.join()
    assert seen == [(False, None)]


def test_backward_without_a_graph_or_twice():
    x = leaf(1, 2)
    with pytest.raises(mx.MXNetError, match=r"not in a computational graph.*record"):
        (x * 2).backward()
    with autograd.record():
        y = x * x
    y.backward()
    with pytest.raises(mx.MXNetError, match="retain_graph"):
        y.backward()
    with autograd.record():
        y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.asnumpy().tolist() == [2, 4]


def test_writing_into_recorded_arrays_is_refused_and_changes_nothing():
    x = leaf(1, 2)
    with autograd.record():
        y = x * 2
        for write in (lambda: x.__setitem__(slice(None), 7), lambda: y.__iadd__(1), lambda: y.__setitem__(0, 7),
                      lambda: nd.zeros(2).__iadd__(y), lambda: nd.zeros(2).__setitem__(0, y[0])):  # fmt: skip
            with pytest.raises(mx.MXNetError):
                write()
    assert x.asnumpy().tolist() == [1, 2]
    assert y.asnumpy().tolist() == [2, 4]
    y.backward()
    assert x.grad.asnumpy().tolist() == [2, 2]


def test_writing_into_arrays_outside_the_graph_is_fine():
    x = leaf(1, 2)
    with autograd.record():
        total = nd.zeros(2)
        total += 1
        total[0] = 5
        total *= 2
        copied = nd.zeros(2)
        copied[:] = x * 2
        y = copied * 3
    assert total.asnumpy().tolist() == [10, 2]
    y.backward()
    assert x.grad.asnumpy().tolist() == [6, 6]


def test_stale_values_are_an_error_and_never_a_wrong_gradient():
    x = leaf(1, 2)
    with autograd.record():
        y = x * x
    x[:] = 100
    with pytest.raises(mx.MXNetError, match="written to after it was recorded"):
        y.backward()


def test_attach_grad_on_an_intermediate_cuts_the_graph():
    x = leaf(1, 2)
    with autograd.record():
        y = x * 2
        y.attach_grad()
        z = y * y
    z.backward()
    assert y.grad.asnumpy().tolist() == [4, 8]
    assert x.grad.asnumpy().tolist() == [0, 0]
    with autograd.record():
        z = (x * 2).detach() * x
    z.backward()
    assert x.grad.asnumpy().tolist() == [2, 4]


def test_mark_variables_writes_into_the_given_memory():
    x, flat = nd.array([1.0, 2.0]), nd.zeros(4)
    autograd.mark_variables([x], [flat[0:2]])
    with autograd.record():
        y = x * x
    y.backward()
    assert flat.asnumpy().tolist() == [2, 4, 0, 0]
    with pytest.raises(ValueError, match="2 variables, 1 gradients"):
        autograd.mark_variables([x, x], [flat])
    with pytest.raises(mx.MXNetError, match=r"shape \(4,\) for a variable of shape \(2,\)"):
        autograd.mark_variables(x, flat)


def test_grad_returns_new_arrays_and_goes_to_any_order():
    x = leaf(2.0)
    with autograd.record():
        y = x * x * x
        first = autograd.grad(y, x, create_graph=True)
        second = autograd.grad(first, [x], create_graph=True, retain_graph=True)[0]
    assert first.asscalar() == 12
    assert second.asscalar() == 12
    assert x.grad.asscalar() == 0
    second.backward()
    assert x.grad.asscalar() == 6
    z = leaf(1.0)
    with autograd.record():
        y = x * 2
    with pytest.raises(mx.MXNetError, match="not reached"):
        autograd.grad(y, z)


def test_function_with_a_gradient_of_its_own():
    class Sigmoid(autograd.Function):
        def forward(self, x):
            assert not autograd.is_recording()
            y = 1 / (1 + nd.exp(-x))
            self.save_for_backward(y)
            return y

        def backward(self, dy):
            (y,) = self.saved_tensors
            return dy * y * (1 - y)

    x = leaf(0.0, 1.0)
    function = Sigmoid()
    with autograd.record():
        y = function(x) * 3
    y.backward()
    s = 1 / (1 + np.exp(-np.array([0.0, 1.0])))
    np.testing.assert_allclose(x.grad.asnumpy(), 3 * s * (1 - s), rtol=1e-6)
    with pytest.raises(AssertionError, match="only be called once"):
        function(x)


def test_function_of_several_arrays_and_wrong_backward():
    class Swap(autograd.Function):
        def forward(self, a, b):
            return b * 2, a * 3

        def backward(self, da, db):
            return db * 3, da * 2

    a, b = leaf(1.0), leaf(2.0)
    with autograd.record():
        c, d = Swap()(a, b)
        y = c + 10 * d
    y.backward()
    assert (a.grad.asscalar(), b.grad.asscalar()) == (30, 2)

    class Short(Swap):
        def backward(self, da, db):
            return da

    with autograd.record():
        c, d = Short()(a, b)
        y = c + d
    with pytest.raises(mx.MXNetError, match="Short.backward must return 2 gradients"):
        y.backward()


def test_function_that_gives_an_input_no_gradient():
    class First(autograd.Function):
        def forward(self, a, b):
            return a * 2

        def backward(self, d):
            return d * 2, None

    a, b = leaf(1.0), leaf(1.0)
    with autograd.record():
        y = First()(a, b)
    y.backward()
    assert (a.grad.asscalar(), b.grad.asscalar()) == (2, 0)
    assert (a._fresh_grad, b._fresh_grad) == (True, False)


def test_the_graph_dies_with_its_arrays():
    x = leaf(*np.ones(100))
    with autograd.record():
        y = x * x
    graph = weakref.ref(y._graph)
    y.backward()
    gc.collect()
    assert graph() is None
    with autograd.record():
        y = x * x
    graph = weakref.ref(y._graph)
    del y
    gc.collect()
    assert graph() is None


def test_a_running_total_keeps_no_graph():
    x, total, graphs = leaf(1.0, 2.0), nd.zeros(1), []
    for _ in range(20):
        with autograd.record():
            loss = (x * x).mean()
        loss.backward()
        total += loss.mean()
        graphs.append(total._graph)
    assert graphs == [None] * 20
    assert total.asscalar() == 50


def test_torch_code_of_the_user_keeps_its_modes():
    weight = torch.ones(1, requires_grad=True)
    with torch.no_grad():
        with autograd.record():
            pass
        assert not (weight * 2).requires_grad
    assert (weight * 2).requires_grad
