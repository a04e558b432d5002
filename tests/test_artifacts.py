"""Files that Apache MXNet 1.9.1 wrote, with what it computed from them: networks, their graphs, and whole trainings."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd

FOLDER = Path(__file__).parents[2] / "shared" / "reference" / "artifacts"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the files of MXNet are not beside this checkout")

MANIFEST = json.loads((FOLDER / "manifest.json").read_text())["cases"] if FOLDER.exists() else {}
NETS = ["mlp", "lenet_bn", "resblock", "emb_ln", "constnet", "gap_concat", "lstm_lm"]
GRAPHS = [*NETS, "deconv"]
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture
def build():
    """The builders of the networks."""
    module = ModuleType("nets")
    exec(compile((FOLDER / "nets.py").read_text(), "nets.py", "exec"), vars(module))
    return lambda name: module.BUILD[name]()


def arrays(name: str) -> dict[str, np.ndarray]:
    return dict(np.load(FOLDER / name))


def inputs_and_outputs(name: str) -> tuple[list[nd.NDArray], list[np.ndarray]]:
    saved = arrays(f"{name}-io.npz")
    inputs = [nd.array(saved[k], dtype=saved[k].dtype) for k in sorted(saved) if k.startswith("in")]
    return inputs, [saved[k] for k in sorted(saved) if k.startswith("out")]


def listed(value: nd.NDArray | list[nd.NDArray]) -> list[nd.NDArray]:
    return [value] if isinstance(value, nd.NDArray) else list(value)


@pytest.mark.parametrize("file", ["save_parameters", "export_params"])
@pytest.mark.parametrize("name", NETS)
def test_parameters_load_and_predict_the_same(build, name, file):
    net = build(name)
    net.load_parameters(str(FOLDER / MANIFEST[name]["files"][file]))
    inputs, expected = inputs_and_outputs(name)
    for found, want in zip(listed(net(*inputs)), expected, strict=True):
        np.testing.assert_allclose(found.asnumpy(), want, **CLOSE)
    assert repr(net).splitlines() == MANIFEST[name]["repr"]
    parameters = net._collect_params_with_prefix()
    recorded = {place: (p["name"], tuple(p["shape"])) for place, p in MANIFEST[name]["parameters"].items()}
    number = re.compile(r"^(const_const)\d*")  # MXNet numbers constants by process
    assert {k: number.sub(r"\1", p.name) for k, p in parameters.items()} == {
        k: number.sub(r"\1", n) for k, (n, _) in recorded.items()
    }
    assert {k: p.shape for k, p in parameters.items()} == {k: shape for k, (_, shape) in recorded.items()}


@pytest.mark.parametrize("name", [name for name in NETS if name != "emb_ln"])  # emb_ln drops at random
def test_gradients_and_statistics_of_one_step_are_the_same(build, name):
    net, expected = build(name), arrays(f"{name}-train.npz")
    net.load_parameters(str(FOLDER / MANIFEST[name]["files"]["save_parameters"]))
    inputs, _ = inputs_and_outputs(name)
    with autograd.record():
        loss = sum((out**2).mean() for out in listed(net(*inputs)))  # the rule in the manifest
    loss.backward()
    np.testing.assert_allclose(loss.asscalar(), expected["loss"][0], rtol=1e-4)
    parameters = net._collect_params_with_prefix()
    for key, value in expected.items():
        kind, _, place = key.partition(":")
        if kind == "grad":
            np.testing.assert_allclose(parameters[place].grad().asnumpy(), value, err_msg=place, **CLOSE)
        elif kind == "after":
            np.testing.assert_allclose(parameters[place].data().asnumpy(), value, err_msg=place, **CLOSE)


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_load_infer_and_compute_the_same(name):
    graph = mx.sym.load(str(FOLDER / f"{name}-symbol.json"))
    saved = nd.load(str(FOLDER / f"{name}-0000.params"))
    values = {key.split(":", 1)[1]: array for key, array in saved.items()}
    inputs, expected = inputs_and_outputs(name)
    free = [n for n in graph.list_inputs() if n not in values]
    assert len(free) == len(inputs)
    given = dict(zip(free, inputs, strict=True))
    _, shapes, _ = graph.infer_shape(**{n: x.shape for n, x in given.items()})
    assert shapes == [want.shape for want in expected]
    for found, want in zip(graph.eval(**given, **values), expected, strict=True):
        np.testing.assert_allclose(found.asnumpy(), want, **CLOSE)
    assert mx.sym.load_json(graph.tojson()).tojson() == graph.tojson()


def params_file(name: str, kind: str) -> Path:
    return FOLDER / MANIFEST[name]["files"][kind]


@pytest.mark.parametrize("load", ["load_parameters", "ParameterDict.load", "load_params"])
@pytest.mark.parametrize("file", ["save_parameters", "export_params"])
@pytest.mark.parametrize("name", NETS)
def test_every_way_of_loading_reads_every_file(build, name, file, load, tmp_path):
    net, path = build(name), tmp_path / "some-0000.params"
    shutil.copy(params_file(name, file), path)
    if load == "load_parameters":
        net.load_parameters(path)
    elif load == "ParameterDict.load":
        net.collect_params().load(path)
    else:
        args, aux = mx.model.load_params(tmp_path / "some", 0)
        net.collect_params().load_dict({**args, **aux})
    expected = nd.load(params_file(name, "save_parameters"))
    parameters = net._collect_params_with_prefix()
    assert parameters.keys() == expected.keys()
    for place, value in expected.items():
        assert (parameters[place].data().asnumpy() == value.asnumpy()).all()


@pytest.mark.parametrize("name", NETS)
def test_saving_writes_mxnets_bytes(build, name, tmp_path):
    net, path = build(name), tmp_path / "some-0000.params"
    net.load_parameters(params_file(name, "export_params"))
    net.save_parameters(path)
    assert path.read_bytes() == params_file(name, "save_parameters").read_bytes()


@pytest.mark.parametrize("name", GRAPHS)
def test_checkpoints_are_what_export_wrote(name, tmp_path):
    for file in (f"{name}-symbol.json", f"{name}-0000.params"):
        shutil.copy(FOLDER / file, tmp_path / file)
    mx.model.save_checkpoint(tmp_path / "ours", 0, *mx.model.load_checkpoint(tmp_path / name, 0))
    ours, theirs = tmp_path / "ours-0000.params", params_file(name, "export_params")
    found, expected = nd.load(ours), nd.load(theirs)
    assert sorted(found) == sorted(expected)
    for key, value in expected.items():
        assert (found[key].asnumpy() == value.asnumpy()).all()
    if list(found) == list(expected):  # export mixes both kinds, checkpoints have auxiliary states last
        assert ours.read_bytes() == theirs.read_bytes()
    else:
        assert any(key.startswith("aux:") for key in expected)


@pytest.mark.parametrize("name", [name for name, case in MANIFEST.items() if case["kind"] == "trainer"])
@pytest.mark.parametrize("again", [False, True])
def test_training_goes_on_from_mxnets_states(build, name, again, tmp_path):
    """again: from a file of ours, written after MXNet's was read."""
    case, saved = MANIFEST[name], arrays(f"{name}-io.npz")
    net = build("mlp")
    net.load_parameters(FOLDER / case["files"]["mid"])
    trainer = gluon.Trainer(net.collect_params(), case["optimizer"])  # the file knows the optimizer's arguments
    trainer.load_states(FOLDER / case["files"]["states"])
    if again:
        trainer.save_states(tmp_path / "ours.states")
        trainer = gluon.Trainer(net.collect_params(), "sgd")
        trainer.load_states(tmp_path / "ours.states")
    x, y, loss_fn = nd.array(saved["x"]), nd.array(saved["y"]), gluon.loss.L2Loss()
    for step in range(case["steps_after_save"]):
        with autograd.record():
            loss = loss_fn(net(x), y)
        loss.backward()
        trainer.step(case["batch_size"])
        expected = saved["losses"][case["steps_before_save"] + step]
        np.testing.assert_allclose(loss.mean().asscalar(), expected, rtol=1e-4)
    for place, value in nd.load(FOLDER / case["files"]["end"]).items():
        found = net._collect_params_with_prefix()[place].data().asnumpy()
        np.testing.assert_allclose(found, value.asnumpy(), err_msg=place, **CLOSE)


@pytest.mark.parametrize("name", ["trainer-sgd", "trainer-adam"])
def test_training_goes_where_mxnets_went(build, name):
    case, saved = MANIFEST[name], arrays(f"{name}-io.npz")
    net = build("mlp")
    net.load_parameters(str(FOLDER / case["files"]["start"]))
    trainer = gluon.Trainer(net.collect_params(), case["optimizer"], case["optimizer_params"])
    x, y, loss_fn, losses = nd.array(saved["x"]), nd.array(saved["y"]), gluon.loss.L2Loss(), []
    for stage, steps in (("mid", case["steps_before_save"]), ("end", case["steps_after_save"])):
        for _ in range(steps):
            with autograd.record():
                loss = loss_fn(net(x), y)
            loss.backward()
            trainer.step(case["batch_size"])
            losses.append(loss.mean().asscalar())
        for place, value in nd.load(str(FOLDER / case["files"][stage])).items():
            found = net._collect_params_with_prefix()[place].data().asnumpy()
            np.testing.assert_allclose(found, value.asnumpy(), err_msg=f"{stage} {place}", **CLOSE)
    np.testing.assert_allclose(losses, saved["losses"], rtol=1e-4)
