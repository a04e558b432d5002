"""mxnet.initializer against MXNet 1.9.1 (tools/record_init_metric.py).

Values are equal where chance plays no part. Where it does, the golden answer is the distribution that MXNet asks for,
and ours must fill an array as that distribution does.
"""

from __future__ import annotations

import json
import logging
import math
import pathlib
import pickle

import numpy as np
import pytest

import mxnet as mx
from mxnet import init, nd

GOLDEN = json.loads((pathlib.Path(__file__).parent / "golden" / "initializer.json").read_text())
InitDesc = init.InitDesc


class Seven(init.Initializer):
    """Shows where _init_weight was called."""

    def _init_weight(self, _, arr):
        arr[:] = 7


def make(text):
    return eval(text, {**vars(init), "nd": nd})


def fill(initialize, name, shape, **kwargs):
    """What the initializer makes of an array of threes."""
    arr = nd.full(shape, 3, **kwargs)
    initialize(name, arr)
    return arr.asnumpy()


def check(golden, question):
    """The answer is the golden one, or the error has the golden one's class and says something."""
    if "error" in golden:
        with pytest.raises(Exception) as seen:  # noqa: PT011 - the class is compared
            question()
        assert golden["error"] in [c.__name__ for c in seen.type.__mro__]
        assert str(seen.value)
    else:
        assert question() == golden["answer"]


# ------------------------------------------------------------------------------------- by the name of the parameter


@pytest.mark.parametrize("name", GOLDEN["by_name"])
def test_what_is_done_with_a_name(name):
    shape = (6,) if "bias" in name else (1, 1, 2, 3)
    check(GOLDEN["by_name"][name]["desc"], lambda: fill(Seven(), InitDesc(name), shape).ravel().tolist())


@pytest.mark.parametrize("name", GOLDEN["by_name"])
def test_what_is_done_with_a_plain_string(name):
    shape = (6,) if "bias" in name else (1, 1, 2, 3)
    with pytest.warns(DeprecationWarning, match="InitDesc") as seen:
        check(GOLDEN["by_name"][name]["plain"], lambda: fill(Seven(), name, shape).ravel().tolist())
    assert seen[0].filename == __file__


@pytest.mark.parametrize("text", GOLDEN["own"])
def test_the_parameters_own_initializer_comes_first(text):
    desc = InitDesc("x_bias", {"__init__": make(text)})
    check(GOLDEN["own"][text], lambda: fill(Seven(), desc, (2,)).tolist())


def test_plain_calls_want_a_string_and_an_ndarray():
    with pytest.warns(DeprecationWarning, match="InitDesc"), pytest.raises(TypeError, match="name must be string"):
        Seven()(3, nd.zeros(2))
    with pytest.warns(DeprecationWarning, match="InitDesc"), pytest.raises(TypeError, match="arr must be NDArray"):
        Seven()("x_weight", np.zeros(2))


def test_unknown_names_say_how_to_mend_it():
    with pytest.raises(ValueError, match=r"initialization pattern for const: Xavier.*Parameter\('const', init="):
        init.Xavier()(InitDesc("const"), nd.zeros((2, 2)))


def test_subclasses_override_one_kind_of_name():
    class Ours(init.Zero):
        def _init_bias(self, _, arr):
            arr[:] = 5

        def _init_default(self, name, arr):
            arr[:] = len(name)

    assert fill(Ours(), InitDesc("x_bias"), (1,)) == 5
    assert fill(Ours(), InitDesc("x_beta"), (1,)) == 0
    assert fill(Ours(), InitDesc("const"), (1,)) == 5


def test_weights_need_a_rule():
    with pytest.raises(NotImplementedError, match="Initializer must override _init_weight"):
        init.Initializer()(InitDesc("x_weight"), nd.zeros(2))


def test_a_failure_leaves_the_array_as_it_was():
    arr = nd.full((3,), 3)
    with pytest.raises(ValueError, match=r"cannot be applied to vector x_weight.*\(3,\)"):
        init.Xavier()(InitDesc("x_weight"), arr)
    assert arr.asnumpy().tolist() == [3, 3, 3]


def test_init_desc_is_a_string_with_attributes():
    desc = InitDesc("a", {"b": 1})
    assert desc == "a"
    assert (desc.attrs, desc.global_init) == ({"b": 1}, None)
    assert InitDesc("a").attrs is not InitDesc("a").attrs
    copy = pickle.loads(pickle.dumps(desc))
    assert (type(copy), copy, copy.attrs) == (InitDesc, "a", {"b": 1})


def test_the_networks_initializer_is_noted_in_the_description():
    desc, seven = InitDesc("x_weight"), Seven()
    seven(desc, nd.zeros(1))
    assert desc.global_init is seven


# ----------------------------------------------------------------------------------------------------- what they fill


def case_id(case):
    return f"{case['init']} {tuple(case['shape'])}"


