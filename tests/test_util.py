"""mx.util, mx.error, mx.misc and mx.base: small tools."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest

import mxnet as mx
import mxnet.misc
from mxnet import error, util

GOLDEN = json.loads((Path(__file__).parent / "golden" / "tools.json").read_text(encoding="utf-8"))

# mx.util


def test_gpus():
    assert util.get_gpu_count() == mx.context.num_gpus()
    with pytest.raises(ValueError, match=r"while received ctx cpu\(0\)"):
        util.get_cuda_compute_capability(mx.cpu())
    with pytest.raises(AttributeError):
        util.get_cuda_compute_capability(3)
    missing = mx.context.num_gpus()
    with pytest.raises(mx.MXNetError, match="CUDA device"):
        util.get_gpu_memory(missing)
    with pytest.raises(mx.MXNetError, match="CUDA device"):
        util.get_cuda_compute_capability(mx.gpu(missing))


def test_the_environment(monkeypatch):
    monkeypatch.delenv("MXNET_A_TEST", raising=False)
    assert util.getenv("MXNET_A_TEST") is None
    util.setenv("MXNET_A_TEST", "3")
    assert util.getenv("MXNET_A_TEST") == os.environ["MXNET_A_TEST"] == "3"
    util.setenv("MXNET_A_TEST", None)
    util.setenv("MXNET_A_TEST", None)
    assert "MXNET_A_TEST" not in os.environ
    with pytest.raises(TypeError):
        util.setenv("MXNET_A_TEST", 3)


def test_set_module():
    @util.set_module("some.where")
    def function():
        pass

    @util.set_module(None)
    class Here:
        pass

    assert (function.__module__, Here.__module__) == ("some.where", __name__)


def test_legacy_semantics_stay():
    assert (util.is_np_shape(), util.is_np_array()) == (False, False)
    assert util.set_np_shape(False) is False
    assert util.set_np_shape(0) is False
    util.set_np(shape=False, array=False)
    util.reset_np()
    with util.np_shape(False), util.np_array(False):
        assert not util.is_np_shape()


@pytest.mark.parametrize(
    "switch",
    [
        lambda: util.set_np_shape(True),
        lambda: util.set_np(),
        lambda: util.set_np(shape=True, array=False),
        lambda: util.np_shape().__enter__(),
        lambda: util.np_array(True).__enter__(),
        util.use_np(lambda: None),
        util.use_np_shape(lambda: None),
        util.use_np_array(lambda: None),
    ],
)
def test_numpys_semantics_are_refused_clearly(switch):
    with pytest.raises(mx.MXNetError, match=r"belong to mx\.np, which is not there yet"):
        switch()
    assert not util.is_np_shape()


def test_decorated_classes_refuse_in_their_methods():
    @util.use_np
    class Net:
        """Text."""

        size = 3

        def forward(self, x):
            return x

        @property
        def shape(self):
            return ()

        @shape.setter
        def shape(self, value):
            pass

    net = Net()
    assert (Net.__name__, Net.__doc__, net.size, Net.forward.__name__) == ("Net", "Text.", 3, "forward")
    for use in (lambda: net.forward(1), lambda: net.shape, lambda: setattr(net, "shape", 1)):
        with pytest.raises(mx.MXNetError, match="not there yet"):
            use()


@pytest.mark.parametrize("decorate", [util.use_np, util.use_np_shape, util.use_np_array])
@pytest.mark.parametrize("what", [3, "x", property(lambda self: 3)])
def test_only_what_can_be_called_is_decorated(decorate, what):
    with pytest.raises(TypeError, match="can only decorate classes and callable objects, while received a"):
        decorate(what)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: util.set_np(shape=False, array=True), ValueError, "NumPy Shape semantics is required"),
        (lambda: util.set_np_shape("a"), TypeError, "str"),
        (lambda: util.set_np_shape(None), TypeError, "NoneType"),
    ],
)
def test_wrong_switches(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


# mx.error and mx.base


@pytest.fixture
def table(monkeypatch):
    """The table of errors, which the test may fill."""
    monkeypatch.setattr(mx.base, "error_types", dict(mx.base.error_types))
    return mx.base.error_types


def test_names_of_errors(table):
    for kind in (ValueError, TypeError, AttributeError, IndexError, NotImplementedError, error.InternalError):
        assert table[kind.__name__] is kind
    assert table["NotImplementedForSymbol"] is mx.base.NotImplementedForSymbol

    @error.register
    class First(mx.MXNetError):
        pass

    @error.register_error("Other")
    class Second(mx.MXNetError):
        pass

    assert error.register_error("Third", First) is First
    assert [table[name] for name in ("First", "Other", "Third")] == [First, Second, First]


def test_internal_errors_ask_for_a_report():
    caught = error.InternalError("it broke")
    assert isinstance(caught, mx.MXNetError)
    assert str(caught).startswith("it broke\nhint: ")
    assert str(error.InternalError(str(caught))) == str(caught)


def test_where_downloads_go(monkeypatch, tmp_path):
    monkeypatch.delenv("MXNET_HOME", raising=False)
    assert mx.base.data_dir() == mx.base.data_dir_default()
    assert os.path.basename(mx.base.data_dir_default()) in (".mxnet", "mxnet")
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    assert mx.base.data_dir() == str(tmp_path)


# mx.misc


@pytest.mark.parametrize(("step", "factor", "rates"), GOLDEN["schedules"])
def test_schedules(step, factor, rates):
    scheduler = mx.misc.FactorScheduler(step, factor)
    assert [scheduler(i) for i in range(0, 40, 3)] == pytest.approx(rates, rel=1e-12)


def test_changes_are_logged(caplog):
    caplog.set_level(logging.INFO)
    scheduler = mx.misc.FactorScheduler(step=5)
    scheduler.base_lr = 0.1
    for i in (0, 4, 5, 6, 11):
        scheduler(i)
    assert [record.getMessage() for record in caplog.records] == [
        "At Iteration [5]: Switch to new learning rate 0.01000",
        "At Iteration [11]: Switch to new learning rate 0.00100",
    ]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: mx.misc.FactorScheduler(step=0), ValueError, "step must be greater or equal than 1 round, but is 0"),
        (lambda: mx.misc.FactorScheduler(1, 1.0), ValueError, "Factor must be less than 1"),
        (lambda: mx.misc.LearningRateScheduler()(3), NotImplementedError, "override"),
    ],
)
def test_wrong_schedules(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
