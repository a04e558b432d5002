"""OwnGradient: the base of functions whose gradient is not the one that torch would derive."""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import handle_torch_function, has_torch_function

__all__ = ["OwnGradient"]


class OwnGradient(torch.autograd.Function):
    """A ``torch.autograd.Function`` that takes part in torch's override protocol, as torch's own functions do.

    So whoever listens to the calls of torch's functions (see ``graph/trace.py``) hears one call, not what ``forward``
    does.
    """

    @classmethod
    def apply(cls, *args: Any) -> Any:
        if has_torch_function(args):
            return handle_torch_function(cls.apply, args, *args)
        return super().apply(*args)
