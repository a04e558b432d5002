"""One computation in both styles of HybridBlock: ``hybrid_forward`` with ``F``, and ``forward`` on arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mxnet import gluon, nd
from tests.gluon.pairs import Pair

__all__ = ["Style", "both", "normal"]


def normal(*shape: int, seed: int = 0) -> nd.NDArray:
    return nd.array(np.random.RandomState(seed).normal(0, 1, shape))


class Style:
    """A network in both styles from one function ``compute(block, F, x, ...)``."""

    def __init__(self, *layers: Any, compute: Any = None) -> None:
        self.layers, self.compute = layers, compute

    def make(self, forward: bool, **kwargs: Any) -> gluon.HybridBlock:
        compute = self.compute

        class Composed(gluon.HybridBlock):
            def hybrid_forward(self, F: Any, *args: Any, **kwargs: Any) -> Any:
                return compute(self, F, *args, **kwargs)

        class Run(gluon.HybridBlock):
            def forward(self, *args: Any, **kwargs: Any) -> Any:
                return compute(self, nd, *args, **kwargs)

        net = (Run if forward else Composed)(**kwargs)
        net.count = []
        with net.name_scope():
            net.layers = [layer() for layer in self.layers]
            for i, layer in enumerate(net.layers):
                net.register_child(layer, str(i))
        return net

    def pair(self, forward: bool) -> Pair:
        return Pair(lambda **kwargs: self.make(forward, **kwargs))


both = pytest.mark.parametrize("forward", [False, True], ids=["hybrid_forward", "forward"])
