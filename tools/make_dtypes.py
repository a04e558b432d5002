"""Find out which dtypes each operator computes rightly with, from the samples of its tests: docs/reference/dtypes.json.

    python tools/make_dtypes.py            # all operators: about a minute
    python tools/make_dtypes.py sum dot    # these only; the others' lines stay

Each sample is run with its floating-point inputs (its integer ones where it has no others; its ``dtype`` where it has
no inputs) in each dtype. It passes when there is no error and the values are those of a run in float64 on the same
numbers: within the tolerance of the dtype, or cut to an integer, which wraps. Samples whose values the dtype cannot
hold say nothing about it. A line of the file has a letter for each dtype: ``y`` all samples pass, ``s`` some, ``-``
none. ``tools/make_reference.py`` makes a table of it.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import mxnet as mx
from mxnet import dtypes
from mxnet.ops import registry
from tests.ops.registered import operator_name
from tests.ops.samples import FAMILIES, Array, Sample

TARGET = Path(__file__).resolve().parents[1] / "docs" / "reference" / "dtypes.json"
DTYPES = ("float16", "bfloat16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool")
# Of a result in that dtype, compared with float64: several roundings, in the operator and of what it sums up.
TOLERANCE = {"float16": 1e-2, "bfloat16": 6e-2, "float32": 1e-4, "float64": 1e-9}


def samples() -> dict[str, list[Sample]]:
    """The samples of each operator, under whichever of its names they call it."""
    table: dict[str, list[Sample]] = {op.name: [] for op in registry.operators()}
    for family in FAMILIES.values():
        for sample in family.samples.values():
            name = operator_name(sample)
            if isinstance(sample, Sample) and name is not None:
                table[name].append(sample)
    return table


def converted(sample: Sample) -> set[int]:
    """Numbers of the inputs that take the dtype: the floating-point ones; the integer ones if there are no others."""
    arrays = {i: x for i, x in enumerate(sample.inputs) if isinstance(x, Array)}
    return {i for i, x in arrays.items() if x.is_float} or set(arrays)


def choices(sample: Sample) -> list[set[int]]:
    """``converted``; where an operator mixes dtypes also those like the first of them, and all but the last."""
    every = sorted(converted(sample))
    if len(every) < 2 or not registry.get(str(operator_name(sample))).mixed:
        return [set(every)]
    alike = {i for i in every if sample.inputs[i].dtype == sample.inputs[every[0]].dtype}
    return [set(every), alike, set(every[:-1])]


def numbers(value: np.ndarray, dtype: str) -> np.ndarray:
    """Values near the sample's that the dtype holds exactly, in float64: integers away from zero, no negative uint8."""
    value = value.astype("float64")
    if dtype in TOLERANCE:
        return mx.nd.array(value, dtype=dtype).astype("float64").asnumpy()
    value = np.trunc(value) + np.sign(value - np.trunc(value))
    return np.abs(value) if dtype == "uint8" else value.astype(bool).astype("float64") if dtype == "bool" else value


def held(value: np.ndarray, dtype: str) -> bool:
    """Whether values have a place in a dtype at all: the integers hold no NaN, int8 no 200."""
    if dtype in TOLERANCE or dtype == "bool":
        return dtype in TOLERANCE or bool(np.isfinite(value).all())
    limits = np.iinfo(dtype)
    return bool((np.isfinite(value) & (np.abs(value) < limits.max + 1.0)).all())


def run(sample: Sample, values: list, dtype: str, which: set[int]) -> list[Any]:
    """The sample's results with the inputs ``which`` in that dtype."""
    inputs = [
        mx.nd.array(v, dtype=dtype if i in which else v.dtype) if isinstance(v, np.ndarray) else v
        for i, v in enumerate(values)
    ]
    mx.random.seed(1)
    with mx.autograd.train_mode() if sample.train else mx.autograd.predict_mode():
        return sample.run(mx.nd, inputs)


def same(result: mx.nd.NDArray, expected: np.ndarray, source: str) -> bool:
    """Whether an array, computed in the dtype ``source``, holds the float64 values as far as its dtype can."""
    dtype, got = dtypes.resolve(result.dtype).name, result.asnumpy()
    if got.shape != expected.shape:
        return False
    if dtype in TOLERANCE:
        finite = np.abs(expected) < (6e4 if dtype == "float16" else 1e38)
        slack = max(TOLERANCE[dtype], TOLERANCE.get(source, 0))
        near = np.allclose(got[finite], expected[finite], rtol=slack, atol=slack)
        return near and bool((np.isnan(got) == np.isnan(expected)).all())
    if dtype == "bool":
        return bool((got == (expected != 0)).all())
    exact = np.abs(expected) < 2**53  # what float64 and int64 both hold
    return bool((got[exact] == np.trunc(expected[exact]).astype("int64").astype(dtype)).all())


def passes(sample: Sample, dtype: str) -> bool:
    """Whether a sample computes rightly in that dtype."""
    return any(computes(sample, dtype, which) for which in choices(sample))


def computes(sample: Sample, dtype: str, which: set[int]) -> bool:
    """Whether it does so with the inputs ``which`` in that dtype."""
    values = [numbers(v, dtype) if i in which else v for i, v in enumerate(sample.arrays())]

    def results(name: str) -> list[Any] | None:
        twin = sample
        if not sample.inputs and "dtype" in registry.get(str(operator_name(sample))).attributes:
            twin = replace(sample, attrs={**sample.attrs, "dtype": name})
        try:
            return run(twin, values, name, which)
        except (mx.MXNetError, TypeError, ValueError, IndexError):
            return None

    found = results(dtype)
    if found is None or sample.chance:
        return found is not None
    # Some operators know integers only, or float32.
    expected = next(r for r in map(results, ("float64", "int64", "float32", dtype)) if r is not None)
    pairs = [(r, e.asnumpy().astype("float64")) for r, e in zip(found, expected, strict=True) if hasattr(r, "asnumpy")]
    return all(same(result, answer, dtype) for result, answer in pairs)


def line(calls: list[Sample]) -> str:
    """The letters of one operator."""
    letters = ""
    for dtype in DTYPES:
        legal = [s for s in calls if all(held(v, dtype) for i, v in enumerate(s.arrays()) if i in converted(s))]
        passed = sum(passes(sample, dtype) for sample in legal)
        letters += "-" if not passed else "y" if passed == len(legal) else "s"
    return letters


def table(operators: Iterable[str]) -> dict[str, str]:
    """The letters of the operators of these names."""
    calls = samples()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return {name: line(calls[name]) for name in operators}


def load() -> dict[str, str]:
    """The table as it was made last."""
    return json.loads(TARGET.read_text("utf-8")) if TARGET.exists() else {}


def main() -> int:
    known = {op.name for op in registry.operators()}
    asked = {registry.get(name).name for name in sys.argv[1:]} or known
    rows = {name: letters for name, letters in load().items() if name in known} | table(sorted(asked))
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text("{\n" + ",\n".join(f'"{name}": "{rows[name]}"' for name in sorted(rows)) + "\n}\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
