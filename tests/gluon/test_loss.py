"""Losses: every one by the harness, against MXNet's recorded answers; definitions, graphs, and what they refuse."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import loss as losses
from tests.gluon.harness import check_layer, every
from tests.gluon.samples.losses import LAYERS


def rand(*shape, seed=0, low=-1.0):
    return nd.array(np.random.RandomState(seed).uniform(low, 1, shape))


def gradient(function, x):
    """The value of ``function(x)`` and the gradient of its sum."""
    x.attach_grad()
    with autograd.record():
        y = function(x)
    y.backward()
    return y.asnumpy(), x.grad.asnumpy()


@every(LAYERS)
def test_losses(layer, aspect, tmp_path):
    check_layer(layer, aspect, tmp_path)


def test_every_loss_has_samples():
    sampled = {type(layer.make(mx)) for layer in LAYERS}
    assert sampled == {getattr(losses, name) for name in losses.__all__} - {losses.Loss}


def test_aliases():
    assert losses.SoftmaxCELoss is losses.SoftmaxCrossEntropyLoss
    assert losses.SigmoidBCELoss is losses.SigmoidBinaryCrossEntropyLoss


# ------------------------------------------------------------------------------------------------ by their definitions


def test_stable_for_extreme_logits():
    x = nd.array([[1000.0, -1000.0]])
    assert losses.SoftmaxCELoss()(x, nd.array([1])).asscalar() == 2000
    assert losses.SigmoidBCELoss()(x, nd.array([[0.0, 1.0]])).asscalar() == 1000
    assert losses.LogisticLoss()(x, nd.array([[-1.0, 1.0]])).asscalar() == 1000


def test_ctc_is_the_probability_of_all_paths():
    """Over 3 classes, the last one blank, and 4 steps there are 81 paths."""
    scores, label = np.random.RandomState(0).randn(4, 3), [0, 1]
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(3), repeat=4):
        merged = [c for c, _ in itertools.groupby(path) if c != 2]
        if merged == label:
            total += math.prod(shares[step, c] for step, c in enumerate(path))
    found = losses.CTCLoss()(nd.array(scores[None]), nd.array([[*label, -1, -1]]))
    assert found.asscalar() == pytest.approx(-math.log(total), rel=1e-5)


@pytest.mark.parametrize("from_logits", [True, False])
def test_the_likelihood_of_counts_in_full(from_logits):
    """MXNet cannot record it, nor compose it of symbols, and gives NaN for a count of 0."""
    rate, counts = rand(4, 3, low=0.5), np.array([[0, 1, 2], [3, 4, 5], [10, 50, 100], [0.5, 1.5, 7]])
    pred = rate.log() if from_logits else rate
    stirling = np.zeros_like(counts)
    large = counts[counts > 1]
    stirling[counts > 1] = large * np.log(large) - large + 0.5 * np.log(2 * np.pi * large)
    expected = (rate.asnumpy() - counts * np.log(rate.asnumpy()) + stirling).mean()
    loss = losses.PoissonNLLLoss(from_logits=from_logits, compute_full=True)
    for _ in range(2):
        value, slope = gradient(lambda target: loss(pred, target), nd.array(counts))
        assert value == pytest.approx(expected, rel=1e-5)
        assert np.isfinite(slope).all()
        loss.hybridize()
    exact = [math.lgamma(count + 1) for count in (10, 50, 100)]
    np.testing.assert_allclose(stirling[2], exact, rtol=1e-2)


def test_vectors_without_length_have_finite_gradients():
    """MXNet's are NaN."""
    value, slope = gradient(
        lambda x: losses.CosineEmbeddingLoss()(x, nd.ones((2, 3)), nd.array([1, -1])), nd.zeros((2, 3))
    )
    assert value.tolist() == [[1], [0]]
    assert np.isfinite(slope).all()


def test_a_divergence_from_itself_is_zero():
    p = nd.softmax(rand(4, 3))
    np.testing.assert_allclose(losses.KLDivLoss()(p.log(), p).asnumpy(), np.zeros(4), atol=1e-6)


def test_nearest_pairs_cost_least():
    x = nd.array([[0, 0], [5, 0], [0, 5]])
    loss = losses.SDMLLoss(smoothing_parameter=0.1)
    right, wrong = loss(x, x + 0.1).asnumpy(), loss(x, x[::-1]).asnumpy()
    assert (right < wrong)[[0, 2]].all()
    alone, slope = gradient(lambda x: loss(x, rand(1, 2)), x[:1])
    assert np.isfinite(alone)
    assert not slope.any(), "a pair alone has nobody to keep away from; MXNet gives NaN"


