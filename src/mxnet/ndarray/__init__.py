"""``mx.nd``: arrays that compute at once, and the operators on them."""

from typing import TYPE_CHECKING

from .. import ops
from ..ops.namespace import serve as _serve
from . import _internal, contrib, image, linalg, op, operators
from .creation import *  # noqa: F403
from .decode import imdecode
from .face import face as _face
from .functions import *  # noqa: F403
from .ndarray import NDArray, waitall

NDArray._face = staticmethod(_face)  # type: ignore[method-assign]
NDArray.split_v2 = split_v2  # type: ignore[attr-defined]  # noqa: F405
operators.install()

from . import random, sparse, utils  # noqa: E402
from .utils import load, load_frombuffer, save  # noqa: E402

if TYPE_CHECKING:
    from .op import *  # noqa: F403

_serve(globals(), "", _face)
