"""``mx.kvstore``: values by key, summed over contexts, and updated by an optimizer if there is one."""

from __future__ import annotations

from . import base, kvstore, kvstore_server
from .base import KVStoreBase, create
from .kvstore import KVStore
from .kvstore_server import KVStoreServer

__all__ = ["KVStore", "KVStoreBase", "KVStoreServer", "base", "create", "kvstore", "kvstore_server"]
