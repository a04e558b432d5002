"""mxnet.metric against MXNet 1.9.1 (tools/record_init_metric.py): what `get` says after every step."""

from __future__ import annotations

import copy
import json
import math
import pathlib
import pickle

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, metric, nd
from tests import metric_cases

GOLDEN = json.loads((pathlib.Path(__file__).parent / "golden" / "metric.json").read_text())

# MXNet's global value is always 0.
WRONG_GLOBALLY = ("PearsonCorrelation(average='micro')",)


def make(text):
    return eval(text, vars(metric))


def to_nd(arrays):
    if isinstance(arrays, list):
        return [to_nd(a) for a in arrays]
    if isinstance(arrays, np.ndarray):
        return nd.array(arrays, dtype=arrays.dtype)
    return arrays and nd.array(arrays["values"], dtype=arrays["dtype"])


def take(m, step):
    """One step of a case: a batch, or the name of a method."""
    if isinstance(step, str):
        getattr(m, step)()
    else:
        m.update(to_nd(step[0]), to_nd(step[1]))


def assert_same(ours, golden):
    """Nested lists of names and numbers; sums may be taken in another order."""
    if isinstance(golden, list):
        assert len(ours) == len(golden)
        for one, other in zip(ours, golden, strict=True):
            assert_same(one, other)
    elif isinstance(golden, str):
        assert ours == golden
    else:
        assert type(ours) is float, "a Python float prints alike under every NumPy"
        assert ours == pytest.approx(golden, rel=1e-6, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["metric"])
def test_says_what_mxnet_says(case):
    said = []

    def run():
        m = make(case["metric"])
        for step in case["steps"]:
            take(m, step)
            said.append([m.get(), m.get_global()])
        return m

    if "error" in case:
        with pytest.raises(Exception) as seen:  # noqa: PT011 - the class is compared
            run()
        assert case["error"] in [c.__name__ for c in seen.type.__mro__]
    else:
        m = run()
        assert_same(m.get_name_value(), case["pairs"])
        if case["metric"] not in WRONG_GLOBALLY:
            assert_same(m.get_global_name_value(), case["global_pairs"])
        if case["metric"].startswith(("Accuracy", "Top", "F1", "Composite")):
            assert str(m) == case["str"]
    for ours, golden in zip(said, case["said"], strict=True):
        assert_same(ours[0], golden[0])
        if case["metric"] not in WRONG_GLOBALLY:
            assert_same(ours[1], golden[1])


RANDOM = {name: (text, steps) for name, text, steps in metric_cases.cases()}


@pytest.mark.parametrize("name", RANDOM)
def test_random_batches(name):
    text, steps = RANDOM[name]
    m, said = make(text), []
    for step in steps:
        take(m, step)
        said.append([m.get(), m.get_global()])
    assert_same([[list(one) for one in pair] for pair in said], GOLDEN["random"][name])


@pytest.mark.parametrize("name", RANDOM)
def test_reading_late_reads_the_same(name):
    """Sums may wait on the device until somebody asks."""
    text, steps = RANDOM[name]
    m = make(text)
    for step in steps[: steps.index("reset")]:
        take(m, step)
    early = GOLDEN["random"][name][steps.index("reset") - 1]
    assert_same([list(m.get()), list(m.get_global())], early)


# ------------------------------------------------------------------------------------------- the accuracy, every batch


def test_labels_and_predictions_may_be_on_different_devices():
    labels, preds = nd.array([0, 1]), nd.array([[0.9, 0.1], [0.8, 0.2]])
    m = metric.Accuracy()
    m.update([labels.as_in_context(mx.cpu(1))], [preds])
    assert m.get() == ("accuracy", 0.5)


def test_a_batch_that_fails_adds_nothing():
    m = metric.Accuracy()
    good = nd.array([0, 1]), nd.array([[1.0, 0], [0, 1]])
    m.update(*good)
    with pytest.raises(ValueError, match="Shape of labels 3 does not match shape of predictions 2"):
        m.update([good[0], nd.array([0, 1, 0])], [good[1], good[1]])
    assert (m.num_inst, m.sum_metric, m.global_num_inst, m.global_sum_metric) == (2, 2, 2, 2)


def test_sums_are_plain_numbers():
    m = metric.Accuracy()
    m.update(nd.array([0, 1]), nd.array([[1.0, 0], [1, 0]]))
    assert repr((m.num_inst, m.sum_metric, m.get())) == "(2, 1.0, ('accuracy', 0.5))"


