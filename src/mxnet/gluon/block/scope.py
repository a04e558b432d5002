"""Prefixes for the names of blocks: ``dense0_`` and so on everywhere, ``net0_dense0_`` inside ``with
net.name_scope():``.
"""

from __future__ import annotations

import threading

from ...name import Prefix, current_manager
from ..parameter import ParameterDict

__all__ = ["BlockScope", "name_block"]


class _Stack(threading.local):
    def __init__(self) -> None:
        self.scopes: list[BlockScope] = []


_stack = _Stack()


class BlockScope:
    """What ``Block.name_scope()`` returns: inside, new blocks are numbered within this one and carry its prefix.

    So do symbols. The counters stay when the scope is left and entered again. A block whose prefix is empty opens no
    scope.
    """

    def __init__(self, prefix: str, params: ParameterDict, transparent: bool) -> None:
        self.prefix, self.params, self._transparent = prefix, params, transparent
        self._counter: dict[str, int] = {}
        self._symbols: list[Prefix] = []

    def number(self, hint: str) -> int:
        """The next number of blocks called ``hint``."""
        count = self._counter.get(hint, 0)
        self._counter[hint] = count + 1
        return count

    def __enter__(self) -> BlockScope:
        if not self._transparent:
            _stack.scopes.append(self)
            symbols = Prefix(self.prefix)
            symbols.__enter__()
            self._symbols.append(symbols)
        return self

    def __exit__(self, *exc_info: object) -> None:
        if not self._transparent:
            _stack.scopes.pop()
            self._symbols.pop().__exit__(*exc_info)


def name_block(prefix: str | None, params: ParameterDict | None, hint: str) -> tuple[str, ParameterDict]:
    """Full prefix and parameter dictionary of a new block, from what its constructor was given. AttributeError, as
    MXNet's, for arguments of other types.
    """
    scope = _stack.scopes[-1] if _stack.scopes else None
    for name, value, kind in (("prefix", prefix, str), ("params", params, ParameterDict)):
        if value is not None and not isinstance(value, kind):
            raise AttributeError(f"{hint}: {name} must be a {kind.__name__}, but got {value!r:.80}.")
    if prefix is None:
        name = f"{hint}{scope.number(hint)}" if scope else current_manager().get(None, hint)
        prefix = name + "_"
    if params is not None:
        params = ParameterDict(params.prefix, params)
    elif scope:
        params = ParameterDict(scope.params.prefix + prefix, scope.params._shared)
    else:
        params = ParameterDict(prefix)
    return (scope.prefix + prefix if scope else prefix), params
