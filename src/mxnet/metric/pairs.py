"""Metrics of pairs (label array, prediction array), whose sums need not be known yet.

A GPU computes behind our back; asking for a number waits for it. So what a batch adds may be an array of one element:
it is fetched when somebody reads the sum, which for most programs is once in many batches.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..ndarray import NDArray
from .base import Arrays, EvalMetric, Names, as_python, check_label_shapes

_MOST = 256  # arrays that wait: then they are fetched, so that they do not pile up


class _Later:
    """A number that is still in an array."""

    __slots__ = ("_number",)

    def __init__(self, array: NDArray) -> None:
        self._number: Any = array

    def fetch(self) -> Any:
        if isinstance(self._number, NDArray):
            self._number = as_python(self._number.asscalar())
        return self._number


class _Sum:
    """An attribute that is a number to whoever reads or sets it; ``add`` lets what it adds wait."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._key = f"_{name}"

    def __get__(self, metric: Any, owner: type | None = None) -> Any:
        if metric is None:
            return self
        known, waiting = metric.__dict__[self._key]
        if waiting:
            for number in waiting:
                known += number.fetch()
            self.__set__(metric, known)
        return known

    def __set__(self, metric: Any, value: Any) -> None:
        metric.__dict__[self._key] = (value, [])

    def add(self, metric: Any, number: Any) -> None:
        known, waiting = metric.__dict__[self._key]
        if not isinstance(number, _Later):
            metric.__dict__[self._key] = (known + number, waiting)
            return
        waiting.append(number)
        if len(waiting) >= _MOST:
            self.__get__(metric)


class DeferredMetric(EvalMetric):
    """A metric to whose sums a subclass may ``_add`` arrays of one element."""

    sum_metric, num_inst, global_sum_metric, global_num_inst = _Sum(), _Sum(), _Sum(), _Sum()

    def _add(self, total: Any, count: Any) -> None:
        total, count = (_Later(n) if isinstance(n, NDArray) else as_python(n) for n in (total, count))
        sums = vars(DeferredMetric)
        sums["sum_metric"].add(self, total)
        sums["num_inst"].add(self, count)
        sums["global_sum_metric"].add(self, total)
        sums["global_num_inst"].add(self, count)

    def __getstate__(self) -> dict[str, Any]:
        for name in ("sum_metric", "num_inst", "global_sum_metric", "global_num_inst"):
            getattr(self, name)
        return self.__dict__


class PairMetric(DeferredMetric):
    """A metric that measures every pair (label array, prediction array) for itself: a subclass defines ``_measure``.

    A batch that fails in the middle adds nothing.
    """

    def __init__(self, name: str, output_names: Names = None, label_names: Names = None, **kwargs: Any) -> None:
        super().__init__(name, output_names, label_names, has_global_stats=True, **kwargs)

    def update(self, labels: Arrays, preds: Arrays) -> None:
        """Add one batch: one NDArray each, or equally long lists of them. ValueError when lengths or shapes differ."""
        self._add_pairs(*check_label_shapes(labels, preds, wrap=True))

    def _add_pairs(self, labels: Iterable[NDArray], preds: Iterable[NDArray]) -> None:
        # CustomMetric allows extra outputs
        for total, count in [self._measure(*pair) for pair in zip(labels, preds, strict=False)]:
            self._add(total, count)

    def _measure(self, label: NDArray, pred: NDArray) -> tuple[Any, Any]:
        """What to add to the sum, and to the number of instances: numbers, or arrays of one element."""
        raise NotImplementedError
