"""Where a training is, and going on from there as if it had never stopped.

Besides parameters and the trainer's states, the course of a training depends on random numbers, on the order of the
data, on how far the current epoch is, on metrics, and on what handlers count. ``Progress`` follows all that through
``fit``, writes it as JSON, and restores it. Random numbers come from three sources: MXNet's generators (dropout),
NumPy's (shuffling), and Python's (the user's transforms).
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .... import context
from ....base import MXNetError
from ....metric import CompositeEvalMetric, EvalMetric
from ....ops.random import generators
from ...data.dataloader import DataLoader
from ...data.sampler import BatchSampler
from .events import EventHandler

if TYPE_CHECKING:
    from .estimator import Estimator

__all__ = ["Progress"]

FORMAT = "regluon training progress 1"
_SUMS = ("num_inst", "sum_metric", "global_num_inst", "global_sum_metric")


class Progress:
    """The position of one ``fit`` in its epochs and batches.

    An epoch is continued in its middle by beginning it again with the random numbers that it began with, and leaving
    out the batches that were used already.
    """

    def __init__(self, estimator: Estimator, loader: DataLoader, handlers: Sequence[EventHandler]) -> None:
        self._estimator, self._loader, self._handlers = estimator, loader, handlers
        self._epoch: dict[str, Any] | None = None  # the sources when the current epoch began; None between epochs
        self._batches = 0  # used of the current epoch
        self._resumed: dict[str, Any] | None = None

    def dumps(self) -> bytes:
        """The position, as bytes for ``loads``."""
        now = self._sources()
        written = {
            "format": FORMAT,
            "epoch": self._epoch or now,
            "batches": self._batches,
            "now": now,
            "metrics": [_metric_state(metric) for metric in self._metrics()],
            "handlers": [
                [type(h).__name__, {name: _plain(getattr(h, name)) for name in _kept(h)}] for h in self._handlers
            ],
        }
        return json.dumps(written).encode()

    def loads(self, raw: bytes, where: str) -> int:
        """Continue from there with the next epoch. Returns how many batches of it were used already.

        Raises MXNetError for bytes that ``dumps`` did not write.
        """
        try:
            written = json.loads(raw)
            if written["format"] != FORMAT:
                raise ValueError(f"its format is {written['format']!r}")
            batches = int(written["batches"])
        except (ValueError, LookupError, TypeError) as error:
            raise MXNetError(f"{where}: not the progress of a training ({error}).") from None
        self._resumed = written
        return batches

    def begin_epoch(self) -> None:
        """To be called before handlers hear of an epoch."""
        if self._resumed is not None:
            self._restore_sources(self._resumed["epoch"])
            self._restore_metrics(self._resumed["metrics"])
            self._restore_handlers(self._resumed["handlers"])
        self._batches = 0
        self._epoch = self._sources()

    def batches(self) -> Iterator[Any]:
        """The batches of the epoch, without those that were used before the training was interrupted."""
        found = iter(self._loader)
        if self._resumed is not None:
            resumed, self._resumed = self._resumed, None
            self._batches = resumed["batches"]
            if self._batches:
                for _ in range(self._batches):
                    next(found, None)
                self._restore_sources(resumed["now"], with_loader=False)
                self._restore_metrics(resumed["metrics"])  # which were reset when the epoch began anew
        for batch in found:
            self._batches += 1
            yield batch

    def end_epoch(self) -> int:
        """To be called before handlers hear that an epoch ends. Returns how many batches it had."""
        used, self._batches, self._epoch = self._batches, 0, None
        return used

    # ---- random numbers and the order of the data --------------------------------------------------------------------

    def _sources(self) -> dict[str, Any]:
        numbers = {str(ctx): base64.b64encode(state).decode() for ctx, state in generators.get_state().items()}
        found = {"mxnet": numbers, "numpy": _plain(np.random.get_state(legacy=False)), "python": random.getstate()}
        return {**found, "loader": self._loader_state()}

    def _restore_sources(self, written: dict[str, Any], with_loader: bool = True) -> None:
        named = {context.resolve(name): base64.b64decode(state) for name, state in written["mxnet"].items()}
        here = {c: s for c, s in named.items() if c.device_type != "gpu" or c.device_id < context.num_gpus()}
        generators.set_state(here)
        np.random.set_state(_revived(written["numpy"]))
        version, numbers, gauss = written["python"]
        random.setstate((version, tuple(numbers), gauss))
        if with_loader:
            self._restore_loader(written["loader"])

    def _loader_state(self) -> dict[str, Any]:
        loader, sampler = self._loader, self._loader._batch_sampler
        left_over = _plain(sampler._prev) if isinstance(sampler, BatchSampler) else []
        return {"epochs": loader._epochs, "left over": left_over}

    def _restore_loader(self, written: dict[str, Any]) -> None:
        loader, sampler = self._loader, self._loader._batch_sampler
        loader._epochs = written["epochs"]  # the workers' seeds follow from it
        if isinstance(sampler, BatchSampler):
            sampler._prev = list(written["left over"])

    # ---- metrics and handlers ----------------------------------------------------------------------------------------

    def _metrics(self) -> Iterable[EvalMetric]:
        return (*self._estimator.train_metrics, *self._estimator.val_metrics)

    def _restore_metrics(self, written: Sequence[Any]) -> None:
        for metric, state in zip(self._metrics(), written, strict=False):
            _restore_metric(metric, state)

    def _restore_handlers(self, written: Sequence[Any]) -> None:
        """Each handler gets the values of the first one of its class that is left."""
        left = list(written)
        for handler in self._handlers:
            found = next((entry for entry in left if entry[0] == type(handler).__name__), None)
            if found is not None:
                left.remove(found)
                for name in set(_kept(handler)) & set(found[1]):
                    setattr(handler, name, _revived(found[1][name]))


def _kept(handler: Any) -> list[str]:
    return [name for name in getattr(handler, "resumable", ()) if hasattr(handler, name)]


def _metric_state(metric: Any) -> Any:
    """The sums of a metric: those of its attributes that are numbers, arrays, or objects that hold such."""
    if isinstance(metric, CompositeEvalMetric):
        return [_metric_state(part) for part in metric.metrics]
    for name in _SUMS:
        getattr(metric, name, None)  # a sum that waits for a device is known once it was read
    found = {}
    for name, value in vars(metric).items():
        try:
            found[name] = {"object": _plain(vars(value))} if hasattr(value, "__dict__") else _plain(value)
        except TypeError:  # functions and other things that do not change
            continue
    return {"class": type(metric).__name__, "sums": found}


def _restore_metric(metric: Any, written: Any) -> None:
    if isinstance(metric, CompositeEvalMetric):
        for part, state in zip(metric.metrics, written, strict=False):
            _restore_metric(part, state)
    elif isinstance(written, dict) and written["class"] == type(metric).__name__:
        for name, value in written["sums"].items():
            if isinstance(value, dict) and "object" in value:
                vars(vars(metric)[name]).update(_revived(value["object"]))
            else:
                vars(metric)[name] = _revived(value)


def _plain(value: Any) -> Any:
    """A value as JSON has it. TypeError for what is no number, text, None, array, or list or dict of them."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.name}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    raise TypeError(f"{type(value).__name__} cannot be kept in a checkpoint")


def _revived(value: Any) -> Any:
    """What ``_plain`` was given, with lists for tuples."""
    if isinstance(value, list):
        return [_revived(part) for part in value]
    if isinstance(value, dict):
        if value.keys() == {"array", "dtype"}:
            return np.array(value["array"], value["dtype"])
        return {name: _revived(part) for name, part in value.items()}
    return value
