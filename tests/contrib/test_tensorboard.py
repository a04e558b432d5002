from __future__ import annotations

import sys

import pytest

import mxnet as mx
from mxnet import metric, nd
from mxnet.contrib.tensorboard import LogMetricsCallback
from mxnet.model import BatchEndParam
from tests.gluon.contrib.test_estimator_handlers import written  # noqa: F401 - a fixture


@pytest.fixture
def measured():
    found = metric.CompositeEvalMetric([metric.MSE(), metric.MAE()])
    found.update([nd.zeros((2, 1))], [nd.ones((2, 1)) * 2])
    return found


def test_metrics_are_written_with_the_epoch_as_step(written, measured, tmp_path):  # noqa: F811
    callback = LogMetricsCallback(tmp_path)
    callback(BatchEndParam(3, 7, measured, None))
    callback(BatchEndParam(4, 0, None, None))
    assert written[0].logdir == str(tmp_path)
    assert written[0].scalars == [("mse", 4.0, 3), ("mae", 2.0, 3)]


def test_prefix(written, measured):  # noqa: F811
    mx.contrib.tensorboard.LogMetricsCallback("runs", prefix="train")(BatchEndParam(1, 0, measured, None))
    assert [tag for tag, _, _ in written[0].scalars] == ["train-mse", "train-mae"]


def test_missing_package_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r'pip install "regluon\[tensorboard\]"'):
        LogMetricsCallback("runs")
