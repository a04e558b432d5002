"""The oldest interface of autograd, with the numbers that MXNet gave; and the older paths of operators."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd
from mxnet.contrib import autograd as contrib


def x():
    return nd.array([1.0, 2.0, 3.0])


def test_gradients_of_functions():
    np.testing.assert_array_equal(contrib.grad(lambda a: a * a)(x())[0].asnumpy(), [2, 4, 6])
    gradients, value = contrib.grad_and_loss(lambda a, b: a * b)(x(), x() * 2)
    assert [g.asnumpy().tolist() for g in gradients] == [[2, 4, 6], [1, 2, 3]]
    assert value.asnumpy().tolist() == [2, 8, 18]
    (second,) = contrib.grad(lambda a, b: a * a * b, argnum=1)(x(), x())
    assert second.asnumpy().tolist() == [1, 4, 9]
    assert len(contrib.grad(lambda a, b: a + b, argnum=[1, 0])(x(), x())) == 2


def test_sections_switch_both_and_back():
    def modes():
        return mx.autograd.is_training(), mx.autograd.is_recording()

    with contrib.train_section():
        assert modes() == (True, True)
        with contrib.test_section():
            assert modes() == (False, False)
        assert modes() == (True, True)
    assert contrib.set_is_training(True) is False
    assert contrib.set_is_training(False) is True
    assert modes() == (False, False)


def test_marked_variables():
    data, gradient = x(), nd.zeros(3)
    contrib.mark_variables([data], [gradient])
    with contrib.train_section():
        y = data * data
    contrib.compute_gradient([y])
    assert gradient.asnumpy().tolist() == [2, 4, 6]
    with contrib.train_section():
        y = data * data
    contrib.backward([y], [nd.ones(3) * 2])
    assert gradient.asnumpy().tolist() == [4, 8, 12]


def test_wrong_arguments():
    with pytest.raises(AssertionError, match="NDArray"):
        contrib.grad(lambda a: a)(3)
    with pytest.raises(KeyError):
        contrib.mark_variables(x(), nd.zeros(3), "foo")


def test_older_paths_of_operators():
    boxes = nd.array([[0.0, 0.0, 1.0, 1.0]])
    assert mx.contrib.nd.box_iou(boxes, boxes).asscalar() == 1
    assert mx.contrib.ndarray.box_iou is mx.nd.contrib.box_iou
    assert mx.contrib.sym.box_iou(mx.sym.var("a"), mx.sym.var("b")).list_arguments() == ["a", "b"]
    assert mx.contrib.symbol is mx.contrib.sym
