"""Control flow on arrays: forms of what goes in and out, errors. Values and gradients: tests/graph/test_control.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd
from mxnet.ndarray.contrib import cond, foreach, while_loop

X = nd.array([[0.0, 1], [2, 3], [4, 5]])
S = nd.zeros(2)
ONE, ZERO = nd.array([1.0]), nd.array([0.0])


def plain(value: Any) -> Any:
    """Arrays as lists of numbers, lists and tuples as they are."""
    if isinstance(value, (list, tuple)):
        return type(value)(plain(v) for v in value)
    return np.array(value.asnumpy().tolist()).tolist()


def test_foreach_adds_up():
    outputs, last = foreach(lambda d, s: (d + s, d + s), X, S)
    assert plain(outputs) == [[0, 1], [2, 4], [6, 9]]
    assert plain(last) == [6, 9]


@pytest.mark.parametrize(
    ("body", "data", "states", "outputs", "last"),
    [
        (lambda d, s: ([d], s), X, S, "[x]", "x"),
        (lambda d, s: ((d, d), s), X, S, "[xx]", "x"),
        (lambda d, s: ([d, [d, s]], s), X, S, "[x[xx]]", "x"),
        (lambda d, s: (d[0] * d[1], s), [X, X], S, "x", "x"),
        (lambda d, s: (d[0] + s, s), [X], S, "x", "x"),
        (lambda d, s: (d[0] * d[1][0], s), [X, [X]], S, "x", "x"),
        (lambda d, s: (d, s), X, (S,), "x", "(x)"),
        (lambda d, s: (d, [s[0] + d, [s[1][0] + 1]]), X, [S, [S]], "x", "[x[x]]"),
        (lambda d, s: (d, s), X, [], "x", "[]"),
        (lambda d, s: ([], s), X, S, "[]", "x"),
        (lambda d, s: (d, [d, d]), X, S, "x", "[xx]"),
    ],
)
def test_foreach_keeps_forms(body, data, states, outputs, last):
    def form(value: Any) -> str:
        if isinstance(value, nd.NDArray):
            return "x"
        inner = "".join(map(form, value))
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"

    assert tuple(map(form, foreach(body, data, states))) == (outputs, last)


def test_foreach_stays_on_its_context_and_dtype():
    outputs, last = foreach(
        lambda d, s: (d + s, d + s), nd.array([1, 2], dtype="int32", ctx=mx.cpu(1)), nd.ones(1, "cpu(1)", "int32")
    )
    assert (outputs.ctx, outputs.dtype, outputs.shape) == (mx.cpu(1), np.int32, (2, 1))
    assert plain(last) == [4]


def test_while_loop_pads_with_zeros():
    outputs, last = while_loop(lambda i, t: i <= 3, lambda i, t: ([i + t], [i + 1, t + i]), [ONE, ZERO], 5)
    assert plain(outputs) == [[[1], [3], [6], [0], [0]]]
    assert plain(last) == [[4], [6]]


@pytest.mark.parametrize(
    ("func", "variables", "outputs", "last"),
    [
        (lambda i: (i, i + 1), ONE, [[1], [2], [0]], [3]),
        (lambda i: ([i], [i + 1]), ONE, [[[1], [2], [0]]], [3]),
        (lambda i: (i, i + 1), [ONE], [[1], [2], [0]], [[3]]),
        (lambda i: ((i, i), i + 1), (ONE,), [[[1], [2], [0]]] * 2, [[3]]),
        (lambda i: (None, i + 1), [ONE], [], [[3]]),
        (lambda i: ([], i + 1), [ONE], [], [[3]]),
        (lambda i: ([i, [i]], [i + 1]), [ONE], [[[1], [2], [0]], [[[1], [2], [0]]]], [[3]]),
    ],
)
def test_while_loop_keeps_forms(func, variables, outputs, last):
    assert plain(while_loop(lambda i: i < 3, func, variables, max_iterations=3)) == (outputs, last)


@pytest.mark.parametrize(("condition", "steps"), [(True, 3), (False, 0), (None, 0), ("text", 3), ([nd.ones(1)], 3)])
def test_while_loop_takes_any_truth(condition, steps):
    outputs, last = while_loop(lambda i: condition, lambda i: (i, i + 1), ONE, "3")
    assert plain(last) == [1 + steps]
    assert plain(outputs) == ([[1], [2], [3]] if steps else [])


@pytest.mark.parametrize("limit", [0, -1])
def test_while_loop_without_steps(limit):
    assert plain(while_loop(lambda i: True, lambda i: (i, i + 1), [ONE], limit)) == ([], [[1]])


def test_while_loop_pads_integers():
    outputs, _ = while_loop(lambda i: i < 2, lambda i: (nd.array([7, 8], dtype="int64"), i + 1), ONE, 3)
    assert outputs.dtype == np.int64
    assert plain(outputs) == [[7, 8], [0, 0], [0, 0]]


def test_gradient_of_the_padded_output():
    w = nd.array([2.0])
    w.attach_grad()
    with mx.autograd.record():
        outputs, _ = while_loop(lambda i, t: i <= 2, lambda i, t: (t * w, [i + 1, t * w]), [ONE, nd.ones(1)], 5)
        total = (outputs * nd.array([[1], [10], [100], [100], [100]])).sum()
    total.backward()
    assert w.grad.asscalar() == 1 + 2 * 2 * 10


@pytest.mark.parametrize(("pred", "expected"), [(True, 1), (0, 0), (0.5, 1), (None, 0), (np.array([1]), 1),
                                                (nd.array([[3]]), 1), (ONE < 1, 0)])  # fmt: skip
def test_cond(pred, expected):
    assert plain(cond(pred, lambda: [ONE, (ZERO,)], lambda: ZERO)) == ([[1], ([0],)] if expected else [0])


def test_only_the_chosen_branch_runs():
    calls = []
    cond(ONE > 0, lambda: calls.append("then"), lambda: calls.append("else"))
    assert calls == ["then"]


def test_a_long_loop_costs_linear_memory():
    """Slices are taken with one operator, whose gradient is one stack, rather than one array of zeros each."""
    x = nd.ones((300, 4))
    x.attach_grad()
    with mx.autograd.record():
        outputs, _ = foreach(lambda d, s: (d * s, s + d), x, nd.ones(4))
    outputs.backward()
    nodes, seen = [outputs._graph.grad_fn] if outputs._graph is not None else [], set()
    while nodes:
        node = nodes.pop()
        if node is not None and node not in seen:
            seen.add(node)
            nodes += [n for n, _ in node.next_functions]
    assert not [n for n in seen if n.name().startswith("Select")]
    steps = np.arange(300)[:, None]
    np.testing.assert_allclose(x.grad.asnumpy(), np.broadcast_to((1 + steps) + (299 - steps), (300, 4)))


def short(d: Any, s: Any) -> tuple:
    return d[1], s


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: foreach(short, 5, S), AssertionError, "foreach input must be .* NDArray, but got 5"),
        (lambda: foreach(short, mx.sym.var("x"), S), AssertionError, "foreach input"),
        (lambda: foreach(short, X, 5), AssertionError, "foreach states must be"),
        (lambda: foreach(lambda d, s: (None, s), X, S), AssertionError, "foreach output must be"),
        (lambda: foreach(lambda d, s: ({"a": d}, s), X, S), AssertionError, "foreach output must be"),
        (lambda: foreach(lambda d, s: (d, s, s), X, S), ValueError, "unpack"),
        (lambda: foreach(lambda d, s: 1 / 0, X, S), ZeroDivisionError, "zero"),
        (lambda: foreach(short, [], S), IndexError, "needs data"),
        (lambda: foreach(short, nd.array(3), S), IndexError, "needs data"),
        (lambda: foreach(short, [X, nd.ones((2, 2))], S), IndexError, r"one length.*\(3, 2\), \(2, 2\)"),
        (lambda: foreach(lambda d, s: (s, nd.concat(s, s, dim=0)), X, S), mx.MXNetError, "stack"),
        (lambda: foreach(lambda d, s: ([d] * (1 + int(s[0].asscalar())), s + 1), X, S), IndexError, "1 outputs"),
        (lambda: foreach(short, X[1:1], S), mx.MXNetError, "at least one step"),
        (lambda: foreach(None, X, S), TypeError, "callable"),
        (lambda: loop(limit=None), ValueError, "max_iterations should be specified"),
        (lambda: loop(limit="many"), ValueError, "Cannot convert max_iteration"),
        (lambda: loop(variables=[]), ValueError, "at least one element"),
        (lambda: loop(variables=None), TypeError, "None"),
        (lambda: loop(test=lambda i, t: nd.ones(2)), ValueError, "scalar"),
        (lambda: loop(func=lambda i, t: ([i], [i])), ValueError, "length of loop_vars.*2 became 1"),
        (lambda: loop(func=lambda i, t: i), ValueError, "unpack"),
        (lambda: loop(func=lambda i, t: (3, [i, t])), AssertionError, "while output must be"),
        (lambda: loop(func=lambda i, t: ([i] * int(i.asscalar()), [i + 1, t])), ValueError, "Number of elements"),
        (lambda: loop(func=lambda i, t: (t, [i + 1, nd.concat(t, t, dim=0)])), mx.MXNetError, "stack"),
        (lambda: cond(nd.ones(2), lambda: X, lambda: S), ValueError, "scalar"),
        (lambda: cond(X[1:1], lambda: X, lambda: S), mx.MXNetError, "empty"),
        (lambda: cond(ONE, X, S), TypeError, "callable"),
    ],
)
def test_wrong_calls(call, error, message):
    with pytest.raises(error, match=message):
        call()


def loop(
    test: Any = lambda i, t: i < 5,
    func: Any = lambda i, t: (i, [i + 1, t]),
    variables: Any = (ONE, ZERO),
    limit: Any = 9,
) -> Any:
    return while_loop(test, func, variables, limit)
