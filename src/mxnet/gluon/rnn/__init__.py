"""Recurrent layers and cells."""

from __future__ import annotations
