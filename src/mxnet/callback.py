"""``mx.callback``: functions that training loops call after a batch or an epoch."""

from __future__ import annotations
