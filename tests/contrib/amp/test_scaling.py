"""Loss scaling: numbers and weights go as MXNet's, and a step whose gradients are not finite is left out."""

from __future__ import annotations

import json

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon
from mxnet.contrib import amp
from mxnet.contrib.amp.amp import _on

from . import dynamics
from .cases import GOLDEN

WANTED = json.loads(GOLDEN.read_text())


def test_the_scale_grows_and_shrinks_as_in_mxnet():
    assert dynamics.growth(mx) == WANTED["growth"]


def test_steps_are_skipped_as_in_mxnet():
    with _on("float16"):
        assert dynamics.after_overflow(mx) == WANTED["trainer"]["float16"]


def made(contexts=None, **kwargs):
    parameter = gluon.Parameter("weight", shape=(2,))
    parameter.initialize("ones", ctx=contexts)
    return parameter, gluon.Trainer([parameter], "sgd", {"learning_rate": 1.0}, **kwargs)


@pytest.mark.parametrize("kwargs", [{}, {"update_on_kvstore": False}, {"update_on_kvstore": True}, {"kvstore": None}])
def test_overflow_on_one_of_several_contexts(kwargs):
    parameter, trainer = made([mx.cpu(0), mx.cpu(1)], **kwargs)
    with _on("float16"):
        amp.init_trainer(trainer)
        for bad in (False, True):
            with autograd.record():
                losses = [weight * 1 for weight in parameter.list_data()]
                with amp.scale_loss(losses, trainer) as scaled:
                    autograd.backward(scaled)
            if bad:
                parameter.list_grad()[1][:] = np.nan
            before = parameter.list_data()[0].asnumpy()
            trainer.step(1)
            after = [weight.asnumpy().tolist() for weight in parameter.list_data()]
            moved = 0 if bad else 1 if kwargs.get("kvstore", 0) is None else 2
            assert after == [(before - moved).tolist()] * 2
        assert trainer._amp_loss_scaler._next_loss_scale == 2.0**15


def test_unscale_gives_gradients_to_clip():
    parameter, trainer = made()
    with _on("float16"):
        amp.init_trainer(trainer)
        with autograd.record(), amp.scale_loss([parameter.data() * 8], trainer) as scaled:
            assert isinstance(scaled, list)
            scaled[0].backward()
        assert (parameter.grad().asnumpy() == 8 * 2**16).all()
        amp.unscale(trainer)
        assert (parameter.grad().asnumpy() == 8).all()
        gluon.utils.clip_global_norm(parameter.list_grad(), 2**0.5)
        trainer.step(1)
    assert np.allclose(parameter.data().asnumpy(), 0, atol=1e-5)


def test_each_trainer_has_a_scaler():
    trainers = [made()[1] for _ in range(2)]
    with _on():
        for trainer in trainers:
            amp.init_trainer(trainer)
        scalers = [trainer._amp_loss_scaler for trainer in trainers]
        assert scalers[0] is amp.amp._State.scaler
        assert scalers[0] is not scalers[1]


def test_parameters_without_gradients():
    scaler = amp.loss_scaler.LossScaler()
    parameter, _ = made()
    parameter.grad_req = "null"
    with pytest.raises(IndexError, match="has a gradient"):
        scaler.has_overflow([parameter])


def test_wrong_calls():
    _, trainer = made()
    with pytest.raises(AssertionError, match="did you forget to call amp.init"):
        amp.init_trainer(trainer)
    with _on():
        for call in (amp.init_trainer, amp.unscale):
            with pytest.raises(TypeError, match="should be a Gluon Trainer"):
                call(5)
            with pytest.raises(TypeError, match="only compatible with Gluon Trainer"):
                call(mx.optimizer.SGD())
        with pytest.raises(AttributeError, match="init_trainer"):
            amp.unscale(trainer)
        with pytest.raises(AttributeError, match="init_trainer"), amp.scale_loss(mx.nd.ones(1), trainer):
            pass
