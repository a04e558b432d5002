from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import Constant, Parameter, ParameterDict, nn
from tests.gluon import training_scenes
from tests.gluon.samples import load
from tests.gluon.samples.check import check_scene


@pytest.mark.filterwarnings("ignore:Constant parameter")
@pytest.mark.parametrize(
    "scene", ["not_ready", "values_of_parameters", "making_parameters", "several_contexts", "dictionaries"]
)
def test_scene(scene):
    check_scene(scene)


@pytest.mark.parametrize(
    "scene", ["properties_of_parameters", "dictionaries_whole", "sparse_weights", "training_sparse_weights"]
)
def test_training_scene(scene):
    training_scenes.check(mx, training_scenes.SCENES[scene], load("training_scenes")[scene])


def test_message_names_the_layer_and_the_way_out():
    dense = nn.Dense(256)
    with pytest.raises(RuntimeError, match=r"'dense0_weight' of Dense\(None -> 256, linear\) has not been initialized"):
        dense.weight.data()
    dense.initialize()
    with pytest.raises(gluon.DeferredInitializationError, match=r"shape \(256, 0\).* or give in_units=\.\.\. to Dense"):
        dense.weight.data()
    batch_norm = nn.BatchNorm()
    batch_norm.initialize()
    with pytest.raises(gluon.DeferredInitializationError, match=r"give in_channels=\.\.\. to BatchNorm"):
        batch_norm.gamma.data()


@pytest.mark.parametrize("unknown", [0, -1])
def test_unknown_sizes(unknown):
    p = Parameter("w", shape=(2, unknown), allow_deferred_init=True, init="ones")
    p.initialize(ctx=mx.cpu(1))
    assert p.list_ctx() == [mx.cpu(1)]
    p.cast("float16")
    p.set_data(nd.zeros((2, 3)))
    p._finish_deferred_init()
    assert (p.shape, p.data().context, p.data().dtype) == ((2, 3), mx.cpu(1), np.float16)
    assert p.data().asnumpy().tolist() == [[0] * 3] * 2


def test_initialize_that_fails_changes_nothing():
    p = Parameter("w", shape=(2,), init="ones")
    p.initialize()
    for arguments in (("nope",), (None, "no context"), (mx.init.Xavier(),), (None, mx.gpu(99))):
        with pytest.raises((AssertionError, TypeError, ValueError, mx.MXNetError)):
            p.initialize(*arguments, force_reinit=True)
        assert p.data().asnumpy().tolist() == [1, 1]
    with pytest.raises(TypeError):
        p.cast("float17")
    assert p.data().dtype == np.float32


def sparse_parameter(rows: int, ctx=None) -> Parameter:
    p = Parameter("w", shape=(rows, 2), stype="row_sparse", grad_stype="row_sparse")
    p.initialize(mx.init.Uniform(1), ctx=ctx)
    return p


def test_sparse_values_before_a_trainer():
    p = sparse_parameter(4)
    for call, words in ((p.data, "row_sparse_data"), (lambda: p.row_sparse_data(nd.array([0])), "no Trainer")):
        with pytest.raises(RuntimeError, match=words):
            call()
    before = p._reduce().asnumpy()
    p.reset_ctx([mx.cpu(0), mx.cpu(1)])
    p.cast("float64")
    assert (p.list_ctx(), p.grad(mx.cpu(1)).dtype) == ([mx.cpu(0), mx.cpu(1)], np.float64)
    np.testing.assert_array_equal(p._reduce().asnumpy(), before)
    for twin in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        np.testing.assert_array_equal(twin._reduce().asnumpy(), before)
    with pytest.raises(ValueError, match="csr"):
        Parameter("w", shape=(2, 2), stype="csr").initialize()


