"""Count sketches and Fourier transforms: what compact bilinear pooling is made of (Gao et al., 2016).

In MXNet these run on GPUs only.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .checks import need_float, need_shape
from .registry import operator

__all__: list[str] = []


@operator("_contrib_count_sketch", precision="float32")
def count_sketch(data: Tensor, h: Tensor, s: Tensor, *, out_dim: int, processing_batch_size: int = 32) -> Tensor:
    """Random projection: ``result[..., h[i]] += s[i] * data[..., i]`` for each i (Charikar et al., 2002).

    data: (N, K) or (N, A, B, K) · h: (1, K), numbers in 0 ... out_dim - 1 · s: (1, K), each 1 or -1 · returns (N,
    out_dim) or (N, A, B, out_dim). ``processing_batch_size`` is accepted for MXNet's sake.
    """
    _need_rows(data)
    need_shape("h", h, (1, data.shape[-1]))
    need_shape("s", s, (1, data.shape[-1]))
    if out_dim < 1:
        raise ValueError(f"out_dim must be at least 1, but is {out_dim}")
    places = h[0].detach().long()
    if not h.is_meta and bool(((places < 0) | (places >= out_dim)).any()):
        raise ValueError(f"h must lie in 0 ... {out_dim - 1}")
    return data.new_zeros((*data.shape[:-1], out_dim)).index_add(-1, places, data * s[0])


@operator("_contrib_fft", precision="float32")
def fft(data: Tensor, *, compute_size: int = 128) -> Tensor:
    """Discrete Fourier transform of each row, ``sum(data[n] * exp(-2 pi i k n / D))``.

    data: (N, D) or (N, A, B, D) · returns (..., 2 * D): real part, imaginary part, one frequency after the other.
    ``compute_size`` is accepted for MXNet's sake.
    """
    _need_rows(data)
    return torch.view_as_real(torch.fft.fft(data)).flatten(-2)


@operator("_contrib_ifft")
def ifft(data: Tensor, *, compute_size: int = 128) -> Tensor:
    """Real part of the inverse transform of each row, without the factor: ``ifft(fft(x)) = D * x``.

    data: (N, 2 * D) or (N, A, B, 2 * D), as fft returns it · returns (..., D). ``compute_size`` is accepted for MXNet's
    sake.
    """
    _need_rows(data)
    if data.shape[-1] % 2:
        raise ValueError(f"data must have pairs of numbers along the last axis, but its size is {data.shape[-1]}")
    pairs = torch.view_as_complex(data.contiguous().unflatten(-1, (-1, 2)))
    return torch.fft.ifft(pairs, norm="forward").real.contiguous()


def _need_rows(data: Tensor) -> None:
    need_float(data)
    if data.dim() not in (2, 4):
        raise ValueError(f"data must have 2 or 4 axes, but has shape {tuple(data.shape)}")
