"""For large batches: steps as long as the weights are (LARS, LAMB), and SGD that adds up gradients (LBSGD)."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

from ..ndarray import NDArray, zeros_like
from ..ops.optimizer import lamb, multi_sgd
from ..ops.optimizer import sgd_adam as kernels
from .base import Optimizer, register
from .checks import columns

__all__ = ["LAMB", "LARS", "LBSGD"]


@register
class LARS(Optimizer):
    r"""SGD with a learning rate for each weight by the norms of weight and gradient (You et al., 2017,
    https://arxiv.org/abs/1708.03888).

    .. math:: lr_w = lr \cdot \eta \frac{\|w\|}{\|rescale \cdot grad\| + wd \|w\| + \epsilon}

    where both norms are positive, and for weights whose names do not end in gamma, beta or bias; otherwise lr.

    Parameters
    ----------
    momentum : float
    lazy_update : bool
        For row-sparse gradients: touch only the rows that have one.
    eta : float
    eps : float
    momentum_correction : bool
        When the learning rate changes, so does the momentum of that step: times new rate over old one.
    """

    aggregate_num = 4
    _decayed = ("_weight",)
    _master_first = False

    def __init__(
        self,
        momentum: float = 0.0,
        lazy_update: bool = True,
        eta: float = 0.001,
        eps: float = 0,
        momentum_correction: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.momentum, self.lazy_update, self.eta, self.eps = momentum, lazy_update, eta, eps
        self.momentum_correction = momentum_correction
        self.last_lr: float | None = None
        self.cur_lr: float | None = None
        self._at: int | None = None  # the number of the update that has cur_lr

    def create_state(self, index: Any, weight: NDArray) -> NDArray | None:
        return zeros_like(weight) if self.momentum else None

    def _get_lrs(self, indices: Sequence[Any]) -> list[float]:
        if self._at != self.num_update:  # once for all weights and devices
            rate, self._at = self.learning_rate, self.num_update
            self.last_lr, self.cur_lr = rate if self.cur_lr is None else self.cur_lr, rate
        return super()._get_lrs(indices)

    def _step(
        self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, momenta: list | None
    ) -> None:
        names = [str(self.idx2name.get(i, i)) for i in indices]
        adaptive = [not name.endswith(("gamma", "beta", "bias")) for name in names]
        momentum = self.momentum
        if self.momentum_correction and self.last_lr and self.cur_lr is not None:
            momentum *= self.cur_lr / self.last_lr
        rates = multi_sgd.lars(
            weights, grads, lrs=lrs, wds=wds, adaptive=adaptive, eta=self.eta, eps=self.eps, rescale=self.rescale_grad
        )
        multi_sgd.descend(
            weights, grads, momenta, lrs=rates, wds=wds,
            momentum=momentum, rescale=self.rescale_grad, clip=self.clip_gradient or None,
        )  # fmt: skip


@register
class LAMB(Optimizer):
    r"""Adam whose steps are as long as the weights are (You et al., 2019, https://arxiv.org/abs/1904.00962).

    .. math:: g = clip(rescale \cdot grad), \quad
       s = \frac{\hat m}{\sqrt{\hat v} + \epsilon} + wd \cdot w, \quad
       w \leftarrow w - lr \frac{\phi(\|w\|)}{\|s\|} s

    with running means m of g and v of its square, which ``bias_correction`` divides by :math:`1 - \beta^t`. The norm of
    the weight is kept within ``lower_bound`` and ``upper_bound``.
    """

    aggregate_num = 45

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-6,
        lower_bound: float | None = None,
        upper_bound: float | None = None,
        bias_correction: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.lower_bound, self.upper_bound, self.bias_correction = lower_bound, upper_bound, bias_correction

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, NDArray]:
        return zeros_like(weight), zeros_like(weight)

    def _step(self, indices: Sequence[Any], lrs: list, wds: list, *tensors: list) -> None:
        lamb.lamb(
            *tensors, lrs=lrs, wds=wds, counts=[self._index_update_count[i] for i in indices],
            beta1=self.beta1, beta2=self.beta2, epsilon=self.epsilon, bias_correction=self.bias_correction,
            bounds=(self.lower_bound or -1.0, self.upper_bound or -1.0),
            rescale=self.rescale_grad, clip=self.clip_gradient or None,
        )  # fmt: skip


@register
class LBSGD(Optimizer):
    """SGD that adds up the gradients of ``batch_scale`` batches, and warms up to the learning rate of that many.

    After every ``batch_scale`` calls, their mean gradient makes one step of SGD. The learning rate is multiplied by a
    number that rises from 1 to ``batch_scale`` while the first ``warmup_epochs`` pass.

    Parameters
    ----------
    momentum : float
    multi_precision : bool
    warmup_strategy : str
        How it rises: 'linear', 'power2' or 'sqrt'; another word: it stays 1. With 'lars' the multiplier is not by time
        but the square root of ``|w|**2 / (|g|**2 + wd * |w|**2)``, between 0.01 and 100.
    warmup_epochs, updates_per_epoch : int
    batch_scale : int
    begin_epoch : int
        Where the count of epochs starts.
    num_epochs : int
        Kept, but of no effect, as in MXNet.
    """

    lazy_update = True

    def __init__(
        self,
        momentum: float = 0.0,
        multi_precision: bool = False,
        warmup_strategy: str = "linear",
        warmup_epochs: int = 5,
        batch_scale: int = 1,
        updates_per_epoch: int = 32,
        begin_epoch: int = 0,
        num_epochs: int = 60,
        **kwargs: Any,
    ) -> None:
        super().__init__(multi_precision=multi_precision, **kwargs)
        logging.info(
            "Large-batch SGD: batch_scale=%s, warmup_epochs=%s, warmup_strategy=%s, updates_per_epoch=%s",
            *(batch_scale, warmup_epochs, warmup_strategy, updates_per_epoch),
        )
        self.momentum, self.warmup_strategy, self.warmup_epochs = momentum, warmup_strategy, warmup_epochs
        self.batch_scale, self.updates_per_epoch, self.num_epochs = batch_scale, updates_per_epoch, num_epochs
        self.init_updates = begin_epoch * updates_per_epoch
        self.cumgrads: dict[Any, dict[str, Any]] = {}
        """By index of the weight, "device:index" but on the first one: "cum_grad", the sum, an NDArray or 0, and
        "num_cums", how many gradients there have been.
        """

    def create_state(self, index: Any, weight: NDArray) -> NDArray | None:
        return zeros_like(weight) if self.momentum else None

    def update_all(
        self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray], states: Sequence[Any]
    ) -> None:
        self._update_count(indices)
        due = []
        for i, weight, grad, state in zip(indices, weights, grads, states, strict=True):
            sums = self._add(i, grad)
            if sums["num_cums"] % self.batch_scale == 0:
                mean = sums["cum_grad"] / self.batch_scale if self.batch_scale != 1 else grad
                due.append((i, sums["num_cums"], weight, mean, state))
                sums["cum_grad"] = 0
        if not due:
            return
        indices, counts, weights, grads, states = zip(*due, strict=True)
        lrs, wds = self._get_lrs(indices), self._get_wds(indices)
        if self.warmup_strategy == "lars":
            multipliers = [self._by_norms(*row) for row in zip(weights, grads, wds, strict=True)]
        else:
            multipliers = map(self._by_time, counts)
        lrs = [lr * multiplier for lr, multiplier in zip(lrs, multipliers, strict=True)]
        self._apply(indices, lrs, wds, [weights, grads, *columns(states)])

    def _step(
        self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, momenta: list | None
    ) -> None:
        kernels.sgd(
            weights, grads, momenta, lrs, wds,
            momentum=self.momentum, rescale=self.rescale_grad, clip=self.clip_gradient or None,
        )  # fmt: skip

    def _add(self, index: Any, grad: NDArray) -> dict[str, Any]:
        """Add a gradient to those of its weight."""
        device = grad.ctx.device_id
        key = f"{device}:{index}" if device else index
        sums = self.cumgrads.setdefault(key, {"cum_grad": 0, "num_cums": self.init_updates})
        sums["num_cums"] += 1
        if self.batch_scale != 1:
            total = sums["cum_grad"]
            sums["cum_grad"] = total + grad if isinstance(total, NDArray) else grad.copy()
        return sums

    def _by_time(self, count: int) -> float:
        """The multiplier of the learning rate after that many batches."""
        steps, most = self.warmup_epochs * self.updates_per_epoch, float(self.batch_scale)
        if count >= steps:
            return most
        passed = count / steps
        rise = {"linear": passed, "power2": passed**2, "sqrt": math.sqrt(passed)}.get(self.warmup_strategy, 0.0)
        return 1.0 + (most - 1.0) * rise if steps > 1 else 1.0

    def _by_norms(self, weight: NDArray, grad: NDArray, wd: float) -> float:
        of_weight, of_grad = ((a * a).sum().asscalar() for a in (weight.astype("float32"), grad.astype("float32")))
        return min(max(math.sqrt(of_weight / (of_grad + wd * of_weight + 1e-18)), 0.01), 100.0)
