"""Metrics of an estimator and of its handlers: checks, and those that suit a loss."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np

from .... import metric as metrics_module
from ....metric import Accuracy, CompositeEvalMetric, EvalMetric
from ...loss import Loss, SoftmaxCrossEntropyLoss

__all__ = ["Accuracy", "CompositeEvalMetric", "EvalMetric", "SoftmaxCrossEntropyLoss"]

# Of the metrics that go down when a model gets better, what their names contain.
_FALLING = "loss perplexity cross-entropy nll-loss mae mse rmse error".split()


def checked_metrics(metrics: Any) -> list[EvalMetric]:
    """The metrics as a list; a composite becomes its parts, None an empty list. ValueError for anything else."""
    if isinstance(metrics, CompositeEvalMetric):
        return metrics.metrics
    if isinstance(metrics, EvalMetric):
        return [metrics]
    metrics = [] if metrics is None else metrics
    if not isinstance(metrics, (list, tuple)) or not all(isinstance(m, EvalMetric) for m in metrics):
        raise ValueError(
            "metrics must be a Metric or a list of Metric, refer to mxnet.metric.EvalMetric (mx.metric.create makes "
            f"one from a name): {metrics!r}"
        )
    return list(metrics)


def metrics_for(loss: Loss) -> list[EvalMetric]:
    """Accuracy, where the loss is softmax cross-entropy, and the loss's own value under its name."""
    found: list[EvalMetric] = [Accuracy()] if isinstance(loss, SoftmaxCrossEntropyLoss) else []
    return [*found, metrics_module.Loss(loss.name.rstrip("1234567890"))]


def check_metrics_known(handler: Any, known: Collection[EvalMetric]) -> None:
    """ValueError where an attribute of a handler that is called something like ``metrics`` has other ones.

    Only the estimator's own metrics, whose objects those are that handlers should refer to, are ever updated.
    """
    for name, value in vars(handler).items():
        if "metric" not in name:
            continue
        for metric in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(metric, EvalMetric) and not any(metric is other for other in known):
                raise ValueError(
                    f"Event handler {type(handler).__name__} refers to a metric instance {metric} outside of the known "
                    "training and validation metrics. Please use the metrics from estimator.train_metrics and "
                    "estimator.val_metrics instead."
                )


def name_values(metrics: Iterable[EvalMetric]) -> str:
    """``name: 0.1234, name: 0.5678``"""
    return ", ".join(f"{name}: {value:.4f}" for metric in metrics for name, value in metric.get_name_value())


def comparison(monitor: EvalMetric, mode: str, handler: str) -> tuple[Callable[[Any, Any], Any], float]:
    """When a metric is better, ``np.greater`` or ``np.less``, and the worst value it can have.

    mode: "max", "min", or "auto", which goes by the metric's name and says in a warning what it has chosen.
    """
    if mode not in ("auto", "min", "max"):
        warnings.warn(f"{handler} mode {mode} is unknown, fallback to auto mode.", RuntimeWarning, stacklevel=3)
        mode = "auto"
    if mode == "auto":
        names = monitor.get()[0]
        mode = "min" if any(part in str(names).lower() for part in _FALLING) else "max"
        chosen, other = ("less", "max") if mode == "min" else ("greater", "min")
        warnings.warn(
            f"`{chosen}` operator will be used to determine if {names} has improved. Please specify `mode='{other}'` "
            f"for the opposite, or `mode='{mode}'` to disable this warning.",
            UserWarning,
            stacklevel=3,
        )
    return (np.less, math.inf) if mode == "min" else (np.greater, -math.inf)
