"""Deformable convolutions."""

from __future__ import annotations
