"""Losses of predicted classes: cross-entropies, the Kullback-Leibler divergence, hinge and logistic losses."""

from __future__ import annotations

from typing import Any

from .base import Loss, _apply_weighting, _reshape_like


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
        label = _reshape_like(F, label, pred)
        if self._from_sigmoid:
            tiny = 1e-12
            positive = F.log(pred + tiny) * label
            if pos_weight is not None:
                positive = F.broadcast_mul(positive, pos_weight)
            loss = -(positive + F.log(1.0 - pred + tiny) * (1.0 - label))
        elif pos_weight is None:
            loss = _logistic(F, pred, label)
        else:
            factor = 1 + F.broadcast_mul(pos_weight - 1, label)
            loss = pred - pred * label + factor * (_tail(F, pred) + F.relu(-pred))
        return self._average(F, loss, sample_weight)


SigmoidBCELoss = SigmoidBinaryCrossEntropyLoss


def _logistic(F: Any, pred: Any, label: Any) -> Any:
    """-log sigmoid(pred) where the label is 1, -log(1 - sigmoid(pred)) where it is 0."""
    return F.relu(pred) - pred * label + _tail(F, pred)


def _tail(F: Any, pred: Any) -> Any:
    """log(1 + exp(-|pred|)), which overflows nowhere."""
    return F.Activation(-F.abs(pred), act_type="softrelu")


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
            keep = sample_weight is not None or self._axis != -1 or self._batch_axis != 0
            loss = -F.pick(pred, label, axis=self._axis, keepdims=keep)
        else:
            loss = -F.sum(pred * _reshape_like(F, label, pred), axis=self._axis, keepdims=True)
        return self._average(F, loss, sample_weight)


SoftmaxCELoss = SoftmaxCrossEntropyLoss


class KLDivLoss(Loss):
    r"""Kullback-Leibler divergence of a predicted distribution from the labelled one, summed over all axes but the
    batch's: :math:`L = \sum_i label_i (\log label_i - pred_i)`.

    pred: (N, ...) log-probabilities or, with ``from_logits=False``, scores that become such by log_softmax over
    ``axis`` · label: probabilities of pred's shape · sample_weight: broadcasts to pred · returns (N,).
    """

    def __init__(
        self,
        from_logits: bool = True,
        axis: int = -1,
        weight: float | None = None,
        batch_axis: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits, self._axis = from_logits, axis

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        if not self._from_logits:
            pred = F.log_softmax(pred, axis=self._axis)
        loss = label * (F.log(label + 1e-12) - pred)
        return F.sum(_apply_weighting(F, loss, self._weight, sample_weight), axis=self._batch_axis, exclude=True)


class HingeLoss(Loss):
    r""":math:`L = \sum_i \max(0, margin - pred_i \cdot label_i)`, averaged over all axes but the batch's.

    pred and label: same number of elements, any shape (N, ...), labels -1 or 1 · sample_weight: broadcasts to pred ·
    returns (N,).
    """

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        return self._average(F, _missing(F, self._margin, pred, label), sample_weight)


class SquaredHingeLoss(Loss):
    r""":math:`L = \sum_i \max(0, margin - pred_i \cdot label_i)^2`, averaged over all axes but the batch's.

    pred and label: same number of elements, any shape (N, ...), labels -1 or 1 · sample_weight: broadcasts to pred ·
    returns (N,).
    """

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        return self._average(F, F.square(_missing(F, self._margin, pred, label)), sample_weight)


def _missing(F: Any, margin: float, pred: Any, label: Any) -> Any:
    """What each prediction lacks of its margin."""
    return F.relu(margin - pred * _reshape_like(F, label, pred))


class LogisticLoss(Loss):
    r""":math:`L = \sum_i \log(1 + e^{-pred_i \cdot label_i})`, averaged over all axes but the batch's.

    pred and label: same number of elements, any shape (N, ...) · sample_weight: broadcasts to pred · returns (N,).
    label_format: "signed" for labels -1 and 1, "binary" for 0 and 1.
    """

    def __init__(
        self, weight: float | None = None, batch_axis: int = 0, label_format: str = "signed", **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        if label_format not in ("signed", "binary"):
            raise ValueError(f'LogisticLoss: label_format must be "signed" or "binary", but got {label_format!r}')
        self._label_format = label_format

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        label = _reshape_like(F, label, pred)
        if self._label_format == "signed":
            label = (label + 1.0) / 2.0
        return self._average(F, _logistic(F, pred, label), sample_weight)
