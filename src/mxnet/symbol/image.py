"""Operators of ``mx.sym.image``, on symbols."""

from ..ops.namespace import serve
from .face import face

serve(globals(), "image", face)
