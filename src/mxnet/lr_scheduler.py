"""Learning rates that change with the number of updates.

A scheduler is called with ``num_update``, the largest number of updates any parameter has had, and returns the learning
rate to use. Each starts with an optional warm-up of ``warmup_steps`` updates: from ``warmup_begin_lr`` to ``base_lr``
("linear"), or at ``warmup_begin_lr`` throughout ("constant"). An optimizer that is given a learning rate of its own
sets ``base_lr``. A scheduler moves forward only: it keeps the last rate in ``base_lr``.
"""

from __future__ import annotations

import logging
from itertools import pairwise
from math import cos, pi

__all__ = ["CosineScheduler", "FactorScheduler", "LRScheduler", "MultiFactorScheduler", "PolyScheduler"]


class LRScheduler:
    """Base class: the warm-up. A subclass defines ``__call__(num_update) -> float``.

    base_lr: the rate after the warm-up; warmup_steps: an int, 0 for no warm-up; warmup_begin_lr: at most base_lr;
    warmup_mode: "linear" or "constant".
    """

    def __init__(
        self,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        _check_int("warmup_steps", warmup_steps)
        if warmup_begin_lr > base_lr:
            raise ValueError(f"Base lr has to be higher than warmup_begin_lr: got {base_lr} and {warmup_begin_lr}.")
        if warmup_steps < 0:
            raise ValueError(f"Warmup steps has to be positive or 0, got {warmup_steps}.")
        if warmup_mode not in ("linear", "constant"):
            raise ValueError(f"Supports only linear and constant modes of warmup, got {warmup_mode!r}.")
        self.base_lr = base_lr
        self.warmup_steps = warmup_steps
        self.warmup_final_lr = base_lr
        self.warmup_begin_lr = warmup_begin_lr
        self.warmup_mode = warmup_mode

    def get_warmup_lr(self, num_update: int) -> float:
        """The rate during the warm-up; AssertionError when ``num_update`` lies behind it."""
        if not num_update < self.warmup_steps:
            raise AssertionError(f"Update {num_update} is not in the warm-up of {self.warmup_steps} updates.")
        if self.warmup_mode == "constant":
            return self.warmup_begin_lr
        rise = (self.warmup_final_lr - self.warmup_begin_lr) * float(num_update) / float(self.warmup_steps)
        return self.warmup_begin_lr + rise

    def __call__(self, num_update: int) -> float:
        raise NotImplementedError(f"{type(self).__name__} must override __call__(num_update).")


class FactorScheduler(LRScheduler):
    """Multiply the rate by ``factor`` after every ``step`` updates, down to ``stop_factor_lr``."""

    def __init__(
        self,
        step: int,
        factor: float = 1,
        stop_factor_lr: float = 1e-8,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        _check_step(step)
        _check_factor(factor)
        self.step = step
        self.factor = factor
        self.stop_factor_lr = stop_factor_lr
        self.count = 0

    def __call__(self, num_update: int) -> float:
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        while num_update > self.count + self.step:
            self.count += self.step
            self.base_lr *= self.factor
            if self.base_lr < self.stop_factor_lr:
                self.base_lr = self.stop_factor_lr
                logging.info(
                    "Update[%d]: now learning rate arrived at %0.5e, will not change in the future",
                    num_update,
                    self.base_lr,
                )
            else:
                logging.info("Update[%d]: Change learning rate to %0.5e", num_update, self.base_lr)
        return self.base_lr


class MultiFactorScheduler(LRScheduler):
    """Multiply the rate by ``factor`` after each of the update numbers in ``step``, an increasing list."""

    def __init__(
        self,
        step: list[int],
        factor: float = 1,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if not isinstance(step, list) or not step:
            raise AssertionError(f"Schedule step must be a list of one or more update numbers, got {step!r}.")
        for number in step:
            _check_step(number)
        if any(later <= earlier for earlier, later in pairwise(step)):
            raise ValueError(f"Schedule step must be an increasing integer list, got {step}.")
        _check_factor(factor)
        self.step = step
        self.cur_step_ind = 0
        self.factor = factor
        self.count = 0

    def __call__(self, num_update: int) -> float:
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        while self.cur_step_ind < len(self.step) and num_update > self.step[self.cur_step_ind]:
            self.count = self.step[self.cur_step_ind]
            self.cur_step_ind += 1
            self.base_lr *= self.factor
            logging.info("Update[%d]: Change learning rate to %0.5e", num_update, self.base_lr)
        return self.base_lr


class _Decay(LRScheduler):
    """From the constructor's ``base_lr`` to ``final_lr`` along a curve, between the warm-up and ``max_update``.

    Later updates keep the last rate. A subclass gives the curve: ``_left(done)`` falls from 1 to 0 in ``max_steps``.
    """

    def __init__(
        self,
        max_update: int,
        base_lr: float,
        final_lr: float,
        warmup_steps: int,
        warmup_begin_lr: float,
        warmup_mode: str,
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        _check_int("max_update", max_update)
        if max_update < 1:
            raise ValueError(f"maximum number of updates must be strictly positive, got {max_update}.")
        self.base_lr_orig = base_lr
        self.max_update = max_update
        self.final_lr = final_lr
        self.max_steps = max_update - warmup_steps

    def __call__(self, num_update: int) -> float:
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        if num_update <= self.max_update:
            # A warm-up as long as the whole schedule leaves no way to go.
            left = self._left(num_update - self.warmup_steps) if self.max_steps else 0.0
            self.base_lr = self.final_lr + (self.base_lr_orig - self.final_lr) * left
        return self.base_lr

    def _left(self, done: int) -> float:
        raise NotImplementedError


class PolyScheduler(_Decay):
    r"""Polynomial decay: with :math:`p` the part of the way done, :math:`lr = final + (base - final) (1 - p)^{pwr}`."""

    def __init__(
        self,
        max_update: int,
        base_lr: float = 0.01,
        pwr: float = 2,
        final_lr: float = 0,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(max_update, base_lr, final_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        self.power = pwr

    def _left(self, done: int) -> float:
        return pow(1 - done / self.max_steps, self.power)


class CosineScheduler(_Decay):
    r"""Half a cosine: with :math:`p` the part of the way done, :math:`lr = final + (base - final)(1 + \cos \pi p)/2`.

    Loshchilov & Hutter, "SGDR: Stochastic gradient descent with warm restarts" (2016), without the restarts.
    """

    def __init__(
        self,
        max_update: int,
        base_lr: float = 0.01,
        final_lr: float = 0,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(max_update, base_lr, final_lr, warmup_steps, warmup_begin_lr, warmup_mode)

    def _left(self, done: int) -> float:
        return (1 + cos(pi * done / self.max_steps)) / 2


def _check_int(name: str, value: object) -> None:
    if not isinstance(value, int):
        raise AssertionError(f"{name} must be an int, got {type(value).__name__} {value!r}.")


def _check_step(step: float) -> None:
    if step < 1:
        raise ValueError(f"Schedule step must be greater or equal than 1 round, got {step}.")


def _check_factor(factor: float) -> None:
    if factor > 1.0:
        raise ValueError(f"Factor must be no more than 1 to make lr reduce, got {factor}.")