@pytest.mark.parametrize("hybrid", [False, True])
def test_many_pairs_in_half_precision(hybrid):
    """bfloat16 counts rows to 256 only."""
    x, y = rand(300, 2), rand(300, 2, seed=1)
    loss = losses.SDMLLoss()
    expected = loss(x, y).asnumpy()
    loss.hybridize(hybrid)
    found = loss(x.astype("bfloat16"), y.astype("bfloat16")).astype("float32").asnumpy()
    np.testing.assert_allclose(found, expected, rtol=0.2, atol=0.05)


def test_the_weight_counts_for_all_pairs():
    """MXNet does not use it."""
    x, y = rand(4, 3), rand(4, 3, seed=1)
    np.testing.assert_allclose(losses.SDMLLoss(weight=2)(x, y).asnumpy(), 2 * losses.SDMLLoss()(x, y).asnumpy())


def test_a_mask_leaves_steps_out():
    """Weights 0 and 1 of the steps of sequences."""
    scores, labels = rand(2, 3, 5), nd.array([[1, 2, 0], [4, 0, 0]])
    mask = nd.array([[1, 1, 0], [1, 0, 0]])
    value, slope = gradient(lambda x: losses.SoftmaxCELoss()(x, labels, mask.expand_dims(2)), scores)
    terms = -nd.pick(nd.log_softmax(scores), labels).asnumpy() * mask.asnumpy()
    np.testing.assert_allclose(value, terms.sum(1) / 3, rtol=1e-5)
    assert ((slope != 0).all(2) == (mask.asnumpy() == 1)).all()
    assert ((slope == 0).all(2) == (mask.asnumpy() == 0)).all()


# ------------------------------------------------------------------------------------------------------- as graphs


def test_one_loss_hybridized_takes_weights_or_none():
    pred, label, weights = rand(4, 3), nd.array([0, 2, 1, 1]), rand(4, 1, low=0.1)
    plain, hybrid = losses.SoftmaxCELoss(), losses.SoftmaxCELoss()
    hybrid.hybridize()
    for _ in range(3):
        for inputs in ((pred, label), (pred, label, weights)):
            np.testing.assert_allclose(hybrid(*inputs).asnumpy(), plain(*inputs).asnumpy(), rtol=1e-6)


def test_pairs_can_be_a_graph_of_any_size(tmp_path):
    """MXNet's reads shapes, so it cannot."""
    loss = losses.SDMLLoss()
    loss.hybridize()
    loss(rand(4, 3), rand(4, 3, seed=1))
    loss.export(str(tmp_path / "pairs"))
    other = gluon.SymbolBlock.imports(str(tmp_path / "pairs-symbol.json"), ["data0", "data1"])
    x, y = rand(6, 2), rand(6, 2, seed=1)
    np.testing.assert_allclose(other(x, y).asnumpy(), losses.SDMLLoss()(x, y).asnumpy(), rtol=1e-6)


def test_a_classifier_and_its_loss_are_one_fused_call():
    loss = losses.SoftmaxCELoss()
    loss.hybridize()
    x = rand(4, 5)
    for _ in range(3):
        gradient(lambda x: loss(x, nd.array([0, 1, 2, 3])), x)
    assert "nll_loss" in loss.generated_code()


def test_a_loss_of_ones_own():
    class Smallest(losses.Loss):
        def hybrid_forward(self, F, pred, label, sample_weight=None):
            loss = F.minimum(pred, losses._reshape_like(F, label, pred))
            return losses._apply_weighting(F, loss, self._weight, sample_weight)

    loss = Smallest(2.0, 0)
    assert repr(loss) == "Smallest(batch_axis=0, w=2.0)"
    for _ in range(2):
        assert loss(nd.array([1, 5]), nd.array([[3], [4]]), nd.array([1, 10])).asnumpy().tolist() == [2, 80]
        loss.hybridize()


# ----------------------------------------------------------------------------------------------------- what is refused


SAME_SIZE = [
    *("L1Loss()", "L2Loss()", "HuberLoss()", "PoissonNLLLoss()", "SigmoidBCELoss()", "SigmoidBCELoss(True)"),
    *("HingeLoss()", "SquaredHingeLoss()", "LogisticLoss()", "LogisticLoss(label_format='binary')"),
    *("SoftmaxCELoss(sparse_label=False)", "KLDivLoss()", "KLDivLoss(from_logits=False)"),
]


