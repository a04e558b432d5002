"""Record what Estimator, its handlers, mx.callback, mx.log and IntervalSampler of MXNet 1.9.1 do and print, as
tests/golden/estimator.json.

Run in an environment that has mxnet==1.9.1 and numpy==1.23.5::

    python tools/record_estimator.py tests/golden/estimator.json

The file maps subjects to expressions to answers. The tests evaluate the same expressions, with the names of this
module, and compare: value or class of the error, lines that were logged (without times), classes of the warnings.
"""

# ruff: noqa: F401 - the expressions use the names

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import sys
import tempfile
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import mxnet as mx
from mxnet import autograd, callback, gluon, metric, nd
from mxnet.gluon import loss as losses
from mxnet.gluon import nn
from mxnet.gluon.contrib.data import IntervalSampler
from mxnet.gluon.contrib.estimator import (
    BatchBegin,
    BatchEnd,
    BatchProcessor,
    CheckpointHandler,
    EarlyStoppingHandler,
    EpochBegin,
    EpochEnd,
    Estimator,
    GradientUpdateHandler,
    LoggingHandler,
    MetricHandler,
    StoppingHandler,
    TrainBegin,
    TrainEnd,
    ValidationHandler,
)
from mxnet.gluon.contrib.estimator.event_handler import EventHandler
from mxnet.model import BatchEndParam

