"""Samples with one input of another dtype: what the recorder asks MXNet, and the tests ask us."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .core import Array, ErrorSample, Sample

__all__ = ["first_samples", "mix", "numbers"]


def numbers(sample: Sample) -> list[int]:
    """Numbers of the inputs that can take another floating-point dtype; none where there is one array only."""
    arrays = [i for i, x in enumerate(sample.inputs) if isinstance(x, Array)]
    return [i for i in arrays if sample.inputs[i].is_float] if len(arrays) > 1 else []


def mix(sample: Sample, number: int) -> Sample:
    """The sample with that input in float64, or float32 where it was that."""
    inputs = list(sample.inputs)
    inputs[number] = replace(inputs[number], dtype="float32" if inputs[number].dtype == "float64" else "float64")
    return replace(sample, inputs=tuple(inputs))


def first_samples(samples: Iterable[Sample | ErrorSample]) -> dict[str, Sample]:
    """Of each operator, as samples call it, the first sample that can be mixed."""
    table: dict[str, Sample] = {}
    for sample in samples:
        if isinstance(sample, Sample) and numbers(sample) and not sample.operator.startswith("operator."):
            table.setdefault(sample.operator, sample)
    return table
