"""The handlers: what can be told of the events of a training loop."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .... import metric as metrics_module
from ....metric import CompositeEvalMetric, EvalMetric
from .checkpoint import CheckpointHandler
from .display import ProgressBarHandler, TensorBoardHandler
from .events import BatchBegin, BatchEnd, EpochBegin, EpochEnd, EventHandler, TrainBegin, TrainEnd, check_counts
from .utils import checked_metrics, comparison, name_values

if TYPE_CHECKING:
    from .estimator import Estimator

__all__ = [
    "BatchBegin",
    "BatchEnd",
    "CheckpointHandler",
    "EarlyStoppingHandler",
    "EpochBegin",
    "EpochEnd",
    "EventHandler",
    "GradientUpdateHandler",
    "LoggingHandler",
    "MetricHandler",
    "ProgressBarHandler",
    "StoppingHandler",
    "TensorBoardHandler",
    "TrainBegin",
    "TrainEnd",
    "ValidationHandler",
]


class StoppingHandler(TrainBegin, BatchEnd, EpochEnd):
    """Stops after ``max_epoch`` epochs or ``max_batch`` batches, or after those of ``fit``, whichever comes first."""

    def __init__(self, max_epoch: int | None = None, max_batch: int | None = None) -> None:
        check_counts(self, 1, max_epoch=max_epoch, max_batch=max_batch)
        self._own = (max_epoch, max_batch)
        self.max_epoch, self.max_batch = max_epoch, max_batch
        self.current_batch = self.current_epoch = 0
        self.stop_training = False

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        limits = zip(self._own, (estimator.max_epoch, estimator.max_batch), strict=True)
        self.max_epoch, self.max_batch = (min((n for n in pair if n is not None), default=None) for pair in limits)
        self.current_batch = self.current_epoch = 0
        self.stop_training = False

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> bool:
        self.current_batch += 1
        self.stop_training |= self.current_batch == self.max_batch
        return self.stop_training

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> bool:
        self.current_epoch += 1
        self.stop_training |= self.current_epoch == self.max_epoch
        return self.stop_training


class MetricHandler(EpochBegin, BatchEnd):
    """Resets metrics when an epoch begins and updates them after each batch, those of the class Loss with the losses.

    metrics: a metric or a list of them.
    """

    def __init__(self, metrics: Any, priority: float = -1000) -> None:
        self.metrics = checked_metrics(metrics)
        self.priority = priority

    def epoch_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        for metric in self.metrics:
            metric.reset()

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        pred, label, loss = kwargs["pred"], kwargs["label"], kwargs["loss"]
        for metric in self.metrics:
            if isinstance(metric, metrics_module.Loss):
                metric.update(0, loss)
            else:
                metric.update(label, pred)


class ValidationHandler(TrainBegin, BatchEnd, EpochEnd):
    """Evaluates every ``epoch_period`` epochs and every ``batch_period`` batches; None means never.

    eval_fn: called with ``val_data=``, ``batch_axis=`` and ``event_handlers=``, as ``Estimator.evaluate`` is.
    """

    resumable = ("current_batch", "current_epoch")

    def __init__(
        self,
        val_data: Any,
        eval_fn: Callable[..., Any],
        epoch_period: int | None = 1,
        batch_period: int | None = None,
        priority: float = -1000,
        event_handlers: Any = None,
    ) -> None:
        if not callable(eval_fn):
            raise TypeError(f"eval_fn must be callable, such as estimator.evaluate, but got {eval_fn!r}")
        check_counts(self, 0, epoch_period=epoch_period, batch_period=batch_period)
        self.val_data = val_data
        self.eval_fn = eval_fn
        self.epoch_period, self.batch_period = epoch_period, batch_period
        self.current_batch = self.current_epoch = 0
        self.priority = priority
        self.event_handlers = event_handlers

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.current_batch = self.current_epoch = 0

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.current_batch += 1
        if self.batch_period and self.current_batch % self.batch_period == 0:
            self._evaluate(estimator)

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.current_epoch += 1
        if self.epoch_period and self.current_epoch % self.epoch_period == 0:
            self._evaluate(estimator)

    def _evaluate(self, estimator: Estimator) -> None:
        self.eval_fn(val_data=self.val_data, batch_axis=estimator.batch_axis, event_handlers=self.event_handlers)


class LoggingHandler(TrainBegin, TrainEnd, EpochBegin, EpochEnd, BatchBegin, BatchEnd):
    """Logs begin and end of training, epochs and, every ``log_interval`` batches, metrics through ``estimator.logger``.

    log_interval: "epoch", or a number of batches. The lines are MXNet's, since programs read such logs.
    """

    LOG_PER_EPOCH = "epoch"

    def __init__(self, log_interval: str | int = "epoch", metrics: Any = None, priority: float = math.inf) -> None:
        if log_interval != self.LOG_PER_EPOCH and (not isinstance(log_interval, int) or log_interval == 0):
            raise ValueError(f"log_interval must be either an integer or string 'epoch', but got {log_interval!r}")
        self.metrics = checked_metrics(metrics)
        self.batch_index = self.current_epoch = self.processed_samples = 0
        self.priority = priority
        self.log_interval = log_interval
        self.log_interval_time = 0.0
        self.train_start = self.epoch_start = self.batch_start = 0.0
        self._training = False

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.train_start = time.time()
        self._training = True
        trainer = estimator.trainer
        estimator.logger.info(
            "Training begin: using optimizer %s with current learning rate %.4f ",
            type(trainer.optimizer).__name__,
            trainer.learning_rate,
        )
        if estimator.max_epoch:
            estimator.logger.info("Train for %d epochs.", estimator.max_epoch)
        else:
            estimator.logger.info("Train for %d batches.", estimator.max_batch)
        self.batch_index = self.current_epoch = self.processed_samples = 0
        self.log_interval_time = 0.0

    def train_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self._training = False
        text = "Train finished using total %ds with %d epochs. "
        self._log(estimator, text % (time.time() - self.train_start, self.current_epoch))

    def epoch_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.epoch_start = time.time()
        if self._training:
            rate = estimator.trainer.learning_rate
            estimator.logger.info("[Epoch %d] Begin, current learning rate: %.4f", self.current_epoch, rate)
        else:
            estimator.logger.info("Validation Begin")

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self._log(estimator, f"[Epoch {self.current_epoch}] Finished in {time.time() - self.epoch_start:.3f}s, ")
        self.current_epoch += 1
        self.batch_index = 0

    def batch_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.batch_start = time.time()

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        if self.log_interval == self.LOG_PER_EPOCH:
            return
        self.log_interval_time += time.time() - self.batch_start
        self.processed_samples += _samples(kwargs["batch"], estimator.batch_axis)
        if self.batch_index % self.log_interval == 0:  # type: ignore[operator]
            place = f"[Epoch {self.current_epoch}][Batch {self.batch_index}][Samples {self.processed_samples}] "
            self._log(estimator, f"{place}time/interval: {self.log_interval_time:.3f}s ")
            self.log_interval_time = 0.0
        self.batch_index += 1

    def _log(self, estimator: Estimator, text: str) -> None:
        estimator.logger.info("%s", (text + name_values(self.metrics)).rstrip(", "))


def _samples(batch: Any, batch_axis: int) -> int:
    """How many samples a batch has: by its first array."""
    first = batch
    while isinstance(first, (list, tuple)):
        first = first[0]
    return first.shape[batch_axis]


class EarlyStoppingHandler(TrainBegin, EpochEnd, TrainEnd):
    """Stops when a metric has not improved by more than ``min_delta`` for ``patience`` epochs.

    Parameters
    ----------
    monitor : EvalMetric
        One of ``estimator.train_metrics`` and ``estimator.val_metrics``.
    min_delta : float
        What counts as an improvement.
    patience : int
        How many epochs without one are allowed; 0 stops at the first.
    mode : {'auto', 'min', 'max'}
        Which way is better; 'auto' goes by the metric's name.
    baseline : float, optional
        What the first epoch has to surpass.

    Raises ValueError for a monitor that is no metric or a composite one.
    """

    resumable = ("wait", "stopped_epoch", "current_epoch", "best")

    def __init__(
        self,
        monitor: EvalMetric,
        min_delta: float = 0,
        patience: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
    ) -> None:
        if not isinstance(monitor, EvalMetric):
            raise ValueError(
                "Please provide one of the metric objects from estimator.train_metrics and estimator.val_metrics as "
                f"monitor, got {monitor!r}."
            )
        if isinstance(monitor, CompositeEvalMetric):
            raise ValueError(
                "CompositeEvalMetric is not supported for EarlyStoppingHandler, please specify a simple metric instead."
            )
        self.monitor = monitor
        self.baseline = baseline
        self.patience = patience
        self.wait = self.stopped_epoch = self.current_epoch = 0
        self.stop_training = False
        self.monitor_op, self._worst = comparison(monitor, mode, "EarlyStopping")
        self.min_delta = min_delta if self._worst < 0 else -min_delta
        self.best = self._worst if baseline is None else baseline

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.wait = self.stopped_epoch = self.current_epoch = 0
        self.stop_training = False
        self.best = self._worst if self.baseline is None else self.baseline

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> bool:
        name, value = self.monitor.get()
        if math.isnan(value):
            warnings.warn(
                f"{name} is not updated, make sure you pass one of the metric objects from estimator.train_metrics and "
                "estimator.val_metrics as monitor.",
                RuntimeWarning,
                stacklevel=2,
            )
        elif self.monitor_op(value - self.min_delta, self.best):
            self.best = value
            self.wait = 0
        else:
            self.wait += 1
            if self.wait >= self.patience:
                self.stopped_epoch = self.current_epoch
                self.stop_training = True
        self.current_epoch += 1
        return self.stop_training

    def train_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        if self.stop_training:
            estimator.logger.info(  # MXNet's spelling: programs read such logs
                "[Epoch %d] EarlyStoppingHanlder: early stopping due to %s not improving",
                self.stopped_epoch,
                self.monitor.get()[0],
            )


class GradientUpdateHandler(BatchEnd):
    """Updates the weights after each batch: ``trainer.step`` with the number of losses."""

    def __init__(self, priority: float = -2000) -> None:
        self.priority = priority

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        loss = kwargs["loss"]
        parts = loss if isinstance(loss, (list, tuple)) else [loss]
        estimator.trainer.step(sum(part.shape[0] for part in parts))
