"""Estimator: the training loop."""

from __future__ import annotations

import copy
import logging
import math
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from ....context import Context, cpu, gpu, num_gpus
from ....initializer import Uniform
from ....metric import EvalMetric
from ...block import Block
from ...data.dataloader import DataLoader
from ...loss import Loss
from ...trainer import Trainer
from .batch_processor import BatchProcessor
from .event_handler import (
    BatchBegin,
    BatchEnd,
    EpochBegin,
    EpochEnd,
    EventHandler,
    GradientUpdateHandler,
    LoggingHandler,
    MetricHandler,
    StoppingHandler,
    TrainBegin,
    TrainEnd,
    ValidationHandler,
)
from .progress import Progress
from .utils import check_metrics_known, checked_metrics, metrics_for

__all__ = ["Estimator"]


class Estimator:
    """Trains and evaluates a network.

    Parameters
    ----------
    net : Block
    loss : gluon.loss.Loss
    train_metrics : EvalMetric or list of EvalMetric, optional
        By default the loss, and accuracy for softmax cross-entropy. They are renamed: "training accuracy".
    val_metrics : EvalMetric or list of EvalMetric, optional
        By default copies of ``train_metrics``, named "validation ...".
    initializer : Initializer, optional
        For a network that is not initialized yet; by default ``Uniform``.
    trainer : Trainer, optional
        By default SGD with learning rate 0.001, and a warning.
    context : Context or list of Context, optional
        Each batch is cut into a part for every one. By default the first GPU, or the CPU.
    val_net : Block, optional
        The network for ``evaluate``, when it is another one.
    val_loss : gluon.loss.Loss, optional
        The loss for ``evaluate``, when it is another one.
    batch_processor : BatchProcessor, optional
        What to do with a batch; anything with ``fit_batch`` and ``evaluate_batch``.

    ``logger`` prints to stdout and belongs to this estimator alone.

    Raises ValueError for arguments of the wrong type, AssertionError for a GPU that is not there.
    """

    def __init__(
        self,
        net: Block,
        loss: Loss,
        train_metrics: EvalMetric | list[EvalMetric] | None = None,
        val_metrics: EvalMetric | list[EvalMetric] | None = None,
        initializer: Any = None,
        trainer: Trainer | None = None,
        context: Context | list[Context] | None = None,
        val_net: Block | None = None,
        val_loss: Loss | None = None,
        batch_processor: BatchProcessor | None = None,
    ) -> None:
        self.net = net
        self.loss = _checked_loss(loss)
        self._train_metrics = checked_metrics(train_metrics) or metrics_for(self.loss)
        for metric in self._train_metrics:
            metric.name = f"training {metric.name}"
        self._val_metrics = checked_metrics(val_metrics) or copy.deepcopy(self._train_metrics)
        for metric in self._val_metrics:
            named = "training" in metric.name
            metric.name = metric.name.replace("training", "validation") if named else f"validation {metric.name}"
        self.val_loss = self.loss if val_loss is None else _checked_loss(val_loss)
        self.val_net = net if val_net is None else val_net
        self.logger = _Logger("Estimator", logging.INFO)
        self.logger.addHandler(logging.StreamHandler(sys.stdout))
        self.context = _checked_contexts(context)
        self._initialize(initializer)
        self.trainer = self._checked_trainer(trainer)
        self.batch_processor = _checked_processor(batch_processor)
        self.max_epoch: int | None = None
        self.max_batch: int | None = None
        self.batch_axis = 0
        self._progress: Progress | None = None  # while fit runs
        self._loader: DataLoader | None = None  # what fit or evaluate goes through

    @property
    def train_metrics(self) -> list[EvalMetric]:
        return self._train_metrics

    @property
    def val_metrics(self) -> list[EvalMetric]:
        return self._val_metrics

    def _initialize(self, initializer: Any) -> None:
        parameters = self.net.collect_params().values()
        if not all(p._data is not None or p._deferred_init for p in parameters):
            self.net.initialize(init=Uniform() if initializer is None else initializer, ctx=self.context)
        elif initializer is not None:
            warnings.warn(
                "Network already fully initialized, skipping initialization. You don't need to pass initializer if you "
                "already initialized your net. You can use net.initialize(init=your_initializer, force_reinit=True) to "
                "force re-initialize.",
                UserWarning,
                stacklevel=3,
            )

    def _checked_trainer(self, trainer: Any) -> Trainer:
        if trainer is None:
            warnings.warn(
                "No trainer specified, default SGD optimizer with learning rate 0.001 is used.",
                UserWarning,
                stacklevel=3,
            )
            return Trainer(self.net.collect_params(), "sgd", {"learning_rate": 0.001})
        if not isinstance(trainer, Trainer):
            raise ValueError(f"Trainer must be a Gluon Trainer instance, refer to gluon.Trainer: {trainer!r}")
        return trainer

    def evaluate(self, val_data: DataLoader, batch_axis: int = 0, event_handlers: Any = None) -> None:
        """Run the validation data through network and loss, and update ``val_metrics``.

        Handlers hear of epoch and batches; those for metrics and logging are added where they are missing.
        Raises ValueError for data that are no DataLoader, and for things that are no handlers.
        """
        _check_loader(val_data)
        handlers = _checked_handlers(event_handlers)
        _add_missing(handlers, MetricHandler, lambda: MetricHandler(self.val_metrics))
        _add_missing(handlers, LoggingHandler, lambda: LoggingHandler(metrics=self.val_metrics))
        handlers = _ordered(handlers, self.val_metrics)
        outer, self._loader = self._loader, val_data
        try:
            for handler in _of(EpochBegin, handlers):
                handler.epoch_begin(self)
            for batch in val_data:
                for handler in _of(BatchBegin, handlers):
                    handler.batch_begin(self, batch=batch)
                _, label, pred, loss = self.batch_processor.evaluate_batch(self, batch, batch_axis)
                for handler in _of(BatchEnd, handlers):
                    handler.batch_end(self, batch=batch, pred=pred, label=label, loss=loss)
            for handler in _of(EpochEnd, handlers):
                handler.epoch_end(self)
        finally:
            self._loader = outer

    def fit(
        self,
        train_data: DataLoader,
        val_data: DataLoader | None = None,
        epochs: int | None = None,
        event_handlers: Any = None,
        batches: int | None = None,
        batch_axis: int = 0,
    ) -> None:
        """Train for a number of epochs, or of batches.

        Handlers for stopping, updates, metrics, validation (with ``val_data``) and logging are added where they are
        missing. Raises ValueError unless exactly one of ``epochs`` and ``batches`` is given, for data that are no
        DataLoader, and for things that are no handlers.
        """
        _check_loader(train_data)
        if val_data is not None:
            _check_loader(val_data)
        if bool(epochs) == bool(batches):
            raise ValueError(
                "Fit only support exactly one type of iteration, train by number of epochs or number of batches. "
                f"Please specify one and only one of: epochs or batches. Received: epochs={epochs}, batches={batches}."
            )
        self.max_epoch, self.max_batch = _checked_count("epochs", epochs), _checked_count("batches", batches)
        self.batch_axis = batch_axis
        handlers = self._training_handlers(val_data, event_handlers)
        self._progress, self._loader = Progress(self, train_data, handlers), train_data
        try:
            for handler in _of(TrainBegin, handlers):
                handler.train_begin(self)
            while not self._train_epoch(self._progress, handlers):
                pass
            for handler in _of(TrainEnd, handlers):
                handler.train_end(self)
        finally:
            self._progress = self._loader = None

    def _training_handlers(self, val_data: DataLoader | None, event_handlers: Any) -> list[EventHandler]:
        handlers = _checked_handlers(event_handlers)
        _add_missing(handlers, StoppingHandler, lambda: StoppingHandler(self.max_epoch, self.max_batch))
        _add_missing(handlers, GradientUpdateHandler, GradientUpdateHandler)
        _add_missing(handlers, MetricHandler, lambda: MetricHandler(self.train_metrics))
        if val_data is not None:
            _add_missing(handlers, ValidationHandler, lambda: ValidationHandler(val_data, self.evaluate))
        _add_missing(handlers, LoggingHandler, lambda: LoggingHandler(metrics=self.train_metrics))
        return _ordered(handlers, [*self.train_metrics, *self.val_metrics])

    def _train_epoch(self, progress: Progress, handlers: list[EventHandler]) -> bool:
        """One epoch; whether it is the last. Every handler hears of an event, also when an earlier one says stop."""
        progress.begin_epoch()
        for handler in _of(EpochBegin, handlers):
            handler.epoch_begin(self)
        for batch in progress.batches():
            for handler in _of(BatchBegin, handlers):
                handler.batch_begin(self, batch=batch)
            _, label, pred, loss = self.batch_processor.fit_batch(self, batch, self.batch_axis)
            heard = _of(BatchEnd, handlers)
            answers = [h.batch_end(self, batch=batch, pred=pred, label=label, loss=loss) for h in heard]
            if any(answers):
                break
        if not progress.end_epoch() and self.max_batch is not None:
            raise ValueError(f"The training data have no batches: {self.max_batch} batches would take forever.")
        answers = [handler.epoch_end(self) for handler in _of(EpochEnd, handlers)]
        return any(answers)

    def _batches_in_epoch(self) -> int | None:
        """How many batches the data have that ``fit`` or ``evaluate`` go through now, if they know."""
        try:
            return None if self._loader is None else len(self._loader)
        except (TypeError, NotImplementedError):  # a sampler without a length
            return None


