"""Packages that only some users need: imported where they are used, with a word on how to get them."""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["require"]


def require(module: str, extra: str) -> ModuleType:
    """Import and return ``module``, which Regluon's optional ``extra`` installs.

    Raises ImportError with the ``pip install`` that mends it where the module is missing. Where the module is there but
    fails to import something of its own, that error is passed on.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module == error.name or module.startswith(f"{error.name}.")):
            raise
        message = f'This needs {module}, which is not installed. Install it with: pip install "regluon[{extra}]"'
        raise ImportError(message, name=module) from None
