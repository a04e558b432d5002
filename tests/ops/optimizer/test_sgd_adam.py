"""The fused updates of many weights, and the same ones weight by weight, against the formulas in float64.

Then operators on one weight where MXNet errs, or knows sparse gradients only.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet.ops import registry
from mxnet.ops.optimizer import sgd_adam as kernels

SHAPES = [(3, 4), (5,), (1,), (2, 3, 2), (7,)]
LRS, WDS = [0.1, 0.1, 0.02, 0.1, 0.0], [0.01, 0.01, 0.0, 0.0, 0.3]


def tensors(seed: int, dtype=torch.float32, positive: bool = False) -> list[torch.Tensor]:
    rng = np.random.RandomState(seed)
    values = [rng.uniform(0.1 if positive else -1, 1, s) for s in SHAPES]
    return [torch.tensor(v, dtype=dtype) for v in values]


def doubles(listed: list[torch.Tensor]) -> list[np.ndarray]:
    return [t.double().numpy().copy() for t in listed]


def clipped(values: np.ndarray, clip: float | None) -> np.ndarray:
    return values if clip is None or clip < 0 else np.clip(values, -clip, clip)


@pytest.fixture(params=["fused", "plain"])
def path(request, monkeypatch):
    """Both ways through: torch's fused kernels, and what stands in for them."""
    if request.param == "plain":
        monkeypatch.setattr(kernels, "_fused", False)
    else:
        assert kernels._fused, "this torch has no fused kernels"
    return request.param


CASES = list(itertools.product([1.0, 0.25, 0.0], [None, -1.0, 0.1]))


@pytest.mark.parametrize(("rescale", "clip"), CASES)
@pytest.mark.parametrize("momentum", [None, 0.9, 0.0])
def test_sgd(path, momentum, rescale, clip):
    weights, grads = tensors(1), tensors(2)
    momenta = None if momentum is None else tensors(3)
    expected, kept = doubles(weights), doubles(grads)
    states = doubles(momenta or [])
    for _ in range(3):
        kernels.sgd(weights, grads, momenta, LRS, WDS, momentum=momentum or 0.0, rescale=rescale, clip=clip)
        for i, (lr, wd) in enumerate(zip(LRS, WDS, strict=True)):
            step = -lr * (clipped(rescale * kept[i], clip) + wd * expected[i])
            if momenta is not None:
                states[i] = step = momentum * states[i] + step
            expected[i] = expected[i] + step
    for got, answer in zip(weights + (momenta or []), expected + states, strict=True):
        np.testing.assert_allclose(got.numpy(), answer, rtol=2e-6, atol=2e-7)
    for got, answer in zip(grads, kept, strict=True):
        np.testing.assert_array_equal(got.numpy(), answer)  # gradients are read only


@pytest.mark.parametrize(("rescale", "clip"), CASES)
@pytest.mark.parametrize("beta1", [0.9, 1.0])
def test_adam(path, beta1, rescale, clip):
    weights, grads, means, variances = tensors(1), tensors(2), tensors(3), tensors(4, positive=True)
    expected, kept, m, v = (doubles(t) for t in (weights, grads, means, variances))
    for _ in range(3):
        settings = {"beta1": beta1, "beta2": 0.99, "epsilon": 1e-3, "rescale": rescale, "clip": clip}
        kernels.adam(weights, grads, means, variances, LRS, WDS, **settings)
        for i, (lr, wd) in enumerate(zip(LRS, WDS, strict=True)):
            g = clipped(rescale * kept[i] + wd * expected[i], clip)
            m[i] = beta1 * m[i] + (1 - beta1) * g
            v[i] = 0.99 * v[i] + 0.01 * g**2
            expected[i] = expected[i] - lr * m[i] / (np.sqrt(v[i]) + 1e-3)
    for got, answer in zip(weights + means + variances, expected + m + v, strict=True):
        np.testing.assert_allclose(got.numpy(), answer, rtol=1e-5, atol=1e-6)
    for got, answer in zip(grads, kept, strict=True):
        np.testing.assert_array_equal(got.numpy(), answer)


