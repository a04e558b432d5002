"""Operators of ``mx.sym.op``, on symbols."""

from ..ops.namespace import serve
from .face import face

serve(globals(), "op", face)
