"""What all metrics share: the running sums, their names and their registry.

A metric keeps two pairs of sums. The *local* pair starts again at ``reset_local()``, which is what a progress display
wants every few batches; the *global* one only at ``reset()``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy

from .. import registry
from ..ndarray import NDArray

Arrays = Any  # one NDArray, or a list or tuple of them
Names = Sequence[str] | None


def check_label_shapes(labels: Arrays, preds: Arrays, wrap: bool = False, shape: bool = False) -> tuple[Any, Any]:
    """Labels and predictions, after a check that they are equally long, or of equal shape with ``shape=True``.

    wrap: make lists of single arrays. ValueError when they differ.
    """
    found = (labels.shape, preds.shape) if shape else (len(labels), len(preds))
    if found[0] != found[1]:
        raise ValueError(f"Shape of labels {found[0]} does not match shape of predictions {found[1]}")
    if wrap:
        labels = [labels] if isinstance(labels, NDArray) else labels
        preds = [preds] if isinstance(preds, NDArray) else preds
    return labels, preds


class EvalMetric:
    """Base class: ``sum_metric / num_inst`` under a name. A subclass defines ``update(labels, preds)``.

    name: what ``get`` calls the value; output_names, label_names: which entries ``update_dict`` uses, and their order,
    all by default. Other keyword arguments are what ``get_config`` reports. A subclass that keeps ``global_sum_metric``
    and ``global_num_inst`` too says so with ``has_global_stats=True``; for others the global values are the local ones.
    """

    def __init__(self, name: str, output_names: Names = None, label_names: Names = None, **kwargs: Any) -> None:
        self.name = str(name)
        self.output_names = output_names
        self.label_names = label_names
        self._has_global_stats = kwargs.pop("has_global_stats", False)
        self._kwargs = kwargs
        self.reset()

    def __str__(self) -> str:
        return f"EvalMetric: {dict(self.get_name_value())}"

    def get_config(self) -> dict[str, Any]:
        """A dict that ``create`` turns into the same metric, with its sums at zero."""
        return {
            **self._kwargs,
            "metric": type(self).__name__,
            "name": self.name,
            "output_names": self.output_names,
            "label_names": self.label_names,
        }

    def update_dict(self, label: dict[str, NDArray], pred: dict[str, NDArray]) -> None:
        """``update`` with the arrays that ``label_names`` and ``output_names`` choose. KeyError when one is missing."""
        labels = list(label.values()) if self.label_names is None else [label[name] for name in self.label_names]
        preds = list(pred.values()) if self.output_names is None else [pred[name] for name in self.output_names]
        self.update(labels, preds)

    def update(self, labels: Arrays, preds: Arrays) -> None:
        """Add one batch. labels, preds: one NDArray each, or equally long lists of NDArrays."""
        raise NotImplementedError(f"{type(self).__name__} must override update(labels, preds).")

    def reset(self) -> None:
        """Start again."""
        self.num_inst = 0
        self.sum_metric = 0.0
        self.global_num_inst = 0
        self.global_sum_metric = 0.0

    def reset_local(self) -> None:
        """Start the local sums again; the global ones go on."""
        self.num_inst = 0
        self.sum_metric = 0.0

    def get(self) -> tuple[Any, Any]:
        """``(name, value)`` since the last ``reset_local`` or ``reset``; nan when nothing was added."""
        return self.name, mean_of(self.sum_metric, self.num_inst)

    def get_global(self) -> tuple[Any, Any]:
        """``(name, value)`` since the last ``reset``."""
        if not self._has_global_stats:
            return self.get()
        return self.name, mean_of(self.global_sum_metric, self.global_num_inst)

    def get_name_value(self) -> list[tuple[str, Any]]:
        """``get`` as a list of (name, value), one for each name."""
        return _pairs(*self.get())

    def get_global_name_value(self) -> list[tuple[str, Any]]:
        """``get_global`` as a list of (name, value), one for each name."""
        return _pairs(*self.get_global())

    def _add(self, total: Any, count: Any) -> None:
        """Add to both pairs of sums, as Python numbers: 0.5 rather than np.float64(0.5) is what users print."""
        total, count = as_python(total), as_python(count)
        self.sum_metric += total
        self.num_inst += count
        self.global_sum_metric += total
        self.global_num_inst += count


register = registry.get_register_func(EvalMetric, "metric")
alias = registry.get_alias_func(EvalMetric, "metric")
_create = registry.get_create_func(EvalMetric, "metric")


def need_ndarray(array: Any) -> NDArray:
    """The array. AttributeError, as MXNet's, for what is none."""
    if not isinstance(array, NDArray):
        raise AttributeError(
            f"Metrics take NDArrays, or lists of NDArrays, got {type(array).__name__}: wrap it with mx.nd.array(...)."
        )
    return array


def to_numpy(array: NDArray) -> numpy.ndarray:
    """The array's values."""
    return need_ndarray(array).asnumpy()


def need_average(name: str, average: str) -> str:
    """How a metric averages. ValueError for what is neither "macro" nor "micro"."""
    if average not in ("macro", "micro"):
        raise ValueError(f'{name}: average must be "macro" or "micro", got {average!r}.')
    return average


def mean_of(total: Any, count: Any) -> Any:
    return as_python(total / count) if count else math.nan


def as_python(number: Any) -> Any:
    return number.item() if isinstance(number, numpy.generic) else number


def _pairs(name: Any, value: Any) -> list[tuple[str, Any]]:
    names = name if isinstance(name, list) else [name]
    values = value if isinstance(value, list) else [value]
    return list(zip(names, values, strict=False))
