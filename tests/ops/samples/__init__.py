"""Samples of every operator, by family: read by the generated tests and by the recorder of golden answers."""

from __future__ import annotations

from . import binary, create, index, matrix, nn, optimizer, random, reduce, shape, unary
from .core import Array, Call, ErrorSample, Family, Sample, face

__all__ = ["FAMILIES", "Array", "Call", "ErrorSample", "Family", "Sample", "face"]

FAMILIES: dict[str, Family] = {
    module.family.name: module.family
    for module in (unary, binary, reduce, shape, index, matrix, nn, create, random, optimizer)
}
