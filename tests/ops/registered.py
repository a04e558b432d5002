"""Which operator of the registry a sample calls, and which operators no sample can call."""

from __future__ import annotations

from mxnet.ops import registry

from .samples import Call
from .samples.contrib import ON_GPUS
from .samples.internal import UNSAMPLED

NAMES = frozenset(registry.names())

_SPARSE = (
    "cast_storage _contrib_SparseEmbedding _contrib_getnnz _contrib_group_adagrad_update _sparse_adagrad_update "
    "_sparse_retain"
).split()

# Operators that samples, which are calls on dense arrays, cannot call in MXNet -> the file below tests/ that proves
# them.
ELSEWHERE = {
    **dict.fromkeys(UNSAMPLED, "ops/test_internal.py"),
    **dict.fromkeys(ON_GPUS, "ops/test_sketch.py"),
    **dict.fromkeys(_SPARSE, "ndarray/cases/sparse.py"),
    **dict.fromkeys(("_cond", "_foreach", "_while_loop"), "graph/test_control.py"),
    "Custom": "test_operator.py",
}


def operator_name(sample: Call) -> str | None:
    """The operator's name in the registry; None for functions that are no operators."""
    for name in (sample.operator, "_" + sample.operator.replace(".", "_")):
        if name in NAMES:
            return registry.get(name).name
    return None
