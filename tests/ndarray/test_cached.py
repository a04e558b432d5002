"""What happens when prepared code fails: the operators run one by one, and somebody is told."""

from __future__ import annotations

import numpy as np
import pytest

from mxnet import nd
from mxnet.gluon import nn


def test_code_that_fails_gives_way_with_a_warning():
    """Indices that are out of range are an error of torch's, and the last row in MXNet."""
    net = nn.Embedding(4, 2)
    net.initialize()
    inside, outside = nd.array([0, 1, 3]), nd.array([0, 1, 7])
    expected = net(outside).asnumpy()
    net.hybridize()
    for _ in range(3):
        net(inside)
    for _ in range(2):
        np.testing.assert_array_equal(net(outside).asnumpy(), expected)
    with pytest.warns(UserWarning, match="operators run one by one"):
        np.testing.assert_array_equal(net(outside).asnumpy(), expected)
    for _ in range(3):  # once
        np.testing.assert_array_equal(net(outside).asnumpy(), expected)
    np.testing.assert_array_equal(net(inside).asnumpy(), expected[[0, 1, 2]])
