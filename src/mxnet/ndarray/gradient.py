"""Gradients of arrays: where they start (leaves), how they are computed, and how they arrive in ``grad`` buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from .._state import changes
from ..base import MXNetError
from ..ops.custom import is_blamed
from ..ops.sparse import storage

if TYPE_CHECKING:
    from .ndarray import NDArray

__all__ = ["Leaf", "attach", "backward", "drop", "grad", "refill"]

_REQUESTS = {"write": "write", "add": "add", "null": "null", 0: "null", 1: "write", 3: "add"}


class Leaf:
    """The gradient side of an array with ``attach_grad``: its buffer, and how results get there.

    torch accumulates into the leaf tensor; right after, ``receive`` moves the result on: 'write' hands the new tensor
    to the buffer without copying, 'add' adds it. ``fresh`` says that a backward pass has written since the last update.
    """

    __slots__ = ("fresh", "grad", "owned", "request")

    def __init__(self, grad: NDArray, request: str, owned: bool) -> None:
        self.grad, self.request, self.owned, self.fresh = grad, request, owned, False

    def receive(self, leaf: torch.Tensor) -> None:
        new, leaf.grad = leaf.grad, None
        if new is None:  # a Function that gives this input no gradient
            return
        buffer = self.grad._data
        if buffer.layout is not torch.strided or new.layout is not torch.strided:
            new = storage.cast(new, storage.stype(buffer))
            if buffer.layout is not torch.strided:
                new = buffer + new if self.request == "add" else new
                self.grad._data = new.coalesce() if new.layout is torch.sparse_coo else new
                self.fresh = True
                return
        if self.request == "add":
            self.grad._data.add_(new)
        elif self.owned and new.is_contiguous() and not _has_no_memory(new):  # zeros that have no memory
            self.grad._data = new
        else:
            self.grad._data.copy_(new)
        self.fresh = True


def attach(array: NDArray, request: Any, buffer: NDArray, owned: bool = True) -> None:
    """Make ``array`` a leaf with this gradient buffer; ``owned``: nobody else holds the buffer's memory."""
    request = _REQUESTS[request]
    data = array._data
    array._graph = None
    leaf = array._leaf = Leaf(buffer, request, owned)
    changes.count += 1
    if request != "null" and data.is_floating_point():
        tensor = data.detach().requires_grad_()
        tensor.register_post_accumulate_grad_hook(leaf.receive)
        array._graph = tensor


def refill(array: NDArray, data: torch.Tensor) -> None:
    """Put other values into a sparse array. If it is a leaf it stays one: gradients with respect to old and new values
    add up in its buffer.
    """
    graph, is_leaf = array._graph, array._leaf is not None
    array._data, array._graph = data, None
    if is_leaf and graph is not None:
        leaf = graph if graph.is_leaf else graph.grad_fn.next_functions[0][0].variable  # type: ignore[union-attr]
        with torch.enable_grad():
            array._graph = _Refilled.apply(leaf, [data])  # type: ignore[assignment]


class _Refilled(torch.autograd.Function):
    """Other values in the place of a leaf's; their gradient is the leaf's."""

    @staticmethod
    def forward(ctx: Any, leaf: torch.Tensor, data: list[torch.Tensor]) -> torch.Tensor:
        return data[0].detach()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:  # type: ignore[override]
        return grad, None


def drop(array: NDArray) -> None:
    """Give up being a leaf, and the memory of the gradient."""
    array._data  # noqa: B018 - detached from the graph tensor while that is still there
    array._graph = array._leaf = None
    changes.count += 1


def backward(heads: Sequence[NDArray], head_grads: Sequence[NDArray | None], retain_graph: bool = False) -> None:
    """Propagate from ``heads`` to every leaf below them. Raises MXNetError when a head is not in a graph."""
    tensors, grads = _heads(heads, head_grads)
    try:
        _run(tensors, grads, retain_graph)
    except RuntimeError as error:
        raise _explain(error) from None
    if not retain_graph:
        for head in heads:
            release(head)


def _run(tensors: list[torch.Tensor], grads: list[torch.Tensor], retain_graph: bool) -> None:
    """torch.autograd.backward without its checks in Python, which cost 10 us and were made already."""
    if _engine is None:
        torch.autograd.backward(tensors, grads, retain_graph=retain_graph)
    else:
        _engine.run_backward(
            tuple(tensors), tuple(grads), retain_graph, False, (), allow_unreachable=True, accumulate_grad=True
        )


