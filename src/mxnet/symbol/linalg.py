"""Operators of ``mx.sym.linalg``, on symbols."""

from ..ops.namespace import serve as _serve
from .face import face as _face

_serve(globals(), "linalg", _face)
