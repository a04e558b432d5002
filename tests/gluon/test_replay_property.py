"""A hybridized network does what the same network does imperatively, whatever happens between two calls.

For each network of ``networks.py`` 500 random steps: calls in all modes with inputs of several shapes, and changes of
everything that a recorded graph depends on. After each change the next call of the hybridized network is compared with
a call of its twin, which has the same parameters and is never hybridized.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn
from mxnet.gluon.block.nested import items
from tests.gluon.networks import NETWORKS, Network
from tests.gluon.pairs import MODES, Pair, Waves

_STEPS = 500


def arrays(value: Any, ctx: mx.Context, dtype: str) -> Any:
    """A nested value with NDArrays in place of NumPy arrays."""
    if isinstance(value, np.ndarray):
        return nd.array(value, ctx=ctx, dtype=dtype)
    if isinstance(value, dict):
        return {k: arrays(v, ctx, dtype) for k, v in value.items()}
    return value


class Story:
    """A pair of networks, and what has happened to it."""

    def __init__(self, network: Network, seed: int, folder: Path) -> None:
        self.network, self.rng, self.folder = network, np.random.RandomState(seed), folder
        self.pair = Pair(network.make)
        self.ctx, self.dtype = mx.cpu(0), "float32"
        self.steps: list[str] = []
        self.views: list[nd.NDArray] = []
        self.last: tuple[str, list] | None = None  # mode and inputs of the last call
        self.call()

    def call(self) -> None:
        """Compare one call: either like the last one, with other values in the same arrays, or of any kind."""
        if self.last and self.rng.randint(4):
            self.steps.append("call again")
            mode, inputs = self.last
            for array in items(inputs):
                if isinstance(array, nd.NDArray) and self.network.floats:
                    array[:] = self.rng.normal(0, 1, array.shape)
        else:
            mode, number = list(MODES)[self.rng.randint(len(MODES))], int(self.rng.randint(2, 4))
            gradients = self.network.floats and bool(self.rng.randint(2))
            self.steps.append(f"call {mode} n={number} gradients={gradients}")
            inputs = [arrays(v, self.ctx, self.dtype) for v in self.network.inputs(self.rng, number)]
            for array in items(inputs):
                if gradients and isinstance(array, nd.NDArray):
                    array.attach_grad()
            self.last = mode, inputs
        self.pair.check(*inputs, mode=mode, seed=int(self.rng.randint(5)), grad=False)

    def change(self) -> None:
        names = list(CHANGES)
        name = names[self.rng.randint(len(names))]
        self.steps.append(name)
        CHANGES[name](self)

    # What changes use

    def parameter(self) -> gluon.Parameter:
        every = self.pair.parameters
        return every[self.rng.randint(len(every))]

    def array(self) -> nd.NDArray:
        found = self.parameter().list_data()
        return found[self.rng.randint(len(found))]

    def values(self, shape: tuple[int, ...]) -> nd.NDArray:
        return nd.array(self.rng.uniform(0.2, 1.5, shape), ctx=self.ctx)

    def both(self, change: Callable[[gluon.Block], None]) -> None:
        change(self.pair.net)
        change(self.pair.twin)

    def blocks(self, kind: type) -> list[tuple[gluon.Block, gluon.Block]]:
        """Pairs of blocks of a class in the two networks; none where one of them is a single graph."""
        if isinstance(self.pair.net, gluon.SymbolBlock):
            return []
        found: tuple[list, list] = ([], [])
        for net, into in zip((self.pair.net, self.pair.twin), found, strict=True):
            net.apply(lambda block, into=into: into.append(block) if isinstance(block, kind) else None)
        return list(zip(*found, strict=True))


# ---- the changes -----------------------------------------------------------------------------------------------------


def set_data(story: Story) -> None:
    parameter = story.parameter()
    parameter.set_data(story.values(parameter.shape))


def write_in_place(story: Story) -> None:
    array = story.array()
    array[:] = story.values(array.shape)


def write_a_row(story: Story) -> None:
    array = story.array()
    array[int(story.rng.randint(array.shape[0]))] = float(story.rng.uniform(0.2, 1))


def add_in_place(story: Story) -> None:
    array = story.array()
    array += 0.125


def write_through_a_view(story: Story) -> None:
    array = story.array()
    story.views.append(array[1:] if array.shape[0] > 1 else array.reshape((-1,)))
    for view in story.views[-3:]:
        view *= 0.75


def operator_with_out(story: Story) -> None:
    array = story.array()
    nd.clip(array, 0.05, 1.5, out=array)


def train(optimizer: str, **options: Any) -> Callable[[Story], None]:
    def change(story: Story) -> None:
        net = story.pair.net
        if any(p.list_ctx() != [story.ctx] for p in story.pair.parameters):
            return
        trainer = gluon.Trainer(net.collect_params(), optimizer, {"learning_rate": 0.01, **options})
        inputs = [arrays(v, story.ctx, story.dtype) for v in story.network.inputs(story.rng, 2)]
        for _ in range(2):
            with autograd.record():
                results = [a for a in items(net(*inputs)) if isinstance(a, nd.NDArray)]
                loss = sum((r * r).mean() for r in results)
            if loss._graph is not None:
                loss.backward()
                trainer.step(1, ignore_stale_grad=True)

    return change


def save_and_load(story: Story) -> None:
    path = story.folder / "net.params"
    if path.exists():
        contexts = story.pair.parameters[0].list_ctx()
        story.pair.net.load_parameters(str(path), ctx=contexts, cast_dtype=True)
    else:
        story.pair.net.save_parameters(str(path))


def initialize_again(story: Story) -> None:
    story.pair.net.initialize(Waves(), ctx=story.ctx, force_reinit=True)


def change_context(story: Story) -> None:
    story.ctx = mx.cpu(1 - story.ctx.device_id)
    story.pair.net.collect_params().reset_ctx(story.ctx)
    story.last = None


def use_two_contexts(story: Story) -> None:
    story.pair.net.collect_params().reset_ctx([mx.cpu(0), mx.cpu(1)])
    story.ctx = mx.cpu(int(story.rng.randint(2)))
    story.last = None


def cast(story: Story) -> None:
    story.dtype = "float64" if story.dtype == "float32" else "float32"
    story.both(lambda net: net.cast(story.dtype))
    story.last = None


def gradient_request(story: Story) -> None:
    story.parameter().grad_req = ["write", "add", "null"][story.rng.randint(3)]


def attach_a_gradient(story: Story) -> None:
    parameter = story.parameter()
    if parameter.grad_req != "null":
        for array in parameter.list_data():
            array.attach_grad(parameter.grad_req)


def hybridize(**flags: Any) -> Callable[[Story], None]:
    return lambda story: story.pair.net.hybridize(**flags)


def hybridize_a_child(story: Story) -> None:
    children = _all(story.pair.net)
    children[story.rng.randint(len(children))].hybridize(bool(story.rng.randint(2)))


def attribute(story: Story) -> None:
    factor = float(story.rng.randint(1, 4))
    for pair in story.blocks(gluon.HybridBlock):
        for block in pair:
            if hasattr(block, "factor"):
                block.factor = factor
            if isinstance(block, nn.Dropout):
                block._rate = 0.1 * factor


def array_attribute(story: Story) -> None:
    factor = float(story.rng.randint(1, 4))
    for pair in story.blocks(gluon.HybridBlock):
        for block in pair:
            if hasattr(block, "table"):
                block.table[0, 1] = factor


def replace_a_child(story: Story) -> None:
    """A Dense layer by a new one: with the same parameters where they are tied, else with others."""
    found = story.blocks(nn.Dense)
    if not found:
        return
    old = found[story.rng.randint(len(found))][0]
    units, width = old.weight.shape
    tied = sum(ours.weight is old.weight for ours, _ in found) > 1
    options = dict(in_units=width, flatten=old._flatten, use_bias=old.bias is not None, dtype=old.weight.dtype)
    new = nn.Dense(units, activation="sigmoid", prefix=old.prefix, params=old.params if tied else None, **options)
    if not tied:
        new.initialize(Waves(), ctx=old.weight.list_ctx())
    for net, child in ((story.pair.net, new), (story.pair.twin, nn.Dense(
        units, activation="sigmoid", prefix=old.prefix, params=new.params, **options
    ))):  # fmt: skip
        for parent in _all(net):
            for name in [name for name, block in parent._children.items() if block.name == old.name]:
                if name in parent.__dict__:
                    setattr(parent, name, child)
                else:
                    parent.register_child(child, name)


def add_a_child(story: Story) -> None:
    if isinstance(story.pair.net, nn.HybridSequential) and len(story.pair.net) < 12:
        story.both(lambda net: net.add(nn.Activation("tanh")))


def hooks(story: Story) -> None:
    calls: list[str] = []
    net = story.pair.net
    handles = [
        net.register_forward_hook(lambda *_: calls.append("after")),
        net.register_forward_pre_hook(lambda *_: calls.append("before")),
    ]
    for expected in (["before", "after"], ["before", "after"] * 2):
        story.call()
        assert calls == expected
    for handle in handles:
        handle.detach()
    story.call()
    assert calls == ["before", "after"] * 2


def fail(story: Story) -> None:
    """A call that raises leaves nothing behind."""
    with pytest.raises((mx.MXNetError, ValueError, TypeError)), autograd.record():
        story.pair.net(nd.ones((1, 1, 1, 1, 1, 1), ctx=story.ctx), nd.ones(3, ctx=story.ctx), 1, 2, 3)


CHANGES: dict[str, Callable[[Story], None]] = {
    "nothing": lambda story: None,
    "set_data": set_data,
    "p.data()[:] =": write_in_place,
    "p.data()[i] =": write_a_row,
    "p.data() +=": add_in_place,
    "write through a view": write_through_a_view,
    "operator with out=": operator_with_out,
    "train with sgd": train("sgd", momentum=0.9),
    "train with adam": train("adam"),
    "save or load parameters": save_and_load,
    "initialize(force_reinit)": initialize_again,
    "reset_ctx": change_context,
    "two contexts": use_two_contexts,
    "cast": cast,
    "grad_req": gradient_request,
    "attach_grad": attach_a_gradient,
    "hybridize()": hybridize(),
    "hybridize(False)": hybridize(active=False),
    "hybridize(static)": hybridize(static_alloc=True, static_shape=True),
    "hybridize a child": hybridize_a_child,
    "an attribute": attribute,
    "an attribute that is an array": array_attribute,
    "a child replaced": replace_a_child,
    "a child added": add_a_child,
    "hooks": hooks,
    "an error": fail,
}


def _all(block: gluon.Block) -> list[gluon.Block]:
    found: list[gluon.Block] = []
    block.apply(found.append)
    return found


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.filterwarnings("ignore:.*hybridized while still having forward hook")
def test_500_steps(name, tmp_path):
    story = Story(NETWORKS[name], len(name), tmp_path)
    try:
        for _ in range(_STEPS):
            if story.rng.randint(4) == 0:
                story.change()
            story.call()
    except BaseException as error:
        raise AssertionError(f"step {len(story.steps)}, after:\n" + "\n".join(story.steps[-25:])) from error


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("network", ["convolutions", "shapes", "tied"])
@pytest.mark.filterwarnings("ignore:.*hybridized while still having forward hook")
def test_one_change(network, name, tmp_path):
    """After calls enough for the shortest way, a change shows in the very next call."""
    for mode in ("predict", "record"):
        story = Story(NETWORKS[network], 1, tmp_path)
        for _ in range(3):
            inputs = [arrays(v, story.ctx, story.dtype) for v in story.network.inputs(story.rng, 2)]
            for _ in range(5):
                story.pair.check(*inputs, mode=mode, grad=False)
            CHANGES[name](story)
            inputs = [x.as_in_context(story.ctx).astype(story.dtype) for x in inputs]
            story.pair.check(*inputs, mode=mode, grad=False)
