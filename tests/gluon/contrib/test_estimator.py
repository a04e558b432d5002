"""Estimator: arguments, course of a training, order of events."""

from __future__ import annotations

import logging
import re

import numpy as np
import pytest

import mxnet as mx
from mxnet import gluon, metric, nd
from mxnet.gluon.contrib import estimator as package
from mxnet.gluon.contrib.estimator import BatchEnd, Estimator, LoggingHandler, StoppingHandler
from mxnet.gluon.contrib.estimator.event_handler import EventHandler
from tests.estimator_golden import GOLDEN, check
from tools.record_estimator import CE, Counting, Hearing, data, estimator, two_contexts


@pytest.mark.parametrize("expression", GOLDEN["arguments"])
def test_arguments_as_mxnet(expression):
    check("arguments", expression)


@pytest.mark.parametrize("expression", GOLDEN["training"])
def test_training_as_mxnet(expression):
    check("training", expression)


@pytest.mark.parametrize("expression", GOLDEN["events"])
def test_events_as_mxnet(expression):
    check("events", expression)


def test_module_paths():
    from mxnet.gluon.contrib.estimator import batch_processor, event_handler, utils
    from mxnet.gluon.contrib.estimator import estimator as module

    assert module.Estimator is Estimator
    assert batch_processor.BatchProcessor is package.BatchProcessor
    assert set(event_handler.__all__) - {"EventHandler"} <= set(package.__all__)
    assert utils.Accuracy is metric.Accuracy


@pytest.mark.parametrize("count", [-1, 1.5, float("nan"), float("inf"), "two"])
@pytest.mark.parametrize("unit", ["epochs", "batches"])
def test_numbers_that_would_never_be_reached_are_errors(unit, count):
    with pytest.raises(ValueError, match=f"{unit} must be a whole number above 0, but got {count!r}"):
        estimator().fit(data(), **{unit: count})


def test_no_batches_would_take_forever():
    with pytest.raises(ValueError, match="no batches: 3 batches would take forever"):
        estimator().fit(data(0), batches=3)


def test_wrong_validation_data_are_an_error_before_training():
    heard = Hearing("a")
    with pytest.raises(ValueError, match=r"Gluon DataLoader.*Received: list"):
        estimator().fit(data(), [1], epochs=1, event_handlers=[heard])
    assert not heard.counts


def test_list_of_handlers_stays_the_users():
    handlers = [Hearing("a")]
    estimator().fit(data(), epochs=1, event_handlers=handlers)
    estimator().evaluate(data(), event_handlers=handlers)
    assert len(handlers) == 1
    estimator().fit(data(), epochs=1, event_handlers=tuple(handlers))


def test_stopping_handler_can_be_used_twice():
    handler, e = StoppingHandler(), estimator()
    for _ in range(2):
        e.fit(data(), epochs=2, event_handlers=[handler])
        assert handler.current_epoch == 2


@pytest.mark.parametrize(("own", "limit", "trained"), [(2, 3, 2), (3, 2, 2), (None, 2, 2)])
def test_own_limit_of_a_stopping_handler_counts_too(own, limit, trained):
    handler = StoppingHandler(max_epoch=own)
    estimator().fit(data(), epochs=limit, event_handlers=[handler])
    assert handler.current_epoch == trained


def test_stopping_handler_may_limit_batches_of_epochs():
    handler = StoppingHandler(max_batch=4)
    estimator().fit(data(), epochs=5, event_handlers=[handler])
    assert (handler.current_batch, handler.current_epoch) == (4, 2)


def test_default_context_on_gpus(monkeypatch):
    module = package.estimator
    monkeypatch.setattr(module, "num_gpus", lambda: 1)
    assert module._checked_contexts(None) == [mx.gpu(0)]
    monkeypatch.setattr(module, "num_gpus", lambda: 2)
    with pytest.warns(UserWarning, match="multiple GPUs"):
        assert module._checked_contexts(None) == [mx.gpu(0)]
    assert module._checked_contexts(mx.gpu(1)) == [mx.gpu(1)]
    with pytest.raises(AssertionError, match=re.escape("gpu(2) is not available") + ".*" + re.escape("gpu(0), gpu(1)")):
        module._checked_contexts(mx.gpu(2))


