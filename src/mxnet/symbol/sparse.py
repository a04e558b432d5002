"""``mx.sym.sparse``: the operators that know sparse arrays, for graphs."""

from ..ops.namespace import serve as _serve
from .face import face as _face

_serve(globals(), "sparse", _face)
