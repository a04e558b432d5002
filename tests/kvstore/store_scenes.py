"""Scenes about key-value stores (see tests/gluon/samples/scenes.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.gluon.samples.scenes import Notes
from tests.gluon.training_scenes import a_file, two, values

SCENES: dict[str, Callable[[Any, Notes], None]] = {}


def scene(function: Callable[[Any, Notes], None]) -> Callable[[Any, Notes], None]:
    SCENES[function.__name__] = function
    return function


def pulled(mx: Any, store: Any, key: Any, shape: Any = (2,), **kwargs: Any) -> list:
    out = mx.nd.zeros(shape)
    store.pull(key, out=out, **kwargs)
    return out.asnumpy().tolist()


@scene
def kinds(mx: Any, notes: Notes) -> None:
    for name in ("local", "device", "Device", "local_update_cpu", "local_allreduce_cpu", "local_allreduce_device",
                 "teststore", "TestStore"):  # fmt: skip
        store = mx.kv.create(name)
        notes.say(store.type, store.rank, store.num_workers, type(store).__name__, store.is_capable("optimizer"))
        with notes.fails():
            store.is_capable("nothing")
    notes.say(mx.kv.create().type, mx.kv.create().is_capable("OPTIMIZER"), mx.kv.KVStoreBase.OPTIMIZER)
    notes.say(mx.kvstore.base.create is mx.kv.create, mx.kvstore.kvstore.KVStore is mx.kv.KVStore)
    notes.say(issubclass(mx.kv.KVStore, mx.kv.KVStoreBase), sorted(mx.kv.KVStoreBase.kv_registry))
    for wrong in (3, None, mx.kv.create()):
        with notes.fails():
            mx.kv.create(wrong)
    with notes.fails():
        mx.kv.KVStore(None)
    notes.say(type(mx.kv.KVStoreServer(mx.kv.create())).__name__)


@scene
def values_by_key(mx: Any, notes: Notes) -> None:
    nd, contexts = mx.nd, two(mx)
    for kind in ("local", "device"):
        kv = mx.kv.create(kind)
        kv.init(3, nd.ones(2) * 2)
        notes.say(pulled(mx, kv, 3))
        for key in (3, "a", 1.5, None, (4, "x"), np.int64(7)):
            with notes.fails():
                kv.init(key, nd.ones(2))
        for arguments in ((10, np.ones(2)), ([10, 11], [nd.ones(2)]), ([10, 10], [nd.ones(2)] * 2), ([], []),
                          (True, nd.ones(2)), (-1, nd.ones(2)), ((21, 22), (nd.ones(2), nd.zeros(3)))):  # fmt: skip
            with notes.fails():
                kv.init(*arguments)
        kv.init([30, 31], [[nd.ones(2)], [nd.zeros((2, 2))]])
        kv.push(3, nd.ones(2) * 8)
        notes.say(pulled(mx, kv, 3))
        kv.push(3, [nd.ones(2) * 8, nd.ones(2, ctx=contexts[1])])
        notes.say(pulled(mx, kv, 3))
        kv.push([21, 22], [nd.ones(2) * 3, [nd.ones(3), nd.ones(3, ctx=contexts[1]), nd.ones(3, ctx=mx.cpu(2))]])
        notes.say(pulled(mx, kv, 21), pulled(mx, kv, 22, (3,)))
        kv.push([21, 21, 21], [nd.ones(2) * 3, [nd.ones(2), nd.ones(2)], nd.ones(2)])
        notes.say(pulled(mx, kv, 21))
        outs = [nd.zeros(2), nd.zeros(2, ctx=contexts[1]), nd.zeros(2, dtype="float64")]
        kv.pull(21, out=outs)
        notes.say(values(outs))
        kv.pull([21, 22], out=[outs, nd.zeros(3)])
        pair = [nd.ones(2)]
        for method, *arguments in (("pull", 99, nd.zeros(2)), ("push", 99, nd.ones(2)), ("pull", "3", nd.ones(2)),
                                   ("pull", 3), ("pull", 3, nd.zeros(3)), ("pull", [3, 21], pair), ("pull", 3, 5),
                                   ("push", [21, 22], pair), ("push", 3, 5)):  # fmt: skip
            with notes.fails():
                getattr(kv, method)(*arguments)
        kv = mx.kv.create(kind)
        kv.init(["a", "b"], [nd.ones(2), nd.zeros(2)])
        notes.say(pulled(mx, kv, "a"), pulled(mx, kv, "b"))
        with notes.fails():
            kv.init(1, nd.ones(2))
        kv.init("a" * 100, nd.ones(2))
        notes.say(pulled(mx, kv, "a" * 100))


@scene
def push_and_pull_in_one(mx: Any, notes: Notes) -> None:
    nd, contexts = mx.nd, two(mx)
    for kind in ("local", "device", "teststore"):
        kv, out = mx.kv.create(kind), nd.zeros(2)
        kv.broadcast(9, nd.ones(2) * 5, out=out)
        notes.say(values(out))
        outs = [nd.zeros(2), nd.zeros(2, ctx=contexts[1])]
        kv.broadcast(8, nd.ones(2) * 5, out=outs)
        notes.say(values(outs))
        pushed = [nd.ones(2), nd.ones(2, ctx=contexts[1]) * 2]
        kv.pushpull(9, pushed)
        notes.say(values(pushed))
        pushed = [nd.ones(2), nd.ones(2, ctx=contexts[1]) * 2]
        kv.pushpull(9, pushed, out=out)
        notes.say(values(out), values(pushed))
        kv.pushpull(9, nd.ones(2) * 7, out=outs)
        notes.say(values(outs))
        alone = nd.ones(2)
        kv.pushpull(9, alone)
        notes.say(values(alone))
        if kind != "teststore":
            notes.say(pulled(mx, kv, 9))
            with notes.fails():
                kv.broadcast(9, nd.ones(2), out=out)
            kv.broadcast([10, 11], [nd.ones(2) * 5, nd.ones(1)], out=[out, [nd.zeros(1), nd.zeros(1)]])
            kv.pushpull([10, 11], [nd.ones(2), [nd.ones(1), nd.ones(1)]], out=[outs, nd.zeros(1)], priority=3)
            notes.say(values(outs), pulled(mx, kv, 11, (1,)))
        else:
            for method, *arguments in (("set_optimizer", 1), ("save_optimizer_states", "a"), ("load_optimizer_states",
                                       "a"), ("broadcast", [1, 2], [out] * 2, outs)):  # fmt: skip
                with notes.fails():
                    getattr(kv, method)(*arguments)


@scene
def own_updaters(mx: Any, notes: Notes) -> None:
    nd, contexts = mx.nd, two(mx)
    for kind in ("local", "device"):
        kv, calls = mx.kv.create(kind), []

        def update(key: Any, grad: Any, weight: Any, calls: list = calls) -> None:
            calls.append([key, grad.asnumpy().tolist(), weight.asnumpy().tolist()])
            weight += grad * 2

        kv._set_updater(update)
        kv.init([3, 4], [nd.ones(2), nd.ones(2)])
        kv.push(3, [nd.ones(2), nd.ones(2, ctx=contexts[1]) * 3])
        notes.say(pulled(mx, kv, 3), calls)
        calls.clear()
        kv.push([4, 3], [nd.ones(2), nd.ones(2)])
        notes.say(pulled(mx, kv, 3), sorted(calls))
        calls.clear()
        out, alone = nd.zeros(2), nd.ones(2)
        kv.pushpull(3, nd.ones(2), out=out)
        kv.pushpull(3, alone)
        notes.say(values(out), values(alone), calls)


@scene
def optimizers_of_stores(mx: Any, notes: Notes) -> None:
    nd = mx.nd
    for kind, name in (("local", "sgd"), ("device", "adam")):
        kv = mx.kv.create(kind)
        with a_file() as path:
            with notes.fails():
                kv.save_optimizer_states(path)
            with notes.fails():
                kv.load_optimizer_states(path)
        arguments = {"learning_rate": 0.5, **({"momentum": 0.9} if name == "sgd" else {})}
        kv.set_optimizer(mx.optimizer.create(name, **arguments))
        kv.init(["w", "b"], [nd.ones(2), nd.ones((2, 2))])
        for dump in (False, True):
            kv.push(["w", "b"], [nd.ones(2), nd.ones((2, 2))])
            notes.say(pulled(mx, kv, "w"), pulled(mx, kv, "b", (2, 2)))
            with a_file() as path:
                kv.save_optimizer_states(path, dump_optimizer=dump)
                kv.set_optimizer(mx.optimizer.create(name, **arguments))
                kv.load_optimizer_states(path)
            if not dump:  # counts of updates belong to the optimizer, which was not saved
                continue
            kv.push("w", [nd.ones(2), nd.ones(2, ctx=mx.cpu(1))])
            notes.say(pulled(mx, kv, "w"))
        with notes.fails():
            kv.load_optimizer_states("/nonexistent/file")


@scene
def compressed_values(mx: Any, notes: Notes) -> None:
    nd, contexts = mx.nd, two(mx)
    good = {"type": "2bit", "threshold": 0.5}
    for kind in ("local", "local_allreduce_cpu", "local_update_cpu", "local_allreduce_device", "device"):
        with notes.fails():
            mx.kv.create(kind).set_gradient_compression(good)
    for wrong in ({"type": "1bit"}, {"threshold": 0.5}, {"type": "2bit", "foo": 1}, {"type": "2bit", "threshold": -1},
                  {"type": "2bit", "threshold": 0}, {"type": "none"}, {"type": "2bit", "threshold": "0.25"}, 3, None,
                  {"type": "2bit", "threshold": "x"}, {}):  # fmt: skip
        with notes.fails():
            mx.kv.create("device").set_gradient_compression(wrong)
    gradient = nd.array([0.1, 0.3, 0.5, 0.7, -0.6, 2.0])
    for late, params in (
        (False, good),
        (True, good),
        (False, {"type": "2bit"}),
        (False, {"type": "2bit", "threshold": "0.25"}),
    ):
        for count in (1, 2):
            kv = mx.kv.create("device")
            if late:
                kv.init(0, nd.zeros(6))
            kv.set_gradient_compression(params)
            if not late:
                kv.init(0, nd.zeros(6))
            for _ in range(4):
                kv.push(0, [gradient.as_in_context(c) for c in contexts[:count]])
                notes.say(pulled(mx, kv, 0, (6,)))


@scene
def rows(mx: Any, notes: Notes) -> None:
    nd, contexts = mx.nd, two(mx)

    def some(numbers: list, context: Any = None) -> Any:
        return nd.sparse.row_sparse_array((np.ones((len(numbers), 2), "f"), numbers), shape=(4, 2), ctx=context)

    def empty(context: Any = None) -> Any:
        return nd.sparse.zeros("row_sparse", (4, 2), ctx=context)

    for kind in ("local", "device"):
        kv = mx.kv.create(kind)
        kv.init([3, 5], [some([0, 2]), nd.ones((4, 2))])
        for stype in ("row_sparse", "default"):
            for ignore in (True, False):
                out = nd.zeros((4, 2)).tostype(stype)
                kv.pull(3, out=out, ignore_sparse=ignore)
                notes.say(values(out))
        for ids in (nd.array([0, 1]), nd.array([2, 0, 2], dtype="int64"), nd.array([[0, 2]]), [nd.array([0])]):
            out = empty()
            kv.row_sparse_pull(3, out=out, row_ids=ids)
            notes.say(values(out))
        for ids in ([nd.array([0]), nd.array([2])], nd.array([1, 0])):
            outs = [empty(c) for c in contexts]
            kv.row_sparse_pull(3, out=outs, row_ids=ids)
            notes.say(values(outs))
        for arguments in ((3, empty(), None), (3, empty(), [nd.array([0]), nd.array([2])]), (3, empty(), np.array([0])),
                          (3, nd.zeros((4, 2)), nd.array([0])), (3, None, nd.array([0])), (77, empty(), nd.array([0])),
                          (5, empty(), nd.array([0]))):  # fmt: skip
            with notes.fails():
                kv.row_sparse_pull(arguments[0], out=arguments[1], row_ids=arguments[2])

        def stored(key: int = 3, kv: Any = kv, stype: str = "row_sparse") -> list:
            out = nd.zeros((4, 2)).tostype(stype)
            kv.pull(key, out=out, ignore_sparse=False)
            return values(out)

        kv.push(3, [some([0]), some([0, 3], contexts[1])])
        notes.say(stored())
        kv.push(3, nd.ones((4, 2)))
        notes.say(stored())
        kv.push(5, some([0]))
        notes.say(stored(5, stype="default"))
        kv.push(5, [some([0]), nd.ones((4, 2))])
        notes.say(stored(5, stype="default"))
        kv = mx.kv.create(kind)
        kv.set_optimizer(mx.optimizer.SGD(learning_rate=0.5))
        kv.init(3, some([0, 1, 2, 3]))
        kv.push(3, [some([0]), some([0, 3], contexts[1])])
        notes.say(stored(kv=kv))
        for out in (empty(), nd.zeros((4, 2))):
            kv.pushpull(3, some([1]), out=out)
            notes.say(values(out))
        out = nd.zeros((4, 2))
        kv.broadcast(99, nd.ones((4, 2)).tostype("row_sparse"), out=out)
        notes.say(values(out))


# ---- states that MXNet has pickled -----------------------------------------------------------------------------------

OPTIMIZERS = {"sgd": {"learning_rate": 0.5, "momentum": 0.9}, "adam": {"learning_rate": 0.5}}


def store(mx: Any, name: str) -> Any:
    """A store with an optimizer, a dense and a row-sparse value."""
    kv = mx.kv.create("device")
    kv.set_optimizer(mx.optimizer.create(name, **OPTIMIZERS[name]))
    kv.init(["dense", "rows"], [mx.nd.ones((4, 2)), mx.nd.ones((4, 2)).tostype("row_sparse")])
    return kv


def push_and_pull(mx: Any, kv: Any) -> list:
    """The values after another push."""
    grad = mx.nd.sparse.row_sparse_array((np.array([[1, 2], [3, 4]], "f"), [0, 2]), shape=(4, 2))
    kv.push(["dense", "rows"], [mx.nd.ones((4, 2)), grad])
    return [pulled(mx, kv, "dense", (4, 2)), pulled(mx, kv, "rows", (4, 2))]


def states(mx: Any, name: str) -> list:
    """The states after two pushes, as the hexadecimal digits of a file, and the values then and after a third."""
    kv = store(mx, name)
    push_and_pull(mx, kv)
    before = push_and_pull(mx, kv)
    with a_file() as path:
        kv.save_optimizer_states(path, dump_optimizer=True)
        with open(path, "rb") as file:
            raw = file.read().hex()
    return [raw, before, push_and_pull(mx, kv)]
