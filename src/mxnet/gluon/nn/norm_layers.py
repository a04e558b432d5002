"""Layers that normalize: over the batch, the features, each channel or groups of channels."""

from __future__ import annotations

from typing import Any

from ... import dtypes, initializer
from ..block import HybridBlock
from ..parameter import Parameter, ParameterDict
from .space import check_counts

__all__ = ["BatchNorm", "BatchNormReLU", "GroupNorm", "InstanceNorm", "LayerNorm"]

_Init = initializer.Initializer | str


class BatchNorm(HybridBlock):
    r"""Batch normalization: :math:`y = \gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta` for each channel.

    x, y: any shape with C channels on ``axis`` · gamma, beta, running_mean, running_var: (C,). In training, mu and
    sigma² are the batch's, and the running statistics move towards them; in prediction they are the running statistics.
    (Ioffe and Szegedy, 2015, arXiv:1502.03167.)

    Parameters
    ----------
    axis : int
        Where the channels are.
    momentum : float
        What the running statistics keep of themselves at a step.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether beta and gamma are learned; without, they stay at their start, gamma at 1.
    use_global_stats : bool
        Use the running statistics in training, too.
    beta_initializer, gamma_initializer, running_mean_initializer, running_variance_initializer : Initializer or str
        Starts of the parameters.
    in_channels : int
        C; 0 for that of the first batch.
    """

    gamma: Parameter

    def __init__(
        self,
        axis: int = 1,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        use_global_stats: bool = False,
        beta_initializer: _Init = "zeros",
        gamma_initializer: _Init = "ones",
        running_mean_initializer: _Init = "zeros",
        running_variance_initializer: _Init = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_counts(self, in_channels=in_channels)
        self._kwargs = dict(
            axis=axis, eps=epsilon, momentum=momentum, fix_gamma=not scale, use_global_stats=use_global_stats
        )
        learned = (("gamma", gamma_initializer, scale), ("beta", beta_initializer, center))
        statistics = (("running_mean", running_mean_initializer), ("running_var", running_variance_initializer))
        common = dict(shape=(in_channels,), allow_deferred_init=True)
        for name, init, trained in learned:
            request = "write" if trained else "null"
            setattr(self, name, self.params.get(name, grad_req=request, init=init, differentiable=trained, **common))
        for name, init in statistics:
            setattr(self, name, self.params.get(name, grad_req="null", init=init, differentiable=False, **common))

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self._kwargs.items())
        return f"{type(self).__name__}({settings}, in_channels={self.gamma.shape[0] or None})"

    def cast(self, dtype: Any) -> None:
        """Convert the parameters; float16 leaves them float32, which the statistics need."""
        super().cast("float32" if dtypes.resolve(dtype).name == "float16" else dtype)

    def hybrid_forward(self, F: Any, x: Any, gamma: Any, beta: Any, running_mean: Any, running_var: Any) -> Any:
        return F.BatchNorm(x, gamma, beta, running_mean, running_var, name="fwd", **self._kwargs)


class BatchNormReLU(BatchNorm):
    """BatchNorm and a rectifier: y = max(0, BatchNorm(x)). Arguments as for `BatchNorm`."""

    def hybrid_forward(self, F: Any, x: Any, gamma: Any, beta: Any, running_mean: Any, running_var: Any) -> Any:
        return F.contrib.BatchNormWithReLU(x, gamma, beta, running_mean, running_var, name="fwd", **self._kwargs)


class _Affine(HybridBlock):
    """What the other norms share: learned gamma and beta of one size, and how they print."""

    def __init__(
        self,
        size: int,
        settings: dict[str, Any],
        center: bool,
        scale: bool,
        beta_initializer: _Init,
        gamma_initializer: _Init,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_counts(self, **{"num_groups" if "num_groups" in settings else "in_channels": size})
        self._kwargs = {**settings, "center": center, "scale": scale}
        self.gamma = self._get("gamma", size, gamma_initializer, scale)
        self.beta = self._get("beta", size, beta_initializer, center)

    def _get(self, name: str, size: int, init: _Init, trained: bool) -> Any:
        request = "write" if trained else "null"
        return self.params.get(name, grad_req=request, shape=(size,), init=init, allow_deferred_init=True)

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self._kwargs.items())
        return f"{type(self).__name__}({settings}, in_channels={self.gamma.shape[0]})"


