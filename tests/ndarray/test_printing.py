"""The printed form of arrays, character for character, against MXNet's."""

from __future__ import annotations

from mxnet import nd

from .cases.replay import check, golden


@golden("printing")
def test_golden(source, expected):
    check(source, expected)


def test_bfloat16_prints_its_values():
    assert repr(nd.array([1.5, 2], dtype="bfloat16")) == "\n[1.5 2. ]\n<NDArray 2 @cpu(0)>"
