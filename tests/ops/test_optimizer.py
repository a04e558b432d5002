"""The fused updates of many weights, and the same ones weight by weight, against the formulas in float64."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from mxnet.ops import optimizer as kernels

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
