"""Adam and its kin: steps by running means of the gradient, scaled by its running size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..ndarray import NDArray, zeros_like
from ..ops.optimizer import rules
from ..ops.optimizer import sgd_adam as kernels
from .base import Optimizer, register

__all__ = ["Adam", "Adamax", "Nadam"]


@register
class Adam(Optimizer):
    r"""Adam (Kingma and Ba, 2015, https://arxiv.org/abs/1412.6980), with MXNet's form of the bias correction.

    .. math:: g = clip(rescale \cdot grad + wd \cdot w), \quad m \leftarrow \beta_1 m + (1 - \beta_1) g,
       \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
       w \leftarrow w - lr \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \frac{m}{\sqrt{v} + \epsilon}

    Parameters
    ----------
    lazy_update : bool
        For row-sparse gradients: touch only the rows that have one. Dense gradients know no difference.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        lazy_update: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1, self.beta2, self.epsilon, self.lazy_update = beta1, beta2, epsilon, lazy_update

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, NDArray]:
        return zeros_like(weight), zeros_like(weight)

    def _step(
        self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, means: list, variances: list
    ) -> None:
        counts = [self._index_update_count[i] for i in indices]
        correction = {t: math.sqrt(1 - self.beta2**t) / (1 - self.beta1**t) for t in set(counts)}
        kernels.adam(
            weights, grads, means, variances, [lr * correction[t] for lr, t in zip(lrs, counts, strict=True)], wds,
            beta1=self.beta1, beta2=self.beta2, epsilon=self.epsilon,
            rescale=self.rescale_grad, clip=self.clip_gradient or None,
        )  # fmt: skip


@register
class Adamax(Optimizer):
    r"""Adam with the largest gradient instead of its mean square (Kingma and Ba, 2015, section 7).

    .. math:: g = clip(rescale \cdot grad + wd \cdot w), \quad m \leftarrow \beta_1 m + (1 - \beta_1) g,
       \quad u \leftarrow \max(\beta_2 u, |g|), \quad w \leftarrow w - \frac{lr}{1 - \beta_1^t} \frac{m}{u}

    A weight whose gradients were all 0 stays as it is.
    """

    def __init__(
        self, learning_rate: float = 0.002, beta1: float = 0.9, beta2: float = 0.999, **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1, self.beta2 = beta1, beta2

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, NDArray]:
        return zeros_like(weight), zeros_like(weight)

    def _step(
        self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, means: list, largest: list
    ) -> None:
        counts = self._index_update_count
        rules.adamax(
            weights, grads, means, largest, wds=wds,
            lrs=[lr / (1 - self.beta1 ** counts[i]) for i, lr in zip(indices, lrs, strict=True)],
            beta1=self.beta1, beta2=self.beta2, rescale=self.rescale_grad, clip=self.clip_gradient,
        )  # fmt: skip


@register
class Nadam(Optimizer):
    r"""Adam with Nesterov's momentum (Dozat, 2016), whose momentum grows by a schedule.

    .. math:: \mu_t = \beta_1 (1 - 0.5 \cdot 0.96^{t \cdot decay}), \quad \Pi = \prod \mu, \quad
       w \leftarrow w - lr \left(\frac{1 - \mu_t}{1 - \Pi} g + \frac{\mu_{t + 1}}{1 - \Pi \mu_{t + 1}} m\right) \Big/
       \left(\sqrt{\frac{v}{1 - \beta_2^t}} + \epsilon\right)

    with g, m and v as in Adam. As in MXNet, the product :math:`\Pi` is one for all weights: every update of any weight
    multiplies it, so it depends on their number and order. Copies of a weight on other devices take the same product.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        schedule_decay: float = 0.004,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1, self.beta2, self.epsilon, self.schedule_decay = beta1, beta2, epsilon, schedule_decay
        self.m_schedule = 1.0
        self._products: dict[Any, tuple[int, float]] = {}  # by index: its last count, and the product with that

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, NDArray]:
        return zeros_like(weight), zeros_like(weight)

    def _step(
        self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, means: list, variances: list
    ) -> None:
        rules.nadam(
            weights, grads, means, variances, lrs=lrs, wds=wds,
            parts=list(zip(*map(self._parts, indices), strict=True)),
            beta1=self.beta1, beta2=self.beta2, epsilon=self.epsilon,
            rescale=self.rescale_grad, clip=self.clip_gradient,
        )  # fmt: skip

    def _parts(self, index: Any) -> tuple[float, float, float]:
        """The factors of gradient, mean and variance in the step of this weight; the schedule goes on."""
        count = self._index_update_count[index]
        now, then = (self.beta1 * (1 - 0.5 * 0.96 ** (t * self.schedule_decay)) for t in (count, count + 1))
        known, product = self._products.get(index, (0, 1.0))
        if known != count:
            self.m_schedule = product = self.m_schedule * now
            self._products[index] = count, product
        return (1 - now) / (1 - product), then / (1 - product * then), 1 / (1 - self.beta2**count)