EXPRESSIONS = {
    "arguments": """
        described(Estimator(net(), CE()))
        described(Estimator(net(), losses.L2Loss()))
        described(Estimator(net(), MyCE()))
        described(Estimator(net(), CE(prefix='lossy12_')))
        described(Estimator(net(), losses.SigmoidBCELoss(), metric.Accuracy()))
        described(Estimator(net(), CE(), [metric.Accuracy(), metric.MSE(name='foo')]))
        described(Estimator(net(), CE(), []))
        described(Estimator(net(), CE(), metric.CompositeEvalMetric([metric.Accuracy(), metric.MSE()])))
        described(Estimator(net(), CE(), [metric.CompositeEvalMetric([metric.Accuracy()]), metric.MAE()]))
        described(Estimator(net(), CE(), val_metrics=metric.Accuracy(name='validation acc')))
        described(Estimator(net(), CE(), metric.Accuracy(name='training x'), metric.MSE(name='training y')))
        described(Estimator(net(), CE(), *[metric.Accuracy()] * 2))
        described(Estimator(net(), CE(), metric.Accuracy(name='my training')))
        (lambda m: [described(Estimator(net(), CE(), m)) for _ in range(2)])(metric.Accuracy())
        described(Estimator(net(), CE(), 'acc'))
        described(Estimator(net(), CE(), ['acc']))
        described(Estimator(net(), CE(), val_metrics='acc'))
        described(Estimator(net(), 'softmax'))
        described(Estimator(net(), [CE()]))
        described(Estimator(net(), lambda pred, label: pred))
        described(Estimator('net', CE()))
        described(Estimator(net(), CE(), val_loss='x'))
        described(Estimator(net(), CE(), val_loss=losses.L2Loss()))
        described(Estimator(net(), CE(), context=mx.cpu(1)))
        described(Estimator(net(), CE(), context=[mx.cpu(0), mx.cpu(1)]))
        described(Estimator(net(), CE(), context=[]))
        described(Estimator(net(), CE(), context='cpu'))
        described(Estimator(net(), CE(), context=(mx.cpu(),)))
        described(Estimator(net(), CE(), context=[mx.cpu(), 'gpu']))
        described(Estimator(net(), CE(), context=3))
        described(Estimator(net(), CE(), context=mx.gpu(77)))
        described(Estimator(net(), CE(), context=[mx.cpu(), mx.gpu(77)]))
        described(Estimator(net(), CE(), initializer=mx.init.One()))
        described(Estimator(net(), CE(), initializer=mx.init.Xavier()))
        described(Estimator(net(None), CE(), initializer=mx.init.One()))
        described(Estimator(net(None), CE(), initializer='ones'))
        described(Estimator(net(None), CE(), initializer=3))
        described(Estimator(half_initialized(), CE(), initializer=mx.init.One()))
        described(Estimator(net(), CE(), trainer='adam'))
        described(Estimator(net(), CE(), trainer=[3]))
        described(with_trainer('adam'))
        described(Estimator(net(), CE(), batch_processor='x'))
        described(Estimator(net(), CE(), batch_processor=object()))
        described(Estimator(net(), CE(), batch_processor=Counting()))
        setattr(estimator(), 'train_metrics', [])
        setattr(estimator(), 'val_metrics', [])
        estimator().fit([1], epochs=1)
        estimator().fit(None, epochs=1)
        estimator().evaluate([1])
        estimator().evaluate(None)
        estimator().fit(data())
        estimator().fit(data(), epochs=1, batches=1)
        estimator().fit(data(), epochs=0)
        estimator().fit(data(), batches=0)
        estimator().fit(data(), epochs=0, batches=1)
        estimator().fit(data(), epochs=1, event_handlers=3)
        estimator().fit(data(), epochs=1, event_handlers=[3])
        estimator().fit(data(), epochs=1, event_handlers='a')
        estimator().fit(data(), epochs=1, event_handlers=[TrainBegin])
        estimator().fit(data(), epochs=1, event_handlers=EventHandler())
        estimator().fit(data(), epochs=1, event_handlers=[])
        estimator().fit(data(5, 5), epochs=1, batch_axis=1)
        two_contexts().fit(data(5, 5), epochs=1)
        two_contexts().fit(data(4, 4), epochs=1, batch_axis=1)
        estimator().fit(broken((1, 2, 3)), epochs=1)
        estimator().fit(broken((1,)), epochs=1)
        estimator().fit(data(), epochs=1, event_handlers=[LoggingHandler(metrics=[metric.Accuracy()])])
        estimator().fit(data(), epochs=1, event_handlers=[MetricHandler([metric.Accuracy()])])
        estimator().fit(data(), epochs=1, event_handlers=[holding(metrics=metric.Accuracy())])
        estimator().fit(data(), epochs=1, event_handlers=[holding(my_metric=[metric.Accuracy()])])
        estimator().fit(data(), epochs=1, event_handlers=[holding(monitor=metric.Accuracy())])
        (lambda e: e.evaluate(data(), event_handlers=[LoggingHandler(metrics=e.train_metrics)]))(estimator())
        LoggingHandler('batch')
        LoggingHandler(1.5)
        LoggingHandler(None)
        LoggingHandler(metrics='acc')
        LoggingHandler(metrics=['acc'])
        MetricHandler(['acc'])
        [len(MetricHandler(m).metrics) for m in (None, metric.Accuracy(), [metric.Accuracy()] * 2)]
        len(MetricHandler(metric.CompositeEvalMetric([metric.Accuracy(), metric.MSE()])).metrics)
        EarlyStoppingHandler('acc')
        EarlyStoppingHandler(None)
        EarlyStoppingHandler([metric.Accuracy()])
        EarlyStoppingHandler(metric.CompositeEvalMetric([metric.Accuracy()]))
        CheckpointHandler(FOLDER, save_best=True)
        CheckpointHandler(FOLDER, save_best=True, monitor='acc')
        CheckpointHandler(FOLDER, save_best=True, monitor=[metric.Accuracy()])
        CheckpointHandler(3)
        CheckpointHandler(None)
        [getattr(kind(*a), 'priority', 'none') for kind, a in HANDLERS]
        [[base.__name__ for base in kind.__bases__] for kind, _ in HANDLERS]
    """,
    "training": """
        estimator().fit(data(), epochs=2)
        estimator().fit(data(), data(6), epochs=2)
        estimator().fit(data(), data(6), batches=4)
        estimator().fit(data(6, 2), batches=3)
        estimator().evaluate(data(6))
        estimator().evaluate(val_data=data(6), batch_axis=0)
        two_contexts().fit(data(8), data(4), epochs=2)
        two_contexts().evaluate(data(8))
        estimator(losses.L2Loss()).fit(data(8, rows=True), epochs=2)
        estimator(train_metrics=[metric.Accuracy(), metric.TopKAccuracy(2)]).fit(data(), data(4), epochs=1)
        estimator(val_loss=losses.L1Loss(), val_net=net(seed=9), val_metrics=metric.Loss()).evaluate(data(8, rows=True))
        weights(two_contexts(), lambda e: e.fit(data(8), epochs=3))
        weights(estimator(), lambda e: e.fit(data(8), epochs=3))
        weights(estimator(losses.L2Loss()), lambda e: e.fit(data(8, rows=True), batches=5))
        weights(estimator(batch_processor=Counting()), lambda e: e.fit(data(8), data(4), epochs=1))
        (lambda e: e.fit(data(), epochs=1, event_handlers=LoggingHandler(metrics=e.train_metrics)))(estimator())
        logged(1)
        logged(2)
        logged(3)
        logged(-1)
        logged('epoch')
        logged(2, val=True, metrics='both')
        logged(1, epochs=2)
        logged(2, priority=-3000)
        validated(epoch_period=2)
        validated(batch_period=2)
        validated(epoch_period=None, batch_period=3)
        validated(epoch_period=0, batch_period=0)
        validated(event_handlers='own')
        validated(val_data=True)
        estimator().fit(data(0), epochs=1)
        (lambda e: e.fit(data(), data(4), epochs=1, event_handlers=every_handler(e)))(estimator())
        early(epochs=6)
        early(epochs=6, patience=2)
        early(epochs=6, min_delta=0.5)
        batch_processed([nd.ones((4, 4)), nd.array([0, 1, 2, 1])])
        batch_processed([np.ones((4, 4)), np.array([0, 1, 2, 1])])
        batch_processed([nd.ones((4, 4)), nd.array([0, 1, 2, 1]), 3])
        batch_processed([nd.ones((4, 4))])
        batch_processed([nd.ones((4, 4)), nd.array([0, 1, 2, 1])], two=True)
        modes(lambda e: BatchProcessor().fit_batch(e, BATCH))
        modes(lambda e: BatchProcessor().evaluate_batch(e, BATCH))
    """,
    "events": """
        events(lambda e, h: e.fit(data(6), data(4), epochs=1, event_handlers=[h('a'), h('b', -5), h('c', 5), h('d')]))
        events(lambda e, h: e.fit(data(6), epochs=2, event_handlers=[h('a')]))
        events(lambda e, h: e.fit(data(6, 2), batches=4, event_handlers=[h('a')]))
        events(lambda e, h: e.fit(data(8), epochs=1, event_handlers=[h('a')]), two=True)
        events(lambda e, h: e.evaluate(data(6), event_handlers=[h('a', 5), h('b')]))
        events(lambda e, h: e.evaluate(data(6), event_handlers=h('a')))
        events(lambda e, h: e.fit(data(6, 2), epochs=2, event_handlers=[h('a', stop='batch_end 2'), h('b')]))
        events(lambda e, h: e.fit(data(6, 2), epochs=2, event_handlers=[h('a', stop='epoch_end 1'), h('b')]))
        events(lambda e, h: e.fit(data(6, 2), epochs=1, event_handlers=[h('a', stop='batch_begin 1')]))
        events(lambda e, h: e.fit(data(6, 2), epochs=1, event_handlers=[h('a', stop='epoch_begin 1')]))
        events(lambda e, h: e.evaluate(data(6, 2), event_handlers=[h('a', stop='batch_end 1')]))
        events(lambda e, h: e.fit(data(4), data(4), epochs=1, event_handlers=[h('before', -2500), h('mid', -1500)]))
        raised_in('batch_end')
        raised_in('train_begin')
        raised_in('train_end')
    """,
    "handlers": """
        stopping(None, None)
        stopping(1, None)
        stopping(None, 2)
        stopping(3, 3)
        updated(loss=[nd.ones(3), nd.ones(2)])
        updated(loss=nd.ones(3))
        updated(loss=[nd.ones((3, 2))])
        updated()
        measured([metric.Accuracy(), metric.Loss(), metric.CompositeEvalMetric([metric.Accuracy()])], **BATCH_END)
        measured([metric.Loss()], pred=BATCH_END['pred'], label=BATCH_END['label'])
        measured([metric.Accuracy()])
        stopped([0.1, 0.2, 0.2, 0.3, 0.1], mode='max')
        stopped([3, 2, 2, 1, 5], mode='min')
        stopped([0.1, 0.2, 0.25, 0.3, 0.1], min_delta=0.1, mode='max')
        stopped([0.1, 0.2, 0.25, 0.3, 0.1, 0.1], min_delta=-0.1, patience=1, mode='max')
        stopped([3, 2.9, 1, 1, 1, 1], mode='min', patience=2, min_delta=0.5)
        stopped([0.1, 0.2, 0.6], baseline=0.5, mode='max')
        stopped([0.1, 0.2, 0.6], baseline=0.5, patience=1, mode='max')
        stopped([float('nan'), 0.2, float('nan'), 0.6, float('nan')], mode='max')
        stopped([0.1, 0.2], name='accuracy')
        stopped([0.1, 0.2], name='f1')
        stopped([0.1, 0.2], name='accuracy', mode='odd')
        evaluated_by(batch_period=2, epoch_period=None)
        evaluated_by(batch_period=None, epoch_period=2)
    """,
    "checkpoints": """
        checkpoints()
        checkpoints(hybrid=True)
        checkpoints(hybrid=True, epoch_period=2, model_prefix='foo', epochs=3)
        checkpoints(batch_period=2, epoch_period=None)
        checkpoints(batch_period=1, max_checkpoints=2)
        checkpoints(batch_period=1, max_checkpoints=0)
        checkpoints(max_checkpoints=-1)
        checkpoints(epochs=3, max_checkpoints=1)
        checkpoints(batch_period=1, epoch_period=None, verbose=1)
        checkpoints(save_best=True, monitor='training', mode='min', epochs=3)
        checkpoints(save_best=True, monitor='training', mode='max', epochs=3)
        checkpoints(save_best=True, monitor='validation', mode='min', epochs=3, max_checkpoints=2)
        checkpoints(save_best=True, monitor='unused', mode='min')
        checkpoints(save_best=True, monitor='training', mode='min', max_checkpoints=0)
        checkpoints(monitor='training', mode='odd')
        resumed(dict(epochs=2), dict(epochs=4))
        resumed(dict(epochs=2), dict(epochs=4), epoch_period=2)
        resumed(dict(epochs=2), dict(epochs=2))
        resumed(dict(epochs=2), dict(epochs=1))
        resumed(dict(epochs=12), dict(epochs=14))
        resumed(dict(epochs=2), dict(epochs=4), model_prefix='a.b-c')
        resumed(dict(batches=3), dict(batches=3), epoch_period=None, batch_period=1)
        resumed(dict(epochs=2), dict(epochs=4), batch_period=1)
        resumed(dict(batches=2), dict(epochs=4), epoch_period=None, batch_period=1)
        resumed(dict(epochs=2), dict(batches=7))
        resumed(dict(epochs=2), dict(epochs=3), remove='model-epoch1batch6.states')
        resumed(dict(epochs=2), dict(epochs=3), remove='model-epoch1batch6.params')
        resumed(dict(epochs=2), dict(epochs=3), add='model-epoch9.params')
        resumed(dict(epochs=2), dict(epochs=3), add='model-epochXbatch9.params')
        resumed(dict(epochs=2), dict(epochs=3), add='modelx-epoch9batch9.params')
        resumed(None, dict(epochs=2))
        resumed(None, dict(batches=2), epoch_period=None, batch_period=1)
        optimizer_resumed()
    """,
    "callback": """
        speed(callback.Speedometer(4, 2))
        speed(callback.Speedometer(4, 2), metric.MSE())
        speed(callback.Speedometer(4, 2, False), metric.MSE())
        speed(callback.Speedometer(4, 2), metric.CompositeEvalMetric([metric.MSE(), metric.MAE()]))
        speed(callback.Speedometer(4, 1), metric.MSE())
        speed(callback.Speedometer(4, 50))
        speed(callback.Speedometer(4, 0))
        speed(callback.Speedometer(4, 2), seconds=0)
        speed(callback.Speedometer('a', 2))
        called(callback.ProgressBar(10, 20))
        called(callback.ProgressBar(3))
        called(callback.ProgressBar(7, 5))
        called(callback.ProgressBar(0, 5))
        called(callback.log_train_metric(2), metric.MSE())
        called(callback.log_train_metric(2, True), metric.MSE())
        called(callback.log_train_metric(2), metric.CompositeEvalMetric([metric.MSE(), metric.MAE()]))
        called(callback.log_train_metric(2))
        called(callback.log_train_metric(0))
        called(callback.LogValidationMetricsCallback(), metric.CompositeEvalMetric([metric.MSE(), metric.MAE()]))
        called(callback.LogValidationMetricsCallback())
        saved(1)
        saved(2)
        saved(0)
        saved(-3)
        saved(1.5)
        saved('a')
        saved(1, symbol=False)
        [modules_saved(period) for period in (1, 2, 0)]
        callback.do_checkpoint('x')(0)
        BatchEndParam(1, 2, None, {}), type(BatchEndParam(1, 2, None, {})).__name__
    """,
    "log": """
        logger('plain', level=mx.log.WARNING)
        logger('all', level=mx.log.DEBUG)
        logger('odd', level=1)
        logger('text', level='INFO')
        logger('unknown', level='nope')
        logger('kept', level=10, again=50)
        logger('filed', filename='a.txt')
        logger('appended', filename='a.txt', twice=True)
        logger('anew', filename='a.txt', filemode='w', twice=True)
        logger('nowhere', filename='missing/a.txt')
        [getattr(mx.log, name) for name in 'CRITICAL ERROR WARNING INFO DEBUG NOTSET'.split()]
        mx.log.get_logger() is logging.getLogger(), len(mx.log.get_logger(None, level=7).handlers)
        mx.log.getLogger('old').name
    """,
    "sampler": """
        list(IntervalSampler(13, 3)), len(IntervalSampler(13, 3))
        list(IntervalSampler(13, 3, rollover=False))
        list(IntervalSampler(6, 6))
        list(IntervalSampler(6, 1)), len(IntervalSampler(6, 1))
        list(IntervalSampler(5, 5, False))
        list(IntervalSampler(np.int64(7), 2))
        list(IntervalSampler(4, 3.0))
        IntervalSampler(3, 4)
        IntervalSampler(0, 1)
        IntervalSampler('a', 1)
    """,
}

