"""CUDA graphs: all kernels of a prediction are launched at once, so small ones do not wait for Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.fx as fx

__all__ = ["cuda_graph"]

_WARM_UPS = 3  # runs before the capture, in which libraries allocate and choose kernels


def cuda_graph(module: fx.GraphModule, inputs: int) -> Callable[..., Any]:
    """A captured graph for tensors on a GPU; the flat code elsewhere, and where a call draws random numbers, writes
    into auxiliary states, or has gradients.
    """
    tensors = [node.meta["info"] for node in module.graph.nodes if node.op == "placeholder" and "info" in node.meta]
    if not tensors or any(info.device.type != "cuda" for info in tensors):
        return module.forward
    for node in module.graph.nodes:
        if (node.op == "placeholder" and node.target == "_rng") or node.target == "copy_":
            return module.forward
    return _Captured(module, inputs)


class _Captured:
    """Captures in its first call. Inputs are copied to where the graph reads; parameters are read where they are, and
    others are a reason to capture anew.
    """

    def __init__(self, module: fx.GraphModule, inputs: int) -> None:
        self._module, self._flat, self._count = module, module.forward, inputs
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: list[torch.Tensor] = []
        self._bound: tuple[torch.Tensor, ...] = ()
        self._outputs: Sequence[torch.Tensor] = ()

    def __call__(self, *tensors: torch.Tensor) -> Any:
        if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
            return self._flat(*tensors)
        given, bound = tensors[: self._count], tensors[self._count :]
        with torch.no_grad():
            if self._graph is None or any(one is not other for one, other in zip(bound, self._bound, strict=True)):
                self._capture(given, bound)
            for mine, tensor in zip(self._inputs, given, strict=True):
                mine.copy_(tensor)
            assert self._graph is not None
            self._graph.replay()
            return tuple(output.clone() for output in self._outputs)

    def _capture(self, given: Sequence[torch.Tensor], bound: tuple[torch.Tensor, ...]) -> None:
        self._inputs, self._bound = [tensor.clone() for tensor in given], bound
        device = bound[0].device if bound else given[0].device
        stream = torch.cuda.Stream(device)
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UPS):
                self._flat(*self._inputs, *bound)
        torch.cuda.current_stream(device).wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._outputs = self._flat(*self._inputs, *bound)

    @property
    def code(self) -> str:
        """The flat code that was captured."""
        return self._module.code
