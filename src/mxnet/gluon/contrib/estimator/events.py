"""The events of a training loop. A handler derives from the classes of those that it wants to hear of."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .estimator import Estimator

__all__ = ["BatchBegin", "BatchEnd", "EpochBegin", "EpochEnd", "EventHandler", "TrainBegin", "TrainEnd", "check_counts"]


class EventHandler:
    """Base of all handlers.

    Handlers are called in the order of their attribute ``priority``, smaller numbers first; one without it has 0, and
    handlers of the same priority keep the order in which they were given. ``resumable`` names those attributes
    (numbers, text, None) that a checkpoint keeps, so that a resumed training finds them as they were.
    """

    resumable: tuple[str, ...] = ()


class TrainBegin(EventHandler):
    """Hears that ``fit`` begins."""

    def train_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> Any:
        pass


class TrainEnd(EventHandler):
    """Hears that ``fit`` ends."""

    def train_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> Any:
        pass


class EpochBegin(EventHandler):
    """Hears that a pass through the data begins, in ``fit`` or ``evaluate``."""

    def epoch_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> Any:
        pass


class EpochEnd(EventHandler):
    """Hears that a pass through the data ends. Something true, returned in ``fit``, ends the training."""

    def epoch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> Any:
        return False


class BatchBegin(EventHandler):
    """Hears of each batch before it is used; gets it as ``batch=``."""

    def batch_begin(self, estimator: Estimator, *args: Any, **kwargs: Any) -> Any:
        pass


class BatchEnd(EventHandler):
    """Hears of each batch after it was used: in ``fit`` after the backward pass, before weights are updated.

    Gets ``batch=`` and lists with an array per context, ``pred=``, ``label=`` and ``loss=``. Something true, returned
    in ``fit``, ends the epoch.
    """

    def batch_end(self, estimator: Estimator, *args: Any, **kwargs: Any) -> Any:
        return False


def check_counts(handler: EventHandler, least: int, **counts: Any) -> None:
    """Raise ValueError for a count that is neither None nor a whole number of at least that."""
    for name, count in counts.items():
        if count is not None and (not isinstance(count, Integral) or count < least):
            who = type(handler).__name__
            raise ValueError(f"{who}: {name} must be None or a whole number of at least {least}, but is {count!r}.")
