"""Operators of ``mx.sym._internal``, on symbols."""

from ..ops.namespace import serve
from .face import face

serve(globals(), "_internal", face)