@pytest.mark.parametrize(
    "text",
    [
        *("Accuracy()", "TopKAccuracy(2)", "F1()", "PCC()", "MAE()", "PearsonCorrelation()", "CrossEntropy()"),
        "CustomMetric(lambda l, p: 1)",
    ],
)
def test_numpy_arrays_and_lists_of_numbers_are_refused(text):
    labels, preds = np.array([0, 1]), np.array([[1.0, 0], [0, 1]])
    for pair in (([labels], [nd.array(preds)]), ([nd.array(labels)], [preds]), ([[0, 1]], [nd.array(preds)])):
        with pytest.raises((AttributeError, AssertionError, TypeError), match="NDArray"):
            make(text).update(*pair)


@pytest.mark.parametrize(
    ("text", "label", "pred", "error", "message"),
    [
        (
            "CrossEntropy()",
            [0, 3],
            np.ones((2, 3)),
            IndexError,
            r"cross-entropy: .*shape \(2, 3\) and go from 0.* to 3",
        ),
        ("NegativeLogLikelihood()", [0, 1], np.ones(2), IndexError, r"nll-loss: predictions must be \(N, classes\)"),
        ("PCC()", [0, -7], np.ones((2, 3)), IndexError, "pcc: labels must not be negative, but one is -7"),
        ("Perplexity(None, axis=2)", [0, 1], np.ones((2, 3)), mx.MXNetError, "perplexity: .*have no axis 2"),
    ],
)
def test_classes_that_are_not_there_change_nothing(text, label, pred, error, message):
    m = make(text)
    with pytest.raises(error, match=message):
        m.update(nd.array(label), nd.array(pred))
    assert (m.num_inst, m.global_num_inst) == (0, 0)


def test_custom_metrics_need_functions():
    for create in (metric.CustomMetric, metric.np):
        with pytest.raises(AttributeError, match="needs a function.*got 3"):
            create(3)


@pytest.mark.parametrize("average", ["micro", "macro"])
@pytest.mark.parametrize("name", ["F1", "MCC", "PearsonCorrelation"])
def test_averages_are_two(name, average):
    assert getattr(metric, name)(average=average).average == average
    with pytest.raises(ValueError, match=f'average must be "macro" or "micro", got {average + "s"!r}'):
        getattr(metric, name)(average=average + "s")


# ------------------------------------------------------------------------------------------------ sums that are waiting


LATE = ["Accuracy()", "TopKAccuracy(2)", "Loss()"]


def batches(text, count, seed=0):
    rng = np.random.RandomState(seed)
    for _ in range(count):
        yield nd.array(rng.randint(0, 4, 6)), nd.array(rng.rand(6, 4))


@pytest.mark.parametrize("text", LATE)
def test_a_batch_waits_for_no_device(text, monkeypatch):
    m, fetched = make(text), []
    expected = make(text)
    for labels, preds in batches(text, 5):
        expected.update(labels, preds)
        expected.get()
    asnumpy = nd.NDArray.asnumpy
    monkeypatch.setattr(nd.NDArray, "asnumpy", lambda self: fetched.append(self.size) or asnumpy(self))
    for labels, preds in batches(text, 5):
        m.update(labels, preds)
    assert not fetched
    assert m.get() == expected.get()
    assert m.get_global() == expected.get_global()
    assert fetched == [1] * 5, "each sum once, for the local and the global value"


@pytest.mark.parametrize("text", LATE)
def test_waiting_sums_do_not_pile_up(text):
    m, expected = make(text), make(text)
    for labels, preds in batches(text, 600):
        m.update(labels, preds)
        expected.update(labels, preds)
        expected.get()
    assert sum(len(waiting) for _, waiting in (m.__dict__["_sum_metric"], m.__dict__["_global_sum_metric"])) < 600
    assert (m.get(), m.num_inst, m.sum_metric) == (expected.get(), expected.num_inst, expected.sum_metric)


@pytest.mark.parametrize("text", LATE)
@pytest.mark.parametrize("again", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy], ids=["pickle", "copy"])
def test_copies_while_sums_wait(text, again):
    m = make(text)
    first, second = batches(text, 2)
    m.update(*first)
    other = again(m)
    m.update(*second)
    other.update(*second)
    assert other.get() == m.get()
    assert other.get_global() == m.get_global()


