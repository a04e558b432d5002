"""The role of a server in training on several machines."""

from __future__ import annotations

from typing import Any, NoReturn

from ..base import MXNetError
from .base import create

__all__ = ["KVStoreServer", "create"]


class KVStoreServer:
    """Would serve the values of a distributed store to other processes, of which this version has none."""

    def __init__(self, kvstore: Any) -> None:
        self.kvstore = kvstore

    def run(self) -> NoReturn:
        """Serve until all workers are done. MXNetError: only distributed stores have servers."""
        raise MXNetError(
            f"kvstore {self.kvstore.type!r} lives in one process and needs no server. Training on several machines is "
            "not part of this version."
        )
