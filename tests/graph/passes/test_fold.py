"""What depends on parameters alone moves to a part that runs once, if nobody can tell. Views of parameters need no
guard, copies do.
"""

from __future__ import annotations

import pytest
import torch
import torch.fx as fx
import torch.nn.functional as F

from mxnet.graph.passes.fold import fold
from mxnet.ops import onednn
from tests.graph.passes.rewriting import as_function, calls, check, graph_of, normal, whole


def split(function, *tensors, inputs=1, only_views=False):
    """The folded graph, which computes the same; also twice in a row, with parts that are kept."""
    folded = fold(graph_of(function, *tensors), inputs, only_views)
    check(function, whole(folded, inputs), *tensors)
    given, parameters = tensors[:inputs], tensors[inputs:]
    bound, main = as_function(folded.before)(*parameters), as_function(folded.main)
    wanted = function(*tensors)
    for _ in range(2):
        for one, other in zip(wanted if isinstance(wanted, tuple) else [wanted], main(*given, *bound), strict=True):
            torch.testing.assert_close(other, one)
            other.zero_()  # a caller may write into what belongs to it
    return folded


def test_constants_and_the_rest():
    def function(x, w, v):
        return (x * torch.exp(w + v)).sum() + x

    folded = split(function, normal(2, 3), normal(3, seed=1), normal(3, seed=2))
    assert calls(folded.before) == ["add", "exp"]
    assert calls(folded.main) == ["mul", "sum", "add"]
    assert folded.sources == [0, 1]


def test_only_views():
    def function(x, w, v):
        return F.linear(x, w.t().view(3, 4)) + v.exp().unsqueeze(0)

    folded = split(
        function, normal(2, 4), normal(4, 3, seed=1).t().contiguous().t(), normal(3, seed=2), only_views=True
    )
    assert calls(folded.before) == ["t", "view"]
    assert calls(folded.main) == ["linear", "exp", "unsqueeze", "add"]  # a view of what is not folded is not either
    assert folded.sources == []


def test_views_of_copies_are_guarded():
    def function(x, w, v):
        return x + (w * 2).view(6)[1] + v.view(6)[1]

    folded = split(function, normal(2), normal(2, 3, seed=1), normal(2, 3, seed=2))
    assert calls(folded.before) == ["mul", "view", "getitem", "view", "getitem"]
    assert folded.sources == [0]


def test_items_of_results():
    def function(x, w):
        values, places = w.topk(2)
        return x + values + places + w.split(1)[0]

    folded = split(function, normal(2), normal(2, seed=1), only_views=True)
    assert calls(folded.before) == ["split", "getitem"]
    assert folded.sources == []
    folded = split(function, normal(2), normal(2, seed=1))
    assert folded.sources == [0]
    assert calls(folded.main) == ["add", "add", "add"]


# Calls that copy some arguments and show others.
COPIES = {
    "list": lambda x, w: x + w[[0, 1]],
    "mask": lambda x, w: x + w[[True, True, False, False]],
    "tensor": lambda x, w: x + w[torch.argsort(w[:, 0])[:2]],
    "reshape": lambda x, w: x + w.reshape(2, 6)[:, :3],
    "flatten": lambda x, w: x + w.flatten()[:3],
    "contiguous": lambda x, w: x + w.contiguous()[:2],
    "to": lambda x, w: x + w.to(torch.float64)[:2],
    "double": lambda x, w: x + w.double()[:2],
    "float": lambda x, w: x + w.float()[:2],
    "type_as": lambda x, w: x + w.type_as(w)[:2],
    "unfold": lambda x, w: x + F.unfold(w.view(1, 1, 4, 3), 2)[0, 0, :3],
}


@pytest.mark.parametrize("function", COPIES.values(), ids=COPIES)
def test_possible_copies_are_guarded(function):
    """Or else a changed weight would be missed."""
    tensors = normal(2, 3), normal(4, 3, seed=1)
    folded = split(function, *tensors, only_views=True)
    assert folded.sources == []
    x, weight = tensors
    bound = as_function(folded.before)(weight)
    weight.mul_(-3)
    torch.testing.assert_close(as_function(folded.main)(x, *bound)[0], function(x, weight))
    assert split(function, *tensors).sources == [0]


def test_inputs_are_no_constants():
    folded = split(lambda x, y, w: x.exp() + y.exp() + w.exp(), *(normal(3, seed=i) for i in range(3)), inputs=2)
    assert calls(folded.before) == ["exp"]
    assert folded.sources == [0]


def test_parameters_that_go_straight_to_the_rest():
    """They come in the order in which they are used, whatever their number."""

    def function(x, u, v, w):
        return x * w + v

    folded = split(function, *(normal(3, seed=i) for i in range(4)))
    assert calls(folded.before) == []
    assert folded.sources == []
    assert len(folded.main.find_nodes(op="placeholder")) == 3  # u is not needed


