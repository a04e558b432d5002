"""Deformable convolutions."""

from __future__ import annotations

from .conv_layers import *  # noqa: F403
from .conv_layers import __all__
