"""Operators of ``mx.sym.op``, on symbols."""

from ..ops.namespace import serve as _serve
from .face import face as _face

_serve(globals(), "op", _face)
