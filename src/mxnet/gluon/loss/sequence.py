"""The loss of sequences that are labelled without saying what belongs where."""

from __future__ import annotations

from typing import Any

from .base import Loss, _apply_weighting


class CTCLoss(Loss):
    r"""Connectionist temporal classification: :math:`L = -\log P(label \mid softmax(pred))`, where a label's
    probability is that of all sequences of T classes that give it when repetitions are merged and blanks left out.

    pred: (N, T, C) scores, as ``layout`` says; class C - 1 is the blank · label: (N, L) class numbers, as
    ``label_layout`` says, padded with -1 · pred_lengths, label_lengths: (N,), by default the whole of pred, and labels
    up to the padding · sample_weight: broadcasts to (N,) · returns (N,).

    Graves, Fernández, Gomez & Schmidhuber, "Connectionist temporal classification" (2006).

    Parameters
    ----------
    layout : str
        "NTC" or "TNC".
    label_layout : str
        "NT" or "TN".
    weight : float or None
    """

    def __init__(
        self, layout: str = "NTC", label_layout: str = "NT", weight: float | None = None, **kwargs: Any
    ) -> None:
        if layout not in ("NTC", "TNC"):
            raise AssertionError(f"Only 'NTC' and 'TNC' layouts for pred are supported. Got: {layout}")
        if label_layout not in ("NT", "TN"):
            raise AssertionError(f"Only 'NT' and 'TN' layouts for label are supported. Got: {label_layout}")
        super().__init__(weight, label_layout.find("N"), **kwargs)
        self._layout, self._label_layout = layout, label_layout

    def hybrid_forward(
        self,
        F: Any,
        pred: Any,
        label: Any,
        pred_lengths: Any = None,
        label_lengths: Any = None,
        sample_weight: Any = None,
    ) -> Any:
        if self._layout == "NTC":
            pred = F.swapaxes(pred, 0, 1)
        if self._label_layout == "TN":
            label = F.swapaxes(label, 0, 1)
        loss = F.CTCLoss(
            pred,
            label,
            pred_lengths,
            label_lengths,
            use_data_lengths=pred_lengths is not None,
            use_label_lengths=label_lengths is not None,
            blank_label="last",
        )
        return _apply_weighting(F, loss, self._weight, sample_weight)
