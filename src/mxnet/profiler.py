"""``mx.profiler``: where the time goes."""

from __future__ import annotations
