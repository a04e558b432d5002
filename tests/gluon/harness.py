"""One harness tests a layer, cell or loss whole; see tests/gluon/samples/layer.py for how a sample is written.

A test file needs three lines::

    @every(LAYERS)
    def test_layers(layer, aspect, tmp_path):
        check_layer(layer, aspect, tmp_path)

They become one test for each sample and aspect:

==============  ========================================================================================================
golden          name, text, summary, parameters before and after the first call, names in the graph, outputs in
                prediction and training, gradients, running statistics: all as MXNet's with the same weights
hybrid          hybridized, the block computes the same: prediction, training, gradients, running statistics
differences     gradients are those of central finite differences in float64
files           parameters saved and loaded, also into a block that does not know its shapes
export          exported and imported as a SymbolBlock, the graph computes the same
cast            dtypes in float16 and float64 are MXNet's where it can, values nearly those of float32
contexts        initialized on two contexts, outputs and gradients are the same on each
==============  ========================================================================================================
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet.gluon import HybridBlock, SymbolBlock
from tests.gluon.samples import layer as samples
from tests.gluon.samples import load
from tests.gluon.samples.check import assert_close
from tests.gluon.samples.layer import Layer, leaves, parameters, run, structure

golden = functools.cache(load)


def every(layers: list[Layer]) -> pytest.MarkDecorator:
    """Parametrize a test over samples and the aspects that apply to them."""
    cases = [(layer, aspect) for layer in layers for aspect in aspects(layer)]
    return pytest.mark.parametrize(("layer", "aspect"), cases, ids=[f"{layer.id} {aspect}" for layer, aspect in cases])


def aspects(layer: Layer) -> Iterator[str]:
    """What is tested of a layer."""
    hybrid = True
    with contextlib.suppress(Exception), mx.name.NameManager():  # what cannot be made fails in its tests
        hybrid = isinstance(layer.make(mx), HybridBlock)
    for aspect in ASPECTS:
        if (
            (aspect == "hybrid" and not hybrid)
            or (aspect == "export" and (not hybrid or "imperative" in layer.flags))
            or (aspect == "differences" and "kinked" in layer.flags)
            or (aspect == "contexts" and "parallel" in layer.flags)
        ):
            continue
        yield aspect


def check_layer(layer: Layer, aspect: str, path: Path) -> None:
    """Test one aspect of a layer; ``path`` is an empty folder."""
    ASPECTS[aspect](layer, path)


def check_error(layer: Layer) -> None:
    """A wrong call raises here what it raises in MXNet; where MXNet accepts it or ends the process, a plain error."""
    want = golden(layer.family)[layer.id]

    def call() -> None:
        net = layer.make(mx)
        net.initialize()
        run(layer.runner(mx, net), layer.arrays(mx))

    with pytest.raises(Exception) as raised:  # noqa: PT011 - the class is what is asked
        call()
    names = [base.__name__ for base in type(raised.value).__mro__]
    assert (want[0] in names) if want else {"MXNetError", "ValueError", "TypeError", "AssertionError"} & {*names}, (
        f"MXNet raises {want[:1] or 'nothing'}, this library {raised.value!r}"
    )
    assert len(str(raised.value)) > 20, f"an error without words: {raised.value!r}"


# ---- helpers ---------------------------------------------------------------------------------------------------------


def ready(layer: Layer, ctx: Any = None) -> tuple[Any, Any]:
    """A filled block, and what runs it."""
    net = layer.make(mx)
    net.initialize(mx.init.Constant(0.5), ctx=ctx)
    block = layer.runner(mx, net)
    run(block, layer.arrays(mx, ctx=ctx[0] if ctx else None))
    samples.fill(mx, net)
    return net, block


def same(want: Any, got: Any, what: str, tolerance: float = 1e-6) -> None:
    """Nested outputs, or dicts of arrays, are nearly equal, of one dtype and nested alike."""
    if isinstance(want, dict):
        assert want.keys() == got.keys(), what
        pairs = [(f"{what} {key}", value, got[key]) for key, value in want.items()]
    else:
        assert structure(want) == structure(got), what
        pairs = [(what, a.asnumpy(), b.asnumpy()) for a, b in zip(leaves(want), leaves(got), strict=True)]
    for name, a, b in pairs:
        assert a.dtype == b.dtype, name
        np.testing.assert_allclose(b, a, rtol=10 * tolerance, atol=tolerance, err_msg=name)


def states(net: Any) -> dict[str, Any]:
    """The values of what is not trained."""
    return {name: p.data().copy() for name, p in parameters(net).items() if p.grad_req == "null"}


# ---- aspects ---------------------------------------------------------------------------------------------------------


def check_golden(layer: Layer, path: Path) -> None:
    want, got = golden(layer.family)[layer.id], samples.answer(mx, layer)
    assert {*got, "cast"} == want.keys()
    for what in ("name", "before", "after", "symbols", "summary", "structure"):
        a, b = want.get(what), got.get(what)
        assert a == b, f"{what}: MXNet says\n{a}\nthis library\n{b}"
    for what in ("predicted", "trained"):
        for i, (a, b) in enumerate(zip(want.get(what, ()), got.get(what, ()), strict=True)):
            assert_close(a, b, f"{what} output {i}")
    for what in ("initialized", "gradients"):
        assert want.get(what, {}).keys() == got.get(what, {}).keys(), what
        for name, array in want.get(what, {}).items():
            assert_close(array, got[what][name], f"{what} {name}", tolerance=1e-4)


def check_hybrid(layer: Layer, path: Path) -> None:
    (_, block), (hybrid_net, hybrid) = ready(layer), ready(layer)
    train = "random" not in layer.flags
    predicted = run(block, layer.arrays(mx))
    trained, gradients = samples.differentiate(mx, layer, block, layer.arrays(mx), train)
    hybrid.hybridize()
    for i in range(3):  # recorded, compiled, replayed
        same(predicted, run(hybrid, layer.arrays(mx)), f"prediction {i}")
        outputs, found = samples.differentiate(mx, layer, hybrid, layer.arrays(mx), train)
        same(trained, outputs, f"training {i}")
        same(gradients, found, f"training {i}, gradient of", 1e-5)
        samples.fill(mx, hybrid_net)


def check_differences(layer: Layer, path: Path, epsilon: float = 1e-6, most: int = 24) -> None:
    """At most so many elements of every array, drawn by its name."""
    net = layer.make(mx)
    net.cast("float64")
    net.initialize()
    block, inputs, train = layer.runner(mx, net), layer.arrays(mx, "float64"), "random" not in layer.flags
    run(block, inputs)
    samples.fill(mx, net)
    saved = states(net)

    def restore() -> None:
        for name, value in saved.items():
            parameters(net)[name].set_data(value)

    outputs, gradients = samples.differentiate(mx, layer, block, inputs, train)
    heads = samples.heads(mx, layer, list(leaves(outputs)))
    restore()

    def objective() -> float:
        with mx.autograd.train_mode() if train else mx.autograd.predict_mode():
            found = leaves(run(block, inputs))
            total = sum((y.astype("float64") * head).sum().asscalar() for y, head in zip(found, heads, strict=True))
        restore()
        return total

    arrays = {name: p.data() for name, p in parameters(net).items() if p.grad_req != "null"}
    for name, array in {**arrays, **layer.differentiable(inputs)}.items():
        base = array.asnumpy()
        indices = list(np.ndindex(*base.shape))
        rng = np.random.RandomState(len(name))
        for i in rng.choice(len(indices), min(len(indices), most), replace=False):
            moved = []
            for step in (epsilon, -epsilon):
                shifted = base.copy()
                shifted[indices[i]] += step
                array[:] = mx.nd.array(shifted, dtype="float64")
                moved.append(objective())
            numeric = (moved[0] - moved[1]) / (2 * epsilon)
            np.testing.assert_allclose(
                gradients[name][indices[i]], numeric, rtol=1e-4, atol=1e-6, err_msg=f"{name} {indices[i]}"
            )
        array[:] = mx.nd.array(base, dtype="float64")


def check_files(layer: Layer, path: Path) -> None:
    net, block = ready(layer)
    file = str(path / "layer.params")
    expected = run(block, layer.arrays(mx))
    net.save_parameters(file)
    for known in (False, True):
        other = layer.make(mx)
        if known:
            other.initialize()
            run(layer.runner(mx, other), layer.arrays(mx))
        other.load_parameters(file)
        for name, p in parameters(net).items():
            np.testing.assert_array_equal(parameters(other)[name].data().asnumpy(), p.data().asnumpy(), err_msg=name)
        same(expected, run(layer.runner(mx, other), layer.arrays(mx)), "after loading")


def check_export(layer: Layer, path: Path) -> None:
    _, block = ready(layer)
    expected = list(leaves(run(block, layer.arrays(mx))))
    block.hybridize()
    run(block, layer.arrays(mx))
    block.export(str(path / "layer"))
    names = [symbol.name for symbol in leaves(layer.variables(mx))]
    arguments = mx.sym.load(str(path / "layer-symbol.json")).list_inputs()
    other = SymbolBlock.imports(
        str(path / "layer-symbol.json"), names, str(path / "layer-0000.params"), ignore_extra=False
    )
    assert {p.name for p in parameters(block).values()} >= set(arguments) - set(names)
    found = list(leaves(other(*leaves(layer.arrays(mx)))))
    same(expected, found, "imported")


def check_cast(layer: Layer, path: Path) -> None:
    _, block = ready(layer)
    expected = [y.asnumpy() for y in leaves(run(block, layer.arrays(mx)))]
    for dtype, tolerance in (("float16", 0.05), ("float64", 1e-4)):
        net, outputs = samples.cast(mx, layer, dtype)
        found = samples.dtypes(net, outputs)
        own = [dtype if a.dtype.kind == "f" else a.dtype.name for a in expected]
        assert found == golden(layer.family)[layer.id]["cast"].get(dtype, {**found, "outputs": own}), dtype
        for a, b in zip(expected, leaves(outputs), strict=True):
            np.testing.assert_allclose(b.asnumpy().astype(a.dtype), a, rtol=tolerance, atol=tolerance, err_msg=dtype)


def check_contexts(layer: Layer, path: Path) -> None:
    contexts = [mx.cpu(0), mx.cpu(1)]
    train = "random" not in layer.flags
    _, alone = ready(layer)
    want = run(alone, layer.arrays(mx)), *samples.differentiate(mx, layer, alone, layer.arrays(mx), train)
    net, block = ready(layer, contexts)
    for hybrid in (False, True) if isinstance(block, HybridBlock) else (False,):
        if hybrid:
            block.hybridize()
        for ctx in contexts:
            inputs = layer.arrays(mx, ctx=ctx)
            predicted = run(block, inputs)
            assert all(y.context == ctx for y in leaves(predicted))
            outputs, gradients = samples.differentiate(mx, layer, block, inputs, train)
            for what, a, b in zip(
                ("prediction", "training", "gradient"), want, (predicted, outputs, gradients), strict=True
            ):
                same(a, b, f"{what} on {ctx}", 1e-5)
        samples.fill(mx, net)


ASPECTS: dict[str, Callable[[Layer, Path], None]] = {
    "golden": check_golden,
    "hybrid": check_hybrid,
    "differences": check_differences,
    "files": check_files,
    "export": check_export,
    "cast": check_cast,
    "contexts": check_contexts,
}
