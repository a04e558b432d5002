"""Arrays that are being recorded are safe: what can be done with them is replayed rightly, or refused.

Every call is the ``forward`` of a hybridized block. It runs once on values, and is replayed on others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from mxnet import autograd, gluon, nd
from mxnet.gluon.block.nested import items
from mxnet.ndarray.traced import RecordingError
from mxnet.ops.methods import METHODS
from tests.graph.replays import play, same
from tests.ndarray.traced_calls import FUNCTIONS, REFUSED, REPLAYED
from tests.ops.registered import operator_name
from tests.ops.samples import FAMILIES, Array, Sample


class Forward(gluon.HybridBlock):
    """A block whose ``forward`` is a function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any) -> Any:
        return self.function(*args)


def replayed(function: Callable[..., Any]) -> Forward:
    net = Forward(function)
    net.hybridize()
    return net


def flat(function: Callable[..., Any]) -> Callable[[Sequence[Any]], list]:
    """Called with a list of arguments; the results as a list."""
    return lambda inputs: list(items(function(*inputs)))


def values(seed: int) -> list[np.ndarray]:
    rng = np.random.RandomState(seed)
    return [rng.uniform(0.1, 3, (3, 4)).astype("float32") for _ in range(2)]


@pytest.mark.parametrize("mode", ["predict", "train", "record"])
@pytest.mark.parametrize("name", REPLAYED)
def test_replayed(name, mode):
    call = REPLAYED[name]
    net = replayed(call)
    for seed in (1, 1, 2, 3):
        expected = play(flat(call), values(seed), mode, (0, 1), seed=seed)
        same(expected, play(flat(net), values(seed), mode, (0, 1), seed=seed), f"values {seed}", exact_error=True)


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore:range is not specified")
def test_refused(name):
    inputs = [nd.array(v) for v in values(1)]
    for net in (replayed(REFUSED[name]), replayed(lambda x, y: REFUSED[name](x * 1, y + 0))):
        with pytest.raises((RecordingError, TypeError)) as caught, autograd.record():
            net(*inputs)
        if caught.type is RecordingError:
            first, *lines = str(caught.value).split("\n")
            assert f"block '{net.name}' cannot be recorded as a graph, because it uses " in first
            assert not any(word in first for word in ("_data", "_source", "_graph", "_value", "method", "__"))
            if lines:  # where this is found out at once
                assert "traced_calls.py" in lines[0]
                assert lines[-1].startswith("Instead, ")
    for array, before in zip(inputs, values(1), strict=True):
        np.testing.assert_array_equal(array.asnumpy(), before)


def test_every_method_is_in_the_tables():
    changed = {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__", "__reduce__", "__getstate__"}
    inherited = set(dir(object)) - changed
    inner = {"__annotations__", "__array_priority__", "__getattr__", "__module__", "__slots__", "__weakref__",
             "as_np_ndarray"}  # fmt: skip
    public = {n for n in dir(nd.NDArray) if n.startswith("__") or not n.startswith("_")} | set(METHODS)
    assert public - inherited - inner <= REPLAYED.keys() | REFUSED.keys()


def test_every_function_is_in_the_tables():
    named = {n.split(" ")[0].split("(")[0] for n in (*FUNCTIONS, *REFUSED)}
    without_arrays = {"NDArray", "empty", "imdecode", "load", "load_frombuffer", "from_dlpack", "to_dlpack_for_read",
                      "to_dlpack_for_write"}  # fmt: skip
    from mxnet.ndarray import contrib_functions, creation, functions, random, utils

    public = {*creation.__all__, *functions.__all__, *utils.__all__, "waitall"}
    public |= {f"random.{n}" for n in random.__all__ if not n.endswith("_like")}
    public |= {f"contrib.{n}" for n in contrib_functions.__all__ if not n.endswith("_update")}
    assert public - without_arrays <= named


# ---- operators -------------------------------------------------------------------------------------------------------


def cases() -> Iterator:
    """Every sample; those beyond the first of an operator are slow together."""
    met: Counter = Counter()
    for sample in (s for family in FAMILIES.values() for s in family.samples.values() if isinstance(s, Sample)):
        if any(isinstance(x, Array) for x in sample.inputs):
            met[name := operator_name(sample) or sample.operator] += 1
            yield pytest.param(sample, id=str(sample), marks=[pytest.mark.slow] if met[name] > 1 else [])


@pytest.mark.parametrize("sample", list(cases()))
def test_operator(sample):
    def call(*arrays: Any) -> list:
        rest = iter(arrays)
        return sample.run(nd, [next(rest) if isinstance(x, Array) else x for x in sample.inputs])

    arguments = [i for i, x in enumerate(sample.inputs) if isinstance(x, Array)]
    places = [arguments.index(i) for i in sample.differentiated]
    own = [x for x in sample.arrays() if isinstance(x, np.ndarray)]
    others = [x.make(f"other {sample.id}{i}") for i, x in enumerate(sample.inputs) if isinstance(x, Array)]
    net = replayed(call)
    if sample.into or sample.operator in ("reset_arrays", "onehot_encode"):
        with pytest.raises(RecordingError, match="uses out=|which writes into its inputs"):
            net(*map(nd.array, own))
        return
    for mode in ("predict", "record"):
        for seed, given in enumerate((own, own, others)):
            expected = play(flat(call), given, mode, places, sample.heads, seed=seed)
            same(expected, play(flat(net), given, mode, places, sample.heads, seed=seed), mode)
