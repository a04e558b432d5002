"""What a thread is doing: recording gradients, training or predicting. Thread-local, shared by every layer above."""

from __future__ import annotations

import threading

__all__ = ["state"]


class _State(threading.local):
    recording: bool = False  # inside autograd.record(): operators enter torch's graph
    torch_grad_mode: bool = True  # the user's, while recording
    training: bool = False  # Dropout drops, BatchNorm uses the batch's statistics


state = _State()
