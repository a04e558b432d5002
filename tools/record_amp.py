"""Record what MXNet 1.9.1 does in mixed precision, as tests/golden/amp.json.

Run in an environment that has mxnet==1.9.1 and numpy==1.23.5, from anywhere::

    python tools/record_amp.py

The lists of operators; the graphs of tests/contrib/amp/cases.py, composed after ``amp.init`` (in a process of its own
for each dtype, since that cannot be undone) and converted; how the loss scale and a trainer's weights go.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import mxnet as mx
from mxnet.contrib import amp

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.contrib.amp.cases import COMPOSED, CONVERTED, GOLDEN, REFUSED, compose, converted, shown
from tests.contrib.amp.dynamics import after_overflow, growth

DTYPES = {"float16": "float16", "bfloat16": amp.amp.bfloat16}
LISTS = (
    "list_lp16_ops", "list_fp32_ops", "list_lp16_fp32_ops", "list_conditional_fp32_ops", "list_widest_type_cast",
    "list_loss_output_functions", "list_lp16_use_fp32_params",
)  # fmt: skip


def of_this_process(dtype: str) -> dict:
    """What needs ``amp.init``."""
    amp.init(DTYPES[dtype])
    lines = [line for line in COMPOSED if dtype == "float16" or not line.endswith("*")]
    found = {"composed": {line: shown(compose(mx, line)) for line in lines}}
    if dtype == "float16":
        found["trainer"] = after_overflow(mx)
    return found


def refusal(line: str) -> str:
    try:
        converted(mx, amp.convert_symbol, line, "float16")
    except Exception as error:
        return type(error).__name__
    raise RuntimeError(f"{line} is no error")


def main() -> None:
    golden: dict = {"lists": {}, "converted": {}, "refused": {line: refusal(line) for line in REFUSED}}
    for name, dtype in DTYPES.items():
        golden["lists"][name] = {each: getattr(amp, each)(dtype) for each in LISTS}
        golden["converted"][name] = {line: shown(converted(mx, amp.convert_symbol, line, name)) for line in CONVERTED}
        one = subprocess.run([sys.executable, __file__, name], check=True, capture_output=True, text=True)
        for key, value in json.loads(one.stdout.splitlines()[-1]).items():
            golden.setdefault(key, {})[name] = value
    golden["growth"] = growth(mx)
    GOLDEN.write_text(json.dumps(golden, separators=(",", ":"), sort_keys=True) + "\n")
    print(f"{GOLDEN.name}: {GOLDEN.stat().st_size:,} bytes")


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    print(json.dumps(of_this_process(sys.argv[1]))) if len(sys.argv) > 1 else main()
