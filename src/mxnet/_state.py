"""What a thread is doing: recording gradients, training or predicting. Thread-local, shared by every layer above."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["changes", "state", "untraced"]


class _State(threading.local):
    recording: bool = False  # inside autograd.record(): operators enter torch's graph
    torch_grad_mode: bool = True  # the user's, while recording
    training: bool = False  # Dropout drops, BatchNorm uses the batch's statistics
    tracing: Any = None  # the recorder, while a block's forward is being written down as a graph


class _Changes:
    """Counts what may make a recorded graph out of date: a changed block, a parameter's values in another array, an
    array that becomes or ceases to be where gradients start. Whoever keeps such a graph compares the count.
    """

    count = 0


state = _State()
changes = _Changes()


@contextmanager
def untraced() -> Iterator[None]:
    """What happens inside is no part of the graph that is being recorded."""
    before, state.tracing = state.tracing, None
    try:
        yield
    finally:
        state.tracing = before
