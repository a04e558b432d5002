"""Pooling and padding over one, two or three dimensions of space."""

from __future__ import annotations

from typing import Any

from ...base import numeric_types
from ..block import HybridBlock
from .space import LAYOUTS, Sizes, check_pooling, sizes

__all__ = [
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
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


class _Pooling(HybridBlock):
    """A window's maximum or mean over ``dims`` dimensions of space. The subclasses differ in their defaults."""

    def __init__(
        self,
        dims: int,
        kind: str,
        layout: str,
        pool_size: Sizes = 1,
        strides: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = True,
        global_pool: bool = False,
        count_include_pad: bool | None = None,
        **kwargs: Any,
    ) -> None:
        if layout not in LAYOUTS[dims]:
            raise AssertionError(
                f"Only {' and '.join(LAYOUTS[dims])} layouts are valid for {dims}D Pooling, but got {layout!r}."
            )
        kernel = sizes(pool_size, dims, "pool_size")
        super().__init__(**kwargs)
        self._kwargs = {
            "kernel": kernel,
            "stride": kernel if strides is None else sizes(strides, dims),
            "pad": sizes(padding, dims),
            "global_pool": global_pool,
            "pool_type": kind,
            "layout": layout,
            "pooling_convention": "full" if ceil_mode else "valid",
        }
        check_pooling(self, self._kwargs)
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
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: Sizes = 0,
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
        pool_size: Sizes = (2, 2),
        strides: Sizes | None = None,
        padding: Sizes = 0,
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
        pool_size: Sizes = (2, 2, 2),
        strides: Sizes | None = None,
        padding: Sizes = 0,
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
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: Sizes = 0,
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
        pool_size: Sizes = (2, 2),
        strides: Sizes | None = None,
        padding: Sizes = 0,
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
        pool_size: Sizes = (2, 2, 2),
        strides: Sizes | None = None,
        padding: Sizes = 0,
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
