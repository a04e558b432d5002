"""Convolution over one, two or three dimensions of space, and its transpose; also all that is in `pool_layers`."""

from __future__ import annotations

from typing import Any

from ... import initializer
from ..block import HybridBlock
from . import pool_layers
from .activations import optional
from .pool_layers import *  # noqa: F403
from .space import LAYOUTS, Sizes, check_windows, describe_windows, sizes

__all__ = ["Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose"]
__all__ += pool_layers.__all__

_Init = initializer.Initializer | str | None


class _Conv(HybridBlock):
    """Convolution over ``dims`` dimensions of space, or with ``output_padding`` its transpose. The subclasses differ in
    their defaults.
    """

    def __init__(
        self,
        dims: int,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes,
        padding: Sizes,
        dilation: Sizes,
        groups: int,
        layout: str,
        activation: str | None,
        use_bias: bool,
        weight_initializer: _Init,
        bias_initializer: _Init,
        in_channels: int,
        output_padding: Sizes | None = None,
        **kwargs: Any,
    ) -> None:
        layouts = LAYOUTS[dims] if dims > 1 else LAYOUTS[dims][:1]
        if layout not in layouts:
            raise AssertionError(
                f"Only supports {' and '.join(map(repr, layouts))} layout for now, but got {layout!r}."
            )
        kernel = sizes(kernel_size, dims, "kernel_size")
        super().__init__(**kwargs)
        self._kwargs = {
            "kernel": kernel,
            "stride": sizes(strides, dims),
            "dilate": sizes(dilation, dims),
            "pad": sizes(padding, dims),
            "num_filter": channels,
            "num_group": groups,
            "no_bias": not use_bias,
            "layout": layout,
        }
        if output_padding is not None:
            self._kwargs["adj"] = sizes(output_padding, dims, "output_padding")
        check_windows(self, self._kwargs, in_channels)
        outer, inner = (channels, in_channels) if output_padding is None else (in_channels, channels)
        shape = (inner // groups, *kernel) if layout[1] == "C" else (*kernel, inner // groups)
        with self.name_scope():
            self.weight = self.params.get(
                "weight", shape=(outer, *shape), init=weight_initializer, allow_deferred_init=True
            )
            self.bias = (
                self.params.get("bias", shape=(channels,), init=bias_initializer, allow_deferred_init=True)
                if use_bias
                else None
            )
            self.act = optional(activation)

    def _alias(self) -> str:
        return "conv"

    def __repr__(self) -> str:
        return describe_windows(self, self._kwargs, self.weight.shape)

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        convolve = F.Deconvolution if "adj" in self._kwargs else F.Convolution
        y = convolve(x, weight, bias, name="fwd", **self._kwargs)
        return y if self.act is None else self.act(y)


class Conv1D(_Conv):
    r"""Convolution over one dimension: :math:`y_{n,c} = \phi(b_c + \sum_k w_{c,k} \star x_{n,k})`.

    x: (N, in_channels, W) · w: (channels, in_channels / groups, K) · b: (channels,) ·
    y: (N, channels, floor((W + 2 padding - dilation (K - 1) - 1) / stride) + 1).

    Parameters
    ----------
    channels : int
        Number of output channels.
    kernel_size, strides, padding, dilation : int or tuple of int
        Size of the window, its step, zeros on both sides, distance of the window's elements.
    groups : int
        Number of groups of channels that do not mix.
    layout : str
        'NCW'.
    activation : str, optional
        :math:`\phi`, as for `Activation`.
    use_bias : bool
        Whether there is a b.
    weight_initializer, bias_initializer : Initializer or str, optional
        Own initializers; None for that of ``initialize()``.
    in_channels : int
        0 for that of the first batch.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        layout: str = "NCW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: _Init = None,
        bias_initializer: _Init = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            1, channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels, **kwargs,
        )  # fmt: skip


class Conv2D(_Conv):
    """Convolution over two dimensions, x: (N, in_channels, H, W). Arguments as for `Conv1D`, sizes also as pairs.

    w: (channels, in_channels / groups, KH, KW). With layout 'NHWC', the channels of x, w and y are the last axis.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1),
        padding: Sizes = (0, 0),
        dilation: Sizes = (1, 1),
        groups: int = 1,
        layout: str = "NCHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: _Init = None,
        bias_initializer: _Init = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            2, channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels, **kwargs,
        )  # fmt: skip


class Conv3D(_Conv):
    """Convolution over three dimensions, x: (N, in_channels, D, H, W). Arguments as for `Conv1D`, sizes also as
    triples.

    w: (channels, in_channels / groups, KD, KH, KW). With layout 'NDHWC', the channels of x, w and y are the last axis.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1, 1),
        padding: Sizes = (0, 0, 0),
        dilation: Sizes = (1, 1, 1),
        groups: int = 1,
        layout: str = "NCDHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: _Init = None,
        bias_initializer: _Init = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            3, channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels, **kwargs,
        )  # fmt: skip


class Conv1DTranspose(_Conv):
    r"""The transpose of Conv1D: what that does to gradients, which makes space larger by strides.

    x: (N, in_channels, W) · w: (in_channels, channels / groups, K) · b: (channels,) ·
    y: (N, channels, strides (W - 1) + dilation (K - 1) + 1 - 2 padding + output_padding).

    Parameters
    ----------
    channels : int
        Number of output channels.
    kernel_size, strides, padding, dilation : int or tuple of int
        Those of the convolution that it is the transpose of.
    output_padding : int or tuple of int
        Added to the end of the output's space; smaller than strides.
    groups, layout, activation, use_bias, weight_initializer, bias_initializer, in_channels
        As for `Conv1D`.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        layout: str = "NCW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: _Init = None,
        bias_initializer: _Init = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            1, channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels, output_padding, **kwargs,
        )  # fmt: skip


class Conv2DTranspose(_Conv):
    """The transpose of Conv2D, x: (N, in_channels, H, W). Arguments as for `Conv1DTranspose`, sizes also as pairs.

    w: (in_channels, channels / groups, KH, KW). With layout 'NHWC', the channels of x, w and y are the last axis.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1),
        padding: Sizes = (0, 0),
        output_padding: Sizes = (0, 0),
        dilation: Sizes = (1, 1),
        groups: int = 1,
        layout: str = "NCHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: _Init = None,
        bias_initializer: _Init = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            2, channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels, output_padding, **kwargs,
        )  # fmt: skip


class Conv3DTranspose(_Conv):
    """The transpose of Conv3D, x: (N, in_channels, D, H, W). Arguments as for `Conv1DTranspose`, sizes also as triples.

    w: (in_channels, channels / groups, KD, KH, KW). With layout 'NDHWC', the channels of x, w and y are the last axis.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes = (1, 1, 1),
        padding: Sizes = (0, 0, 0),
        output_padding: Sizes = (0, 0, 0),
        dilation: Sizes = (1, 1, 1),
        groups: int = 1,
        layout: str = "NCDHW",
        activation: str | None = None,
        use_bias: bool = True,
        weight_initializer: _Init = None,
        bias_initializer: _Init = "zeros",
        in_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            3, channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias,
            weight_initializer, bias_initializer, in_channels, output_padding, **kwargs,
        )  # fmt: skip
