"""How parameters get their first values: ``net.initialize(mx.init.Xavier())``.

An initializer is called with a description of the parameter and its array, and writes into the array. `base` says how
it goes by the parameter's name, and how to write one; the other modules hold the ones that exist.
"""

from __future__ import annotations

from .. import ndarray, random, registry
from ..base import string_types
from ..ndarray import NDArray, load
from ..util import is_np_array
from .base import InitDesc, Initializer, alias, create, register
from .composed import Load, Mixed
from .constant import Constant, One, Zero
from .sampled import MSRAPrelu, Normal, Orthogonal, Uniform, Xavier
from .structured import Bilinear, FusedRNN, LSTMBias

__all__ = [
    "Bilinear",
    "Constant",
    "FusedRNN",
    "InitDesc",
    "Initializer",
    "LSTMBias",
    "Load",
    "MSRAPrelu",
    "Mixed",
    "NDArray",
    "Normal",
    "One",
    "Orthogonal",
    "Uniform",
    "Xavier",
    "Zero",
    "alias",
    "create",
    "is_np_array",
    "load",
    "ndarray",
    "random",
    "register",
    "registry",
    "string_types",
]