def test_local_and_global_sums_wait_apart():
    m = metric.Loss()
    m.update(None, nd.array([1, 2]))
    m.reset_local()
    m.update(None, nd.array([6]))
    assert (m.get(), m.get_global()) == (("loss", 6.0), ("loss", 3.0))
    m.update(None, nd.array([2]))
    m.reset()
    assert (m.num_inst, m.sum_metric, m.global_num_inst, m.global_sum_metric) == (0, 0.0, 0, 0.0)


def test_sums_can_be_set():
    m = metric.Accuracy()
    m.update(nd.array([1]), nd.array([1]))
    m.sum_metric += 2
    m.num_inst += 3
    assert m.get() == ("accuracy", 0.75)
    assert m.get_global() == ("accuracy", 1.0)


def test_a_loss_that_waits_keeps_no_recorded_graph():
    x, m = nd.ones(3), metric.Loss()
    x.attach_grad()
    with autograd.record():
        y = x * 2
        m.update(None, y)
    y.backward()
    ((_, (waiting,)),) = (m.__dict__["_sum_metric"],)
    assert waiting._number._graph is None
    assert m.get() == ("loss", 2.0)


# ------------------------------------------------------------------------------------------- against scikit-learn's


def joined(seed, classes, count=4):
    """Batches of labels and scores, and all of them as arrays."""
    rng = np.random.RandomState(seed)
    parts = [(rng.randint(0, classes, n), rng.dirichlet(np.ones(classes), n)) for n in rng.randint(5, 20, count)]
    return parts, np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def after(m, parts):
    for labels, preds in parts:
        m.update(nd.array(labels, dtype=labels.dtype), nd.array(preds, dtype="float64"))
    return m.get()[1]


@pytest.mark.parametrize("seed", range(3))
def test_classes_against_scikit_learn(seed):
    sk = pytest.importorskip("sklearn.metrics")
    parts, labels, scores = joined(seed, 4)
    predicted = scores.argmax(1)
    assert after(metric.Accuracy(), parts) == pytest.approx(sk.accuracy_score(labels, predicted))
    assert after(metric.TopKAccuracy(2), parts) == pytest.approx(sk.top_k_accuracy_score(labels, scores, k=2))
    assert after(metric.CrossEntropy(), parts) == pytest.approx(sk.log_loss(labels, scores))
    assert after(metric.NegativeLogLikelihood(), parts) == pytest.approx(sk.log_loss(labels, scores))
    assert after(metric.Perplexity(None), parts) == pytest.approx(math.exp(sk.log_loss(labels, scores)))
    assert after(metric.PCC(), parts) == pytest.approx(sk.matthews_corrcoef(labels, predicted))


@pytest.mark.parametrize("seed", range(3))
def test_two_classes_against_scikit_learn(seed):
    sk = pytest.importorskip("sklearn.metrics")
    parts, labels, scores = joined(seed, 2)
    predicted = scores.argmax(1)
    for name, score in (("F1", sk.f1_score), ("MCC", sk.matthews_corrcoef)):
        micro, macro = getattr(metric, name)(average="micro"), getattr(metric, name)(average="macro")
        assert after(micro, parts) == pytest.approx(score(labels, predicted))
        assert after(macro, parts) == pytest.approx(np.mean([score(one, two.argmax(1)) for one, two in parts]))
    f1 = metric.F1(average="micro")
    after(f1, parts)
    assert f1.metrics.precision == pytest.approx(sk.precision_score(labels, predicted))
    assert f1.metrics.recall == pytest.approx(sk.recall_score(labels, predicted))


@pytest.mark.parametrize("seed", range(3))
def test_numbers_against_scikit_learn(seed):
    sk = pytest.importorskip("sklearn.metrics")
    rng = np.random.RandomState(seed)
    parts = [(labels, labels + rng.normal(size=labels.shape)) for labels in (rng.normal(size=(6, 2)) for _ in range(4))]
    for name, error in (("MAE", sk.mean_absolute_error), ("MSE", sk.mean_squared_error)):
        expected = np.mean([error(labels, preds) for labels, preds in parts])
        assert after(getattr(metric, name)(), parts) == pytest.approx(expected)
    roots = [math.sqrt(sk.mean_squared_error(labels, preds)) for labels, preds in parts]
    assert after(metric.RMSE(), parts) == pytest.approx(np.mean(roots))


# --------------------------------------------------------------------------------------------- against the definitions


