"""``mx.misc``: schedules of learning rates in their oldest form."""

from __future__ import annotations
