"""Adam."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..ndarray import NDArray, zeros_like
from ..ops.optimizer import sgd_adam as kernels
from ..ops.sparse.rules import any_sparse, rows_only
from .optimizer import Optimizer, register

__all__ = ["Adam"]


@register
class Adam(Optimizer):
    r"""Adam (Kingma and Ba, 2015, https://arxiv.org/abs/1412.6980), with MXNet's form of the bias correction.

    .. math:: g = clip(rescale \cdot grad + wd \cdot w), \quad m \leftarrow \beta_1 m + (1 - \beta_1) g,
       \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
       w \leftarrow w - lr \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \frac{m}{\sqrt{v} + \epsilon}
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

    def update_all(
        self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray], states: list
    ) -> None:
        self._update_count(indices)
        counts = self._index_update_count
        lrs = [
            lr * math.sqrt(1 - self.beta2 ** counts[i]) / (1 - self.beta1 ** counts[i])
            for i, lr in zip(indices, self._get_lrs(indices), strict=True)
        ]
        arrays = [[a._data for a in each] for each in (weights, grads, *zip(*states, strict=True))]
        if not any_sparse(arrays[1]):
            self._step(indices, lrs, *arrays)
            return
        with rows_only(self.lazy_update, *arrays) as rows:
            self._step(indices, lrs, *rows)

    def _step(
        self, indices: Sequence[Any], lrs: list[float], weights: list, grads: list, means: list, variances: list
    ) -> None:
        kernels.adam(
            weights,
            grads,
            means,
            variances,
            lrs,
            self._get_wds(indices),
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
            rescale=self.rescale_grad,
            clip=self.clip_gradient,
        )
