"""What all optimizers have in common, and what is special to one: creation, multipliers, kinds of arrays, samples."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd
from mxnet.optimizer import Optimizer

from . import golden_cases as cases

EVERY = sorted(Optimizer.opt_registry)
EXACT = [name for name in EVERY if name != "sgld"]


def steps(name, weight, gradients, **arguments):
    """The weight after updates."""
    updater = mx.optimizer.get_updater(mx.optimizer.create(name, **arguments))
    for grad in gradients:
        updater(0, grad, weight)
    return weight, updater


# ---- creation and names ----------------------------------------------------------------------------------------------


def test_names():
    names = (
        "adadelta adagrad adam adamax ccsgd dcasgd ftml ftrl groupadagrad lamb lars lbsgd nadam nag rmsprop sgd sgld"
    )
    assert [*names.split(), "signum", "test"] == EVERY  # those of MXNet
    assert mx.optimizer.contrib.GroupAdaGrad is Optimizer.opt_registry["groupadagrad"]
    assert mx.optimizer.optimizer.RMSProp is mx.optimizer.RMSProp


def test_arguments_in_order_and_with_defaults_of_mxnet():
    wanted = {
        "AdaDelta": "(rho=0.9, epsilon=1e-05, **kwargs)",
        "AdaGrad": "(eps=1e-07, **kwargs)",
        "Adam": "(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08, lazy_update=True, **kwargs)",
        "Adamax": "(learning_rate=0.002, beta1=0.9, beta2=0.999, **kwargs)",
        "DCASGD": "(momentum=0.0, lamda=0.04, **kwargs)",
        "FTML": "(beta1=0.6, beta2=0.999, epsilon=1e-08, **kwargs)",
        "Ftrl": "(lamda1=0.01, learning_rate=0.1, beta=1, **kwargs)",
        "GroupAdaGrad": "(eps=1e-05, **kwargs)",
        "LAMB": "(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-06, lower_bound=None, upper_bound=None, "
        "bias_correction=True, **kwargs)",
        "LARS": "(momentum=0.0, lazy_update=True, eta=0.001, eps=0, momentum_correction=True, **kwargs)",
        "LBSGD": "(momentum=0.0, multi_precision=False, warmup_strategy='linear', warmup_epochs=5, batch_scale=1, "
        "updates_per_epoch=32, begin_epoch=0, num_epochs=60, **kwargs)",
        "NAG": "(momentum=0.0, **kwargs)",
        "Nadam": "(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08, schedule_decay=0.004, **kwargs)",
        "RMSProp": "(learning_rate=0.001, gamma1=0.9, gamma2=0.9, epsilon=1e-08, centered=False, clip_weights=None, "
        "**kwargs)",
        "SGD": "(momentum=0.0, lazy_update=True, **kwargs)",
        "SGLD": "(**kwargs)",
        "Signum": "(learning_rate=0.01, momentum=0.9, wd_lh=0.0, **kwargs)",
        "Test": "(**kwargs)",
        "ccSGD": "(*args, **kwargs)",
    }
    for klass in Optimizer.opt_registry.values():
        signature = inspect.signature(klass)
        plain = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
        assert str(inspect.Signature(plain)) == wanted[klass.__name__]


@pytest.mark.parametrize("name", EVERY)
def test_wrong_arguments(name):
    with pytest.raises(TypeError, match="unexpected keyword argument 'rate'"):
        mx.optimizer.create(name, rate=3)


def test_wrong_creation():
    with pytest.raises(ValueError, match=r"Cannot find optimizer sdg\. There are: adadelta, "):
        mx.optimizer.create("sdg")
    for function in (mx.optimizer.create, mx.optimizer.get_updater):
        with pytest.raises(AttributeError, match="but got 3"):
            function(3)
    for setting in ("learning_rate", "wd", "rescale_grad", "clip_gradient"):
        with pytest.raises(mx.MXNetError, match=f"NAG: {setting} must be a number, but got 'x'"):
            mx.optimizer.NAG(**{setting: "x"})
    with pytest.raises(TypeError, match="lr_scheduler must be an LRScheduler, but got 3"):
        mx.optimizer.SGD(lr_scheduler=3)
    with pytest.raises(AssertionError, match="param_idx2name should be a dict"):
        mx.optimizer.SGD(param_idx2name=["weight"])
    with pytest.raises(AssertionError, match="takes a class, not 3"):
        mx.optimizer.register(3)
    with pytest.raises(mx.MXNetError, match="has no wd_lh"):
        mx.optimizer.Signum(momentum=0, wd_lh=0.1)
    with pytest.raises(DeprecationWarning, match="set_lr_mult"):
        mx.optimizer.SGD().set_lr_scale({})
    scheduled = mx.optimizer.SGD(lr_scheduler=mx.lr_scheduler.FactorScheduler(2))
    with pytest.raises(UserWarning, match="has already been defined"):
        scheduled.set_learning_rate(0.1)
    with pytest.raises(NotImplementedError, match=r"Optimizer must define update\(index"):
        Optimizer().update(0, nd.ones(2), nd.ones(2), None)


@pytest.mark.parametrize("name", EVERY)
def test_arrays_that_do_not_fit_are_refused_and_change_nothing(name):
    optimizer = mx.optimizer.create(name)
    weight, grad = nd.ones((4, 3)), nd.ones((4, 3))
    state = optimizer.create_state(0, weight)
    for wrong in ((3, 4), (4,), (4, 1)):  # the first has as many elements: only its shape tells
        with pytest.raises(mx.MXNetError, match=r"weight 0 \(4, 3\), gradient"):
            optimizer.update(0, weight, nd.ones(wrong), state)
    for wrong in (3.0, np.ones((4, 3)), None):
        with pytest.raises(AssertionError, match="must be NDArrays"):
            optimizer.update(0, weight, wrong, state)
    with pytest.raises(AssertionError, match="1 indices, 2 weights"):
        optimizer.update([0], [weight, weight], [grad, grad], [state, state])
    assert optimizer.num_update == 0
    assert (weight.asnumpy() == 1).all()


@pytest.mark.parametrize("name", ["SGD", "NAG", "Adam", "RMSProp", "LAMB"])
def test_states_that_do_not_fit_are_refused(name):
    optimizer = mx.optimizer.create(name, **({"momentum": 0.9} if name in ("SGD", "NAG") else {}))
    with pytest.raises(mx.MXNetError, match=r"weight 0 \(4, 3\), gradient \(4, 3\), state .*\(3, 2\)"):
        optimizer.update(0, nd.ones((4, 3)), nd.ones((4, 3)), optimizer.create_state(0, nd.ones((3, 2))))


@pytest.mark.parametrize("known", [True, False])
def test_states_from_a_file_that_do_not_fit_are_refused(known):
    saved, updater = (mx.optimizer.get_updater(mx.optimizer.SGD(momentum=0.9)) for _ in range(2))
    saved(0, nd.ones((3, 2)), nd.ones((3, 2)))
    updater.set_states(saved.get_states())
    with pytest.raises(mx.MXNetError, match=r"state \(3, 2\)"):
        updater._update([0], [nd.ones((4, 3))], [nd.ones((4, 3))], known=known)


def test_settings_that_are_no_numbers_name_the_optimizer():
    optimizer = mx.optimizer.NAG(momentum="x")
    with pytest.raises(mx.MXNetError, match=r"NAG\(momentum='x'.* cannot update weights \[0\]"):
        optimizer.update(0, nd.ones(2), nd.ones(2), optimizer.create_state(0, nd.ones(2)))


def test_an_optimizer_of_a_known_name_takes_its_place_with_a_warning():
    known = dict(Optimizer.opt_registry)
    try:
        with pytest.warns(UserWarning, match=r"\.SGD is overriding existing optimizer mxnet\.optimizer\.sgd\.SGD"):
            mine = mx.optimizer.register(type("SGD", (Optimizer,), {}))
        assert isinstance(mx.optimizer.create("sgd"), mine)
    finally:
        Optimizer.opt_registry.update(known)


def test_groupadagrad_takes_matrices_without_decay():
    with pytest.raises(AssertionError, match=r"weight 0 has shape \(3,\)"):
        steps("groupadagrad", nd.ones(3), [nd.ones(3)])
    with pytest.raises(AssertionError, match="Weight decay is not supported"):
        steps("groupadagrad", nd.ones((3, 2)), [nd.ones((3, 2))], wd=0.1)


# ---- multipliers: the expected values are MXNet's --------------------------------------------------------------------


def test_multipliers_by_name():
    names = {0: "a_weight", 1: "a_bias", 2: "bn_gamma", 3: "bn_beta", 4: "foo"}
    optimizer = mx.optimizer.SGD(param_idx2name=names, wd=0.1, learning_rate=1)
    every = [*names, "foo"]
    assert optimizer._get_wds(every) == [0.1, 0, 0.1, 0, 0, 0]
    optimizer.set_wd_mult({"a_bias": 2.0, 0: 3.0})
    assert optimizer._get_wds(every) == pytest.approx([0.3, 0.2, 0.1, 0, 0, 0])
    optimizer.set_lr_mult({"a_bias": 2.0, 0: 3.0})
    assert optimizer._get_lrs(every) == [3, 2, 1, 1, 1, 1]
    assert (optimizer._get_lr(1), optimizer._get_wd(1)) == (2.0, 0.2)
    assert mx.optimizer.LARS(param_idx2name=names, wd=0.1)._get_wds(every) == [0.1, 0, 0, 0, 0, 0]


def test_multipliers_of_a_symbol():
    x, w = mx.sym.Variable("x", lr_mult=3, wd_mult=0.5), mx.sym.Variable("w_weight", lr_mult=2)
    symbol = mx.sym.FullyConnected(x, w, num_hidden=3, name="fc")
    names = {0: "w_weight", 1: "x", 2: "fc_bias"}
    optimizer = mx.optimizer.SGD(sym=symbol, param_idx2name=names, wd=0.1, learning_rate=1)
    assert optimizer._get_lrs(names) == [2, 3, 1]
    assert optimizer._get_wds(names) == [0.1, 0.05, 0]
    optimizer.set_lr_mult({"x": 7})
    assert optimizer.lr_mult == {"x": 7, "w_weight": 2.0}
    assert mx.optimizer.SGD(sym=symbol).wd_mult == {"x": 0.5}


@pytest.mark.parametrize("name", EXACT)
def test_multipliers_of_parameters_and_rates_of_numpy(name):
    """A multiplied rate is the rate."""
    weight, grad = nd.array([[0.5, -0.3]]), nd.array([[0.2, 0.4]])
    parameter = mx.gluon.Parameter("p", shape=(1, 2), lr_mult=2.0)
    wd = 0.0 if name == "groupadagrad" else np.float32(0.25)
    other = {"lr_scheduler": mx.lr_scheduler.FactorScheduler(100, base_lr=0.5)} if name == "lars" else {}
    one, _ = steps(
        name, weight.copy(), [grad] * 3, learning_rate=np.float32(0.25), wd=wd, param_dict={0: parameter}, **other
    )
    two, _ = steps(name, weight.copy(), [grad] * 3, learning_rate=0.5, wd=float(wd), **other)
    np.testing.assert_allclose(one.asnumpy(), two.asnumpy(), rtol=1e-6)
    assert (one.asnumpy() != weight.asnumpy()).any()


# ---- arrays ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_gradients_stay_as_they_are(name):
    grad = nd.array([[1.0, 2.0], [3.0, 4.0]])
    weight, updater = steps(name, nd.ones((2, 2)), [grad, grad], rescale_grad=0.5, clip_gradient=1.0)
    assert grad.asnumpy().tolist() == [[1, 2], [3, 4]]
    assert updater.optimizer.num_update == (0 if name == "test" else 2)
    assert (weight.asnumpy() != 1).all()


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_states_have_the_weights_dtype(name, dtype):
    weight = nd.ones((2, 2), dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weight, updater = steps(name, weight, [nd.ones((2, 2), dtype=dtype)] * 2, learning_rate=0.25)
    assert all(array.dtype == weight.dtype for array in cases.flatten(updater.states[0]))
    assert np.isfinite(weight.astype("float32").asnumpy()).all()
    assert (weight.astype("float32").asnumpy() != 1).all() or (name == "lars" and dtype != "float64")


@pytest.mark.parametrize("name", EVERY)
def test_float16_without_a_copy_is_a_warning(name):
    with pytest.warns(UserWarning, match="Accumulating with float16"):
        mx.optimizer.create(name).create_state_multi_precision(0, nd.ones((2, 2), dtype="float16"))


@pytest.mark.parametrize("name", EXACT)
def test_lists_of_mixed_dtypes_are_as_one_by_one(name):
    def arrays(seed):
        rng = np.random.RandomState(seed)
        return [nd.array(rng.normal(size=(2, 2)), dtype=d) for d in ("float16", "float32", "float16", "float32")]

    results = []
    for together in (True, False):
        updater = mx.optimizer.get_updater(mx.optimizer.create(name, multi_precision=True, learning_rate=0.1))
        weights = arrays(0)
        for step in range(3):
            if together:
                updater(list(range(4)), arrays(1 + step), weights)
            else:
                for i, grad in enumerate(arrays(1 + step)):
                    updater(i, grad, weights[i])
        results.append([weight.astype("float32").asnumpy() for weight in weights])
    for one, two in zip(*results, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-6)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("arguments", [{}, {"momentum": 0.9}])
def test_copies_on_two_contexts_stay_the_same(name, arguments):
    """Also where an optimizer remembers something between its updates, which MXNet's shares between contexts."""
    if arguments and "momentum" not in inspect.signature(type(mx.optimizer.create(name))).parameters:
        arguments = {}
    if name == "lbsgd":
        arguments = {**arguments, "batch_scale": 2}
    parameters = mx.gluon.ParameterDict()
    for i in range(3):
        parameter = parameters.get(f"p{i}", shape=(2, 2))
        parameter.initialize(mx.init.Constant(i + 1), ctx=[mx.cpu(0), mx.cpu(1)])
    schedule = mx.lr_scheduler.FactorScheduler(1, 0.7, base_lr=0.1)
    options = {"lr_scheduler": schedule, **arguments}
    trainer = mx.gluon.Trainer(parameters, name, options, update_on_kvstore=False)
    for _ in range(4):
        with mx.autograd.record():
            losses = [(a * a).sum() for p in parameters.values() for a in p.list_data()]
        mx.autograd.backward(losses)
        trainer.step(2)
    for parameter in parameters.values():
        one, two = parameter.list_data()
        assert (one.asnumpy() == two.asnumpy()).all()