def test_weights_with_other_strides_are_updated_right():
    """torch's fused kernels would pair the wrong elements."""
    weight, grad, mom = torch.zeros(3, 4), torch.arange(12.0).reshape(4, 3).t(), torch.zeros(3, 4)
    kernels.sgd([weight], [grad], [mom], [1.0], [0.0], momentum=0.9)
    assert torch.equal(weight, -grad)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_dtypes_may_be_mixed(path, dtype):
    weights = [t.to(dtype if i % 2 else torch.float32) for i, t in enumerate(tensors(1))]
    grads = [t.to(w.dtype) for t, w in zip(tensors(2), weights, strict=True)]
    momenta = [torch.zeros_like(w) for w in weights]
    expected = [w - lr * (g + wd * w) for w, g, lr, wd in zip(doubles(weights), doubles(grads), LRS, WDS, strict=True)]
    kernels.sgd(weights, grads, momenta, LRS, WDS, momentum=0.9)
    tolerance = 1e-2 if dtype.itemsize == 2 else 1e-6
    for got, answer in zip(weights, expected, strict=True):
        np.testing.assert_allclose(got.double().numpy(), answer, rtol=tolerance, atol=tolerance)


def test_version_counters_see_the_update(path):
    """Prepacked weights and recorded graphs are checked by them."""
    weights, momenta = tensors(1), tensors(2)
    before = [t._version for t in weights + momenta]
    kernels.sgd(weights, tensors(3), momenta, LRS, WDS, momentum=0.9)
    assert all(t._version > v for t, v in zip(weights + momenta, before, strict=True))
    means, variances = tensors(4), tensors(5, positive=True)
    before = [t._version for t in weights + means + variances]
    kernels.adam(weights, tensors(3), means, variances, LRS, WDS)
    assert all(t._version > v for t, v in zip(weights + means + variances, before, strict=True))


def test_nothing_to_update():
    kernels.sgd([], [], None, [], [])
    kernels.adam([], [], [], [], [], [])


# ---- operators that MXNet cannot be asked about ----------------------------------------------------------------------


def nds(*values: list, dtype: str = "float32") -> list[mx.nd.NDArray]:
    return [mx.nd.array(v, dtype=dtype) for v in values]


def test_mp_nag_is_nag_of_the_master_copy():
    """MXNet's momentum takes the weight decay from the weight after the step here."""
    (weight, grad, mom), (half, half_grad) = (
        nds([2, -1], [0.5, 0.25], [0.3, 0]),
        nds([2, -1], [0.5, 0.25], dtype="float16"),
    )
    master, mom32 = weight.copy(), mom.copy()
    attrs = {"lr": 0.1, "wd": 0.5, "momentum": 0.9}
    for _ in range(2):
        mx.nd.nag_mom_update(weight, grad, mom, out=weight, **attrs)
        mx.nd.mp_nag_mom_update(half, half_grad, mom32, master, out=half, **attrs)
    np.testing.assert_array_equal(mom32.asnumpy(), mom.asnumpy())
    np.testing.assert_array_equal(master.asnumpy(), weight.asnumpy())
    np.testing.assert_array_equal(half.asnumpy(), weight.asnumpy().astype("float16"))


def test_mp_lamb_keeps_the_new_weight():
    """MXNet returns it, but leaves ``weight32`` as it was, so that it never gets away from its start."""
    (half,) = nds([1, 2], dtype="float16")
    g, r1, r2, master = nds([0.5, -0.5], [2], [0.5], [1.0001, 2])
    mx.nd.mp_lamb_update_phase2(half, g, r1, r2, master, lr=0.1, out=half)
    np.testing.assert_allclose(master.asnumpy(), [0.8001, 2.2], rtol=1e-6)
    np.testing.assert_array_equal(half.asnumpy(), master.asnumpy().astype("float16"))


