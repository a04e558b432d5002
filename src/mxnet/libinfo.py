"""``mx.libinfo``: where the library lies."""

from __future__ import annotations
