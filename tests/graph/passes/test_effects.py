"""What is believed of torch's calls, held against torch: who shares memory, who writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.fx as fx
import torch.nn.functional as F

from mxnet.graph.passes import effects
from tests.graph.passes.rewriting import as_function, graph_of, normal

# (call, the shape of x): the last node of its graph is the call in question.
ALWAYS: dict[str, tuple[Callable[..., Any], tuple]] = {
    "view": (lambda x: x.view(6), (2, 3)),
    "unflatten": (lambda x: x.unflatten(0, (2, 1)), (2, 3)),
    "squeeze": (lambda x: x.squeeze(1), (2, 1)),
    "unsqueeze": (lambda x: x.unsqueeze(1), (2, 3)),
    "t": (lambda x: x.t(), (2, 3)),
    "mT": (lambda x: x.mT, (2, 3)),
    "T": (lambda x: x.T, (2, 3)),
    "transpose": (lambda x: x.transpose(0, 1), (2, 3)),
    "permute": (lambda x: x.permute(1, 0), (2, 3)),
    "movedim": (lambda x: x.movedim(0, 1), (2, 3)),
    "swapaxes": (lambda x: x.swapaxes(0, 1), (2, 3)),
    "detach": (lambda x: x.detach(), (2, 3)),
    "expand": (lambda x: x.expand(4, 3), (1, 3)),
    "expand_as": (lambda x: x.expand_as(x), (1, 3)),
    "broadcast_to": (lambda x: torch.broadcast_to(x, (4, 3)), (1, 3)),
    "narrow": (lambda x: x.narrow(0, 1, 1), (2, 3)),
    "select": (lambda x: x.select(0, 1), (2, 3)),
    "view_as": (lambda x: x.view_as(x), (2, 3)),
    "diagonal": (lambda x: x.diagonal(), (3, 3)),
    "as_strided": (lambda x: x.as_strided((2,), (1,)), (2, 3)),
    "unbind": (lambda x: x.unbind(0)[0], (2, 3)),
    "chunk": (lambda x: x.chunk(2)[0], (2, 3)),
    "split": (lambda x: x.split(1)[0], (2, 3)),
    "tensor_split": (lambda x: x.tensor_split(2)[0], (2, 3)),
    "item": (lambda x: x[1], (2, 3)),
    "slices": (lambda x: x[..., None, 1:], (2, 3)),
}
SOMETIMES: dict[str, tuple[Callable[..., Any], tuple]] = {
    "reshape": (lambda x: x.reshape(6), (2, 3)),
    "flatten": (lambda x: x.flatten(), (2, 3)),
    "contiguous": (lambda x: x.contiguous(), (2, 3)),
    "reshape_as": (lambda x: x.reshape_as(x), (2, 3)),
    "to": (lambda x: x.to(torch.float32), (2, 3)),
    "type_as": (lambda x: x.type_as(x), (2, 3)),
    "float": (lambda x: x.float(), (2, 3)),
    "double": (lambda x: x.double(), (2, 3)),
    "unfold": (lambda x: x.unfold(0, 2, 1), (3, 3)),
    "F.unfold": (lambda x: F.unfold(x, 2), (1, 1, 3, 3)),
    "real": (lambda x: torch.real(x), (2, 3)),
    "dropout": (lambda x: torch.dropout(x, 0.5, False), (2, 3)),
    "list": (lambda x: x[[0, 1]], (2, 3)),
    "mask": (lambda x: x[[True, False]], (2, 3)),
    "tensor": (lambda x: x[torch.argsort(x[:, 0])], (2, 3)),
    "lists and slices": (lambda x: x[:, [0]], (2, 3)),
}
NEVER: dict[str, tuple[Callable[..., Any], tuple]] = {
    "clone": (lambda x: x.clone(), (2, 3)),
    "relu": (lambda x: torch.relu(x), (2, 3)),
    "add": (lambda x: x + 0, (2, 3)),
    "cat": (lambda x: torch.cat([x]), (2, 3)),
    "max_pool2d": (lambda x: torch.max_pool2d(x, 1), (1, 2, 3, 3)),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 1), (1, 2, 3, 3)),
    "linear": (lambda x: F.linear(x, x), (3, 3)),
    "index_select": (lambda x: torch.index_select(x, 0, torch.argsort(x[:, 0])), (2, 3)),
    "repeat": (lambda x: x.repeat(1, 1), (2, 3)),
}


def examined(function: Callable[..., Any], shape: tuple) -> tuple[fx.Node, bool]:
    """The last call of a function, and whether it shares memory with what is given."""
    x = normal(*shape)
    graph = graph_of(function, x)
    (result,) = as_function(graph)(x)
    (output,) = graph.find_nodes(op="output")
    return output.args[0][0], result.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()


@pytest.mark.parametrize("case", ALWAYS.values(), ids=ALWAYS)
def test_views(case):
    node, shared = examined(*case)
    assert shared
    assert effects.shows(node)
    assert effects.is_view(node)
    assert effects.is_pure(node)


@pytest.mark.parametrize("case", SOMETIMES.values(), ids=SOMETIMES)
def test_what_may_be_a_view(case):
    node, _ = examined(*case)
    assert not effects.shows(node)
    assert effects.is_view(node)


@pytest.mark.parametrize("case", NEVER.values(), ids=NEVER)
def test_new_memory(case):
    node, shared = examined(*case)
    assert not shared
    assert not effects.is_view(node)


def test_all_methods_of_tensors_that_write():
    """Whatever changes a tensor's version is known to write, and whatever is believed to write does."""
    graph = fx.Graph()
    x = graph.placeholder("x")
    seen = 0
    for name in dir(torch.Tensor):
        if name.startswith("__") or name in ("module_load", "rename_", "requires_grad_", "share_memory_"):
            continue
        tensor = normal(3, 3)
        attribute = getattr(torch.Tensor, name)
        if not callable(attribute):
            continue
        for arguments in ((), (0,), (normal(3, 3, seed=1),)):
            before = tensor._version
            try:
                attribute(tensor, *arguments)
            except Exception:  # other arguments are wanted
                continue
            if tensor._version != before:
                seen += 1
                assert effects.writes(graph.call_method(name, (x,))), name
            elif not name.endswith("_"):
                assert not effects.writes(graph.call_method(name, (x,))), name
    assert seen > 50


