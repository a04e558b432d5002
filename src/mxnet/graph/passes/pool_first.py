"""``max_pool(relu(x))`` becomes ``relu(max_pool(x))``: the same values and gradients from a quarter of the work.

relu never decreases, so it commutes with a maximum. Gradients are the same, too: where the maximum is positive, both
send it to the same element; where it is not, both send nothing.
"""

from __future__ import annotations

import torch.fx as fx

from .effects import is_call

__all__ = ["pool_first"]


def pool_first(graph: fx.Graph) -> None:
    for pool in list(graph.nodes):
        if not is_call(pool, "max_pool1d", "max_pool2d", "max_pool3d") or not pool.all_input_nodes:
            continue
        relu = pool.all_input_nodes[0]
        if is_call(relu, "relu") and len(relu.users) == 1 and len(relu.args) == 1:
            pool.replace_input_with(relu, relu.all_input_nodes[0])
            pool.replace_all_uses_with(relu, delete_user_cb=lambda user, relu=relu: user is not relu)
            relu.args = (pool,)
            relu.meta = dict(pool.meta)
            pool.append(relu)
