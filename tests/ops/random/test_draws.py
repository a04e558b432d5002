"""Random operators draw from the right distributions, and seeds make them repeat.

Continuous distributions by the Kolmogorov-Smirnov statistic, discrete ones by Pearson's chi-square, all by their
moments. The seeds are fixed, so a test that passes once passes always; the bounds are those that a right generator
exceeds with a probability below 1e-4.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import mxnet as mx

N = 20000


@pytest.fixture(autouse=True)
def seeded():
    mx.random.seed(20)


def kolmogorov_smirnov(sample: np.ndarray, cdf) -> float:
    """sqrt(n) times the largest distance between the empirical and the true distribution function."""
    n, expected = len(sample), np.array([cdf(v) for v in np.sort(sample)])
    steps = np.arange(n + 1) / n
    return math.sqrt(n) * max((steps[1:] - expected).max(), (expected - steps[:-1]).max())


KS_BOUND = 2.226  # 2 exp(-2 x^2) = 1e-4


def chi_square_excess(sample: np.ndarray, pmf, first: int = 0) -> float:
    """Pearson's statistic, on cells of at least 10 expected draws, as a standard normal deviate (Wilson, Hilferty)."""
    assert np.array_equal(sample, np.round(sample))
    assert sample.min() >= first
    observed, expected = [0.0], [0.0]
    value, left = first, 1.0
    while left * len(sample) > 10:
        if expected[-1] >= 10:
            observed.append(0.0)
            expected.append(0.0)
        observed[-1] += (sample == value).sum()
        expected[-1] += pmf(value) * len(sample)
        left -= pmf(value)
        value += 1
    observed[-1] += (sample >= value).sum()
    expected[-1] += max(left, 0) * len(sample)
    observed, expected = np.array(observed), np.array(expected)
    freedom = len(observed) - 1
    statistic = ((observed - expected) ** 2 / expected).sum()
    spread = 2 / (9 * freedom)
    return ((statistic / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)


NORMAL_BOUND = 3.72  # one-sided 1e-4


def normal_cdf(mean: float, deviation: float):
    return lambda v: 0.5 * math.erfc(-(v - mean) / (deviation * math.sqrt(2)))


def erlang_cdf(k: int, scale: float):
    """The gamma distribution of whole shape k."""
    return lambda v: 1 - math.exp(-v / scale) * sum((v / scale) ** i / math.factorial(i) for i in range(k))


def chi_cdf(v: float) -> float:
    """The gamma distribution of shape 1/2 and scale 1."""
    return math.erf(math.sqrt(v))


def poisson_pmf(rate: float):
    return lambda v: math.exp(v * math.log(rate) - rate - math.lgamma(v + 1))


def negative_binomial_pmf(k: float, p: float):
    """Failures before the k-th success."""
    lead = math.lgamma(k)
    return lambda v: math.exp(math.lgamma(v + k) - math.lgamma(v + 1) - lead + k * math.log(p) + v * math.log1p(-p))


# function, arguments, distribution function, mean, variance
CONTINUOUS = [
    ("uniform", {"low": 0, "high": 1}, lambda v: v, 0.5, 1 / 12),
    ("uniform", {"low": -3, "high": 5}, lambda v: (v + 3) / 8, 1, 64 / 12),
    ("normal", {"loc": 0, "scale": 1}, normal_cdf(0, 1), 0, 1),
    ("normal", {"loc": -2, "scale": 0.5}, normal_cdf(-2, 0.5), -2, 0.25),
    ("exponential", {"scale": 2.0}, lambda v: 1 - math.exp(-v / 2), 2, 4),
    ("gamma", {"alpha": 3.0, "beta": 2.0}, erlang_cdf(3, 2.0), 6, 12),
    ("gamma", {"alpha": 1.0, "beta": 0.5}, erlang_cdf(1, 0.5), 0.5, 0.25),
    ("gamma", {"alpha": 0.5, "beta": 1.0}, chi_cdf, 0.5, 0.5),
]
DISCRETE = [
    ("poisson", {"lam": 3.0}, poisson_pmf(3.0), 3, 3),
    ("poisson", {"lam": 40.0}, poisson_pmf(40.0), 40, 40),
    ("poisson", {"lam": 0.2}, poisson_pmf(0.2), 0.2, 0.2),
    ("negative_binomial", {"k": 3, "p": 0.4}, negative_binomial_pmf(3, 0.4), 4.5, 11.25),
    ("negative_binomial", {"k": 1, "p": 0.5}, negative_binomial_pmf(1, 0.5), 1, 2),
    ("generalized_negative_binomial", {"mu": 2.0, "alpha": 0.5}, negative_binomial_pmf(2, 0.5), 2, 4),
    ("generalized_negative_binomial", {"mu": 3.0, "alpha": 1.0}, negative_binomial_pmf(1, 0.25), 3, 12),
]


def check_moments(sample: np.ndarray, mean: float, variance: float) -> None:
    """Within four standard errors; that of the variance is estimated from the sample's fourth moment."""
    assert abs(sample.mean() - mean) < 4 * math.sqrt(variance / len(sample))
    fourth = ((sample - mean) ** 4).mean()
    assert abs(sample.var() - variance) < 4 * math.sqrt((fourth - variance**2) / len(sample))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments", "cdf", "mean", "variance"), CONTINUOUS)
def test_continuous_distribution(name, arguments, cdf, mean, variance, dtype):
    sample = getattr(mx.nd.random, name)(**arguments, shape=(N // 2, 2), dtype=dtype).asnumpy().ravel()
    check_moments(sample.astype("float64"), mean, variance)
    assert kolmogorov_smirnov(sample.astype("float64"), cdf) < KS_BOUND


@pytest.mark.parametrize(("name", "arguments", "pmf", "mean", "variance"), DISCRETE)
def test_discrete_distribution(name, arguments, pmf, mean, variance):
    sample = getattr(mx.nd.random, name)(**arguments, shape=N).asnumpy().astype("float64")
    check_moments(sample, mean, variance)
    assert chi_square_excess(sample, pmf) < NORMAL_BOUND


def like_and_rows(name: str, arguments: dict) -> tuple[np.ndarray, np.ndarray]:
    """Draws in the shape of an array, and draws by arrays of parameters, a row for each of two equal ones."""
    raw = {"lam": 1 / arguments["scale"]} if name == "exponential" else arguments  # the operator wants the rate
    like = getattr(mx.nd.random, f"{name}_like")(mx.nd.zeros((N,)), **raw).asnumpy()
    rows = getattr(mx.nd.random, name)(**{k: mx.nd.array([v, v]) for k, v in arguments.items()}, shape=N // 2).asnumpy()
    assert like.shape == (N,)
    assert rows.shape == (2, N // 2)
    return like, rows


@pytest.mark.parametrize(("name", "arguments", "cdf", "mean", "variance"), CONTINUOUS)
def test_continuous_distribution_like_an_array_and_by_arrays(name, arguments, cdf, mean, variance):
    for sample in like_and_rows(name, arguments):
        check_moments(sample.ravel().astype("float64"), mean, variance)
        assert kolmogorov_smirnov(sample.ravel().astype("float64"), cdf) < KS_BOUND


@pytest.mark.parametrize(("name", "arguments", "pmf", "mean", "variance"), DISCRETE)
def test_discrete_distribution_like_an_array_and_by_arrays(name, arguments, pmf, mean, variance):
    for sample in like_and_rows(name, arguments):
        check_moments(sample.ravel().astype("float64"), mean, variance)
        assert chi_square_excess(sample.ravel(), pmf) < NORMAL_BOUND


def test_parameter_arrays_are_taken_element_by_element():
    rows = mx.nd.random.normal(mx.nd.array([[0, 100], [-50, 7]]), mx.nd.array([[1, 5], [0.1, 2]]), shape=2000).asnumpy()
    assert rows.shape == (2, 2, 2000)
    np.testing.assert_allclose(rows.mean(2), [[0, 100], [-50, 7]], atol=0.6)
    np.testing.assert_allclose(rows.std(2), [[1, 5], [0.1, 2]], rtol=0.1)


def test_randn_is_standard_normal():
    sample = mx.nd.random.randn(N // 4, 4).asnumpy().ravel()
    assert kolmogorov_smirnov(sample.astype("float64"), normal_cdf(0, 1)) < KS_BOUND


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_randint_is_uniform_without_its_upper_bound(dtype):
    sample = mx.nd.random.randint(-3, 7, shape=N, dtype=dtype).asnumpy()
    assert set(np.unique(sample)) == set(range(-3, 7))
    assert chi_square_excess(sample, lambda v: 0.1 if v < 7 else 0.0, first=-3) < NORMAL_BOUND


def test_multinomial_draws_by_probability():
    probabilities = [0.1, 0.2, 0.0, 0.7]
    sample = mx.nd.random.multinomial(mx.nd.array(probabilities), shape=N).asnumpy()
    share = np.bincount(sample, minlength=4) / N
    assert share[2] == 0
    np.testing.assert_allclose(share, probabilities, atol=4 * math.sqrt(0.25 / N))


def test_multinomial_rows_are_independent():
    rows = mx.nd.array([[0.5, 0.5], [0.5, 0.5]])
    first, second = mx.nd.random.multinomial(rows, shape=N).asnumpy()
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / math.sqrt(N)


def test_multinomial_gives_log_probabilities_and_their_gradient():
    p = mx.nd.array([[0.2, 0.8], [0.5, 0.5]])
    p.attach_grad()
    with mx.autograd.record():
        draws, logs = mx.nd.random.multinomial(p, shape=50, get_prob=True)
    values, drawn = p.asnumpy(), draws.asnumpy()
    np.testing.assert_allclose(logs.asnumpy(), np.log(np.take_along_axis(values, drawn.astype("int64"), 1)), rtol=1e-5)
    head = np.array([[1.0] * 50, [2.0] * 50], dtype="float32")
    logs.backward(mx.nd.array(head))
    counts = np.stack([np.bincount(row, minlength=2) for row in drawn])
    np.testing.assert_allclose(p.grad.asnumpy(), counts * [[1], [2]] / values, rtol=1e-5)


def test_shuffle_permutes_the_first_axis():
    data = np.arange(60, dtype="float32").reshape(20, 3)
    shuffled = mx.nd.random.shuffle(mx.nd.array(data)).asnumpy()
    assert not np.array_equal(shuffled, data)
    np.testing.assert_array_equal(shuffled[np.argsort(shuffled[:, 0])], data)


def test_shuffle_draws_every_permutation_equally_often():
    data, counts = mx.nd.array([0, 1, 2]), np.zeros(6)
    for _ in range(1200):
        a, b, _c = mx.nd.random.shuffle(data).asnumpy()
        counts[int(a * 2 + (b > (3 - a) / 2))] += 1
    assert ((counts - 200) ** 2 / 200).sum() < 25.7  # chi-square of 5 degrees of freedom at 1e-4


# ---- seeds -----------------------------------------------------------------------------------------------------------

DRAWS = [
    ("uniform", {}), ("normal", {}), ("exponential", {}), ("gamma", {"alpha": 2.0}), ("poisson", {"lam": 3.0}),
    ("negative_binomial", {"k": 3, "p": 0.4}), ("generalized_negative_binomial", {"mu": 2.0, "alpha": 0.3}),
    ("randint", {"low": 0, "high": 1000}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), DRAWS)
def test_a_seed_makes_draws_repeat(name, arguments):
    def draw():
        return getattr(mx.nd.random, name)(**arguments, shape=50).asnumpy()

    mx.random.seed(5)
    first, second = draw(), draw()
    mx.random.seed(5)
    np.testing.assert_array_equal(draw(), first)
    np.testing.assert_array_equal(draw(), second)
    assert not np.array_equal(first, second)
    mx.random.seed(6)
    assert not np.array_equal(draw(), first)


def test_other_random_operators_obey_the_seed():
    def draw():
        shuffled = mx.nd.random.shuffle(mx.nd.arange(30))
        picked = mx.nd.random.multinomial(mx.nd.ones((10,)) / 10, shape=30)
        dropped = mx.nd.Dropout(mx.nd.ones((30,)), p=0.5, mode="always")
        return np.stack([shuffled.asnumpy(), picked.asnumpy(), dropped.asnumpy()])

    mx.random.seed(5)
    first, second = draw(), draw()
    mx.random.seed(5)
    np.testing.assert_array_equal(draw(), first)
    assert (first != second).any(axis=1).all()


def uniform(ctx):
    return mx.nd.random.uniform(shape=20, ctx=ctx).asnumpy()


def test_contexts_have_streams_of_their_own():
    """Here MXNet differs: its CPU contexts draw from one stream, so that the order of their draws matters."""
    mx.random.seed(5)
    first, second = uniform(mx.cpu(0)), uniform(mx.cpu(1))
    assert not np.array_equal(first, second)
    mx.random.seed(5)
    np.testing.assert_array_equal(uniform(mx.cpu(1)), second)
    np.testing.assert_array_equal(uniform(mx.cpu(0)), first)


def test_seeding_one_context_leaves_the_others():
    mx.random.seed(5)
    first, second = uniform(mx.cpu(0)), uniform(mx.cpu(0))
    mx.random.seed(5)
    np.testing.assert_array_equal(uniform(mx.cpu(0)), first)
    mx.random.seed(9, ctx=mx.cpu(1))
    np.testing.assert_array_equal(uniform(mx.cpu(0)), second)
    mx.random.seed(5, ctx=mx.cpu(0))
    np.testing.assert_array_equal(uniform(mx.cpu(0)), first)


def test_the_same_seed_given_to_contexts_one_by_one_gives_the_same_draws():
    mx.random.seed(5, ctx=mx.cpu(0))
    first = uniform(mx.cpu(0))
    mx.random.seed(5, ctx=mx.cpu(1))
    np.testing.assert_array_equal(uniform(mx.cpu(1)), first)


@pytest.mark.parametrize("wrong", ["a", 1.5, None])
def test_a_seed_is_an_integer(wrong):
    with pytest.raises(ValueError, match="seed"):
        mx.random.seed(wrong)


def test_torch_and_numpy_keep_their_generators():
    import torch

    torch.manual_seed(3)
    np.random.seed(3)
    expected = torch.rand(3), np.random.rand(3)
    torch.manual_seed(3)
    np.random.seed(3)
    mx.random.seed(4)
    mx.nd.random.normal(shape=100)
    mx.nd.random.shuffle(mx.nd.arange(10))
    mx.nd.random.gamma(2.0, shape=10)
    mx.nd.Dropout(mx.nd.ones((10,)), p=0.5, mode="always")
    assert torch.equal(torch.rand(3), expected[0])
    np.testing.assert_array_equal(np.random.rand(3), expected[1])


# ---- Dropout ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_drops_a_share_and_scales_the_rest(p):
    x = mx.nd.ones((N,))
    x.attach_grad()
    with mx.autograd.record():
        y = mx.nd.Dropout(x, p=p)
    kept = y.asnumpy()
    np.testing.assert_allclose(np.unique(kept), [0, 1 / (1 - p)], rtol=1e-5)
    assert abs((kept == 0).mean() - p) < 4 * math.sqrt(p * (1 - p) / N)
    y.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), kept)  # the gradient passes where the value did


def test_dropout_axes_share_one_mask():
    x = mx.nd.ones((6, 200))
    with mx.autograd.record():
        rows, columns = mx.nd.Dropout(x, p=0.5, axes=(0,)).asnumpy(), mx.nd.Dropout(x, p=0.5, axes=(1,)).asnumpy()
    assert (rows == rows[0]).all()
    assert set(np.unique(rows)) == {0, 2}
    assert (columns == columns[:, :1]).all()


def test_dropout_follows_the_mode():
    x = mx.nd.ones((200,))
    assert (mx.nd.Dropout(x, p=0.5).asnumpy() == 1).all()
    with mx.autograd.record(train_mode=False):
        assert (mx.nd.Dropout(x, p=0.5).asnumpy() == 1).all()
        assert (mx.nd.Dropout(x, p=0.5, mode="always").asnumpy() == 0).any()
    with mx.autograd.train_mode():
        assert (mx.nd.Dropout(x, p=0.5).asnumpy() == 0).any()


# ---- argument forms --------------------------------------------------------------------------------------------------

HALVES = [("uniform", {"low": -1, "high": 3}, 1, 16 / 12), ("normal", {"loc": 1, "scale": 2}, 1, 4)]
HALVES += [("exponential", {"scale": 2.0}, 2, 4), ("gamma", {"alpha": 3.0, "beta": 1.0}, 3, 3)]
HALVES += [("poisson", {"lam": 3.0}, 3, 3), ("negative_binomial", {"k": 3, "p": 0.5}, 3, 6)]
HALVES += [("generalized_negative_binomial", {"mu": 2.0, "alpha": 0.5}, 2, 4)]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize(("name", "arguments", "mean", "variance"), HALVES)
def test_half_precision(name, arguments, mean, variance, dtype):
    draws = getattr(mx.nd.random, name)(**arguments, shape=N, dtype=dtype)
    assert draws.dtype == mx.nd.zeros(1, dtype=dtype).dtype
    sample = draws.astype("float32").asnumpy().astype("float64")
    assert abs(sample.mean() - mean) < 4 * math.sqrt(variance / N) + 0.004 * abs(mean)
    assert abs(sample.var() / variance - 1) < 0.12


@pytest.mark.parametrize(("name", "arguments"), DRAWS)
def test_every_way_of_asking_gives_the_same_draws(name, arguments):
    """The short way of ordinary calls, the operator itself, and a graph."""
    raw = {"lam": 1.0} if name == "exponential" else arguments
    mx.random.seed(5)
    expected = getattr(mx.nd.random, name)(**arguments, shape=(3, 2)).asnumpy()
    ways = [
        lambda: getattr(mx.nd, f"random_{name}")(**raw, shape=(3, 2)),
        lambda: getattr(mx.nd.random, name)(**arguments, shape=[3, 2]),
        lambda: getattr(mx.nd.random, name)(**arguments, shape=(3, 2), dtype=None, ctx="cpu(0)"),
        lambda: getattr(mx.nd.random, name)(**arguments, out=mx.nd.zeros((3, 2), dtype=expected.dtype)),
        lambda: getattr(mx.sym.random, name)(**arguments, shape=(3, 2)).eval(ctx=mx.cpu())[0],
    ]
    for way in ways:
        mx.random.seed(5)
        np.testing.assert_array_equal(way().asnumpy(), expected)


def test_ctx_and_out_decide_where():
    with mx.cpu(1):
        assert mx.nd.random.uniform().ctx == mx.cpu(1)
    assert mx.nd.random.normal(ctx=mx.cpu(2), shape=3).ctx == mx.cpu(2)
    out = mx.nd.zeros((2, 2), ctx=mx.cpu(1), dtype="float64")
    assert mx.nd.random.uniform(1, 2, out=out) is out
    assert (out.asnumpy() >= 1).all()
    with pytest.raises(mx.MXNetError, match="dtype='float32' asked for, but out is float64"):
        mx.nd.random.uniform(dtype="float32", out=out)
    with pytest.raises(mx.MXNetError, match="out has shape"):
        mx.nd.random.uniform(shape=3, out=out)


def test_wrong_parameters_are_named():
    with pytest.raises(mx.MXNetError, match=r"_random_uniform: low must not exceed high, but got low=2, high=1"):
        mx.nd.random.uniform(2, 1)
    with pytest.raises(ValueError, match="parameters must be either NDArray or numbers, but scale is 'wide'"):
        mx.nd.random.normal(0, "wide")
    with pytest.raises(TypeError, match="scale must be a number or an array"):
        mx.nd.random.exponential([1.0])
    with pytest.raises(TypeError, match="low and high must be numbers"):
        mx.nd.random.randint(mx.nd.array([0]), 5)
    with pytest.raises(TypeError, match="'float12'"):
        mx.nd.random.uniform(dtype="float12")


def test_policy_gradient_of_multinomial():
    """REINFORCE: the mean of reward * gradient of log p estimates the gradient of the expected reward."""
    rewards = np.array([1.0, 4.0, 2.0])
    logits = mx.nd.array([0.2, -0.3, 0.5])
    logits.attach_grad()
    with mx.autograd.record():
        actions, logs = mx.nd.random.multinomial(mx.nd.softmax(logits), shape=N, get_prob=True)
        loss = (logs * mx.nd.array(rewards).take(actions)).mean()
    loss.backward()
    p = np.exp(logits.asnumpy()) / np.exp(logits.asnumpy()).sum()
    expected = p * (rewards - p @ rewards)
    np.testing.assert_allclose(logits.grad.asnumpy(), expected, atol=4 * 2 / math.sqrt(N))


def test_multinomial_of_symbols_has_defaults_of_its_own():
    p, values = mx.sym.Variable("p"), mx.nd.array([0.5, 0.5])
    assert len(mx.sym.random.multinomial(p)) == 2
    drawn = mx.sym.random.multinomial(p, 4, False, "float32").eval(ctx=mx.cpu(), p=values)
    assert [(d.shape, d.dtype) for d in drawn] == [((4,), np.float32)]


def test_threads_that_ask_first_at_once_share_a_stream():
    """A second one that made or restarted the generator would repeat what the first one drew."""
    import threading

    from mxnet.ops.random import generators

    ctx, barrier, draws = mx.cpu(97), threading.Barrier(4), []

    class Slow:
        """Stands in for the table, so that all threads find no generator there before one of them makes it."""

        def __init__(self, table: dict) -> None:
            self.table, self.first = table, threading.local()

        def get(self, key: object) -> object:
            if not hasattr(self.first, "asked"):
                self.first.asked = True
                barrier.wait(10)
                return None
            return self.table.get(key)

        def __getattr__(self, name: str) -> object:
            return getattr(self.table, name)

        def __setitem__(self, key: object, value: object) -> None:
            self.table[key] = value

    def draw() -> None:
        draws.append(mx.nd.random.uniform(shape=5, ctx=ctx).asnumpy().tolist())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generators, "_generators", Slow(generators._generators))
        threads = [threading.Thread(target=draw) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    generators._generators.pop(ctx, None)
    assert len({tuple(d) for d in draws}) == 4
