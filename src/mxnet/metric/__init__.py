"""Metrics: running means over the batches of an epoch, of how well predictions fit labels.

``metric.update(labels, preds)`` after every batch, ``metric.get()`` for ``(name, value)``, ``metric.reset()`` for the
next epoch. ``mx.metric.create("acc")`` makes one from its name.
"""

from __future__ import annotations

from .. import ndarray, registry
from ..base import numeric_types, string_types
from .base import EvalMetric, alias, check_label_shapes, register
from .classification import F1, MCC, PCC, Accuracy, TopKAccuracy
from .composite import CompositeEvalMetric, create
from .custom import Caffe, CustomMetric, Loss, Torch, np
from .likelihood import CrossEntropy, NegativeLogLikelihood, Perplexity
from .regression import MAE, MSE, RMSE, PearsonCorrelation

__all__ = [
    "F1",
    "MAE",
    "MCC",
    "MSE",
    "PCC",
    "RMSE",
    "Accuracy",
    "Caffe",
    "CompositeEvalMetric",
    "CrossEntropy",
    "CustomMetric",
    "EvalMetric",
    "Loss",
    "NegativeLogLikelihood",
    "PearsonCorrelation",
    "Perplexity",
    "TopKAccuracy",
    "Torch",
    "alias",
    "check_label_shapes",
    "create",
    "ndarray",
    "np",
    "numeric_types",
    "register",
    "registry",
    "string_types",
]