def make(text):
    return eval(text, vars(losses))


@pytest.mark.parametrize("hybrid", [False, True], ids=["imperative", "hybridized"])
@pytest.mark.parametrize("text", SAME_SIZE)
def test_labels_of_another_size(text, hybrid):
    loss = make(text)
    loss.hybridize(hybrid)
    with pytest.raises(mx.MXNetError) as caught:
        loss(rand(2, 3), rand(2, 4))
    assert "(2, 3)" in str(caught.value)
    assert "(2, 4)" in str(caught.value)


@pytest.mark.parametrize("text", [*SAME_SIZE, "SoftmaxCELoss(from_logits=True)"])
def test_weights_that_do_not_broadcast(text):
    label = rand(2, 3) if text in SAME_SIZE else nd.array([0, 1])
    with pytest.raises(mx.MXNetError, match=r"\(5, 1\)"):
        make(text)(rand(2, 3), label, nd.ones((5, 1)))


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("SoftmaxCELoss()", [(2, 3), (3,)]),
        ("SoftmaxCELoss(axis=2)", [(2, 3), (2,)]),
        ("L1Loss(batch_axis=2)", [(2, 3), (2, 3)]),
        ("TripletLoss()", [(2, 3), (2, 4), (2, 3)]),
        ("TripletLoss()", [(2, 3), (2, 3), (3,)]),
        ("CosineEmbeddingLoss()", [(2, 3), (2, 4), (2,)]),
        ("CosineEmbeddingLoss()", [(2, 3), (2, 3), (3, 1)]),
        ("CTCLoss()", [(2, 3), (2, 3)]),
        ("CTCLoss()", [(2, 6, 4), (3, 3)]),
        ("CTCLoss()", [(2, 6, 4), (2, 7)]),
        ("CTCLoss()", [(2, 6, 4), (2, 3), (3,)]),
        ("CTCLoss()", [(2, 6, 4), (2, 3), (2,), (3,)]),
        ("CTCLoss('TNC', 'TN')", [(2, 6, 4), (3, 2)]),
    ],
)
def test_shapes_that_do_not_fit(text, shapes):
    with pytest.raises(mx.MXNetError) as caught:
        make(text)(*map(nd.ones, shapes))
    assert any(str(shape) in str(caught.value) for shape in shapes)


def test_pairs_must_have_one_shape():
    for other in ((3, 3), (4, 2), (4, 1)):
        with pytest.raises(AssertionError, match="same shape"):
            losses.SDMLLoss()(nd.ones((4, 3)), nd.ones(other))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("CTCLoss('NCT')", AssertionError, "NCT"),
        ("CTCLoss(label_layout='N')", AssertionError, "'NT' and 'TN'.*N"),
        ("CTCLoss(batch_axis=1)", TypeError, "batch_axis"),
        ("LogisticLoss(label_format='foo')", ValueError, "foo"),
        ("LogisticLoss(label_format=None)", ValueError, "None"),
        ("HuberLoss(0)", ValueError, "rho must be positive, but got 0"),
        ("HuberLoss(-1)", ValueError, "-1"),
        ("Loss()", TypeError, "weight"),
        ("L1Loss(foo=3)", TypeError, "foo"),
    ],
)
def test_wrong_arguments(text, error, message):
    with pytest.raises(error, match=message):
        make(text)


def test_weights_that_are_no_numbers():
    for weight in ("a", nd.ones(2)):
        with pytest.raises(AssertionError, match="weight must be a number"):
            losses.L1Loss(weight)


def test_labels_of_another_size_name_both_shapes():
    with pytest.raises(
        mx.MXNetError, match=r"'l1loss\d+': cannot reshape 4 elements of shape \(4,\) into shape \(4, 3\)"
    ):
        losses.L1Loss()(nd.ones((4, 3)), nd.ones(4))


def test_other_dtypes():
    with pytest.raises(mx.MXNetError, match="float64"):
        losses.L1Loss()(nd.ones(2), nd.ones(2, dtype="float64"))


def test_missing_labels():
    with pytest.raises(TypeError, match="label"):
        losses.L1Loss()(nd.ones(2))


def test_a_loss_must_say_what_it_computes():
    with pytest.raises(NotImplementedError, match="Loss must define hybrid_forward"):
        losses.Loss(1.0, 0)(nd.ones(2))
