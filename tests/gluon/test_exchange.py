"""Every way of saving parameters beside every way of loading them."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import mxnet as mx
from mxnet import gluon, nd
from mxnet.gluon import nn


class Net(nn.HybridBlock):
    """Nested, with moving statistics, a shared layer, a constant, and parameters of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.scale = self.params.get("scale", shape=(3,))
            self.shift = self.params.get_constant("shift", [1.0, 2, 3])
            self.body = nn.HybridSequential()
            with self.body.name_scope():
                self.body.add(nn.Dense(3, in_units=3), nn.BatchNorm(in_channels=3))
            self.tied = nn.Dense(3, in_units=3, params=self.body[0].params)

    def hybrid_forward(self, F, x, scale, shift):
        return self.tied(self.body(F.broadcast_add(F.broadcast_mul(x, scale), shift)))


def network(seed, prefix="net_"):
    net = Net(prefix=prefix)
    net.initialize(mx.init.Zero())
    for i, parameter in enumerate(net.collect_params().values()):
        if parameter.name != f"{prefix}shift":
            parameter.set_data(nd.array(np.random.RandomState(seed + i).uniform(0.5, 1, parameter.shape)))
    return net


def split(net):
    """Arguments and auxiliary states, as a checkpoint keeps them apart."""
    values = {name: p.data() for name, p in net.collect_params().items()}
    aux = {name: v for name, v in values.items() if "running" in name}
    return {name: v for name, v in values.items() if name not in aux}, aux


def prefix(path):
    """What mx.model makes the path from."""
    return str(path).replace("-0000", "").removesuffix(".params")


def load_checkpoint(net, path, **kwargs):
    args, aux = mx.model.load_params(prefix(path), 0)
    net.collect_params().load_dict({**args, **aux}, **kwargs)


SAVE = {
    "save_parameters": lambda net, path: net.save_parameters(path),
    "save_parameters once": lambda net, path: net.save_parameters(path, deduplicate=True),
    "ParameterDict.save": lambda net, path: net.collect_params().save(path),
    "ParameterDict.save without prefix": lambda net, path: net.collect_params().save(path, strip_prefix="net_"),
    "save_checkpoint": lambda net, path: mx.model.save_checkpoint(prefix(path), 0, None, *split(net)),
}
LOAD = {
    "load_parameters": lambda net, path: net.load_parameters(path),
    "ParameterDict.load": lambda net, path: net.collect_params().load(path),
    "ParameterDict.load with prefix": lambda net, path: net.collect_params().load(path, restore_prefix="net_"),
    "load_dict": lambda net, path: net.collect_params().load_dict(nd.load(path)),
    "load_params": load_checkpoint,
    "load_params with prefix": lambda net, path: load_checkpoint(net, path, restore_prefix="net_"),
}
# As in MXNet, a dictionary puts no prefix before names unless it is told to.
NEED_PREFIX = {
    ("ParameterDict.save without prefix", load) for load in ("ParameterDict.load", "load_dict", "load_params")
}


@pytest.mark.parametrize("ending", [".params", ".safetensors"])
@pytest.mark.parametrize("load", LOAD)
@pytest.mark.parametrize("save", SAVE)
def test_every_pair(save, load, ending, tmp_path):
    source, target = network(1), network(100)
    x = nd.array([[1.0, -2, 3]])
    assert (source(x).asnumpy() != target(x).asnumpy()).all()
    path = tmp_path / f"some-0000{ending}"
    SAVE[save](source, path)
    assert path.exists()
    if (save, load) in NEED_PREFIX:
        with pytest.raises(AssertionError, match="'net_scale' is missing"):
            LOAD[load](target, path)
        return
    LOAD[load](target, path)
    for name, parameter in source.collect_params().items():
        assert (target.collect_params()[name].data().asnumpy() == parameter.data().asnumpy()).all(), name
    assert (source(x).asnumpy() == target(x).asnumpy()).all()


@pytest.mark.parametrize("ending", [".params", ".safetensors"])
@pytest.mark.parametrize("save", SAVE)
def test_into_a_network_without_values(save, ending, tmp_path):
    source, target = network(1), Net(prefix="net_")
    path = tmp_path / f"some-0000{ending}"
    SAVE[save](source, path)
    target.load_parameters(path, ctx=mx.cpu(1))
    x = nd.ones((1, 3))
    assert (source(x).asnumpy() == target(x.as_in_context(mx.cpu(1))).asnumpy()).all()


