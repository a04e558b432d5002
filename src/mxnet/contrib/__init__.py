"""``mx.contrib``: what MXNet calls experimental."""

from __future__ import annotations
