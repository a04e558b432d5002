"""``mx.engine``: bulk execution."""

from __future__ import annotations
