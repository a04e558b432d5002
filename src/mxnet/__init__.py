"""Regluon: Apache MXNet's Gluon, alive, on PyTorch. The import name is ``mxnet``, so that code for MXNet 1.x runs
unmodified.
"""

from . import _install

_install.check()

from . import (
    attribute,
    autograd,
    base,
    context,
    gluon,
    initializer,
    lr_scheduler,
    metric,
    name,
    ndarray,
    optimizer,
    random,
    registry,
    symbol,
    util,
)
from . import initializer as init
from . import ndarray as nd
from . import random as rnd
from . import symbol as sym
from .attribute import AttrScope
from .base import MXNetError
from .context import Context, cpu, cpu_pinned, current_context, gpu
from .util import is_np_array, is_np_shape

__version__ = "1.9.1"  # of MXNet, whose interface this is; the distribution's own version is regluon.__version__'s
