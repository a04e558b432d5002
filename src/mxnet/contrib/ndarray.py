"""``mx.contrib.ndarray``, or ``mx.contrib.nd``: the operators of ``mx.nd.contrib`` under their older path."""

from ..ndarray.face import face as _face
from ..ops.namespace import serve as _serve

_serve(globals(), "contrib", _face)
