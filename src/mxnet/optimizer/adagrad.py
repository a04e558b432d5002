"""Learning rates by the size of past gradients: AdaGrad, RMSProp, AdaDelta; and followers of a leader: Ftrl, FTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ndarray import NDArray, zeros_like
from ..ops.optimizer import rules
from .base import Optimizer, register

__all__ = ["FTML", "AdaDelta", "AdaGrad", "Ftrl", "RMSProp"]


@register
class AdaGrad(Optimizer):
    r"""AdaGrad (Duchi et al., 2011, http://jmlr.org/papers/v12/duchi11a.html).

    .. math:: g = clip(rescale \cdot grad), \quad h \leftarrow h + g^2, \quad
       w \leftarrow w - lr \left(\frac{g}{\sqrt{h + \epsilon}} + wd \cdot w\right)

    A row-sparse gradient changes only the rows that it has.
    """

    lazy_update = True

    def __init__(self, eps: float = 1e-7, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.float_stable_eps = eps

    def create_state(self, index: Any, weight: NDArray) -> NDArray:
        return zeros_like(weight)

    def _step(self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, history: list) -> None:
        rules.adagrad(
            weights, grads, history, lrs=lrs, wds=wds,
            epsilon=self.float_stable_eps, rescale=self.rescale_grad, clip=self.clip_gradient,
        )  # fmt: skip


@register
class RMSProp(Optimizer):
    r"""RMSProp (Tieleman and Hinton, 2012), or with ``centered`` that of Graves, 2013, https://arxiv.org/abs/1308.0850.

    .. math:: g = clip(rescale \cdot grad + wd \cdot w), \quad n \leftarrow \gamma_1 n + (1 - \gamma_1) g^2, \quad
       w \leftarrow w - lr \frac{g}{\sqrt{n + \epsilon}}

    Centered, with the running mean :math:`\bar g`, too:

    .. math:: \Delta \leftarrow \gamma_2 \Delta - lr \frac{g}{\sqrt{n - \bar g^2 + \epsilon}}, \quad
       w \leftarrow w + \Delta

    Parameters
    ----------
    gamma1, gamma2 : float
    epsilon : float
    centered : bool
    clip_weights : float, optional
        Weights are kept within [-clip_weights, clip_weights].
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        gamma1: float = 0.9,
        gamma2: float = 0.9,
        epsilon: float = 1e-8,
        centered: bool = False,
        clip_weights: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.gamma1, self.gamma2, self.centered = gamma1, gamma2, centered
        self.epsilon, self.clip_weights = epsilon, clip_weights

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, ...]:
        return tuple(zeros_like(weight) for _ in range(3 if self.centered else 1))

    def _step(self, indices: Sequence[Any], lrs: list, wds: list, *tensors: list) -> None:
        settings = {
            "lrs": lrs, "wds": wds, "gamma1": self.gamma1, "epsilon": self.epsilon, "rescale": self.rescale_grad,
            "clip": self.clip_gradient or None, "clip_weights": self.clip_weights or None,
        }  # fmt: skip
        if self.centered:
            rules.rmsprop_centered(*tensors, gamma2=self.gamma2, **settings)
        else:
            rules.rmsprop(*tensors, **settings)


@register
class AdaDelta(Optimizer):
    r"""AdaDelta (Zeiler, 2012, https://arxiv.org/abs/1212.5701), which has no learning rate.

    .. math:: g = clip(rescale \cdot grad), \quad s \leftarrow \rho s + (1 - \rho) g^2, \quad
       \Delta = \frac{\sqrt{d + \epsilon}}{\sqrt{s + \epsilon}} g, \quad d \leftarrow \rho d + (1 - \rho) \Delta^2,
       \quad w \leftarrow w - \Delta - wd \cdot w
    """

    def __init__(self, rho: float = 0.9, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rho, self.epsilon = rho, epsilon

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, NDArray]:
        return zeros_like(weight), zeros_like(weight)

    def _step(
        self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, squares: list, deltas: list
    ) -> None:
        rules.adadelta(
            weights, grads, squares, deltas, wds=wds,
            rho=self.rho, epsilon=self.epsilon, rescale=self.rescale_grad, clip=self.clip_gradient,
        )  # fmt: skip


@register
class Ftrl(Optimizer):
    r"""Follow the regularized leader (McMahan et al., 2013), which makes weights exactly 0.

    .. math:: g = clip(rescale \cdot grad), \quad
       z \leftarrow z + g - \frac{\sqrt{n + g^2} - \sqrt{n}}{lr} w, \quad n \leftarrow n + g^2, \quad
       w \leftarrow \frac{sign(z) \cdot \lambda_1 - z}{(\beta + \sqrt{n}) / lr + wd} \cdot [|z| > \lambda_1]

    A row-sparse gradient changes only the rows that it has, where the weight is row-sparse, too.
    """

    def __init__(self, lamda1: float = 0.01, learning_rate: float = 0.1, beta: float = 1, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.lamda1, self.beta = lamda1, beta

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, NDArray]:
        return zeros_like(weight), zeros_like(weight)

    def _is_lazy(self, weights: Sequence[NDArray]) -> bool:
        return any(weight.stype == "row_sparse" for weight in weights)

    def _step(self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, z: list, n: list) -> None:
        rules.ftrl(
            weights, grads, z, n, lrs=lrs, wds=wds,
            lamda1=self.lamda1, beta=self.beta, rescale=self.rescale_grad, clip=self.clip_gradient or None,
        )  # fmt: skip


@register
class FTML(Optimizer):
    r"""Follow the moving leader (Zheng and Kwok, 2017, http://proceedings.mlr.press/v70/zheng17a.html).

    .. math:: g = clip(rescale \cdot grad + wd \cdot w), \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
       d' = \frac{1 - \beta_1^t}{lr} \left(\sqrt{\frac{v}{1 - \beta_2^t}} + \epsilon\right), \quad
       z \leftarrow \beta_1 z + (1 - \beta_1) g - (d' - \beta_1 d) w, \quad d \leftarrow d', \quad w \leftarrow -z / d
    """

    def __init__(self, beta1: float = 0.6, beta2: float = 0.999, epsilon: float = 1e-8, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        return zeros_like(weight), zeros_like(weight), zeros_like(weight)

    def _step(self, indices: Sequence[Any], lrs: list, wds: list, *tensors: list) -> None:
        rules.ftml(
            *tensors, lrs=lrs, wds=wds, counts=[self._index_update_count[i] for i in indices],
            beta1=self.beta1, beta2=self.beta2, epsilon=self.epsilon,
            rescale=self.rescale_grad, clip=self.clip_gradient or None,
        )  # fmt: skip