def test_mcc_and_pcc_are_the_correlation_of_the_classes():
    rng = np.random.RandomState(0)
    labels, scores = rng.randint(0, 2, 40), rng.rand(40, 2)
    expected = np.corrcoef(labels, scores.argmax(1))[0, 1]
    for m in (metric.MCC(), metric.MCC(average="micro"), metric.PCC()):
        m.update(nd.array(labels), nd.array(scores))
        assert m.get()[1] == pytest.approx(expected)


def test_pearson_of_parts_is_pearson_of_the_whole():
    rng = np.random.RandomState(0)
    labels, preds = rng.rand(60), rng.rand(60)
    m = metric.PearsonCorrelation(average="micro")
    for part in (slice(0, 7), slice(7, 30), slice(30, 60)):
        m.update(nd.array(labels[part], dtype="float64"), nd.array(preds[part], dtype="float64"))
    assert m.get()[1] == pytest.approx(np.corrcoef(labels, preds)[0, 1])


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1 / 7])
def test_perplexity_of_equal_probabilities_is_their_number(value):
    m = metric.Perplexity(None)
    m.update(nd.array([0, 0, 0]), nd.full((3, 2), value))
    assert m.get()[1] == pytest.approx(1 / value, rel=1e-5)


def test_top_k_of_all_classes_is_always_right():
    m = metric.TopKAccuracy(3)
    m.update(nd.array([0, 1, 2]), nd.array(np.random.RandomState(0).rand(3, 3)))
    assert m.get() == ("top_k_accuracy_3", 1.0)


# ------------------------------------------------------------------------------------------------ where MXNet is wrong


@pytest.mark.parametrize(("name", "expected"), [("MAE", 1.5), ("MSE", 2.5), ("RMSE", math.sqrt(2.5))])
def test_unsigned_differences_do_not_wrap(name, expected):
    m = make(f"{name}()")
    m.update(nd.array([1, 2], dtype="uint8"), nd.array([2, 4], dtype="uint8"))
    assert m.get()[1] == pytest.approx(expected)


def test_perplexity_of_sequences():
    """MXNet wants the classes on the last axis, and flat labels, whatever ``axis`` says."""
    rng = np.random.RandomState(0)
    labels, probabilities = rng.randint(0, 3, (2, 4)), rng.uniform(0.1, 1, (2, 4, 3))
    expected = np.exp(-np.log(np.take_along_axis(probabilities, labels[..., None], 2)).mean())
    last, middle = metric.Perplexity(None), metric.Perplexity(None, axis=1)
    last.update([nd.array(labels)], [nd.array(probabilities)])
    middle.update([nd.array(labels)], [nd.array(probabilities.transpose(0, 2, 1))])
    assert last.get()[1] == pytest.approx(expected, rel=1e-6)
    assert middle.get()[1] == pytest.approx(expected, rel=1e-6)


def test_top_k_of_class_indices_counts_globally_too():
    m = metric.TopKAccuracy(2)
    m.update([nd.array([0, 1, 2])], [nd.array([0, 1, 1])])
    assert m.get() == m.get_global() == ("top_k_accuracy_2", pytest.approx(2 / 3))


@pytest.mark.parametrize("average", ["macro", "micro"])
def test_f1_of_labels_in_a_column(average):
    scores = nd.array([[0.1, 0.9], [0.2, 0.8], [0.9, 0.1]])
    row, column = metric.F1(average=average), metric.F1(average=average)
    row.update([nd.array([1, 0, 1])], [scores])
    column.update([nd.array([[1], [0], [1]])], [scores])
    assert row.get() == column.get() == ("f1", 0.5)


def test_pcc_checks_lengths():
    with pytest.raises(ValueError, match="does not match"):
        metric.PCC().update([nd.array([0, 1])], [nd.array([[1.0, 0]])])


def test_micro_pearson_has_a_global_value():
    m = metric.PearsonCorrelation(average="micro")
    m.update(nd.array([1, 2, 3]), nd.array([1, 2, 4]))
    assert m.get_global() == m.get()


def test_get_metric_raises_instead_of_returning_an_error():
    composite = metric.CompositeEvalMetric(["acc"])
    assert composite.get_metric(0).name == "accuracy"
    with pytest.raises(ValueError, match="Metric index 9 is out of range 0 and 1"):
        composite.get_metric(9)


# --------------------------------------------------------------------------------------- names, dicts, configurations


