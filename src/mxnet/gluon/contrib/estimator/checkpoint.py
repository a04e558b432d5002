"""Saving a training while it runs, and resuming it."""

from __future__ import annotations

import math
import os
import re
import warnings
from typing import TYPE_CHECKING, Any

from ...._files import atomic_write
from ....metric import EvalMetric
from ...block import HybridBlock
from .events import BatchEnd, EpochEnd, TrainBegin, check_counts
from .utils import comparison

if TYPE_CHECKING:
    from .estimator import Estimator

__all__ = ["CheckpointHandler"]

ENDINGS = (".progress", ".states", ".params")  # in the order of writing: the last one says that all are there


class CheckpointHandler(TrainBegin, BatchEnd, EpochEnd):
    """Saves network, trainer's states and progress every ``epoch_period`` epochs and every ``batch_period`` batches.

    A checkpoint is ``PREFIX-epochEbatchB.params``, ``.states`` and ``.progress`` (see progress.py) in ``model_dir``; a
    hybridized network's graph goes to ``PREFIX-symbol.json``. Each file appears whole or not at all.

    Parameters
    ----------
    model_dir : str
        The folder; made if it is missing.
    model_prefix : str
    monitor : EvalMetric, optional
        One of ``estimator.train_metrics`` and ``estimator.val_metrics``, for ``save_best``.
    verbose : int
        With 1, log what is saved.
    save_best : bool
        Also save ``PREFIX-best`` each time the monitored metric is better than before.
    mode : {'auto', 'min', 'max'}
        Which way is better; 'auto' goes by the metric's name.
    epoch_period, batch_period : int, optional
        None for never.
    max_checkpoints : int
        Only so many checkpoints of this training stay; the best one does not count.
    resume_from_checkpoint : bool
        Continue from the newest checkpoint in the folder, if there is one: ``fit(epochs=10)`` then trains what is left
        of 10 epochs. On a CPU the result is that of a training without interruption, bit for bit (but files hold the
        mean of several contexts' running statistics). Period and ``fit`` must both count epochs, or both batches.

    Put it behind handlers whose counts (``EventHandler.resumable``) it is to save: it hears of an event after them.
    Checkpoints of MXNet are resumed, too; these begin a new epoch, with new random numbers.

    Raises ValueError where ``save_best`` has no metric to monitor. Resuming raises AssertionError for periods of the
    other kind or a checkpoint without states, ValueError where nothing is left to train or a file's name is strange.
    """

    resumable = ("best",)

    def __init__(
        self,
        model_dir: str | os.PathLike[str],
        model_prefix: str = "model",
        monitor: EvalMetric | None = None,
        verbose: int = 0,
        save_best: bool = False,
        mode: str = "auto",
        epoch_period: int | None = 1,
        batch_period: int | None = None,
        max_checkpoints: int = 5,
        resume_from_checkpoint: bool = False,
    ) -> None:
        check_counts(self, 0, epoch_period=epoch_period, batch_period=batch_period)
        self.model_dir = os.fspath(model_dir)
        self.model_prefix = model_prefix
        self.monitor = monitor
        self.verbose = verbose
        self.save_best = save_best
        self.epoch_period, self.batch_period = epoch_period, batch_period
        self.current_batch = self.current_epoch = 0
        self.max_checkpoints = max_checkpoints
        self.resume_from_checkpoint = resume_from_checkpoint
        self.saved_checkpoints: list[str] = []
        self._first_epoch = self._first_batch = 0  # what the numbers in names begin with
        if save_best:
            if not isinstance(monitor, EvalMetric):
                raise ValueError(
                    "To save best model only, please provide one of the metric objects from estimator.train_metrics "
                    f"and estimator.val_metrics as monitor, got {monitor!r}."
                )
            self.monitor_op, self._worst = comparison(monitor, mode, "ModelCheckpoint")
            self.best = self._worst
        os.makedirs(self.model_dir, exist_ok=True)

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        self.current_batch = self.current_epoch = 0
        self._first_epoch = self._first_batch = 0
        if self.save_best:
            self.best = self._worst
        if self.resume_from_checkpoint:
            self._resume(estimator)

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        if self.current_batch == 0:
            self._save_graph(estimator)
        self.current_batch += 1
        if self.batch_period and self.current_batch % self.batch_period == 0:
            self._save(estimator, self._first_batch + self.current_batch - 1)

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> None:
        if self.epoch_period and (self.current_epoch + 1) % self.epoch_period == 0:
            # As in MXNet, the number counts batches here, but from 0 where a training may be resumed.
            self._save(estimator, self._first_batch + self.current_batch - self.resume_from_checkpoint)
        self.current_epoch += 1

    # ---- saving ------------------------------------------------------------------------------------------------------

    def _save(self, estimator: Estimator, batch: int) -> None:
        name = f"{self.model_prefix}-epoch{self._first_epoch + self.current_epoch}batch{batch}"
        self._log(
            estimator,
            f"trained total {self.current_batch} batches, saving model at {self.model_dir} with prefix: {name}",
        )
        if self.max_checkpoints > 0:
            self._remove(name)  # an earlier fit's: the files of two trainings must never make one checkpoint
            self._write(estimator, name)
            if name in self.saved_checkpoints:  # by an earlier fit
                self.saved_checkpoints.remove(name)
            self.saved_checkpoints.append(name)
            while len(self.saved_checkpoints) > self.max_checkpoints:
                self._remove(self.saved_checkpoints.pop(0))
        if self.save_best:
            self._save_if_best(estimator)

    def _save_if_best(self, estimator: Estimator) -> None:
        assert self.monitor is not None
        name, value = self.monitor.get()
        if math.isnan(value):
            warnings.warn(
                f"Skipping save best because {name} is not updated, make sure you pass one of the metric objects "
                "estimator.train_metrics and estimator.val_metrics as monitor",
                RuntimeWarning,
                stacklevel=2,
            )
        elif self.monitor_op(value, self.best):
            best = f"{self.model_prefix}-best"
            self._log(
                estimator,
                f"{name} improved from {self.best:.5f} to {value:.5f}, updating best model at {self.model_dir} with "
                f"prefix: {best}",
            )
            self.best = value
            self._write(estimator, best)
        else:
            self._log(estimator, f"{name} did not improve from {self.best:.5f}, skipping updating best model")

    def _write(self, estimator: Estimator, name: str) -> None:
        path = os.path.join(self.model_dir, name)
        progress = estimator._progress
        if progress is not None:
            with atomic_write(f"{path}.progress") as file:
                file.write(progress.dumps())
        estimator.trainer.save_states(f"{path}.states")
        estimator.net.save_parameters(f"{path}.params")

    def _remove(self, name: str) -> None:
        for ending in reversed(ENDINGS):
            path = os.path.join(self.model_dir, name + ending)
            if os.path.exists(path):
                os.remove(path)

    def _save_graph(self, estimator: Estimator) -> None:
        path = os.path.join(self.model_dir, f"{self.model_prefix}-symbol.json")
        try:
            if not isinstance(estimator.net, HybridBlock):
                raise RuntimeError("not a HybridBlock")
            graph = estimator.net._latest_graph("CheckpointHandler").graph
        except RuntimeError:
            estimator.logger.info(
                "Model architecture(symbol file) is not saved, please use HybridBlock to construct your model, and "
                "call net.hybridize() before passing to Estimator in order to save model architecture as %s.",
                path,
            )
        else:
            graph.save(path)

    def _log(self, estimator: Estimator, text: str) -> None:
        if self.verbose > 0:
            estimator.logger.info("[Epoch %d] CheckpointHandler: %s", self.current_epoch, text)

    # ---- resuming ----------------------------------------------------------------------------------------------------

    def _resume(self, estimator: Estimator) -> None:
        by_epoch = estimator.max_epoch is not None
        if bool(self.epoch_period) != by_epoch or bool(self.batch_period) == by_epoch:
            raise AssertionError(
                "To use resume from checkpoint, you must only specify the same type of period you used for training. "
                "For example, if you are training based on number of epochs, you must save only based on epochs, and "
                f"set batch_period to None. Received: epoch_period={self.epoch_period}, "
                f"batch_period={self.batch_period}, epochs={estimator.max_epoch}, batches={estimator.max_batch}."
            )
        limit, unit = (estimator.max_epoch, "epoch") if by_epoch else (estimator.max_batch, "batch")
        assert limit is not None
        plural = "epochs" if by_epoch else "batches"
        found = self._newest()
        if found is None:
            estimator.logger.info(
                "CheckpointHandler: No checkpoint found, training from scratch for %d %s", limit, plural
            )
            return
        epoch, batch, name = found
        if not os.path.exists(os.path.join(self.model_dir, f"{name}.states")):
            raise AssertionError(
                f"Failed to load checkpoint, {os.path.join(self.model_dir, name)}.states does not exist"
            )
        used = self._read_progress(estimator, name)
        done = (epoch if used else epoch + 1) if by_epoch else batch + 1
        if done >= limit:
            raise ValueError(
                f"Found checkpoint with maximum number of {unit} {limit} reached ({name}), please specify "
                "resume_from_checkpoint=False (default value) if you want to train from scratch."
            )
        self._read(estimator, name)
        if by_epoch:
            estimator.max_epoch = limit - done
        else:
            estimator.max_batch = limit - done
        self._first_epoch = epoch if used else epoch + 1
        self._first_batch = batch + 1
        estimator.logger.info(
            "CheckpointHandler: Checkpoint resumed from epoch %d batch %d, continue to train for %d %s ",
            epoch, batch, limit - done, plural,
        )  # fmt: skip

    def _newest(self) -> tuple[int, int, str] | None:
        """Epoch, batch and name of the checkpoint with the highest numbers."""
        found = []
        for file in os.listdir(self.model_dir):
            if not (file.startswith(f"{self.model_prefix}-epoch") and file.endswith(".params")):
                continue
            match = re.fullmatch(re.escape(self.model_prefix) + r"-epoch(\d+)batch(\d+)\.params", file)
            if match is None:
                raise ValueError(
                    "Error parsing checkpoint file, please check your checkpoints have the format: "
                    "{model_name}-epoch{epoch_number}batch{batch_number}.params, there should also be a .states file "
                    f"for each .params file. Found: {file}"
                )
            found.append((int(match[1]), int(match[2]), file.removesuffix(".params")))
        return max(found, default=None)

    def _read(self, estimator: Estimator, name: str) -> None:
        path = os.path.join(self.model_dir, name)
        estimator.net.load_parameters(f"{path}.params")
        estimator.trainer.load_states(f"{path}.states")

    def _read_progress(self, estimator: Estimator, name: str) -> int:
        """Let the estimator's progress continue from that of the checkpoint; returns the batches used of its epoch."""
        path = os.path.join(self.model_dir, f"{name}.progress")
        if estimator._progress is None or not os.path.exists(path):  # MXNet wrote it
            return 0
        with open(path, "rb") as file:
            return estimator._progress.loads(file.read(), path)
