"""``mx.nd.sparse``: arrays that store only some of their elements, and the operators that know them."""

from ...ops.namespace import serve as _serve
from ..face import face as _face
from .arrays import *  # noqa: F403
from .functions import *  # noqa: F403

_serve(globals(), "sparse", _face)
