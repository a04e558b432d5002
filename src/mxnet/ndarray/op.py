"""Operators of ``mx.nd.op``, on arrays."""

from ..ops.namespace import serve
from .face import face

serve(globals(), "op", face)