WEIGHT = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
GRAD = [[0.1, -0.2, 0.3], [0, 0, 0], [0.4, 0.5, -0.6]]


def test_adagrad_gives_what_mxnet_gives_for_a_sparse_gradient():
    weight, grad = nds(WEIGHT, GRAD)
    history = mx.nd.full((3, 3), 0.5)
    attrs = {"lr": 0.1, "rescale_grad": 2.0, "clip_gradient": 0.7, "epsilon": 0.1}
    mx.nd._internal._sparse_adagrad_update(weight, grad, history, out=weight, **attrs)
    expected = [[0.975, 2.0458832, 2.9387627], [4, 5, 6], [6.932952, 7.932952, 9.067048]]  # MXNet's
    np.testing.assert_allclose(weight.asnumpy(), expected, rtol=1e-6)
    expected = [[0.54, 0.66, 0.86], [0.5, 0.5, 0.5], [0.99, 0.99, 0.99]]
    np.testing.assert_allclose(history.asnumpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(3, 1), (3,)])
def test_group_adagrad_gives_what_mxnet_gives_for_a_sparse_gradient(shape):
    weight, grad = nds(WEIGHT, GRAD)
    history = mx.nd.array([0.5, 0.6, 0.7]).reshape(shape)
    mx.nd.contrib.group_adagrad_update(weight, grad, history, lr=0.1, out=weight)
    expected = [[0.98647505, 2.0270498, 2.9594252], [4, 5, 6], [6.9591045, 7.94888, 9.061343]]  # MXNet's
    np.testing.assert_allclose(weight.asnumpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(history.asnumpy().ravel(), [0.5466667, 0.6, 0.9566667], rtol=1e-6)
    assert history.shape == shape
    with pytest.raises(mx.MXNetError, match="history must have one number for each row"):
        mx.nd.contrib.group_adagrad_update(weight, grad, mx.nd.ones((3, 3)), lr=0.1)


def test_ftrl_keeps_small_weights_at_zero():
    weight, grad, z, n = nds([0.0, 0.0, 0.0], [0.1, -0.3, 0.5], [0, 0, 0], [0, 0, 0])
    mx.nd.ftrl_update(weight, grad, z, n, lr=1.0, lamda1=0.3, out=weight)
    np.testing.assert_allclose(weight.asnumpy(), [0, 0, -0.2 / 1.5], rtol=1e-6)


def test_signs_do_not_depend_on_the_clipping():
    weight, grad = nds([1, 1, 1], [0.5, -0.5, 0])
    np.testing.assert_allclose(mx.nd.signsgd_update(weight, grad, lr=0.1, clip_gradient=0).asnumpy(), [0.9, 1.1, 1])


@pytest.mark.parametrize("name", ["nag_mom_update", "rmsprop_update", "signum_update", "sgd_mom_update", "adam_update"])
def test_weight_and_gradient_stay_unless_they_are_out(name):
    op = registry.get(name)
    values = [[0.5 + i, 0.25 + i] for i in range(len(op.inputs))]
    inputs = nds(*values)
    result = getattr(mx.nd, name)(*inputs, lr=0.1)
    assert (result.asnumpy() != values[0]).all()
    for given, array, value in zip(op.inputs, inputs, values, strict=True):
        assert (array.asnumpy() != value).all() == (given in op.aux)


def test_a_graph_deduces_the_shapes_of_states():
    z = mx.sym.adam_update(mx.sym.Variable("w"), lr=0.1, name="a")
    arguments, results, states = z.infer_shape(w=(2, 3))
    assert arguments == results * 2 == [(2, 3), (2, 3)]
    assert states == [(2, 3), (2, 3)]
    z = mx.sym.lamb_update_phase2(mx.sym.Variable("w"), lr=0.1)
    assert z.infer_shape(w=(2, 3))[0] == [(2, 3), (2, 3), (1,), (1,)]
