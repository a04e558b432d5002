"""``mx.test_utils``: what tests of operators, layers and optimizers are written with.

Assertions on arrays (``comparing``), tolerances by dtype (``tolerances``), random arrays (``dense``, ``sparse``),
symbols against finite differences, expected values and themselves on other devices (``symbols``, ``consistency``),
optimizers and blocks against each other (``training``), random generators against their distribution (``statistics``),
the process around a test (``process``), and data sets and models to download (``downloads``).
"""

from . import comparing, consistency, dense, downloads, process, sparse, statistics, symbols, tolerances, training
from .comparing import *  # noqa: F403
from .consistency import *  # noqa: F403
from .dense import *  # noqa: F403
from .downloads import *  # noqa: F403
from .process import *  # noqa: F403
from .sparse import *  # noqa: F403
from .statistics import *  # noqa: F403
from .symbols import *  # noqa: F403
from .tolerances import *  # noqa: F403
from .training import *  # noqa: F403

__all__ = []  # what `from mxnet.test_utils import *` gives: no modules
__all__ += comparing.__all__
__all__ += consistency.__all__
__all__ += dense.__all__
__all__ += downloads.__all__
__all__ += process.__all__
__all__ += sparse.__all__
__all__ += statistics.__all__
__all__ += symbols.__all__
__all__ += tolerances.__all__
__all__ += training.__all__
