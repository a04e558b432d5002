"""Operators of ``mx.nd.op``, on arrays."""

from ..ops.namespace import serve as _serve
from .face import face as _face

_serve(globals(), "op", _face)
