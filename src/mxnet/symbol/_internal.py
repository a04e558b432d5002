"""Operators of ``mx.sym._internal``, on symbols."""

from ..ops.namespace import serve as _serve
from .face import face as _face

_serve(globals(), "_internal", _face)
