"""The harness of layers finds what it looks for: each aspect refuses a layer that is wrong in just that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.gluon.harness import ASPECTS, check_error, check_layer
from tests.gluon.samples.layer import parse
from tests.gluon.samples.layers import ACTIVATIONS, ERRORS

GOOD = next(layer for layer in ACTIVATIONS if layer.call == "nn.ELU()")
WRONG = {
    "golden": "nn.ELU(0.5)",
    "hybrid": "nn.HybridLambda(lambda F, x: x * (2 if F is mx.nd else 3))",
    "differences": "nn.HybridLambda(lambda F, x: F.BlockGrad(x) * x)",
    "files": "nn.HybridLambda((lambda secret: lambda F, x: x * secret)(mx.nd.random.uniform().asscalar()))",
    "export": "nn.HybridLambda(lambda F, x: x * (2 if F is mx.nd else 3))",
    "cast": "nn.HybridLambda(lambda F, x: F.cast(F.LeakyReLU(x, act_type='elu', slope=1.0), dtype='float32'))",
    "contexts": "nn.HybridLambda(lambda F, x: x * (1 + x.context.device_id))",
}


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_wrong_layer_is_refused(aspect, tmp_path):
    check_layer(GOOD, aspect, tmp_path)
    with pytest.raises(AssertionError):
        check_layer(replace(GOOD, call=WRONG[aspect]), aspect, tmp_path)


def test_a_missing_error_is_noticed():
    with pytest.raises(pytest.fail.Exception):
        check_error(replace(ERRORS[0], call="nn.Dense(1)"))


def test_the_text_of_a_sample():
    layer, plain = parse("any", """
    # a remark
    rnn.LSTMCell(5) | net.unroll(3, x, inputs[1]) @ 2x3x4, [2x5:float64, none], 4:int32:1-3 random unnamed
    nn.Lambda(lambda x: x) @ 2
    """)  # fmt: skip
    assert (layer.call, layer.via) == ("rnn.LSTMCell(5)", "net.unroll(3, x, inputs[1])")
    x, (state, nothing), lengths = layer.inputs
    assert (x.shape, state.dtype, nothing, lengths.dtype) == ((2, 3, 4), "float64", None, "int32")
    assert {*lengths.values("a")} <= {1, 2, 3}
    assert layer.flags == {"random", "unnamed"}
    assert (plain.call, plain.via, plain.flags) == ("nn.Lambda(lambda x: x)", "", frozenset())
