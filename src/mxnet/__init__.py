"""Regluon: Apache MXNet's Gluon, alive, on PyTorch. The import name is ``mxnet``: MXNet 1.x code runs unmodified."""

import gc as _gc
import importlib as _importlib
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
    from .util import (
        is_np_array,
        is_np_shape,
        np_array,
        np_shape,
        set_np_shape,
        use_np,
        use_np_array,
        use_np_shape,
    )
finally:
    if _collecting:
        _gc.enable()

__version__ = "1.9.1"  # the version of MXNet whose interface this is; importlib.metadata knows that of regluon

# What most programs never ask for is imported when it is: names, and short names of modules.
_LATE = {"kv": "kvstore", "mon": "monitor", "viz": "visualization"}
_LATE |= {
    name: name
    for name in (
        "callback contrib engine error kvstore libinfo log misc monitor profiler runtime test_utils visualization"
    ).split()
}

if TYPE_CHECKING:
    from . import (
        callback,
        contrib,
        engine,
        error,
        kvstore,
        libinfo,
        log,
        misc,
        monitor,
        profiler,
        runtime,
        test_utils,
        visualization,
    )
    from . import kvstore as kv
    from . import monitor as mon
    from . import visualization as viz
else:

    def __getattr__(name):
        if name in _LATE:
            module = globals()[name] = _importlib.import_module(f".{_LATE[name]}", __name__)
            return module
        from .ops import absent

        why = absent.reason(f"mx.{name}")
        raise AttributeError(f"module 'mxnet' has no attribute {name!r}" + (f": {why}" if why else ""))

    def __dir__():
        return sorted({*globals(), *_LATE})
