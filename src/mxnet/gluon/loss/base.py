"""What all losses share: the weights, and the mean over everything but the samples."""

from __future__ import annotations

from typing import Any

from ...base import numeric_types
from ..block import HybridBlock


def _apply_weighting(F: Any, loss: Any, weight: float | None = None, sample_weight: Any = None) -> Any:
    """The loss times the weights of the samples (they broadcast) and of the loss."""
    if sample_weight is not None:
        loss = F.broadcast_mul(loss, sample_weight)
    return loss if weight is None else loss * _need_number(weight)


def _need_number(weight: Any) -> Any:
    if not isinstance(weight, numeric_types):
        raise AssertionError(f"weight must be a number, but got {weight!r}")
    return weight


def _reshape_like(F: Any, x: Any, y: Any) -> Any:
    """``x`` in the shape of ``y``; MXNetError where the numbers of elements differ."""
    return F.reshape_like(x, y)


class Loss(HybridBlock):
    """The base of all losses.

    Parameters
    ----------
    weight : float or None
        The loss is multiplied by it.
    batch_axis : int
        The axis that counts samples; the loss is averaged over all others.
    """

    def __init__(self, weight: float | None, batch_axis: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if weight is not None:
            _need_number(weight)
        self._weight, self._batch_axis = weight, batch_axis

    def __repr__(self) -> str:
        return f"{type(self).__name__}(batch_axis={self._batch_axis}, w={self._weight})"

    def _average(self, F: Any, loss: Any, sample_weight: Any) -> Any:
        """The weighted loss of each sample."""
        loss = _apply_weighting(F, loss, self._weight, sample_weight)
        return F.mean(loss, axis=self._batch_axis, exclude=True)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define hybrid_forward(self, F, pred, label)")
