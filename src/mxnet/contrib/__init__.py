"""``mx.contrib``: what MXNet calls experimental."""

from __future__ import annotations

from . import amp as amp
from . import autograd as autograd
from . import ndarray as nd
from . import ndarray as ndarray
from . import symbol as sym
from . import symbol as symbol
from . import tensorboard as tensorboard

__all__ = ["amp", "autograd", "nd", "ndarray", "sym", "symbol", "tensorboard"]
