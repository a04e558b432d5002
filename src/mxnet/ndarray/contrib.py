"""Operators of ``mx.nd.contrib``, on arrays."""

from ..ops.namespace import serve
from .face import face

serve(globals(), "contrib", face)
