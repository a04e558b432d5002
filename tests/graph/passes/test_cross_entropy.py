"""The loss of a classifier in one call: the same values, gradients and errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mxnet import autograd, gluon, nd
from mxnet.graph.passes.cross_entropy import fuse_cross_entropy
from mxnet.graph.passes.dead_code import remove_dead_code
from tests.graph.passes.rewriting import as_function, calls, check, code, graph_of, normal


def loss(x, labels):
    places = labels.unsqueeze(1).long()
    return torch.log_softmax(x, -1).gather(1, places).squeeze(1) * -1.0


def labels_of(n: int, classes: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randint(classes, (n,), generator=torch.Generator().manual_seed(1)).to(dtype)


def cleaned(graph):
    fuse_cross_entropy(graph)
    remove_dead_code(graph)
    return graph


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("kind", [torch.float32, torch.int32, torch.int64, torch.uint8])
@pytest.mark.parametrize(("n", "classes"), [(6, 4), (1, 1), (0, 3)])
def test_one_call(dtype, kind, n, classes):
    x, labels = normal(n, classes, dtype=dtype), labels_of(n, classes, kind)
    graph = cleaned(graph_of(loss, x, labels))
    assert calls(graph) == ["log_softmax", "long", "nll_loss"]
    found = as_function(graph)

    def expected(x):
        return loss(x, labels)

    check(expected, lambda x: found(x, labels), x, gradients=True, others=0)


def test_scores_that_others_use():
    def function(x, labels):
        scores = torch.log_softmax(x, 1)
        places = labels.unsqueeze(-1).long()
        return scores.gather(1, places).squeeze(1).mul(-1.0).mean(), scores.exp()

    x, labels = normal(6, 4), labels_of(6, 4)
    graph = cleaned(graph_of(function, x, labels))
    assert "nll_loss" in calls(graph)
    found = as_function(graph)
    check(lambda x: function(x, labels), lambda x: found(x, labels), x, gradients=True)


def test_two_losses_of_the_same_labels():
    def function(x, y, labels):
        places = labels.unsqueeze(1).long()
        one = torch.log_softmax(x, 1).gather(1, places).squeeze(1) * -1.0
        return one + torch.log_softmax(y, 1).gather(1, places).squeeze(1) * -1.0

    x, y, labels = normal(6, 4), normal(6, 4, seed=1), labels_of(6, 4)
    graph = cleaned(graph_of(function, x, y, labels))
    assert calls(graph).count("nll_loss") == 2
    assert "gather" not in calls(graph)
    found = as_function(graph)
    check(lambda x, y: function(x, y, labels), lambda x, y: found(x, y, labels), x, y, gradients=True)


@pytest.mark.parametrize("bad", [-1, 4, float("nan"), float("inf"), -1e10, -100])
def test_labels_out_of_range_are_refused(bad):
    """Also those that nll_loss would skip by default; the caller falls back to the operator, which clips."""
    x, labels = normal(6, 4), labels_of(6, 4)
    found = as_function(cleaned(graph_of(loss, x, labels)))
    labels[2] = bad
    for function in (loss, found):
        with pytest.raises((IndexError, RuntimeError)):
            function(x, labels)


def gathered_twice(x, labels):
    picked = torch.log_softmax(x, 1).gather(1, labels.unsqueeze(1).long())
    return picked.squeeze(1) * -1.0 + picked.squeeze(1)


def picked_leaves(x, labels):
    picked = torch.log_softmax(x, 1).gather(1, labels.unsqueeze(1).long())
    return picked.squeeze(1) * -1.0, picked


LEFT_ALONE = {
    "gathered twice": gathered_twice,
    "an output": picked_leaves,
    "another factor": lambda x, t: torch.log_softmax(x, 1).gather(1, t.unsqueeze(1).long()).squeeze(1) * -0.5,
    "no factor": lambda x, t: torch.log_softmax(x, 1).gather(1, t.unsqueeze(1).long()).squeeze(1),
    "not squeezed": lambda x, t: torch.log_softmax(x, 1).gather(1, t.unsqueeze(1).long()) * -1.0,
    "other scores": lambda x, t: torch.softmax(x, 1).gather(1, t.unsqueeze(1).long()).squeeze(1) * -1.0,
    "scores along another axis": lambda x, t: (
        torch.log_softmax(x, 0).gather(1, t.unsqueeze(1).long()).squeeze(1) * -1.0
    ),
    "gathered along another axis": lambda x, t: (
        torch.log_softmax(x, 1).gather(0, t.unsqueeze(1).long()).squeeze(1) * -1.0
    ),
    "a column of labels": lambda x, t: (
        torch.log_softmax(x, 1).gather(1, t.unsqueeze(1).unsqueeze(1)[:, 0].long()).squeeze(1) * -1.0
    ),
    "rows of labels": lambda x, t: torch.log_softmax(x, 1).gather(1, t.view(4, 1).long()).squeeze(1) * -1.0,
    "indices as they are": lambda x, t: torch.log_softmax(x, 1).gather(1, x.argmax(1, True)).squeeze(1) * -1.0,
}  # fmt: skip


@pytest.mark.parametrize("function", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_left_alone(function):
    graph = graph_of(function, normal(4, 4), labels_of(4, 4))
    before = code(graph)
    fuse_cross_entropy(graph)
    assert code(graph) == before


def test_labels_of_higher_rank_are_left_alone():
    def function(x, labels):
        return torch.log_softmax(x, 1).gather(1, labels.unsqueeze(1).long()).squeeze(1) * -1.0

    x, labels = normal(2, 4, 3), labels_of(6, 4).view(2, 3)
    graph = graph_of(function, x, labels)
    before = code(graph)
    fuse_cross_entropy(graph)
    assert code(graph) == before


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_the_loss_of_gluon(dtype):
    """In a network, with labels that MXNet clips."""
    fn, twin = gluon.loss.SoftmaxCrossEntropyLoss(), gluon.loss.SoftmaxCrossEntropyLoss()
    fn.hybridize()
    rng = np.random.RandomState(0)
    tolerance = 5e-3 if dtype == "float16" else 1e-5
    for values in ([0, 1, 2], [2, 2, 2], [7, -3, 1], [1, 0, 1]):
        x, labels = nd.array(rng.normal(size=(3, 3)), dtype=dtype), nd.array(values)
        found = []
        for one in (fn, twin):
            x.attach_grad()
            with autograd.record():
                out = one(x, labels)
            out.backward()
            found.append((out.asnumpy(), x.grad.asnumpy(), one(x, labels).asnumpy()))
        for part, expected in zip(*found, strict=True):
            np.testing.assert_allclose(part, expected, rtol=tolerance, atol=tolerance)
    assert fn.generated_code().count("nll_loss(") == 2


def test_the_other_forms_of_gluons_loss():
    """Weights, labels in one-hot form, other axes and ranks: whether fused or not, they stay right."""
    rng = np.random.RandomState(0)
    scores, images = rng.normal(size=(4, 3)).astype("f"), rng.normal(size=(2, 3, 4)).astype("f")
    picks, places = nd.array([0, 2, 1, 1]), nd.array(rng.randint(3, size=(2, 4)))
    one_hot = nd.one_hot(picks, 3)
    cases = [
        ({"sparse_label": False}, scores, one_hot, ()),
        ({"weight": 0.3}, scores, picks, ()),
        ({}, scores, picks.reshape((4, 1)), ()),
        ({}, scores, picks, (nd.array([[1.0], [0.5], [0.0], [2.0]]),)),
        ({"from_logits": True}, scores, picks, ()),
        ({"axis": 1}, images, places, ()),
        ({"axis": 0}, scores.T.copy(), picks, ()),
    ]
    for options, values, labels, weights in cases:
        found = []
        for hybridize in (True, False):
            fn = gluon.loss.SoftmaxCrossEntropyLoss(**options)
            fn.hybridize(hybridize)
            for _ in range(3):
                x = nd.array(values)
                x.attach_grad()
                with autograd.record():
                    out = fn(x, labels, *weights)
                out.backward()
            found.append((out.asnumpy(), x.grad.asnumpy()))
        for one, other in zip(*found, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6, err_msg=str(options))
