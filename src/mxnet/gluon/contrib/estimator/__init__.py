"""Training loops with event handlers."""

from __future__ import annotations
