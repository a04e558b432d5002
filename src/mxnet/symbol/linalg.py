"""Operators of ``mx.sym.linalg``, on symbols."""

from ..ops.namespace import serve
from .face import face

serve(globals(), "linalg", face)
