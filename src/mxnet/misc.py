"""``mx.misc``: schedules of learning rates in their oldest form. ``mx.lr_scheduler`` has today's."""

from __future__ import annotations

import logging
import math

__all__ = ["FactorScheduler", "LearningRateScheduler"]


class LearningRateScheduler:
    """From the number of an iteration to a learning rate. ``base_lr`` is that of the start."""

    def __init__(self) -> None:
        self.base_lr = 0.01

    def __call__(self, iteration: int) -> float:
        """The learning rate; subclasses define it."""
        raise NotImplementedError("must override this")


class FactorScheduler(LearningRateScheduler):
    """``base_lr * factor ** floor(iteration / step)``; each change is logged.

    Raises ValueError for a step below 1, and for a factor that is not below 1.
    """

    def __init__(self, step: int, factor: float = 0.1) -> None:
        super().__init__()
        if step < 1:
            raise ValueError(f"Schedule step must be greater or equal than 1 round, but is {step}")
        if factor >= 1.0:
            raise ValueError(f"Factor must be less than 1 to make lr reduce, but is {factor}")
        self.step, self.factor = step, factor
        self.old_lr, self.init = self.base_lr, False

    def __call__(self, iteration: int) -> float:
        if not self.init:
            self.init, self.old_lr = True, self.base_lr
        lr = self.base_lr * math.pow(self.factor, int(iteration / self.step))
        if lr != self.old_lr:
            self.old_lr = lr
            logging.info("At Iteration [%d]: Switch to new learning rate %.5f", iteration, lr)
        return lr
