"""``mx.runtime``: what this build can do."""

from __future__ import annotations
