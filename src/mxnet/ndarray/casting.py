"""The lines by which eager faces convert their inputs while mixed precision is on (``ops/precision.py``).

For ``nd.FullyConnected`` in bfloat16::

    data, weight, bias = CAST("bfloat16", (data, weight, bias))
"""

from __future__ import annotations

from collections.abc import Mapping

from ..ops.precision import Policy, casts_inputs, makes_gradient
from ..ops.registry import Operator

__all__ = ["lines"]


def lines(op: Operator, policy: Policy | None, inputs: str) -> list[str]:
    """What stands before the other lines of a face; ``inputs``: the expression for all inputs."""
    kind = policy and policy.kind(op)
    names = ", ".join(casts_inputs(op, kind)) if op.inputs else ""
    arrays = inputs if op.variadic else f"({names},)"
    target = op.variadic or f"{names},"
    found = []
    if policy is None or not (names or op.variadic):
        return found
    if isinstance(kind, Mapping):
        asked = " or ".join(f"OP.text({name}) in {tuple(values)!r}" for name, values in kind.items())
        found = [f"if {asked}: {target} = CAST('float32', {arrays})"]
    elif kind is not None:
        found = [f"{target} = CAST({(policy.target if kind == 'low' else kind)!r}, {arrays})"]
    if makes_gradient(op):  # in a graph, today's scale would be a constant
        found.append("if STATE.tracing is None: grad_scale = grad_scale * LOSS_SCALE()")
    return found
