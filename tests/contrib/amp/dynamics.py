"""Loss scaling step by step, for MXNet and for us: a network that computes in float32, whose gradients are what is put
there.
"""

from __future__ import annotations

from typing import Any


def _numbers(scaler: Any) -> list:
    return [scaler.loss_scale, scaler._next_loss_scale, scaler._unskipped]


def _parameter(mx: Any) -> Any:
    found = mx.gluon.Parameter("weight", shape=(3,))
    found.initialize("ones")
    return found


def growth(mx: Any) -> dict[str, list]:
    """The scaler's numbers after so many calls of ``has_overflow``, the first good, then bad, then good at the top."""
    scaler, parameter = mx.contrib.amp.loss_scaler.LossScaler(), _parameter(mx)
    parameter.grad()[:] = 1
    found = {"new": _numbers(scaler)}
    for i in range(1, 4002):
        overflow = scaler.has_overflow([parameter])
        if i in (1, 2, 1999, 2000, 2001, 3999, 4000, 4001):
            found[f"good {i}"] = [overflow, *_numbers(scaler)]
    parameter.grad()[:] = float("inf")
    for i in range(1, 31):
        overflow = scaler.has_overflow([parameter])
        if i in (1, 2, 30):
            found[f"bad {i}"] = [overflow, *_numbers(scaler)]
    parameter.grad()[:] = 1
    scaler._unskipped, scaler._next_loss_scale = 1999, 2.0**24
    found["top"] = [scaler.has_overflow([parameter]), *_numbers(scaler)]
    return found


def after_overflow(mx: Any) -> list:
    """Five steps of a trainer, the third with an infinite gradient, the last one unscaled before: weights, gradients,
    the scaler's numbers, and the trainer's scale inside of ``scale_loss`` and after the step.
    """
    amp, parameter = mx.contrib.amp, _parameter(mx)
    trainer = mx.gluon.Trainer([parameter], "sgd", {"learning_rate": 0.125, "rescale_grad": 0.5}, kvstore=None)
    amp.init_trainer(trainer)
    found = []
    for i in range(5):
        with mx.autograd.record():
            loss = parameter.data() * 2
            with amp.scale_loss(loss, trainer) as scaled:
                inside = trainer._scale
                scaled.backward()
        if i == 2:
            parameter.grad()[:] = float("inf")
        if i == 4:
            amp.unscale(trainer)
        seen = parameter.grad().asnumpy().tolist()
        trainer.step(2)
        weights = parameter.data().asnumpy().tolist()
        found.append([weights, str(seen), _numbers(trainer._amp_loss_scaler), inside, trainer._scale])
    return found
