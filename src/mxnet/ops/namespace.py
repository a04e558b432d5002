"""Which operators appear in which module: ``nd``, ``nd.op``, ``nd._internal``, ``nd.contrib``, ``nd.linalg``,
``nd.image``, ``nd.sparse``.

MXNet sorts operators by the prefix of their names, and shows those that know sparse arrays once more; faces are made
when a name is first used, which keeps the import quick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import absent, registry

__all__ = ["NAMESPACES", "home", "members", "serve"]

_PREFIXES = {"contrib": "_contrib_", "linalg": "_linalg_", "image": "_image_", "sparse": "_sparse_", "_internal": "_"}
NAMESPACES = ("op", *_PREFIXES)

# Operators that MXNet shows in ``sparse`` too; those of sparse arrays alone have the prefix.
_SPARSE = frozenset(
    "_contrib_round_ste _contrib_sign_ste ElementWiseSum Embedding FullyConnected LinearRegressionOutput "
    "LogisticRegressionOutput MAERegressionOutput abs adam_update add_n arccos arccosh arcsin arcsinh arctan "
    "arctanh broadcast_add broadcast_div broadcast_minus broadcast_mul broadcast_plus broadcast_sub cast_storage "
    "cbrt ceil clip concat cos cosh degrees dot elemwise_add elemwise_div elemwise_mul elemwise_sub exp expm1 fix "
    "floor ftrl_update gamma gammaln log log10 log1p log2 make_loss mean negative norm radians relu rint round "
    "rsqrt sgd_mom_update sgd_update sigmoid sign sin sinh slice sqrt square stop_gradient sum tan tanh trunc where "
    "zeros_like".split()
)


def home(name: str) -> tuple[str, str]:
    """The namespace that an operator's name belongs to, and what it is called there: ("contrib", "box_nms")."""
    for namespace, prefix in _PREFIXES.items():
        if name.startswith(prefix):
            return namespace, name if namespace == "_internal" else name.removeprefix(prefix)
    return "op", name


def members(namespace: str) -> dict[str, str]:
    """Public name -> operator name of one namespace; the empty one and "op" hold what has no prefix."""
    if namespace in ("", "op"):
        return {name: name for name in registry.names() if not name.startswith("_")}
    prefix = _PREFIXES[namespace]
    if namespace == "_internal":
        return {name: name for name in registry.names() if name.startswith(prefix)}
    table = {name.removeprefix(prefix): name for name in registry.names() if name.startswith(prefix)}
    if namespace == "sparse":
        table.update({name: name for name in _SPARSE & set(registry.names())})
    return table


def serve(module: dict[str, Any], namespace: str, face: Callable[[str], Callable]) -> None:
    """Give a module (its globals) the operators of a namespace, as attributes that are made on first use."""
    table = members(namespace)
    title = module["__name__"]
    prefix = "" if namespace == "_internal" else _PREFIXES.get(namespace, "")

    def __getattr__(name: str) -> Any:
        operator = table.get(name)
        if operator is None:
            why = absent.reason(prefix + name)
            raise AttributeError(f"module {title!r} has no attribute {name!r}" + (f": {why}" if why else ""))
        module[name] = function = face(operator)
        return function

    module["__getattr__"] = __getattr__
    module["__dir__"] = lambda: sorted({*module, *table})
    module.setdefault("__all__", sorted(n for n in {*module, *table} if not n.startswith("_")))
