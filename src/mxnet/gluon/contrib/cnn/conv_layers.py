"""Convolutions whose kernels are bent by offsets that another convolution computes."""

from __future__ import annotations

from typing import Any

from .... import initializer
from ....base import MXNetError
from ...block import HybridBlock
from ...nn.activations import optional
from ...nn.space import LAYOUTS, Sizes, check_windows, describe_windows, sizes, whole
from ...parameter import Parameter, ParameterDict

__all__ = ["DeformableConvolution", "ModulatedDeformableConvolution"]

_Init = initializer.Initializer | str | None


class _Deformable(HybridBlock):
    """What both versions share: the parameters of the convolution and of the one that computes ``planes`` numbers for
    each element of the kernel.
    """

    _operator: str
    deformable_conv_weight: Parameter

    def __init__(
        self,
        planes: int,
        channels: int,
        kernel_size: Sizes,
        strides: Sizes,
        padding: Sizes,
        dilation: Sizes,
        groups: int,
        num_deformable_group: int,
        layout: str,
        use_bias: bool,
        in_channels: int,
        activation: str | None,
        initializers: dict[str, _Init],
        offset_use_bias: bool,
        op_name: str,
        adj: Any,
        prefix: str | None,
        params: ParameterDict | None,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        if layout not in LAYOUTS[2]:
            raise AssertionError(f"Only supports 'NCHW' and 'NHWC' layout for now, but got {layout!r}.")
        if adj is not None:
            raise MXNetError(f"{type(self).__name__} {self.name}: a convolution takes no adj, but got {adj!r}.")
        self._op_name = op_name
        kernel = sizes(kernel_size, 2)
        if not whole((num_deformable_group,), 1) or not isinstance(kernel, (list, tuple)) or len(kernel) != 2:
            raise MXNetError(
                f"{type(self).__name__} {self.name}: kernel_size must have two sizes, num_deformable_group be at least "
                f"1, but they are {kernel_size!r} and {num_deformable_group!r}."
            )
        common = {
            "kernel": kernel,
            "stride": sizes(strides, 2),
            "dilate": sizes(dilation, 2),
            "pad": sizes(padding, 2),
            "num_group": groups,
            "layout": layout,
        }
        self._elements = num_deformable_group * kernel[0] * kernel[1]
        self._kwargs_offset = {**common, "num_filter": planes * self._elements, "no_bias": not offset_use_bias}
        self._kwargs_deformable_conv = {
            **common, "num_filter": channels, "no_bias": not use_bias, "num_deformable_group": num_deformable_group,
        }  # fmt: skip
        check_windows(self, self._kwargs_offset, in_channels)
        check_windows(self, self._kwargs_deformable_conv, in_channels)
        inner = in_channels // groups
        shapes = {
            "offset_weight": (planes * self._elements, *((inner, *kernel) if layout == "NCHW" else (*kernel, inner))),
            "offset_bias": (planes * self._elements,) if offset_use_bias else None,
            "deformable_conv_weight": (channels, 0, *kernel),  # known after the first forward, as in MXNet
            "deformable_conv_bias": (channels,) if use_bias else None,
        }
        with self.name_scope():
            for name, init in initializers.items():
                shape = shapes[name]
                value = shape and self.params.get(name, shape=shape, init=init, allow_deferred_init=True)
                setattr(self, name, value)
            self.act = optional(activation or None)

    def _deform(self, F: Any, *inputs: Any) -> Any:
        y = getattr(F.contrib, self._operator)(*inputs, name="fwd", **self._kwargs_deformable_conv)
        return y if self.act is None else self.act(y)


class DeformableConvolution(_Deformable):
    r"""Convolution that looks where the input tells it to (Dai et al., 2017, arXiv:1703.06211).

    A convolution of x with the same window computes, for each place of the output and each element of the kernel, by
    how much that element moves down and to the right; between elements x is interpolated.
    x: (N, in_channels, H, W) · deformable_conv_weight: (channels, in_channels / groups, KH, KW) · offset_weight: (2
    num_deformable_group KH KW, in_channels / groups, KH, KW) · y: as for `Conv2D`.

    Parameters
    ----------
    channels, kernel_size, strides, padding, dilation, groups, use_bias, in_channels, activation
        As for `Conv2D`.
    num_deformable_group : int
        Number of groups of input channels with offsets of their own.
    layout : str
        'NCHW'; MXNetError at the first call for 'NHWC', which the operator does not know.
    weight_initializer, bias_initializer, offset_weight_initializer, offset_bias_initializer : Initializer or str
        Starts of the parameters; zero offsets by default.
    offset_use_bias : bool
        Whether the convolution that computes the offsets has a bias.
    op_name : str
        Without effect, as in MXNet.
    adj
        None; MXNetError for anything else.
    """

    _operator = "DeformableConvolution"

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes = (1, 1),
        strides: Sizes = (1, 1),
        padding: Sizes = (0, 0),
        dilation: Sizes = (1, 1),
        groups: int = 1,
        num_deformable_group: int = 1,
        layout: str = "NCHW",
        use_bias: bool = True,
        in_channels: int = 0,
        activation: str | None = None,
        weight_initializer: _Init = None,
        bias_initializer: _Init = "zeros",
        offset_weight_initializer: _Init = "zeros",
        offset_bias_initializer: _Init = "zeros",
        offset_use_bias: bool = True,
        op_name: str = "DeformableConvolution",
        adj: Any = None,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None:
        initializers = {
            "offset_weight": offset_weight_initializer,
            "offset_bias": offset_bias_initializer,
            "deformable_conv_weight": weight_initializer,
            "deformable_conv_bias": bias_initializer,
        }
        super().__init__(
            2, channels, kernel_size, strides, padding, dilation, groups, num_deformable_group, layout, use_bias,
            in_channels, activation, initializers, offset_use_bias, op_name, adj, prefix, params,
        )  # fmt: skip

    def _alias(self) -> str:
        return "deformable_conv"

    def __repr__(self) -> str:
        return describe_windows(self, self._kwargs_deformable_conv, self.deformable_conv_weight.shape)

    def hybrid_forward(
        self,
        F: Any,
        x: Any,
        offset_weight: Any,
        deformable_conv_weight: Any,
        offset_bias: Any = None,
        deformable_conv_bias: Any = None,
    ) -> Any:
        offset = F.Convolution(x, offset_weight, offset_bias, cudnn_off=True, **self._kwargs_offset)
        return self._deform(F, x, offset, deformable_conv_weight, deformable_conv_bias)


class ModulatedDeformableConvolution(_Deformable):
    r"""Deformable convolution that also weighs what it sees (Zhu et al., 2019, arXiv:1811.11168).

    A convolution of x computes offsets as for `DeformableConvolution`, and a third number m for each element of the
    kernel, which is multiplied by :math:`2 \sigma(m)`; so offset_weight is (3 num_deformable_group KH KW, ...).

    Parameters: those of `DeformableConvolution`.
    """

    _operator = "ModulatedDeformableConvolution"

    def __init__(
        self,
        channels: int,
        kernel_size: Sizes = (1, 1),
        strides: Sizes = (1, 1),
        padding: Sizes = (0, 0),
        dilation: Sizes = (1, 1),
        groups: int = 1,
        num_deformable_group: int = 1,
        layout: str = "NCHW",
        use_bias: bool = True,
        in_channels: int = 0,
        activation: str | None = None,
        weight_initializer: _Init = None,
        bias_initializer: _Init = "zeros",
        offset_weight_initializer: _Init = "zeros",
        offset_bias_initializer: _Init = "zeros",
        offset_use_bias: bool = True,
        op_name: str = "ModulatedDeformableConvolution",
        adj: Any = None,
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None:
        initializers = {
            "deformable_conv_weight": weight_initializer,
            "deformable_conv_bias": bias_initializer,
            "offset_weight": offset_weight_initializer,
            "offset_bias": offset_bias_initializer,
        }
        super().__init__(
            3, channels, kernel_size, strides, padding, dilation, groups, num_deformable_group, layout, use_bias,
            in_channels, activation, initializers, offset_use_bias, op_name, adj, prefix, params,
        )  # fmt: skip

    def _alias(self) -> str:
        return "modulated_deformable_conv"

    def hybrid_forward(
        self,
        F: Any,
        x: Any,
        offset_weight: Any,
        deformable_conv_weight: Any,
        offset_bias: Any = None,
        deformable_conv_bias: Any = None,
    ) -> Any:
        both = F.Convolution(x, offset_weight, offset_bias, cudnn_off=True, **self._kwargs_offset)
        offset = F.slice_axis(both, axis=1, begin=0, end=2 * self._elements)
        mask = F.slice_axis(both, axis=1, begin=2 * self._elements, end=None)
        return self._deform(F, x, offset, F.sigmoid(mask) * 2, deformable_conv_weight, deformable_conv_bias)