class LayerNorm(_Affine):
    r"""Layer normalization: :math:`y = \gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta` over one axis.

    x, y: any shape with C features on ``axis`` · gamma, beta: (C,) · mu, sigma²: over the axis, for each other
    position. (Ba et al., 2016, arXiv:1607.06450.)

    Parameters
    ----------
    axis : int
        Where the features are.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether beta and gamma are trained.
    beta_initializer, gamma_initializer : Initializer or str
        Starts of the parameters.
    in_channels : int
        C; 0 for that of the first batch.
    """

    def __init__(
        self,
        axis: int = -1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: _Init = "zeros",
        gamma_initializer: _Init = "ones",
        in_channels: int = 0,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None:
        settings = {"eps": epsilon, "axis": axis}
        super().__init__(
            in_channels, settings, center, scale, beta_initializer, gamma_initializer, prefix=prefix, params=params
        )
        self._axis, self._epsilon = axis, epsilon

    def hybrid_forward(self, F: Any, x: Any, gamma: Any, beta: Any) -> Any:
        return F.LayerNorm(x, gamma, beta, axis=self._axis, eps=self._epsilon)


class InstanceNorm(_Affine):
    r"""Instance normalization: :math:`y = \gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta` for each example and
    channel.

    x, y: any shape with C channels on ``axis`` · gamma, beta: (C,). (Ulyanov et al., 2016, arXiv:1607.08022.)

    Parameters
    ----------
    axis : int
        Where the channels are.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether beta and gamma are trained.
    beta_initializer, gamma_initializer : Initializer or str
        Starts of the parameters.
    in_channels : int
        C; 0 for that of the first batch.
    """

    def __init__(
        self,
        axis: int = 1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = False,
        beta_initializer: _Init = "zeros",
        gamma_initializer: _Init = "ones",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        settings = {"eps": epsilon, "axis": axis}
        super().__init__(in_channels, settings, center, scale, beta_initializer, gamma_initializer, **kwargs)
        self._axis, self._epsilon = axis, epsilon

    def hybrid_forward(self, F: Any, x: Any, gamma: Any, beta: Any) -> Any:
        if self._axis == 1:
            return F.InstanceNorm(x, gamma, beta, name="fwd", eps=self._epsilon)
        moved = F.swapaxes(x, dim1=1, dim2=self._axis)
        y = F.InstanceNorm(moved, gamma, beta, name="fwd", eps=self._epsilon)
        return F.swapaxes(y, dim1=1, dim2=self._axis)


class GroupNorm(_Affine):
    r"""Group normalization: :math:`y = \gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta` over groups of channels.

    x, y: (N, C, ...), the C channels in ``num_groups`` equal groups · gamma, beta: (num_groups,), as in MXNet 1.9.
    (Wu and He, 2018, arXiv:1803.08494.)

    Parameters
    ----------
    num_groups : int
        Number of groups; must divide C.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether beta and gamma are trained.
    beta_initializer, gamma_initializer : Initializer or str
        Starts of the parameters.
    """

    def __init__(
        self,
        num_groups: int = 1,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        beta_initializer: _Init = "zeros",
        gamma_initializer: _Init = "ones",
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None:
        settings = {"eps": epsilon, "num_groups": num_groups}
        super().__init__(
            num_groups, settings, center, scale, beta_initializer, gamma_initializer, prefix=prefix, params=params
        )
        self._num_groups, self._epsilon = num_groups, epsilon

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._kwargs.items())})"

    def hybrid_forward(self, F: Any, x: Any, gamma: Any, beta: Any) -> Any:
        return F.GroupNorm(x, gamma, beta, num_groups=self._num_groups, eps=self._epsilon)
