"""Losses of predicted numbers: absolute, squared and Huber's error, and the likelihood of counts."""

from __future__ import annotations

import math
from typing import Any

from .base import Loss, _apply_weighting, _reshape_like


class L2Loss(Loss):
    r""":math:`L = \frac{1}{2} \sum_i (label_i - pred_i)^2`, averaged over all axes but the batch's.

    pred and label: same number of elements, any shape (N, ...) · sample_weight: broadcasts to pred · returns (N,).
    """

    def __init__(self, weight: float | None = 1.0, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        loss = F.square(_reshape_like(F, label, pred) - pred)
        half = None if self._weight is None else self._weight / 2
        return F.mean(_apply_weighting(F, loss, half, sample_weight), axis=self._batch_axis, exclude=True)


class L1Loss(Loss):
    r""":math:`L = \sum_i |label_i - pred_i|`, averaged over all axes but the batch's.

    pred and label: same number of elements, any shape (N, ...) · sample_weight: broadcasts to pred · returns (N,).
    """

    def __init__(self, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        return self._average(F, F.abs(_reshape_like(F, label, pred) - pred), sample_weight)


class HuberLoss(Loss):
    r"""Quadratic for small errors, linear for large ones, averaged over all axes but the batch's. With the error
    :math:`e = |label_i - pred_i|`:

    .. math:: L = \sum_i \begin{cases} e^2 / (2 \rho) & e \le \rho \\ e - \rho / 2 & e > \rho \end{cases}

    pred and label: same number of elements, any shape (N, ...) · sample_weight: broadcasts to pred · returns (N,).
    Huber, "Robust estimation of a location parameter" (1964), divided by :math:`\rho`.
    """

    def __init__(self, rho: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        if not rho > 0:
            raise ValueError(f"HuberLoss: rho must be positive, but got {rho!r}")
        self._rho = rho

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        loss = F.smooth_l1(_reshape_like(F, label, pred) - pred, scalar=1 / math.sqrt(self._rho))
        return self._average(F, loss, sample_weight)


class PoissonNLLLoss(Loss):
    r"""Negative log-likelihood of counts that are drawn from Poisson distributions of predicted rates.

    With ``from_logits`` pred is the logarithm of the rate, :math:`L = e^{pred} - target \cdot pred`; otherwise the rate
    itself, :math:`L = pred - target \log(pred + \epsilon)`. ``compute_full`` adds Stirling's approximation of
    :math:`\log target!`, which is :math:`target \log target - target + \frac{1}{2} \log(2 \pi target)`, for targets
    above 1. The mean is taken over everything, samples too.

    pred and target: same number of elements, any shape · sample_weight: broadcasts to pred · returns (1,).
    """

    def __init__(
        self,
        weight: float | None = None,
        from_logits: bool = True,
        batch_axis: int = 0,
        compute_full: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits, self._compute_full = from_logits, compute_full

    def hybrid_forward(self, F: Any, pred: Any, target: Any, sample_weight: Any = None, epsilon: float = 1e-8) -> Any:
        target = _reshape_like(F, target, pred)
        loss = F.exp(pred) - target * pred if self._from_logits else pred - target * F.log(pred + epsilon)
        if self._compute_full:
            # The logarithm is of numbers above 1 only: 0 * log(0) would be NaN, in the target's gradient too.
            count = F.maximum(target, 1)
            stirling = count * F.log(count) - count + 0.5 * F.log(count * (2 * math.pi))
            loss = loss + stirling * (target > 1)
        return F.mean(_apply_weighting(F, loss, self._weight, sample_weight))
