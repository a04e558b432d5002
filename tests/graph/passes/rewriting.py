"""Functions of tensors as graphs of torch's calls, for the tests of passes; and what a rewritten graph has to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.fx as fx

from mxnet.graph.passes.effects import name_of
from mxnet.graph.passes.fold import Folded
from mxnet.graph.trace import Info

__all__ = ["as_function", "calls", "check", "code", "graph_of", "node_of", "normal", "whole"]

Function = Callable[..., Any]


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Normally distributed numbers, the same ones for the same arguments."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


class _Describing(fx.Interpreter):
    """Runs a graph, and notes what it sees of each tensor."""

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        if isinstance(result, torch.Tensor):
            n.meta["info"] = Info(
                tuple(result.shape), result.dtype, result.device, result.stride(), result.requires_grad
            )
        return result


def graph_of(function: Function, *tensors: torch.Tensor) -> fx.Graph:
    """The calls of a function, described as a trace for these tensors describes them. It returns a tuple."""
    module = fx.symbolic_trace(function)
    _Describing(module).run(*(tensor.clone() for tensor in tensors))
    output = next(iter(reversed(module.graph.nodes)))
    if isinstance(output.args[0], fx.Node):
        output.args = ((output.args[0],),)
    module.graph.owning_module = None
    return module.graph


def as_function(graph: fx.Graph, held: dict[str, Any] | None = None) -> Function:
    """What a graph computes. AssertionError where it is not well formed."""
    graph.lint()
    return fx.GraphModule(held or {}, graph).forward


def calls(graph: fx.Graph) -> list[str]:
    """The names of what a graph calls, in order."""
    return [name_of(node) for node in graph.nodes if node.op in ("call_function", "call_method")]


def node_of(graph: fx.Graph, name: str) -> fx.Node:
    """The only call of that name."""
    (found,) = [node for node in graph.nodes if node.op in ("call_function", "call_method") and name_of(node) == name]
    return found


def code(graph: fx.Graph) -> str:
    """The Python code of a graph: what shows whether a pass left it alone."""
    return graph.python_code("self").src


def whole(folded: Folded, inputs: int) -> Function:
    """Both parts of a graph that was split, as one function."""
    before, main = as_function(folded.before), as_function(folded.main)
    return lambda *tensors: main(*tensors[:inputs], *before(*tensors[inputs:]))


def check(
    expected: Function,
    found: Function,
    *tensors: torch.Tensor,
    gradients: bool = False,
    others: int = 2,
    rtol: float = 1e-5,
    atol: float = 1e-5,
) -> None:
    """Both give the same for these tensors and for ``others`` times random ones like them, in new contiguous memory,
    and leave their inputs alone; with ``gradients``, the same gradients of all inputs that have any.
    """
    count = len(tensors)
    drawn = [[_like(tensor, seed * count + i) for i, tensor in enumerate(tensors)] for seed in range(others)]
    for given in [list(tensors), *drawn]:
        wanted = _run(expected, given, gradients)
        got = _run(found, given, gradients)
        assert len(wanted) == len(got)
        assert all(tensor.is_contiguous() for tensor in got[: len(got) - gradients * len(given)]), "order in memory"
        for one, other in zip(wanted, got, strict=True):
            torch.testing.assert_close(other, one, rtol=rtol, atol=atol, equal_nan=True)


def _like(tensor: torch.Tensor, seed: int) -> torch.Tensor:
    if not tensor.is_floating_point():
        return tensor[torch.randperm(len(tensor), generator=torch.Generator().manual_seed(seed))]
    drawn = normal(*tensor.shape, seed=seed, dtype=tensor.dtype)
    return drawn.abs() + 0.1 if (tensor > 0).all() else drawn


def _run(function: Function, given: Iterable[torch.Tensor], gradients: bool) -> list[torch.Tensor]:
    before = [tensor.detach().clone() for tensor in given]
    leaves = [tensor.clone().requires_grad_(gradients and tensor.is_floating_point()) for tensor in before]
    with torch.set_grad_enabled(gradients):
        results = function(*leaves)
    results = list(results) if isinstance(results, (tuple, list)) else [results]
    for leaf, value in zip(leaves, before, strict=True):
        torch.testing.assert_close(leaf.detach(), value, rtol=0, atol=0, equal_nan=True, msg="an input was written to")
    if not gradients:
        return results
    directions = [normal(*result.shape, seed=i, dtype=result.dtype) for i, result in enumerate(results)]
    variables = [leaf for leaf in leaves if leaf.requires_grad]
    found = iter(torch.autograd.grad(results, variables, directions, allow_unused=True, materialize_grads=True))
    slopes = [next(found) if leaf.requires_grad else torch.zeros(()) for leaf in leaves]
    return [result.detach() for result in results] + slopes
