"""Handlers that show how a training goes, beyond MXNet's: a progress bar, and curves in TensorBoard."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ...._extras import require
from ....metric import EvalMetric
from .events import BatchEnd, EpochBegin, EpochEnd, TrainBegin, TrainEnd
from .utils import checked_metrics, name_values

if TYPE_CHECKING:
    from .estimator import Estimator

__all__ = ["ProgressBarHandler", "TensorBoardHandler"]


class ProgressBarHandler(TrainBegin, EpochBegin, BatchEnd, EpochEnd):
    """A progress bar (tqdm) of each epoch, with metrics; nothing where stderr is no terminal.

    Parameters
    ----------
    metrics : EvalMetric or list of EvalMetric, optional
        What the bar shows besides the speed, for instance ``estimator.train_metrics``.
    priority : float
        Before the LoggingHandler, so that the bar is gone when a line is printed.
    **options
        For tqdm: ``ncols=80``, ``leave=True``, ``disable=False`` (a bar also where there is no terminal), ...

    Needs the extra ``regluon[progress]``; raises ImportError without it.
    """

    resumable = ("current_epoch",)

    def __init__(self, metrics: Any = None, priority: float = 1000, **options: Any) -> None:
        self._tqdm = require("tqdm", "progress").tqdm
        self.metrics = checked_metrics(metrics)
        self.priority = priority
        self.current_epoch = 0
        self._options = {"disable": None, "leave": False, **options}
        self._bar: Any = None

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.current_epoch = 0

    def epoch_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self._close()  # of an epoch that an exception ended
        title, total = f"Epoch {self.current_epoch}", estimator._batches_in_epoch()
        self._bar = self._tqdm(**{"desc": title, "total": total, "unit": "batch", **self._options})

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        if self._bar.update():  # true when the bar is drawn: only then is a metric's value waited for
            self._show()

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        if not self._bar.disable:
            self._show()
        self._close()
        self.current_epoch += 1

    def _show(self) -> None:
        self._bar.set_postfix_str(name_values(self.metrics))

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class TensorBoardHandler(TrainBegin, BatchEnd, EpochEnd, TrainEnd):
    """Writes metrics and learning rate for TensorBoard after each epoch, and every ``batch_period`` batches.

    Parameters
    ----------
    log_dir : str
        The folder that TensorBoard is to read.
    metrics : EvalMetric or list of EvalMetric, optional
        By default all training and validation metrics of the estimator.
    batch_period : int, optional
        Also write the training metrics, as far as they are, every so many batches.
    priority : float

    "training accuracy" becomes the curve ``training/accuracy``, whose steps are epochs; after batches it is
    ``training batches/accuracy``, whose steps are batches. A resumed training continues the curves.
    Needs the extra ``regluon[tensorboard]``; raises ImportError without it.
    """

    resumable = ("current_batch", "current_epoch")

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        metrics: Any = None,
        batch_period: int | None = None,
        priority: float = 1000,
    ) -> None:
        self._make_writer = require("tensorboardX", "tensorboard").SummaryWriter
        self.log_dir = os.fspath(log_dir)
        self.metrics = checked_metrics(metrics)
        self.batch_period = batch_period
        self.priority = priority
        self.current_batch = self.current_epoch = 0
        self._writer: Any = None

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.current_batch = self.current_epoch = 0
        self._writer = self._make_writer(self.log_dir)

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.current_batch += 1
        if self.batch_period and self.current_batch % self.batch_period == 0:
            known = self.metrics or estimator.train_metrics
            chosen = [m for m in known if any(m is metric for metric in estimator.train_metrics)]
            self._write(chosen, " batches/", self.current_batch)

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.current_epoch += 1
        self._write(self.metrics or [*estimator.train_metrics, *estimator.val_metrics], "/", self.current_epoch)
        self._writer.add_scalar("learning rate", estimator.trainer.learning_rate, global_step=self.current_epoch)
        self._writer.flush()

    def train_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self._writer.close()

    def _write(self, metrics: list[EvalMetric], separator: str, step: int) -> None:
        for metric in metrics:
            for name, value in metric.get_name_value():
                self._writer.add_scalar(name.replace(" ", separator, 1), value, global_step=step)
