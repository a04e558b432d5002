"""Asking one question of two libraries: the real MXNet, for ``tools/record_executor.py``, and this package."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "executor.json"


def signatures(mx: Any) -> dict[str, dict[str, list[str] | None]]:
    """The public names of the classes, with the names of the parameters of what can be called."""
    symbol = mx.sym.var("x")
    owners = {
        "Symbol": symbol, "Executor": symbol.simple_bind(mx.cpu(), x=(1,)), "AttrScope": mx.AttrScope(),
        "NameManager": mx.name.NameManager(), "Prefix": mx.name.Prefix("p"),
    }  # fmt: skip
    found: dict[str, dict[str, list[str] | None]] = {}
    for title, owner in owners.items():
        found[title] = {}
        for name in dir(owner):
            if not name.startswith("_"):
                value = getattr(owner, name)
                found[title][name] = _parameters(value) if inspect.ismethod(value) else None
    return found


def _parameters(function: Callable) -> list[str]:
    return [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]


QUESTIONS: dict[str, Callable[[Any], Any]] = {}


def question(ask: Callable) -> Callable:
    QUESTIONS[ask.__name__] = ask
    return ask


def questions(topic: str, **asked: Callable[[Any], Any]) -> None:
    QUESTIONS.update({f"{topic}: {name}": ask for name, ask in asked.items()})


def answer(mx: Any, ask: Callable[[Any], Any]) -> Any:
    """What a question gives, as JSON would return it; of an exception, the names of its classes."""
    with mx.name.NameManager():
        try:
            return json.loads(json.dumps(plain(mx, ask(mx))))
        except Exception as error:
            return {"raises": [kind.__name__ for kind in type(error).__mro__[:-2]]}


def plain(mx: Any, value: Any) -> Any:
    if isinstance(value, mx.sym.Symbol):
        return listed(value)
    if isinstance(value, mx.nd.NDArray):
        return value.asnumpy().tolist() if value.stype == "default" else value.stype
    if isinstance(value, dict):
        return {key: plain(mx, item) for key, item in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [plain(mx, item) for item in value]
    if isinstance(value, type):
        return value.__name__
    return value


def listed(symbol: Any) -> list:
    return [
        symbol.name, repr(symbol), symbol.list_arguments(), symbol.list_outputs(), symbol.list_auxiliary_states(),
        {name: dict(sorted(attributes.items())) for name, attributes in sorted(symbol.attr_dict().items())},
    ]  # fmt: skip


def a(mx):
    return mx.sym.var("a")


def b(mx):
    return mx.sym.var("b")


def fc(mx):
    return mx.sym.FullyConnected(a(mx), num_hidden=3, name="fc")


def bn(mx):
    return mx.sym.BatchNorm(fc(mx), name="bn")
