"""Convolution, pooling and padding over one, two or three dimensions of space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import initializer
from ...base import MXNetError, numeric_types
from ..block import HybridBlock
from .activations import Activation

__all__ = [
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "ReflectionPad2D",
]

_Init = initializer.Initializer | str | None
_Sizes = int | Sequence[int]
_LAYOUTS = {1: ("NCW", "NWC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}


def _sizes(value: _Sizes, dims: int, what: str | None = None) -> Any:
    """One number for every dimension, or what was given; its length is checked when it has a name."""
    if isinstance(value, numeric_types):
        return (value,) * dims
    if what and len(value) != dims:
        raise AssertionError(f"{what} must be a number or a list of {dims} ints, but got {value!r}.")
    return value


class _Conv(HybridBlock):
    """Convolution over ``dims`` dimensions of space. The subclasses differ in their defaults."""

    def __init__(
        self,
        dims: int,
        channels: int,
        kernel_size: _Sizes,
        strides: _Sizes,
        padding: _Sizes,
        dilation: _Sizes,
        groups: int,
        layout: str,
        activation: str | None,
        use_bias: bool,
        weight_initializer: _Init,
        bias_initializer: _Init,
        in_channels: int,
        **kwargs: Any,
    ) -> None:
        layouts = _LAYOUTS[dims] if dims > 1 else _LAYOUTS[dims][:1]
        if layout not in layouts:
            raise AssertionError(
                f"Only supports {' and '.join(map(repr, layouts))} layout for now, but got {layout!r}."
            )
        kernel = _sizes(kernel_size, dims, "kernel_size")
        super().__init__(**kwargs)
        self._kwargs = {
            "kernel": kernel,
            "stride": _sizes(strides, dims),
            "dilate": _sizes(dilation, dims),
            "pad": _sizes(padding, dims),
            "num_filter": channels,
            "num_group": groups,
            "no_bias": not use_bias,
            "layout": layout,
        }
        self._check(in_channels)
        shape = (in_channels // groups, *kernel) if layout[1] == "C" else (*kernel, in_channels // groups)
        with self.name_scope():
            self.weight = self.params.get(
                "weight", shape=(channels, *shape), init=weight_initializer, allow_deferred_init=True
            )
            self.bias = (
                self.params.get("bias", shape=(channels,), init=bias_initializer, allow_deferred_init=True)
                if use_bias
                else None
            )
            self.act = Activation(activation, prefix=f"{activation}_") if activation is not None else None

    def _check(self, in_channels: int) -> None:
        """Raise MXNetError for settings that no input would fit."""
        settings = self._kwargs
        kernel, channels, groups = settings["kernel"], settings["num_filter"], settings["num_group"]
        problem = None
        for what in ("stride", "dilate", "pad"):
            if len(settings[what]) != len(kernel):
                problem = f"{what} must have as many dimensions as the kernel {kernel}, but is {settings[what]}"
        if not all(isinstance(k, (int, np.integer)) and k > 0 for k in kernel):
            problem = f"kernel_size must be positive integers, but is {kernel}"
        elif not isinstance(channels, (int, np.integer)) or channels < 1:
            problem = f"channels must be a positive integer, but is {channels!r}"
        elif channels % groups:
            problem = f"groups must divide channels, but {channels} channels make no {groups} groups"
        elif in_channels % groups:
            problem = f"groups must divide in_channels, but {in_channels} in_channels make no {groups} groups"
        if problem:
            raise MXNetError(f"{type(self).__name__} {self.name}: {problem}.")

    def _alias(self) -> str:
        return "conv"

    def __repr__(self) -> str:
        settings, shape = self._kwargs, self.weight.shape
        zero, one = (0,) * len(settings["kernel"]), (1,) * len(settings["kernel"])
        parts = [
            f"{shape[1] or None} -> {shape[0]}",  # MXNet's rule, which is off for groups and layouts with C at the end
            f"kernel_size={settings['kernel']}",
            f"stride={settings['stride']}",
            *([f"padding={settings['pad']}"] if settings["pad"] != zero else []),
            *([f"dilation={settings['dilate']}"] if settings["dilate"] != one else []),
            *([f"groups={settings['num_group']}"] if settings["num_group"] != 1 else []),
            *(["bias=False"] if self.bias is None else []),
            *([repr(self.act)] if self.act else []),
        ]
        return f"{type(self).__name__}({', '.join(parts)})"

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        y = F.Convolution(x, weight, bias, name="fwd", **self._kwargs)
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
        kernel_size: _Sizes,
        strides: _Sizes = 1,
        padding: _Sizes = 0,
        dilation: _Sizes = 1,
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
        kernel_size: _Sizes,
        strides: _Sizes = (1, 1),
        padding: _Sizes = (0, 0),
        dilation: _Sizes = (1, 1),
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
        kernel_size: _Sizes,
        strides: _Sizes = (1, 1, 1),
        padding: _Sizes = (0, 0, 0),
        dilation: _Sizes = (1, 1, 1),
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


class _Pooling(HybridBlock):
    """A window's maximum or mean over ``dims`` dimensions of space. The subclasses differ in their defaults."""

    def __init__(
        self,
        dims: int,
        kind: str,
        layout: str,
        pool_size: _Sizes = 1,
        strides: _Sizes | None = None,
        padding: _Sizes = 0,
        ceil_mode: bool = True,
        global_pool: bool = False,
        count_include_pad: bool | None = None,
        **kwargs: Any,
    ) -> None:
        if layout not in _LAYOUTS[dims]:
            raise AssertionError(
                f"Only {' and '.join(_LAYOUTS[dims])} layouts are valid for {dims}D Pooling, but got {layout!r}."
            )
        kernel = _sizes(pool_size, dims, "pool_size")
        super().__init__(**kwargs)
        self._kwargs = {
            "kernel": kernel,
            "stride": kernel if strides is None else _sizes(strides, dims),
            "pad": _sizes(padding, dims),
            "global_pool": global_pool,
            "pool_type": kind,
            "layout": layout,
            "pooling_convention": "full" if ceil_mode else "valid",
        }
        if count_include_pad is not None:
            self._kwargs["count_include_pad"] = count_include_pad

    def _alias(self) -> str:
        return "pool"

    def __repr__(self) -> str:
        settings = self._kwargs
        return (
            f"{type(self).__name__}(size={settings['kernel']}, stride={settings['stride']}, padding={settings['pad']}, "
            f"ceil_mode={settings['pooling_convention'] == 'full'}, global_pool={settings['global_pool']}, "
            f"pool_type={settings['pool_type']}, layout={settings['layout']})"
        )

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.Pooling(x, name="fwd", **self._kwargs)