class _Logger(logging.Logger):
    """A logger outside of the tree of loggers: nothing that others set up prints its lines twice, or hides them."""

    def isEnabledFor(self, level: int) -> bool:  # Logger's own keeps what it found, and forgets it for the tree alone
        return not self.disabled and self.manager.disable < level >= self.getEffectiveLevel()


def _of(event: type, handlers: Sequence[EventHandler]) -> list[Any]:
    return [handler for handler in handlers if isinstance(handler, event)]


def _add_missing(handlers: list[EventHandler], kind: type, make: Any) -> None:
    if not any(isinstance(handler, kind) for handler in handlers):
        handlers.append(make())


def _ordered(handlers: list[EventHandler], metrics: list[EvalMetric]) -> list[EventHandler]:
    for handler in handlers:
        check_metrics_known(handler, metrics)
    return sorted(handlers, key=lambda handler: getattr(handler, "priority", 0))


def _checked_handlers(handlers: Any) -> list[EventHandler]:
    """A new list, so that the user's stays as it is."""
    if handlers is None:
        return []
    if isinstance(handlers, EventHandler):
        return [handlers]
    if not isinstance(handlers, (list, tuple)):
        raise (ValueError if hasattr(handlers, "__iter__") else TypeError)(
            f"handlers must be an EventHandler or a list of EventHandler, got: {handlers!r}"
        )
    if not all(isinstance(handler, EventHandler) for handler in handlers):
        raise ValueError(f"handlers must be an EventHandler or a list of EventHandler, got: {handlers!r}")
    return list(handlers)


