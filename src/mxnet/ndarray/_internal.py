"""Operators of ``mx.nd._internal``, on arrays."""

from ..ops.namespace import serve
from .face import face

serve(globals(), "_internal", face)
