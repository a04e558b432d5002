"""How often a class was predicted right: accuracy, the best k, and for two or more classes F1, MCC and PCC."""

from __future__ import annotations

import math
from typing import Any

import numpy

from .. import ndarray
from ..ndarray import NDArray
from .base import (
    Arrays,
    EvalMetric,
    Names,
    alias,
    check_label_shapes,
    need_average,
    need_ndarray,
    register,
    to_numpy,
)
from .pairs import PairMetric


@register
@alias("acc")
class Accuracy(PairMetric):
    """The part of the predictions that equal their label.

    label: class indices, any shape · pred: class indices of the same shape; or of another shape, scores, whose largest
    along ``axis`` is the predicted class. They are compared as int32. ValueError when their numbers differ.
    """

    def __init__(
        self,
        axis: int = 1,
        name: str = "accuracy",
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        super().__init__(name, output_names, label_names, axis=axis)
        self.axis = axis

    def _measure(self, label: NDArray, pred: NDArray) -> tuple[NDArray, int]:
        shape = need_ndarray(label).shape
        if need_ndarray(pred).shape != shape:
            pred = ndarray.argmax(pred, axis=self.axis)
        if pred.shape != shape:
            label, pred = label.reshape(-1), pred.reshape(-1)
        return _matches(label, pred), pred.size


def _matches(label: NDArray, pred: NDArray) -> NDArray:
    """How many pairs of class indices are equal; for predictions (N, k), labels are (N, 1). ValueError where the
    numbers of rows differ.
    """
    check_label_shapes(label, pred)
    return (label.as_in_context(pred.context).astype("int32") == pred.astype("int32")).sum()


@register
@alias("top_k_accuracy", "top_k_acc")
class TopKAccuracy(PairMetric):
    """The part of the labels that are among the ``top_k`` classes of highest score; which of equal ones, is open.

    label: (N,) · pred: (N, classes) with at least top_k classes, or (N,) class indices.
    """

    def __init__(
        self,
        top_k: int = 1,
        name: str = "top_k_accuracy",
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        if not top_k > 1:
            raise AssertionError(f"Please use Accuracy if top_k is no more than 1, got top_k={top_k}.")
        super().__init__(f"{name}_{int(top_k)}", output_names, label_names, top_k=top_k)
        self.top_k = top_k

    def _measure(self, label: NDArray, pred: NDArray) -> tuple[NDArray, int]:
        if need_ndarray(pred).ndim > 2:
            raise AssertionError(f"Predictions should be no more than 2 dims, got shape {pred.shape}.")
        label = need_ndarray(label).reshape(-1)
        if pred.ndim == 2:
            if self.top_k > pred.shape[1]:
                raise ValueError(f"{self.name}: there are only {pred.shape[1]} classes, predictions {pred.shape}.")
            label, pred = label.reshape((-1, 1)), ndarray.topk(pred, k=self.top_k, axis=1, dtype="int32")
        return _matches(label, pred), len(pred)


class BinaryCounts:
    """True and false positives and negatives, for two classes of which 1 is the positive one, and what they imply."""

    def __init__(self) -> None:
        self.true_positives = self.false_positives = self.true_negatives = self.false_negatives = 0

    def add(self, label: NDArray, pred: NDArray) -> None:
        """label: (N,), two classes at most · pred: (N, 2) scores. ValueError for more classes or different lengths."""
        expected = to_numpy(label).astype("int32").ravel()
        scores = to_numpy(pred)
        check_label_shapes(expected, scores)
        positive = numpy.argmax(scores, axis=1) == 1
        if len(numpy.unique(expected)) > 2:
            raise ValueError(f"Only two classes are possible here, got labels {numpy.unique(expected).tolist()}.")
        truly = expected == 1
        self.true_positives += numpy.count_nonzero(positive & truly)
        self.false_positives += numpy.count_nonzero(positive & ~truly)
        self.true_negatives += numpy.count_nonzero(~positive & ~truly)
        self.false_negatives += numpy.count_nonzero(~positive & truly)

    def merge(self, other: BinaryCounts) -> None:
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)

    @property
    def total_examples(self) -> int:
        return self.true_positives + self.false_positives + self.true_negatives + self.false_negatives

    @property
    def precision(self) -> float:
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        return _ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def fscore(self) -> float:
        return _ratio(2 * self.precision * self.recall, self.precision + self.recall)

    @property
    def matthewscc(self) -> float:
        tp, fp, tn, fn = self.true_positives, self.false_positives, self.true_negatives, self.false_negatives
        # An empty row or column of the table leaves the coefficient's numerator at 0.
        margins = [count or 1 for count in (tp + fp, tp + fn, tn + fp, tn + fn)]
        return (tp * tn - fp * fn) / math.sqrt(math.prod(margins))


class _BinaryMetric(EvalMetric):
    """What BinaryCounts imply. average: "macro", the mean over batches; "micro", for all examples together."""

    def __init__(self, name: str, output_names: Names, label_names: Names, average: str) -> None:
        self.average = need_average(name, average)
        super().__init__(name, output_names, label_names, has_global_stats=True, average=average)

    def update(self, labels: Arrays, preds: Arrays) -> None:
        """Add one batch: labels (N,) of two classes, preds (N, 2) scores, or equally long lists of such."""
        batch = BinaryCounts()
        for label, pred in zip(*check_label_shapes(labels, preds, wrap=True), strict=True):
            batch.add(label, pred)
        if self.average == "macro":
            self._add(self._value(batch), 1)
            return
        self.metrics.merge(batch)
        self._global.merge(batch)
        self.num_inst = self.metrics.total_examples
        self.sum_metric = self._value(self.metrics) * self.num_inst
        self.global_num_inst = self._global.total_examples
        self.global_sum_metric = self._value(self._global) * self.global_num_inst

    def reset(self) -> None:
        super().reset()
        self.metrics, self._global = BinaryCounts(), BinaryCounts()

    def reset_local(self) -> None:
        super().reset_local()
        self.metrics = BinaryCounts()

    def _value(self, counts: BinaryCounts) -> float:
        raise NotImplementedError


@register
class F1(_BinaryMetric):
    """The harmonic mean of precision and recall, for two classes: 2 p r / (p + r), and 0 where no positive is found."""

    def __init__(
        self,
        name: str = "f1",
        output_names: Names = None,
        label_names: Names = None,
        average: str = "macro",
    ) -> None:
        super().__init__(name, output_names, label_names, average)

    def _value(self, counts: BinaryCounts) -> float:
        return counts.fscore


@register
class MCC(_BinaryMetric):
    """Matthews' correlation coefficient between labels and predictions of two classes, in [-1, 1].

    Matthews, "Comparison of the predicted and observed secondary structure of T4 phage lysozyme" (1975).
    """

    def __init__(
        self,
        name: str = "mcc",
        output_names: Names = None,
        label_names: Names = None,
        average: str = "macro",
    ) -> None:
        super().__init__(name, output_names, label_names, average)

    def _value(self, counts: BinaryCounts) -> float:
        return counts.matthewscc


@register
class PCC(EvalMetric):
    """Matthews' correlation coefficient for any number of classes, from the confusion matrix of all examples so far.

    label: (N,) class indices · pred: (N, classes) scores, or (N,) class indices. ``lcm`` and ``gcm`` are the local and
    the global confusion matrix (predicted, labelled), which grow with the classes seen. nan while there is only one.
    Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient" (2004).
    """

    def __init__(
        self,
        name: str = "pcc",
        output_names: Names = None,
        label_names: Names = None,
        has_global_stats: bool = True,
    ) -> None:
        self.k = 2
        super().__init__(name, output_names, label_names, has_global_stats=has_global_stats)

    def update(self, labels: Arrays, preds: Arrays) -> None:
        """Add one batch: one NDArray each, or equally long lists of them."""
        pairs: list[tuple[Any, Any]] = []
        for label, pred in zip(*check_label_shapes(labels, preds, wrap=True), strict=True):
            expected, predicted = to_numpy(label).astype("int32"), to_numpy(pred)
            if predicted.shape != expected.shape:
                predicted = predicted.argmax(axis=1)
            predicted, expected = predicted.astype("int32").ravel(), expected.ravel()
            check_label_shapes(expected, predicted)
            for what, classes in (("labels", expected), ("predictions", predicted)):
                if classes.size and classes.min() < 0:
                    raise IndexError(f"{self.name}: {what} must not be negative, but one is {classes.min()}.")
            pairs.append((predicted, expected))
        highest = max((int(classes.max()) for pair in pairs for classes in pair if classes.size), default=0)
        self._grow(highest + 1 - self.k)
        for cells in pairs:
            numpy.add.at(self.lcm, cells, 1)
            numpy.add.at(self.gcm, cells, 1)
        self.num_inst += 1
        self.global_num_inst += 1

    def _grow(self, more: int) -> None:
        if more > 0:
            self.lcm = numpy.pad(self.lcm, (0, more))
            self.gcm = numpy.pad(self.gcm, (0, more))
            self.k += more

    # The base class divides by the number of batches.
    @property
    def sum_metric(self) -> float:
        return _correlation_of_classes(self.lcm) * self.num_inst

    @property
    def global_sum_metric(self) -> float:
        return _correlation_of_classes(self.gcm) * self.global_num_inst

    def reset(self) -> None:
        self.global_num_inst = 0.0
        self.gcm = numpy.zeros((self.k, self.k))
        self.reset_local()

    def reset_local(self) -> None:
        self.num_inst = 0.0
        self.lcm = numpy.zeros((self.k, self.k))


def _correlation_of_classes(confusion: numpy.ndarray) -> float:
    """Covariance over standard deviations, of the one-hot predictions and labels that a confusion matrix counts."""
    examples = confusion.sum()
    predicted, labelled = confusion.sum(axis=1), confusion.sum(axis=0)
    variances = (examples**2 - (predicted**2).sum()) * (examples**2 - (labelled**2).sum())
    if not variances:
        return math.nan
    return float((examples * confusion.trace() - (predicted * labelled).sum()) / math.sqrt(variances))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
