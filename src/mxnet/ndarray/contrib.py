"""Operators of ``mx.nd.contrib``, on arrays, and the functions beside them."""

from ..ops.namespace import serve as _serve
from .contrib_functions import *  # noqa: F403
from .face import face as _face

_serve(globals(), "contrib", _face)
