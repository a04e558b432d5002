"""Losses against MXNet's recorded answers, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd

from . import training_cases as cases

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "training.json").read_text())["losses"]


@pytest.mark.parametrize("index", range(len(cases.LOSSES)), ids=lambda i: f"{cases.LOSSES[i][0]}{i}")
def test_value_gradient_and_repr_are_mxnets(index):
    expected, found = GOLDEN[index], cases.run_loss(mx, nd, autograd, gluon, cases.LOSSES[index])
    assert found["case"] == expected["case"], "record again: the cases have changed"
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found["gradient"], expected["gradient"], rtol=1e-5, atol=1e-6)
    assert found["repr"] == expected["repr"]


def test_aliases():
    assert gluon.loss.SoftmaxCELoss is gluon.loss.SoftmaxCrossEntropyLoss
    assert gluon.loss.SigmoidBCELoss is gluon.loss.SigmoidBinaryCrossEntropyLoss


def test_stable_for_extreme_logits():
    x = nd.array([[1000.0, -1000.0]])
    assert gluon.loss.SoftmaxCELoss()(x, nd.array([1])).asscalar() == 2000
    assert np.isfinite(gluon.loss.SigmoidBCELoss()(x, nd.array([[0.0, 1.0]])).asscalar())


@pytest.mark.parametrize(
    ("loss", "pred", "label"),
    [
        (gluon.loss.L2Loss(), (2, 3), (4, 2)),
        (gluon.loss.SoftmaxCELoss(), (2, 3), (3,)),
        (gluon.loss.SoftmaxCELoss(sparse_label=False), (2, 3), (2, 4)),
    ],
)
def test_labels_that_do_not_fit(loss, pred, label):
    with pytest.raises((mx.MXNetError, ValueError)) as caught:
        loss(nd.ones(pred), nd.ones(label))
    assert str(pred) in str(caught.value)
    assert str(label) in str(caught.value)


def test_a_loss_must_say_what_it_computes():
    with pytest.raises(NotImplementedError, match="Loss must define hybrid_forward"):
        gluon.loss.Loss(1.0, 0)(nd.ones(2))
