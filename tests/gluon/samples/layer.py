"""A layer with arguments and inputs, written as text, and everything that it answers to them.

A sample is a line ``call @ inputs flags``, or ``call | expression @ inputs flags``:

``call``
    makes the block, with the names of `NAMES`: ``nn.Dense(3)``.
``expression``
    what is computed with it where that is no plain call, in terms of ``net``, ``F``, ``x`` (the first input) and
    ``inputs``: ``rnn.LSTMCell(5) | net.unroll(3, x, layout='NTC')``, ``rnn.GRUCell(5) | net(x, net.begin_state(2))``.
``inputs``
    shapes, also nested, or ``none``; a colon before the dtype and the kind of values: ``2x3``, ``2x3:float64``,
    ``2x3, [2x5, 2x5]``, ``4x3, 4:5`` (whole numbers below 5), ``2:int32:1-4`` (from 1 to 4), or a name from `KINDS`.
``flags``
    what does not hold for the layer; see `FLAGS`.

Only NumPy is imported here: the recorder runs this file in the environment of the real MXNet, which is passed in as
``mx``.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import encode

NAMES = {
    "gluon": "gluon",
    "nn": "gluon.nn",
    "rnn": "gluon.rnn",
    "cnn": "gluon.contrib.cnn",
    "cnn_": "gluon.contrib.nn",
    "ccnn": "gluon.contrib.cnn",
    "crnn": "gluon.contrib.rnn",
}
"""What ``call`` may name, besides ``mx``."""

FLAGS = {
    "random": "draws numbers in training, so values and gradients are compared in prediction only",
    "wrong": "MXNet's gradients are wrong or missing, so they are not compared with it",
    "overwritten": "MXNet writes into parameters that are not trained, so their values are not compared",
    "refused": "MXNet cannot compute it on a CPU: only names, text and parameters are compared with it",
    "kinked": "has no derivative at these inputs, or a gradient that is not its derivative: no finite differences",
    "unnamed": "the names of the graph's nodes are not compared",
    "imperative": "cannot be composed of symbols: it is not exported, and not asked for its graph",
    "nocast": "MXNet ends the process when it is cast: only that casting works here is tested",
    "parallel": "depends on the number of contexts: not compared between them",
}

KINDS: dict[str, Callable[[np.random.RandomState, tuple[int, ...]], np.ndarray]] = {
    "binary": lambda rng, shape: rng.randint(0, 2, shape),
    "sign": lambda rng, shape: rng.randint(0, 2, shape) * 2 - 1,
    "fixed": lambda rng, shape: rng.uniform(-1, 1, shape),
    "share": lambda rng, shape: (lambda raw: raw / raw.sum(-1, keepdims=True))(rng.uniform(0.5, 1.5, shape)),
    "positive": lambda rng, shape: rng.uniform(0.5, 1.5, shape),
    "any": lambda rng, shape: rng.uniform(-1, 1, shape),
}
"""Kinds of values; the default is ``any`` for floats, whole numbers below 3 for integers. Gradients are asked for
``any`` and ``positive`` only.
"""


@dataclass(frozen=True)
class Input:
    """An array of a shape, with values that are the same on every machine."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    kind: str = "any"

    @classmethod
    def parse(cls, text: str) -> Input:
        shape, *more = text.split(":")
        dtype = next((word for word in more if re.match(r"u?int|float|bool", word)), "float32")
        kind = next((word for word in more if word != dtype), "any" if dtype.startswith("float") else "3")
        return cls(tuple(map(int, shape.split("x"))), dtype, kind)

    @property
    def differentiable(self) -> bool:
        return self.dtype.startswith("float") and self.kind in ("any", "positive")

    def values(self, seed: str) -> np.ndarray:
        rng = np.random.RandomState(zlib.crc32(seed.encode()))
        if self.kind in KINDS:
            return KINDS[self.kind](rng, self.shape).astype(self.dtype)
        low, _, high = self.kind.rpartition("-")
        return rng.randint(int(low or 0), int(high) + (1 if low else 0), self.shape).astype(self.dtype)


