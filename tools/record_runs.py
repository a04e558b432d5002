"""Record the trainings of tests/gluon/runs.py with the real MXNet 1.9.1, for tests/golden/gluon/runs.json.

Run it in an environment that has mxnet==1.9.1 and numpy==1.23.5 (Python 3.11 or earlier), from anywhere::

    python tools/record_runs.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import mxnet as mx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.gluon import runs
from tests.gluon.samples import encode, save


def main() -> None:
    answers = {}
    for name in runs.RUNS:
        answer = runs.train(mx, name)
        parameters = {key: encode(array) for key, array in answer["parameters"].items()}
        answers[name] = {"losses": answer["losses"], "parameters": parameters}
    print(save("runs", answers))


if __name__ == "__main__":
    main()
