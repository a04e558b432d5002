"""How weights follow gradients: the update operators of all optimizers, for one weight and for many."""

from . import adamw, amp, descent, lamb, multi_sgd, sgd_adam
