"""Metrics that are given rather than computed from labels: losses, and functions of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from .. import ndarray
from ..ndarray import NDArray
from .base import Arrays, Names, check_label_shapes, need_ndarray, register, to_numpy
from .pairs import DeferredMetric, PairMetric


@register
class Loss(DeferredMetric):
    """The mean of the values in the predictions, which are losses; labels are not looked at."""

    def __init__(self, name: str = "loss", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names, has_global_stats=True)

    def update(self, _: Any, preds: Arrays) -> None:
        """Add the losses of one batch: an NDArray of any shape, or a list of them."""
        arrays = [need_ndarray(pred) for pred in ([preds] if isinstance(preds, NDArray) else preds)]
        for pred in arrays:
            self._add(ndarray.sum(pred.detach()), pred.size)  # a sum that waits keeps no recorded graph alive


@register
class Torch(Loss):
    """Loss, under the name of criterions that Torch computes."""

    def __init__(self, name: str = "torch", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)


@register
class Caffe(Loss):
    """Loss, under the name of criterions that Caffe computes."""

    def __init__(self, name: str = "caffe", output_names: Names = None, label_names: Names = None) -> None:
        super().__init__(name, output_names, label_names)


def _need_function(feval: Any) -> Any:
    """The function. AttributeError, as MXNet's, which asks for its name, for what is none."""
    if not callable(feval):
        raise AttributeError(f"A custom metric needs a function feval(label, pred), but got {feval!r:.80}.")
    return feval


@register
class CustomMetric(PairMetric):
    """What a function says: ``feval(label, pred)`` gets numpy arrays, returns a number, or (sum, number of instances).

    name: the function's own by default; allow_extra_outputs: there may be more predictions than labels, or fewer.
    """

    def __init__(
        self,
        feval: Callable[[numpy.ndarray, numpy.ndarray], Any],
        name: str | None = None,
        allow_extra_outputs: bool = False,
        output_names: Names = None,
        label_names: Names = None,
    ) -> None:
        _need_function(feval)
        if name is None:
            name = str(getattr(feval, "__name__", type(feval).__name__))
            if "<" in name:  # a lambda
                name = f"custom({name})"
        super().__init__(name, output_names, label_names, feval=feval, allow_extra_outputs=allow_extra_outputs)
        self._feval = feval
        self._allow_extra_outputs = allow_extra_outputs

    def update(self, labels: Arrays, preds: Arrays) -> None:
        """Add one batch: one NDArray each, or lists of them."""
        if self._allow_extra_outputs:
            self._add_pairs(labels, preds)
        else:
            self._add_pairs(*check_label_shapes(labels, preds, wrap=True))

    def _measure(self, label: NDArray, pred: NDArray) -> tuple[Any, Any]:
        result = self._feval(to_numpy(label), to_numpy(pred))
        if not isinstance(result, tuple):
            return result, 1
        total, count = result
        return total, count

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError("CustomMetric cannot be serialized: its function is not part of a configuration.")


def np(
    numpy_feval: Callable[[numpy.ndarray, numpy.ndarray], Any],
    name: str | None = None,
    allow_extra_outputs: bool = False,
) -> CustomMetric:
    """A metric from a function of numpy arrays, ``numpy_feval(label, pred)``; its name is the function's."""

    def feval(label: numpy.ndarray, pred: numpy.ndarray) -> Any:
        return numpy_feval(label, pred)

    feval.__name__ = _need_function(numpy_feval).__name__
    return CustomMetric(feval, name, allow_extra_outputs)