CE = losses.SoftmaxCrossEntropyLoss
BATCH = [nd.ones((2, 4)), nd.array([0, 1])]
BATCH_END = {
    "pred": [nd.array([[0.1, 0.9], [0.2, 0.8]])],
    "label": [nd.array([1, 0])],
    "loss": [nd.array([3.0, 4.0])],
}
HANDLERS = [
    (StoppingHandler, ()),
    (MetricHandler, ([],)),
    (ValidationHandler, (None, print)),
    (LoggingHandler, ()),
    (GradientUpdateHandler, ()),
]
FOLDER = os.path.join(tempfile.gettempdir(), "checkpoints_of_the_recorder")


class MyCE(CE):
    pass


# ---- networks, data, estimators --------------------------------------------------------------------------------------


def net(seed=0, ctx=None):
    """A small network with weights that NumPy drew; None leaves it without."""
    block = nn.HybridSequential(prefix="net_")
    with block.name_scope():
        block.add(nn.Dense(4, activation="relu", in_units=4), nn.Dense(3, in_units=4))
    if seed is not None:
        block.initialize(ctx=ctx)
        numbers = np.random.RandomState(seed)
        for _, parameter in sorted(block.collect_params().items()):
            parameter.set_data(nd.array(numbers.uniform(-1, 1, parameter.shape)))
    return block


