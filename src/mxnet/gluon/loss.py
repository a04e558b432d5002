"""Losses: blocks that turn predictions and labels into one number for each sample."""

from __future__ import annotations

from typing import Any

from ..base import numeric_types
from .block import HybridBlock

__all__ = [
    "L1Loss",
    "L2Loss",
    "Loss",
    "SigmoidBCELoss",
    "SigmoidBinaryCrossEntropyLoss",
    "SoftmaxCELoss",
    "SoftmaxCrossEntropyLoss",
]


def _weighted(F: Any, loss: Any, weight: float | None, sample_weight: Any) -> Any:
    """The loss times the weights of the samples (they broadcast) and of the loss."""
    if sample_weight is not None:
        loss = F.broadcast_mul(loss, sample_weight)
    if weight is not None:
        if not isinstance(weight, numeric_types):
            raise AssertionError(f"weight must be a number, but got {weight!r}")
        loss = loss * weight
    return loss


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
        self._weight, self._batch_axis = weight, batch_axis

    def __repr__(self) -> str:
        return f"{type(self).__name__}(batch_axis={self._batch_axis}, w={self._weight})"

    def _average(self, F: Any, loss: Any) -> Any:
        return F.mean(loss, axis=self._batch_axis, exclude=True)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define hybrid_forward(self, F, pred, label)")


class L2Loss(Loss):
    r""":math:`L = \frac{1}{2} \sum_i (label_i - pred_i)^2`, averaged over all axes but the batch's.

    pred and label: same number of elements, any shape (N, ...) · sample_weight: broadcasts to pred · returns (N,).
    """

    def __init__(self, weight: float | None = 1.0, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        loss = F.square(F.reshape_like(label, pred) - pred)
        return self._average(F, _weighted(F, loss, None if self._weight is None else self._weight / 2, sample_weight))


class L1Loss(Loss):
    r""":math:`L = \sum_i |label_i - pred_i|`, averaged over all axes but the batch's.

    pred and label: same number of elements, any shape (N, ...) · sample_weight: broadcasts to pred · returns (N,).
    """

    def __init__(self, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        loss = F.abs(F.reshape_like(label, pred) - pred)
        return self._average(F, _weighted(F, loss, self._weight, sample_weight))


class SigmoidBinaryCrossEntropyLoss(Loss):
    r"""Cross-entropy of independent yes-no labels, from logits or, with ``from_sigmoid``, from probabilities.

    From logits, in the stable form :math:`L = \max(p, 0) - p \cdot l + \log(1 + e^{-|p|})`; ``pos_weight`` multiplies
    the terms of positive labels.

    pred and label: same number of elements, (N, ...), labels in [0, 1] · sample_weight, pos_weight: broadcast to pred ·
    returns (N,).
    """

    def __init__(
        self, from_sigmoid: bool = False, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_sigmoid = from_sigmoid

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None, pos_weight: Any = None) -> Any:
        label = F.reshape_like(label, pred)
        if self._from_sigmoid:
            tiny = 1e-12
            positive = F.log(pred + tiny) * label
            if pos_weight is not None:
                positive = F.broadcast_mul(positive, pos_weight)
            loss = -(positive + F.log(1.0 - pred + tiny) * (1.0 - label))
        else:
            tail = F.Activation(-F.abs(pred), act_type="softrelu")
            if pos_weight is None:
                loss = F.relu(pred) - pred * label + tail
            else:
                factor = 1 + F.broadcast_mul(pos_weight - 1, label)
                loss = pred - pred * label + factor * (tail + F.relu(-pred))
        return self._average(F, _weighted(F, loss, self._weight, sample_weight))


SigmoidBCELoss = SigmoidBinaryCrossEntropyLoss


class SoftmaxCrossEntropyLoss(Loss):
    r"""Cross-entropy of one label out of many classes: :math:`L = -\log softmax(pred)_{label}`.

    pred: (N, ..., C, ...) with the classes along ``axis`` · label: class numbers of pred's shape without ``axis``, or
    with ``sparse_label=False`` probabilities of pred's shape · sample_weight: broadcasts to label · returns (N,).

    Parameters
    ----------
    axis : int
    sparse_label : bool
        Labels are class numbers.
    from_logits : bool
        pred holds log-probabilities already (MXNet's meaning of the word), so no softmax is computed.
    """

    def __init__(
        self,
        axis: int = -1,
        sparse_label: bool = True,
        from_logits: bool = False,
        weight: float | None = None,
        batch_axis: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._axis, self._sparse_label, self._from_logits = axis, sparse_label, from_logits

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        if not self._from_logits:
            pred = F.log_softmax(pred, axis=self._axis)
        if self._sparse_label:
            # The axis of size 1 is there for sample weights to broadcast; without them, one operator less.
            keep = sample_weight is not None or self._axis != -1 or self._batch_axis < 0
            loss = -F.pick(pred, label, axis=self._axis, keepdims=keep)
        else:
            loss = -F.sum(pred * F.reshape_like(label, pred), axis=self._axis, keepdims=True)
        return self._average(F, _weighted(F, loss, self._weight, sample_weight))


SoftmaxCELoss = SoftmaxCrossEntropyLoss
