"""``mx.monitor``: statistics of the values inside a network."""

from __future__ import annotations
