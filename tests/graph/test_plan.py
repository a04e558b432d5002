"""A plan's code is right for the parameters of each call: folding waits, and ends when they change.

The second half changes the weights of whole networks in every way that there is, and looks for a stale result.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn
from mxnet.graph.backends import choose
from mxnet.graph.plan import Plan, Ready
from mxnet.graph.trace import Trace
from tests.gluon.pairs import Pair
from tests.graph.passes.rewriting import graph_of, normal


def plan_of(function: Callable, *tensors: torch.Tensor, recording: bool = False) -> Plan:
    """The plan of a function whose first tensor is the input."""
    return Plan(Trace(graph_of(function, *tensors), {}, [], False), 1, recording, choose(None))


def scaled(x, w, b):
    """The exponential of w can be folded, b is used as it is."""
    return x * torch.exp(w) + b


def parameters() -> list[torch.Tensor]:
    return [normal(3, seed=1), normal(3, seed=2)]


def outcome(plan: Plan, x: torch.Tensor, given: Sequence[torch.Tensor]) -> tuple[Ready, bool]:
    """The code for these parameters, and whether it is folded; its result is right."""
    ready = plan.settle(given)
    torch.testing.assert_close(ready.code(x, *ready.bound)[0], scaled(x, *given))
    return ready, ready.guards is not None


def test_folding_waits_for_parameters_that_stay():
    x, given = normal(3), parameters()
    plan = plan_of(scaled, x, *given)
    folded = [outcome(plan, x, given)[1] for _ in range(6)]
    assert folded == [False, False, True, True, True, True]
    ready, _ = outcome(plan, x, given)
    assert ready.final
    assert ready is plan.settle(given)
    assert [tensor for tensor, _ in ready.guards or ()] == [given[0]]  # b is not copied, so it needs no guard


def test_changes_of_what_is_not_folded_do_not_matter():
    x, given = normal(3), parameters()
    plan = plan_of(scaled, x, *given)
    for _ in range(4):
        ready, _ = outcome(plan, x, given)
    given[1].add_(1)
    assert outcome(plan, x, given) == (ready, True)


def test_patience_grows_with_every_change():
    """So a network that is evaluated every few steps of its training does not fold in vain."""
    x, given = normal(3), parameters()
    plan = plan_of(scaled, x, *given)
    waits = []
    for _ in range(8):
        waited = 0
        while not outcome(plan, x, given)[1]:
            waited += 1
            assert waited < 100
        waits.append(waited)
        given[0].mul_(0.5)
    assert waits == [2, 4, 8, 16, 32, 64, 64, 64]


def test_parameters_that_never_stay_are_never_folded():
    x, given = normal(3), parameters()
    plan = plan_of(scaled, x, *given)
    for _ in range(20):
        assert not outcome(plan, x, given)[1]
        given[0].add_(0.1)


def test_other_tensors_in_the_parameters_place():
    """Of equal versions, too: what counts is which they are."""
    x, given = normal(3), parameters()
    plan = plan_of(scaled, x, *given)
    for i in range(5):
        for _ in range(4):
            outcome(plan, x, given)
        given = [normal(3, seed=10 + i), given[1]]
    outcome(plan, x, [given[0], normal(3, seed=30)])


def test_changes_through_views_and_detached_tensors():
    x, given = normal(3), parameters()
    plan = plan_of(scaled, x, *given)
    changes: list[Callable] = [
        lambda w: w.zero_(),
        lambda w: w[1:].fill_(2),
        lambda w: w.detach().add_(1),
        lambda w: w.view(3, 1)[0].mul_(3),
        lambda w: torch._foreach_add_([w], 1.0),
        lambda w: w.copy_(normal(3, seed=5)),
        lambda w: w.set_(normal(3, seed=6)),
    ]
    for change in changes:
        for _ in range(70):
            ready, folded = outcome(plan, x, given)
            if folded:
                break
        change(given[0])
        assert not ready.holds(given), "the change was missed"
        outcome(plan, x, given)


def test_views_of_parameters_are_final_at_once():
    """There is nothing to fold, and nothing to guard."""
    x, weight = normal(2, 3), normal(4, 3, seed=1)
    plan = plan_of(lambda x, w: torch.mm(x, w.t()), x, weight)
    ready = plan.settle([weight])
    assert ready.final
    assert ready.guards is None
    weight.mul_(2)
    assert ready.holds([weight])
    torch.testing.assert_close(ready.code(x, *ready.bound)[0], x @ weight.t())


def test_no_parameters():
    x = normal(3)
    plan = plan_of(lambda x: torch.exp(x), x)
    ready = plan.settle([])
    assert ready.final
    assert ready.guards is None


def test_recorded_plans_take_the_parameters_as_they_are():
    """Gradients flow to them."""
    x, given = normal(3), [p.requires_grad_() for p in parameters()]
    plan = plan_of(scaled, x, *(p.detach() for p in given), recording=True)
    for _ in range(5):
        ready = plan.settle(given)
        assert ready.final
        assert ready.guards is None
        assert all(one is other for one, other in zip(ready.bound, given, strict=True))
    torch.testing.assert_close(torch.autograd.grad(ready.code(x, *ready.bound)[0].sum(), given)[1], torch.ones(3))


def test_the_source_is_what_runs():
    x, given = normal(3), parameters()
    plan = plan_of(scaled, x, *given)
    assert "torch.exp" in plan.source  # also before it ran
    for _ in range(5):
        plan.settle(given)
    assert "torch.exp" not in plan.source


def test_many_threads_settle_one_plan():
    """Under a lock, as the caller holds one; the code itself runs beside others."""
    x, given = normal(3), parameters()
    plan, lock, errors = plan_of(scaled, x, *given), threading.Lock(), []

    def run() -> None:
        for _ in range(200):
            with lock:
                ready = plan.settle(given)
                expected = scaled(x, *given)
            found = ready.code(x, *ready.bound)[0]
            if not torch.allclose(found, expected):
                errors.append(found)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


# Whole networks


def network(**kwargs) -> nn.HybridSequential:
    """Everything that is folded: norms, packed convolutions, joined biases."""
    net = nn.HybridSequential(**kwargs)
    with net.name_scope():
        net.add(
            nn.Conv2D(8, 3, padding=1, in_channels=4), nn.BatchNorm(in_channels=8), nn.Activation("relu"),
            nn.MaxPool2D(2), nn.Conv2D(8, 3, padding=1, in_channels=8), nn.GlobalAvgPool2D(), nn.Flatten(),
        )  # fmt: skip
        for _ in range(4):
            net.add(nn.Dense(8, activation="relu", in_units=8))
        net.add(nn.Dense(5, in_units=8), nn.BatchNorm(in_channels=5))
    return net


def images(seed: int = 0) -> nd.NDArray:
    return nd.array(np.random.RandomState(seed).normal(size=(2, 4, 48, 48)))


def train(pair: Pair, optimizer: str) -> None:
    """A step with the kernels that update all weights at once."""
    trainer = gluon.Trainer(pair.net.collect_params(), optimizer, {"learning_rate": 0.01})
    with autograd.record():
        loss = pair.net(images(5)).square().sum()
    loss.backward()
    trainer.step(2)


def reload(pair: Pair, folder: Path) -> None:
    for parameter in pair.parameters:
        parameter.set_data(parameter.data() * 0.9)
    pair.net.save_parameters(str(folder / "net.params"))
    for parameter in pair.parameters:
        parameter.set_data(parameter.data() * 1.2)
    pair.net.load_parameters(str(folder / "net.params"))


def run_training_forward(pair: Pair, folder: Path) -> None:
    with autograd.record():
        pair.net(images(6))


def of_weights(change: Callable[[nd.NDArray], object]) -> Callable:
    """A change of one weight of each kind, in place."""

    def changed(pair: Pair, folder: Path) -> None:
        for parameter in pair.parameters:
            change(parameter.data())

    return changed


def grow(array: nd.NDArray) -> None:
    array *= 1.1


def replace_some(array: nd.NDArray) -> None:
    array[0] = 0.3


def replace_all(array: nd.NDArray) -> None:
    array[:] = array.asnumpy() * 0.8


def through_a_view(array: nd.NDArray) -> None:
    array.reshape((-1,))[0:1] = 0.2


def through_detached(array: nd.NDArray) -> None:
    detached = array.detach()
    detached += 0.01


def by_an_operator(array: nd.NDArray) -> None:
    nd.broadcast_mul(array, nd.ones((1,) * array.ndim) * 0.9, out=array)


def by_sgd(array: nd.NDArray) -> None:
    nd.sgd_update(array, array * 0.1, lr=0.1, out=array)


CHANGES: dict[str, Callable[[Pair, Path], object]] = {
    "set_data": lambda pair, _: [p.set_data(p.data() * 0.9) for p in pair.parameters],
    "in place": of_weights(grow),
    "some elements": of_weights(replace_some),
    "all elements": of_weights(replace_all),
    "through a view": of_weights(through_a_view),
    "through detach": of_weights(through_detached),
    "out=": of_weights(by_an_operator),
    "sgd_update": of_weights(by_sgd),
    "copyto": of_weights(lambda array: (array * 0.9).copyto(array)),
    "Trainer, sgd": lambda pair, _: train(pair, "sgd"),
    "Trainer, adam": lambda pair, _: train(pair, "adam"),
    "load_parameters": reload,
    "running statistics": run_training_forward,
    "initialize": lambda pair, _: pair.net.initialize(mx.init.Uniform(0.3), force_reinit=True),
    "reset_ctx": lambda pair, _: pair.net.collect_params().reset_ctx(mx.cpu(0)),
    "cast": lambda pair, _: (pair.net.cast("float64"), pair.net.cast("float32")),
    "zero_grad": lambda pair, _: pair.net.collect_params().zero_grad(),
}


@pytest.mark.parametrize("name", CHANGES)
def test_prediction_is_never_stale(name, tmp_path):
    pair = Pair(network)
    x = images()
    for _ in range(4):  # folded by now
        pair.check(x)
    latest = pair.net._recorded.last.cached._last[0]
    assert latest is not None
    assert latest.guards
    for _ in range(2):
        CHANGES[name](pair, tmp_path)
        for _ in range(2):
            pair.check(x)


def test_cast_to_another_dtype():
    pair = Pair(network)
    for dtype in ("float32", "float64", "float32"):
        for one in (pair.net, pair.twin):
            one.cast(dtype)
        for _ in range(5):
            pair.check(images().astype(dtype))


def test_evaluation_between_training_steps():
    """Rounds of steps and predictions, of different lengths."""
    pair = Pair(network)
    for rounds in (1, 4, 2, 7, 1, 12):
        train(pair, "sgd")
        for i in range(rounds):
            pair.check(images(i))


def test_where_nothing_is_folded_there_are_no_guards():
    net = nn.HybridSequential()
    net.add(nn.Dense(64, in_units=128, activation="relu"), nn.Dense(8, in_units=64))
    net.initialize()
    net.hybridize()
    x = nd.ones((2, 128))
    for _ in range(3):
        net(x)
    latest = net._recorded.last.cached._last[0]
    assert latest is not None
    assert latest.guards is None
    net[1].weight.data()[:] = 0
    net[1].bias.data()[:] = 3
    assert (net(x).asnumpy() == 3).all()  # transposed weights are views


def test_threads_that_predict_while_weights_change():
    """Every result is that of one of the weights that there were; after the last change, of the last."""
    net = network()
    net.initialize()
    x = images()
    net.hybridize()
    last = net[-2]
    levels = np.arange(6.0)
    last.weight.set_data(nd.zeros((5, 8)))
    for _ in range(4):
        net(x)
    scale = net(x).asnumpy() * 0 + 1 / np.sqrt(1 + 1e-5)
    errors: list[object] = []
    done = threading.Event()

    def predict() -> None:
        while not done.is_set():
            found = net(x).asnumpy() / scale
            if not any(np.allclose(found, level, atol=1e-4) for level in levels):
                errors.append(found)

    threads = [threading.Thread(target=predict) for _ in range(3)]
    for thread in threads:
        thread.start()
    for level in levels:
        last.bias.set_data(nd.full((5,), level))
        for _ in range(4):
            found = net(x).asnumpy() / scale
            if not np.allclose(found, level, atol=1e-4):
                errors.append((level, found))
    done.set()
    for thread in threads:
        thread.join()
    assert not errors
