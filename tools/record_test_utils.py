"""Record what MXNet 1.9.1's test_utils answers, as tests/golden/test_utils.json: to tests/test_utils/cases.py.

Run in an environment that has mxnet==1.9.1, numpy==1.23.5 and scipy==1.10.1, from anywhere::

    python tools/record_test_utils.py
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import mxnet as mx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.test_utils import cases


def main() -> None:
    warnings.simplefilter("ignore")
    record = {
        expression: cases.answer(mx, expression)
        for text in (cases.COMPARING, cases.VALUES, cases.SYMBOLS)
        for expression in cases.expressions(text)
    }
    path = Path(cases.__file__).parents[1] / "golden" / "test_utils.json"
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