# Private in torch, and so used here alone; tests switch the engine off to run the public way.
_has_no_memory = getattr(torch.Tensor, "_is_zerotensor", lambda tensor: False)
_engine = getattr(torch.autograd.Variable, "_execution_engine", None)


def grad(
    heads: Sequence[NDArray],
    variables: Sequence[NDArray],
    head_grads: Sequence[NDArray | None],
    retain_graph: bool,
    create_graph: bool,
) -> list[torch.Tensor]:
    """Gradients of ``heads`` with respect to ``variables``, as tensors."""
    tensors, grads = _heads(heads, head_grads)
    inputs = []
    for i, variable in enumerate(variables):
        if variable._graph is None:
            raise MXNetError(
                f"variables[{i}] {variable.shape} is not in a computational graph. Call attach_grad() on it before "
                "record()."
            )
        inputs.append(variable._graph)
    try:
        results = torch.autograd.grad(
            tensors, inputs, grads, retain_graph=retain_graph, create_graph=create_graph, allow_unused=True
        )
    except RuntimeError as error:
        raise _explain(error) from None
    if not retain_graph:
        for head in heads:
            release(head)
    for i, result in enumerate(results):
        if result is None:
            raise MXNetError(
                f"variables[{i}] {variables[i].shape} is not reached from the heads: cannot differentiate with "
                "respect to it."
            )
    if not create_graph:
        return list(results)
    return [
        r if r.requires_grad else _Constant.apply(r, x)  # type: ignore[misc]
        for r, x in zip(results, inputs, strict=True)
    ]


class _Constant(torch.autograd.Function):
    """A gradient that depends on nothing: its own gradient is zero, rather than an error about a missing graph."""

    @staticmethod
    def forward(ctx: Any, value: torch.Tensor, variable: torch.Tensor) -> torch.Tensor:
        return value.clone()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[None, torch.Tensor]:  # type: ignore[override]
        return None, torch.zeros_like(grad)  # a gradient has its variable's shape


def release(array: NDArray) -> None:
    """Let go of the graph behind a head; a leaf stays one."""
    if array._graph is not None and not array._graph.is_leaf:
        array._data  # noqa: B018 - detached from the graph tensor while that is still there
        array._graph = None


def _heads(heads: Sequence[NDArray], head_grads: Sequence[NDArray | None]) -> tuple[list, list]:
    if len(heads) != len(head_grads):
        raise ValueError(f"{len(heads)} heads, but {len(head_grads)} head gradients; give one for each head, or None.")
    tensors, grads = [], []
    for i, (head, head_grad) in enumerate(zip(heads, head_grads, strict=True)):
        tensor = head._graph
        if tensor is None:
            raise MXNetError(
                f"Cannot differentiate head {i} {head.shape} because it is not in a computational graph. Compute it "
                "inside autograd.record() from arrays with attach_grad(); after one backward the graph is gone unless "
                "retain_graph=True was given."
            )
        if head_grad is None:
            if tensor.layout is torch.strided:
                grads.append(torch.ones_like(tensor))
            else:
                ones = torch.ones(tensor.shape, dtype=tensor.dtype, device=tensor.device)
                grads.append(storage.cast(ones, storage.stype(tensor)))
        else:
            if head_grad.shape != head.shape:
                raise MXNetError(
                    f"the gradient of head {i} must have its shape {head.shape}, but has {head_grad.shape}."
                )
            grads.append(storage.cast(head_grad._source().to(tensor.dtype), storage.stype(tensor)))
        tensors.append(tensor)
    return tensors, grads


def _explain(error: RuntimeError) -> RuntimeError:
    text = str(error)
    if isinstance(error, MXNetError) or is_blamed(error):
        return error
    if "second time" in text:
        return MXNetError(
            "Cannot differentiate: the graph was freed by an earlier backward(). Give retain_graph=True there to walk "
            "it again."
        )
    if "modified by an inplace operation" in text:
        return MXNetError(
            "Cannot differentiate: an array that the gradient needs was written to after it was recorded. Write after "
            "backward(), or record from a copy."
        )
    return MXNetError(f"backward failed: {text}")
