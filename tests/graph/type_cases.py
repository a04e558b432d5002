"""Questions about dtypes, one operator each, for MXNet (tools/record_graphs.py) and for this library.

A dtype is one letter, as in NumPy: e, f, d for floating point of 16, 32, 64 bits, b, B, i, l for int8, uint8, int32,
int64, ? for bool, and - for "not known". A question is the dtypes of the arguments that are given; the answer those of
all arguments, outputs and auxiliary states: ``e--`` -> ``eee,e,ff``; ! where dtypes contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.ops.samples import FAMILIES, Array, Sample

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "graphs" / "types.json"
ALL = "efdbBil"
NAMES = dict(zip("efdbBil?", "float16 float32 float64 int8 uint8 int32 int64 bool".split(), strict=True))


def cases(family: str) -> dict[str, Sample]:
    """Samples that differ in their operator, their number of inputs, or an attribute that may decide about dtypes."""
    found = {}
    for sample in FAMILIES[family].samples.values():
        if isinstance(sample, Sample) and sample.symbol:
            arrays = sum(isinstance(x, Array) for x in sample.inputs)
            attrs = {
                k: v for k, v in sample.attrs.items() if "dtype" in k or k in ("ret_typ", "mode", "multi_precision")
            }
            key = " ".join([sample.operator, str(arrays), *(f"{k}={v}" for k, v in sorted(attrs.items()))])
            found.setdefault(key, sample)
    return found


def symbol(sample: Sample, mx: Any) -> Any:
    """The graph of a sample, its arguments called x0, x1 ..."""
    inputs = [mx.sym.var(f"x{i}") if isinstance(x, Array) else x for i, x in enumerate(sample.inputs)]
    with mx.name.NameManager():
        return mx.sym.Group(replace(sample, into=()).run(mx.sym, inputs))


def questions(sample: Sample, arguments: list[str]) -> Iterator[str]:
    """Nothing known, everything as in the sample, all of one dtype, one argument alone."""
    count = len(arguments)
    letters = {f"x{i}": np.dtype(x.dtype).char for i, x in enumerate(sample.inputs) if isinstance(x, Array)}
    asked = ["-" * count, "".join(letters.get(name, "-") for name in arguments).replace("q", "l")]
    asked += [letter * count for letter in ALL]
    asked += ["-" * i + letter + "-" * (count - i - 1) for i in range(min(count, 6)) for letter in "edi" if count > 1]
    yield from dict.fromkeys(asked)


def answer(graph: Any, question: str, mx: Any) -> str:
    given = {n: NAMES[letter] for n, letter in zip(graph.list_arguments(), question, strict=True) if letter != "-"}
    try:
        lists = graph.infer_type_partial(**given)
    except mx.MXNetError:
        return "!"
    return ",".join("".join("-" if t is None else np.dtype(t).char for t in types) for types in lists)
