"""Record which samples MXNet 1.9.1 can differentiate twice: tests/golden/ops/second_order.json.

Run it in an environment that has mxnet==1.9.1 and numpy==1.23.5 (Python 3.11 or earlier), from anywhere::

    python tools/record_second_order.py            # all operators that have samples
    python tools/record_second_order.py sin Pad    # these only; the others' lines stay

Some calls end the process, so each operator has one of its own, and a new one after each crash. The file holds a line
an operator: true for all of its samples, else a list of those that work. Operators without any are not in it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.ops.samples import FAMILIES, Sample
from tools.isolated import ask, work

TARGET = Path(__file__).resolve().parents[1] / "tests" / "golden" / "ops" / "second_order.json"


def candidates() -> dict[str, list[Sample]]:
    """Samples that have gradients, by operator as they call it."""
    table: dict[str, list[Sample]] = {}
    for family in FAMILIES.values():
        for sample in family.samples.values():
            if isinstance(sample, Sample) and sample.differentiated:
                table.setdefault(sample.operator, []).append(sample)
    return table


def supports(sample: Sample) -> bool:
    """Whether MXNet gives finite gradients of the gradients, for all inputs together."""
    import numpy as np

    import mxnet as mx

    inputs = [mx.nd.array(x, dtype=x.dtype) if hasattr(x, "dtype") else x for x in sample.arrays()]
    variables = [inputs[i] for i in sample.differentiated]
    for variable in variables:
        variable.attach_grad()
    try:
        with mx.autograd.record(train_mode=sample.train):
            outputs = sample.run(mx.nd, inputs)
            heads = [mx.nd.array(h, dtype=h.dtype) for h in sample.head_gradients(outputs)]
            first = mx.autograd.grad(outputs[: len(heads)], variables, heads, create_graph=True, retain_graph=True)
        mx.autograd.backward(first, train_mode=sample.train)
        return all(np.isfinite(v.grad.asnumpy()).all() for v in variables)
    except mx.MXNetError:
        return False


def questions(operator: str) -> list[Callable[[], bool]]:
    return [partial(supports, sample) for sample in candidates()[operator]]


def main() -> int:
    table = candidates()
    known = json.loads(TARGET.read_text("utf-8")) if TARGET.exists() and sys.argv[1:] else {}
    known = {operator: works for operator, works in known.items() if operator in table}
    for operator in sys.argv[1:] or table:
        answers = ask(__file__, operator, len(table[operator]))
        works = [table[operator][i].id for i, answer in answers.items() if answer]
        known[operator] = True if len(works) == len(table[operator]) else works
        print(f"{operator}: {len(works)} of {len(table[operator])}", file=sys.stderr, flush=True)
    lines = [f"{json.dumps(k)}: {json.dumps(known[k])}" for k in sorted(known) if known[k]]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(0 if work(questions) else main())
