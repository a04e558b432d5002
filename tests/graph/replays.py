"""Calls made twice, imperatively and by a replayed graph, and compared: results, gradients, states, errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import mxnet as mx
from mxnet import autograd, nd

__all__ = ["MODES", "Outcome", "play", "same"]

# Whether gradients are recorded, whether layers behave as in training.
MODES = {"predict": (False, False), "train": (False, True), "record": (True, True), "record_predict": (True, False)}

Run = Callable[[list], list[nd.NDArray]]


class Outcome(NamedTuple):
    """What a call did: arrays by part, or the class of the error."""

    error: type[Exception] | None
    results: Sequence[np.ndarray] = ()
    gradients: Sequence[np.ndarray] = ()
    inputs: Sequence[np.ndarray] = ()


def play(
    run: Run,
    values: Sequence[Any],
    mode: str,
    differentiated: Sequence[int] = (),
    heads: int | None = None,
    ignored: Sequence[int] = (),
    seed: int = 11,
) -> Outcome:
    """Call ``run`` with new arrays of these values.

    differentiated: numbers of the inputs that have gradients while recording. heads: send gradients from the first
    results, that many. ignored: numbers of the inputs whose values afterwards do not matter. seed: of random numbers.
    """
    inputs = [nd.array(x, dtype=x.dtype) if isinstance(x, np.ndarray) else x for x in values]
    recording, training = MODES[mode]
    for i in differentiated if recording else ():
        inputs[i].attach_grad()
    mx.random.seed(seed)
    before = autograd.set_recording(recording), autograd.set_training(training)
    try:
        results = run(inputs)
    except Exception as error:
        return Outcome(type(error))
    finally:
        autograd.set_recording(before[0])
        autograd.set_training(before[1])
    recorded = [r for r in results if r._graph is not None][:heads]
    if recorded:
        rng = np.random.RandomState(5)
        autograd.backward(recorded, [nd.array(rng.uniform(-1, 1, h.shape), dtype=h.dtype) for h in recorded])
    gradients = [inputs[i].grad.asnumpy() for i in differentiated] if recorded else []
    after = [x.asnumpy() for i, x in enumerate(inputs) if isinstance(x, nd.NDArray) and i not in ignored]
    return Outcome(None, [r.asnumpy() for r in results], gradients, after)


def same(expected: Outcome, found: Outcome, what: str, exact_error: bool = False) -> None:
    """Both failed, or both gave nearly the same. Kernels may sum in another order for other strides."""
    if expected.error or found.error:
        alike = expected.error is found.error if exact_error else bool(expected.error) is bool(found.error)
        assert alike, f"{what}: {expected} expected, {found} found"
        return
    for part in ("results", "gradients", "inputs"):
        wanted, got = getattr(expected, part), getattr(found, part)
        assert len(wanted) == len(got), f"{what}: number of {part}"
        for i, (one, other) in enumerate(zip(wanted, got, strict=True)):
            where = f"{what}: {part}[{i}]"
            assert (one.dtype, one.shape) == (other.dtype, other.shape), where
            if one.dtype.kind == "f":
                rtol, atol = (5e-3, 1e-3) if one.dtype == np.float16 else (1e-4, 1e-5)
                np.testing.assert_allclose(other, one, rtol, atol, equal_nan=True, err_msg=where)
            else:
                np.testing.assert_array_equal(other, one, err_msg=where)