# ---- optimizers of users ---------------------------------------------------------------------------------------------


def test_lists_as_long_as_an_optimizer_asks_for():
    """As MXNet calls it."""
    calls = []

    class Several(Optimizer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.aggregate_num = 2

        def update(self, index, weight, grad, state):
            calls.append(index)

    weights = [nd.ones(2, dtype=d) for d in ("float32", "float64", "float32", "float32", "float32")]
    updater = mx.optimizer.get_updater(Several())
    updater(list(range(5)), weights, weights)
    assert calls == [(0, 2), (3, 4), (1,)]
    assert updater.aggregate_updates


@pytest.mark.parametrize("name", EXACT)
def test_a_subclass_that_does_more_around_the_update_of_one_weight(name):
    class More(type(mx.optimizer.create(name))):
        calls = 0

        def update(self, index, weight, grad, state):
            self.calls += 1
            super().update(index, weight, grad * 2, state)

    def trained(optimizer, factor):
        updater = mx.optimizer.get_updater(optimizer)
        weights = [nd.ones((2, 2)), nd.ones((3, 1)) * 2]
        for _ in range(3):
            updater([0, 1], [weight * factor for weight in weights], weights)
        return [weight.asnumpy() for weight in weights]

    mine = More(learning_rate=0.1)
    for one, two in zip(trained(mine, 1), trained(mx.optimizer.create(name, learning_rate=0.1), 2), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-6)
    assert mine.calls == 6


# ---- where MXNet's answer is none, or wrong --------------------------------------------------------------------------


def test_dcasgd_with_momentum_is_its_formula():
    rng = np.random.RandomState(0)
    weight = rng.normal(size=(3, 2))
    gradients = [rng.normal(size=(3, 2)) for _ in range(5)]
    array, _ = steps(
        "dcasgd", nd.array(weight, dtype="float64"), [nd.array(g, dtype="float64") for g in gradients],
        momentum=0.9, lamda=2.0, wd=0.1, learning_rate=0.1, rescale_grad=0.5, clip_gradient=0.4,
    )  # fmt: skip
    previous, momentum = weight.copy(), np.zeros_like(weight)
    for grad in gradients:
        g = np.clip(0.5 * grad, -0.4, 0.4)
        momentum = 0.9 * momentum - 0.1 * (g + 0.1 * weight + 2 * g * g * (weight - previous))
        previous, weight = weight, weight + momentum
    np.testing.assert_allclose(array.asnumpy(), weight, rtol=1e-12)


def test_adamax_leaves_weights_without_gradients_alone():
    weight, _ = steps("adamax", nd.ones(3), [nd.array([0.0, 1, np.nan])] * 2, learning_rate=0.1)
    np.testing.assert_allclose(weight.asnumpy(), [1, 0.8, np.nan], rtol=1e-6)


def test_lbsgd_adds_up_gradients_of_a_buffer_that_is_written_again():
    optimizer = mx.optimizer.LBSGD(batch_scale=2, warmup_epochs=0, learning_rate=0.5)
    weight, grad = nd.zeros(2), nd.zeros(2)
    for value in (1, 3, 5, 7):
        grad[:] = value
        optimizer.update(0, weight, grad, None)
    assert weight.asnumpy().tolist() == [-8, -8]  # 0.5 * 2 * (2 + 6)


def test_lars_corrects_the_momentum_of_all_weights():
    """As MXNet does for the first four of a step."""
    schedule = mx.lr_scheduler.FactorScheduler(1, 0.5, base_lr=1.0)
    updater = mx.optimizer.get_updater(mx.optimizer.LARS(momentum=0.9, lr_scheduler=schedule, eta=0.1))
    weights = [nd.ones((2, 2)) for _ in range(6)]
    for _ in range(3):
        updater(list(range(6)), [nd.ones((2, 2)) * 0.5 for _ in weights], weights)
    np.testing.assert_allclose([weight.asnumpy().max() for weight in weights], 0.74925, rtol=1e-5)  # MXNet's


def test_a_bound_of_nothing():
    """MXNet's kernels take clip_gradient=0 for none; optimizers that it writes in Python clip to 0."""
    plain, _ = steps("sgd", nd.ones(2), [nd.ones(2)], learning_rate=0.1)
    for name, same in (("sgd", True), ("adagrad", False), ("nag", True), ("dcasgd", False)):
        weight, _ = steps(name, nd.ones(2), [nd.ones(2)], learning_rate=0.1, clip_gradient=0.0)
        np.testing.assert_allclose(weight.asnumpy(), plain.asnumpy() if same else 1, rtol=1e-6)


# ---- samples ---------------------------------------------------------------------------------------------------------


def test_sgld_adds_noise_of_the_variance_lr():
    mx.random.seed(3)
    size, lr = 40000, 0.04
    start = nd.ones(size)
    weight, _ = steps("sgld", start.copy(), [nd.ones(size) * 3], learning_rate=lr, wd=0.5, rescale_grad=0.5)
    noise = (weight - start).asnumpy() + lr / 2 * (1.5 + 0.5)
    assert abs(noise.mean()) < 4 * np.sqrt(lr / size)
    assert noise.var() == pytest.approx(lr, rel=4 * np.sqrt(2 / size))
    kurtosis = ((noise / noise.std()) ** 4).mean()
    assert kurtosis == pytest.approx(3, abs=4 * np.sqrt(24 / size))
    again, _ = steps("sgld", start.copy(), [nd.ones(size) * 3], learning_rate=lr)
    assert abs(np.corrcoef(noise, (again - start).asnumpy())[0, 1]) < 4 / np.sqrt(size)


def test_sgld_samples_a_posterior():
    """The stationary distribution of a quadratic loss with curvature c is a Gaussian of variance 1 / c."""
    mx.random.seed(4)
    optimizer = mx.optimizer.SGLD(learning_rate=0.1)
    weight = nd.zeros(20000)
    for _ in range(150):
        optimizer.update(0, weight, 4 * (weight - 2), None)
    values = weight.asnumpy()
    assert values.mean() == pytest.approx(2, abs=0.02)
    assert values.var() == pytest.approx(1 / (4 - 0.1 * 4**2 / 4), rel=0.05)  # of steps of this length
