"""Backends: how the code of a plan runs. ``hybridize(backend=...)`` names one.

A backend is a function from a ``torch.fx.GraphModule``, whose ``forward`` is the flat Python code, to the callable that
takes its place. It also gets the number of inputs, which are other tensors in every call; the other arguments are
parameters and what is made of them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch.fx as fx

from ...base import MXNetError
from .cuda_graph import cuda_graph
from .inductor import inductor

__all__ = ["Backend", "choose"]

Backend = Callable[[fx.GraphModule, int], Callable[..., Any]]


def flat(module: fx.GraphModule, inputs: int) -> Callable[..., Any]:
    """The generated Python as it is: nothing to wait for, and on a CPU the fastest for all that was measured."""
    return module.forward


_BACKENDS: dict[str | None, Backend] = {None: flat, "flat": flat, "inductor": inductor, "cuda_graph": cuda_graph}
_OF_MXNET = ("MKLDNN", "MKLDNN_QUANTIZE", "ONEDNN", "TensorRT", "TVM")


def choose(name: str | None, static: bool = False) -> Backend:
    """The backend of that name; ``static``: memory and shapes stay the same, which pays on a GPU.

    Raises MXNetError for an unknown name; one of MXNet's own gives the default, with a warning.
    """
    if name in _OF_MXNET:
        warnings.warn(f"backend {name!r} is part of MXNet; the default runs instead.", stacklevel=3)
        name = None
    if name not in _BACKENDS:
        known = ", ".join(repr(key) for key in _BACKENDS if key)
        raise MXNetError(f"unknown backend {name!r}; expected None or one of {known}.")
    if name is None and static:
        return cuda_graph  # which leaves code for a CPU alone
    return _BACKENDS[name]
