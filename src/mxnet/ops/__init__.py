"""All operators, by family; ``registry`` holds them.

Operators on arrays in general are modules here; those of one field are a package: ``nn``, ``vision``, ``image``,
``random``, ``optimizer``, ``sparse``.
"""

from . import (
    arithmetic,
    contrib,
    control,
    create,
    custom,
    elementwise,
    histogram,
    image,
    index,
    internal,
    linalg,
    matrix,
    nn,
    optimizer,
    positions,
    random,
    ravel,
    reduce,
    shape,
    sketch,
    sparse,
    vision,
)
