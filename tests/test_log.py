from __future__ import annotations

import io
import logging

import pytest

import mxnet as mx
from tests.estimator_golden import GOLDEN, check
from tools.record_estimator import logger


@pytest.mark.parametrize("expression", GOLDEN["log"])
def test_as_mxnet(expression):
    check("log", expression)


def test_colours_are_for_terminals_only():
    _, in_colour, _ = logger("coloured", level=1)
    _, plain, _ = logger("plain elsewhere", level=1, shown=io.StringIO)
    assert "\x1b[31mWDATE" in in_colour
    assert "\x1b" not in plain
    for code in ("\x1b[31m", "\x1b[32m", "\x1b[34m", "\x1b[0m"):
        in_colour = in_colour.replace(code, "")
    assert in_colour == plain


def test_tracebacks_follow_the_line():
    stream = io.StringIO()
    found = mx.log.get_logger("with traceback")
    (handler,) = found.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    found.propagate = False
    try:
        raise ValueError("reason")
    except ValueError:
        found.exception("it failed: %s", 3)
    first, *_, last = stream.getvalue().splitlines()
    assert first.endswith("] it failed: 3")
    assert last == "ValueError: reason"


def test_old_name_warns():
    with pytest.warns(DeprecationWarning, match="Use get_logger"):
        assert mx.log.getLogger("old name") is logging.getLogger("old name")
