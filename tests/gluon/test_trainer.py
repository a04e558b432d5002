"""Trainer: whole trainings against MXNet's recorded ones, and its own rules."""

from __future__ import annotations

import gc
import json
import pickle
import weakref
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd

from . import training_cases as cases
from . import training_scenes as scenes
from .samples import load

SCENES = [name for name in scenes.SCENES if name not in ("helpers", "properties_of_parameters", "dictionaries_whole",
                                                         "sparse_weights", "training_sparse_weights")]  # fmt: skip
SAID = load("training_scenes")
GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "training.json").read_text())["training"]


@pytest.mark.parametrize("index", range(len(cases.TRAINING)), ids=lambda i: "-".join(cases.TRAINING[i][:2]) + str(i))
def test_training_reaches_mxnets_parameters(index):
    expected, found = GOLDEN[index], cases.run_training(mx, nd, autograd, gluon, cases.TRAINING[index])
    assert found["case"] == expected["case"], "record again: the cases have changed"
    np.testing.assert_allclose(found["losses"], expected["losses"], rtol=1e-4, atol=1e-6)
    assert list(found["parameters"]) == list(expected["parameters"])
    for name, value in expected["parameters"].items():
        np.testing.assert_allclose(found["parameters"][name], value, rtol=1e-4, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("name", SCENES)
def test_scene(name):
    scenes.check(mx, scenes.SCENES[name], SAID[name])


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
    with pytest.raises(ValueError, match="Cannot find optimizer sdg. There are: .*adam, .*sgd"):
        gluon.Trainer(net.collect_params(), "sdg")
    with pytest.raises(AssertionError, match="optimizer_params must be None"):
        gluon.Trainer(net.collect_params(), mx.optimizer.SGD(), {"learning_rate": 1})
    with pytest.raises(AttributeError, match="made by its name, such as 'sgd', but got None"):
        gluon.Trainer(net.collect_params(), None)
    with pytest.raises(TypeError, match="optimizer_params must be a dict, but got 'wd'"):
        gluon.Trainer(net.collect_params(), "sgd", "wd")
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


def classifier(contexts, hybridize: bool):
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(8, activation="tanh", in_units=4), gluon.nn.Dense(3, in_units=8))
    net.initialize(ctx=contexts)
    for i, parameter in enumerate(net.collect_params().values()):
        parameter.set_data(nd.array(np.random.RandomState(i).uniform(-0.5, 0.5, parameter.shape)))
    if hybridize:
        net.hybridize()
    return net


def trained(contexts, optimizer, arguments, hybridize=False, parts=1, **kwargs) -> list:
    """Weights after some steps on batches that are split over contexts, and into parts that are added up."""
    net, rng, loss = classifier(contexts, hybridize), np.random.RandomState(5), gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), optimizer, arguments, **kwargs)
    if parts > 1:
        net.collect_params().setattr("grad_req", "add")
    for _ in range(6):
        x, y = rng.rand(12, 4).astype("float32"), rng.randint(0, 3, 12)
        for xs, ys in zip(np.split(x, parts), np.split(y, parts), strict=True):
            with autograd.record():
                losses = [
                    loss(net(a), b)
                    for a, b in zip(
                        gluon.utils.split_and_load(xs, contexts), gluon.utils.split_and_load(ys, contexts), strict=True
                    )
                ]
            autograd.backward(losses)
        trainer.step(12)
        net.collect_params().zero_grad()
    weights = [[a.asnumpy() for a in p.list_data()] for p in net.collect_params().values()]
    for copies in weights:
        for copy in copies[1:]:
            np.testing.assert_array_equal(copy, copies[0])
    return [copies[0] for copies in weights]


@pytest.mark.parametrize("optimizer", [("sgd", {"learning_rate": 0.5, "momentum": 0.9, "wd": 0.01}), ("adam", {})])
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"update_on_kvstore": False},
        {"kvstore": "local"},
        {"kvstore": "teststore"},
        {"hybridize": True},
        {"parts": 2},
    ],
    ids=str,
)
def test_contexts_together_learn_what_one_learns_from_the_whole_batch(optimizer, how):
    alone = trained([mx.cpu()], *optimizer)
    for count in (2, 3):
        for one, several in zip(alone, trained([mx.cpu(i) for i in range(count)], *optimizer, **how), strict=True):
            np.testing.assert_allclose(several, one, rtol=2e-5, atol=1e-6)


def test_gradients_that_are_added_up_make_one_large_batch():
    optimizer = ("sgd", {"learning_rate": 0.5, "momentum": 0.9})
    for one, parts in zip(trained([mx.cpu()], *optimizer), trained([mx.cpu()], *optimizer, parts=4), strict=True):
        np.testing.assert_allclose(parts, one, rtol=2e-5, atol=1e-6)


