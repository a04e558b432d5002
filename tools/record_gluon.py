"""Record the golden answers of tests/gluon/samples from the real MXNet 1.9.1.

Run it in an environment that has mxnet==1.9.1 and numpy==1.23.5 (Python 3.11 or earlier), from anywhere::

    python tools/record_gluon.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import mxnet as mx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.gluon.samples import layers, save, scenes


def main() -> None:
    answers = {key: layers.answer(mx, layer) for key, layer in layers.LAYERS.items()}
    print(save("layers", answers))
    print(save("scenes", {name: scenes.play(mx, name) for name in scenes.SCENES}))


if __name__ == "__main__":
    main()