class MaxPool1D(_Pooling):
    """Maximum of windows over one dimension.

    x: (N, C, W) · y: (N, C, floor((W + 2 padding - pool_size) / strides) + 1), or ceil with ``ceil_mode``.

    Parameters
    ----------
    pool_size : int or tuple of int
        Size of the window.
    strides : int or tuple of int, optional
        Its step; its size by default.
    padding : int or tuple of int
        What is added on both sides, and never the maximum.
    layout : str
        'NCW' or 'NWC'.
    ceil_mode : bool
        Whether a window may hang over the end.
    """

    def __init__(
        self,
        pool_size: _Sizes = 2,
        strides: _Sizes | None = None,
        padding: _Sizes = 0,
        layout: str = "NCW",
        ceil_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(1, "max", layout, pool_size, strides, padding, ceil_mode, **kwargs)


class MaxPool2D(_Pooling):
    """Maximum of windows over two dimensions, x: (N, C, H, W). Arguments as for `MaxPool1D`; layout 'NCHW' or
    'NHWC'.
    """

    def __init__(
        self,
        pool_size: _Sizes = (2, 2),
        strides: _Sizes | None = None,
        padding: _Sizes = 0,
        layout: str = "NCHW",
        ceil_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(2, "max", layout, pool_size, strides, padding, ceil_mode, **kwargs)


class MaxPool3D(_Pooling):
    """Maximum of windows over three dimensions, x: (N, C, D, H, W). Arguments as for `MaxPool1D`; layout 'NCDHW' or
    'NDHWC'.
    """

    def __init__(
        self,
        pool_size: _Sizes = (2, 2, 2),
        strides: _Sizes | None = None,
        padding: _Sizes = 0,
        ceil_mode: bool = False,
        layout: str = "NCDHW",
        **kwargs: Any,
    ) -> None:
        super().__init__(3, "max", layout, pool_size, strides, padding, ceil_mode, **kwargs)


class AvgPool1D(_Pooling):
    """Mean of windows over one dimension. Arguments as for `MaxPool1D`.

    ``count_include_pad``: padding counts as zeros; otherwise it does not count.
    """

    def __init__(
        self,
        pool_size: _Sizes = 2,
        strides: _Sizes | None = None,
        padding: _Sizes = 0,
        layout: str = "NCW",
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            1, "avg", layout, pool_size, strides, padding, ceil_mode, count_include_pad=count_include_pad, **kwargs
        )


class AvgPool2D(_Pooling):
    """Mean of windows over two dimensions, x: (N, C, H, W). Arguments as for `AvgPool1D`; layout 'NCHW' or 'NHWC'."""

    def __init__(
        self,
        pool_size: _Sizes = (2, 2),
        strides: _Sizes | None = None,
        padding: _Sizes = 0,
        ceil_mode: bool = False,
        layout: str = "NCHW",
        count_include_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            2, "avg", layout, pool_size, strides, padding, ceil_mode, count_include_pad=count_include_pad, **kwargs
        )


class AvgPool3D(_Pooling):
    """Mean of windows over three dimensions, x: (N, C, D, H, W). Arguments as for `AvgPool1D`; layout 'NCDHW' or
    'NDHWC'.
    """

    def __init__(
        self,
        pool_size: _Sizes = (2, 2, 2),
        strides: _Sizes | None = None,
        padding: _Sizes = 0,
        ceil_mode: bool = False,
        layout: str = "NCDHW",
        count_include_pad: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            3, "avg", layout, pool_size, strides, padding, ceil_mode, count_include_pad=count_include_pad, **kwargs
        )


class GlobalMaxPool1D(_Pooling):
    """Maximum over all of space: (N, C, W) becomes (N, C, 1)."""

    def __init__(self, layout: str = "NCW", **kwargs: Any) -> None:
        super().__init__(1, "max", layout, global_pool=True, **kwargs)


class GlobalMaxPool2D(_Pooling):
    """Maximum over all of space: (N, C, H, W) becomes (N, C, 1, 1)."""

    def __init__(self, layout: str = "NCHW", **kwargs: Any) -> None:
        super().__init__(2, "max", layout, global_pool=True, **kwargs)


class GlobalMaxPool3D(_Pooling):
    """Maximum over all of space: (N, C, D, H, W) becomes (N, C, 1, 1, 1)."""

    def __init__(self, layout: str = "NCDHW", **kwargs: Any) -> None:
        super().__init__(3, "max", layout, global_pool=True, **kwargs)


class GlobalAvgPool1D(_Pooling):
    """Mean over all of space: (N, C, W) becomes (N, C, 1)."""

    def __init__(self, layout: str = "NCW", **kwargs: Any) -> None:
        super().__init__(1, "avg", layout, global_pool=True, **kwargs)


class GlobalAvgPool2D(_Pooling):
    """Mean over all of space: (N, C, H, W) becomes (N, C, 1, 1)."""

    def __init__(self, layout: str = "NCHW", **kwargs: Any) -> None:
        super().__init__(2, "avg", layout, global_pool=True, **kwargs)


class GlobalAvgPool3D(_Pooling):
    """Mean over all of space: (N, C, D, H, W) becomes (N, C, 1, 1, 1)."""

    def __init__(self, layout: str = "NCDHW", **kwargs: Any) -> None:
        super().__init__(3, "avg", layout, global_pool=True, **kwargs)


class ReflectionPad2D(HybridBlock):
    """Adds rows and columns that mirror the inside: (N, C, H, W) becomes (N, C, H + top + bottom, W + left + right).

    Parameters
    ----------
    padding : int or tuple of int
        The same on all sides, or (0, 0, 0, 0, top, bottom, left, right).
    """

    def __init__(self, padding: int | tuple[int, ...] = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(padding, numeric_types):
            padding = (0, 0, 0, 0, padding, padding, padding, padding)
        if len(padding) != 8:
            raise AssertionError(
                f"padding must be a number or (0, 0, 0, 0, top, bottom, left, right), but got {padding!r}."
            )
        self._padding = padding

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.pad(x, mode="reflect", pad_width=self._padding)