def test_summed_gradients_share_no_memory():
    contexts = [mx.cpu(0), mx.cpu(1)]
    net = gluon.nn.Dense(2, in_units=3)
    net.initialize(ctx=contexts)
    trainer = gluon.Trainer(net.collect_params(), "sgd", update_on_kvstore=False)
    for ctx in contexts:
        backward(net, ctx)
    trainer.allreduce_grads()
    net.weight.grad(contexts[0])[:] = 0
    assert (net.weight.grad(contexts[1]).asnumpy() == 8).all()


def test_momentum_outlives_new_values_on_several_contexts():
    """MXNet makes a new store then, without the states."""
    contexts = [mx.cpu(0), mx.cpu(1)]
    net = gluon.nn.Dense(1, in_units=3, use_bias=False)
    net.initialize(mx.init.One(), ctx=contexts)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0, "momentum": 0.5})
    for change in (lambda: None, lambda: net.weight.set_data(nd.ones((1, 3))),
                   lambda: net.initialize(mx.init.One(), ctx=contexts, force_reinit=True)):  # fmt: skip
        change()
        for ctx in contexts:
            backward(net, ctx)
        trainer.step(8)
    assert [w.asnumpy().tolist() for w in net.weight.list_data()] == [[[-0.75] * 3]] * 2


@pytest.mark.parametrize("wanted", [None, False])
def test_training_goes_on_on_other_contexts(wanted):
    """With the momentum that there was."""

    def weights(move: bool) -> list:
        contexts = [mx.cpu(0), mx.cpu(1)]
        net = classifier(contexts, False)
        trainer = gluon.Trainer(net.collect_params(), "sgd", {"momentum": 0.9}, update_on_kvstore=wanted)
        for step in range(4):
            if move and step == 2:
                contexts = [mx.cpu(2)]
                net.collect_params().reset_ctx(contexts)
            with autograd.record():
                losses = [net(nd.ones((2, 4), ctx=c)).sum() for c in contexts]
            autograd.backward(losses)
            trainer.step(len(contexts))
        return [p.list_data()[0].asnumpy() for p in net.collect_params().values()]

    for stayed, moved in zip(weights(False), weights(True), strict=True):
        np.testing.assert_allclose(moved, stayed, rtol=1e-5)


def test_stale_gradients_leave_everything_as_it_is_on_several_contexts():
    """MXNet has summed gradients, and forgotten which were new, when it raises."""
    contexts = [mx.cpu(0), mx.cpu(1)]
    net = gluon.nn.Dense(1, in_units=3)
    net.initialize(mx.init.One(), ctx=contexts)
    trainer = gluon.Trainer(net.collect_params(), "sgd", update_on_kvstore=False)
    backward(net, contexts[0])
    for _ in range(2):
        with pytest.raises(UserWarning, match=r"on context cpu\(1\) has not been updated"):
            trainer.step(1)
    assert [g.asnumpy().tolist() for g in net.weight.list_grad()] == [[[4] * 3], [[0] * 3]]
    trainer.step(1, ignore_stale_grad=True)
    assert [w.asnumpy()[0, 0] for w in net.weight.list_data()] == pytest.approx([1 - 0.04, 1])


def test_contexts_change_under_a_store_of_another_kind(monkeypatch):
    """One that updates weights, and whose states nobody sees."""

    class Foreign(mx.kv.KVStoreBase):
        type = "foreign"

        def __init__(self):
            self.rate, self.values = 0.0, {}

        def is_capable(self, capability):
            return True

        def set_optimizer(self, optimizer):
            self.rate = optimizer.learning_rate

        def broadcast(self, key, value, out, priority=0):
            self.values[key] = value.copy()
            for array in out:
                array[:] = value

        def pushpull(self, key, value, out=None, priority=0):
            self.values[key] -= self.rate * sum(grad.as_in_context(value[0].ctx) for grad in value)
            for array in out:
                array[:] = self.values[key]

    monkeypatch.setitem(mx.kv.KVStoreBase.kv_registry, "foreign", Foreign)
    net = gluon.nn.Dense(1, in_units=3, use_bias=False)
    net.initialize(mx.init.One(), ctx=[mx.cpu(0), mx.cpu(1)])
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.25}, kvstore="foreign")
    for contexts, left in (([mx.cpu(0), mx.cpu(1)], -1), ([mx.cpu(2), mx.cpu(3)], -3)):
        net.collect_params().reset_ctx(contexts)
        for ctx in contexts:
            backward(net, ctx)
        trainer.step(1)
        assert [w.asnumpy().tolist() for w in net.weight.list_data()] == [[[left] * 3]] * 2