def half_initialized():
    block = net(None)
    block[0].initialize()
    return block


def data(count=10, batch_size=4, rows=False):
    numbers = np.random.RandomState(1)
    x = numbers.randn(count, 4).astype("float32")
    y = numbers.randn(count, 3).astype("float32") if rows else numbers.randint(0, 3, count).astype("float32")
    return gluon.data.DataLoader(gluon.data.ArrayDataset(x, y), batch_size)


def broken(item):
    return gluon.data.DataLoader(gluon.data.SimpleDataset([item] * 4), 2)


def estimator(loss=None, ctx=None, hybrid=False, **arguments):
    block = net(ctx=ctx)
    if hybrid:
        block.hybridize()
    trainer = gluon.Trainer(block.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9})
    return Estimator(block, loss or CE(), trainer=trainer, context=ctx, **arguments)


def two_contexts(**arguments):
    return estimator(ctx=[mx.cpu(0), mx.cpu(1)], **arguments)


def with_trainer(name):
    block = net()
    return Estimator(block, CE(), trainer=gluon.Trainer(block.collect_params(), name))


class Counting(BatchProcessor):
    def fit_batch(self, estimator, batch, batch_axis=0):
        print("fit_batch", kind_of(batch), batch_axis)
        return super().fit_batch(estimator, batch, batch_axis)


