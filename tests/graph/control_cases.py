"""Control flow written for both faces: ``case.run(F, **inputs)`` with F = mx.nd on arrays or mx.sym on variables.

The recorder ``tools/record_control.py`` runs this file in the environment of the real MXNet, so it imports only NumPy.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "control.json"


class Case(NamedTuple):
    """A computation with control flow, and values for its inputs: a shape, for random ones, or a list."""

    run: Callable[..., Any]
    inputs: dict[str, Any]
    steps: int | None = None  # of a while_loop: how many of the rows of its first output are steps
    mxnet: str = "gradients"  # what MXNet can compute with the graph: that, "outputs", or nothing: "json"

    def values(self) -> dict[str, np.ndarray]:
        """Float32 arrays, the same on every machine."""
        rng = np.random.RandomState(zlib.crc32(self.run.__name__.encode()))
        return {
            name: np.array(value if isinstance(value, list) else rng.uniform(-1, 1, value), "float32")
            for name, value in self.inputs.items()
        }


CASES: dict[str, Case] = {}


def case(steps: int | None = None, mxnet: str = "gradients", **inputs: Any) -> Callable:
    def note(run: Callable) -> Callable:
        CASES[run.__name__] = Case(run, inputs, steps, mxnet)
        return run

    return note


def flat(nested: Any) -> list:
    """The outputs in a nested list."""
    return [x for item in nested for x in flat(item)] if isinstance(nested, (list, tuple)) else [nested]


def unnumbered(text: str) -> str:
    """A graph's JSON without the numbers of its subgraphs, which MXNet counts through the whole process."""
    return re.sub(r'("__subgraph_name__": "[^"]*")', lambda m: re.sub(r"\d+", "#", m[0]), text)


def load() -> dict[str, Any]:
    return json.loads(GOLDEN.read_text("utf-8"))


# ---- foreach ---------------------------------------------------------------------------------------------------------


@case(x=(4, 3), s=(3,), w=(3,))
def recurrence(F, x, s, w):
    def body(d, s):
        new = d * w + s
        return new, new

    return F.contrib.foreach(body, x, s)


@case(x=(3, 2), y=(3, 2), s=(2,), t=(2,))
def nested_lists(F, x, y, s, t):
    def body(d, s):
        return [d[0] * s[0], [d[1] + s[1][0], d[0]]], [s[0] + d[1], [s[1][0] * 2]]

    return F.contrib.foreach(body, [x, y], [s, [t]])


@case(x=(3, 2), s=(2,), w=(2,))
def outer_expression(F, x, s, w):
    e = F.exp(w)
    return F.contrib.foreach(lambda d, s: (d * e + s, F.tanh(s + e)), F.sin(x), s * 2)


@case(x=(3, 2), s=(2,), w=(4,))
def outer_outputs(F, x, s, w):
    """Two outputs of one operator outside, in another order, and the state as an output."""
    parts = F.split(w, num_outputs=2, axis=0)
    return F.contrib.foreach(lambda d, s: ([d * parts[1] + s, s], s * parts[0]), x, s)


@case(x=(3, 4))
def no_states(F, x):
    parts = F.split(x, num_outputs=2, axis=1)
    return F.contrib.foreach(lambda d, s: (d * 2 - 1, []), parts[1], [])[0]


@case(x=(3, 2, 4), s=(2, 3), weight=(3, 4), bias=(3,), h2h=(3, 3))
def elman(F, x, s, weight, bias, h2h):
    def body(d, s):
        new = F.tanh(F.FullyConnected(d, weight, bias, num_hidden=3) + F.dot(s, h2h))
        return new, new

    return F.contrib.foreach(body, x, s)


@case(x=(3, 2, 2), s=(2,), w=(2,))
def loop_in_loop(F, x, s, w):
    e = F.exp(w)

    def outer(d, s):
        m = F.relu(d)

        def inner(d, s):
            new = d * e + s + F.sum(m, axis=0)
            return new, new

        return F.contrib.foreach(inner, d, s)

    return F.contrib.foreach(outer, x, s)


@case(x=(3, 2), s=(2,))
def used_further(F, x, s):
    outputs, last = F.contrib.foreach(lambda d, s: (d + s, s * d), x, s)
    again, last = F.contrib.foreach(lambda d, s: (d * s, s + d), outputs, last)
    return [F.exp(again), last * 3]


# ---- while_loop ------------------------------------------------------------------------------------------------------


@case(steps=5, i=[1], t=[0], w=[2])
def accumulate(F, i, t, w):
    return F.contrib.while_loop(lambda i, t: i <= 5, lambda i, t: ([i * w + t], [i + 1, t + i]), [i, t], 7)


@case(i=[1], t=[0], w=[2])
def stopped_by_the_limit(F, i, t, w):
    return F.contrib.while_loop(lambda i, t: i <= 5, lambda i, t: ([i * w + t], [i + 1, t + i]), [i, t], 3)


@case(steps=3, mxnet="outputs", i=[1], p=[2.5], t=(2, 3))
def condition_of_an_expression(F, i, p, t):
    limit = F.exp(p) / 4
    return F.contrib.while_loop(
        lambda i, t: i < limit, lambda i, t: ([F.broadcast_mul(t, limit)], [i + 1, F.sin(t)]), [i, t], 4
    )


@case(steps=3, i=[0])
def one_variable(F, i):
    return F.contrib.while_loop(lambda i: i < 3, lambda i: (i * 2, i + 1), i, 5)


@case(i=[0], t=(2,))
def without_outputs(F, i, t):
    return F.contrib.while_loop(lambda i, t: i < 3, lambda i, t: ([], [i + 1, t * t]), [i, t], 5)[1]


@case(steps=2, mxnet="outputs", i=[0], x=(3, 2), t=(2,), w=(2,))
def foreach_in_while(F, i, x, t, w):
    def func(i, t):
        outputs, last = F.contrib.foreach(lambda d, s: (d * w + s + t, s + d), x, t)
        return [outputs], [i + 1, last]

    return F.contrib.while_loop(lambda i, t: i < 2, func, [i, t], 3)


# ---- cond ------------------------------------------------------------------------------------------------------------


def choose(F, p, a, b, w):
    return F.contrib.cond(p * 2 < 5, lambda: (a + 5) * (b + w), lambda: (a - 5) * b)


@case(p=[1], a=(2,), b=(2,), w=(2,))
def cond_then(F, p, a, b, w):
    return choose(F, p, a, b, w)


@case(p=[7], a=(2,), b=(2,), w=(2,))
def cond_else(F, p, a, b, w):
    return choose(F, p, a, b, w)


@case(mxnet="outputs", p=[2], a=(2, 3), b=(2, 3))
def several_outputs(F, p, a, b):
    e = a * b
    return F.contrib.cond(p, lambda: [e, a + b], lambda: [a, F.exp(e)])


@case(p=[1], a=[2], b=[3], w=[4])
def cond_in_cond(F, p, a, b, w):
    return F.contrib.cond(p, lambda: F.contrib.cond(a < b, lambda: a * w, lambda: b), lambda: b + p)


@case(mxnet="json", x=(4, 1), s=[0], w=[3])
def cond_in_foreach(F, x, s, w):
    def body(d, s):
        return F.contrib.cond(s < 2, lambda: d * w, lambda: d + s), s + 1

    return F.contrib.foreach(body, x, s)
