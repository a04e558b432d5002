"""AdamW and LAMB as ``mx.nd.contrib`` and ``mx.sym.contrib`` offer them: weights in lists, numbers as scales."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Updates"]


class Updates:
    """The functions of a ``contrib`` module.

    Parameters
    ----------
    face : callable
        From an operator's name to its face.
    scale : callable
        From ``rescale_grad``, a number or an array, and a weight to an array of one float32 number beside the weight.
    """

    def __init__(self, face: Callable[[str], Callable], scale: Callable[[Any, Any], Any]) -> None:
        self._face, self._scale = face, scale

    def adamw_update(
        self,
        weight: Any,
        grad: Any,
        mean: Any,
        var: Any,
        rescale_grad: Any,
        lr: float,
        eta: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        wd: float = 0,
        clip_gradient: float = -1,
        out: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """``weight - eta * (lr * mean / (sqrt(var) + epsilon) + wd * weight)``; mean and var are written in place.

        They are running means of ``g = clip(rescale_grad * grad)`` and of its square. rescale_grad: a number or an
        array of one; where it is 0 or not finite, nothing changes, so that an overflow skips the step.
        """
        return self._face("_adamw_update")(
            weight, grad, mean, var, self._scale(rescale_grad, weight), lr=lr, eta=eta, beta1=beta1, beta2=beta2,
            epsilon=epsilon, wd=wd, clip_gradient=clip_gradient, out=out, name=name, **kwargs,
        )  # fmt: skip

    def mp_adamw_update(
        self,
        weight: Any,
        grad: Any,
        mean: Any,
        var: Any,
        weight32: Any,
        rescale_grad: Any,
        lr: float,
        eta: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        wd: float = 0,
        clip_gradient: float = -1,
        out: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """adamw_update of a half-precision weight, computed on and kept in ``weight32``; all states are float32."""
        return self._face("_mp_adamw_update")(
            weight, grad, mean, var, weight32, self._scale(rescale_grad, weight), lr=lr, eta=eta, beta1=beta1,
            beta2=beta2, epsilon=epsilon, wd=wd, clip_gradient=clip_gradient, out=out, name=name, **kwargs,
        )  # fmt: skip

    def multi_adamw_update(
        self,
        weights: Sequence[Any],
        grads: Sequence[Any],
        mean: Sequence[Any],
        var: Sequence[Any],
        rescale_grad: Any,
        lrs: Sequence[float],
        wds: Sequence[float],
        etas: Sequence[float],
        out: Any = None,
        name: str | None = None,
        size: int = 0,
        **kwargs: Any,
    ) -> Any:
        """adamw_update of ``size`` weights, by default of all in the list; lrs, wds, etas: a value for each."""
        data = [*_by_weight(weights, grads, mean, var), self._scale(rescale_grad, weights[0])]
        rates = {"lrs": lrs, "wds": wds, "etas": etas, "num_weights": size or len(weights)}
        return self._face("_multi_adamw_update")(*data, out=out, name=name, **rates, **kwargs)

    def multi_mp_adamw_update(
        self,
        weights: Sequence[Any],
        grads: Sequence[Any],
        mean: Sequence[Any],
        var: Sequence[Any],
        weights32: Sequence[Any],
        rescale_grad: Any,
        lrs: Sequence[float],
        wds: Sequence[float],
        etas: Sequence[float],
        out: Any = None,
        name: str | None = None,
        size: int = 0,
        **kwargs: Any,
    ) -> Any:
        """mp_adamw_update of ``size`` weights, by default of all in the list."""
        data = [*_by_weight(weights, grads, mean, var, weights32), self._scale(rescale_grad, weights[0])]
        rates = {"lrs": lrs, "wds": wds, "etas": etas, "num_weights": size or len(weights)}
        return self._face("_multi_mp_adamw_update")(*data, out=out, name=name, **rates, **kwargs)

    def multi_lamb_update(
        self,
        weights: Sequence[Any],
        grads: Sequence[Any],
        mean: Sequence[Any],
        var: Sequence[Any],
        step_count: Sequence[int],
        lrs: Sequence[float],
        wds: Sequence[float],
        out: Any = None,
        num_tensors: int = 0,
        **kwargs: Any,
    ) -> Any:
        """LAMB of ``num_tensors`` weights, by default of all in the list; mean and var are written in place.

        step_count, lrs, wds: a value for each weight; counts begin at 1.
        """
        data = _by_weight(weights, grads, mean, var)
        rates = {
            "step_count": step_count,
            "learning_rates": lrs,
            "wds": wds,
            "num_tensors": num_tensors or len(weights),
        }
        return self._face("_multi_lamb_update")(*data, out=out, **rates, **kwargs)

    def multi_mp_lamb_update(
        self,
        weights: Sequence[Any],
        grads: Sequence[Any],
        mean: Sequence[Any],
        var: Sequence[Any],
        weights32: Sequence[Any],
        step_count: Sequence[int],
        lrs: Sequence[float],
        wds: Sequence[float],
        out: Any = None,
        num_tensors: int = 0,
        **kwargs: Any,
    ) -> Any:
        """multi_lamb_update of half-precision weights, computed on and kept in ``weights32``."""
        data = _by_weight(weights, grads, mean, var, weights32)
        rates = {
            "step_count": step_count,
            "learning_rates": lrs,
            "wds": wds,
            "num_tensors": num_tensors or len(weights),
        }
        return self._face("_multi_mp_lamb_update")(*data, out=out, **rates, **kwargs)


def _by_weight(*lists: Sequence[Any]) -> list[Any]:
    """Everything of the first weight, then of the second ...; a list that is too short is the operator's to refuse."""
    return [array for row in zip(*lists, strict=False) for array in row]
