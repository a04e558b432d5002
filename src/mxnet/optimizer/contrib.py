"""``mx.optimizer.contrib``: AdaGrad with one learning rate for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ndarray import NDArray, zeros
from ..ops.optimizer import rules
from .base import Optimizer, register

__all__ = ["GroupAdaGrad"]


@register
class GroupAdaGrad(Optimizer):
    r"""AdaGrad with one learning rate for each row of a matrix, such as an embedding; without weight decay.

    .. math:: g = clip(rescale \cdot grad), \quad h \leftarrow h + mean(g^2), \quad
       w \leftarrow w - lr \frac{g}{\sqrt{h + \epsilon}}

    w: (N, D) · h: (N, 1). A row-sparse gradient changes only the rows that it has.
    """

    lazy_update = True
    _states_fit = False

    def __init__(self, eps: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.float_stable_eps = eps

    def create_state(self, index: Any, weight: NDArray) -> NDArray:
        if len(weight.shape) != 2:
            raise AssertionError(f"GroupAdaGrad updates matrices, but weight {index!r} has shape {weight.shape}.")
        return zeros((weight.shape[0], 1), ctx=weight.ctx, dtype=weight.dtype).tostype(weight.stype)

    def _step(self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, history: list) -> None:
        if any(wds):
            raise AssertionError("Weight decay is not supported for GroupAdaGrad.")
        rules.group_adagrad(
            weights, grads, history, lrs=lrs,
            epsilon=self.float_stable_eps, rescale=self.rescale_grad, clip=self.clip_gradient,
        )  # fmt: skip
