"""Operators of ``mx.sym.contrib``, on symbols."""

from ..ops.namespace import serve
from .face import face

serve(globals(), "contrib", face)
