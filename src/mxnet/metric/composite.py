"""Several metrics as one, and `create`, which makes any metric from a description."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..base import numeric_types
from ..ndarray import NDArray
from .base import Arrays, EvalMetric, Names, _create, alias, register
from .custom import CustomMetric


def create(metric: Any, *args: Any, **kwargs: Any) -> EvalMetric:
    """A metric from a registered name, a function ``feval(label, pred)``, a ``get_config()``, or a list of such, which
    makes one metric that combines them. A metric is returned as it is. Other arguments go to the constructor.
    """
    if callable(metric):
        return CustomMetric(metric, *args, **kwargs)
    if isinstance(metric, list):
        composite = CompositeEvalMetric()
        for child in metric:
            composite.add(create(child, *args, **kwargs))
        return composite
    return _create(metric, *args, **kwargs)


@register
@alias("composite")
class CompositeEvalMetric(EvalMetric):
    """Several metrics, updated together; ``get`` returns a list of names and a list of values.

    metrics: a list of metrics, or of anything that ``create`` takes.
    """

    def __init__(
        self,
        metrics: list[Any] | None = None,
        name: str = "composite",
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        self.metrics: list[EvalMetric] = [create(metric) for metric in metrics or ()]
        super().__init__(name, output_names, label_names, has_global_stats=True)

    def add(self, metric: Any) -> None:
        """Add a metric, or anything that ``create`` takes."""
        self.metrics.append(create(metric))

    def get_metric(self, index: int) -> EvalMetric:
        """The metric at ``index``. ValueError when there is none."""
        try:
            return self.metrics[index]
        except IndexError:
            raise ValueError(f"Metric index {index} is out of range 0 and {len(self.metrics)}") from None

    def update_dict(self, labels: dict[str, NDArray], preds: dict[str, NDArray]) -> None:
        """``update_dict`` of every metric, with those arrays only that this one's own names choose."""
        if self.label_names is not None:
            labels = {name: array for name, array in labels.items() if name in self.label_names}
        if self.output_names is not None:
            preds = {name: array for name, array in preds.items() if name in self.output_names}
        for metric in self.metrics:
            metric.update_dict(labels, preds)

    def update(self, labels: Arrays, preds: Arrays) -> None:
        for metric in self.metrics:
            metric.update(labels, preds)

    def reset(self) -> None:
        for metric in self.metrics:
            metric.reset()

    def reset_local(self) -> None:
        for metric in self.metrics:
            metric.reset_local()

    def get(self) -> tuple[list[str], list[Any]]:
        return _collect(metric.get() for metric in self.metrics)

    def get_global(self) -> tuple[list[str], list[Any]]:
        return _collect(metric.get_global() for metric in self.metrics)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "metrics": [metric.get_config() for metric in self.metrics]}


def _collect(results: Iterable[tuple[Any, Any]]) -> tuple[list[str], list[Any]]:
    """Names and values of several metrics, each of which may itself have several."""
    names: list[str] = []
    values: list[Any] = []
    for name, value in results:
        names += [name] if isinstance(name, str) else name
        values += [value] if isinstance(value, numeric_types) else value
    return names, values
