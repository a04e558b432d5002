"""``mx.engine``: bulk execution.

MXNet's engine gathers so many operators before it hands them to a thread. Operators run at once here, and ``hybridize``
gathers whole networks, so that the size is kept and changes nothing.
"""

from __future__ import annotations

import operator

from .base import MXNetError

__all__ = ["bulk", "set_bulk_size"]

_size = 0


def set_bulk_size(size: int) -> int:
    """Set how many operators are executed together; returns the size before.

    Raises TypeError for what is no integer, MXNetError for a negative one.
    """
    global _size
    size = operator.index(size)
    if size < 0:
        raise MXNetError(f"the bulk size must not be negative, but is {size}")
    before, _size = _size, size
    return before


class _BulkScope:
    def __init__(self, size: int) -> None:
        self._size, self._before = size, 0

    def __enter__(self) -> _BulkScope:
        self._before = set_bulk_size(self._size)
        return self

    def __exit__(self, *exc_info: object) -> None:
        set_bulk_size(self._before)


def bulk(size: int) -> _BulkScope:
    """``with bulk(10): ...``: the size inside the block."""
    return _BulkScope(size)
