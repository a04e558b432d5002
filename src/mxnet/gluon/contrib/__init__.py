"""``gluon.contrib``: layers, cells and training loops that MXNet calls experimental."""

from __future__ import annotations
