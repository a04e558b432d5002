"""Operators of ``mx.nd._internal``, on arrays."""

from ..ops.namespace import serve as _serve
from .face import face as _face

_serve(globals(), "_internal", _face)
