"""How many threads operators compute with in this process."""

from __future__ import annotations

import torch

__all__ = ["compute_single_threaded"]


def compute_single_threaded() -> None:
    """Let operators of this process compute on one thread each.

    A process that was forked must do this before it computes: OpenMP's threads do not survive the fork, and the first
    parallel loop would wait for them forever. One of several worker processes wants it anyway, so that all of them
    together do not ask for more cores than there are.
    """
    torch.set_num_threads(1)
