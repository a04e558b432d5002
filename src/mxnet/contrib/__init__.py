"""``mx.contrib``: what MXNet calls experimental."""

from __future__ import annotations

from . import amp as amp
from . import tensorboard as tensorboard
