"""Passes: each rewrites a traced graph of torch's calls into one that computes the same sooner.

A pass is a function of the graph; where it finds nothing that pays, it leaves the graph alone. ``effects.py`` says what
a call may do besides computing its result, which every pass has to respect. Passes keep ``node.meta["info"]``, what is
known of a node's tensor (``graph/trace.py``).
"""

from __future__ import annotations

import torch.fx as fx

from .affine import transpose_once
from .batch_norm import fold_batch_norms
from .batch_products import batch_products
from .casts import share_casts
from .channels_last import channels_last
from .convolution import fuse_convolutions
from .cross_entropy import fuse_cross_entropy
from .dead_code import remove_dead_code
from .fold import Folded, fold
from .in_place import activate_in_place
from .joined import separate
from .pool_first import pool_first
from .recurrence import fuse_recurrence

__all__ = ["for_constants", "for_prediction", "for_training"]


def for_training(graph: fx.Graph) -> None:
    """Prepare a graph through which gradients may flow."""
    _simplify(graph)
    pool_first(graph)
    fuse_cross_entropy(graph)
    remove_dead_code(graph)
    activate_in_place(graph)
    channels_last(graph)
    graph.lint()


def for_prediction(graph: fx.Graph, inputs: int) -> Folded:
    """Split a graph whose first ``inputs`` placeholders are no parameters, where these may change in every call."""
    _simplify(graph)
    fuse_cross_entropy(graph)
    transpose_once(graph)
    activate_in_place(graph)
    return fold(graph, inputs, only_views=True)


def for_constants(graph: fx.Graph, inputs: int) -> Folded:
    """Split such a graph where the parameters keep their values for a while."""
    _simplify(graph)
    fold_batch_norms(graph)
    transpose_once(graph)
    activate_in_place(graph)
    fuse_convolutions(graph, inputs)
    return fold(graph, inputs, only_views=False)


def _simplify(graph: fx.Graph) -> None:
    """What serves training and prediction alike, and leaves less for the other passes to look at."""
    separate(graph)
    remove_dead_code(graph)
    share_casts(graph)
    fuse_recurrence(graph)
    batch_products(graph)
