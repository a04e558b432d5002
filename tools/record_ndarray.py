"""Record what MXNet 1.9.1 answers to the cases of tests/ndarray/cases into tests/golden/ndarray.

Run in an environment that has mxnet==1.9.1 and numpy==1.23.5 (Python 3.11 or earlier), from anywhere::

    python tools/record_ndarray.py            # all families
    python tools/record_ndarray.py methods    # these only

Each case is run twice, with other work in between; one that MXNet answers differently is refused.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import mxnet as mx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.ndarray.cases import FAMILIES
from tests.ndarray.cases.answers import run, save
from tests.ndarray.cases.surface import surface


def plain(answer: Any) -> Any:
    """The answer with MXNet's own error classes, which users do not see, as MXNetError."""
    if isinstance(answer, list):
        return [plain(a) for a in answer]
    if not isinstance(answer, dict):
        return answer
    if "error" in answer:
        return {"error": ["MXNetError" if "MXNetError" in answer["error"] else answer["error"][0]]}
    return {key: plain(value) for key, value in answer.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", nargs="*", help=f"of {', '.join(FAMILIES)} (default: all)")
    refused = 0
    warnings.simplefilter("ignore")
    save("surface", surface(mx))
    for family in parser.parse_args().family or FAMILIES:
        passes: list[dict[str, str]] = [{}, {}]
        for answers in passes:
            for source in FAMILIES[family]:
                print(f"\r\033[K{source[:110]}", end="", file=sys.stderr, flush=True)  # names the culprit of a crash
                answers[source] = json.dumps(plain(run(source, mx)))
        unstable = [source for source in passes[0] if passes[0][source] != passes[1][source]]
        for source in unstable:
            print(f"\r\033[Krefused {family}: {source}: another answer the second time", file=sys.stderr)
        refused += len(unstable)
        path = save(family, {s: json.loads(a) for s, a in passes[0].items() if s not in unstable})
        print(f"\r\033[K{path.name}: {len(passes[0]) - len(unstable)} answers, {path.stat().st_size // 1024} KiB")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
