"""Activation functions as layers."""

from __future__ import annotations

from typing import Any

from ... import initializer
from ...base import MXNetError
from ...ops.registry import OperatorError, get
from ..block import HybridBlock
from .space import check_counts

__all__ = ["ELU", "GELU", "SELU", "Activation", "LeakyReLU", "PReLU", "Swish"]


class ActivationError(MXNetError, ValueError):
    """A function that is unknown. MXNet raises the one or the other, by where it is noticed."""


class Activation(HybridBlock):
    """An activation function, element by element: y = f(x).

    Parameters
    ----------
    activation : str
        'relu', 'sigmoid', 'softrelu', 'softsign' or 'tanh'. MXNetError for others.
    """

    def __init__(self, activation: str, **kwargs: Any) -> None:
        try:
            get("Activation").parse({"act_type": activation})
        except OperatorError as error:
            raise ActivationError(f"{type(self).__name__}: {error.reason}") from None
        self._act_type = activation
        super().__init__(**kwargs)

    def _alias(self) -> str:
        return str(self._act_type)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._act_type})"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.Activation(x, act_type=self._act_type, name="fwd")


def optional(activation: str | None) -> Activation | None:
    """The activation that other layers end with, named after its function. TypeError for what is no text."""
    if activation is None:
        return None
    if not isinstance(activation, str):
        raise TypeError(f"activation must be the name of a function, but is {activation!r}.")
    return Activation(activation, prefix=f"{activation}_")


class LeakyReLU(HybridBlock):
    r"""Rectifier that lets a part of negative values through: :math:`y = x` for :math:`x > 0`, else :math:`\alpha x`.

    Parameters
    ----------
    alpha : float
        Slope for negative values, at least 0.
    """

    def __init__(self, alpha: float, **kwargs: Any) -> None:
        if not alpha >= 0:
            raise AssertionError(f"Slope coefficient for LeakyReLU must be no less than 0, but got {alpha}.")
        super().__init__(**kwargs)
        self._alpha = alpha

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._alpha})"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.LeakyReLU(x, act_type="leaky", slope=self._alpha, name="fwd")


class PReLU(HybridBlock):
    r"""LeakyReLU with a learned slope, one for all or one for each channel (He et al., 2015, arXiv:1502.01852).

    x: (N, C, ...) · alpha: (in_channels,) · y: as x.

    Parameters
    ----------
    alpha_initializer : Initializer
        Start of the slopes.
    in_channels : int
        1, or C.
    """

    def __init__(
        self,
        alpha_initializer: initializer.Initializer | str = initializer.Constant(0.25),  # noqa: B008 - never changed
        in_channels: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_counts(self, in_channels=in_channels)
        with self.name_scope():
            self.alpha = self.params.get("alpha", shape=(in_channels,), init=alpha_initializer)

    def hybrid_forward(self, F: Any, x: Any, alpha: Any) -> Any:
        return F.LeakyReLU(x, gamma=alpha, act_type="prelu", name="fwd")


class ELU(HybridBlock):
    r"""Exponential linear unit: :math:`y = x` for :math:`x > 0`, else :math:`\alpha (e^x - 1)` (Clevert et al., 2016,
    arXiv:1511.07289).

    Parameters
    ----------
    alpha : float
        Minus the value that large negative inputs approach.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._alpha = alpha

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.LeakyReLU(x, act_type="elu", slope=self._alpha)


class SELU(HybridBlock):
    """Scaled exponential linear unit, which keeps activations normalized (Klambauer et al., 2017, arXiv:1706.02515)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.LeakyReLU(x, act_type="selu", name="fwd")


class GELU(HybridBlock):
    r"""Gaussian error linear unit: :math:`y = x \Phi(x)` (Hendrycks and Gimpel, 2016, arXiv:1606.08415)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.LeakyReLU(x, act_type="gelu", name="fwd")


class Swish(HybridBlock):
    r"""Swish: :math:`y = x \sigma(\beta x)` (Ramachandran et al., 2017, arXiv:1710.05941).

    Parameters
    ----------
    beta : float
        1 gives the SiLU.
    """

    def __init__(self, beta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._beta = beta

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return x * F.sigmoid(self._beta * x, name="fwd")