@dataclass(frozen=True)
class Layer:
    """One sample."""

    family: str  # tests/gluon/samples/<family>.py, tests/golden/gluon/<family>.json
    id: str  # the line without the flags
    call: str
    via: str
    inputs: list[Any] = field(compare=False, hash=False)  # nested lists of Input and None
    flags: frozenset[str] = frozenset()

    def make(self, mx: Any) -> Any:
        """A new block."""
        names = {"mx": mx}
        for name, path in NAMES.items():
            if re.search(rf"\b{name}\.", self.call):
                names[name] = importlib.import_module(f"mxnet.{path}")
        return eval(self.call, names)

    def runner(self, mx: Any, net: Any) -> Any:
        """The block itself, or a block around it that computes the expression."""
        if not self.via:
            return net
        hybrid, code = isinstance(net, mx.gluon.HybridBlock), compile(self.via, self.id, "eval")

        def compute(F: Any, inputs: tuple) -> Any:
            return eval(code, {"net": net, "mx": mx, "F": F, "x": inputs[0], "inputs": inputs})

        class Via(mx.gluon.HybridBlock if hybrid else mx.gluon.Block):
            def __init__(self) -> None:
                super().__init__(prefix="")
                self.net = net

            if hybrid:

                def hybrid_forward(self, F: Any, *inputs: Any) -> Any:
                    return compute(F, inputs)
            else:

                def forward(self, *inputs: Any) -> Any:
                    return compute(mx.nd, inputs)

        return Via()

    def arrays(self, mx: Any, dtype: str | None = None, ctx: Any = None) -> list[Any]:
        """The inputs; with ``dtype``, all floats in that."""

        def make(place: str, entry: Input) -> Any:
            kind = dtype if dtype and entry.dtype.startswith("float") else entry.dtype
            return mx.nd.array(entry.values(f"{self.id} {place}"), dtype=kind, ctx=ctx)

        return nest(make, self.inputs)

    def variables(self, mx: Any) -> list[Any]:
        """Symbols in place of the inputs, named as in exported graphs."""
        count = len(list(leaves(self.inputs)))
        names = iter(["data"] if count == 1 else [f"data{i}" for i in range(count)])
        return nest(lambda place, entry: mx.sym.var(next(names)), self.inputs)

    def differentiable(self, arrays: list[Any]) -> dict[str, Any]:
        """Those of the inputs that gradients are asked for, by their place."""
        given = dict(zip(places(self.inputs), zip(leaves(self.inputs), leaves(arrays), strict=True), strict=True))
        return {f"input {place}": array for place, (entry, array) in given.items() if entry.differentiable}


def parse(family: str, text: str) -> list[Layer]:
    """The samples of a text: one a line; empty lines and lines that begin with # are skipped."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):
            continue
        what, at, rest = line.rpartition(" @ ")
        given, flags = rest.split(), set()
        while given and given[-1] in FLAGS:
            flags.add(given.pop())
        listed = re.sub(r"\d[\w:-]*", r"Input.parse('\g<0>')", " ".join(given)).replace("none", "None")
        call, _, via = what.partition(" | ")
        inputs = eval(f"[{listed}]", {"Input": Input})
        found.append(Layer(family, f"{what}{at}{' '.join(given)}", call, via, inputs, frozenset(flags)))
    doubled = {layer.id for layer in found if [other.id for other in found].count(layer.id) > 1}
    assert not doubled, f"samples of {family} that are there twice: {doubled}"
    return found


# ---- nested arrays ---------------------------------------------------------------------------------------------------


def places(nested: Any, at: str = "") -> Iterator[str]:
    """Where the leaves of nested lists are: ``0``, ``1.0``, ``1.1``; None is no leaf."""
    for i, item in enumerate(nested):
        if isinstance(item, (list, tuple)):
            yield from places(item, f"{at}{i}.")
        elif item is not None:
            yield f"{at}{i}"


def leaves(nested: Any) -> Iterator[Any]:
    """The leaves of nested lists, in order; of a single leaf, that."""
    for item in nested if isinstance(nested, (list, tuple)) else [nested]:
        if isinstance(item, (list, tuple)):
            yield from leaves(item)
        elif item is not None:
            yield item


def nest(function: Callable[[str, Any], Any], nested: Any, at: str = "") -> list[Any]:
    """The same lists with ``function(place, leaf)`` for each leaf."""
    return [
        None if item is None else nest(function, item, f"{at}{i}.") if isinstance(item, (list, tuple))
        else function(f"{at}{i}", item)
        for i, item in enumerate(nested)
    ]  # fmt: skip


def structure(outputs: Any) -> str:
    """How outputs are nested: ``a``, ``(a, [a, a])``."""
    if isinstance(outputs, list):
        return f"[{', '.join(map(structure, outputs))}]"
    if isinstance(outputs, tuple):
        return f"({', '.join(map(structure, outputs))})"
    return "None" if outputs is None else "a"


# ---- what a layer answers --------------------------------------------------------------------------------------------


def parameters(net: Any) -> dict[str, Any]:
    """The parameters of the tree by their places in it."""
    return net._collect_params_with_prefix()


def describe(net: Any) -> dict[str, Any]:
    """What can be read off a block: its text and its parameters."""
    return {
        "repr": re.sub(r" at 0x\w+", "", repr(net)),
        "parameters": {
            name: [p.name, list(p.shape), np.dtype(p.dtype).name, p.grad_req] for name, p in parameters(net).items()
        },
    }


def fill(mx: Any, net: Any) -> None:
    """Values that do not depend on initializers, by the parameters' places; variances are positive."""
    for name, p in parameters(net).items():
        if not isinstance(p, mx.gluon.Constant):
            entry = Input(p.shape, np.dtype(p.dtype).name, "positive" if name.endswith("var") else "any")
            p.set_data(mx.nd.array(entry.values(name), dtype=p.dtype))


def run(block: Any, inputs: Iterable[Any]) -> Any:
    """Call a block as for the first time: cells count their steps, and some keep their last outputs."""
    inner = getattr(block, "net", block)
    if hasattr(inner, "reset"):
        inner.reset()
    return block(*inputs)


