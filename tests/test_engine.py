"""mx.engine."""

from __future__ import annotations

import pytest

import mxnet as mx
from mxnet import engine


def test_sizes():
    before = engine.set_bulk_size(10)
    assert engine.set_bulk_size(15) == 10
    with engine.bulk(7) as scope:
        assert engine.set_bulk_size(8) == 7
        assert scope is not None
    assert engine.set_bulk_size(before) == 15


def test_an_exception_ends_a_block():
    before = engine.set_bulk_size(3)
    with pytest.raises(ValueError, match="stop"), engine.bulk(7):
        raise ValueError("stop")
    assert engine.set_bulk_size(before) == 3


@pytest.mark.parametrize(("size", "kind"), [("x", TypeError), (1.5, TypeError), (-3, mx.MXNetError)])
def test_wrong_sizes(size, kind):
    before = engine.set_bulk_size(5)
    with pytest.raises(kind):
        engine.set_bulk_size(size)
    with pytest.raises(kind), engine.bulk(size):
        pass
    assert engine.set_bulk_size(before) == 5