def test_nothing_to_fold():
    folded = split(lambda x: torch.relu(x) + 1, normal(3))
    assert calls(folded.before) == []
    assert folded.sources == []


@pytest.mark.parametrize("only_views", [True, False])
def test_outputs_are_memory_of_their_own(only_views):
    """Neither a constant nor a view of one leaves the graph: its owner may write into it."""

    def function(x, w, v):
        doubled, tripled = w * 2, v * 3
        return x + doubled, tripled, doubled.view(6), (v + 1)[1]

    split(function, normal(2, 3), normal(2, 3, seed=1), normal(2, 3, seed=2), only_views=only_views)


def test_what_is_written_to_is_no_constant():
    def function(x, w, v):
        changed = w * 2
        changed.add_(1)
        part = (v * 2).view(3)
        part.mul_(3)
        return x + changed + part

    folded = split(function, normal(3), normal(3, seed=1), normal(3, seed=2))
    assert calls(folded.before) == []
    assert calls(folded.main) == ["mul", "add_", "mul", "view", "mul_", "add", "add"]


def test_lists_that_are_written_to():
    def function(x, v, w):
        both = torch._foreach_mul([v, w], 2.0)
        first, second = both[0], both[1]
        torch._foreach_add_([first, second], 1.0)
        return x + first + second

    folded = split(function, normal(3), normal(3, seed=1), normal(3, seed=2))
    assert calls(folded.before) == []


def test_a_sum_that_convolution_writes_into_is_no_constant():
    x, w = normal(1, 4, 8, 8), normal(4, 4, 3, 3, seed=1)
    a, b = normal(1, 4, 8, 8, seed=2), normal(1, 4, 8, 8, seed=3)
    graph = fx.Graph()
    nodes = [graph.placeholder(name) for name in "xwab"]
    total = graph.call_function(torch.add, tuple(nodes[2:]))
    packed = graph.call_function(onednn.pack, (nodes[1], (1, 1), (1, 1), (1, 1), 1, x.shape))
    window = ((1, 1), (1, 1), (1, 1), 1)
    graph.output((graph.call_function(onednn.convolution_add_, (total, nodes[0], packed, None, *window, None)),))
    folded = fold(graph, 1, only_views=False)
    assert calls(folded.before) == ["pack"]
    assert calls(folded.main) == ["add", "convolution_add_"]
    main, bound = as_function(folded.main), as_function(folded.before)(w, a, b)
    for _ in range(3):
        torch.testing.assert_close(main(x, *bound)[0], a + b + F.conv2d(x, w, padding=1), rtol=1e-4, atol=1e-4)


def test_parameters_that_are_written_to():
    """Moving averages, written at the end: what is made of them is computed in every call."""

    def function(x, state):
        scale = state.exp()
        state.copy_(state * 0.5)
        return x * scale

    x, state = normal(3), torch.ones(3)
    graph = graph_of(function, x, state)
    folded = fold(graph, 1, only_views=False)
    assert calls(folded.before) == []
    main = as_function(folded.main)
    for i in range(3):
        torch.testing.assert_close(main(x, *as_function(folded.before)(state))[0], x * torch.tensor(0.5**i).exp())
    torch.testing.assert_close(state, torch.full((3,), 0.125))


def test_random_numbers_are_no_constants():
    graph = fx.Graph()
    x, w, rng = map(graph.placeholder, ("x", "w", "_rng"))
    empty = graph.call_function(torch.empty_like, (w,))
    noise = graph.call_method("uniform_", (empty,), {"generator": rng})
    mask = graph.call_function(torch.bernoulli, (w,), {"generator": rng})
    graph.output((graph.call_function(torch.add, (graph.call_function(torch.mul, (x, mask)), noise)),))
    folded = fold(graph, 1, only_views=False)
    assert calls(folded.before) == []
    assert [node.target for node in folded.main.find_nodes(op="placeholder")][-1] == "_rng"
    generator = torch.Generator().manual_seed(0)
    main, half = as_function(folded.main), torch.full((8,), 0.5)
    draws = [main(torch.ones(8), *as_function(folded.before)(half), generator)[0] for _ in range(2)]
    assert (draws[0] != draws[1]).any()


def test_held_objects_go_where_they_are_used():
    table = normal(3, seed=9)
    graph = fx.Graph()
    x, w = graph.placeholder("x"), graph.placeholder("w")
    held = graph.get_attr("held0")
    early = graph.call_function(torch.mul, (w, held))
    graph.output((graph.call_function(torch.add, (graph.call_function(torch.add, (x, early)), held)),))
    folded = fold(graph, 1, only_views=False)
    assert calls(folded.before) == ["mul"]
    assert calls(folded.main) == ["add", "add"]
    (bound,) = as_function(folded.before, {"held0": table})(torch.full((3,), 2.0))
    torch.testing.assert_close(as_function(folded.main, {"held0": table})(torch.ones(3), bound)[0], 1 + 3 * table)