def differentiate(mx: Any, layer: Layer, block: Any, inputs: list[Any], train: bool = True) -> tuple[Any, dict]:
    """Outputs, and the gradients of their sum weighted with fixed heads, by parameter and input; as ``... itself`` the
    values of what has no gradient, such as running statistics.
    """
    wanted = layer.differentiable(inputs)
    for array in wanted.values():
        array.attach_grad()
    with mx.autograd.record(train_mode=train):
        outputs = run(block, inputs)
    found = list(leaves(outputs))
    if wanted or any(p.grad_req != "null" for p in parameters(getattr(block, "net", block)).values()):
        mx.autograd.backward(found, heads(mx, layer, found), train_mode=train)
    mx.nd.waitall()
    gradients = {name: array.grad.asnumpy() for name, array in wanted.items()}
    for name, p in parameters(getattr(block, "net", block)).items():
        if p.grad_req == "null":
            gradients[f"{name} itself"] = p.data(found[0].context).asnumpy()
        else:
            gradients[name] = p.grad(found[0].context).asnumpy()
    return outputs, gradients


def heads(mx: Any, layer: Layer, outputs: list[Any]) -> list[Any]:
    """Fixed gradients of the outputs."""
    return [
        mx.nd.array(Input(y.shape).values(f"{layer.id} head {i}"), dtype=y.dtype, ctx=y.context)
        for i, y in enumerate(outputs)
    ]


def cast(mx: Any, layer: Layer, dtype: str) -> tuple[Any, Any]:
    """A block that was cast to a dtype and filled, and its outputs for inputs of that dtype."""
    net = layer.make(mx)
    net.cast(dtype)
    net.initialize(mx.init.Constant(0.5))
    block, inputs = layer.runner(mx, net), layer.arrays(mx, dtype)
    run(block, inputs)
    fill(mx, net)
    outputs = run(block, inputs)
    mx.nd.waitall()
    return net, outputs


def dtypes(net: Any, outputs: Any) -> dict[str, Any]:
    """The dtypes of parameters and outputs."""
    return {
        "parameters": {name: np.dtype(p.dtype).name for name, p in parameters(net).items()},
        "outputs": [np.dtype(y.dtype).name for y in leaves(outputs)],
    }


def casts(mx: Any, layer: Layer) -> dict[str, Any]:
    """The dtypes after casts, where they work."""
    found = {}
    for dtype in () if layer.flags & {"nocast", "refused"} else ("float16", "float64"):
        with contextlib.suppress(Exception):
            found[dtype] = dtypes(*cast(mx, layer, dtype))
        for _ in range(10):  # MXNet computes later, and may raise then what belongs here
            with contextlib.suppress(Exception):
                mx.nd.waitall()
    return found


def answer(mx: Any, layer: Layer) -> dict[str, Any]:
    """Everything about one layer; every number as JSON."""
    with mx.name.NameManager():
        net = layer.make(mx)
        found: dict[str, Any] = {"name": net.name, "before": describe(net)}
        if "refused" in layer.flags:
            return found
        block, inputs = layer.runner(mx, net), layer.arrays(mx)
        net.initialize(mx.init.Constant(0.5))
        run(block, inputs)
        found["after"] = describe(net)
        found["initialized"] = {
            name: encode(p.data().asnumpy())
            for name, p in parameters(net).items()
            if p.init not in ("normal", "uniform", "xavier", "orthogonal")
        }
        if isinstance(net, mx.gluon.HybridBlock) and not layer.flags & {"imperative", "unnamed"}:
            symbols = list(leaves(run(block, layer.variables(mx))))
            found["symbols"] = mx.sym.Group(symbols).get_internals().list_outputs()
        fill(mx, net)
        if not layer.via:
            found["summary"] = summary(net, inputs)
        outputs = run(block, inputs)
        found["structure"], found["predicted"] = structure(outputs), [encode(y.asnumpy()) for y in leaves(outputs)]
        if "random" not in layer.flags:
            if "wrong" in layer.flags:
                with mx.autograd.record():
                    outputs = run(block, inputs)
            else:
                outputs, gradients = differentiate(mx, layer, block, inputs)
                kept = {k: v for k, v in gradients.items() if "overwritten" not in layer.flags or " itself" not in k}
                found["gradients"] = {name: encode(array) for name, array in kept.items()}
            found["trained"] = [encode(y.asnumpy()) for y in leaves(outputs)]
    return found


def error(mx: Any, layer: Layer) -> list[str]:
    """The class of the error that making and calling a layer raises, and its base classes; empty if it raises none."""
    try:
        net = layer.make(mx)
        net.initialize()
        run(layer.runner(mx, net), layer.arrays(mx))
        mx.nd.waitall()
    except Exception as raised:
        return [base.__name__ for base in type(raised).__mro__]
    return []


def summary(net: Any, inputs: list[Any]) -> str:
    """What ``net.summary`` prints."""
    printed = io.StringIO()
    if hasattr(net, "reset"):
        net.reset()
    with contextlib.redirect_stdout(printed):
        net.summary(*inputs)
    return printed.getvalue()
