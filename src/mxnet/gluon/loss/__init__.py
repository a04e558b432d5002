"""Losses: blocks that turn predictions and labels into one number for each sample.

`base` holds what they share; `regression` those of numbers, `classification` those of classes, `sequence` CTC, and
`embedding` those that compare vectors with each other. A loss of one's own derives from `Loss` and defines
``hybrid_forward(self, F, pred, label, sample_weight=None)``.
"""

from __future__ import annotations

from .base import Loss, _apply_weighting, _reshape_like  # GluonCV and GluonNLP import the helpers too
from .classification import (
    HingeLoss,
    KLDivLoss,
    LogisticLoss,
    SigmoidBCELoss,
    SigmoidBinaryCrossEntropyLoss,
    SoftmaxCELoss,
    SoftmaxCrossEntropyLoss,
    SquaredHingeLoss,
)
from .embedding import CosineEmbeddingLoss, SDMLLoss, TripletLoss
from .regression import HuberLoss, L1Loss, L2Loss, PoissonNLLLoss
from .sequence import CTCLoss

__all__ = [
    "CTCLoss",
    "CosineEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "L2Loss",
    "LogisticLoss",
    "Loss",
    "PoissonNLLLoss",
    "SDMLLoss",
    "SigmoidBCELoss",
    "SigmoidBinaryCrossEntropyLoss",
    "SoftmaxCELoss",
    "SoftmaxCrossEntropyLoss",
    "SquaredHingeLoss",
    "TripletLoss",
]
