"""What a line of Python answers, as JSON: computed under MXNet by the recorder, and by the tests under Regluon.

A case is source code: statements, the last of which is an expression. ``scope`` says what it may name. An answer is
JSON: numbers and texts as they are, an array ``{"array": [dtype, shape, values, context if not cpu(0)]}``, an exception
``{"error": [class]}``.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "ndarray"
# How far floats may differ, relative to the largest of the answer.
TOLERANCE = {"float16": 2e-3, "float32": 1e-5, "float64": 1e-12}


class Encoded(list):
    """Answers that are JSON already."""


def load(family: str) -> dict[str, Any]:
    """The recorded answers of one family, by source."""
    path = GOLDEN / f"{family}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def save(family: str, answers: dict[str, Any]) -> Path:
    """Write the answers of one family, one a line."""
    path = GOLDEN / f"{family}.json"
    lines = [f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in answers.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    return path


def scope(mx: Any) -> dict[str, Any]:
    """The names that a case may use: modules, a few arrays, helpers."""
    nd = mx.nd

    def attempts(function: Any, *options: Any) -> Encoded:
        """Answers for several arguments, errors among them."""
        return Encoded(_attempt(lambda option=option: encode(function(option), mx)) for option in options)

    def shares(part: Any, whole: Any) -> bool:
        """Whether writing into the one changes the other."""
        before = whole.asnumpy()
        if part.size:
            part[:] = part + 1
        return bool((whole.asnumpy() != before).any())

    def gradient(function: Any, at: Any, stype: str | None = None) -> list:
        """The storage of what a function computes, and the gradient that it gives a copy of ``at``."""
        leaf = at.copy()
        leaf.attach_grad(**({} if stype is None else {"stype": stype}))
        with mx.autograd.record():
            result = function(leaf)
        kind = result.stype
        result.backward()
        return [kind, leaf.grad]

    def trained(optimizer: Any) -> list:
        """A weight after three updates from row-sparse gradients, and its states."""
        weight = nd.array(np.arange(1, 10).reshape(3, 3))
        update = mx.optimizer.get_updater(optimizer)
        for row in (1, 2, 1):
            update(0, nd.sparse.row_sparse_array(([[1, -2, 3]], [row]), shape=(3, 3)), weight)
        states = update.states[0]
        return [weight, states if isinstance(states, (list, tuple)) else [states]]

    mixed = nd.array([[0, 1.5, 0], [0, 0, 0], [2, 0, -3]])
    return {
        "mx": mx, "nd": nd, "np": np, "attempts": attempts, "shares": shares, "gradient": gradient,
        "trained": trained, "c": mixed.tostype("csr"), "r": mixed.tostype("row_sparse"),
        "d": nd.array(np.arange(1, 10).reshape(3, 3)),
        "arange": lambda *shape, dtype="float32": nd.array(np.arange(np.prod(shape)).reshape(shape), dtype=dtype),
        "x": nd.array([[1, -2, 3], [0.5, 0, -4]]),
        "v": nd.array([1, 2, 3]),
        "i": nd.array([[1, -2, 3], [5, 0, -4]], dtype="int32"),
        "t": nd.array(np.arange(24).reshape(2, 3, 4)),
        "one": nd.array([5]),
        "none": nd.array([]),
        "scalar": nd.array(3),
    }  # fmt: skip


def run(source: str, mx: Any) -> Any:
    """The answer to a case."""
    return _attempt(lambda: encode(execute(ast.parse(source).body, scope(mx)), mx))


def execute(statements: list[ast.stmt], names: dict[str, Any]) -> Any:
    """Run statements; returns the value of the last one, where it is an expression."""
    value = None
    for statement in statements:
        if isinstance(statement, ast.Expr):
            value = eval(compile(ast.Expression(statement.value), "<case>", "eval"), names)
        else:
            exec(compile(ast.Module([statement], []), "<case>", "exec"), names)
    return value


def damage(source: str, mx: Any) -> list[str]:
    """The arrays that are not what they were before the statement of a case that fails."""
    names = scope(mx)
    for statement in ast.parse(source).body:
        before = {n: v.asnumpy() for n, v in names.items() if isinstance(v, mx.nd.NDArray)}
        try:
            execute([statement], names)
        except Exception:
            return [n for n, v in before.items() if not np.array_equal(v, names[n].asnumpy(), equal_nan=True)]
    return []


def _attempt(compute: Callable[[], Any]) -> Any:
    try:
        return compute()
    except Exception as error:
        return {"error": [c.__name__ for c in type(error).__mro__]}


def encode(value: Any, mx: Any) -> Any:
    """A value as JSON."""
    if isinstance(value, mx.nd.NDArray):
        if value.stype != "default":
            return {value.stype: encode(value.tostype("default"), mx)}
        place = [] if value.context == mx.cpu(0) else [str(value.context)]
        return {"array": _values(value.asnumpy(), np.dtype(value.dtype)) + place}
    if isinstance(value, np.ndarray):
        return {"numpy": _values(value, value.dtype)}
    if isinstance(value, np.generic):
        return {"number": _values(np.asarray(value), value.dtype)}
    if isinstance(value, Encoded):
        return list(value)
    if isinstance(value, (list, tuple)):
        items = [encode(v, mx) for v in value]
        return items if isinstance(value, list) else {"tuple": items}
    if isinstance(value, dict):
        return {"dict": [encode(list(pair), mx) for pair in value.items()]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, type):
        return {"type": np.dtype(value).name if issubclass(value, np.generic) else value.__name__}
    return {type(value).__name__: str(value)}


def _values(array: np.ndarray, dtype: np.dtype) -> list:
    numbers = array.ravel().tolist()
    if dtype.name == "float32":
        numbers = [float(str(v)) for v in array.ravel()]
    return [dtype.name, list(array.shape), numbers]


def same(got: Any, expected: Any) -> bool:
    """Whether two answers agree: floats within their dtype's tolerance, errors by inheritance, all else exactly."""
    if isinstance(expected, dict) and isinstance(got, dict) and len(got) == 1 and got.keys() == expected.keys():
        (kind,) = expected
        mine, theirs = got[kind], expected[kind]
        if kind == "error":
            return theirs[0] in mine
        if kind in ("array", "numpy", "number"):
            about = [mine[:2] + mine[3:], theirs[:2] + theirs[3:]]
            return about[0] == about[1] and all(map(_close, mine[2], theirs[2], repeat(theirs[0])))
        return same(mine, theirs)
    if isinstance(expected, list) and isinstance(got, list):
        return len(got) == len(expected) and all(map(same, got, expected))
    return type(got) is type(expected) and (_close(got, expected, "float64"))


def _close(got: Any, expected: Any, dtype: str) -> bool:
    if dtype not in TOLERANCE or not isinstance(expected, float):
        return got == expected
    return (
        math.isclose(got, expected, rel_tol=TOLERANCE[dtype], abs_tol=TOLERANCE[dtype])
        or got != got != expected != expected
    )
