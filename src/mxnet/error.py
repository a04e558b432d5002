"""``mx.error``: classes of errors by name."""

from __future__ import annotations
