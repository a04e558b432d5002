"""Containers that run side by side, pixel shuffling, embeddings in row-sparse storage, synchronized normalization."""

from __future__ import annotations

import warnings
from typing import Any

from .... import context, initializer, ndarray
from ....base import MXNetError, numeric_types
from ...block import Block, HybridBlock
from ...nn import BatchNorm, HybridSequential, Sequential
from ...parameter import ParameterDict

__all__ = [
    "Concurrent",
    "HybridConcurrent",
    "Identity",
    "PixelShuffle1D",
    "PixelShuffle2D",
    "PixelShuffle3D",
    "SparseEmbedding",
    "SyncBatchNorm",
]


class Concurrent(Sequential):
    """Blocks that all get the same input, and whose outputs are concatenated.

    Parameters
    ----------
    axis : int
        Along which outputs are concatenated.
    """

    def __init__(self, axis: int = -1, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self.axis = axis

    def _part(self) -> Concurrent:
        return type(self)(axis=self.axis, prefix=self._prefix)

    def forward(self, x: Any) -> Any:
        return ndarray.concat(*(block(x) for block in self._children.values()), dim=self.axis)


class HybridConcurrent(HybridSequential):
    """HybridBlocks that all get the same input, and whose outputs are concatenated.

    Parameters
    ----------
    axis : int
        Along which outputs are concatenated.
    """

    def __init__(self, axis: int = -1, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self.axis = axis

    def _part(self) -> HybridConcurrent:
        return type(self)(axis=self.axis, prefix=self._prefix)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.concat(*[block(x) for block in self._children.values()], dim=self.axis)


class Identity(HybridBlock):
    """y = x; with `HybridConcurrent` a connection past the other blocks."""

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return x


class SparseEmbedding(Block):
    """A table of vectors in row-sparse storage: y = W[x], for tables of which a batch uses few rows.

    x: any shape, of indices in [0, input_dim) · W: (input_dim, output_dim), its gradient row-sparse, too · y: x's shape
    + (output_dim,). W is kept by a Trainer, which must exist before the first call.

    Parameters
    ----------
    input_dim, output_dim : int
        Number of vectors and their size.
    dtype : str or numpy dtype
        Of W and y.
    weight_initializer : Initializer or str, optional
        Own initializer; None for that of ``initialize()``.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        dtype: Any = "float32",
        weight_initializer: initializer.Initializer | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._kwargs: dict[str, Any] = {
            "input_dim": input_dim, "output_dim": output_dim, "dtype": dtype, "sparse_grad": True,
        }  # fmt: skip
        self.weight = self.params.get(
            "weight",
            shape=(input_dim, output_dim),
            init=weight_initializer,
            dtype=dtype,
            grad_stype="row_sparse",
            stype="row_sparse",
        )

    def __repr__(self) -> str:
        return "{}({input_dim} -> {output_dim}, {dtype})".format(type(self).__name__, **self._kwargs)

    def forward(self, x: Any) -> Any:
        return ndarray.Embedding(x, self.weight.row_sparse_data(x), name="fwd", **self._kwargs)


class SyncBatchNorm(BatchNorm):
    """BatchNorm over axis 1 that is meant for a batch shared by several devices; see there.

    Here, the statistics are those of the part that a call gets: forward runs at once, when the other devices' parts do
    not exist yet. A UserWarning says so where several devices are meant.

    Parameters
    ----------
    in_channels : int
        Number of channels; 0 for that of the first batch.
    num_devices : int, optional
        Devices that share a batch; by default all GPUs.
    momentum, epsilon, center, scale, use_global_stats
        As for `BatchNorm`.
    beta_initializer, gamma_initializer, running_mean_initializer, running_variance_initializer
        As for `BatchNorm`.
    """

    def __init__(
        self,
        in_channels: int = 0,
        num_devices: int | None = None,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        use_global_stats: bool = False,
        beta_initializer: initializer.Initializer | str = "zeros",
        gamma_initializer: initializer.Initializer | str = "ones",
        running_mean_initializer: initializer.Initializer | str = "zeros",
        running_variance_initializer: initializer.Initializer | str = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            1, momentum, epsilon, center, scale, use_global_stats, beta_initializer, gamma_initializer,
            running_mean_initializer, running_variance_initializer, in_channels, **kwargs,
        )  # fmt: skip
        devices = (context.num_gpus() or 1) if num_devices is None else num_devices
        if devices > 1:
            warnings.warn(
                f"SyncBatchNorm {self.name} normalizes the part of the batch on each of the {devices} devices with "
                "that part's own mean and variance.",
                stacklevel=2,
            )
        self._kwargs = {
            "eps": epsilon,
            "momentum": momentum,
            "fix_gamma": not scale,
            "use_global_stats": use_global_stats,
            "ndev": devices,
            "key": self.prefix,
        }

    def hybrid_forward(self, F: Any, x: Any, gamma: Any, beta: Any, running_mean: Any, running_var: Any) -> Any:
        return F.contrib.SyncBatchNorm(x, gamma, beta, running_mean, running_var, name="fwd", **self._kwargs)


def _factors(factor: int | tuple[int, ...], dims: int) -> tuple[int, ...]:
    factors = (int(factor),) * dims if isinstance(factor, numeric_types) else tuple(int(f) for f in factor)
    if len(factors) != dims:
        raise AssertionError(f"factor must be a number or {dims} numbers, but got {factor!r}.")
    if min(factors) < 1:
        raise MXNetError(f"factor must be at least 1, but got {factor!r}.")
    return factors


class PixelShuffle1D(HybridBlock):
    """Channels become space: (N, f C, W) becomes (N, C, f W), with y[n, c, f w + i] = x[n, f c + i, w].

    (Shi et al., 2016, arXiv:1609.05158.)

    Parameters
    ----------
    factor : int
        f, by how much space grows. MXNetError below 1.
    """

    def __init__(self, factor: int) -> None:
        super().__init__()
        self._factor = _factors(int(factor), 1)[0]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._factor})"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        x = F.reshape(x, (0, -4, -1, self._factor, 0))  # (N, C, f, W)
        x = F.transpose(x, (0, 1, 3, 2))
        return F.reshape(x, (0, 0, -3))


class PixelShuffle2D(HybridBlock):
    """Channels become space: (N, f g C, H, W) becomes (N, C, f H, g W), as for `PixelShuffle1D`.

    Parameters
    ----------
    factor : int or (int, int)
        (f, g), by how much space grows. AssertionError for another number of factors, MXNetError below 1.
    """

    def __init__(self, factor: int | tuple[int, int]) -> None:
        super().__init__()
        self._factors = _factors(factor, 2)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._factors})"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        f, g = self._factors
        x = F.reshape(x, (0, -4, -1, f * g, 0, 0))
        x = F.reshape(x, (0, 0, -4, f, g, 0, 0))  # (N, C, f, g, H, W)
        x = F.transpose(x, (0, 1, 4, 2, 5, 3))
        return F.reshape(x, (0, 0, -3, -3))


class PixelShuffle3D(HybridBlock):
    """Channels become space: (N, f g h C, D, H, W) becomes (N, C, f D, g H, h W), as for `PixelShuffle1D`.

    Parameters
    ----------
    factor : int or (int, int, int)
        (f, g, h), by how much space grows. AssertionError for another number of factors, MXNetError below 1.
    """

    def __init__(self, factor: int | tuple[int, int, int]) -> None:
        super().__init__()
        self._factors = _factors(factor, 3)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._factors})"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        f, g, h = self._factors  # one axis after the other: operators have at most six
        x = F.reshape(x, (0, -4, -1, f * g * h, 0, 0, 0))
        x = F.swapaxes(x, 2, 3)
        x = F.reshape(x, (0, 0, 0, -4, f, g * h, 0, 0))
        x = F.reshape(x, (0, 0, -3, 0, 0, 0))
        x = F.swapaxes(x, 3, 4)
        x = F.reshape(x, (0, 0, 0, 0, -4, g, h, 0))
        x = F.reshape(x, (0, 0, 0, -3, 0, 0))
        x = F.swapaxes(x, 4, 5)
        return F.reshape(x, (0, 0, 0, 0, -3))