@pytest.mark.parametrize(("optimizer", "arguments"), [("sgd", {"momentum": 0.9, "wd": 0.1}), ("adam", {"wd": 0.1})])
def test_sparse_weights_learn_as_dense_ones_with_sparse_gradients(optimizer, arguments):
    """The two differ in where the values live only."""
    sparse, rng = sparse_parameter(6), np.random.RandomState(0)
    dense = Parameter("w", shape=(6, 2), grad_stype="row_sparse")
    dense.initialize()
    dense.set_data(sparse._reduce().tostype("default"))
    trainers = [gluon.Trainer([p], optimizer, arguments) for p in (sparse, dense)]
    for _ in range(5):
        ids, factor = nd.array(rng.randint(0, 6, (3, 2))), nd.array(rng.rand(3, 2, 2))
        for p, trainer in zip((sparse, dense), trainers, strict=True):
            with autograd.record():
                weight = p.row_sparse_data(ids) if p is sparse else p.data()
                rows = nd.Embedding(ids, weight, input_dim=6, output_dim=2, sparse_grad=True)
                loss = (rows * rows * factor).sum()
            loss.backward()
            trainer.step(3)
        assert sparse.grad().indices.asnumpy().tolist() == sorted(set(ids.asnumpy().ravel()))
    np.testing.assert_allclose(sparse._reduce().asnumpy(), dense.data().asnumpy(), rtol=1e-6)


@pytest.mark.parametrize("rows", [[0, 2, 5], [], range(6)])
def test_embedding_of_row_sparse_values(rows):
    """Rows that are not stored are zeros; the gradient names the rows that were used, stored or not."""
    ids, factor = nd.array([[5, 1], [2, 9]]), nd.arange(8).reshape((2, 2, 2))
    weight = nd.sparse.row_sparse_array(
        (np.arange(2.0 * len(rows), dtype="f").reshape(-1, 2) + 1, list(rows)), shape=(6, 2)
    )
    found = []
    for w in (weight, weight.tostype("default")):
        w.attach_grad()
        with autograd.record():
            y = nd.Embedding(ids, w, input_dim=6, output_dim=2, sparse_grad=True)
        y.backward(factor)
        found.append((y.asnumpy().tolist(), w.grad.asnumpy().tolist()))
    assert found[0] == found[1]
    assert weight.grad.indices.asnumpy().tolist() == [1, 2, 5]
    weight[:] = nd.ones((6, 2))  # other values in the array: it still gets gradients
    with autograd.record():
        y = nd.Embedding(ids, weight, input_dim=6, output_dim=2, sparse_grad=True)
    y.backward()
    assert y.asnumpy().tolist() == [[[1, 1]] * 2] * 2
    assert weight.grad.asnumpy().tolist() == [[0, 0], [1, 1], [1, 1], [0, 0], [0, 0], [2, 2]]


def test_sparse_states_are_saved_and_values_replaced(tmp_path):
    p, ids = sparse_parameter(4), nd.array([1, 2])
    trainer = gluon.Trainer([p], "sgd", {"momentum": 0.9, "learning_rate": 0.5})

    def step() -> None:
        with autograd.record():
            loss = nd.Embedding(ids, p.row_sparse_data(ids), input_dim=4, output_dim=2, sparse_grad=True).sum()
        loss.backward()
        trainer.step(1)

    p.set_data(nd.ones((4, 2)))
    step()
    trainer.save_states(tmp_path / "states")
    step()
    once = p.row_sparse_data(nd.array([0, 1])).asnumpy()[:2]
    np.testing.assert_allclose(once, [[1, 1], [1 - 0.5 - 0.95] * 2], rtol=1e-6)
    trainer.load_states(tmp_path / "states")
    p.set_data(nd.ones((4, 2)))  # the momentum stays
    step()
    np.testing.assert_allclose(p.row_sparse_data(nd.array([1])).asnumpy()[1], 1 - 0.95, rtol=1e-6)
    with pytest.raises(mx.MXNetError, match="row_ids go from 2 to 4, but the rows are 0 to 3"):
        p.row_sparse_data(nd.array([2, 4]))
    p.initialize(mx.init.Zero(), force_reinit=True)
    assert not p.row_sparse_data(nd.arange(4)).asnumpy().any()


def test_gradient_array_stays_the_same():
    p = Parameter("w", shape=(2,), init="ones")
    p.initialize()
    gradient = p.grad()
    for _ in range(2):
        with autograd.record():
            y = (p.data() * 3).sum()
        y.backward()
        assert p.grad() is gradient
        assert gradient.asnumpy().tolist() == [3, 3]