def described(estimator):
    trainer, weight = estimator.trainer, estimator.net[0].weight
    return {
        "train": [[type(m).__name__, m.name] for m in estimator.train_metrics],
        "val": [[type(m).__name__, m.name] for m in estimator.val_metrics],
        "trainer": [type(trainer.optimizer).__name__, trainer.learning_rate],
        "context": str(estimator.context),
        "losses": [str(estimator.loss), str(estimator.val_loss)],
        "same net": estimator.val_net is estimator.net,
        "processor": type(estimator.batch_processor).__name__,
        "ones": bool((weight.list_data()[0] == 1).asnumpy().all()),
        "logger": [estimator.logger.name, estimator.logger.level, estimator.logger.parent],
    }


def weights(estimator, train):
    train(estimator)
    ctx = estimator.context[-1]
    return [p.data(ctx).asnumpy().tolist() for _, p in sorted(estimator.net.collect_params().items())]


def holding(**attributes):
    handler = TrainBegin()
    vars(handler).update(attributes)
    return handler


def every_handler(e):
    return [
        GradientUpdateHandler(),
        ValidationHandler(data(4), e.evaluate),
        MetricHandler(e.train_metrics),
        LoggingHandler(metrics=e.train_metrics),
        StoppingHandler(1),
    ]


