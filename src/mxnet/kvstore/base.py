"""What a key-value store is, the registry of those that others write, and ``create``."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from ..base import MXNetError
from ..ndarray import NDArray, add_n

__all__ = ["KVStoreBase", "create"]


class KVStoreBase:
    """The interface that ``gluon.Trainer`` uses; a class that is registered can be made by its name.

    A store spreads the first values of parameters (``broadcast``), sums gradients (``pushpull``), and, where it is
    capable of ``OPTIMIZER``, updates the weights itself: then ``pushpull`` takes gradients and returns weights.
    """

    OPTIMIZER = "optimizer"
    kv_registry: ClassVar[dict[str, type]] = {}

    @staticmethod
    def register(klass: type) -> type:
        """Class decorator: ``create`` makes this class from its name in lower case."""
        if not isinstance(klass, type):
            raise AssertionError(f"register() takes a class, but got {klass!r:.80}.")
        name = klass.__name__.lower()
        old = KVStoreBase.kv_registry.get(name)
        if old is not None:
            warnings.warn(
                f"WARNING: New kvstore {klass.__module__}.{klass.__name__} is overriding existing kvstore "
                f"{old.__module__}.{old.__name__}",
                stacklevel=2,
            )
        KVStoreBase.kv_registry[name] = klass
        return klass

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """Store a first value, and copy it to every array of ``out``."""
        raise self._lacks("broadcast")

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """Sum the arrays of ``value``, and write the result to those of ``out``, or of ``value`` itself."""
        raise self._lacks("pushpull")

    def set_optimizer(self, optimizer: Any) -> None:
        """Update weights here from now on."""
        raise self._lacks("set_optimizer")

    def is_capable(self, capability: str) -> bool:
        """Whether the store can do something: ``KVStoreBase.OPTIMIZER``. ValueError for other words."""
        raise self._lacks("is_capable")

    def save_optimizer_states(self, fname: str | os.PathLike[str], dump_optimizer: bool = False) -> None:
        """Write the optimizer's states to a file."""
        raise self._lacks("save_optimizer_states")

    def load_optimizer_states(self, fname: str | os.PathLike[str]) -> None:
        """Read what ``save_optimizer_states`` wrote."""
        raise self._lacks("load_optimizer_states")

    @property
    def type(self) -> str:
        raise self._lacks("type")

    @property
    def rank(self) -> int:
        """The number of this worker, from 0."""
        raise self._lacks("rank")

    @property
    def num_workers(self) -> int:
        raise self._lacks("num_workers")

    def _lacks(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} does not have {what}: a kvstore's class must define it.")


@KVStoreBase.register
class TestStore(KVStoreBase):
    """The least that a store can be: it keeps nothing, knows one key a call and no optimizer. For tests."""

    __test__ = False  # what pytest asks of classes of such names

    def broadcast(self, key: Any, value: NDArray, out: Any, priority: int = 0) -> None:
        if not isinstance(value, NDArray):
            raise TypeError(f"broadcast takes one key and one array, but got {value!r:.80}.")
        for array in _listed(out):
            array[:] = value

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        values = _listed(value)
        total = add_n(*(v.as_in_context(values[0].ctx) for v in values))
        for array in _listed(value if out is None else out):
            array[:] = total

    @staticmethod
    def is_capable(capability: str) -> bool:
        check_capability(capability)
        return False

    @property
    def type(self) -> str:
        return "teststore"

    @property
    def rank(self) -> int:
        return 0

    @property
    def num_workers(self) -> int:
        return 1


def _listed(value: Any) -> Sequence[NDArray]:
    return value if isinstance(value, (list, tuple)) else [value]


def check_capability(capability: str) -> None:
    """ValueError for a word that ``is_capable`` does not know."""
    if capability.lower() != KVStoreBase.OPTIMIZER:
        raise ValueError(f"Unknown capability: {capability}; expected '{KVStoreBase.OPTIMIZER}'.")


def maker(name: str) -> Callable[[], Any]:
    """What makes a store of that name. Raises as ``create`` does."""
    from .kvstore import KINDS, KVStore

    if not isinstance(name, str):
        raise TypeError(f"name must be a string, but got {name!r:.80}")
    name = name.lower()
    if name in KVStoreBase.kv_registry:
        return KVStoreBase.kv_registry[name]
    if name in KINDS:
        return partial(KVStore, name)
    if "dist" in name:
        raise MXNetError(
            f"kvstore {name!r}: training on several machines is not part of this version. In one process, 'device' "
            "sums over any number of contexts."
        )
    known = ", ".join([*KINDS, *KVStoreBase.kv_registry])
    raise MXNetError(f"Unknown kvstore {name!r}; there are {known}, and classes registered with KVStoreBase.register.")


def create(name: str = "local") -> Any:
    """A store of that name, in upper or lower case.

    'local', 'device', 'nccl' (and MXNet's older names of these): one process with any number of contexts; a registered
    class by its name. Raises TypeError when ``name`` is no text, MXNetError for names that mean nothing here.
    """
    return maker(name)()
