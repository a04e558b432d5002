"""How probable the labels are under predicted probabilities: cross-entropy, negative log-likelihood, perplexity."""

from __future__ import annotations

import math
from typing import Any

import numpy

from .. import ndarray
from ..base import MXNetError
from ..ndarray import NDArray
from .base import Arrays, Names, alias, mean_of, need_ndarray, register, to_numpy
from .pairs import PairMetric


class _LogLikelihood(PairMetric):
    """The mean of -log(p + eps), with p the predicted probability of the label.

    label: N class indices, any shape · pred: (N, classes) probabilities. IndexError for labels beyond the classes.
    """

    def __init__(
        self,
        eps: float = 1e-12,
        name: str = "cross-entropy",
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        super().__init__(name, output_names, label_names, eps=eps)
        self.eps = eps

    def _measure(self, label: NDArray, pred: NDArray) -> tuple[Any, int]:
        expected, probabilities = to_numpy(label).ravel(), to_numpy(pred)
        if len(expected) != len(probabilities):
            raise AssertionError(
                f"{self.name}: {len(expected)} labels, shape {label.shape}, but predictions of shape {pred.shape}."
            )
        try:
            likely = probabilities[numpy.arange(len(expected)), expected.astype("int64", copy=False)]
        except IndexError:
            raise IndexError(
                f"{self.name}: predictions must be (N, classes), labels less than the number of classes, but they have "
                f"shape {pred.shape} and go from {expected.min()} to {expected.max()}."
            ) from None
        return (-numpy.log(likely + self.eps)).sum(), len(expected)


@register
@alias("ce")
class CrossEntropy(_LogLikelihood):
    __doc__ = _LogLikelihood.__doc__


@register
@alias("nll_loss")
class NegativeLogLikelihood(_LogLikelihood):
    __doc__ = _LogLikelihood.__doc__

    def __init__(
        self,
        eps: float = 1e-12,
        name: str = "nll-loss",
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        super().__init__(eps, name, output_names, label_names)


@register
class Perplexity(PairMetric):
    r"""How many classes the model wavers between: :math:`\exp` of the mean of :math:`-\log \max(p, 10^{-10})`.

    label: class indices · pred: probabilities, with ``axis`` for the classes and as many elements on all other axes
    together as the label has. A label beyond the classes is taken as the nearest one; ``ignore_label`` does not count.
    """

    def __init__(
        self,
        ignore_label: int | None,
        axis: int = -1,
        name: str = "perplexity",
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        super().__init__(name, output_names, label_names, ignore_label=ignore_label, axis=axis)
        self.ignore_label = ignore_label
        self.axis = axis

    def update(self, labels: Arrays, preds: Arrays) -> None:
        """Add one batch: one NDArray each, or equally long lists of them. AssertionError when sizes differ."""
        if len(labels) != len(preds):
            raise AssertionError(f"{self.name}: {len(labels)} labels, but {len(preds)} predictions.")
        single = isinstance(labels, NDArray)
        self._add_pairs([labels] if single else labels, [preds] if single else preds)

    def _measure(self, label: NDArray, pred: NDArray) -> tuple[Any, Any]:
        shape, axis = list(need_ndarray(pred).shape), self.axis
        if not -pred.ndim <= axis < pred.ndim:
            raise MXNetError(f"{self.name}: predictions of shape {pred.shape} have no axis {axis}.")
        classes = shape.pop(axis)
        if need_ndarray(label).size * classes != pred.size:
            raise AssertionError(f"{self.name}: shape mismatch: {label.shape} vs. {pred.shape}, axis {axis}.")
        label = label.as_in_context(pred.context).reshape(shape)
        likely = ndarray.pick(pred, label.astype("int32"), axis=axis)
        probabilities, count = to_numpy(likely).ravel(), likely.size
        if self.ignore_label is not None:
            kept = to_numpy(label).ravel() != self.ignore_label
            probabilities, count = probabilities[kept], float(numpy.count_nonzero(kept))
        return -numpy.log(numpy.maximum(1e-10, probabilities)).sum(), count

    def get(self) -> tuple[str, float]:
        return self.name, math.exp(mean_of(self.sum_metric, self.num_inst))

    def get_global(self) -> tuple[str, float]:
        return self.name, math.exp(mean_of(self.global_sum_metric, self.global_num_inst))
