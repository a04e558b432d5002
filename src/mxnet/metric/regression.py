"""How far predicted numbers are from the labels: MAE, MSE, RMSE, and Pearson's correlation."""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..ndarray import NDArray
from .base import Arrays, EvalMetric, Names, alias, check_label_shapes, need_average, register, to_numpy
from .pairs import PairMetric


class _ErrorMetric(PairMetric):
    """The mean over batches of a mean error. Vectors are seen as columns, then label and pred broadcast."""

    def _measure(self, label: NDArray, pred: NDArray) -> tuple[Any, int]:
        expected, predicted = (_as_columns(to_numpy(array)) for array in (label, pred))
        try:
            return self._error(expected - predicted), 1
        except ValueError:
            raise ValueError(
                f"{self.name}: Shape of labels {label.shape} does not match shape of predictions {pred.shape}"
            ) from None

    def _error(self, difference: numpy.ndarray) -> Any:
        raise NotImplementedError


@register
class MAE(_ErrorMetric):
    """Mean absolute error: the mean over batches of mean(abs(label - pred))."""

    def __init__(self, name: str = "mae", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    def _error(self, difference: numpy.ndarray) -> Any:
        return numpy.abs(difference).mean()


@register
class MSE(_ErrorMetric):
    """Mean squared error: the mean over batches of mean((label - pred)²)."""

    def __init__(self, name: str = "mse", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    def _error(self, difference: numpy.ndarray) -> Any:
        return (difference**2.0).mean()


@register
class RMSE(_ErrorMetric):
    """Root mean squared error: the mean over batches of sqrt(mean((label - pred)²))."""

    def __init__(self, name: str = "rmse", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)

    def _error(self, difference: numpy.ndarray) -> Any:
        return numpy.sqrt((difference**2.0).mean())


@register
@alias("pearsonr")
class PearsonCorrelation(EvalMetric):
    """Pearson's correlation of all elements of label and pred, which have the same shape.

    average: "macro", the mean over the arrays of each one's correlation; "micro", the correlation of all elements since
    ``reset``, from running means and sums of squares.
    """

    def __init__(
        self,
        name: str = "pearsonr",
        output_names: Names = None,
        label_names: Names = None,
        average: str = "macro",
    ) -> None:
        self.average = need_average(name, average)
        super().__init__(name, output_names, label_names, has_global_stats=True, average=average)

    def reset_micro(self) -> None:
        """Forget the running means and sums of squares."""
        self._label_nums = self._pred_nums = 0
        self._mean_l = self._mean_p = 0.0
        self._sse_l = self._sse_p = 0.0
        self._conv = 0.0

    def reset(self) -> None:
        super().reset()
        self.reset_micro()

    def update_variance(self, new_values: numpy.ndarray, *aggregate: Any) -> tuple[int, float, float]:
        """Count, mean and sum of squared deviations, with ``new_values`` added to such an ``aggregate``.

        Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
        """
        count, mean, squares = aggregate
        total = count + new_values.size
        shift = float(new_values.mean(dtype="float64")) - mean
        squares += float(((new_values - new_values.mean(dtype="float64")) ** 2).sum())
        return total, mean + shift * new_values.size / total, squares + shift**2 * count * new_values.size / total

    def update_cov(self, label: numpy.ndarray, pred: numpy.ndarray) -> None:
        """Add to the sum of products of deviations; call it before the means are updated."""
        label_mean, pred_mean = float(label.mean(dtype="float64")), float(pred.mean(dtype="float64"))
        weight = self._label_nums * label.size / (self._label_nums + label.size)
        self._conv += float(((label - label_mean) * (pred - pred_mean)).sum())
        self._conv += (label_mean - self._mean_l) * (pred_mean - self._mean_p) * weight

    def update(self, labels: Arrays, preds: Arrays) -> None:
        """Add one batch: one NDArray each, or equally long lists of them. ValueError when shapes differ."""
        pairs: list[tuple[numpy.ndarray, numpy.ndarray]] = []
        for label, pred in zip(*check_label_shapes(labels, preds, wrap=True), strict=True):
            expected, predicted = check_label_shapes(to_numpy(label), to_numpy(pred), shape=True)
            pairs.append((expected.ravel(), predicted.ravel()))
        for expected, predicted in pairs:
            if self.average == "macro":
                self._add(numpy.corrcoef(predicted, expected)[0, 1], 1)
                continue
            self._add(0.0, 1)
            self.update_cov(expected, predicted)
            self._label_nums, self._mean_l, self._sse_l = self.update_variance(
                expected, self._label_nums, self._mean_l, self._sse_l
            )
            self._pred_nums, self._mean_p, self._sse_p = self.update_variance(
                predicted, self._pred_nums, self._mean_p, self._sse_p
            )

    def get(self) -> tuple[str, float]:
        if self.average == "macro":
            return super().get()
        return self.name, self._running_correlation() if self.num_inst else math.nan

    def get_global(self) -> tuple[str, float]:
        if self.average == "macro":
            return super().get_global()
        return self.name, self._running_correlation() if self.global_num_inst else math.nan

    def _running_correlation(self) -> float:
        spread = math.sqrt(self._sse_p) * math.sqrt(self._sse_l)
        return self._conv / spread if spread else math.nan


def _as_columns(array: numpy.ndarray) -> numpy.ndarray:
    if array.dtype.kind in "ub":
        array = array.astype("int64")  # the difference of two unsigned numbers may be negative
    return array.reshape(-1, 1) if array.ndim == 1 else array