@pytest.mark.parametrize("case", GOLDEN["filled"], ids=case_id)
def test_values(case):
    desc = InitDesc("x_weight", global_init=init.One())
    check(case, lambda: fill(make(case["init"]), desc, tuple(case["shape"])).ravel().tolist())


@pytest.mark.parametrize("case", GOLDEN["drawn"], ids=case_id)
def test_distributions(case):
    """The sample is large: its extremes or its spread show the golden parameters."""
    initializer, shape = make(case["init"]), tuple(case["shape"])
    if "error" in case:
        arr = nd.zeros(shape) if shape else nd.array(1.0)
        check(case, lambda: initializer(InitDesc("x_weight"), arr))
        return
    ((distribution, first, second),) = case["answer"]
    mx.random.seed(3)
    fillings = range(math.ceil(5000 / math.prod(shape)))
    sample = np.concatenate([fill(initializer, InitDesc("x_weight"), shape).ravel() for _ in fillings])
    if distribution == "uniform":
        assert first == -second
        assert np.abs(sample).max() <= second
        assert sample.min() < 0.99 * first
        assert sample.max() > 0.99 * second
        assert sample.std() == pytest.approx(second / math.sqrt(3), rel=0.05)
    else:
        assert first == 0
        assert sample.std() == pytest.approx(second, rel=0.05)
        assert np.abs(sample).max() > 3 * second
    assert abs(sample.mean()) < 0.06 * second


def normal_share(x):
    """The standard normal distribution function."""
    return np.array([(1 + math.erf(v / math.sqrt(2))) / 2 for v in x])


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Uniform(0.3)", lambda x: (x / 0.3 + 1) / 2),
        ("Normal(0.2)", lambda x: normal_share(x / 0.2)),
        ("Xavier()", lambda x: (x / math.sqrt(3 / 50) + 1) / 2),
        ("Xavier('gaussian', 'in', 2)", lambda x: normal_share(x / math.sqrt(2 / 60))),
        ("MSRAPrelu('out', 0.5)", lambda x: normal_share(x / math.sqrt(2 / 1.25 / 40))),
    ],
)
def test_distributions_by_kolmogorov_and_smirnov(text, share):
    """Of 40 x 60 values the largest distance to the distribution function is below its 99.9 % point."""
    mx.random.seed(11)
    sample = np.sort(fill(make(text), InitDesc("x_weight"), (40, 60)).ravel())
    n, expected = sample.size, share(sample)
    above, below = np.arange(1, n + 1) / n - expected, expected - np.arange(n) / n
    assert max(above.max(), below.max()) < 1.95 / math.sqrt(n)
    drawn = fill(make(text), InitDesc("x_weight"), (40, 60)).ravel()
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 4 / math.sqrt(n), "neighbours know nothing of each other"


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 2, 2), (6, 2, 3, 3), (2,)])
@pytest.mark.parametrize("rand_type", ["uniform", "normal"])
def test_orthogonal(shape, rand_type):
    matrix = fill(init.Orthogonal(2.0, rand_type), InitDesc("x_weight"), shape).reshape(shape[0], -1)
    gram = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-5)


RANDOM = ["Uniform()", "Normal()", "Xavier()", "MSRAPrelu()", "Orthogonal()"]


@pytest.mark.parametrize("text", RANDOM)
def test_seed_repeats_the_values(text):
    def draw(seed):
        mx.random.seed(seed)
        return fill(make(text), InitDesc("x_weight"), (4, 3)).tolist()

    assert draw(1) == draw(1) != draw(2)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
@pytest.mark.parametrize("text", [*RANDOM, "Zero()", "One()", "Constant(2.5)", "LSTMBias()"])
def test_the_array_keeps_its_dtype(text, dtype):
    assert fill(make(text), InitDesc("x_weight"), (4, 3), dtype=dtype).dtype == dtype


def test_quantized_weights_are_whole_numbers_in_their_range():
    mx.random.seed(5)
    values = fill(init.One(), InitDesc("x_weight_quantize"), (2000,), dtype="int8")
    assert values.dtype == np.int8
    assert values.min() >= -127
    assert values.max() < 127
    assert len(np.unique(values)) > 200


def test_constant_takes_what_broadcasts():
    for value in (nd.array([1, 2]), np.array([1.0, 2.0]), [1, 2]):
        assert fill(init.Constant(value), InitDesc("x_weight"), (2, 2)).tolist() == [[1, 2], [1, 2]]
    with pytest.raises(ValueError, match="broadcast"):
        init.Constant([1, 2, 3])(InitDesc("x_weight"), nd.zeros((2, 2)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Xavier('foo')", "Unknown random type"),
        ("Xavier(factor_type='foo')", "Incorrect factor type"),
        ("Xavier(magnitude='a')", "could not convert"),
        ("Xavier(magnitude=-1)", "magnitude must not be negative, got -1"),
        ("Orthogonal(rand_type='foo')", "rand_type must be"),
        ("FusedRNN(None, 4, 2, 'foo')", "mode must be one of rnn_relu.*'foo'"),
        ("FusedRNN(None, 0, 2, 'gru')", "num_hidden=0"),
        ("FusedRNN(None, 4, -1, 'lstm')", "num_layers=-1"),
    ],
)
def test_wrong_arguments_fail_at_once(text, message):
    with pytest.raises(ValueError, match=message):
        make(text)


