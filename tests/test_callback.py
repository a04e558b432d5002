from __future__ import annotations

import pytest

import mxnet as mx
from tests.estimator_golden import GOLDEN, check


@pytest.mark.parametrize("expression", GOLDEN["callback"])
def test_as_mxnet(expression):
    check("callback", expression)


def test_failed_checkpoint_is_an_error(tmp_path):
    save = mx.callback.do_checkpoint(tmp_path / "missing" / "p")
    with pytest.raises(mx.MXNetError, match="there is no folder .*missing"):
        save(0, None, {"w": mx.nd.ones(2)}, {})


def test_checkpoints_can_be_loaded(tmp_path):
    graph = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="fc")
    mx.callback.do_checkpoint(tmp_path / "p", period=2)(1, graph, {"fc_weight": mx.nd.ones((2, 3))}, {})
    loaded, arguments, auxiliary = mx.model.load_checkpoint(tmp_path / "p", 2)
    assert loaded.list_arguments() == ["data", "fc_weight", "fc_bias"]
    assert arguments["fc_weight"].shape == (2, 3)
    assert not auxiliary
