"""Which operators appear in which module: ``nd``, ``nd.op``, ``nd._internal``, ``nd.contrib``, ``nd.linalg``,
``nd.image``.

MXNet sorts operators by the prefix of their names; faces are made when a name is first used, which keeps the import
quick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import registry

__all__ = ["members", "serve"]

_PREFIXES = {"contrib": "_contrib_", "linalg": "_linalg_", "image": "_image_", "_internal": "_"}


def members(namespace: str) -> dict[str, str]:
    """Public name -> operator name of one namespace; the empty one and "op" hold what has no prefix."""
    if namespace in ("", "op"):
        return {name: name for name in registry.names() if not name.startswith("_")}
    prefix = _PREFIXES[namespace]
    if namespace == "_internal":
        return {name: name for name in registry.names() if name.startswith(prefix)}
    return {name.removeprefix(prefix): name for name in registry.names() if name.startswith(prefix)}


def serve(module: dict[str, Any], namespace: str, face: Callable[[str], Callable]) -> None:
    """Give a module (its globals) the operators of a namespace, as attributes that are made on first use."""
    table = members(namespace)
    title = module["__name__"]

    def __getattr__(name: str) -> Any:
        operator = table.get(name)
        if operator is None:
            raise AttributeError(f"module {title!r} has no attribute {name!r}")
        module[name] = function = face(operator)
        return function

    module["__getattr__"] = __getattr__
    module["__dir__"] = lambda: sorted({*module, *table})
    module.setdefault("__all__", sorted(n for n in {*module, *table} if not n.startswith("_")))
