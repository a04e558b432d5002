"""Random batches for metrics: tools/record_init_metric.py asks MXNet about them, tests/test_metric.py this library.

Only NumPy is imported here. A case is a metric, as an expression over mxnet.metric, with steps: pairs (labels,
predictions) of arrays or lists of arrays, or names of methods.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

# What labels and predictions are -> metrics of such.
METRICS = {
    "classes": [
        "Accuracy()",
        "Accuracy(axis=-1, name='acc')",
        "TopKAccuracy(2)",
        "TopKAccuracy(top_k=4, name='best')",
        "CrossEntropy()",
        "CrossEntropy(0.1)",
        "NegativeLogLikelihood(eps=0.2, name='nll')",
        "Perplexity(None)",
        "Perplexity(ignore_label=2, name='ppl')",
        "Perplexity(-1, -1)",
        "PCC()",
        "create(['acc', 'ce', TopKAccuracy(3)])",
    ],
    "two classes": ["F1()", "F1(average='micro')", "MCC()", "MCC(average='micro')", "PCC()", "create(['f1', 'acc'])"],
    "numbers": [
        "MAE()",
        "MSE()",
        "RMSE()",
        "PearsonCorrelation()",
        "CustomMetric(lambda label, pred: float(abs(label - pred).max()), 'worst')",
        "np(lambda label, pred: (float(abs(label - pred).sum()), label.size), 'mean')",
        "create(['mae', 'rmse', 'pearsonr'])",
    ],
    "losses": ["Loss()", "Torch()", "Caffe(name='mine')"],
}


def _pair(kind: str, rng: np.random.RandomState, n: int) -> tuple[np.ndarray, np.ndarray]:
    if kind == "numbers":
        labels = rng.normal(size=(n, 3)).astype("float32")
        return labels, (labels + rng.normal(size=(n, 3))).astype("float32")
    if kind == "losses":
        return np.zeros(n, "float32"), rng.exponential(size=(n, 3)).astype("float32")
    classes = 2 if kind == "two classes" else 5
    scores = np.exp(rng.normal(size=(n, classes)))
    labels = rng.randint(0, classes, n).astype(["float32", "int32", "int64"][rng.randint(3)])
    return labels, (scores / scores.sum(1, keepdims=True)).astype(["float32", "float64"][rng.randint(2)])


def cases(seeds: int = 3) -> Iterator[tuple[str, str, list[Any]]]:
    """Name, metric and steps."""
    for kind, metrics in METRICS.items():
        for text in metrics:
            for seed in range(seeds):
                name = f"{kind} {text} {seed}"
                rng = np.random.RandomState(zlib.crc32(name.encode()))
                first, *rest = (_pair(kind, rng, rng.randint(4, 9)) for _ in range(6))
                both = [list(side) for side in zip(*rest[:2], strict=True)]
                yield name, text, [first, both, "reset_local", rest[2], rest[3], "reset", rest[4]]