def test_a_subclass_sums_gradients_its_own_way_without_a_store(net):
    """As Horovod's and BytePS's trainers do."""

    class Doubled(gluon.Trainer):
        def _allreduce_grads(self):
            for parameter in self._params:
                parameter.list_grad()[0][:] *= 2

    trainer = Doubled(net.collect_params(), "sgd", {"learning_rate": 0.25}, kvstore=None)
    backward(net)
    trainer.step(1)
    assert (net.weight.data().asnumpy() == -1).all()


def test_store_asked_for_with_one_context(net):
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.25}, update_on_kvstore=True)
    backward(net)
    trainer.step(1)
    assert trainer._kvstore.type == "device"
    assert (net.weight.data().asnumpy() == 0).all()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"kvstore": 3}, TypeError, "kvstore must be KVStore, str or None, but got 3"),
        ({"kvstore": "devise"}, mx.MXNetError, "Unknown kvstore 'devise'; there are local, device"),
        ({"kvstore": "dist_sync"}, mx.MXNetError, "several machines is not part of this version"),
        ({"kvstore": None, "update_on_kvstore": True}, ValueError, "update_on_kvstore=True needs a kvstore"),
    ],
)
def test_wrong_stores_are_refused_at_once(net, arguments, error, words):
    with pytest.raises(error, match=words):
        gluon.Trainer(net.collect_params(), "sgd", **arguments)


@pytest.mark.parametrize("contexts", [[mx.cpu()], [mx.cpu(0), mx.cpu(1)]], ids=len)
def test_pickled_trainer_goes_on(contexts):
    net = classifier(contexts, False)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"momentum": 0.9})

    def step(trainer, parameters) -> list:
        with autograd.record():
            losses = [sum((p.data(c) ** 2).sum() for p in parameters) for c in contexts]
        autograd.backward(losses)
        trainer.step(1)
        return [p.list_data()[-1].asnumpy() for p in parameters]

    step(trainer, trainer._params)
    again = pickle.loads(pickle.dumps(trainer))
    for mine, other in zip(step(trainer, trainer._params), step(again, again._params), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_trainer_and_network_do_not_keep_each_other(net):
    trainer = gluon.Trainer(net.collect_params(), "sgd")
    backward(net)
    trainer.step(1)
    seen = weakref.ref(trainer)
    gc.disable()  # without its help
    try:
        del trainer
        assert seen() is None
    finally:
        gc.enable()


def test_steps_see_new_gradient_arrays_and_requests(net):
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
    for request, left in (("write", 0), ("null", 0), ("add", -1)):
        net.weight.grad_req = request
        backward(net)
        trainer.step(4)
        assert (net.weight.data().asnumpy() == left).all()
    net.weight.data().attach_grad()
    backward(net)
    trainer.step(4)
    assert (net.weight.data().asnumpy() == -2).all()
    net.weight.grad_req = "write"
    net.cast("float64")
    with autograd.record():
        loss = net(nd.ones((4, 3), dtype="float64")).sum()
    loss.backward()
    trainer.step(4)
    assert (net.weight.data().asnumpy() == -3).all()


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


def test_a_network_without_trained_parameters():
    """There is nothing to do, on one context or on several."""
    for contexts in ([mx.cpu()], [mx.cpu(0), mx.cpu(1)]):
        net = gluon.nn.Dense(2, in_units=3)
        net.initialize(ctx=contexts)
        net.collect_params().setattr("grad_req", "null")
        before = net.weight.data(contexts[0]).asnumpy()
        trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
        trainer.step(1)
        trainer.step(1, ignore_stale_grad=True)
        np.testing.assert_array_equal(net.weight.data(contexts[0]).asnumpy(), before)


def test_a_parameter_that_is_given_twice():
    """MXNet finds its gradient stale the second time; without that check it is updated once."""
    weight = gluon.Parameter("weight", shape=(2,), init="ones")
    weight.initialize()
    trainer = gluon.Trainer([weight, weight], "sgd", {"learning_rate": 0.5})
    with autograd.record():
        loss = weight.data() * 2
    loss.backward()
    with pytest.raises(UserWarning, match="more than once"):
        trainer.step(1)
    np.testing.assert_array_equal(weight.data().asnumpy(), [1, 1])
    trainer.step(1, ignore_stale_grad=True)
    np.testing.assert_array_equal(weight.data().asnumpy(), [0, 0])
