"""Operators of ``mx.nd.image``, on arrays."""

from ..ops.namespace import serve
from .face import face

serve(globals(), "image", face)
