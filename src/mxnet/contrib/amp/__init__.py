"""``mx.contrib.amp``: mixed precision."""

from __future__ import annotations
