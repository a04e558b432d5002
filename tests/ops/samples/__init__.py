"""Samples of every operator, by family: read by the generated tests and by the recorder of golden answers."""

from __future__ import annotations

from . import (
    binary,
    boxes,
    contrib,
    create,
    density,
    image,
    index,
    internal,
    linalg,
    matrix,
    more,
    multi,
    nn,
    optimizer,
    random,
    reduce,
    regions,
    rnn,
    sequence,
    shape,
    spatial,
    unary,
)
from .core import Array, Call, ErrorSample, Family, Sample, face

__all__ = ["FAMILIES", "Array", "Call", "ErrorSample", "Family", "Sample", "face"]

FAMILIES: dict[str, Family] = {
    module.family.name: module.family
    for module in (
        unary,
        binary,
        reduce,
        shape,
        index,
        image,
        matrix,
        nn,
        create,
        random,
        density,
        optimizer,
        multi,
        linalg,
        internal,
        rnn,
        sequence,
        contrib,
        boxes,
        regions,
        spatial,
        more,
    )
}