def test_several_contexts_train_as_one():
    one, two = estimator(), two_contexts()
    one.fit(data(8), epochs=3)
    two.fit(data(8), epochs=3)
    for a, b in zip(one.net.collect_params().values(), two.net.collect_params().values(), strict=True):
        for ctx in two.context:
            np.testing.assert_allclose(a.data().asnumpy(), b.data(ctx).asnumpy(), rtol=1e-4, atol=1e-6)


def test_hybridized_trains_as_imperative():
    imperative, hybrid = estimator(), estimator(hybrid=True)
    for e in (imperative, hybrid):
        e.fit(data(), data(4), epochs=3)
    for a, b in zip(imperative.net.collect_params().values(), hybrid.net.collect_params().values(), strict=True):
        np.testing.assert_allclose(a.data().asnumpy(), b.data().asnumpy(), rtol=1e-5, atol=1e-6)


def test_network_with_shapes_that_are_not_known_yet():
    block = gluon.nn.HybridSequential()
    block.add(gluon.nn.Dense(4, activation="relu"), gluon.nn.Dense(3))
    with pytest.warns(UserWarning, match="No trainer specified"):
        e = Estimator(block, CE(), initializer=mx.init.Xavier())
    e.fit(data(), epochs=1)
    assert block[0].weight.shape == (4, 4)


def test_composite_metric_among_others_is_logged(capsys):
    composite = metric.CompositeEvalMetric([metric.Accuracy(), metric.TopKAccuracy(2)])
    estimator(train_metrics=[composite, metric.Loss()]).fit(data(), epochs=1)
    assert re.search(r"accuracy: 0\.\d{4}, top_k_accuracy_2: 0\.\d{4}, training loss: \d", capsys.readouterr().out)


def test_training_without_metrics_to_log_is_not_called_validation(capsys):
    estimator().fit(data(), epochs=1, event_handlers=[LoggingHandler(2)])
    shown = capsys.readouterr().out
    assert "[Epoch 0] Begin, current learning rate: 0.1000" in shown
    assert "Validation Begin" not in shown


def test_samples_are_counted_along_the_batch_axis(capsys):
    samples = gluon.data.SimpleDataset([(np.ones(4, "float32"), 1.0)] * 6)
    turned = gluon.data.DataLoader(
        samples, 3, batchify_fn=lambda items: [nd.ones((4, len(items))), nd.ones(len(items))]
    )
    block = gluon.nn.HybridLambda(lambda F, x: F.transpose(x))
    whole = gluon.nn.HybridSequential()
    whole.add(block, gluon.nn.Dense(3, in_units=4))
    whole.initialize()
    e = Estimator(whole, CE(), trainer=gluon.Trainer(whole.collect_params(), "sgd"))
    e.fit(turned, epochs=1, batch_axis=1, event_handlers=[LoggingHandler(1, metrics=e.train_metrics)])
    assert re.findall(r"Samples (\d+)", capsys.readouterr().out) == ["3", "6"]


def test_logger_belongs_to_the_estimator_and_heeds_its_level(capsys):
    first, second = estimator(), estimator()
    assert first.logger is not second.logger
    assert first.logger is not logging.getLogger("Estimator")
    first.evaluate(data())
    assert "Validation Begin" in capsys.readouterr().out
    first.logger.setLevel(logging.WARNING)
    first.evaluate(data())
    assert capsys.readouterr().out == ""
    second.evaluate(data())
    assert "Validation Begin" in capsys.readouterr().out


def test_batch_axis_and_positions_are_known_outside_of_fit():
    e = estimator()
    assert (e.batch_axis, e.max_epoch, e.max_batch) == (0, None, None)
    e.fit(data(), epochs=2)
    assert (e.max_epoch, e.max_batch) == (2, None)


def test_own_batch_processor_sees_every_batch(capsys):
    estimator(batch_processor=Counting()).fit(data(10, 4), epochs=2)
    assert capsys.readouterr().out.count("fit_batch") == 6


def test_batch_processor_that_forgets_a_result_is_an_error():
    class Forgetful(package.BatchProcessor):
        def fit_batch(self, estimator, batch, batch_axis=0):
            return super().fit_batch(estimator, batch, batch_axis)[:3]

    with pytest.raises(ValueError, match="not enough values to unpack"):
        estimator(batch_processor=Forgetful()).fit(data(), epochs=1)


def test_handlers_have_no_priority_of_their_own():
    assert not hasattr(EventHandler(), "priority")
    assert BatchEnd().batch_end(None) is False
