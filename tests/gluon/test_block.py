from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn
from tests.gluon.samples.check import check_scene


@pytest.mark.parametrize(
    "scene",
    ["names", "texts", "containers", "attributes", "sharing", "files", "summaries", "hooks", "casting",
     "own_hybrid_blocks", "bad_layers"],
)  # fmt: skip
def test_scene(scene):
    check_scene(scene)


def mlp(**kwargs) -> nn.HybridSequential:
    net = nn.HybridSequential(**kwargs)
    with net.name_scope():
        net.add(nn.Dense(3, activation="relu"), nn.BatchNorm(), nn.Dense(2))
    return net


def test_name_scope_may_be_entered_twice():
    """MXNet fails when the inner one is left."""
    net = nn.Sequential(prefix="a_")
    with net.name_scope(), net.name_scope():
        assert nn.Dense(2).name == "a_dense0"
    assert nn.Dense(2).name == "dense0"


def test_name_scope_is_of_its_thread():
    names = []
    with nn.Sequential(prefix="a_").name_scope():
        thread = threading.Thread(target=lambda: names.append(nn.Dense(2).name))
        thread.start()
        thread.join()
    assert names == ["dense0"]


def test_load_lists_everything_and_changes_nothing(tmp_path):
    path = str(tmp_path / "net.params")
    saved = nn.Sequential()
    saved.add(nn.Dense(3, in_units=4), nn.Dense(2, in_units=3), nn.Dense(2, in_units=2))
    saved.initialize()
    saved.save_parameters(path)
    net = nn.Sequential()
    net.first = nn.Dense(3, in_units=4)
    net.add(nn.Dense(2, in_units=5), nn.Dense(2, in_units=2))
    net.initialize()
    before = {k: p.data().asnumpy() for k, p in net._collect_params_with_prefix().items()}
    with pytest.raises(AssertionError) as caught:
        net.load_parameters(path)
    text = str(caught.value)
    for part in ("'first.weight' is missing", "'first.bias' is missing", "'0.weight' loaded from",
                 "'0.bias' loaded from", "expected (2, 5) vs saved (2, 3)",
                 "allow_missing=True", "ignore_extra=True", path):  # fmt: skip
        assert part in text
    for key, parameter in net._collect_params_with_prefix().items():
        np.testing.assert_array_equal(parameter.data().asnumpy(), before[key])


def test_load_guesses_the_name(tmp_path):
    path = str(tmp_path / "net.params")

    class Net(nn.Block):
        def __init__(self, name):
            super().__init__()
            setattr(self, name, nn.Dense(2, in_units=2))

    old = Net("output_layer")
    old.initialize()
    old.save_parameters(path)
    with pytest.raises(ValueError, match=r"'outputlayer.weight' is missing .*did you mean 'output_layer.weight'"):
        Net("outputlayer").load_parameters(path)


def test_load_of_an_attribute_with_another_name(tmp_path):
    """MXNet cannot load this file back: no name in it has a dot."""

    class Net(nn.HybridBlock):
        def __init__(self):
            super().__init__()
            self.scale = self.params.get("w", shape=(2,), init="ones")

        def hybrid_forward(self, F, x, scale):
            return x * scale

    path, net, other = str(tmp_path / "net.params"), Net(), Net()
    net.initialize()
    net.save_parameters(path)
    other.load_parameters(path)
    assert other(nd.array([2, 3])).asnumpy().tolist() == [2, 3]


def test_load_by_full_names(tmp_path):
    path, net = str(tmp_path / "net.params"), mlp()
    net.initialize()
    net(nd.ones((1, 4)))
    net.collect_params().save(path)
    twin = mlp(prefix=net.prefix)
    twin.load_parameters(path)
    np.testing.assert_array_equal(twin(nd.ones((1, 4))).asnumpy(), net(nd.ones((1, 4))).asnumpy())


@pytest.mark.parametrize("content", [b"", b"not a file of arrays", b"\x12\x01\x00\x00\x00\x00\x00\x00"])
def test_load_of_something_else(tmp_path, content):
    path = tmp_path / "net.params"
    path.write_bytes(content)
    net = nn.Dense(2, in_units=2)
    with pytest.raises(mx.MXNetError, match=r"net\.params"):
        net.load_parameters(str(path))
    nd.save(str(path), [nd.ones(2)])
    with pytest.raises(mx.MXNetError, match="without names"):
        net.load_parameters(str(path))


def test_deprecated_files(tmp_path):
    path, net = str(tmp_path / "net.params"), mlp()
    net.initialize()
    net(nd.ones((1, 4)))
    with pytest.warns(UserWarning, match="save_params is deprecated"):
        net.save_params(path)
    assert next(iter(nd.load(path))) == "dense0_weight"
    other = mlp()
    with pytest.warns(UserWarning, match="load_params is deprecated"):
        other.load_params(path)
    np.testing.assert_array_equal(other(nd.ones((1, 4))).asnumpy(), net(nd.ones((1, 4))).asnumpy())


