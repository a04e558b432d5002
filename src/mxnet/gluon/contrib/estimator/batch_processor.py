"""What an estimator does with a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .... import autograd
from ....context import Context
from ....ndarray import NDArray
from ...utils import split_and_load

if TYPE_CHECKING:
    from .estimator import Estimator

__all__ = ["BatchProcessor"]

Arrays = list[NDArray]  # one on each context


class BatchProcessor:
    """Runs a batch ``(data, label)`` through network and loss. Subclasses do so for batches of another form."""

    def _get_data_and_label(self, batch: Any, ctx: Sequence[Context], batch_axis: int = 0) -> tuple[Arrays, Arrays]:
        """Data and labels, each cut into a part for every context."""
        data, label = batch[0], batch[1]
        return split_and_load(data, ctx, batch_axis=batch_axis), split_and_load(label, ctx, batch_axis=batch_axis)

    def evaluate_batch(
        self, estimator: Estimator, val_batch: Any, batch_axis: int = 0
    ) -> tuple[Arrays, Arrays, Arrays, Arrays]:
        """Data, labels, predictions and losses, from the validation network and loss in prediction mode."""
        data, label = self._get_data_and_label(val_batch, estimator.context, batch_axis)
        pred = [estimator.val_net(x) for x in data]
        loss = [estimator.val_loss(y_hat, y) for y_hat, y in zip(pred, label, strict=True)]
        return data, label, pred, loss

    def fit_batch(
        self, estimator: Estimator, train_batch: Any, batch_axis: int = 0
    ) -> tuple[Arrays, Arrays, Arrays, Arrays]:
        """Data, labels, predictions and losses, after the backward pass; ``GradientUpdateHandler`` does the update."""
        data, label = self._get_data_and_label(train_batch, estimator.context, batch_axis)
        with autograd.record():
            pred = [estimator.net(x) for x in data]
            loss = [estimator.loss(y_hat, y) for y_hat, y in zip(pred, label, strict=True)]
        for part in loss:
            part.backward()
        return data, label, pred, loss
