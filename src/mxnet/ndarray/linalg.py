"""Operators of ``mx.nd.linalg``, on arrays."""

from ..ops.namespace import serve as _serve
from .face import face as _face

_serve(globals(), "linalg", _face)
