"""``mx.kvstore``: values by key, summed over devices."""

from __future__ import annotations
