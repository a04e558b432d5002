"""Trainer: whole trainings against MXNet's recorded ones, and its own rules."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd

from . import training_cases as cases

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "training.json").read_text())["training"]


@pytest.mark.parametrize("index", range(len(cases.TRAINING)), ids=lambda i: "-".join(cases.TRAINING[i][:2]) + str(i))
def test_training_reaches_mxnets_parameters(index):
    expected, found = GOLDEN[index], cases.run_training(mx, nd, autograd, gluon, cases.TRAINING[index])
    assert found["case"] == expected["case"], "record again: the cases have changed"
    np.testing.assert_allclose(found["losses"], expected["losses"], rtol=1e-4, atol=1e-6)
    assert list(found["parameters"]) == list(expected["parameters"])
    for name, value in expected["parameters"].items():
        np.testing.assert_allclose(found["parameters"][name], value, rtol=1e-4, atol=2e-6, err_msg=name)


@pytest.fixture
def net():
    net = gluon.nn.Dense(2, in_units=3, prefix="d_")
    net.initialize(mx.init.One())
    return net


def backward(net, ctx=None) -> None:
    with autograd.record():
        loss = net(nd.ones((4, 3), ctx=ctx)).sum()
    loss.backward()


def test_stale_gradients_stop_the_step_before_anything_changes(net):
    trainer = gluon.Trainer(net.collect_params(), "sgd")
    with pytest.raises(UserWarning, match=r"Gradient of Parameter `d_bias`.*has not been updated by backward"):
        trainer.step(4)
    backward(net)
    trainer.step(4)
    before = net.weight.data().asnumpy()
    with pytest.raises(UserWarning, match="stale"):
        trainer.step(4)
    trainer.step(4, ignore_stale_grad=True)
    assert (net.weight.data().asnumpy() == before).all()


def test_learning_rates(net):
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    trainer.set_learning_rate(0.5)
    assert trainer.learning_rate == 0.5
    assert isinstance(trainer.optimizer, mx.optimizer.SGD)
    scheduler = mx.lr_scheduler.FactorScheduler(1, 0.5, base_lr=0.4)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"lr_scheduler": scheduler})
    for _ in range(3):
        backward(net)
        trainer.step(4)
    assert trainer.learning_rate == pytest.approx(0.1)
    with pytest.raises(UserWarning, match="LRScheduler"):
        trainer.set_learning_rate(1.0)


def test_wrong_arguments(net):
    with pytest.raises(ValueError, match="must be a list or dict of Parameters, got <class 'int'>"):
        gluon.Trainer(3, "sgd")
    with pytest.raises(ValueError, match="got list of <class 'int'>"):
        gluon.Trainer([3], "sgd")
    with pytest.raises(ValueError, match="Cannot find optimizer sdg. There are: adam, sgd"):
        gluon.Trainer(net.collect_params(), "sdg")
    with pytest.raises(AssertionError, match="optimizer_params must be None"):
        gluon.Trainer(net.collect_params(), mx.optimizer.SGD(), {"learning_rate": 1})
    with pytest.raises(RuntimeError, match="not been initialized"):
        gluon.Trainer(gluon.nn.Dense(2).collect_params(), "sgd")


def test_shapes_that_are_not_known_yet():
    net = gluon.nn.Dense(2)
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd")
    with pytest.raises(gluon.DeferredInitializationError):
        trainer.step(1)
    backward(net)
    trainer.step(4)


def test_several_contexts_stay_equal_and_see_all_gradients():
    contexts = [mx.cpu(0), mx.cpu(1)]
    net = gluon.nn.Dense(1, in_units=2, use_bias=False)
    net.initialize(mx.init.One(), ctx=contexts)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0, "momentum": 0.9})
    inputs = [nd.array([[1.0, 2.0]], ctx=c) * (i + 1) for i, c in enumerate(contexts)]
    with autograd.record():
        losses = [net(x).sum() for x in inputs]
    autograd.backward(losses)
    trainer.step(2)
    for ctx in contexts:
        assert net.weight.data(ctx).asnumpy().tolist() == [[1 - 1.5, 1 - 3.0]]
        assert net.weight.grad(ctx).asnumpy().tolist() == [[3, 6]]


def test_update_in_two_parts(net):
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0}, update_on_kvstore=False)
    backward(net)
    trainer.allreduce_grads()
    net.weight.grad()[:] = 2
    trainer.update(1)
    assert (net.weight.data().asnumpy() == -1).all()
    trainer = gluon.Trainer(net.collect_params(), "sgd", update_on_kvstore=True)
    with pytest.raises(AssertionError, match="allreduce_grads.. when parameters are updated on kvstore"):
        trainer.allreduce_grads()


def test_accumulated_gradients(net):
    net.collect_params().setattr("grad_req", "add")
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
    for _ in range(3):
        backward(net)
    assert (net.weight.grad().asnumpy() == 12).all()
    trainer.step(12)
    np.testing.assert_allclose(net.weight.data().asnumpy(), 0, atol=1e-6)
    net.collect_params().zero_grad()
    assert (net.weight.grad().asnumpy() == 0).all()


@pytest.mark.parametrize("optimizer", [("sgd", {"momentum": 0.9}), ("adam", {})])
def test_states_continue_where_they_were(net, tmp_path, optimizer):
    def trained(steps: int, resume: bool) -> np.ndarray:
        net.initialize(mx.init.One(), force_reinit=True)
        trainer = gluon.Trainer(net.collect_params(), *optimizer)
        for step in range(steps):
            if resume and step == 2:
                trainer.save_states(path)
                trainer = gluon.Trainer(net.collect_params(), *optimizer)
                trainer.load_states(path)
            backward(net)
            trainer.step(4)
        return net.weight.data().asnumpy()

    path = str(tmp_path / "trainer.states")
    assert (trained(5, resume=False) == trained(5, resume=True)).all()


def test_states_of_another_network_are_refused_and_change_nothing(net, tmp_path):
    path = str(tmp_path / "trainer.states")
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"momentum": 0.9})
    backward(net)
    trainer.step(1)
    trainer.save_states(path)
    other = gluon.nn.Dense(5, in_units=3)
    other.initialize()
    target = gluon.Trainer(other.collect_params(), "sgd", {"momentum": 0.9})
    with pytest.raises(
        mx.MXNetError, match=r"state 0 of Parameter .*must have shape \(5,\), but the file has shape \(2,\)"
    ):
        target.load_states(path)
    assert target._updaters[0].states == {}
    nd.save(path, [nd.ones(1)])
    with pytest.raises(mx.MXNetError, match="no trainer states"):
        target.load_states(path)
