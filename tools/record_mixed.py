"""Record which operators of MXNet 1.9.1 refuse inputs of different dtypes: tests/golden/ops/mixed_dtypes.json.

Run it in an environment that has mxnet==1.9.1 and numpy==1.23.5 (Python 3.11 or earlier), from anywhere::

    python tools/record_mixed.py            # all operators that have samples with several arrays
    python tools/record_mixed.py dot take   # these only; the others' lines stay

Of each operator's first sample with several arrays, one floating-point input at a time becomes float64 (float32 where
it is float64 already). A line holds the sample, and the answer by number of input: the class of the error, or null
where MXNet computes. Each operator has a process of its own, for some calls end it: those inputs are not in the file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.ops.samples import FAMILIES, Sample
from tests.ops.samples.mixed import first_samples, mix, numbers
from tools.isolated import ask, work

TARGET = Path(__file__).resolve().parents[1] / "tests" / "golden" / "ops" / "mixed_dtypes.json"


def samples() -> dict[str, Sample]:
    return first_samples(s for family in FAMILIES.values() for s in family.samples.values())


def refusal(sample: Sample) -> str | None:
    """The class of the error that MXNet answers with; None when it computes."""
    import mxnet as mx

    arrays = [mx.nd.array(x, dtype=x.dtype) if hasattr(x, "dtype") else x for x in sample.arrays()]
    try:
        with mx.autograd.train_mode() if sample.train else mx.autograd.predict_mode():
            for out in sample.run(mx.nd, arrays):
                out.wait_to_read()
    except Exception as raised:
        return type(raised).__name__
    return None


def questions(operator: str) -> list[Callable[[], str | None]]:
    sample = samples()[operator]
    return [partial(refusal, s) for s in (sample, *(mix(sample, number) for number in numbers(sample)))]


def main() -> int:
    table = samples()
    known = json.loads(TARGET.read_text("utf-8")) if TARGET.exists() and sys.argv[1:] else {}
    known = {operator: answers for operator, answers in known.items() if operator in table}
    for operator in sys.argv[1:] or table:
        inputs = numbers(table[operator])
        answers = ask(__file__, operator, 1 + len(inputs))
        works = answers.pop(0, "crash") is None  # some are refused as they are: the samples' recorder helps them
        known[operator] = {"sample": table[operator].id}
        known[operator] |= {str(inputs[i - 1]): answer for i, answer in answers.items() if works}
        print(f"{operator}: {known[operator]}", file=sys.stderr, flush=True)
    lines = [f"{json.dumps(k)}: {json.dumps(known[k])}" for k in sorted(known)]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(0 if work(questions) else main())
