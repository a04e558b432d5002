"""Stochastic gradient descent, with momentum of several kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..base import MXNetError
from ..ndarray import NDArray, zeros_like
from ..ops.optimizer import rules
from ..ops.optimizer import sgd_adam as kernels
from ..random import normal
from .base import Optimizer, register

__all__ = ["DCASGD", "NAG", "SGD", "SGLD", "Signum", "Test", "ccSGD"]


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

    aggregate_num = 4
    _master_first = False

    def __init__(self, momentum: float = 0.0, lazy_update: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum, self.lazy_update = momentum, lazy_update

    def create_state(self, index: Any, weight: NDArray) -> NDArray | None:
        return zeros_like(weight) if self.momentum else None

    def _step(
        self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, momenta: list | None
    ) -> None:
        kernels.sgd(
            weights, grads, momenta, lrs, wds,
            momentum=self.momentum, rescale=self.rescale_grad, clip=self.clip_gradient or None,
        )  # fmt: skip


@register
class ccSGD(SGD):
    """SGD under the name that it had in early versions of MXNet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


@register
class NAG(Optimizer):
    r"""Nesterov's accelerated gradient (1983), in the form of Sutskever et al., 2013.

    .. math:: g = clip(rescale \cdot grad) + wd \cdot w, \quad v \leftarrow momentum \cdot v - lr \cdot g, \quad w
       \leftarrow w + momentum \cdot v - lr \cdot g

    Without momentum it is SGD.
    """

    _master_first = False

    def __init__(self, momentum: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum

    def create_state(self, index: Any, weight: NDArray) -> NDArray | None:
        return zeros_like(weight) if self.momentum else None

    def _is_lazy(self, weights: Sequence[NDArray]) -> bool:
        return not self.momentum

    def _step(
        self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, momenta: list | None
    ) -> None:
        common = {"rescale": self.rescale_grad, "clip": self.clip_gradient or None}
        if momenta is None:
            kernels.sgd(weights, grads, None, lrs, wds, **common)
        else:
            settings = {"momentum": self.momentum, "decay_by_new": True}
            rules.nag(weights, grads, momenta, lrs=lrs, wds=wds, **settings, **common)


@register
class Signum(Optimizer):
    r"""Descent by the sign of the momentum (Bernstein et al., 2018, https://arxiv.org/abs/1802.04434).

    .. math:: g = clip(rescale \cdot grad) + wd \cdot w, \quad v \leftarrow momentum \cdot v - (1 - momentum) \cdot g,
       \quad w \leftarrow (1 - lr \cdot wd_{lh}) \cdot w + lr \cdot sign(v)

    Without momentum :math:`w \leftarrow (1 - lr \cdot wd) \cdot w - lr \cdot sign(grad)`.

    Parameters
    ----------
    momentum : float
    wd_lh : float
        Decay apart from the momentum (Loshchilov and Hutter, https://arxiv.org/abs/1711.05101); it needs a momentum.
    """

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.9, wd_lh: float = 0.0, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        if wd_lh and not momentum:
            raise MXNetError(f"Signum without momentum has no wd_lh: use wd, which does the same. Received: {wd_lh}.")
        self.momentum, self.wd_lh = momentum, wd_lh

    def create_state(self, index: Any, weight: NDArray) -> NDArray | None:
        return zeros_like(weight) if self.momentum else None

    def _step(
        self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, momenta: list | None
    ) -> None:
        common = {"lrs": lrs, "wds": wds, "rescale": self.rescale_grad}
        if momenta is None:
            rules.signsgd(weights, grads, **common)
        else:
            rules.signum(
                weights, grads, momenta,
                momentum=self.momentum, wd_lh=self.wd_lh, clip=self.clip_gradient or None, **common,
            )  # fmt: skip


@register
class DCASGD(Optimizer):
    r"""SGD that makes up for gradients that arrive late (Zheng et al., 2016, https://arxiv.org/abs/1609.08326).

    .. math:: g = clip(rescale \cdot grad), \quad
       w \leftarrow w - lr \cdot (g + wd \cdot w + \lambda \cdot g^2 \cdot (w - w_{previous}))

    With momentum, the step is added to the velocity, and that to the weight.

    Parameters
    ----------
    momentum : float
    lamda : float
        How much to make up for.
    """

    def __init__(self, momentum: float = 0.0, lamda: float = 0.04, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum, self.lamda = momentum, lamda

    def create_state(self, index: Any, weight: NDArray) -> tuple[NDArray | None, NDArray]:
        return (zeros_like(weight) if self.momentum else None), weight.copy()

    def _step(
        self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, momenta: list | None,
        previous: list,
    ) -> None:  # fmt: skip
        rules.dcasgd(
            weights, grads, previous, momenta, lrs=lrs, wds=wds,
            momentum=self.momentum, lamda=self.lamda, rescale=self.rescale_grad, clip=self.clip_gradient,
        )  # fmt: skip


@register
class SGLD(Optimizer):
    r"""Stochastic gradient Langevin dynamics (Welling and Teh, 2011): samples weights from their posterior.

    .. math:: w \leftarrow w - \frac{lr}{2} (clip(rescale \cdot grad) + wd \cdot w) + \eta, \quad \eta \sim N(0, lr)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def update_all(
        self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray], states: Sequence[Any]
    ) -> None:
        self._update_count(indices)
        lrs = self._get_lrs(indices)
        noise = [
            normal(0, lr**0.5, shape=w.shape, dtype="float32", ctx=w.ctx).astype(w.dtype)
            for lr, w in zip(lrs, weights, strict=True)
        ]
        self._apply(indices, lrs, self._get_wds(indices), [weights, grads, noise])

    def _step(self, indices: Sequence[Any], lrs: list, wds: list, weights: list, grads: list, noise: list) -> None:
        rules.sgld(weights, grads, noise, lrs=lrs, wds=wds, rescale=self.rescale_grad, clip=self.clip_gradient)


@register
class Test(Optimizer):
    """Adds the rescaled gradient to the weight, and keeps the weight as its state: for tests of other parts."""

    __test__ = False  # pytest, it is none of yours

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def create_state(self, index: Any, weight: NDArray) -> NDArray:
        return zeros_like(weight)

    def update_all(
        self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray], states: Sequence[Any]
    ) -> None:
        for weight, grad, state in zip(weights, grads, states, strict=True):
            weight[:] = weight + grad * self.rescale_grad
            state[:] = weight
