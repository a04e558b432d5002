"""``mx.contrib.amp``: training and prediction in bfloat16 or float16 where that is quick, float32 where it is needed.

::

    amp.init()                          # bfloat16; before networks are built or hybridized
    trainer = gluon.Trainer(...)
    amp.init_trainer(trainer)           # float16 needs it: small gradients would vanish
    with autograd.record():
        loss = loss_fn(net(x), y)
        with amp.scale_loss(loss, trainer) as scaled:
            autograd.backward(scaled)
    trainer.step(batch_size)
"""

from __future__ import annotations

from . import lists, loss_scaler
from .amp import *  # noqa: F403
from .amp import __all__ as _names

__all__ = ["lists", "loss_scaler"]
__all__ += [*_names]