def test_the_same_places_under_another_prefix(tmp_path):
    source, target = network(1), network(100, prefix="other_")
    source.save_parameters(tmp_path / "places.params")
    source.collect_params().save(tmp_path / "short.params", strip_prefix="net_")
    for file in ("places.params", "short.params"):
        target.initialize(mx.init.Zero(), force_reinit=True)
        target.load_parameters(tmp_path / file)
        assert (target(nd.ones((1, 3))).asnumpy() == source(nd.ones((1, 3))).asnumpy()).all()


@pytest.mark.parametrize("make", [lambda: nn.Dense(2, in_units=3), lambda: nn.BatchNorm(in_channels=3)])
@pytest.mark.parametrize("save", ["save_parameters", "ParameterDict.save"])
@pytest.mark.parametrize("load", ["load_parameters", "ParameterDict.load", "load_dict"])
def test_a_single_layer(make, save, load, tmp_path):
    """Its places have no dots."""
    layer = make()
    layer.initialize(mx.init.Uniform(1))
    before = {name: p.data().copy() for name, p in layer.collect_params().items()}
    path = tmp_path / "layer.params"
    SAVE[save](layer, path)
    layer.initialize(mx.init.One(), force_reinit=True)
    LOAD[load](layer, path)
    for name, value in before.items():
        assert (layer.collect_params()[name].data().asnumpy() == value.asnumpy()).all()


def test_some_of_the_parameters(tmp_path):
    source, target = network(1), network(100)
    source.save_parameters(tmp_path / "all.params")
    target.collect_params(".*dense").load(tmp_path / "all.params", ignore_extra=True)
    assert (target.body[0].weight.data().asnumpy() == source.body[0].weight.data().asnumpy()).all()
    assert (target.scale.data().asnumpy() != source.scale.data().asnumpy()).any()
    source.collect_params(".*(dense|scale)").save(tmp_path / "some.params")
    target.load_parameters(tmp_path / "some.params", allow_missing=True)
    assert (target.scale.data().asnumpy() == source.scale.data().asnumpy()).all()


def test_dictionaries_of_blocks_can_be_copied_and_pickled(tmp_path):
    net = network(1)
    net.save_parameters(tmp_path / "all.params")
    for twin in (copy.deepcopy(net.collect_params()), pickle.loads(pickle.dumps(net.collect_params()))):
        assert repr(twin) == repr(net.collect_params())
        twin.load_dict({name: p.data() for name, p in net.collect_params().items()})


def test_names_that_stand_there_twice():
    net = network(1)
    values = {f"arg:{name}": p.data() for name, p in net.collect_params().items()}
    with pytest.raises(mx.MXNetError, match="it has 'net_scale' twice"):
        net.collect_params().load_dict({**values, "net_scale": nd.ones(3)})


@pytest.mark.parametrize("kind", ["arg:net_", "net_", ""])
def test_all_problems_in_the_files_own_kind_of_names(kind):
    net = network(1)
    if kind:
        values = {kind + name.removeprefix("net_"): p.data() for name, p in net.collect_params().items()}
        wrong, right, lost = f"{kind}scael", kind.removeprefix("arg:") + "scale", f"{kind}hybridsequential0_dense0_bias"
    else:
        values = {name: p.data() for name, p in net._collect_params_with_prefix().items()}
        wrong, right, lost = "scael", "scale", "body.1.gamma"
    values[wrong] = values.pop(kind + "scale")
    del values[lost]
    values["unrelated/thing"] = nd.ones(1)
    before = net.scale.data().asnumpy()
    with pytest.raises(gluon.parameter.ParameterMismatch) as caught:
        net.collect_params().load_dict(values, filename="some.params")
    text = str(caught.value)
    bare = wrong.removeprefix("arg:")
    assert f"Parameter '{right}' is missing in file 'some.params' (did you mean '{bare}'?)" in text
    assert (
        f"Parameter '{bare}' loaded from file 'some.params' is not present in the network (did you mean '{right}'?)"
        in text
    )
    assert f"Parameter '{lost.removeprefix('arg:')}' is missing in file 'some.params'" in text
    assert "Parameter 'unrelated/thing' loaded from" in text
    assert (net.scale.data().asnumpy() == before).all()


def test_hundreds_of_names_of_another_network(tmp_path):
    """Every name gets a hint, in seconds rather than minutes."""
    net = nn.Sequential(prefix="net_")
    with net.name_scope():
        for _ in range(150):
            net.add(nn.Dense(1, in_units=1))
    net.initialize()
    shifted = {name.replace("dense", "densely"): p.data() for name, p in net.collect_params().items()}
    with pytest.raises(gluon.parameter.ParameterMismatch) as caught:
        net.collect_params().load_dict(shifted)
    text = str(caught.value)
    assert text.count("is missing in param_dict (did you mean 'net_densely") == 300
    assert "Parameter 'net_dense117_bias' is missing in param_dict (did you mean 'net_densely117_bias'?)" in text
