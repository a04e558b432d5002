"""Operators of ``mx.nd.linalg``, on arrays."""

from ..ops.namespace import serve
from .face import face

serve(globals(), "linalg", face)
