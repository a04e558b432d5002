"""``mx.contrib.symbol``, or ``mx.contrib.sym``: the operators of ``mx.sym.contrib`` under their older path."""

from ..ops.namespace import serve as _serve
from ..symbol.face import face as _face

_serve(globals(), "contrib", _face)