def test_gradients_on_two_contexts():
    p = Parameter("w", shape=(2,), init="ones")
    p.initialize(ctx=[mx.cpu(0), mx.cpu(1)])
    with autograd.record():
        losses = [(p.data(ctx) * factor).sum() for ctx, factor in ((mx.cpu(0), 2), (mx.cpu(1), 3))]
    autograd.backward(losses)
    assert [g.asnumpy().tolist() for g in p.list_grad()] == [[2, 2], [3, 3]]
    p.zero_grad()
    assert [g.asnumpy().tolist() for g in p.list_grad()] == [[0, 0], [0, 0]]


def test_parameter_of_two_contexts_is_saved_as_mean(tmp_path):
    pd = ParameterDict()
    pd.get("w", shape=(2,), init="ones")
    pd.initialize(ctx=[mx.cpu(0), mx.cpu(1)])
    pd["w"].data(mx.cpu(1))[:] = 3
    pd.save(str(tmp_path / "w"))
    assert nd.load(str(tmp_path / "w"))["w"].asnumpy().tolist() == [2, 2]


def test_writes_to_a_recorded_parameter_are_refused():
    p = Parameter("w", shape=(2,), init="ones")
    p.initialize()
    with autograd.record(), pytest.raises(mx.MXNetError):
        p.set_data(nd.zeros(2))
    assert p.data().asnumpy().tolist() == [1, 1]


def test_variable_follows_the_shape():
    p = Parameter("w", shape=(2, 0))
    first = p.var()
    assert p.var() is first
    p.shape = (2, 3)
    assert p.var().attr("__shape__") == "(2, 3)"
    assert first.attr("__shape__") == "(2, 0)"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_copies(duplicate):
    p = Parameter("w", shape=(2,), init="ones", grad_req="add")
    fresh = duplicate(p)
    assert repr(fresh) == repr(p)
    p.initialize(ctx=[mx.cpu(0), mx.cpu(1)])
    twin = duplicate(p)
    assert (twin.list_ctx(), twin.grad_req) == ([mx.cpu(0), mx.cpu(1)], "add")
    twin.set_data(nd.zeros(2))
    assert p.data(mx.cpu(0)).asnumpy().tolist() == [1, 1]
    assert twin.grad(mx.cpu(1)).asnumpy().tolist() == [0, 0]


def test_constant_in_a_network():
    """A constant keeps its value whatever the initializer, takes no gradient, and is in the graph's file."""

    class Net(nn.HybridBlock):
        def __init__(self):
            super().__init__()
            self.const = self.params.get_constant("const", [[1, 2], [3, 4]])

        def hybrid_forward(self, F, x, const):
            return x * const

    net = Net()
    net.initialize(mx.init.Xavier())
    x = nd.ones((2, 2))
    x.attach_grad()
    with autograd.record():
        y = net(x)
    y.backward()
    assert y.asnumpy().tolist() == x.grad.asnumpy().tolist() == [[1, 2], [3, 4]]
    text = net.const.var().attr("__init__")
    again = nd.zeros((2, 2))
    mx.init.create(text)(mx.init.InitDesc("const_weight"), again)
    assert again.asnumpy().tolist() == [[1, 2], [3, 4]]


def test_constant_of_an_array_keeps_the_dtype():
    assert Constant("c", nd.ones((2, 2), dtype="int32")).dtype == np.int32
    assert Constant("c", np.ones(2)).dtype == np.float32


def test_own_initializer_is_stronger_than_the_networks():
    pd = ParameterDict("net_")
    pd.get("a_weight", shape=(2,), init="ones")
    pd.get("b_bias", shape=(2,))
    pd.initialize(mx.init.Constant(3))
    assert pd["net_a_weight"].data().asnumpy().tolist() == [1, 1]
    assert pd["net_b_bias"].data().asnumpy().tolist() == [3, 3]  # its name does not make it zeros


def test_initialize_logs_when_verbose(caplog):
    pd = ParameterDict()
    pd.get("w", shape=(2, 2), init="ones")
    with caplog.at_level("INFO"):
        pd.initialize(mx.init.Xavier(), verbose=True)
    assert caplog.messages == ["Initialized w as ones: 1.0"]