def logged(interval, val=False, metrics="training", epochs=1, priority=np.inf):
    e = estimator()
    chosen = e.train_metrics + (e.val_metrics if metrics == "both" else [])
    handler = LoggingHandler(interval, metrics=chosen, priority=priority)
    e.fit(data(10, 3), data(4) if val else None, epochs=epochs, event_handlers=[handler])


def validated(val_data=False, event_handlers=None, **arguments):
    e = estimator()
    own = [LoggingHandler(1, metrics=e.val_metrics)] if event_handlers else None
    handler = ValidationHandler(data(4, 2), e.evaluate, event_handlers=own, **arguments)
    e.fit(data(10, 3), data(9) if val_data else None, epochs=3, event_handlers=[handler])


def early(epochs, **arguments):
    e = estimator()
    e.trainer.set_learning_rate(1.0)
    handler = EarlyStoppingHandler(e.val_metrics[1], mode="min", **arguments)
    e.fit(data(), data(6), epochs=epochs, event_handlers=[handler])
    return [handler.wait, handler.stopped_epoch, handler.current_epoch, round(handler.best, 4)]


def batch_processed(batch, two=False):
    e = two_contexts() if two else estimator()
    parts = BatchProcessor().fit_batch(e, batch)
    return [[[str(a.ctx), np.dtype(a.dtype).name, a.asnumpy().round(4).tolist()] for a in part] for part in parts]


def modes(run):
    """In which modes a network runs: recording, training."""
    found = []

    class Net(gluon.Block):
        def __init__(self):
            super().__init__()
            self.dense = nn.Dense(3, in_units=4)

        def forward(self, x):
            found.append([autograd.is_recording(), autograd.is_training()])
            return self.dense(x)

    block = Net()
    block.initialize()
    run(Estimator(block, CE(), trainer=gluon.Trainer(block.collect_params(), "sgd")))
    return found


# ---- handlers --------------------------------------------------------------------------------------------------------


def kind_of(value):
    if isinstance(value, (list, tuple)):
        return [kind_of(v) for v in value]
    return f"{value.shape} {value.ctx}" if isinstance(value, nd.NDArray) else type(value).__name__


class Hearing(TrainBegin, TrainEnd, EpochBegin, EpochEnd, BatchBegin, BatchEnd):
    """Prints what it hears, and answers True to one event."""

    def __init__(self, name, priority=None, stop=None):
        self.name, self.stop, self.counts = name, stop, {}
        if priority is not None:
            self.priority = priority

    def hear(self, event, estimator, args, kwargs):
        self.counts[event] = self.counts.get(event, 0) + 1
        about = {key: kind_of(value) for key, value in kwargs.items()}
        values = [round(float(m.get()[1]), 4) for m in estimator.train_metrics]
        print(self.name, event, [kind_of(a) for a in args], about, values)
        return self.stop == f"{event} {self.counts[event]}"


def _hearer(event):
    def hear(self, estimator, *args, **kwargs):
        return self.hear(event, estimator, args, kwargs)

    return hear


for _event in "train_begin train_end epoch_begin epoch_end batch_begin batch_end".split():
    setattr(Hearing, _event, _hearer(_event))


def events(run, two=False):
    run(two_contexts() if two else estimator(), Hearing)


def raised_in(event):
    def fail(self, *args, **kwargs):
        raise KeyError("x")

    handler = type("Failing", (Hearing,), {event: fail})("failing")
    estimator().fit(data(), epochs=1, event_handlers=[handler])


def stopping(max_epoch, max_batch):
    handler = StoppingHandler(max_epoch, max_batch)
    handler.train_begin(SimpleNamespace(max_epoch=max_epoch, max_batch=max_batch))
    answers = [[bool(handler.batch_end(None)) for _ in range(4)], [bool(handler.epoch_end(None)) for _ in range(4)]]
    return [answers, handler.current_batch, handler.current_epoch, handler.max_epoch, handler.max_batch]


def updated(**kwargs):
    steps = []
    trainer = SimpleNamespace(step=lambda *args: steps.append(args))
    GradientUpdateHandler().batch_end(SimpleNamespace(trainer=trainer), **kwargs)
    return steps


def measured(metrics, **kwargs):
    handler = MetricHandler(metrics)
    handler.batch_end(None, **kwargs)
    before = [m.get() for m in metrics]
    handler.epoch_begin(None)
    return [before, [m.get() for m in metrics]]


