"""Python's operators on arrays, against MXNet's answers."""

from __future__ import annotations

import pytest

import mxnet as mx
from mxnet import nd

from .cases.replay import check, golden


@golden("operators")
def test_golden(source, expected):
    check(source, expected)


@pytest.mark.parametrize("operator", ["__add__", "__radd__", "__iadd__", "__sub__", "__lt__", "__pow__"])
def test_an_operand_that_is_no_number_is_named(operator):
    with pytest.raises(TypeError, match="<class 'str'>"):
        getattr(nd.ones((2,)), operator)("a")


def test_mixed_dtypes_are_named():
    with pytest.raises(mx.MXNetError, match=r"float32.*int32.*astype"):
        nd.ones((2,)) + nd.ones((2,), dtype="int32")


def test_mixed_contexts_are_named():
    one, other = nd.ones((2,), mx.cpu(0)), nd.ones((2,), mx.cpu(1))
    with pytest.raises(mx.MXNetError, match=r"cpu\(0\).*cpu\(1\).*as_in_context"):
        one + other
    with pytest.raises(mx.MXNetError, match=r"cpu\(0\).*cpu\(1\)"):
        one += other
    assert one.asnumpy().tolist() == [1, 1]


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(mx.MXNetError, match=r"\(2, 3\).*\(4,\)"):
        nd.ones((2, 3)) * nd.ones((4,))


@pytest.mark.parametrize("operator", ["__iadd__", "__isub__", "__imul__", "__itruediv__", "__imod__"])
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_in_place_keeps_memory_and_identity(operator, dtype):
    x = nd.array([[1, 2], [3, 4]], dtype=dtype)
    view, address = x[1], x.handle.value
    expected = getattr(x, operator.replace("i", "", 1))(3).asnumpy()
    assert getattr(x, operator)(3) is x
    assert x.handle.value == address
    assert view.asnumpy().tolist() == expected[1].tolist()


def test_a_subclass_is_an_operand():
    class Mine(nd.NDArray):
        pass

    mine = Mine(nd.array([1, 2]))
    for result in (mine + 1, 1 + mine, mine + mine, nd.ones((2,)) + mine, mine == mine):
        assert isinstance(result, nd.NDArray)
        assert result.shape == (2,)
    assert repr(mine).endswith("<Mine 2 @cpu(0)>")
