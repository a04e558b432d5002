"""What operators in a block of code do: record for a gradient or not, behave as in training or as in prediction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from .._state import state

__all__ = ["mode"]


@contextmanager
def mode(recording: bool, training: bool) -> Iterator[None]:
    """Set both for this thread, and torch's grad mode with them; all three are restored in the end."""
    before = state.recording, state.training
    grad_mode = torch.is_grad_enabled()
    state.recording, state.training = recording, training
    torch.set_grad_enabled(recording)
    try:
        yield
    finally:
        state.recording, state.training = before
        torch.set_grad_enabled(grad_mode)