def _checked_loss(loss: Any) -> Loss:
    if not isinstance(loss, Loss):
        raise ValueError(f"loss must be a Loss, refer to gluon.loss.Loss: {loss!r}")
    return loss


def _checked_contexts(contexts: Any) -> list[Context]:
    """A list of contexts, whose GPUs are there."""
    found = num_gpus()
    if not contexts:
        if found > 1:
            warnings.warn(
                "You have multiple GPUs, gpu(0) will be used by default. To utilize all your GPUs, specify context as "
                "a list of gpus, e.g. context=[mx.gpu(0), mx.gpu(1)]",
                UserWarning,
                stacklevel=3,
            )
        return [gpu(0) if found else cpu()]
    listed = [contexts] if isinstance(contexts, Context) else contexts
    if not isinstance(listed, list) or not all(isinstance(ctx, Context) for ctx in listed):
        raise ValueError(
            "context must be a Context or a list of Context, for example mx.cpu() or [mx.gpu(0), mx.gpu(1)], refer to "
            f"mxnet.Context: {contexts!r}"
        )
    for ctx in listed:
        if ctx.device_type == "gpu" and ctx.device_id >= found:
            known = ", ".join(["mx.cpu()", *map(str, map(gpu, range(found)))])
            raise AssertionError(f"{ctx} is not available, please make sure your context is in one of: {known}")
    return listed


def _checked_processor(processor: Any) -> BatchProcessor:
    if processor is None:
        return BatchProcessor()
    if not (callable(getattr(processor, "fit_batch", None)) and callable(getattr(processor, "evaluate_batch", None))):
        raise ValueError(
            f"Customized Batch Processor must contain fit_batch() and evaluate_batch() methods, got {processor!r}"
        )
    return processor


def _checked_count(name: str, count: Any) -> int | None:
    if not count:
        return None
    if isinstance(count, str) or not math.isfinite(count) or count != int(count) or count < 0:
        raise ValueError(f"{name} must be a whole number above 0, but got {count!r}")
    return int(count)


def _check_loader(data: Any) -> None:
    if not isinstance(data, DataLoader):
        raise ValueError(
            "Estimator only support input as Gluon DataLoader. Alternatively, you can transform your DataIter or any "
            f"NDArray into Gluon DataLoader. Refer to gluon.data.DataLoader. Received: {type(data).__name__}"
        )
