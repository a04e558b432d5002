"""mx.monitor.Monitor: what it finds in executors, held against MXNet 1.9.1, and in blocks."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet import gluon, nd

from .visualization.networks import NETWORKS, Network

GOLDEN = json.loads((Path(__file__).parent / "golden" / "tools.json").read_text(encoding="utf-8"))["monitors"]
# Outputs that MXNet's operators have for their own use, and show to a monitor.
HIDDEN = re.compile(r"bn\d?_(mean|var)$|_mask$|_workspace$")


def bound(network: Network) -> mx.executor.Executor:
    """An executor with values that the recorder has given, too."""
    executor = network.make(mx).simple_bind(mx.cpu(), **network.shapes)
    for array in (*executor.arg_dict.values(), *executor.aux_dict.values()):
        array[:] = nd.arange(array.size).reshape(array.shape) % 7 / 7
    return executor


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    ("place", "how"), [(0, {}), (1, dict(pattern=".*weight|.*output", sort=True, monitor_all=True))]
)
def test_it_finds_what_mxnet_finds(name, place, how):
    executor = bound(NETWORKS[name])
    monitor = mx.mon.Monitor(1, **how)
    monitor.install(executor)
    monitor.tic()
    executor.forward()
    found = monitor.toc()
    expected = [row for row in GOLDEN[name][place] if not HIDDEN.search(row[1])]
    assert [row[:2] for row in found] == [(step, array) for step, array, _ in expected]
    for (_, array, text), (_, _, theirs) in zip(found, expected, strict=True):
        assert text.endswith("\t")
        np.testing.assert_allclose(float(text), float(theirs), rtol=1e-4, atol=1e-6, err_msg=array)


def test_one_of_so_many_batches(caplog):
    executor = bound(NETWORKS["perceptron"])
    monitor = mx.mon.Monitor(2, pattern="fc2_weight|softmax_output", sort=True)
    monitor.install(executor)
    caplog.set_level(logging.INFO)
    for _ in range(3):
        monitor.tic()
        executor.forward(is_train=True)
        monitor.toc_print()
    names = [record.getMessage().split()[:3] for record in caplog.records]
    assert names == [["Batch:", str(step), name] for step in (1, 3) for name in ("fc2_weight", "softmax_output")]
    assert re.fullmatch(r"Batch:       1 {21}fc2_weight 0\.\d+\t", caplog.records[0].getMessage())
    assert (monitor.step, monitor.activated, monitor.queue) == (3, False, [])


def test_between_batches_it_looks_at_nothing():
    executor = bound(NETWORKS["perceptron"])
    seen: list[nd.NDArray] = []
    monitor = mx.mon.Monitor(1, stat_func=lambda x: seen.append(x) or x.max())
    monitor.install(executor)
    executor.forward()
    assert monitor.toc() == []
    assert seen == []


@pytest.mark.parametrize(
    ("statistic", "text"),
    [
        (lambda x: [x.max(), x.min()], "3.0\t0.0\t"),
        (lambda x: (x.sum(),), "6.0\t"),
        (lambda x: x, "[[0. 1.]\n [2. 3.]]\t"),
    ],
)
def test_statistics(statistic, text):
    executor = (mx.sym.var("x") * 1).bind(mx.cpu(), {"x": nd.array([[0, 1], [2, 3]])})
    monitor = mx.mon.Monitor(1, statistic, pattern="x$")
    monitor.install(executor)
    monitor.tic()
    assert monitor.toc() == [(1, "x", text)]


def test_blocks():
    net = gluon.nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(gluon.nn.Dense(3, activation="relu"), gluon.nn.Dense(2))
    net.initialize(mx.init.One())
    net.hybridize()
    monitor = mx.mon.Monitor(1, stat_func=lambda x: x.sum())
    monitor.install(net)
    for _ in range(3):
        monitor.tic()
        net(nd.ones((2, 3)))
        assert monitor.toc() == [
            (monitor.step, "net_dense0_fwd_output", "18.0\t"),
            (monitor.step, "net_dense0_relu_fwd_output", "18.0\t"),
            (monitor.step, "net_dense1_fwd_output", "36.0\t"),
            (monitor.step, "net_dense0_weight", "9.0\t"),
            (monitor.step, "net_dense0_bias", "0.0\t"),
            (monitor.step, "net_dense1_weight", "6.0\t"),
            (monitor.step, "net_dense1_bias", "0.0\t"),
        ]


def test_inputs_of_blocks():
    net = gluon.nn.Dense(2, prefix="dense_")
    net.initialize()
    net.hybridize()
    monitor = mx.mon.Monitor(1, pattern=".*data|.*fwd_weight", monitor_all=True)
    monitor.install(net)
    monitor.tic()
    net(nd.ones((2, 3)))
    assert [name for _, name, _ in monitor.toc()] == ["dense_fwd_data", "dense_fwd_weight"]


@pytest.mark.parametrize("value", [3, 3.5, [3], None])
def test_a_statistic_that_is_no_array(value):
    executor = bound(NETWORKS["words"])
    monitor = mx.mon.Monitor(1, stat_func=lambda x: value)
    monitor.install(executor)
    monitor.tic()
    with pytest.raises(AssertionError, match="must be an NDArray or a list of them"):
        monitor.toc()


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: mx.mon.Monitor(1, pattern="("), re.error),
        (lambda: mx.mon.Monitor(1, pattern=3), TypeError),
        (lambda: mx.mon.Monitor(1).install(3), AttributeError),
        (lambda: mx.mon.Monitor(0).tic(), ZeroDivisionError),
    ],
)
def test_wrong_calls(call, kind):
    with pytest.raises(kind):
        call()
