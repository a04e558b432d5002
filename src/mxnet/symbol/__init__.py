"""``mx.sym``: graphs that are described first and computed later, and the operators on them."""

from typing import TYPE_CHECKING

from ..ops.namespace import serve as _serve
from . import _internal, contrib, image, linalg, op, operators, random, sparse
from .creation import *  # noqa: F403
from .face import face as _face
from .operators import histogram, hypot, maximum, minimum, pow, power, split_v2
from .symbol import Group, Symbol, Variable, load, load_json, var

Symbol._face = staticmethod(_face)  # type: ignore[method-assign]
operators.install()

if TYPE_CHECKING:
    from .op import *  # noqa: F403

_serve(globals(), "", _face)
