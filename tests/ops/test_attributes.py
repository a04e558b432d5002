"""Attributes: every type reads what users write and what files hold."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from mxnet.ops import attributes
from mxnet.ops.attributes import Axes, Dtype, Floats, Shape


@pytest.mark.parametrize(
    ("annotation", "given", "value"),
    [
        (int, "3", 3),
        (int, np.int64(3), 3),
        (int, 3.0, 3),
        (float, "0.5", 0.5),
        (float, 1, 1.0),
        (bool, "True", True),
        (bool, "0", False),
        (bool, 1, True),
        (str, "relu", "relu"),
        (Shape, 3, (3,)),
        (Shape, [1, 2], (1, 2)),
        (Shape, "(3, 3)", (3, 3)),
        (Shape, "[3,3]", (3, 3)),
        (Shape, "()", ()),
        (Shape, "(None, 2)", (None, 2)),
        (Axes, "None", None),
        (Axes, "1", 1),
        (Axes, "(0, 1)", (0, 1)),
        (Axes, -1, -1),
        (Floats, "(0.5, 1)", (0.5, 1.0)),
        (Floats, 2, (2.0,)),
        (Dtype, np.float16, "float16"),
        (Dtype, "int32", "int32"),
        (Dtype, np.dtype("uint8"), "uint8"),
        (int | None, "None", None),
        (int | None, "2", 2),
        (float | None, None, None),
        (Literal["a", "b"], "b", "b"),
    ],
)
def test_values_are_read_and_survive_their_text(annotation, given, value):
    parse = attributes.parser(annotation)
    assert parse(given) == value
    assert type(parse(given)) is type(value)
    assert parse(attributes.format_value(value)) == value


@pytest.mark.parametrize(
    ("annotation", "given"),
    [
        (int, "many"), (int, 1.5), (int, None), (float, "x"), (bool, "maybe"), (Shape, "(a, b)"), (Shape, 1.5),
        (Dtype, "float33"), (Literal["a", "b"], "c"), (Shape, "__import__('os')"), (int, "(" * 10000),
    ],
)  # fmt: skip
def test_other_values_are_refused(annotation, given):
    with pytest.raises(ValueError, match=r"."):
        attributes.parser(annotation)(given)


def test_texts_are_those_of_mxnets_files():
    values = (True, (3, 3), (2,), None, 0.5, [1, 2], np.float32, np.dtype("int8"))
    assert [attributes.format_value(v) for v in values] == [
        "True", "(3, 3)", "(2,)", "None", "0.5", "(1, 2)", "float32", "int8",
    ]  # fmt: skip


def test_unknown_annotations_are_refused_when_an_operator_is_defined():
    with pytest.raises(TypeError, match="cannot have an attribute of type"):
        attributes.parser(dict)
