"""How graphs run: names, fallbacks where something is missing, and the same results everywhere."""

from __future__ import annotations

import shutil
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.fx as fx

import mxnet as mx
from mxnet import autograd, nd
from mxnet.base import MXNetError
from mxnet.gluon import nn
from mxnet.graph.backends import choose, cuda_graph, flat, inductor
from tests.gluon.pairs import Pair
from tests.graph.passes.rewriting import graph_of, normal

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("g++", "clang++", "c++", "cl"))), reason="torch.compile needs a C++ compiler"
)
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


def dense(**kwargs) -> nn.HybridSequential:
    net = nn.HybridSequential(**kwargs)
    with net.name_scope():
        net.add(nn.Dense(8, activation="relu", in_units=6), nn.BatchNorm(in_channels=8), nn.Dense(3, in_units=8))
    return net


def module_of(function, *tensors: torch.Tensor) -> fx.GraphModule:
    return fx.GraphModule({}, graph_of(function, *tensors))


# Names


def test_names():
    assert choose(None) is choose("flat") is flat
    assert choose("inductor") is choose("inductor", static=True) is inductor
    assert choose("cuda_graph") is cuda_graph
    assert choose(None, static=True) is cuda_graph
    assert choose("flat", static=True) is flat


@pytest.mark.parametrize("name", ["Inductor", "", "jax", "torch.compile"])
def test_unknown_names(name):
    with pytest.raises(
        MXNetError, match=f"unknown backend {name!r}; expected None or one of 'flat', 'inductor', 'cuda"
    ):
        choose(name)
    with pytest.raises(MXNetError, match="unknown backend"):
        dense().hybridize(backend=name)
    net = dense()
    net.initialize()
    with pytest.raises((MXNetError, ValueError)):
        net.optimize_for(nd.ones((2, 6)), backend=name)


@pytest.mark.parametrize("name", ["MKLDNN", "MKLDNN_QUANTIZE", "ONEDNN", "TensorRT", "TVM"])
def test_names_of_mxnet(name):
    """Code that asks for one of them runs, and says so."""
    with pytest.warns(UserWarning, match=f"backend '{name}' is part of MXNet; the default runs instead"):
        assert choose(name) is flat
    pair = Pair(dense, hybridize=False)
    with pytest.warns(UserWarning, match="is part of MXNet"):
        pair.net.hybridize(backend=name)
    for _ in range(4):
        pair.check(nd.random.normal(shape=(2, 6)))


# Flat code


def test_flat_code_is_what_torch_fx_generated():
    module = module_of(lambda x, y: torch.relu(x) + y, normal(3), normal(3, seed=1))
    assert flat(module, 1) == module.forward


@pytest.mark.parametrize("backend", [None, "flat", "cuda_graph", "inductor"])
def test_generated_code_can_be_printed(backend):
    """It is Python, for every kind of call, whatever runs it."""
    net = dense()
    net.initialize()
    net.hybridize(backend=backend)
    with pytest.raises(RuntimeError, match="generated_code"):
        net.generated_code()
    net(nd.ones((2, 6)))
    with autograd.record():
        net(nd.ones((2, 6)))
    net(nd.ones((3, 6)))
    text = net.generated_code()
    assert text.count("def forward(") == 3
    assert "native_batch_norm" in text
    compile(text, "generated", "exec")


# CUDA graphs


@pytest.mark.parametrize("flags", [{"backend": "cuda_graph"}, {"static_alloc": True, "static_shape": True}])
def test_cuda_graph_on_a_cpu_is_flat_code(flags):
    module = module_of(lambda x: torch.relu(x), normal(3))
    assert cuda_graph(module, 1) == module.forward
    pair = Pair(dense, **flags)
    for mode in ("predict", "record", "predict"):
        for _ in range(4):
            pair.check(nd.random.normal(shape=(2, 6)), mode=mode)


def on_gpu(graph: fx.Graph) -> fx.GraphModule:
    """A graph as if it had been traced on a GPU."""
    for node in graph.nodes:
        if "info" in node.meta:
            node.meta["info"] = node.meta["info"]._replace(device=torch.device("cuda", 0))
    return fx.GraphModule({}, graph)


