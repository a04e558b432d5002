"""Key-value stores: what MXNet's said, and rules of our own."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import kvstore, nd
from tests.gluon.samples import load
from tests.gluon.training_scenes import check
from tests.kvstore import store_scenes

SAID = load("store_scenes")


@pytest.mark.parametrize("name", store_scenes.SCENES)
def test_scene(name):
    check(mx, store_scenes.SCENES[name], SAID[name])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dist_sync", "several machines is not part of this version"),
        ("p3store_dist", "several machines is not part of this version"),
        ("foo", "Unknown kvstore 'foo'; there are local, device"),
        ("", "Unknown kvstore ''"),
    ],
)
def test_names_that_mean_nothing_here(name, words):
    with pytest.raises(mx.MXNetError, match=words):
        mx.kv.create(name)


def test_a_server_has_nothing_to_do():
    with pytest.raises(mx.MXNetError, match="'local' lives in one process and needs no server"):
        mx.kv.KVStoreServer(mx.kv.create("local")).run()


def test_stored_values_are_copies():
    kv, array = mx.kv.create(), nd.ones(2)
    kv.init(0, array)
    array[:] = 2
    for push in (lambda: None, lambda: kv.push(0, array), lambda: kv.pushpull(0, array)):
        push()
        before, out = array.copy(), nd.zeros(2)
        kv.pull(0, out=out)
        stored = out.copy()
        array[:] = 9
        out[:] = 9
        kv.pull(0, out=out)
        assert (out.asnumpy() == stored.asnumpy()).all()
        array[:] = before


def test_wrong_pushes_change_nothing():
    kv = mx.kv.create()
    kv.init([0, 1], [nd.zeros(2), nd.zeros(3)])
    for values, words in (
        ([nd.ones(2), nd.ones(2)], r"key 1 has shape \(3,\), but got an array of shape \(2,\)"),
        ([nd.ones(2), [nd.ones(3), nd.ones(1)]], r"key 1 has shape \(3,\), but got an array of shape \(1,\)"),
        ([[nd.ones(2), nd.ones(2, dtype="int32")], nd.ones(3)], "one dtype, but have float32 and int32"),
    ):
        with pytest.raises(mx.MXNetError, match=words):
            kv.push([0, 1], values)
    with pytest.raises(mx.MXNetError, match="key 5 has not been inited"):
        kv.push([0, 5], [nd.ones(2), nd.ones(2)])
    outs = [nd.ones(2), nd.ones(3)]
    kv.pull([0, 1], out=outs)
    assert [o.asnumpy().tolist() for o in outs] == [[0, 0], [0, 0, 0]]


def test_values_of_many_keys_and_contexts_add_up():
    """In one call, whatever the number of arrays of a key; views are written through."""
    rng, contexts = np.random.RandomState(0), [mx.cpu(i) for i in range(3)]
    for counts in ([3] * 5, [1, 2, 3, 1, 3]):
        keys = [f"k{i}" for i in range(5)]
        values = [rng.randint(0, 9, (count, i + 1, 2)).astype("float32") for i, count in enumerate(counts)]
        arrays = [[nd.array(v, ctx=c) for v, c in zip(each, contexts, strict=False)] for each in values]
        kv = mx.kv.create("device")
        kv.init(keys, [nd.zeros(v.shape[1:]) for v in values])
        whole = nd.zeros((7, 2))
        outs = [
            nd.zeros((1, 2), dtype="float64"),
            whole[1:3],
            *([nd.zeros((i, 2), ctx=c) for c in contexts] for i in (3, 4, 5)),
        ]
        kv.pushpull(keys, arrays, out=outs)
        for value, out, pushed in zip(values, outs, arrays, strict=True):
            for array in out if isinstance(out, list) else [out]:
                np.testing.assert_array_equal(array.asnumpy(), value.sum(0))
            for array, before in zip(pushed, value, strict=True):
                np.testing.assert_array_equal(array.asnumpy(), before)
        np.testing.assert_array_equal(whole.asnumpy()[1:3], values[1].sum(0))


def test_compression_loses_nothing_in_the_long_run():
    """What was sent and what is kept add up to what was pushed."""
    kv, rng = mx.kv.create("device"), np.random.RandomState(0)
    kv.set_gradient_compression({"type": "2bit", "threshold": 0.25})
    kv.init(0, nd.zeros(20))
    sent, pushed, out = np.zeros(20), np.zeros(20), nd.zeros(20)
    for _ in range(50):
        values = rng.uniform(-0.2, 0.2, (2, 20)).astype("float32")
        kv.push(0, [nd.array(v, ctx=mx.cpu(i)) for i, v in enumerate(values)])
        kv.pull(0, out=out)
        assert set(np.unique(out.asnumpy())) <= {-0.5, -0.25, 0, 0.25, 0.5}
        sent, pushed = sent + out.asnumpy(), pushed + values.sum(0)
    assert abs(pushed).max() > 1
    assert abs(sent - pushed).max() <= 2 * 0.25 + 1e-5


@pytest.mark.parametrize("name", store_scenes.OPTIMIZERS)
def test_states_that_mxnet_pickled(name, tmp_path):
    """Also of row-sparse weights, whose states are row-sparse there. They are written again without pickle."""
    raw, before, after = load("store_states")[name]
    path = tmp_path / "states"
    path.write_bytes(bytes.fromhex(raw))
    for _ in range(2):
        kv = mx.kv.create()
        kv.set_optimizer(mx.optimizer.create(name))
        values = [nd.array(before[0]), nd.array(before[1]).tostype("row_sparse")]
        kv.init(["dense", "rows"], values)
        kv.load_optimizer_states(path)
        kv.save_optimizer_states(path, dump_optimizer=True)
        assert b"mxnet.optimizer" not in path.read_bytes()
        for found, wanted in zip(store_scenes.push_and_pull(mx, kv), after, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4)


@pytest.mark.parametrize("multi_precision", [False, True])
def test_an_optimizer_in_the_store_learns_as_one_outside(multi_precision):
    dtype = "float16" if multi_precision else "float32"
    make = lambda: mx.optimizer.Adam(learning_rate=0.1, multi_precision=multi_precision)  # noqa: E731
    kv, updater = mx.kv.create(), mx.optimizer.get_updater(make())
    kv.set_optimizer(make())
    weights = [nd.ones(3, dtype=dtype), nd.ones((2, 2), dtype=dtype)]
    kv.init([0, 1], weights)
    for step in range(5):
        grads = [nd.ones(w.shape, dtype=dtype) * (step - 2) for w in weights]
        kv.push([0, 1], [[g / 2, g / 2] for g in grads])
        updater([0, 1], grads, weights)
    outs = [w * 0 for w in weights]
    kv.pull([0, 1], out=outs)
    for out, weight in zip(outs, weights, strict=True):
        np.testing.assert_array_equal(out.asnumpy(), weight.asnumpy())


def test_a_row_sparse_value_gets_its_missing_rows():
    kv, out = mx.kv.create(), nd.sparse.zeros("row_sparse", (4, 2))
    kv.set_optimizer(mx.optimizer.SGD(learning_rate=0.5))
    kv.init("w", nd.sparse.row_sparse_array((np.ones((1, 2)), [1]), shape=(4, 2)))
    kv.push("w", nd.sparse.row_sparse_array((np.ones((2, 2)), [1, 3]), shape=(4, 2)))
    kv.row_sparse_pull("w", out=out, row_ids=nd.array([3, 1, 0]))
    assert out.indices.asnumpy().tolist() == [0, 1, 3]
    assert out.data.asnumpy().tolist() == [[0, 0], [0.5, 0.5], [-0.5, -0.5]]
    for ids in ([4], [-1], [0, 9]):
        with pytest.raises(mx.MXNetError, match="but the rows are 0 to 3"):
            kv.row_sparse_pull("w", out=out, row_ids=nd.array(ids))


def test_modules_are_where_mxnet_has_them():
    assert kvstore.kvstore.KVStore is kvstore.KVStore is mx.kv.KVStore
    assert kvstore.base.KVStoreBase is kvstore.KVStoreBase
    assert kvstore.kvstore_server.KVStoreServer is kvstore.KVStoreServer
    with pytest.raises(TypeError, match="set_optimizer takes an Optimizer, but got 'sgd'"):
        mx.kv.create().set_optimizer("sgd")
