"""Names for classes: how `"xavier"`, `"acc"` or a user's own class becomes an object.

Each base class (Initializer, EvalMetric, ...) has one table from lower-case names to classes. The three factories below
make that base class's `register`, `alias` and `create`, which its own module exports. ``nickname`` is what messages and
JSON descriptions call the kind of thing: "initializer", "metric".
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from .base import string_types

__all__ = ["get_alias_func", "get_create_func", "get_register_func", "get_registry", "string_types"]

Class = TypeVar("Class", bound=type)

_tables: dict[type, dict[str, type]] = {}


def get_registry(base_class: type) -> dict[str, type]:
    """A copy of the table of ``base_class``: lower-case name to class."""
    return dict(_tables.get(base_class, {}))


def get_register_func(base_class: type, nickname: str) -> Callable[..., Any]:
    """The decorator ``register(klass, name=None)`` for subclasses of ``base_class``."""
    table = _tables.setdefault(base_class, {})

    def register(klass: Class, name: str | None = None) -> Class:
        if not issubclass(klass, base_class):
            raise AssertionError(
                f"Can only register subclass of {base_class.__name__}, got {klass.__module__}.{klass.__qualname__}."
            )
        key = (klass.__name__ if name is None else name).lower()
        if key in table:
            old = table[key]
            warnings.warn(
                f"New {nickname} {klass.__module__}.{klass.__name__} registered with name {key} is "
                f"overriding existing {nickname} {old.__module__}.{old.__name__}",
                UserWarning,
                stacklevel=2,
            )
        table[key] = klass
        return klass

    register.__doc__ = f"Let ``create`` know {nickname} ``klass`` by ``name``: its class name in lower case by default."
    return register


def get_alias_func(base_class: type, nickname: str) -> Callable[..., Any]:
    """The decorator factory ``alias(*names)``: more names for one subclass of ``base_class``."""
    register = get_register_func(base_class, nickname)

    def alias(*aliases: str) -> Callable[[Class], Class]:
        def register_all(klass: Class) -> Class:
            for name in aliases:
                register(klass, name)
            return klass

        return register_all

    alias.__doc__ = f"Decorator: let ``create`` know this {nickname} by every one of ``aliases``."
    return alias


def get_create_func(base_class: type, nickname: str) -> Callable[..., Any]:
    """The function ``create(what, *args, **kwargs)`` that makes an instance of a registered class.

    ``what`` is a registered name in any case; or an instance, which is returned as it is; or a dict
    ``{nickname: name, **kwargs}``; or JSON, ``'["name", {kwargs}]'`` or such a dict. It may also be given by keyword,
    ``create(nickname=...)``. AssertionError when it is none of these, or a name that nobody registered.
    """
    table = _tables.setdefault(base_class, {})

    def create(*args: Any, **kwargs: Any) -> Any:
        what, args = (args[0], args[1:]) if args else (kwargs.pop(nickname), ())
        if isinstance(what, base_class):
            if args or kwargs:
                raise AssertionError(
                    f"{nickname} is already an instance of {type(what).__name__}. Additional arguments are invalid: "
                    f"got {(*args, *kwargs)}."
                )
            return what
        if isinstance(what, dict):
            config = {**what, **kwargs}
            return create(config.pop(nickname), *args, **config)
        if not isinstance(what, str):
            raise AssertionError(
                f"{nickname} must be of string type, or a {base_class.__name__}; got {type(what).__name__}."
            )
        if what.startswith(("[", "{")):
            if args or kwargs:
                raise AssertionError(f"{nickname} {what} holds all its arguments. Additional ones are invalid.")
            config = json.loads(what)
            if isinstance(config, dict):
                return create(**config)
            name, keywords = config
            return create(name, **keywords)
        if what.lower() not in table:
            raise AssertionError(
                f"{what} is not registered. Please register with {nickname}.register first. "
                f"Registered: {', '.join(sorted(table))}."
            )
        return table[what.lower()](*args, **kwargs)

    create.__doc__ = f"Make a {nickname} from its name, its JSON description, or hand back an instance as it is."
    return create
