"""Scenes about trainers, key-value stores, row-sparse parameters and gluon.utils (see samples/scenes.py)."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import numpy as np

from .samples.scenes import Notes

SCENES: dict[str, Callable[[Any, Notes], None]] = {}


def scene(function: Callable[[Any, Notes], None]) -> Callable[[Any, Notes], None]:
    SCENES[function.__name__] = function
    return function


def play(mx: Any, scene: Callable[[Any, Notes], None]) -> list:
    """What a scene says."""
    notes = Notes()
    with mx.name.NameManager(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scene(mx, notes)
    return notes


def check(mx: Any, scene: Callable[[Any, Notes], None], expected: list) -> None:
    """A scene says here what it said in MXNet."""
    found = play(mx, scene)
    for i, (want, got) in enumerate(zip(expected, found, strict=True)):
        assert alike(want, got), f"note {i}\nMXNet says {want}\nthis says {got}\nafter {found[max(0, i - 3) : i]}"


def alike(want: Any, got: Any) -> bool:
    """Numbers are close, error classes are those of MXNet or derived from them, everything else is equal."""
    if isinstance(want, dict):
        return isinstance(got, dict) and want["raises"][0] in got["raises"]
    if isinstance(want, list):
        return isinstance(got, (list, tuple)) and len(want) == len(got) and all(map(alike, want, got))
    if isinstance(want, float):
        return bool(np.isclose(want, got, rtol=1e-4, atol=1e-6))
    return want == got


def dense(mx: Any, contexts: Any = None, **kwargs: Any) -> Any:
    net = mx.gluon.nn.Dense(2, **{"in_units": 3, "prefix": "d_", **kwargs})
    net.initialize(mx.init.One(), ctx=contexts)
    return net


def backward(mx: Any, net: Any, contexts: Any = (), factor: float = 1) -> None:
    with mx.autograd.record():
        losses = [net(mx.nd.ones((4, 3), ctx=c) * factor).sum() for c in contexts or [mx.cpu()]]
    mx.autograd.backward(losses)


def two(mx: Any) -> list:
    return [mx.cpu(0), mx.cpu(1)]


def values(arrays: Any) -> list:
    """The values of arrays, and the rows that row-sparse ones store."""
    found = []
    for array in arrays if isinstance(arrays, list) else [arrays]:
        rows = array.indices.asnumpy().tolist() if array.stype == "row_sparse" else None
        found.append([str(array.context), array.asnumpy().tolist(), rows])
    return found


@contextmanager
def a_file() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield os.path.join(folder, "file")


# ---- trainers --------------------------------------------------------------------------------------------------------


@scene
def choice_of_the_store(mx: Any, notes: Notes) -> None:
    """Who sums and who updates, for every kind of store; what becomes of weights and gradients."""
    names: list = ["device", "local", None, "teststore", "object", "Device"]
    for count, name, wanted in product((1, 2), names, (None, True, False)):
        if wanted and (name in (None, "teststore") or count == 1) and name != "object":
            continue
        contexts = two(mx)[:count]
        net = dense(mx, contexts)
        store = mx.kv.create("local") if name == "object" else name
        trainer = mx.gluon.Trainer(
            net.collect_params(), "sgd", {"learning_rate": 1.0}, kvstore=store, update_on_kvstore=wanted
        )
        notes.say([count, str(name), wanted, trainer._kv_initialized, len(trainer._params_to_init)])
        backward(mx, net, contexts)
        trainer.step(4 * count)
        kind = type(trainer._kvstore).__name__
        notes.say([kind, trainer._update_on_kvstore, trainer._kv_initialized, trainer._params_to_init])
        notes.say([values(net.weight.list_data()), values(net.bias.list_grad())])
    for store in (3, net):
        with notes.fails():
            mx.gluon.Trainer(net.collect_params(), "sgd", kvstore=store)
            raise TypeError  # MXNet notices at the first step
    for store in ("teststore", mx.kv.create("teststore")):
        with notes.fails():
            trainer = mx.gluon.Trainer(net.collect_params(), "sgd", kvstore=store, update_on_kvstore=True)
            trainer.step(1)


@scene
def environment_decides(mx: Any, notes: Notes) -> None:
    for setting, wanted in product(("0", "1"), (None, True, False)):
        os.environ["MXNET_UPDATE_ON_KVSTORE"] = setting
        try:
            net = dense(mx, two(mx))
            trainer = mx.gluon.Trainer(net.collect_params(), "sgd", update_on_kvstore=wanted)
            backward(mx, net, two(mx))
            trainer.step(1)
            notes.say([setting, wanted, trainer._update_on_kvstore])
        finally:
            del os.environ["MXNET_UPDATE_ON_KVSTORE"]


@scene
def stale_gradients(mx: Any, notes: Notes) -> None:
    contexts = two(mx)
    for wanted in (None, False):
        net = dense(mx, contexts)
        trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0}, update_on_kvstore=wanted)
        with notes.fails():
            trainer.step(1)
        notes.say(values(net.weight.list_data()))
        backward(mx, net, contexts)
        trainer.step(8)
        notes.say([bool(w._fresh_grad) for w in net.weight.list_data()])
        with notes.fails():
            trainer.step(8)
        notes.say(values(net.weight.list_data()))
        if wanted is False:  # where the failed step has summed gradients in MXNet
            net.collect_params().zero_grad()
        backward(mx, net, contexts[:1])
        trainer.step(8, ignore_stale_grad=True)
        notes.say(values(net.weight.list_data()), [bool(w._fresh_grad) for w in net.weight.list_data()])
        with notes.fails():
            trainer.allreduce_grads()
        with notes.fails():
            trainer.update(8, True)
        notes.say(values(net.weight.list_data()))
    net, other = dense(mx), dense(mx, prefix="other_")
    parameters = net.collect_params()
    parameters.update(other.collect_params())
    trainer = mx.gluon.Trainer(parameters, "sgd", {"learning_rate": 1.0})
    backward(mx, net)
    trainer.step(4, ignore_stale_grad=True)
    notes.say(net.weight.data(), other.weight.data(), bool(net.weight.data()._fresh_grad))


@scene
def changes_between_steps(mx: Any, notes: Notes) -> None:
    contexts = two(mx)
    for wanted in (None, False):
        net = dense(mx, contexts)
        trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0}, update_on_kvstore=wanted)

        def step(net: Any = net, trainer: Any = trainer) -> None:
            backward(mx, net, contexts)
            trainer.step(8)
            notes.say(values(net.weight.list_data() + net.bias.list_data()))

        step()
        net.weight.set_data(mx.nd.ones((2, 3)) * 50)
        step()
        for context in contexts:
            net.weight.data(context)[:] = 100
        step()
        trainer.set_learning_rate(0.25)
        notes.say(trainer.learning_rate, trainer.optimizer.learning_rate)
        step()
        net.bias.grad_req = "null"  # without that of the weight, MXNet does not compute that of the bias
        step()
        net.bias.grad_req = "write"
        step()
        net.weight.lr_mult, net.bias.wd_mult, trainer.optimizer.wd = 0.5, 0.0, 0.1
        step()
        notes.say(trainer.optimizer.num_update, sorted(trainer.optimizer._index_update_count.items()))
        with notes.fails():
            trainer.step(0)


@scene
def adding_gradients(mx: Any, notes: Notes) -> None:
    for count, wanted in ((1, None), (2, None), (2, False)):
        contexts = two(mx)[:count]
        net = dense(mx, contexts)
        net.collect_params().setattr("grad_req", "add")
        trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0}, update_on_kvstore=wanted)
        for _ in range(2):
            for factor in (1, 2):
                backward(mx, net, contexts, factor)
            trainer.step(8)
            notes.say(values(net.weight.list_data() + net.weight.list_grad()))
            net.collect_params().zero_grad()
            notes.say(values(net.weight.list_grad()))


@scene
def summing_and_updating_apart(mx: Any, notes: Notes) -> None:
    for name, count in product(("device", None), (1, 2)):
        contexts = two(mx)[:count]
        net = dense(mx, contexts)
        trainer = mx.gluon.Trainer(
            net.collect_params(), "sgd", {"learning_rate": 1.0}, kvstore=name, update_on_kvstore=False
        )
        backward(mx, net, contexts)
        trainer.allreduce_grads()
        notes.say(values(net.weight.list_grad()))
        for grad in net.weight.list_grad():
            grad *= 0.5
        trainer.update(4)
        notes.say(values(net.weight.list_data()), trainer.optimizer.rescale_grad)
        with notes.fails():
            trainer.update(4)


@scene
def first_step_spreads_weights(mx: Any, notes: Notes) -> None:
    contexts = two(mx)
    for name, wanted in (("device", None), ("device", False), (None, None), ("teststore", None)):
        net = dense(mx, contexts)
        net.weight.data(contexts[1])[:] = 7
        trainer = mx.gluon.Trainer(
            net.collect_params(), "sgd", {"learning_rate": 1.0}, kvstore=name, update_on_kvstore=wanted
        )
        notes.say(values(net.weight.list_data()))
        backward(mx, net, contexts)
        trainer.step(8)
        notes.say(values(net.weight.list_data()))


@scene
def unknown_shapes(mx: Any, notes: Notes) -> None:
    for count in (1, 2):
        contexts = two(mx)[:count]
        net = dense(mx, contexts, in_units=0)
        trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
        for call in (lambda t=trainer: t.step(1), lambda t=trainer: t.step(1, True)):
            with notes.fails():
                call()
        backward(mx, net, contexts)
        trainer.step(4 * count)
        notes.say(values(net.weight.list_data()), trainer._params_to_init)


@scene
def compression(mx: Any, notes: Notes) -> None:
    params = {"type": "2bit", "threshold": 0.5}
    for count, name, wanted in product((1, 2), ("device", "device object", None), (None, False)):
        contexts = two(mx)[:count]
        net = dense(mx, contexts)
        store = mx.kv.create("device") if name == "device object" else name
        trainer = mx.gluon.Trainer(
            net.collect_params(), "sgd", {"learning_rate": 1.0}, store, params, update_on_kvstore=wanted
        )
        for factor in (1, 0.02):
            backward(mx, net, contexts, factor)
            trainer.step(1)
            notes.say(values(net.weight.list_data() + net.weight.list_grad()))
    for store, wrong in (("local", params), ("device", {"type": "3bit"}), ("device", {"threshold": 1})):
        with notes.fails():
            net = dense(mx, two(mx))
            trainer = mx.gluon.Trainer(net.collect_params(), "sgd", kvstore=store, compression_params=wrong)
            backward(mx, net, two(mx))
            trainer.step(1)


@scene
def making_trainers(mx: Any, notes: Notes) -> None:
    net, Trainer = dense(mx), mx.gluon.Trainer
    every = net.collect_params()
    notes.say(Trainer(every, "sgd")._params, Trainer(tuple(every.values()), "sgd")._params)
    notes.say(Trainer({"z": net.weight, "a": net.bias}, "sgd")._params, Trainer([net.weight] * 2, "sgd")._params)
    notes.say(Trainer(every, "sgd")._param2idx == {"d_bias": 0, "d_weight": 1})
    optimizer = mx.optimizer.SGD(param_idx2name={0: "foo"}, rescale_grad=2.0)
    trainer = Trainer(every, optimizer, {})
    notes.say(trainer.optimizer is optimizer, sorted(map(str, optimizer.param_dict.values())), trainer._scale)
    backward(mx, net)
    trainer.step(4)
    notes.say(net.weight.data(), optimizer.rescale_grad)
    for arguments in ((every.values(), "sgd"), (iter(every.values()), "sgd"), (net, "sgd"), ([net], "sgd"),
                      (every, "nothing"), (every, "sgd", {"foo": 3}), (every, optimizer, {"wd": 1})):  # fmt: skip
        with notes.fails():
            Trainer(*arguments)
    with notes.fails():
        Trainer([net.weight, dense(mx, two(mx), prefix="e_").weight], "sgd")
    with notes.fails():
        Trainer(mx.gluon.nn.Dense(2).collect_params(), "sgd")
    for name in ("learning_rate", "optimizer"):
        with notes.fails():
            setattr(trainer, name, 1)
    with notes.fails():
        trainer.step("4")
    scheduler = mx.lr_scheduler.FactorScheduler(1, 0.5)
    trainer = Trainer(every, "sgd", {"lr_scheduler": scheduler, "learning_rate": 0.3})
    with notes.fails():
        trainer.set_learning_rate(0.1)
    for _ in range(3):
        backward(mx, net)
        trainer.step(4)
        notes.say(trainer.learning_rate)


@scene
def states_of_trainers(mx: Any, notes: Notes) -> None:
    """Training goes on after load_states as if nothing had happened, on one context, in a store, and on two."""
    for count, wanted, name in ((1, None, "sgd"), (2, None, "sgd"), (2, False, "sgd"), (2, None, "adam"),
                                (2, False, "adam")):  # fmt: skip
        contexts = two(mx)[:count]
        arguments = {"learning_rate": 0.1, **({"momentum": 0.9} if name == "sgd" else {})}
        net = dense(mx, contexts)
        make = lambda net=net, a=arguments, n=name, w=wanted: mx.gluon.Trainer(  # noqa: E731
            net.collect_params(), n, a, update_on_kvstore=w
        )
        trainer = make()
        for step in range(4):
            if step == 2:
                with a_file() as path:
                    trainer.save_states(path)
                    trainer = make()
                    trainer.load_states(path)
                trainer.set_learning_rate(0.2)
            backward(mx, net, contexts)
            trainer.step(8)
        notes.say(values(net.weight.list_data()), trainer.optimizer.num_update, trainer.learning_rate)
        with notes.fails():
            trainer.save_states("/nonexistent/file")
        with notes.fails():
            trainer.load_states("/nonexistent/file")


@scene
def half_precision(mx: Any, notes: Notes) -> None:
    """With a float32 copy small updates are not lost."""
    for count, wanted, multi in product((1, 2), (None, False), (False, True)):
        contexts = two(mx)[:count]
        parameter = mx.gluon.Parameter("w", shape=(3,), dtype="float16", init="one")
        parameter.initialize(ctx=contexts)
        arguments = {"learning_rate": 0.0001, "momentum": 0.5, "multi_precision": multi}
        trainer = mx.gluon.Trainer([parameter], "sgd", arguments, update_on_kvstore=wanted)
        for _ in range(20):
            with mx.autograd.record():
                losses = [(parameter.data(c) * 2).sum() for c in contexts]
            mx.autograd.backward(losses)
            trainer.step(count)
        notes.say(str(parameter.data(contexts[0]).dtype), values(parameter.list_data()))


@scene
def stores_of_others(mx: Any, notes: Notes) -> None:
    """What a Trainer asks of a store that is registered by somebody else."""
    calls: list = []
    ABLE = {"optimizer": False}

    class Own(mx.kv.KVStoreBase):
        type, rank, num_workers = "own", 0, 1

        def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
            calls.append(["broadcast", key, values(value), values(out), priority])

        def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
            calls.append(["pushpull", key, values(value), None if out is None else values(out), priority])

        def is_capable(self, capability: str) -> bool:
            return ABLE[capability]

        def set_optimizer(self, optimizer: Any) -> None:
            calls.append(["set_optimizer", type(optimizer).__name__])

        def save_optimizer_states(self, fname: str, dump_optimizer: bool = False) -> None:
            calls.append(["save", os.path.basename(fname), dump_optimizer])

    class OwnStore(Own):
        pass

    notes.say(mx.kv.KVStoreBase.register(OwnStore) is OwnStore, "ownstore" in mx.kv.KVStoreBase.kv_registry)
    with notes.warned():
        mx.kv.KVStoreBase.register(OwnStore)
    with notes.fails():
        mx.kv.KVStoreBase.register(3)
    for able, count in product((False, True), (1, 2)):
        ABLE["optimizer"] = able
        for name in ("ownstore", "object"):
            contexts = two(mx)[:count]
            net = dense(mx, contexts)
            store = OwnStore() if name == "object" else name
            trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0}, kvstore=store)
            calls.clear()
            backward(mx, net, contexts)
            trainer.step(4)
            with a_file() as path:
                trainer.save_states(path)
            notes.say([able, count, name, type(trainer._kvstore).__name__, trainer._update_on_kvstore], calls)
    with notes.fails():
        trainer = mx.gluon.Trainer(net.collect_params(), "sgd", kvstore=OwnStore(), compression_params={"type": "2bit"})
        trainer.step(1, True)
    del mx.kv.KVStoreBase.kv_registry["ownstore"]
    base = mx.kv.KVStoreBase()
    for call in (lambda: base.broadcast(1, 2, 3), lambda: base.pushpull(1, 2), lambda: base.is_capable("optimizer"),
                 lambda: base.set_optimizer(1), lambda: base.save_optimizer_states("a"),
                 lambda: base.load_optimizer_states("a"), lambda: base.type, lambda: base.rank,
                 lambda: base.num_workers):  # fmt: skip
        with notes.fails():
            call()


# ---- row-sparse gradients and weights --------------------------------------------------------------------------------


@scene
def sparse_gradients(mx: Any, notes: Notes) -> None:
    ids = [[0, 2], [2, 3]]
    stores: list = ["device", None, "object"]
    for count, name, wanted in product((1, 2), stores, (None, True, False)):
        if name is None and wanted:
            continue
        for optimizer, arguments in (
            ("sgd", {"learning_rate": 0.5, "momentum": 0.5}),
            ("adam", {"learning_rate": 0.3}),
        ):
            contexts = two(mx)[:count]
            net = mx.gluon.nn.Embedding(4, 2, sparse_grad=True)
            net.initialize(mx.init.One(), ctx=contexts)
            store = mx.kv.create("local") if name == "object" else name
            trainer = mx.gluon.Trainer(
                net.collect_params(), optimizer, arguments, kvstore=store, update_on_kvstore=wanted
            )
            for _ in range(3):
                with mx.autograd.record():
                    losses = [net(mx.nd.array(i, ctx=c)).sum() for i, c in zip(ids, contexts, strict=False)]
                mx.autograd.backward(losses)
                trainer.step(1)
            if count == 2 or not wanted or name == "object":
                notes.say(trainer._update_on_kvstore)
            notes.say(values(net.weight.list_data()), values(net.weight.list_grad()))


def sparse_parameter(mx: Any, contexts: Any = None, **kwargs: Any) -> Any:
    arguments = {"shape": (4, 2), "stype": "row_sparse", "grad_stype": "row_sparse", "init": "one", **kwargs}
    parameter = mx.gluon.Parameter("w", **arguments)
    parameter.initialize(ctx=contexts)
    return parameter


@scene
def sparse_weights(mx: Any, notes: Notes) -> None:
    nd, contexts = mx.nd, two(mx)
    parameter = mx.gluon.Parameter("w", shape=(4, 2), stype="row_sparse", grad_stype="row_sparse", init="one")
    ids = nd.array([0, 3])
    calls: list = [lambda: parameter.data(), lambda: parameter.list_data(), lambda: parameter.grad(),
                   lambda: parameter.row_sparse_data(ids), lambda: parameter.list_row_sparse_data(ids)]  # fmt: skip
    for call in calls:
        with notes.fails():
            call()
    parameter.initialize(ctx=contexts)
    for call in calls:
        with notes.fails():
            call()
    notes.say(parameter, parameter.list_ctx(), values(parameter.list_grad()), parameter.var().attr("__storage_type__"))
    trainer = mx.gluon.Trainer([parameter], "sgd", {"learning_rate": 0.5})
    notes.say(values(parameter.row_sparse_data(ids)), trainer._kv_initialized, trainer._update_on_kvstore)
    notes.say(values(parameter.row_sparse_data(nd.array([[3, 0], [3, 3]], ctx=contexts[1], dtype="int64"))))
    notes.say(values(parameter.list_row_sparse_data(nd.array([1]))))
    notes.say(parameter.row_sparse_data(ids) is parameter.row_sparse_data(nd.array([1])))
    for wrong in ([1], nd.array([0], ctx=mx.cpu(2))):
        with notes.fails():
            parameter.row_sparse_data(wrong)
    for new in (nd.arange(8).reshape((4, 2)), nd.ones((4, 2)).tostype("row_sparse")):
        parameter.set_data(new)
        notes.say(values(parameter.row_sparse_data(nd.arange(4))))
    with notes.fails():
        mx.gluon.Trainer([parameter], "sgd")
    parameter.zero_grad()
    parameter.reset_ctx(contexts[0])
    notes.say(parameter.list_ctx(), values(parameter.row_sparse_data(nd.arange(4))))
    parameter.grad_req = "null"
    with notes.fails():
        parameter.grad()
    with notes.fails():
        mx.gluon.Parameter("c", shape=(2, 2), stype="csr", init="one").initialize()
    with notes.fails():
        mx.gluon.Parameter("c", shape=(2, 2), init="one").row_sparse_data(ids)
    with notes.fails():
        mx.gluon.Trainer([mx.gluon.Parameter("c", shape=(2, 2), stype="row_sparse")], "sgd")
    waiting = mx.gluon.Parameter("w", shape=(0, 2), stype="row_sparse", init="one", allow_deferred_init=True)
    waiting.initialize()
    trainer = mx.gluon.Trainer([waiting], "sgd")
    with notes.fails():
        waiting.row_sparse_data(ids)
    waiting.shape = (4, 2)
    waiting._finish_deferred_init()
    notes.say(values(waiting.row_sparse_data(ids)))


@scene
def training_sparse_weights(mx: Any, notes: Notes) -> None:
    nd = mx.nd
    for count, name, wanted in product((1, 2), ("device", "local", "object"), (None, True)):
        contexts = two(mx)[:count]
        parameter = sparse_parameter(mx, contexts)
        store = mx.kv.create("local") if name == "object" else name
        trainer = mx.gluon.Trainer(
            [parameter], "sgd", {"learning_rate": 0.5, "momentum": 0.5}, kvstore=store, update_on_kvstore=wanted
        )
        for rows in ([0, 2], [2, 2], [1]):
            with mx.autograd.record():
                losses = []
                for context in contexts:
                    ids = nd.array(rows, ctx=context)
                    weight = parameter.row_sparse_data(ids)
                    losses.append(nd.Embedding(ids, weight, input_dim=4, output_dim=2, sparse_grad=True).sum())
            mx.autograd.backward(losses)
            trainer.step(1)
            notes.say(values(parameter.list_grad()))
        notes.say(values(parameter.list_row_sparse_data(nd.arange(4))))
        notes.say(type(trainer._kvstore).__name__, trainer._update_on_kvstore)
    parameter = sparse_parameter(mx)
    trainer = mx.gluon.Trainer([parameter], "sgd", {"learning_rate": 0.5})
    with mx.autograd.record():  # twice in one pass
        total = nd.zeros(1)
        for factor, rows in ((1, [0, 1]), (2, [1, 2])):
            ids = nd.array(rows)
            weight = parameter.row_sparse_data(ids)
            found = nd.Embedding(ids, weight, input_dim=4, output_dim=2, sparse_grad=True)
            total = total + found.sum() * factor
    total.backward()
    notes.say(total, values(parameter.grad()))
    trainer.step(1)
    dictionary = mx.gluon.ParameterDict()
    dictionary.update({"w": parameter})
    with a_file() as path:
        dictionary.save(path)
        notes.say(values(nd.load(path)["w"]))
        parameter.set_data(nd.zeros((4, 2)))
        dictionary.load(path)
    notes.say(values(parameter.row_sparse_data(nd.arange(4))))
    for store, wanted in ((None, None), ("device", False), ("teststore", None)):
        with notes.fails():
            parameter = sparse_parameter(mx)
            trainer = mx.gluon.Trainer([parameter], "sgd", kvstore=store, update_on_kvstore=wanted)
            parameter.row_sparse_data(nd.array([0]))

    class Net(mx.gluon.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            self.weight = self.params.get("weight", shape=(4, 2), stype="row_sparse", init="one")

        def hybrid_forward(self, F: Any, x: Any, weight: Any) -> Any:
            return F.dot(x, weight)

    net = Net()
    net.initialize()
    for _ in range(2):
        with notes.fails():
            net(nd.ones((2, 4)))
        net.hybridize()


# ---- gluon.utils -----------------------------------------------------------------------------------------------------


@scene
def helpers(mx: Any, notes: Notes) -> None:
    nd, utils, contexts = mx.nd, mx.gluon.utils, two(mx)
    data = nd.arange(14).reshape((7, 2))
    for arguments in ((7,), (3, 0, False), (2, 1), (8, 0, False), (1,), (7, 0, False), (5, 0, False), (2, -1)):
        with notes.fails():
            notes.say(values(list(utils.split_data(data, *arguments))))
    for arguments in ((2,), (3,), (0,), (8,), (2, 5), (-1,)):
        with notes.fails():
            utils.split_data(data, *arguments)
    notes.say(values(utils.split_and_load(data[:6], contexts)), values(utils.split_and_load(data, contexts[1:])))
    notes.say(values(utils.split_and_load(np.arange(6).reshape(2, 3), contexts, batch_axis=0)))
    notes.say(values(utils.split_and_load([[1, 2], [3, 4], [5, 6]], contexts, even_split=False)))
    notes.say(utils.split_data(data, 1)[0] is data, utils.split_and_load(data, contexts[:1])[0] is data)
    with notes.fails():
        utils.split_and_load(data, contexts)
    for check in (True, False):
        arrays = [nd.array([3.0, 4.0]), nd.array([[12.0]], ctx=contexts[1])]
        norm = utils.clip_global_norm(arrays, 6.5, check)
        notes.say(norm, type(norm).__name__, values(arrays))
        notes.say(utils.clip_global_norm(arrays, 100.0, check), values(arrays))
    arrays = [nd.array([np.inf, 1.0])]
    with notes.warned():
        norm = utils.clip_global_norm(arrays, 1.0)
    notes.say(str(norm))
    for wrong in (([], 1.0), (3, 1.0)):
        with notes.fails():
            utils.clip_global_norm(*wrong)
    for shape in (None, (), (0,), (1, 2), (2, 0)):
        notes.say(utils.shape_is_known(shape))
    with a_file() as path:
        with open(path, "wb") as file:
            file.write(b"abc")
        digest = "a9993e364706816aba3e25717850c26c9cd0d89d"
        notes.say(utils.check_sha1(path, digest), utils.check_sha1(path, digest.upper()), utils.check_sha1(path, ""))
        utils.replace_file(path, path + "2")
        notes.say(sorted(os.path.basename(f) for f in os.listdir(os.path.dirname(path))))
        notes.say(os.path.basename(utils.download("http://localhost:1/file", path + "2", sha1_hash=digest)))
        with notes.fails():
            utils.check_sha1(path, digest)
        with notes.fails():
            utils.replace_file(path, path + "3")
    with notes.fails():
        utils.download("http://localhost:1/file", "/nonexistent/file", retries=-1)
    with notes.fails():
        utils.download("http://localhost:1/")


# ---- parameters ------------------------------------------------------------------------------------------------------


@scene
def properties_of_parameters(mx: Any, notes: Notes) -> None:
    Parameter, Constant, nd = mx.gluon.Parameter, mx.gluon.Constant, mx.nd
    p = Parameter("w", shape=(2, 3), dtype="float64", lr_mult=2.0, wd_mult=3.0)
    notes.say(p, p.name, p.shape, p.dtype, p.lr_mult, p.wd_mult, p.init, p.grad_req)
    notes.say(Parameter("w"), Parameter("w", shape=4), Parameter("w", shape=(2, 0)), Parameter("w").shape)
    for arguments in ({"grad_req": "wrong"}, {"stype": "wrong"}, {"grad_stype": "wrong"}):
        with notes.fails():
            Parameter("w", **arguments)
    notes.say(Parameter("w", differentiable=False).grad_req)
    p = Parameter("w", shape=(2, 0))
    for shape in ((2, 3), (2, 3), (3, 3), (2, 3, 1), (2, 0), None, 4):
        with notes.fails():
            p.shape = shape
        notes.say(p.shape)
    c = Constant("c", [[1, 2], [3, 4]])
    notes.say(c, c.grad_req, c.shape, str(c.dtype), c.value)
    for request in ("null", "write", "add", "wrong"):
        with notes.fails(), notes.warned():
            c.grad_req = request
        notes.say(c.grad_req)
    c.initialize()
    notes.say(c.data())
    c.set_data(nd.zeros((2, 2)))
    notes.say(c.data(), c.value)
    for wrong in ("text", None):
        with notes.fails():
            Constant("c", wrong)
    p = Parameter("w", shape=(2,), init="one")
    p.initialize(ctx=two(mx))
    with notes.warned():
        p.initialize()
    for method in ("data", "grad"):
        for context in (None, mx.cpu(0), mx.cpu(1), mx.cpu(2), mx.cpu_pinned(0)):
            with notes.fails():
                notes.say(getattr(p, method)(context))
    with mx.cpu(1), notes.fails():
        notes.say(p.data().context)
    with mx.cpu(3), notes.fails():
        notes.say(p.data().context)
    for new in (nd.array([5, 6]), nd.array([7, 8], dtype="float64"), nd.array([7, 8], ctx=mx.cpu(1))):
        p.set_data(new)
        notes.say(values(p.list_data()))
    for new in (nd.ones(3), nd.ones((2, 1))):
        with notes.fails():
            p.set_data(new)
    p.cast("float16")
    notes.say([str(a.dtype) for a in p.list_data() + p.list_grad()], str(p.dtype))
    p.dtype = "float64"
    notes.say([str(a.dtype) for a in p.list_data() + p.list_grad()])
    p.reset_ctx(mx.cpu(2))
    notes.say(p.list_ctx(), values(p.list_data()), values(p.list_grad()))
    p.reset_ctx([mx.cpu(0), mx.cpu(1)])
    notes.say(p.list_ctx())
    for request in ("null", "add", "write"):
        p.grad_req = request
        with notes.fails():
            notes.say(values(p.list_grad()))
    fresh = Parameter("w", shape=(2,))
    for call in (lambda: fresh.reset_ctx(mx.cpu()), lambda: fresh.set_data(nd.ones(2)), fresh.list_ctx, fresh.list_data,
                 fresh.data, fresh.grad, fresh.list_grad):  # fmt: skip
        with notes.fails():
            call()
    fresh.zero_grad()
    fresh.cast("float16")
    notes.say(fresh)
    null = Parameter("w", shape=(2,), grad_req="null", init="one")
    null.initialize()
    null.zero_grad()
    for call in (null.grad, null.list_grad):
        with notes.fails():
            call()
    v = Parameter("w", shape=(2, 3), lr_mult=2.0, wd_mult=3.0, init="one").var()
    notes.say(v.name, sorted(map(list, v.attr_dict()["w"].items())))


@scene
def dictionaries_whole(mx: Any, notes: Notes) -> None:
    nd, make = mx.nd, mx.gluon.ParameterDict
    d = make("net_")
    w = d.get("w", shape=(2, 3), init="one")
    notes.say(d, d.prefix, repr(make()), list(d), list(d.keys()), list(d.items()), "net_w" in d, len(list(d.values())))
    notes.say(d.get("w") is w, d.get("w", shape=(2, 0)) is w, d.get("w", shape=(2, 3), dtype="float32") is w)
    for arguments in ({"shape": (3, 3)}, {"dtype": "float64"}, {"init": "zeros"}, {"grad_req": "add"}, {"lr_mult": 2.0},
                      {"shape": (2, 3, 1)}, {"shape": None}, {"init": None}, {"foo": 1}, {"wd_mult": 1.0},
                      {"allow_deferred_init": True}, {"differentiable": False}):  # fmt: skip
        with notes.fails():
            d.get("w", **arguments)
        notes.say(w)
    with notes.fails():
        d.get("new", foo=1)
    with notes.fails():
        d["w"]
    c = d.get_constant("c", [1, 2])
    notes.say(
        d,
        d.get_constant("c") is c,
        d.get_constant("c", np.array([1, 2])) is c,
        d.get_constant("c", nd.array([1, 2])) is c,
    )
    for arguments in (("c", nd.array([1, 3])), ("c", nd.ones(3)), ("nothing",), ("w", nd.ones(1)), ("w",)):
        with notes.fails():
            d.get_constant(*arguments)
    child = make("net_", shared=d)
    notes.say(child.get("w") is w, list(child), child.get("own", shape=(1,)), list(child), list(d))
    other = make("other_")
    other.get("v", shape=(1,), init="one")
    other.update(d)
    notes.say(list(other))
    clash = make()
    clash._params["net_w"] = mx.gluon.Parameter("net_w", shape=(9,))
    with notes.fails():
        clash.update(d)
    other.initialize(ctx=two(mx))
    notes.say(other.list_ctx(), values(w.list_data()), values(c.list_data()))
    with notes.warned():
        other.initialize()
    other.initialize(mx.init.Zero(), force_reinit=True)
    notes.say(values(w.list_data()), values(other["other_v"].list_data()), other.list_ctx())
    other.setattr("lr_mult", 0.5)
    notes.say([p.lr_mult for p in other.values()])
    with notes.fails():
        other.setattr("grad_req", "wrong")
    other.reset_ctx(mx.cpu(1))
    notes.say(other.list_ctx())
    other.zero_grad()
    with a_file() as path:
        d.save(path)
        notes.say(sorted(nd.load(path)))
        d.save(path, strip_prefix="net_")
        notes.say(sorted(nd.load(path)))
        with notes.fails():
            d.save(path, strip_prefix="other_")
        w.set_data(nd.zeros((2, 3)))
        d.load(path, restore_prefix="net_")
        notes.say(w.data(mx.cpu(1)))
        for arguments in ({}, {"restore_prefix": "net_", "ctx": mx.cpu(0)}, {"restore_prefix": "x_"},
                          {"restore_prefix": "net_", "dtype_source": "wrong", "cast_dtype": True}):  # fmt: skip
            with notes.fails():
                d.load(path, **arguments)
        half = make("net_")
        half.get("w", shape=(2, 3), dtype="float16")
        half.get("more", shape=(1,), init="one")
        for arguments in ({"restore_prefix": "net_"}, {"restore_prefix": "net_", "allow_missing": True},
                          {"restore_prefix": "net_", "allow_missing": True, "ignore_extra": True}):  # fmt: skip
            with notes.fails():
                half.load(path, **arguments)
        both = {"restore_prefix": "net_", "allow_missing": True, "ignore_extra": True, "cast_dtype": True}
        half.load(path, ctx=two(mx), **both)
        notes.say(half["net_w"], values(half["net_w"].list_data()))
        half.load(path, dtype_source="saved", **both)
        notes.say(half["net_w"])
        with notes.fails():
            half["net_more"].data()
    d.load_dict({"net_w": nd.ones((2, 3)) * 4, "net_c": nd.array([1, 2])})
    notes.say(w.data(mx.cpu(1)))