def test_wrong_shapes():
    with pytest.raises(ValueError, match="4 axes"):
        init.Bilinear()(InitDesc("x_weight"), nd.zeros((4, 4)))
    with pytest.warns(DeprecationWarning, match="InitDesc"), pytest.raises(AssertionError, match="6 elements"):
        init.One()("stn_loc_bias", nd.zeros(5))


# ------------------------------------------------------------------------------------------------------- descriptions


@pytest.mark.parametrize("text", GOLDEN["dumps"])
def test_dumps(text):
    assert make(text).dumps() == GOLDEN["dumps"][text]


@pytest.mark.parametrize("text", [text for text in GOLDEN["dumps"] if not text.startswith("Initializer")])
def test_dumps_is_what_create_reads(text):
    initializer = make(text)
    assert init.create(initializer.dumps()).dumps() == initializer.dumps()


@pytest.mark.parametrize("text", GOLDEN["equal"])
def test_equality(text):
    assert make(text) is GOLDEN["equal"][text]


def test_constants_of_arrays_compare_by_value():
    """MXNet raises for two arrays."""
    assert init.Constant(nd.array([1, 2])) == init.Constant(np.array([1.0, 2.0]))
    assert init.Constant(nd.array([1, 2])) != init.Constant(nd.array([1, 3]))


@pytest.mark.parametrize("text", GOLDEN["created"])
def test_create(text):
    check(GOLDEN["created"][text], lambda: type(init.create(text)).__name__)


def test_pickle():
    assert pickle.loads(pickle.dumps(init.Xavier(magnitude=2))) == init.Xavier(magnitude=2)


def test_verbosity_is_logged(caplog):
    caplog.set_level(logging.INFO)
    loud = init.Constant(nd.array([[3, 4], [0, 0]])).set_verbosity(True)
    for name, attrs in (("a_weight", {}), ("a_bias", {}), ("a_max", {}), ("a_bias", {"__init__": "one"})):
        loud(InitDesc(name, attrs), nd.zeros((2, 2)))
    init.One().set_verbosity(True, lambda arr: f"shape {arr.shape}")(InitDesc("b_weight"), nd.zeros((2, 3)))
    init.One().set_verbosity()(InitDesc("quiet_weight"), nd.zeros((2, 3)))
    assert caplog.messages == GOLDEN["log"]


def test_register():
    @init.register
    class EightsForTest(init.Initializer):
        def _init_weight(self, _, arr):
            arr[:] = 8

    desc = InitDesc("x", {"__init__": EightsForTest().dumps()})
    assert fill(init.Zero(), desc, (1,)) == 8


# --------------------------------------------------------------------------------------------------- Mixed and Load


@pytest.mark.parametrize("name", GOLDEN["mixed"])
def test_mixed(name):
    mixed = init.Mixed(["bias", ".*weight"], [init.Zero(), init.One()])
    check(GOLDEN["mixed"][name], lambda: fill(mixed, InitDesc(name), (2,)).tolist())


def test_mixed_wants_one_initializer_for_each_pattern():
    with pytest.raises(AssertionError, match="1 patterns, but 0 initializers"):
        init.Mixed(["a"], [])


def test_load(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    arrays = {"arg:x_weight": nd.full((2,), 4), "aux:mean": nd.full((1,), 5), "y": nd.full((1,), 6)}
    nd.save(str(tmp_path / "p.params"), arrays)
    for source in (arrays, str(tmp_path / "p.params")):
        load = init.Load(source, init.One(), verbose=True)
        assert fill(load, "x_weight", (2,)).tolist() == [4, 4]
        assert fill(load, InitDesc("mean"), (1,)).tolist() == [5]
        assert fill(load, "y", (1,), dtype="float64").dtype == np.float64
        assert fill(load, InitDesc("z_weight"), (1,)).tolist() == [1]
        assert caplog.messages[-2:] == ["Initialized y by loading", "Initialized z_weight by default"]


def test_load_errors(tmp_path):
    load = init.Load({"x_weight": nd.zeros(2)})
    with pytest.raises(AssertionError, match=r"Shape mismatch, target \(3,\) vs loaded \(2,\)"):
        load("x_weight", nd.zeros(3))
    with pytest.raises(AssertionError, match=r"Cannot Initialize z\. Not found"):
        load("z", nd.zeros(3))
    nd.save(str(tmp_path / "list.nd"), [nd.zeros(1)])
    for source in (3, str(tmp_path / "list.nd")):
        with pytest.raises(AssertionError, match="dict of arrays by name"):
            init.Load(source)
