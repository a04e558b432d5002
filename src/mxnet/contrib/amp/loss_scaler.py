"""LossScaler: the number by which losses are multiplied, so that float16 gradients neither vanish nor overflow."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from ... import autograd
from ...gluon.parameter import Parameter
from ...ndarray import multi_all_finite

__all__ = ["LossScaler"]


class LossScaler:
    """Dynamic loss scaling (Micikevicius et al., 2018, "Mixed Precision Training").

    Begins with 2**16. A step whose gradients are not finite halves the scale; 2,000 good ones in a row double it, up
    to 2**24. What a step finds out is in force from the next call of ``has_overflow`` on, as in MXNet.
    """

    def __init__(self) -> None:
        self._loss_scale = self._next_loss_scale = 2.0**16
        self._max_loss_scale = 2.0**24
        self._scale_seq_len = 2000
        self._unskipped = 0

    @property
    def loss_scale(self) -> float:
        return self._loss_scale

    def has_overflow(self, params: Iterable[Parameter]) -> bool:
        """Whether some gradient is infinite or NaN: then the step is to be skipped. Decides the next scale.

        Raises IndexError where no parameter has a gradient.
        """
        self._loss_scale = self._next_loss_scale
        by_context = list(zip(*(p.list_grad() for p in params if p.grad_req != "null"), strict=True))
        if not by_context:
            raise IndexError("none of these parameters has a gradient")
        with autograd.pause():
            finite = [multi_all_finite(*gradients, num_arrays=len(gradients)) for gradients in by_context]
        overflow = not all(one.asscalar() for one in finite)
        if overflow:
            self._unskipped = 0
            self._next_loss_scale = self._loss_scale / 2
            logging.info("AMP: decreasing loss scale to %f", self._next_loss_scale)
        else:
            self._unskipped += 1
        if self._unskipped == self._scale_seq_len:
            self._unskipped = 0
            self._next_loss_scale = min(self._max_loss_scale, self._loss_scale * 2)
            logging.info("AMP: increasing loss scale to %f", self._next_loss_scale)
        return overflow
