"""A network and its twin, which has the same parameters and is never hybridized: both have to do the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon.block.nested import items
from tests.graph.replays import MODES

__all__ = ["MODES", "Pair", "shown"]

_TOLERANCE = {"float16": 2e-2, "float32": 2e-4, "float64": 1e-9}


def shown(value: Any) -> Any:
    """A nested result with NumPy arrays in the arrays' places."""
    if isinstance(value, nd.NDArray):
        return value.asnumpy()
    if isinstance(value, dict):
        return {"type": type(value), **{k: shown(v) for k, v in value.items()}}
    if isinstance(value, (list, tuple)):
        return [type(value), *map(shown, value)]
    return value


def close(one: Any, other: Any, what: str) -> None:
    """Equal nested values; arrays nearly."""
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray), what
        assert (one.shape, one.dtype) == (other.shape, other.dtype), what
        tolerance = _TOLERANCE.get(one.dtype.name, 0)
        np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance, err_msg=what)
    elif isinstance(one, dict):
        assert list(one) == list(other), what
        for key, value in one.items():
            close(value, other[key], f"{what}, {key!r}")
    elif isinstance(one, list):
        assert isinstance(other, list), what
        assert len(one) == len(other), what
        for i, value in enumerate(one):
            close(value, other[i], f"{what}, [{i}]")
    else:
        assert one == other, what


@mx.init.register
class Waves(mx.init.Initializer):
    """Different values everywhere, and no random numbers: the twin draws the same ones in its first call."""

    def _init_weight(self, name: str, arr: nd.NDArray) -> None:
        arr[:] = np.sin(np.arange(arr.size) * 1.3 + len(name)).reshape(arr.shape)


class Pair:
    """``make(prefix, params)`` builds the network; the twin gets the parameters of the first.

    The first one is initialized, and hybridized unless ``hybridize`` is false.
    """

    def __init__(self, make: Callable[..., gluon.Block], hybridize: bool = True, **flags: Any) -> None:
        self.net = make(prefix="net_", params=None)
        self.twin = make(prefix="net_", params=self.net.collect_params())
        self.net.initialize(Waves())
        if hybridize:
            self.net.hybridize(**flags)

    def check(
        self, *args: Any, mode: str = "predict", seed: int = 3, grad: bool = True, what: str = "", **kwargs: Any
    ) -> Any:
        """Call both in the same state, and compare results, gradients and the values that parameters have then."""
        before = self._values()
        found = self._run(self.net, args, kwargs, mode, seed, grad)
        self._restore(before)
        expected = self._run(self.twin, args, kwargs, mode, seed, grad)
        close(expected, found, f"{what or type(self.net).__name__} in mode {mode}")
        return found["results"]

    @property
    def parameters(self) -> list[gluon.Parameter]:
        return list(self.net.collect_params().values())

    def _arrays(self) -> dict[tuple, nd.NDArray]:
        """The arrays of all parameters that have values."""
        found = {}
        for parameter in self.parameters:
            for array in [] if parameter._data is None else parameter.list_data():
                found[parameter.name, str(array.ctx)] = array
        return found

    def _values(self) -> dict[tuple, list]:
        """What a call may change: statistics and gradients."""
        arrays = self._arrays().items()
        return {key: [a.asnumpy(), None if a.grad is None else a.grad.asnumpy()] for key, a in arrays}

    def _restore(self, values: dict[tuple, list]) -> None:
        """As it was before a call; parameters that the call has initialized start from no gradients and statistics."""
        for key, array in self._arrays().items():
            value, gradient = values.get(key, (None, None))
            if value is None and key[0].endswith(("_mean", "_var")):
                value = np.full(array.shape, key[0].endswith("var"))
            if value is not None and (array.asnumpy() != value).any():
                array[:] = value
            if array.grad is not None:
                array.grad[:] = 0 if gradient is None else gradient

    def _run(self, net: gluon.Block, args: tuple, kwargs: dict, mode: str, seed: int, grad: bool) -> dict[str, Any]:
        recording, training = MODES[mode]
        inputs = [a for a in items((args, kwargs)) if isinstance(a, nd.NDArray)]
        for array in inputs:
            if grad and recording:
                array.attach_grad()
        mx.random.seed(seed)
        with autograd.record(training) if recording else autograd.pause(training):
            results = net(*args, **kwargs)
        values = shown(results)
        gradients: list = []
        if recording:
            heads = [a for a in items(results) if isinstance(a, nd.NDArray) and a._graph is not None]
            rng = np.random.RandomState(seed)
            directions = [nd.array(rng.uniform(-1, 1, h.shape), ctx=h.ctx, dtype=h.dtype) for h in heads]
            if heads:
                autograd.backward(heads, directions)
            gradients = [a.grad.asnumpy() for a in inputs if a.grad is not None]
        return {"results": values, "gradients": gradients, "parameters": self._values()}