def test_what_a_cuda_graph_cannot_hold_is_flat_code():
    """Random numbers and writes into auxiliary states."""
    module = on_gpu(graph_of(lambda x: torch.relu(x), normal(3)))
    captured = cuda_graph(module, 1)
    assert captured != module.forward
    assert captured.code == module.code

    def writing(x, state):
        state.copy_(x)
        return x + 1

    module = on_gpu(graph_of(writing, normal(3), normal(3)))
    assert cuda_graph(module, 1) == module.forward
    drawing = fx.Graph()
    x, rng = drawing.placeholder("x"), drawing.placeholder("_rng")
    x.meta["info"] = SimpleNamespace(device=torch.device("cuda", 0))
    drawing.output((drawing.call_function(torch.bernoulli, (x,), {"generator": rng}),))
    module = fx.GraphModule({}, drawing)
    assert cuda_graph(module, 1) == module.forward


@needs_gpu
def test_cuda_graph_on_a_gpu():
    """Results are new arrays; changed weights, other inputs and gradients are seen."""
    ctx = mx.gpu(0)
    net, twin = dense(), dense()
    net.initialize(ctx=ctx)
    twin.initialize(ctx=ctx)
    rng, kept = np.random.RandomState(0), []
    net.hybridize(static_alloc=True, static_shape=True)
    for i in range(12):
        for one, other in zip(net.collect_params().values(), twin.collect_params().values(), strict=True):
            if i % 4 == 0:
                one.set_data(one.data(ctx) * 0.9)
            other.set_data(one.data(ctx))
        x = nd.array(rng.normal(size=(2, 6)), ctx=ctx)
        kept.append((net(x), twin(x).asnumpy()))
    for found, expected in kept:
        np.testing.assert_allclose(found.asnumpy(), expected, rtol=1e-3, atol=1e-4)


# inductor


def test_without_a_compiler_a_warning_and_flat_code(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    module = module_of(lambda x: torch.relu(x), normal(3))
    with pytest.warns(UserWarning, match="needs a C\\+\\+ compiler, and there is none"):
        assert inductor(module, 1) == module.forward
    pair = Pair(dense, backend="inductor")
    x = nd.random.normal(shape=(2, 6))
    pair.check(x)
    with pytest.warns(UserWarning, match="needs a C\\+\\+ compiler"):
        pair.check(x)
    for mode in ("predict", "record"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(4):
                pair.check(x, mode=mode)


def test_what_cannot_be_compiled_runs_as_flat_code(monkeypatch):
    calls = []

    def compile(module, **options):
        calls.append(options)

        def fail(*tensors):
            raise RuntimeError("no such luck\nand a long story")

        return fail

    monkeypatch.setattr(torch, "compile", compile)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    run = inductor(module_of(lambda x: torch.relu(x), normal(3)), 1)
    x = normal(3, seed=2)
    with pytest.warns(UserWarning, match="cannot compile this graph, running without: no such luck$"):
        torch.testing.assert_close(run(x)[0], torch.relu(x))
    torch.testing.assert_close(run(-x)[0], torch.relu(-x))  # and does not try again
    assert calls == [{"backend": "inductor", "fullgraph": True, "dynamic": False}]
    assert "torch.relu" in run.code


def test_random_numbers_are_drawn_by_flat_code(monkeypatch):
    """torch.compile takes no generators; ours are seeded by mx.random.seed."""
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(torch, "compile", lambda *args, **options: pytest.fail("was compiled"))

    def make(**kwargs):
        net = nn.HybridSequential(**kwargs)
        net.add(nn.Dropout(0.5))
        return net

    pair = Pair(make, backend="inductor")
    for seed in range(4):
        pair.check(nd.ones((4, 6)), mode="record", seed=seed)
    x = nd.ones((4, 6))
    with autograd.record():
        assert (pair.net(x).asnumpy() != pair.net(x).asnumpy()).any()


@needs_compiler
@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of torch's own
def test_compiled_networks():
    """Dense ones: compiled convolutions of torch 2.13 have wrong gradients on one thread."""
    pair = Pair(dense, backend="inductor")
    for i in range(12):
        mode = ("predict", "record")[i // 3 % 2]
        pair.check(nd.random.normal(shape=(4, 6)), mode=mode)
        if i % 4 == 3:
            for parameter in pair.parameters:
                parameter.set_data(parameter.data() * 0.9)
    assert "def forward" in pair.net.generated_code()


@needs_compiler
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_optimize_for_compiles():
    pair = Pair(dense, hybridize=False)
    x = nd.random.normal(shape=(4, 6))
    assert pair.net.optimize_for(x, backend="inductor") is None
    for _ in range(5):
        pair.check(x)
