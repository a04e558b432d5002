"""``mx.optimizer``: how parameters follow their gradients."""

from . import contrib, optimizer
from .optimizer import *  # noqa: F403

__all__ = ["contrib"]
__all__ += optimizer.__all__
