"""Gradient compression: what a worker would send in two bits a number, with the error kept for the next time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..base import MXNetError

__all__ = ["TwoBit"]


class TwoBit:
    r"""Quantizes gradients to :math:`\{-t, 0, t\}` with error feedback (Seide et al., 2014; Strom, 2015).

    .. math:: r \leftarrow r + g, \quad q = t \cdot [r \ge t] - t \cdot [r \le -t], \quad r \leftarrow r - q

    The residual r of each key and context is kept, so what is too small to be sent now adds up until it is sent.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._residuals: dict[Any, list[Tensor]] = {}

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> TwoBit:
        """From ``{"type": "2bit", "threshold": 0.5}``. Raises MXNetError for other types and thresholds up to 0."""
        if not isinstance(params, Mapping):
            raise AssertionError(
                f"unexpected type for compression_params: {type(params)}; expected a dict such as "
                "{'type': '2bit', 'threshold': 0.5}."
            )
        if "type" not in params:
            raise MXNetError(f"compression_params need a 'type': '2bit', but are {dict(params)}.")
        if params["type"] != "2bit":
            raise MXNetError(f"Unknown type for gradient compression {params['type']!r}; expected '2bit'.")
        try:
            threshold = float(params.get("threshold", 0.5))
        except (TypeError, ValueError):
            threshold = 0.0
        if not threshold > 0:
            raise MXNetError(
                f"the threshold of gradient compression must be greater than 0, but is {params['threshold']!r}."
            )
        return cls(threshold)

    def total(self, key: Any, tensors: Sequence[Tensor]) -> Tensor:
        """The sum of the quantized gradients of a key, one from each context."""
        residuals = self._residuals.get(key)
        if residuals is None or [(r.shape, r.dtype) for r in residuals] != [(t.shape, t.dtype) for t in tensors]:
            residuals = self._residuals[key] = [torch.zeros_like(tensor) for tensor in tensors]
        total = torch.zeros_like(tensors[0])
        for tensor, residual in zip(tensors, residuals, strict=True):
            residual += tensor
            sent = (residual >= self.threshold).to(residual.dtype) - (residual <= -self.threshold).to(residual.dtype)
            sent *= self.threshold
            residual -= sent
            total += sent.to(total.device)
        return total
