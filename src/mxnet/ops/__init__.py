"""All operators, by family; ``registry`` holds them."""

from . import (
    arithmetic,
    conv,
    create,
    elementwise,
    index,
    loss,
    matrix,
    nn,
    norm,
    optimizer,
    random,
    reduce,
    shape,
    softmax,
)
