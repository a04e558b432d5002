"""Losses that compare vectors with each other, to learn embeddings: by angle, by triples, by all pairs of a batch."""

from __future__ import annotations

from typing import Any

from .base import Loss, _apply_weighting, _reshape_like
from .classification import KLDivLoss

_TINY = 1e-12  # keeps the division by the length of zero vectors finite


class TripletLoss(Loss):
    r""":math:`L = \max(0, \sum_i (positive_i - pred_i)^2 - (negative_i - pred_i)^2 + margin)`: an anchor should be
    nearer to a vector of its kind than to one of another kind. The sum is over all axes but the batch's.

    pred, positive, negative: same number of elements, (N, ...) · returns (N,).
    """

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(self, F: Any, pred: Any, positive: Any, negative: Any) -> Any:
        positive, negative = _reshape_like(F, positive, pred), _reshape_like(F, negative, pred)
        farther = F.square(positive - pred) - F.square(negative - pred)
        loss = F.relu(F.sum(farther, axis=self._batch_axis, exclude=True) + self._margin)
        return _apply_weighting(F, loss, self._weight, None)


class CosineEmbeddingLoss(Loss):
    r"""Of pairs of vectors with the cosine :math:`c` between them: :math:`L = 1 - c` where the label is 1, and
    :math:`L = \max(0, c - margin)` where it is -1. Other labels contribute nothing.

    input1, input2: (N, D), or (..., D) with N the product of all other sizes · label: N elements · sample_weight:
    broadcasts to (N, 1) · returns (N, 1).
    """

    def __init__(self, weight: float | None = None, batch_axis: int = 0, margin: float = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(self, F: Any, input1: Any, input2: Any, label: Any, sample_weight: Any = None) -> Any:
        input1 = _reshape_like(F, input1, input2)
        label = F.reshape(label, (-1, 1))
        lengths = F.norm(input1, axis=-1) * F.norm(input2, axis=-1)
        cosine = F.reshape(F.sum(input1 * input2, axis=-1) / F.maximum(lengths, _TINY), (-1, 1))
        loss = (label == 1) * (1 - cosine) + (label == -1) * F.relu(cosine - self._margin)
        return _apply_weighting(F, loss, self._weight, sample_weight)


class SDMLLoss(Loss):
    r"""Smoothed deep metric learning: the vectors of a batch of pairs should be nearest to their partners.

    For each row of x1, the softmax over minus the squared distances to all rows of x2 is compared, by `KLDivLoss`,
    with a distribution that gives its partner :math:`1 - s` and all others together :math:`s`, the
    ``smoothing_parameter``.

    x1, x2: (N, D), rows of the same number belong together · returns (N,). AssertionError when the shapes differ.

    Bonadiman, Kumar & Mittal, "Large scale question paraphrase retrieval with smoothed deep metric learning" (2019).
    """

    def __init__(
        self, smoothing_parameter: float = 0.3, weight: float | None = 1.0, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self.kl_loss = KLDivLoss(from_logits=True)
        self.smoothing_parameter = smoothing_parameter

    def hybrid_forward(self, F: Any, x1: Any, x2: Any) -> Any:
        shapes = getattr(x1, "shape", None), getattr(x2, "shape", None)  # symbols have none
        if shapes[0] != shapes[1]:
            raise AssertionError(f"SDMLLoss: x1 and x2 must have the same shape, but got {shapes[0]} and {shapes[1]}")
        difference = F.broadcast_sub(F.expand_dims(x1, 1), F.expand_dims(x2, 0))
        nearness = F.log_softmax(-F.sum(F.square(difference), axis=2), axis=1)
        rows = F.contrib.arange_like(F.cast(x1, dtype="float32"), axis=0)  # half precision cannot count to 300
        equal = F.broadcast_equal(F.expand_dims(rows, 1), F.expand_dims(rows, 0))
        partner = F.where(equal, F.ones_like(nearness), F.zeros_like(nearness))
        others = F.maximum(F.sum(1 - partner, axis=1, keepdims=True), 1)  # a batch of one pair has none
        share = F.broadcast_div((1 - partner) * self.smoothing_parameter, others)
        loss = self.kl_loss(nearness, partner * (1 - self.smoothing_parameter) + share)
        return _apply_weighting(F, loss, self._weight, None)
