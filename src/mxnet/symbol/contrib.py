"""Operators of ``mx.sym.contrib``, on symbols, and the functions beside them."""

from ..ops.namespace import serve as _serve
from .contrib_functions import *  # noqa: F403
from .face import face as _face

_serve(globals(), "contrib", _face)
