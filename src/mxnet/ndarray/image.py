"""Operators of ``mx.nd.image``, on arrays."""

from ..ops.namespace import serve as _serve
from .face import face as _face

_serve(globals(), "image", _face)
