"""``torch.compile``: kernels made for the graph. It needs a C++ compiler, and seconds to minutes for the first call."""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch
import torch.fx as fx

__all__ = ["inductor"]

_COMPILERS = ("cl",) if sys.platform == "win32" else ("g++", "clang++", "c++")


def inductor(module: fx.GraphModule, inputs: int) -> Callable[..., Any]:
    """Compiled code, or the flat one with a warning where compiling is impossible or fails."""
    if not any(map(shutil.which, _COMPILERS)):
        warnings.warn("backend='inductor' needs a C++ compiler, and there is none: running without.", stacklevel=2)
        return module.forward
    if any(node.op == "placeholder" and node.target == "_rng" for node in module.graph.nodes):
        return module.forward  # torch.compile takes no generators
    return _Compiled(module)


class _Compiled:
    """Compiles in its first call."""

    def __init__(self, module: fx.GraphModule) -> None:
        self._module = module
        self._run: Any = None

    def __call__(self, *tensors: torch.Tensor) -> Any:
        if self._run is None:
            compiled = torch.compile(self._module, backend="inductor", fullgraph=True, dynamic=False)
            try:
                results = compiled(*tensors)
            except Exception as error:
                reason = str(error).strip().split("\n")[0]
                warnings.warn(f"backend='inductor' cannot compile this graph, running without: {reason}", stacklevel=2)
                self._run = self._module.forward
                return self._run(*tensors)
            self._run = compiled
            return results
        return self._run(*tensors)

    @property
    def code(self) -> str:
        """The flat code that was compiled."""
        return self._module.code
