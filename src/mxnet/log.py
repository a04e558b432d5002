"""``mx.log``: loggers."""

from __future__ import annotations
