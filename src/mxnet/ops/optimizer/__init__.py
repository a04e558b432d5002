"""How weights follow gradients: the update operators of all optimizers, for one weight and for many."""

from . import adamw, amp, descent, lamb, multi_sgd, rules, sgd_adam