def test_written():
    graph = fx.Graph()
    x, y, z = map(graph.placeholder, "xyz")
    for name, args, kwargs, expected in [
        ("add_", (x, y), {}, [x]),
        ("add", (x, y), {}, []),
        ("__setitem__", (x, 0, y), {}, [x]),
        ("_foreach_add_", ([x, y], [z, z]), {}, [x, y]),
        ("mul", (x, y), {"out": z}, [x, z]),  # x too many is safe
    ]:
        assert effects.written(graph.call_method(name, args, kwargs)) == expected, name


def test_draws():
    graph = fx.Graph()
    x, rng = graph.placeholder("x"), graph.placeholder("_rng")
    drawing = graph.call_method("uniform_", (x,), {"generator": rng})
    assert effects.draws(drawing)
    assert not effects.draws(graph.call_function(torch.relu, (drawing,)))
    assert not effects.is_pure(graph.call_function(torch.normal, (x, x), {"generator": rng}))


def test_names():
    graph = fx.Graph()
    x = graph.placeholder("x")
    assert effects.is_call(graph.call_method("relu", (x,)), "relu", "tanh")
    assert effects.is_call(graph.call_function(torch.tanh, (x,)), "relu", "tanh")
    assert effects.is_call(graph.call_function(F.linear, (x, x)), "linear")
    assert not effects.is_call(graph.placeholder("relu"), "relu")
    assert effects.name_of(graph.call_function(print, (x,))) == "print"
