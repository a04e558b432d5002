"""Record graphs with control flow, and what MXNet 1.9.1 computes with them, as tests/golden/control.json.

Run in an environment that has mxnet==1.9.1 and numpy==1.23.5, from anywhere::

    python tools/record_control.py

Of each case in tests/graph/control_cases.py: the graph's JSON, the outputs and the gradients of all inputs for head
gradients of 1. MXNet leaves the rows of a while_loop's output that stand for no step as the memory was; they are
recorded as 0. A case in which arrays and graph differ is refused.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import mxnet as mx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.graph.control_cases import CASES, GOLDEN, Case, flat, unnumbered


def record(case: Case) -> dict:
    """Outputs and gradients are those of arrays; where MXNet can run the graph, it must agree."""
    values = case.values()
    with mx.name.NameManager():
        graph = mx.sym.Group(flat(case.run(mx.sym, **{name: mx.sym.var(name) for name in values})))
    arrays = {name: mx.nd.array(value) for name, value in values.items()}
    for array in arrays.values():
        array.attach_grad()
    with mx.autograd.record():
        results = flat(case.run(mx.nd, **arrays))
    mx.autograd.backward(results)
    outputs = [out.asnumpy() for out in results]
    if case.steps is not None:
        outputs[0][case.steps :] = 0
    gradients = {name: array.grad.asnumpy() for name, array in arrays.items()}
    if case.mxnet != "json":
        buffers = {name: mx.nd.zeros(value.shape) for name, value in values.items()}
        executor = graph.bind(mx.cpu(), arrays, args_grad=buffers if case.mxnet == "gradients" else None)
        others = [out.asnumpy() for out in executor.forward(is_train=case.mxnet == "gradients")]
        if case.steps is not None:
            others[0][case.steps :] = 0
        for one, other in zip(outputs, others, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)
        if case.mxnet == "gradients":
            executor.backward([mx.nd.ones(out.shape) for out in outputs])
            for name, gradient in gradients.items():
                np.testing.assert_allclose(buffers[name].asnumpy(), gradient, rtol=1e-4, atol=1e-6)
    return {
        "json": unnumbered(graph.tojson()),
        "outputs": [[list(out.shape), [float(str(v)) for v in out.ravel()]] for out in outputs],
        "gradients": {name: [float(str(v)) for v in gradient.ravel()] for name, gradient in gradients.items()},
    }


def main() -> None:
    lines = [f"{json.dumps(name)}: {json.dumps(record(case))}" for name, case in CASES.items()]
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    print(f"{GOLDEN}: {len(lines)} cases, {GOLDEN.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
