"""Regluon: Apache MXNet's Gluon, alive, on PyTorch. The import name is ``mxnet``: MXNet 1.x code runs unmodified."""

import gc as _gc
from typing import TYPE_CHECKING

from . import _install

_install.check()

# A full collection in the middle of the import would walk all of torch's objects: 0.08 s of 0.2 s, for nothing.
_collecting = _gc.isenabled()
_gc.disable()
try:
    from . import (
        attribute,
        autograd,
        base,
        context,
        gluon,
        initializer,
        lr_scheduler,
        metric,
        model,
        name,
        ndarray,
        operator,
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
finally:
    if _collecting:
        _gc.enable()

__version__ = "1.9.1"  # the version of MXNet whose interface this is; importlib.metadata knows that of regluon

if not TYPE_CHECKING:

    def __getattr__(name):
        from .ops import absent

        why = absent.reason(f"mx.{name}")
        raise AttributeError(f"module 'mxnet' has no attribute {name!r}" + (f": {why}" if why else ""))