def test_error_names_the_innermost_block():
    net = nn.Sequential(prefix="net_")
    with net.name_scope():
        net.add(nn.Dense(3, in_units=4), nn.Dense(2, in_units=7))
    net.initialize()
    with pytest.raises(
        mx.MXNetError, match=r"(?s)FullyConnected in block 'net_dense1'.*Received: data \(1, 3\)"
    ) as caught:
        net(nd.ones((1, 4)))
    assert caught.value.block == "net_dense1"


def test_error_of_a_lazy_block_is_of_both_classes():
    net = nn.Dense(3)
    net.initialize()
    net.weight.set_data(nd.ones((3, 2)))
    for kind in (mx.MXNetError, ValueError):
        with pytest.raises(kind, match=r"dense0 .*\(2, 4\)"):
            net(nd.ones((2, 4)))
    assert net(nd.ones((1, 2))).asnumpy().tolist() == [[2, 2, 2]]


@pytest.mark.parametrize("shape", [(2, 5), (1, 2, 2, 2), (1, 5, 9, 9)], ids=str)
def test_a_first_forward_that_fails_leaves_the_parameters_waiting(shape):
    net = nn.Conv2D(4, kernel_size=3, groups=2)
    net.initialize()
    with pytest.raises(mx.MXNetError, match="conv0"):
        net(nd.ones(shape))
    with pytest.raises(gluon.DeferredInitializationError):
        net.weight.data()
    assert net(nd.ones((1, 6, 9, 9))).shape == (1, 4, 7, 7)


def test_hooks_stay_silent_while_shapes_are_inferred():
    """MXNet calls the hooks of children with symbols then."""
    net, seen = nn.Dense(2, activation="relu"), []
    net.act.register_forward_hook(lambda block, inputs, outputs: seen.append(type(outputs)))
    net.initialize()
    net(nd.ones((1, 3)))
    assert seen == [nd.NDArray]


def test_lazy_initialization_is_not_recorded():
    net = mlp()
    net.initialize()
    x = nd.ones((4, 5))
    with autograd.record():
        y = net(x)
        assert autograd.is_recording()
    y.backward()
    assert net[0].weight.grad().shape == (3, 5)
    assert not np.allclose(net[2].bias.grad().asnumpy(), 0)


def test_initialize_draws_the_same_on_every_context():
    found = []
    for ctx in (mx.cpu(0), [mx.cpu(1), mx.cpu(2)]):
        mx.random.seed(3)
        net = nn.Dense(4, in_units=3)
        net.initialize(mx.init.Xavier(), ctx=ctx)
        found += [array.asnumpy() for array in net.weight.list_data()]
    assert len(found) == 3
    for array in found[1:]:
        np.testing.assert_array_equal(array, found[0])


def test_hybridized_blocks_answer_the_same():
    net = mlp()
    net.initialize()
    x = nd.random.uniform(shape=(3, 4))
    expected = net(x).asnumpy()
    net.hybridize(static_alloc=True, static_shape=True, inline_limit=3)
    assert all(block._active for block in net)
    np.testing.assert_array_equal(net(x).asnumpy(), expected)
    net.hybridize(False)
    assert not net[0]._active


def test_hybridize_checks_children_that_were_smuggled_in():
    net = nn.HybridSequential()
    net._children["0"] = nn.Lambda("relu")
    with pytest.raises(ValueError, match="must also be HybridBlock"):
        net.hybridize()


def test_blocks_can_be_copied_and_pickled():
    net = mlp()
    net.initialize()
    x = nd.ones((1, 4))
    expected = net(x).asnumpy()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        np.testing.assert_array_equal(twin(x).asnumpy(), expected)
        twin[0].weight.set_data(nd.zeros((3, 4)))
        with autograd.record():
            y = twin(x)
        y.backward()
        assert twin[2].weight.grad().shape == (2, 3)
    np.testing.assert_array_equal(net(x).asnumpy(), expected)


def test_parameters_do_not_keep_their_block():
    net = nn.Dense(2, in_units=2)
    net.initialize()
    weight, gone = net.weight, weakref.ref(net)
    del net
    gc.collect()
    assert gone() is None
    assert weight.data().shape == (2, 2)


def test_exports():
    for name in ("Block", "HybridBlock", "Parameter", "Constant", "ParameterDict", "nn", "utils", "data"):
        assert hasattr(gluon, name)
    assert gluon.nn.Block is gluon.Block
    assert gluon.tensor_types == (mx.sym.Symbol, nd.NDArray)
