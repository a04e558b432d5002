"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ndarray import NDArray, zeros_like
from ..ops.optimizer import sgd_adam as kernels
from ..ops.sparse.rules import any_sparse, rows_only
from .optimizer import Optimizer, register

__all__ = ["SGD"]


@register
class SGD(Optimizer):
    r"""Stochastic gradient descent with momentum and weight decay.

    .. math:: g = clip(rescale \cdot grad) + wd \cdot w, \quad v \leftarrow momentum \cdot v - lr \cdot g, \quad w
    \leftarrow w + v

    Without momentum :math:`w \leftarrow w - lr \cdot g`. The learning rate is part of the velocity :math:`v`, so a
    change of the rate acts on new gradients only.

    Parameters
    ----------
    momentum : float
    lazy_update : bool
        For row-sparse gradients: touch only the rows that have one. Dense gradients know no difference.
    """

    _master_first = False

    def __init__(self, momentum: float = 0.0, lazy_update: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum, self.lazy_update = momentum, lazy_update

    def create_state(self, index: Any, weight: NDArray) -> NDArray | None:
        return zeros_like(weight) if self.momentum else None

    def update_all(
        self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray], states: list
    ) -> None:
        self._update_count(indices)
        arrays = [[a._data for a in each] for each in ((weights, grads, states) if self.momentum else (weights, grads))]
        if not any_sparse(arrays[1]):
            self._step(indices, *arrays)
            return
        with rows_only(self.lazy_update, *arrays) as rows:
            self._step(indices, *rows)

    def _step(self, indices: Sequence[Any], weights: list, grads: list, momenta: list | None = None) -> None:
        kernels.sgd(
            weights,
            grads,
            momenta,
            self._get_lrs(indices),
            self._get_wds(indices),
            momentum=self.momentum,
            rescale=self.rescale_grad,
            clip=self.clip_gradient,
        )
