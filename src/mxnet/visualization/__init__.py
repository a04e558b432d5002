"""``mx.visualization``: networks as tables and pictures."""

from __future__ import annotations