class Given(metric.EvalMetric):
    """A metric with values that were given."""

    def __init__(self, name, values):
        super().__init__(name)
        self.values, self.index = values, 0

    def get(self):
        return self.name, self.values[self.index]


def stopped(values, name="training x", **arguments):
    monitor = Given(name, values)
    handler = EarlyStoppingHandler(monitor, **arguments)
    about = SimpleNamespace(logger=SimpleNamespace(info=lambda text, *args: print(text % args)))
    handler.train_begin(about)
    answers = []
    for monitor.index in range(len(values)):
        answers.append([bool(handler.epoch_end(about)), handler.wait, handler.best, handler.current_epoch])
    handler.train_end(about)
    return [answers, handler.stopped_epoch, handler.monitor_op.__name__]


def evaluated_by(**arguments):
    calls = []

    def evaluate(*args, **kwargs):
        calls.append([list(args), kwargs])

    handler = ValidationHandler("data", evaluate, event_handlers="handlers", **arguments)
    about = SimpleNamespace(batch_axis=7)
    handler.train_begin(about)
    for _ in range(5):
        handler.batch_end(about)
    for _ in range(3):
        handler.epoch_end(about)
    return [calls, handler.current_batch, handler.current_epoch]


# ---- checkpoints -----------------------------------------------------------------------------------------------------


def listed(folder):
    """The files that MXNet writes, too."""
    return sorted(name for name in os.listdir(folder) if not name.endswith(".progress"))


class Looking(BatchEnd, EpochEnd):
    """Prints which files there are, where that changed."""

    priority = 10

    def __init__(self, folder):
        self.folder, self.last = folder, None

    def look(self, event):
        now = listed(self.folder)
        if now != self.last:
            print(event, now)
        self.last = now

    def batch_end(self, *args, **kwargs):
        self.look("batch_end")

    def epoch_end(self, *args, **kwargs):
        self.look("epoch_end")


def checkpoints(epochs=2, hybrid=False, monitor=None, **arguments):
    with tempfile.TemporaryDirectory() as folder:
        e = estimator(hybrid=hybrid)
        chosen = {"training": e.train_metrics[1], "validation": e.val_metrics[1], "unused": e.val_metrics[1]}
        handler = CheckpointHandler(folder, monitor=chosen.get(monitor), **arguments)
        val_data = data(4) if monitor == "validation" else None
        e.fit(data(), val_data, epochs=epochs, event_handlers=[handler, Looking(folder)])
        return [listed(folder), handler.saved_checkpoints, handler.current_epoch, handler.current_batch]


def resumed(first, second, remove=None, add=None, **arguments):
    with tempfile.TemporaryDirectory() as folder:
        if first is not None:
            estimator().fit(data(), event_handlers=[CheckpointHandler(folder, **arguments)], **first)
        if remove:
            os.remove(os.path.join(folder, remove))
        if add:
            Path(folder, add).touch()
        e = estimator()
        handler = CheckpointHandler(folder, resume_from_checkpoint=True, **arguments)
        e.fit(data(), event_handlers=[handler, Looking(folder)], **second)
        return [listed(folder), handler.saved_checkpoints, e.max_epoch, e.max_batch, rounded(e)]


def rounded(e):
    return [p.data().asnumpy().round(3).tolist() for _, p in sorted(e.net.collect_params().items())]


def optimizer_resumed():
    """Adam's means, the count of updates and the schedule survive."""
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for resume in (False, True):
            e = estimator()
            schedule = mx.lr_scheduler.FactorScheduler(step=2, factor=0.5, base_lr=0.4)
            e.trainer = gluon.Trainer(e.net.collect_params(), "adam", {"learning_rate": 0.4, "lr_scheduler": schedule})
            handler = CheckpointHandler(folder, resume_from_checkpoint=resume)
            e.fit(data(), epochs=4 if resume else 2, event_handlers=[handler])
            found.append([e.trainer.learning_rate, e.trainer.optimizer.num_update, rounded(e)])
        return found


# ---- callbacks, loggers ----------------------------------------------------------------------------------------------


def fed(measure):
    for m in [] if measure is None else getattr(measure, "metrics", [measure]):
        m.sum_metric, m.num_inst = m.sum_metric + 1, m.num_inst + 2
        m.global_sum_metric, m.global_num_inst = m.global_sum_metric + 1, m.global_num_inst + 2


def sums(measure):
    return None if measure is None else [measure.get_name_value(), measure.get_global_name_value()]


