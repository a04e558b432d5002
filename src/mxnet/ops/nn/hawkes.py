"""Hawkes processes: events that make further events likelier (Hawkes, 1971)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..checks import need_shape
from ..registry import operator

__all__: list[str] = []


@operator(
    "_contrib_hawkesll",
    types="T, T, T, T, T, I=int32, T, T -> T, T",
    outputs=2,
    output_names=("output", "out_state"),
    mixed=True,
    precision="float32",
)
def hawkes_log_likelihood(
    lda: Tensor,
    alpha: Tensor,
    beta: Tensor,
    state: Tensor,
    lags: Tensor,
    marks: Tensor,
    valid_length: Tensor,
    max_time: Tensor,
) -> tuple[Tensor, Tensor]:
    """Log-likelihood of K Hawkes processes side by side, of which each one excites only itself.

    The intensity of process k is ``lda[k] + alpha[k] * beta[k] * s[k](t)``, where every event of it adds 1 to s[k],
    which decays with ``exp(-beta[k] * t)``.

    lda: (N, K) · alpha, beta: (K,) · state: (N, K), s at time 0 · lags: (N, T), times between events · marks: (N, T),
    int32, the process that each event belongs to · valid_length: (N,), the number of events · max_time: (N,), the end
    of the observation · returns the log-likelihood (N,), whose gradient goes to lda, alpha and beta, and s at the end
    (N, K), which carries none.
    """
    if lda.dim() != 2 or lags.dim() != 2:
        raise ValueError(
            f"lda must be (N, K) and lags (N, T), but have shapes {tuple(lda.shape)} and {tuple(lags.shape)}"
        )
    (batch, kinds), steps = lda.shape, lags.shape[1]
    wanted = {
        "alpha": (alpha, (kinds,)),
        "beta": (beta, (kinds,)),
        "state": (state, (batch, kinds)),
        "lags": (lags, (batch, steps)),
        "marks": (marks, (batch, steps)),
        "valid_length": (valid_length, (batch,)),
        "max_time": (max_time, (batch,)),
    }
    for name, (tensor, shape) in wanted.items():
        need_shape(name, tensor, shape)
        if name != "marks" and tensor.dtype is not lda.dtype:
            raise ValueError(f"all inputs but marks must have the dtype of lda, but {name} has another")
    if not marks.is_meta and marks.dtype is not torch.int32:
        raise ValueError("marks must be int32")
    live = torch.arange(steps, device=lda.device) < valid_length.detach().unsqueeze(1)  # (N, T)
    marks = torch.where(live, marks.long(), 0)
    if not lda.is_meta:
        if bool((valid_length > steps).any()):
            raise ValueError(f"valid_length must be at most {steps}, the number of lags")
        if bool(((marks < 0) | (marks >= kinds)).any()):
            raise ValueError(f"marks must lie in 0 ... {kinds - 1}")

    lags = torch.where(live, lags.detach(), 0)
    events = live.unsqueeze(2) & (marks.unsqueeze(2) == torch.arange(kinds, device=lda.device))
    events = events.to(dtype=lda.dtype)  # (N, T, K): 1 where an event belongs to a process
    decay = torch.exp(-beta * lags.unsqueeze(2))
    start = s = state.detach()
    before = []  # s just before each event
    for i in range(steps):
        s = s * decay[:, i]
        before.append(s)
        s = s + events[:, i]
    max_time = max_time.detach()
    end = s * torch.exp(-beta * (max_time - lags.sum(1)).unsqueeze(1))
    logarithms = lda.new_zeros(batch)
    if steps:
        intensity = lda.unsqueeze(1) + alpha * beta * torch.stack(before, 1)
        intensity = intensity.gather(2, marks.unsqueeze(2)).squeeze(2)
        logarithms = torch.where(live, intensity, 1).log().sum(1)
    # s only grows by the events and only shrinks by decay, whose integral is therefore known.
    integral = lda * max_time.unsqueeze(1) + alpha * (start + events.sum(1) - end)
    return logarithms - integral.sum(1), end.detach()