def test_check_label_shapes():
    a, b, c = nd.zeros((2, 3)), nd.zeros((2, 4)), nd.zeros((3, 3))
    assert metric.check_label_shapes(a, b) == (a, b)
    wrapped = metric.check_label_shapes(a, b, wrap=True)
    assert wrapped == ([a], [b])
    assert metric.check_label_shapes((a,), (b,), wrap=True) == ((a,), (b,))
    with pytest.raises(ValueError, match="Shape of labels 2 does not match shape of predictions 3"):
        metric.check_label_shapes(a, c)
    with pytest.raises(ValueError, match=r"Shape of labels \(2, 3\) does not match shape of predictions \(2, 4\)"):
        metric.check_label_shapes(a, b, shape=True)


def test_update_dict_chooses_by_name():
    zeros, ones = nd.zeros(2), nd.ones(2)
    m = metric.MAE(output_names=["o2"], label_names=["l2"])
    m.update_dict({"l1": zeros, "l2": zeros}, {"o1": zeros, "o2": ones})
    assert m.get() == ("mae", 1.0)
    for labels, preds in (({"l1": zeros}, {"o2": ones}), ({"l2": zeros}, {"o1": ones})):
        with pytest.raises(KeyError, match="2"):
            m.update_dict(labels, preds)


def test_update_dict_takes_all_in_order_by_default():
    m = metric.MAE()
    m.update_dict({"l1": nd.zeros(2), "l2": nd.zeros(2)}, {"o1": nd.ones(2), "o2": nd.full((2,), 3)})
    assert m.get() == ("mae", 2.0)
    with pytest.raises(ValueError, match="Shape of labels 1 does not match shape of predictions 2"):
        m.update_dict({"l": nd.zeros(2)}, {"o1": nd.ones(2), "o2": nd.ones(2)})


def test_composite_update_dict_chooses_for_its_metrics():
    m = metric.CompositeEvalMetric(["mae", metric.MSE(output_names=["o"])], output_names=["o"], label_names=["l"])
    m.update_dict({"l": nd.zeros(2), "z": nd.zeros(2)}, {"o": nd.full((2,), 2), "q": nd.zeros(2)})
    assert m.get() == (["mae", "mse"], [2.0, 4.0])
    with pytest.raises(ValueError, match="Shape of labels 0"):
        m.update_dict({"z": nd.zeros(2)}, {"o": nd.zeros(2)})


@pytest.mark.parametrize("text", GOLDEN["configs"])
def test_get_config(text):
    assert make(text).get_config() == GOLDEN["configs"][text]


@pytest.mark.parametrize(
    "text", ["Accuracy(axis=2)", "Perplexity(3, axis=1)", "F1(average='micro')", "CompositeEvalMetric(['acc', 'mse'])"]
)
def test_create_reads_a_config(text):
    config = make(text).get_config()
    assert metric.create(config).get_config() == config


def test_custom_metrics_have_no_config():
    with pytest.raises(NotImplementedError, match="cannot be serialized"):
        metric.CustomMetric(lambda label, pred: 1).get_config()


def test_names():
    for name, class_name in GOLDEN["names"].items():
        arguments = {"perplexity": (None,), "custommetric": (len,)}.get(name, ())
        arguments = (2,) if name.startswith("top") else arguments
        assert type(metric.create(name, *arguments)).__name__ == class_name


def test_create():
    def feval(label, pred):
        return 1

    one = metric.Loss()
    assert metric.create(one) is one
    assert metric.create("top_k_accuracy", top_k=3).top_k == 3
    assert metric.create(feval).name == metric.np(feval).name == "feval"
    assert metric.create(feval, "named").name == "named"
    assert metric.create(lambda label, pred: 1).name == "custom(<lambda>)"
    assert metric.create(["acc", feval]).get()[0] == ["accuracy", "feval"]
    assert metric.create('["accuracy", {"axis": 2}]').axis == 2


def test_a_metric_of_ones_own():
    @metric.register
    class CountingForTest(metric.EvalMetric):
        def __init__(self, name="counting"):
            super().__init__(name)

        def update(self, labels, preds):
            self.sum_metric += np.float64(len(labels))
            self.num_inst += 1

    m = metric.create("countingfortest")
    assert math.isnan(m.get()[1])
    m.update([1, 2, 3], None)
    assert repr(m.get()) == "('counting', 3.0)"
    assert m.get_global() == m.get(), "it keeps no global sums of its own"
    m.reset_local()
    assert math.isnan(m.get()[1])


def test_pickle():
    m = metric.Accuracy(axis=-1)
    m.update(nd.array([0]), nd.array([[1.0, 0]]))
    assert pickle.loads(pickle.dumps(m)).get() == ("accuracy", 1.0)