def speed(callback_, measure=None, seconds=0.5):
    clock = [100.0]
    real, callback.time = callback.time, SimpleNamespace(time=lambda: clock[0])
    try:
        for epoch in range(2):
            for batch in range(6):
                clock[0] += seconds
                fed(measure)
                callback_(BatchEndParam(epoch, batch, measure, None))
    finally:
        callback.time = real
    return sums(measure)


def called(callback_, measure=None):
    for batch in (0, 1, 2, 3, 5, 9, 12):
        fed(measure)
        callback_(BatchEndParam(5, batch, measure, None))
    return sums(measure)


def saved(period, symbol=True):
    graph = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="fc") if symbol else None
    with tempfile.TemporaryDirectory() as root:
        save = callback.do_checkpoint(os.path.join(root, "p"), period)
        for epoch in range(3):
            save(epoch, graph, {"fc_weight": nd.ones((2, 3)), "fc_bias": nd.zeros(2)}, {})
        return sorted(os.listdir(root))


def modules_saved(period):
    calls = []
    module = SimpleNamespace(save_checkpoint=lambda *args: calls.append(args))
    save = callback.module_checkpoint(module, "pre", period, True)
    for epoch in range(4):
        save(epoch)
        save(epoch, "symbol", {}, {})
    return calls


class Terminal(io.StringIO):
    """Where colours show."""

    def isatty(self):
        return True


def logger(name, level=30, again=None, filename=None, filemode=None, twice=False, shown=Terminal):
    """What a logger writes to a terminal or a file; time, process and place are left out."""
    names = [name, f"{name} twice"]
    with tempfile.TemporaryDirectory() as root, contextlib.redirect_stderr(shown()) as stream:
        try:
            path = os.path.join(root, filename) if filename else None
            found = mx.log.get_logger(name, path, filemode, level)
            if again is not None:
                assert mx.log.get_logger(name, None, None, again) is found
            for number in (5, 10, 20, 25, 30, 40, 45, 50):
                found.log(number, "message %d", number)
            about = [found.level, [type(h).__name__ for h in found.handlers], found.propagate]
            if twice:
                mx.log.get_logger(names[1], path, filemode, level).error("another")
        finally:
            for each in map(logging.getLogger, names):
                for handler in each.handlers[:]:
                    handler.close()
                    each.removeHandler(handler)
        written = Path(path).read_text() if path else None
    place = r"([A-Z])\d{4} \d\d:\d\d:\d\d \d+ \S*record_estimator\.py:(\w+):\d+\]"
    return [about, re.sub(place, r"\1DATE TIME PID FILE:\2:LINE]", stream.getvalue()), written]


# ---- answers ---------------------------------------------------------------------------------------------------------


def evaluate(expression):
    """Value or error of an expression, the lines that were printed or logged, and the classes of the warnings."""
    root, shown = logging.getLogger(), io.StringIO()
    level, handlers = root.level, root.handlers[:]
    root.handlers = [logging.StreamHandler(shown)]
    root.setLevel(logging.INFO)
    try:
        with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(shown):
            warnings.simplefilter("always")
            try:
                found = {"value": answer(eval(expression, globals()))}
            except Exception as error:
                kind = "MXNetError" if isinstance(error, mx.base.MXNetError) else type(error).__name__
                found = {"raises": kind}
    finally:
        root.handlers = handlers
        root.setLevel(level)
    return {**found, "lines": lines(shown.getvalue()), "warnings": sorted({w.category.__name__ for w in caught})}


def lines(text):
    """What was printed, without times and names of temporary folders."""
    text = re.sub(r"\b\d+(\.\d+)?s\b", "TIME", text)
    return re.sub(re.escape(tempfile.gettempdir()) + r"/\w+", "FOLDER", text).splitlines()


def answer(value):
    """A value as JSON has it; numbers that are not finite as text."""
    if isinstance(value, dict):
        return {str(key): answer(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [answer(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.4g}") if np.isfinite(value) else str(value)
    return value if value is None or isinstance(value, (bool, int, str)) else type(value).__name__


def main():
    answers = {
        subject: {line.strip(): evaluate(line.strip()) for line in text.strip().splitlines()}
        for subject, text in EXPRESSIONS.items()
    }
    written = [
        f" {json.dumps(subject)}: {{\n"
        + ",\n".join(f"  {json.dumps(e)}: {json.dumps(a)}" for e, a in expressions.items())
        + "\n }"
        for subject, expressions in answers.items()
    ]
    Path(sys.argv[1]).write_text("{\n" + ",\n".join(written) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
