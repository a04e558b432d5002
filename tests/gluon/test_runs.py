"""Eight small networks train as in MXNet: the same parameters after 50 steps, hybridized or not."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from tests.gluon import runs
from tests.gluon.samples import load

GOLDEN = load("runs")


@pytest.mark.parametrize("hybridize", [False, True], ids=["imperative", "hybridized"])
@pytest.mark.parametrize("name", runs.RUNS)
def test_as_mxnet(name, hybridize):
    wanted, found = GOLDEN[name], runs.train(mx, name, hybridize)
    np.testing.assert_allclose(found["losses"], wanted["losses"], rtol=1e-4)
    first, last = wanted["losses"][:10], wanted["losses"][-10:]  # on the same ten batches
    assert sum(last) < sum(first), "this run does not learn"
    assert list(found["parameters"]) == list(wanted["parameters"])
    for key, (dtype, shape, values) in wanted["parameters"].items():
        array = found["parameters"][key]
        assert (str(array.dtype), list(array.shape)) == (dtype, shape)
        scale = np.abs(values).max()
        np.testing.assert_allclose(array.ravel(), values, rtol=1e-4, atol=1e-4 * scale, err_msg=key)
